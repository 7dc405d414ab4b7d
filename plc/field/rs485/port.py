"""The serial port: opened exclusively, read-only by construction, drained after every bad answer.

Three things that minimalmodbus does not do are done here. A frame that is not a read never reaches the
wire, whatever code asks for it. An exception answer ends the wait at once instead of costing the whole
time-out. And after a time-out or a bad frame the line is drained until it is quiet: otherwise a late
answer is taken as the answer to the next request, with a valid CRC and wrong data (measured: 55 of 120
reads).
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import time
from dataclasses import dataclass
from threading import Event

import minimalmodbus
import serial

from plc.field.rs485.devicetype import LineSpec
from plc.field.rs485.frames import crc_ok
from plc.field.rs485.stats import Failure

READ_FUNCTIONS = (3, 4)
QUIET_S = 0.2  # longer than any lateness seen; the line counts as drained after this silence
DRAIN_LIMIT_S = 1.0  # a line that never becomes quiet belongs to somebody else

PORT_ERRORS = (OSError, termios.error)
"""An unplugged adapter raises termios.error, which is no OSError; both mean: close and open again."""


class WriteRefusedError(RuntimeError):
    """Somebody tried to send something else than a read. The program only ever reads."""


class ReadOnlySerial(serial.Serial):  # type: ignore[misc]
    """A port through which only Modbus read requests (functions 3 and 4) can leave."""

    last_answer: bytes = b""

    def write(self, data: bytes) -> int | None:
        if len(data) != 8 or data[0] == 0 or data[1] not in READ_FUNCTIONS:
            raise WriteRefusedError(f"refused to send {bytes(data[:2]).hex(' ')}: only reads leave this port")
        self.last_answer = b""
        sent: int | None = super().write(data)
        return sent

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes before the time-out of the port; ends early on an exception answer."""
        deadline_s = time.monotonic() + (self.timeout or 0.0)
        answer = b""
        while len(answer) < size:
            part = read_some(self.fd, size - len(answer), deadline_s - time.monotonic())
            if not part:
                break
            answer += part
            if len(answer) == 5 and answer[1] & 0x80 and crc_ok(answer):
                break
        self.last_answer = answer
        return answer


class ListenOnlySerial(serial.Serial):  # type: ignore[misc]
    """A port on somebody else's bus: nothing leaves it."""

    def write(self, data: bytes) -> int | None:
        raise WriteRefusedError(f"refused to send {len(data)} bytes: this port only listens")


def read_some(fd: int, size: int, timeout_s: float) -> bytes:
    """What has arrived, at most `size` bytes; empty after the time-out. Raises OSError on a hang-up."""
    if timeout_s <= 0 or not select.select([fd], [], [], timeout_s)[0]:
        return b""
    part = os.read(fd, size)
    if not part:
        raise serial.SerialException("the port is readable but returns nothing: adapter gone")
    return part


@dataclass(frozen=True, slots=True)
class Answer:
    """Outcome of one transaction. words is None exactly when failure is set; times are wall time."""

    words: tuple[int, ...] | None
    duration_s: float
    failure: Failure | None = None
    code: int = 0
    text: str = ""


class Line:
    """One port. Owned by one thread; nothing else may open the path."""

    def __init__(self, path: str, spec: LineSpec) -> None:
        self.path = path
        self.spec = spec
        self._serial: ReadOnlySerial | None = None
        self._instruments: dict[int, minimalmodbus.Instrument] = {}

    @property
    def is_open(self) -> bool:
        """Whether the port is held."""
        return self._serial is not None

    def open(self) -> None:
        """Opens the path anew, exclusively. Raises OSError or termios.error."""
        self.close()
        self._serial = open_port(ReadOnlySerial, self.path, self.spec)

    def close(self) -> None:
        """Lets go of the port, also after a hang-up: an adapter that comes back needs a new open."""
        port, self._serial = self._serial, None
        self._instruments.clear()
        if port is not None:
            with contextlib.suppress(*PORT_ERRORS):
                port.close()

    def read_registers(self, slave: int, function: int, start: int, count: int, timeout_s: float) -> Answer:
        """One read request. Raises PORT_ERRORS when the port itself is lost; everything else is an Answer."""
        port = self._serial
        if port is None:
            raise serial.SerialException("the port is closed")
        instrument = self._instruments.get(slave)
        if instrument is None:
            instrument = self._instruments[slave] = minimalmodbus.Instrument(port, slave)
        port.timeout = timeout_s
        began_s = time.monotonic()
        try:
            words = instrument.read_registers(start, count, functioncode=function)
        except minimalmodbus.NoResponseError as error:
            return Answer(None, time.monotonic() - began_s, Failure.NO_ANSWER, text=str(error))
        except minimalmodbus.SlaveReportedException as error:
            code = port.last_answer[2] if len(port.last_answer) > 2 else 0
            return Answer(None, time.monotonic() - began_s, Failure.EXCEPTION, code, str(error))
        except (minimalmodbus.ModbusException, ValueError, TypeError) as error:
            return Answer(None, time.monotonic() - began_s, Failure.BAD_FRAME, text=str(error))
        return Answer(tuple(words), time.monotonic() - began_s)

    def drain(self, stop: Event) -> int:
        """Discards what arrives until the line was quiet; the number of bytes. Raises PORT_ERRORS."""
        port = self._serial
        if port is None:
            return 0
        discarded = 0
        limit_s = time.monotonic() + DRAIN_LIMIT_S
        while time.monotonic() < limit_s and not stop.is_set():
            part = read_some(port.fd, 4096, QUIET_S)
            if not part:
                break
            discarded += len(part)
        return discarded


def open_port(kind: type[serial.Serial], path: str, spec: LineSpec) -> serial.Serial:
    """An exclusively opened port. Raises OSError (missing, no right, taken) or termios.error."""
    parity = spec.parity.value
    if is_pseudo_terminal(path):
        parity = "N"  # a pseudo-terminal has no parity and refuses the setting
    return kind(
        port=path,
        baudrate=spec.baud,
        parity=parity,
        stopbits=spec.stop_bits,
        timeout=1.0,
        write_timeout=1.0,
        exclusive=True,
    )


def is_pseudo_terminal(path: str) -> bool:
    """Whether the path leads to a pseudo-terminal: the only port that a simulation may open."""
    try:
        major = os.major(os.stat(path).st_rdev)
    except OSError:
        return os.path.realpath(path).startswith("/dev/pts/")
    return 136 <= major <= 143
