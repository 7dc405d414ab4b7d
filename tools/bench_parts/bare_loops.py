"""The two loops that `tools/bench scan` compares with, each in a process of its own.

python -m tools.bench_parts.bare_loops floor SECONDS
python -m tools.bench_parts.bare_loops cycleloop SECONDS IMAGE SITE
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tools.bench_parts.result import percentile

PERIOD_NS = 20_000_000


def floor(seconds: float) -> dict[str, Any]:
    """Absolute deadlines and nothing else."""
    late: list[float] = []
    deadline = time.monotonic_ns()
    end = deadline + round(seconds * 1e9)
    while deadline < end:
        deadline += PERIOD_NS
        now = time.monotonic_ns()
        if now < deadline:
            time.sleep((deadline - now) / 1e9)
        late.append((time.monotonic_ns() - deadline) / 1000)
    return figures(late)


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
    clock = MonotonicClock(PERIOD_NS)
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
        tick = Tick(now, PERIOD_NS)
        inputs = exchange.gather(now, image_inputs, WallTime(), ScanInputs())
        out = plant.step(inputs, tick)
        for name, io_name in outputs:
            tools.io[io_name].value = getattr(out.image, name)
        exchange.scanned(tick, inputs, out)

    drivers.start()
    revpi.cycleloop(cycle, cycletime=PERIOD_NS // 1_000_000)
    drivers.stop()
    phases = sorted(start - n * PERIOD_NS for n, start in enumerate(starts))
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
    kind, seconds, *rest = sys.argv[1:]
    found = floor(float(seconds)) if kind == "floor" else cycleloop(float(seconds), *rest)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
