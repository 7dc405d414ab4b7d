"""The file of a recording: frames with length and checksum, so that a torn end costs only itself.

    frame = kind (1 byte) · length of the body (4) · crc32 of the body (4) · body, zlib-compressed

Kinds: H header (JSON: versions, hashes, layout, parameters), K complete state before the next record
(JSON), R records of about one second (binary), N a note (JSON).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

MAGIC = b"THERMIQ-RECORDING-1\n"
HEADER, KEY, RECORDS, NOTE = b"H", b"K", b"R", b"N"

_FRAME = struct.Struct("<cII")
MAX_BODY = 64 * 1024 * 1024
"""More than any frame we write; a damaged length must not make a reader allocate the machine away."""


def frame(kind: bytes, body: bytes) -> bytes:
    """One frame as bytes."""
    packed = zlib.compress(body, 1)
    return _FRAME.pack(kind, len(packed), zlib.crc32(packed)) + packed


def json_frame(kind: bytes, content: Any) -> bytes:
    """A frame with JSON content; raises ValueError for numbers that JSON does not have."""
    return frame(kind, json.dumps(content, sort_keys=True, allow_nan=False).encode())


def frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of every whole frame.

    Behind a damaged one it goes on at the next magic, where a segment begins with a complete state: a
    write torn by a full disk costs the rest of its minute, not the rest of the recording.
    """
    for kind, packed in _walk(data, []):
        yield kind, zlib.decompress(packed)


def damaged_bytes(data: bytes) -> int:
    """How much belongs to no whole frame: torn, damaged, or behind something damaged."""
    damage: list[int] = []
    for _ in _walk(data, damage):
        pass
    return sum(damage)


def _walk(data: bytes, damage: list[int]) -> Iterator[tuple[bytes, bytes]]:
    """(kind, packed body) of every whole frame; the length of what is passed over goes into `damage`."""
    at = 0
    while at < len(data):
        if data.startswith(MAGIC, at):
            at += len(MAGIC)
            continue
        found = _whole(data, at)
        if found is None:
            behind = data.find(MAGIC, at + 1)
            end = len(data) if behind < 0 else behind
            damage.append(end - at)
            at = end
            continue
        at += _FRAME.size + len(found[1])
        yield found


def _whole(data: bytes, at: int) -> tuple[bytes, bytes] | None:
    """Kind and packed body of the frame at this place, None when it is damaged or cut off."""
    if at + _FRAME.size > len(data):
        return None
    kind, length, checksum = _FRAME.unpack_from(data, at)
    packed = data[at + _FRAME.size : at + _FRAME.size + length]
    if length > MAX_BODY or len(packed) < length or zlib.crc32(packed) != checksum:
        return None
    return kind, packed
