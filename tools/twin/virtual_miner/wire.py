"""The protobuf wire format by hand: what a miner's server says, byte by byte.

Each writer returns the bytes of one field, so a message is the sum of its fields. As proto3 demands, a
scalar at its default is left out unless `keep` asks for it (explicit presence). `parse` reads a message
into field number -> values in order of appearance; unknown fields are simply there.
"""

from __future__ import annotations

import struct

Fields = dict[int, list[int | bytes]]

_ONE = [bytes((number,)) for number in range(0x80)]  # almost everything fits one byte
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def varint(number: int) -> bytes:
    """An unsigned number, seven bits a byte, least significant first."""
    if number < 0x80:
        return _ONE[number]
    out = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        if not number:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def uint(field: int, value: int | bool, *, keep: bool = False) -> bytes:
    """uint32, uint64, bool or enumeration."""
    if not value and not keep:
        return b""
    return varint(field << 3 | _VARINT) + varint(int(value))


def double(field: int, value: float, *, keep: bool = False) -> bytes:
    """double, eight bytes little endian."""
    if value == 0.0 and not keep:
        return b""
    return varint(field << 3 | _FIXED64) + struct.pack("<d", value)


def text(field: int, value: str) -> bytes:
    """string; empty is left out."""
    return message(field, value.encode()) if value else b""


def message(field: int, *parts: bytes) -> bytes:
    """An embedded message of already written fields; present even when empty."""
    body = b"".join(parts)
    return varint(field << 3 | _BYTES) + varint(len(body)) + body


def parse(data: bytes) -> Fields:
    """The fields of a message. Raises ValueError when it is cut off or not protobuf at all."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        kind = key & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = _read_varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            width = 8 if kind == _FIXED64 else 4
            value, at = data[at : at + width], at + width
        elif kind == _BYTES:
            length, at = _read_varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
        if at > len(data):
            raise ValueError("message is cut off")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def as_int(fields: Fields, field: int, default: int = 0) -> int:
    """The last value of a varint field."""
    value = fields.get(field, [default])[-1]
    return value if isinstance(value, int) else default


def as_bytes(fields: Fields, field: int) -> bytes:
    """The last value of a string or message field, empty when absent."""
    value = fields.get(field, [b""])[-1]
    return value if isinstance(value, bytes) else b""


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("varint is cut off")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at
