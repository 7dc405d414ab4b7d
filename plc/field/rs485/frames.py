"""Modbus RTU frames as bytes: checksum, and what a frame that we overheard can be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MAX_FRAME = 256
READS = (3, 4)


def crc16(data: bytes) -> int:
    """Checksum of Modbus RTU (polynomial 0xA001, start 0xFFFF); sent low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_TABLE = _table()


def crc_ok(frame: bytes) -> bool:
    """Whether the last two bytes are the checksum of the others."""
    return len(frame) >= 4 and crc16(frame[:-2]) == frame[-2] | frame[-1] << 8


class FrameKind(StrEnum):
    """What a frame is, by its form."""

    READ_REQUEST = "read_request"
    READ_ANSWER = "read_answer"
    WRITE_ONE = "write_one"  # function 6; request and answer look alike
    WRITE_REQUEST = "write_request"  # function 16 with data
    WRITE_ANSWER = "write_answer"
    EXCEPTION = "exception"
    UNKNOWN = "unknown"  # checksum right, function not ours


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame with a valid checksum. slave 0 is a broadcast.

    start: first register where the frame names it. words: register contents where it carries them.
    count: number of registers asked for or written. code: of an exception.
    """

    kind: FrameKind
    slave: int
    function: int
    start: int | None = None
    count: int = 0
    words: tuple[int, ...] = ()
    code: int = 0
    raw: bytes = b""


def candidates(data: bytes, answer_first: bool) -> Iterator[tuple[FrameKind, int]]:
    """Kinds and lengths that a frame at the start of the data can have, the more likely first."""
    if len(data) < 2:
        return
    function = data[1]
    if function & 0x80:
        yield FrameKind.EXCEPTION, 5
    elif function in READS:
        forms = [(FrameKind.READ_REQUEST, 8)]
        if len(data) > 2 and data[2] % 2 == 0 and 2 <= data[2] <= 250:
            forms.insert(0 if answer_first else 1, (FrameKind.READ_ANSWER, 5 + data[2]))
        yield from forms
    elif function == 6:
        yield FrameKind.WRITE_ONE, 8
    elif function == 16:
        forms = [(FrameKind.WRITE_ANSWER, 8)]
        if len(data) > 6 and data[6] % 2 == 0 and 2 <= data[6] <= 246:
            forms.insert(1 if answer_first else 0, (FrameKind.WRITE_REQUEST, 9 + data[6]))
        yield from forms


def parse(kind: FrameKind, raw: bytes) -> Frame:
    """The fields of a frame whose length and checksum fit."""
    slave, function = raw[0], raw[1]
    start = raw[2] << 8 | raw[3]
    if kind is FrameKind.EXCEPTION:
        return Frame(kind, slave, function & 0x7F, code=raw[2], raw=raw)
    if kind is FrameKind.READ_ANSWER:
        return Frame(kind, slave, function, words=_words(raw[3:-2]), count=raw[2] // 2, raw=raw)
    if kind is FrameKind.WRITE_ONE:
        return Frame(kind, slave, function, start, 1, _words(raw[4:6]), raw=raw)
    if kind is FrameKind.WRITE_REQUEST:
        return Frame(kind, slave, function, start, raw[4] << 8 | raw[5], _words(raw[7:-2]), raw=raw)
    return Frame(kind, slave, function, start, raw[4] << 8 | raw[5], raw=raw)


def _words(data: bytes) -> tuple[int, ...]:
    return tuple(data[place] << 8 | data[place + 1] for place in range(0, len(data), 2))
