"""What a plan of two days takes: processor time and peak memory of the planner's own process."""

from __future__ import annotations

import threading
from pathlib import Path

from plc.energy.plan_problem import Problem, end_values, kwh_per_kelvin, levels
from plc.field.planner import Process, Question
from plc.planning import HORIZON_QUARTERS
from tools.bench_parts.economics.house import BASE_DEGC, Site
from tools.bench_parts.economics.series import synthetic
from tools.bench_parts.economics.worlds import WORLDS

BEGIN = 96 * 73
"""March: the heat pump runs, blocks are possible, the sun shines. Nothing of the problem is idle."""

PLANS = 3
PATIENCE_S = 900.0
"""The process has the lowest priority there is: beside other work it waits long for its turn."""


def measure() -> tuple[float, float]:
    """(seconds of processor time of a plan, best of PLANS; peak of the process in MB)."""
    world = next(w for w in WORLDS if w.name == "dyn-3.5-35")
    site = Site(world, synthetic(1))
    quarters = tuple(site.quarters[BEGIN : BEGIN + HORIZON_QUARTERS])
    problem = Problem(
        site.series.unix_s[BEGIN],
        quarters,
        levels(world.economics, site.offers, site.per_th_hour),
        site.plant,
        *end_values(quarters, site.plant),
    )
    question = Question(problem, problem.first_unix_s, BASE_DEGC, kwh_per_kelvin(world.model.volume_l))
    process = Process(within_s=PATIENCE_S)
    try:
        seconds = []
        for _ in range(PLANS):
            process.ask(question, threading.Event())
            seconds.append(process.cpu_s)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        peak_kb = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
        return min(seconds), peak_kb / 1024.0
    finally:
        process.end()
