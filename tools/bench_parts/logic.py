"""Time of one full plant step with the hand-over to the recorder, in a closed loop that is really working.

The inputs come from the physics, scan by scan, with both miners heating the buffer: every block, interlock
and trip is evaluated on values that change. Timed is what the scan thread does between read and write, plus
the recorder's share of the hand-over; garbage collection is off as in the program. The budgets are checked on
the thread's processor time: what other programs take away from this machine is lateness, and `tools/bench
scan` measures that. The elapsed time stands beside it.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from pathlib import Path
from typing import Any

from plc.blocks.core import State, Tick
from plc.plant.interface import PlantInputs, PlantOutputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.store.recording.recorder import Recorder
from tools.bench_parts.result import budget, percentile, result
from tools.twin import scenarios
from tools.twin.closed_loop import FINE_S, ClosedLoop

SCANS = 20_000
SHORT_SCANS = 4_000
WORKING = "HEAT_BUFFER"
START_WITHIN_S = 3600.0
COLLECT_EVERY = 10  # scans; outside the timed part, as the program does it in the slack

BUDGET_MEDIAN_US = 250.0
BUDGET_P99_US = 1000.0


class TimedPlant:
    """The plant of a closed loop, with a watch on each step."""

    def __init__(self, plant: Plant, recorder: Recorder) -> None:
        self._plant, self._recorder = plant, recorder
        self.elapsed_ns: list[int] = []
        self.step_ns: list[int] = []
        self.recorder_ns: list[int] = []

    def step(self, inputs: PlantInputs, tick: Tick) -> PlantOutputs:
        elapsed = time.perf_counter_ns()
        begin = time.thread_time_ns()
        outputs = self._plant.step(inputs, tick)
        stepped = time.thread_time_ns()
        self._recorder.scanned(tick, inputs, outputs)
        recorded = time.thread_time_ns()
        self.elapsed_ns.append(time.perf_counter_ns() - elapsed)
        self.step_ns.append(stepped - begin)
        self.recorder_ns.append(recorded - stepped)
        return outputs

    def state(self) -> State:
        return self._plant.state()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scans", type=int, help="how many scans are timed")


def run(args: argparse.Namespace) -> dict[str, Any]:
    scans = args.scans or (SHORT_SCANS if args.short else SCANS)
    loop = ClosedLoop(Parameters(), scenarios.get("winter-day"))
    if not loop.reached(WORKING, START_WITHIN_S):
        raise SystemExit(f"the closed loop did not reach {WORKING}: {loop.state}")
    assert loop.plant is not None
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-") as folder:
        recorder = Recorder(Path(folder) / "ring", None, {}, loop.plant.state)
        timed = TimedPlant(loop.plant, recorder)
        recorder.start()
        recorder.begin(loop.now_ns)
        loop.plant = timed  # type: ignore[assignment]
        _measure(loop, scans)
        recorder.stop("bench")
    step, record = _us(timed.step_ns), _us(timed.recorder_ns)
    both = _us([a + b for a, b in zip(timed.step_ns, timed.recorder_ns, strict=True)])
    elapsed = _us(timed.elapsed_ns)
    figures = {
        "scans": len(both),
        "step_median_us": percentile(step, 0.5),
        "step_p99_us": percentile(step, 0.99),
        "recorder_median_us": percentile(record, 0.5),
        "recorder_p99_us": percentile(record, 0.99),
        "elapsed_median_us": percentile(elapsed, 0.5),
        "elapsed_p99_us": percentile(elapsed, 0.99),
        "max_us": both[-1],
        "records_dropped": recorder.dropped,
    }
    budgets = {
        "median_us": budget(BUDGET_MEDIAN_US, percentile(both, 0.5)),
        "p99_us": budget(BUDGET_P99_US, percentile(both, 0.99)),
    }
    return result("logic", figures, budgets)


def _us(values_ns: list[int]) -> list[float]:
    return sorted(round(value / 1000, 1) for value in values_ns)


def _measure(loop: ClosedLoop, scans: int) -> None:
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for number in range(scans):
            loop.step(FINE_S)
            if number % COLLECT_EVERY == 0:
                gc.collect(0)
    finally:
        gc.enable()
        gc.unfreeze()
