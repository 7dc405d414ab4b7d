"""Bus load and time per block of each Deye family at 9600 baud, on a virtual line with real line time.

The limits are the times of the Modbus reference (topic block plan: line time at 10 bits per byte plus 20 ms
turnaround, measured with a paced slave), plus 10 % and 6 ms for the library's silent period and this
machine. Judged is the median: other programs on the machine slow single answers of the virtual slave.

Then the same bus with a second slave that never answers, and one whose answers come after their
time-out: the inverter must stay fresh, and no late answer may ever become a value.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from plc.blocks.core import NS_PER_S, Origin, Quality
from plc.devicefiles import load_kinds
from plc.field.rs485.bus import Bus, BusSnapshot
from plc.field.rs485.device import Device
from plc.field.rs485.devicetype import LineSpec
from plc.field.rs485.deye import Deye
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.port import Answer, Line
from tools.bench_parts.result import budget, result
from tools.twin.modbus_devices import Fault, House, VirtualBus, VirtualDeye

BAUD = 9600
SECONDS = 60.0
SHORT_SECONDS = 14.0
FAMILIES: dict[str, dict[str, Any]] = {
    "3p-lv": {"rated_w": 12_000.0, "strings": 2},
    "3p-hv": {"rated_w": 30_000.0, "strings": 8},
    "1p": {"rated_w": 8_000.0, "strings": 2},
}
REFERENCE_MS = {
    ("3p-lv", 23): 83, ("3p-lv", 70): 180, ("3p-lv", 24): 84, ("3p-lv", 59): 156,
    ("3p-hv", 12): 60, ("3p-hv", 123): 290, ("1p", 47): 131, ("1p", 58): 155,
}  # fmt: skip
"""Time per block by family and length, Modbus reference, topic block plan."""
FASTER = {"identity": 3.0, "state": 3.0, "bms": 3.0}
"""Slow blocks more often than in the plan: enough reads for a median. The load is counted by the plan."""
LOAD_PCT = 20.0  # "about 15 %" for the usual plan; the plan with both words of a large unit may take more
LOAD_LARGE_PCT = 30.0
AGE_S = 6.0  # three polls: up to here a value is good
HOUSE = House(pv_w=4210, battery_w=-1530, battery_soc_pct=63, load_w=3377, losses_w=80)


class RealTime:
    """The machine's clock."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds))


class TimedLine(Line):
    """A line that keeps the time of every good transaction by its length."""

    def __init__(self, path: str) -> None:
        super().__init__(path, LineSpec(BAUD))
        self.durations_ms: dict[int, list[float]] = defaultdict(list)

    def read_registers(self, slave: int, function: int, start: int, count: int, timeout_s: float) -> Answer:
        answer = super().read_registers(slave, function, start, count, timeout_s)
        if answer.words is not None:
            self.durations_ms[count].append(answer.duration_s * 1000)
        return answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, help="how long each family is polled")


def run(args: argparse.Namespace) -> dict[str, Any]:
    seconds = args.seconds or (SHORT_SECONDS if args.short else SECONDS)
    figures: dict[str, Any] = {"seconds_per_family": seconds}
    budgets: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="thermiq-bus-") as folder:
        for family in FAMILIES:
            _family(Path(folder) / family, family, seconds, figures, budgets)
        _troubled(Path(folder) / "troubled", seconds, figures, budgets)
    return result("bus", figures, budgets)


