"""Listening on a bus that another master owns: bytes become frames, requests and answers become registers.

Nothing is sent. An answer does not name its registers; it belongs to the request before it, so a request
that was missed costs one answer and never gives a wrong register. Frames are found by length and checksum,
not by silence: USB adapters deliver bytes in packets whose gaps mean nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from plc.field.rs485.frames import MAX_FRAME, READS, Frame, FrameKind, candidates, crc_ok, parse

GAP_US = 100_000  # an incomplete frame that waits longer than this is broken
ANSWER_US = 3_000_000  # an answer later than this does not belong to the request


class Sighting(NamedTuple):
    """A frame, or junk between frames. us: microseconds at the arrival of its last bytes."""

    us: int
    frame: Frame | None
    junk: bytes = b""


class Registers(NamedTuple):
    """Register contents with their addresses. function 3 = holding, 4 = input; written = by a master."""

    us: int
    slave: int
    function: int
    start: int
    words: tuple[int, ...]
    written: bool = False


class Splitter:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._us = 0
        self._asked: tuple[int, int] | None = None  # slave and function of an open request
        self._junk = bytearray()

    def feed(self, us: int, data: bytes) -> list[Sighting]:
        """Takes bytes that arrived at a time; gives what became complete."""
        found = self._take(last=True) if self._buffer and us - self._us > GAP_US else []
        self._buffer += data
        self._us = us
        return [*found, *self._take(last=False)]

    def flush(self) -> list[Sighting]:
        """What is left at the end of the stream."""
        return self._take(last=True)

    def _take(self, *, last: bool) -> list[Sighting]:
        found: list[Sighting] = []
        while self._buffer:
            frame, wait = self._front(last)
            if frame is not None:
                self._close_junk(found)
                found.append(Sighting(self._us, frame))
                del self._buffer[: len(frame.raw)]
                asks = frame.kind in (FrameKind.READ_REQUEST, FrameKind.WRITE_REQUEST)
                self._asked = (frame.slave, frame.function) if asks else None
            elif wait:
                break
            else:
                self._junk.append(self._buffer.pop(0))
        if last or not self._buffer:
            self._close_junk(found)
        return found

    def _front(self, last: bool) -> tuple[Frame | None, bool]:
        """The frame at the front of the buffer; otherwise whether more bytes could make one."""
        data = bytes(self._buffer[:MAX_FRAME])
        wait = len(data) < 2
        answer_first = len(data) >= 2 and self._asked == (data[0], data[1])
        for kind, length in candidates(data, answer_first):
            if len(data) < length:
                wait = True
            elif crc_ok(data[:length]):
                return parse(kind, data[:length]), False
        if len(data) in (2, 3, 4, 5, 6) and not last and data[1] in (*READS, 16):
            wait = True
        return None, wait and not last

    def _close_junk(self, found: list[Sighting]) -> None:
        if self._junk:
            found.append(Sighting(self._us, None, bytes(self._junk)))
            self._junk.clear()


class Matcher:
    """Gives answers their addresses. Counts what could not be matched."""

    def __init__(self) -> None:
        self._open: Sighting | None = None
        self.unmatched = 0

    def take(self, sighting: Sighting) -> Registers | None:
        """The registers that this frame tells, or None."""
        frame = sighting.frame
        if frame is None:
            return None
        match frame.kind:
            case FrameKind.READ_REQUEST:
                self._open = sighting
            case FrameKind.READ_ANSWER:
                return self._answer(sighting, frame)
            case FrameKind.WRITE_ONE | FrameKind.WRITE_REQUEST:
                self._open = None
                if frame.start is not None:
                    return Registers(sighting.us, frame.slave, 3, frame.start, frame.words, written=True)
            case FrameKind.EXCEPTION:
                self._open = None
            case _:
                pass
        return None

    def _answer(self, sighting: Sighting, frame: Frame) -> Registers | None:
        asked, self._open = self._open, None
        request = asked.frame if asked is not None else None
        if (
            asked is None
            or request is None
            or request.start is None
            or (request.slave, request.function, request.count) != (frame.slave, frame.function, frame.count)
            or sighting.us - asked.us > ANSWER_US
        ):
            self.unmatched += 1
            return None
        return Registers(sighting.us, frame.slave, frame.function, request.start, frame.words)


class Recorder:
    """Raw bytes with time stamps as CSV: microseconds, index, hex bytes."""

    def __init__(self, stream: TextIO) -> None:
        self._rows = csv.writer(stream)
        self._rows.writerow(("us", "index", "bytes"))
        self._index = 0

    def write(self, us: int, data: bytes) -> None:
        """One row per arrival."""
        self._rows.writerow((us, self._index, data.hex(" ")))
        self._index += 1


def read_recording(path: Path) -> Iterator[tuple[int, bytes]]:
    """Time stamps and bytes of a recording. Raises ValueError with the line of the first broken row."""
    with path.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.reader(stream), start=1):
            if not row or (number == 1 and not row[0].strip().lstrip("-").isdigit()):
                continue
            try:
                us, data = int(row[0]), bytes.fromhex(row[2])
            except (ValueError, IndexError) as error:
                raise ValueError(
                    f"{path}:{number}: found {','.join(row)!r}; allowed: microseconds, index, hex bytes"
                ) from error
            yield us, data


def replay(chunks: Iterable[tuple[int, bytes]]) -> Iterator[tuple[Sighting, Registers | None]]:
    """Every frame of a recording with the registers that it tells."""
    splitter, matcher = Splitter(), Matcher()
    for us, data in chunks:
        for sighting in splitter.feed(us, data):
            yield sighting, matcher.take(sighting)
    for sighting in splitter.flush():
        yield sighting, matcher.take(sighting)
