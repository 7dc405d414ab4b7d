"""Time and memory of a plan for 48 h in quarter hours, in the planner's process, as the program asks for it.

The question is the one that the running program puts together for its house, on a day in winter and on
one with much sun. Judged is the processor time of the process for one plan, the worst of some: what other
programs take from this machine delays a plan, and a plan that comes a second later changes nothing.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Any

from plc.blocks.core import Tick
from plc.exchange import Exchange
from plc.field.planner import Process, Question
from plc.planning import HORIZON_QUARTERS, Questions
from plc.plant.parameters import Parameters
from tools.bench_parts.result import budget, result
from tools.twin import scenarios
from tools.twin.closed_loop import FINE_S, ClosedLoop

REPEATS, SHORT_REPEATS = 5, 2
HOUSES = ("winter-day", "pv-day")
SECONDS = 1.0  # on this kind of machine; ten on the device
PEAK_MB = 150.0

COMMAND = (
    sys.executable,
    "-c",
    "import sys; from plc.field import planner_main as own; own.humble = int; sys.exit(own.main())",
)
"""The planner without its idle priority: beside other work it would not answer for minutes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, help="plans per house")


def run(args: argparse.Namespace) -> dict[str, Any]:
    repeats = args.repeats or (SHORT_REPEATS if args.short else REPEATS)
    figures: dict[str, Any] = {"quarters": HORIZON_QUARTERS, "plans_per_house": repeats}
    worst_s = peak_mb = 0.0
    for house in HOUSES:
        question, process, stop = _question(house), Process(COMMAND), threading.Event()
        try:
            elapsed = []
            for _ in range(repeats):
                began = time.monotonic()
                process.ask(question, stop)
                elapsed.append(time.monotonic() - began)
                worst_s = max(worst_s, process.cpu_s)
            figures[f"{house}: power levels"] = len(question.problem.levels)
            figures[f"{house}: processor time of the last plan, s"] = round(process.cpu_s, 3)
            figures[f"{house}: elapsed, first with start, s"] = round(elapsed[0], 3)
            figures[f"{house}: elapsed, least, s"] = round(min(elapsed), 3)
            peak_mb = max(peak_mb, _peak_mb(process))
        finally:
            process.end()
    figures["peak_mb"] = round(peak_mb, 1)
    return result(
        "plan",
        figures,
        {
            "plan_48_h_cpu_s": budget(SECONDS, round(worst_s, 3)),
            "peak_mb": budget(PEAK_MB, figures["peak_mb"]),
        },
    )


def _question(house: str) -> Question:
    """What the program would ask after some minutes in this house."""
    loop, exchange = ClosedLoop(Parameters(), scenarios.get(house)), Exchange()
    questions = Questions(loop.parameters, exchange)
    loop.run(60.0, dt_s=FINE_S)
    assert loop.inputs is not None
    assert loop.out is not None
    exchange.scanned(Tick(loop.now_ns, round(FINE_S * 1e9)), loop.inputs, loop.out)
    question = questions.present()
    if question is None:
        raise SystemExit(f"{house}: the plant asks no question, its clock is not synchronised")
    return question


def _peak_mb(process: Process) -> float:
    """Most memory that the process ever had, as the kernel counts it."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) / 1024
    raise SystemExit("the kernel does not say how much memory the planner had")
