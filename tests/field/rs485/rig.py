"""A bus thread of the program against virtual devices on a pseudo-terminal, in fast time."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from plc.blocks.core import Origin, Quality
from plc.field.rs485.bus import Bus, BusSnapshot
from plc.field.rs485.devicetype import LineSpec
from plc.field.rs485.deye import Deye
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.port import Line
from tests.field.rs485.kinds import all_kinds
from tools.twin.modbus_devices import House, VirtualBus, VirtualDeye

SPEED = 20.0
HOUSE = House(pv_w=4210, battery_w=-1530, battery_soc_pct=63, load_w=3377, losses_w=80, backup_load_w=411)


class FastClock:
    """Clock time runs faster than the wall, from an arbitrary origin."""

    def __init__(self, speed: float = SPEED) -> None:
        self.speed = speed
        self._origin = time.monotonic()

    def now_ns(self) -> int:
        return int((time.monotonic() - self._origin) * self.speed * 1e9) + 1_000_000_000

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self.speed)


def fast_kinds(turnaround_s=0.06):
    """The device files with the time-outs of a fast line: a missing answer costs 0.12 s instead of 0.8 s."""
    return {
        name: replace(kind, turnaround_s=turnaround_s, line=replace(kind.line, baud=115200))
        for name, kind in all_kinds().items()
    }


def spec(baud=115200):
    return LineSpec(baud=baud)


def deye_device(kind="deye", **options):
    options.setdefault("role", "inverter")
    return Deye("deye", kind, fast_kinds(), DeviceOptions(**options))


class Rig:
    """Virtual line, devices and bus thread; collects every GOOD value that was ever published."""

    def __init__(self, path, *, devices=None, slaves=None, clock=None):
        self.inverter = VirtualDeye("3p-lv", lambda: self.house)
        self.house = HOUSE
        self.line = VirtualBus(path, slaves or {1: self.inverter}, baud=115200, turnaround_s=0.001, speed=10)
        self.clock = clock or FastClock()
        self.bus = Bus("test", Line(str(path), spec()), devices or [deye_device()], self.clock, Origin.SIM)
        self.good: dict[tuple[str, str], set[float]] = {}

    def __enter__(self):
        self.line.start()
        self.bus.start()
        return self

    def __exit__(self, *_):
        stopped = self.bus.stop()
        self.line.stop()
        assert stopped, "the bus thread did not stop within 2 s"

    def look(self) -> BusSnapshot:
        """The newest snapshot, with its good values noted."""
        snapshot = self.bus.snapshot
        for device in snapshot.devices:
            for name, reading in device.values.items():
                if reading.quality is Quality.GOOD:
                    self.good.setdefault((device.name, name), set()).add(reading.value)
        return snapshot

    def until(self, condition, wall_s=8.0, why=""):
        """Looks until the condition holds for a snapshot; fails after `wall_s`."""
        end = time.monotonic() + wall_s
        while time.monotonic() < end:
            snapshot = self.look()
            if condition(snapshot):
                return snapshot
            time.sleep(0.003)
        raise AssertionError(f"never happened: {why or condition}; last: {self.bus.snapshot}")

    def until_answering(self):
        return self.until(
            lambda s: ok(s) and {"load_w", "pv_w", "run_state"} <= set(s.devices[0].values),
            why="first values",
        )

    def transactions(self, count, wall_s=10.0):
        """Lets `count` more transactions happen."""
        goal = self.bus.snapshot.transactions + count
        return self.until(lambda s: s.transactions >= goal, wall_s, f"{count} transactions")

    def seen(self, name, device="deye") -> set[float]:
        return self.good.get((device, name), set())


def ok(snapshot: BusSnapshot, device=0) -> bool:
    return snapshot.devices[device].state.value == "answering"


def truth(house: House = HOUSE) -> dict[str, float]:
    """What the energy values of a three-phase unit must be, exactly."""
    return {
        "pv_w": 2 * round(house.pv_w / 2),
        "battery_total_w": house.battery_w,
        "battery_soc_pct": house.battery_soc_pct,
        "ext_ct_w": house.grid_w,
        "grid_side_w": house.grid_w,
        "load_w": house.load_w,
        "inverter_w": house.inverter_w,
    }
