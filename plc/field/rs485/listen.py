"""A port on a bus that another master owns: its devices are read by overhearing. Nothing is ever sent."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

import serial

from plc.blocks.core import Origin
from plc.field.rs485.bus import Bus, Clock
from plc.field.rs485.device import Device
from plc.field.rs485.devicetype import LineSpec
from plc.field.rs485.port import PORT_ERRORS, Line, ListenOnlySerial, open_port, read_some
from plc.field.rs485.sniff import Matcher, Registers, Splitter

LOOK_S = 0.2  # wall time of one look at the port


class ListenLine(Line):
    """The port of a listener."""

    def __init__(self, path: str, spec: LineSpec) -> None:
        super().__init__(path, spec)
        self._port: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        return self._port is not None

    def open(self) -> None:
        self.close()
        self._port = open_port(ListenOnlySerial, self.path, self.spec)

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(*PORT_ERRORS):
                port.close()

    def hear(self, timeout_s: float = LOOK_S) -> bytes:
        """What arrived; empty after the time-out. Raises PORT_ERRORS."""
        if self._port is None:
            raise serial.SerialException("the port is closed")
        return read_some(self._port.fd, 4096, timeout_s)


class ListenBus(Bus):
    """Like a bus, but the frames are somebody else's. Ages still count from our own clock."""

    def __init__(
        self,
        name: str,
        line: ListenLine,
        devices: Sequence[Device],
        clock: Clock,
        origin: Origin = Origin.MEASURED,
    ) -> None:
        self._ear = line
        self._splitter = Splitter()
        self._matcher = Matcher()
        super().__init__(name, line, devices, clock, origin)

    def _turn(self) -> None:
        if not self._ear.is_open:
            self._ear.open()
            self._splitter, self._matcher = Splitter(), Matcher()
            self._opened()
        data = self._ear.hear()
        if not data:
            return
        began_s = time.monotonic()
        for sighting in self._splitter.feed(int(began_s * 1e6), data):
            if sighting.frame is None:
                self._foreign_bytes += len(sighting.junk)
                continue
            self._transactions += 1
            registers = self._matcher.take(sighting)
            if registers is not None:
                self._overheard(registers)
        self._load.add(len(data) * 11 / self._ear.spec.baud)

    def _overheard(self, registers: Registers) -> None:
        now_ns = self._clock.now_ns()
        for device in self._devices:
            if registers.slave in (device.options.slave, 0):
                device.overheard(registers.function, registers.start, registers.words, now_ns)
                self._publish(device)