def _family(
    path: Path, family: str, seconds: float, figures: dict[str, Any], budgets: dict[str, Any]
) -> None:
    facts = FAMILIES[family]
    with VirtualBus(path, {1: VirtualDeye(family, lambda: HOUSE, **facts)}, baud=BAUD) as virtual:
        line = TimedLine(str(path))
        bus = Bus(family, line, [_inverter(FASTER)], RealTime(), Origin.SIM)
        bus.start()
        time.sleep(seconds)
        snapshot = bus.snapshot
        bus.stop()
        assert virtual.writes_seen == 0
    kinds, _ = load_kinds(["deye"])
    plan = {block.count: block.period_s for block in kinds[f"deye-{family}"].blocks.values()}
    load_pct = 0.0
    for count, durations in sorted(line.durations_ms.items()):
        typical = median(durations)
        load_pct += typical / plan[count] / 10
        figures[f"{family}: block of {count}, ms"] = round(typical, 1)
        figures[f"{family}: block of {count}, slowest, ms"] = round(max(durations), 1)
        reference = REFERENCE_MS.get((family, count)) or REFERENCE_MS.get(("3p-lv", count))
        if reference is not None:
            budgets[f"{family}: block of {count}, ms"] = budget(
                round(1.1 * reference + 6, 1), round(typical, 1)
            )
    figures[f"{family}: bus load, %"] = round(load_pct, 1)
    limit = LOAD_LARGE_PCT if facts["rated_w"] > 20_000 else LOAD_PCT
    budgets[f"{family}: bus load, %"] = budget(limit, round(load_pct, 1))
    for kind, count in snapshot.devices[0].stats.failures.items():
        figures[f"{family}: reads that ended with {kind}"] = count
    budgets[f"{family}: failed reads"] = budget(0, snapshot.failures)


def _troubled(path: Path, seconds: float, figures: dict[str, Any], budgets: dict[str, Any]) -> None:
    """A dead second slave, then every tenth answer late: ages and wrong values."""
    kinds, _ = load_kinds(["eastron-sdm630"])
    dead = Device("dead", "eastron-sdm630", kinds["eastron-sdm630"], DeviceOptions(slave=9))
    with VirtualBus(path, {1: VirtualDeye("3p-lv", lambda: HOUSE)}, baud=BAUD) as virtual:
        bus = Bus("troubled", Line(str(path), LineSpec(BAUD)), [_inverter(), dead], RealTime(), Origin.SIM)
        bus.start()
        time.sleep(8.0)  # identification, and five time-outs of the dead one
        oldest_s, _ = _watch(bus, seconds)
        figures["with a dead slave: oldest load value, s"] = round(oldest_s, 2)
        budgets["with a dead slave: oldest load value, s"] = budget(AGE_S, round(oldest_s, 2))
        virtual.faults.set(Fault.LATE, rate=0.1, amount=0.9)
        _, wrong = _watch(bus, seconds)
        snapshot = bus.snapshot
        bus.stop()
    figures["late answers: drained bytes"] = snapshot.foreign_bytes
    figures["late answers: reads without data"] = snapshot.failures
    budgets["late answers: wrong values accepted"] = budget(0, wrong)
    budgets["late answers: faults of the program"] = budget(0, snapshot.crashes)


def _watch(bus: Bus, seconds: float) -> tuple[float, int]:
    """Oldest load value and number of wrong good values seen."""
    end_s, oldest_s, wrong = time.monotonic() + seconds, 0.0, 0
    while time.monotonic() < end_s:
        snapshot = bus.snapshot
        load = snapshot.devices[0].values.get("load_w")
        if load is not None:
            oldest_s = max(oldest_s, (time.monotonic_ns() - load.taken_ns) / NS_PER_S)
        wrong += _wrong(snapshot)
        time.sleep(0.02)
    return oldest_s, wrong


def _wrong(snapshot: BusSnapshot) -> int:
    truth = {"load_w": HOUSE.load_w, "ext_ct_w": HOUSE.grid_w, "battery_total_w": HOUSE.battery_w,
             "pv_w": HOUSE.pv_w, "battery_soc_pct": HOUSE.battery_soc_pct}  # fmt: skip
    values = snapshot.devices[0].values
    return sum(
        values[name].quality is Quality.GOOD and values[name].value != true
        for name, true in truth.items()
        if name in values
    )


def _inverter(period_s: dict[str, float] | None = None) -> Deye:
    kinds, problems = load_kinds(["deye"])
    assert not problems, problems
    return Deye("inverter", "deye", kinds, DeviceOptions(role="inverter", period_s=period_s or {}))
