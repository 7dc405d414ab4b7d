"""How long outputs stay on after the program dies, beside the same for a program written the usual way.

Real processes on the virtual piControl; times are taken inside it, from the fault to the moment in which
the last output byte became 0. Budgets: design, topic budgets.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import time
from typing import Any

from plc.site import load_site
from tools.bench_parts.result import budget, result
from tools.twin.crash_rig import CrashRig, Program

REPEATS = 20
SHORT_PEER_REPEATS = 5
BUDGET_DEATH_MS = 20.0
BUDGET_HANG_OVER_PERIOD_MS = 50.0
OBSERVE_S = 0.5  # how long beyond the watchdog period the peer's outputs are watched

FAULTS = {"sigkill": None, "exception": "raise@step", "hang": "hang@block"}
PEER_FAULTS = {"sigkill": "none", "exception": "raise", "hang": "hang"}


MINIMAL = """
import fcntl, struct, sys, time
image = open(sys.argv[1], "r+b", buffering=0)
fcntl.ioctl(image, 19226, struct.pack("@L", 60000))
image.seek(81)
image.write(b"\\1")
time.sleep(60)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=REPEATS, help="per fault (default %(default)s)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Every fault on both programs; the short form repeats the peer less often: its answer never varies."""
    repeats = args.repeats
    peer_repeats = min(repeats, SHORT_PEER_REPEATS) if args.short else repeats
    figures: dict[str, float] = {"repeats": repeats, "peer_repeats": peer_repeats}
    with CrashRig(realtime=True) as rig:
        period_ms = load_site(rig.site).parameters.scan.watchdog_ms
        figures["watchdog_period_ms"] = period_ms
        floor = [_floor(rig) for _ in range(repeats)]
        figures["floor_sigkill_to_zero_max_ms"] = max(floor)
        figures["floor_sigkill_to_zero_median_ms"] = statistics.median(floor)
        for name, fault in FAULTS.items():
            times = [_ours(rig, fault) for _ in range(repeats)]
            figures[f"{name}_to_zero_max_ms"] = max(times)
            figures[f"{name}_to_zero_median_ms"] = statistics.median(times)
            _say(f"{name}: outputs 0 after {max(times):.1f} ms at most ({repeats} times)")
        for name, fault in PEER_FAULTS.items():
            still_on = sum(_peer(rig, fault, period_ms / 1000 + OBSERVE_S) for _ in range(peer_repeats))
            figures[f"cycleloop_{name}_still_on"] = still_on
            _say(f"revpimodio2 cycleloop, {name}: outputs still on {still_on} of {peer_repeats} times")
    hang_limit_ms = period_ms + BUDGET_HANG_OVER_PERIOD_MS
    budgets = {
        "sigkill_to_zero_ms": budget(BUDGET_DEATH_MS, figures["sigkill_to_zero_max_ms"]),
        "exception_to_zero_ms": budget(BUDGET_DEATH_MS, figures["exception_to_zero_max_ms"]),
        "hang_to_zero_ms": budget(hang_limit_ms, figures["hang_to_zero_max_ms"]),
    }
    return result("crash", figures, budgets)


def _floor(rig: CrashRig) -> float:
    """The same for a program of five lines: what machine and kernel need in any case."""
    rig.fresh()
    program = rig.program([sys.executable, "-c", MINIMAL, str(rig.picontrol.image)])
    begin_ns = _commit(program, killed=True)
    zero = rig.zero_after(rig.last_before(begin_ns))
    return float((zero["t_ns"] - begin_ns) / 1e6)


def _ours(rig: CrashRig, fault: str | None) -> float:
    """Milliseconds from the fault to outputs 0 for the real controller."""
    rig.fresh()
    options = ("--fault", fault, "--after", "15") if fault else ()
    program = rig.controller("--force", "p3_on,m1_enable", *options)
    begin_ns = _commit(program, killed=fault is None)
    zero = rig.zero_after(rig.last_before(begin_ns))
    return float((zero["t_ns"] - begin_ns) / 1e6)


def _peer(rig: CrashRig, fault: str, watch_s: float) -> bool:
    """Whether the usual program's outputs are still on when a watchdog would long have acted."""
    rig.fresh()
    image, rsc = str(rig.picontrol.image), str(rig.config_rsc)
    command = [sys.executable, "-m", "tools.bench_parts.usual_program", image, rsc, fault, "{announce}"]
    program = rig.program(command)
    _commit(program, killed=fault == "none")
    time.sleep(watch_s)
    return not rig.picontrol.state()["outputs_zero"]


def _commit(program: Program, *, killed: bool) -> int:
    """Wait for the program's own fault or kill it; returns the time of the fault."""
    if not killed:
        return int(program.announcement()["t_ns"])
    time.sleep(0.3)
    begin_ns = time.monotonic_ns()
    program.process.send_signal(signal.SIGKILL)
    return begin_ns


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
