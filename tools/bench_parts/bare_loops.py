"""The loops that `tools/bench scan` compares with, each in a process of its own.

python -m tools.bench_parts.bare_loops floor SECONDS [PERIOD_MS]
python -m tools.bench_parts.bare_loops cycleloop SECONDS IMAGE SITE
python -m tools.bench_parts.bare_loops stops CORE     (until standard input ends)
python -m tools.bench_parts.bare_loops busy PARENT    (until that process ends)
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any

from plc.scan.priority import prefer_this_thread
from tools.bench_parts.result import percentile

PERIOD_MS = 20
NS_PER_MS = 1_000_000
LOOK_S = 0.001
STOP_S = 0.001  # a core that is away for longer than this has stopped
ABOVE_ALL = 60  # real-time priority: above every program, below the kernel's own threads


def floor(seconds: float, period_ms: int = PERIOD_MS) -> dict[str, Any]:
    """Absolute deadlines and nothing else, with the priority of the scan."""
    prefer_this_thread()
    late: list[float] = []
    deadline = time.monotonic_ns()
    end = deadline + round(seconds * 1e9)
    while deadline < end:
        deadline += period_ms * NS_PER_MS
        now = time.monotonic_ns()
        if now < deadline:
            time.sleep((deadline - now) / 1e9)
        late.append((time.monotonic_ns() - deadline) / 1000)
    return figures(late)


def stops(core: int) -> dict[str, Any]:
    """How long this core ran nothing at all, not even us: the hypervisor gave it to another machine.

    Without the right to such a priority it also counts what other programs took.
    """
    os.sched_setaffinity(0, {core})
    prefer_this_thread()
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(ABOVE_ALL))
    longest = total = 0.0
    away_ns: list[tuple[int, int]] = []
    ended, next_look = False, 0.0
    while not ended:
        before = time.monotonic()
        time.sleep(LOOK_S)
        away = time.monotonic() - before - LOOK_S
        longest = max(longest, away)
        if away > STOP_S:
            total += away
            away_ns.append((round((before + LOOK_S) * 1e9), round((before + LOOK_S + away) * 1e9)))
        if before >= next_look:
            next_look = before + 0.1
            ended = bool(select.select([sys.stdin], [], [], 0.0)[0])
    return {"longest_us": round(longest * 1e6), "total_ms": round(total * 1e3, 1), "away_ns": away_ns}


def busy(parent: int) -> None:
    """What any other program does that wants a whole core."""
    while os.getppid() == parent:
        for _ in range(100_000):
            pass


def cycleloop(seconds: float, image: str, site_folder: str) -> dict[str, Any]:
    """The usual way: autorefresh and cycleloop, inputs read and outputs set, with our plant and drivers."""
    import revpimodio2

    from plc.blocks.core import Tick
    from plc.devices import device_services
    from plc.exchange import Exchange
    from plc.plant.interface import ImageInputs, ScanInputs, WallTime
    from plc.plant.plant import Plant
    from plc.plant.signals import Kind
    from plc.scan.clock import MonotonicClock
    from plc.scan.service import Services
    from plc.site import load_site

    site, exchange = load_site(Path(site_folder)), Exchange()
    period_ns = site.parameters.scan.period_ms * NS_PER_MS
    clock = MonotonicClock(period_ns)
    drivers = Services(device_services(site, clock, exchange, simulated=True, clean_start=False))
    plant = Plant(site.parameters, site.routes, None, False)
    revpi = revpimodio2.RevPiModIO(autorefresh=True, procimg=image, configrsc=str(site.pictory_path))
    discrete = [(wire.name, wire.io_name) for wire in site.wiring.wired(Kind.DI)]
    analogue = [wire.io_name for wire in site.wiring.wired(Kind.AI)]
    outputs = [(wire.name, wire.io_name) for wire in site.wiring.wired(Kind.DO)]
    starts: list[int] = []
    end = time.monotonic_ns() + round(seconds * 1e9)

    def cycle(tools: Any) -> None:
        now = time.monotonic_ns()
        starts.append(now)
        if now >= end:
            revpi.exit(full=False)
            return
        for name in analogue:
            assert tools.io[name].value is not None
        values = {name: bool(tools.io[io_name].value) for name, io_name in discrete}
        image_inputs = ImageInputs(dio_healthy=True, aio_healthy=False, **values)
        tick = Tick(now, period_ns)
        inputs = exchange.gather(now, image_inputs, WallTime(), ScanInputs())
        out = plant.step(inputs, tick)
        for name, io_name in outputs:
            tools.io[io_name].value = getattr(out.image, name)
        exchange.scanned(tick, inputs, out)

    drivers.start()
    revpi.cycleloop(cycle, cycletime=period_ns // NS_PER_MS)
    drivers.stop()
    phases = sorted(start - n * period_ns for n, start in enumerate(starts))
    best = phases[len(phases) // 2]
    return figures([abs(phase - best) / 1000 for phase in phases]) | {"cycles": len(starts)}


def figures(late_us: list[float]) -> dict[str, Any]:
    ordered = sorted(round(value, 1) for value in late_us)
    return {
        "p50_us": percentile(ordered, 0.5),
        "p99_us": percentile(ordered, 0.99),
        "max_us": ordered[-1],
    }


def main() -> None:
    kind, first, *rest = sys.argv[1:]
    match kind:
        case "floor":
            found = floor(float(first), *map(int, rest))
        case "stops":
            found = stops(int(first))
        case "busy":
            busy(int(first))
            return
        case _:
            found = cycleloop(float(first), *rest)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
