"""Modbus RTU as a slave sees it: requests in, answers out. Bit-serial checksum, no tables."""

from __future__ import annotations

from dataclasses import dataclass


def checksum(data: bytes) -> bytes:
    """CRC as it goes over the wire, low byte first."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            carry = register & 1
            register >>= 1
            if carry:
                register ^= 0xA001
    return register.to_bytes(2, "little")


def seal(body: bytes) -> bytes:
    """A body with its checksum."""
    return body + checksum(body)


@dataclass(frozen=True)
class Request:
    """What a master asks. values: of a write."""

    slave: int
    function: int
    start: int
    count: int
    values: tuple[int, ...] = ()


def take_request(buffer: bytearray) -> Request | None:
    """Removes the first valid request from the buffer; junk in front of it is dropped byte by byte."""
    while len(buffer) >= 8:
        length = 8
        if buffer[1] == 16:
            length = 9 + buffer[6]
            if len(buffer) < length:
                return None
        frame = bytes(buffer[:length])
        if checksum(frame[:-2]) == frame[-2:]:
            del buffer[:length]
            return _parse(frame)
        del buffer[0]
    return None


def _parse(frame: bytes) -> Request:
    first = int.from_bytes(frame[2:4], "big")
    second = int.from_bytes(frame[4:6], "big")
    if frame[1] == 6:
        return Request(frame[0], 6, first, 1, (second,))
    if frame[1] == 16:
        data = frame[7:-2]
        values = tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
        return Request(frame[0], 16, first, second, values)
    return Request(frame[0], frame[1], first, second)


def data_answer(request: Request, words: list[int]) -> bytes:
    """Answer to a read."""
    body = bytes([request.slave, request.function, 2 * len(words)])
    return seal(body + b"".join((word & 0xFFFF).to_bytes(2, "big") for word in words))


def error_answer(request: Request, code: int) -> bytes:
    """Exception answer."""
    return seal(bytes([request.slave, request.function | 0x80, code]))
