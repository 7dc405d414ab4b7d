"""A port that is gone is tried again ever more rarely: no storm of opens beside the scan."""

import termios
import threading
from dataclasses import dataclass, field

import pytest

from plc.blocks.core import NS_PER_S
from plc.field.rs485 import bus as bus_module
from plc.field.rs485.bus import Bus, PortState
from tests.field.rs485.rig import deye_device, spec


@dataclass
class Clock:
    s: float = 100.0

    def now_ns(self) -> int:
        return int(self.s * NS_PER_S)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.s += seconds
        return event.is_set()


@dataclass
class GoneLine:
    """An adapter that is not there, or that is there and refuses every transaction."""

    clock: Clock
    error: Exception
    opens_work: bool
    path: str = "/dev/none"
    spec: object = field(default_factory=spec)
    is_open: bool = False
    opened_s: list = field(default_factory=list)

    def open(self) -> None:
        self.opened_s.append(self.clock.s)
        if not self.opens_work:
            raise self.error
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def drain(self, stop: threading.Event) -> int:
        del stop
        return 0

    def read_registers(self, *_: object) -> None:
        raise self.error


@pytest.mark.parametrize("opens_work", [False, True], ids=["missing", "hung up"])
@pytest.mark.parametrize("error", [OSError(5, "gone"), termios.error(5, "gone")], ids=["OSError", "termios"])
def test_ten_minutes_without_an_adapter_are_a_bounded_number_of_opens(monkeypatch, error, opens_work):
    monkeypatch.setattr(bus_module, "NEVER_FASTER_S", 0.0)
    clock = Clock()
    line = GoneLine(clock, error, opens_work)
    bus = Bus("gone", line, [deye_device()], clock)
    while clock.s < 700.0:
        bus._guarded_turn()
    assert bus.snapshot.state is PortState.OFFLINE
    assert bus.snapshot.crashes == 0
    assert len(line.opened_s) <= 70, "at most one in ten seconds, after the first few"
