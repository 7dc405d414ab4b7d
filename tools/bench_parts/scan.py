"""Lateness of the real controller at a 20 ms period, beside an empty loop and beside revpimodio2's cycleloop.

All run on a plain file, each in a process of its own, one after the other so that none disturbs the other;
ours and cycleloop with the drivers of two virtual miners, an inverter and three meters polling:

- floor: a loop with absolute deadlines that does nothing, best of three (of up to nine on a noisy machine),
  at the scan's own real-time priority. What the machine can do.
- ours: `python -m plc run`, the whole program, its own statistics: time after the absolute deadline.
- cycleloop: the same plant and drivers in revpimodio2's cycleloop with autorefresh, the usual way: distance
  from the grid of deadlines that fits its cycles best, so that its constant delay and its start are forgiven.
- with --faults ours once more, while the inverter's adapter is unplugged, one miner hangs and the other
  answers after 5 s, all at the same time.
- busy: ours and cycleloop once more, while a loop of ordinary priority wants every core. Both are compared
  here: on a machine that does nothing else the time that a sleeping core needs to wake up is most of what
  either of them shows, and the floor shows it as well.

Beside ours a loop on every core, above all priorities, notes when the core itself was away (a virtual machine
whose host runs another one). A stop of more than a period loses a cycle whatever the program does: such a
run is made again, some times, and the quietest counts. A cycle that is lost in it all the same while a core
was away for at least half of its delay is reported as lost with the machine; the budget is for the others.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from tools.bench_parts import _scan_runs as runs
from tools.bench_parts._broker import KINDS, run_with_broker
from tools.bench_parts._scan_runs import FAULTS, LOADS, MINERS
from tools.bench_parts._scan_table import run_table
from tools.bench_parts.result import budget, result
from tools.bench_parts.surroundings import quietest
from tools.demo_app.demo_site import free_ports

PERIOD_MS = 20
SECONDS = 60.0
SHORT_SECONDS = 12.0
FLOOR_ROUNDS = 3
NOISY_US = 500.0  # a floor above this says more about the machine than about any program on it
FLOOR_FACTOR, FLOOR_PLUS_US = 2.0, 300.0
PEER_SHARE = 0.25

ALL = ("--faults", "--seconds", "60")
"""What `tools/bench all` asks for: the budget speaks of 60 s."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, help="length of each measurement")
    parser.add_argument("--broker", choices=KINDS, help="with the link on a broker that misbehaves so")
    parser.add_argument("--faults", action="store_true", help="once more with devices that misbehave")
    parser.add_argument(
        "--table", action="store_true", help="20, 50, 100 ms, each idle, live, faulty and busy"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    seconds = args.seconds or (SHORT_SECONDS if args.short else SECONDS)
    if args.broker is not None:
        return run_with_broker(args.broker, seconds, PERIOD_MS, len(MINERS))
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-") as name:
        folder, ports = Path(name), free_ports(len(MINERS))
        if args.table:
            return run_table(folder, seconds, ports, _floor, NOISY_US)
        floor = _floor(seconds)
        ours = _quietest(folder, "live", ports, seconds)
        faulty = _quietest(folder, "faulty", ports, seconds) if args.faults else None
        busy = _quietest(folder, "busy", ports, seconds)
        peers = {
            kind: runs.cycleloop(folder / f"{kind}-peer", LOADS[kind], PERIOD_MS, ports, seconds)
            for kind in ("live", "busy")
        }
    limit_us = FLOOR_FACTOR * floor["p99_us"] + FLOOR_PLUS_US
    figures = {
        "period_ms": PERIOD_MS,
        "seconds": seconds,
        "floor_p99_us": floor["p99_us"],
        "floor_max_us": floor["max_us"],
        **_figures(ours),
        **_peer_figures(peers["live"]),
    }
    budgets = {
        "machine_too_noisy_floor_us": budget(NOISY_US, floor["p99_us"]),
        **_budgets(ours, limit_us),
    }
    if faulty is not None:
        figures |= _of("faults", _figures(faulty))
        budgets |= _of("faults", _budgets(faulty, limit_us))
        budgets["faults_without_effect"] = budget(0, len(FAULTS) - faulty["faults_felt"])
    figures |= _of("busy", _figures(busy) | _peer_figures(peers["busy"]))
    budgets |= _of("busy", _budgets(busy, limit_us))
    budgets["busy_lateness_p99_to_cycleloop_us"] = budget(
        PEER_SHARE * peers["busy"]["p99_us"], busy["lateness"]["since_start"]["p99_us"]
    )
    return result("scan", figures, budgets)


def _of(load: str, found: dict[str, Any]) -> dict[str, Any]:
    return {f"{load}_{key}": value for key, value in found.items()}


def _budgets(found: dict[str, Any], limit_us: float) -> dict[str, Any]:
    return {
        "lost_cycles": budget(0, found["lost_cycles"] - found["lost_with_the_machine"]),
        "lateness_p99_us": budget(limit_us, found["lateness"]["since_start"]["p99_us"]),
    }


def _peer_figures(found: dict[str, Any]) -> dict[str, Any]:
    return {f"cycleloop_{key}": found[key] for key in ("cycles", "p50_us", "p99_us", "max_us")}


def _figures(found: dict[str, Any]) -> dict[str, Any]:
    lateness, execution = found["lateness"]["since_start"], found["execution"]["since_start"]
    return {
        "scans": found["scans"],
        "lost_cycles": found["lost_cycles"],
        "lost_with_the_machine": found["lost_with_the_machine"],
        **{f"lost_{cause}": lost for cause, lost in found["lost_by_cause"].items()},
        "attempts": found["attempts"],
        "lateness_p50_us": lateness["p50_us"],
        "lateness_p99_us": lateness["p99_us"],
        "lateness_max_us": lateness["max_us"],
        "execution_p50_us": execution["p50_us"],
        "execution_p99_us": execution["p99_us"],
        "machine_longest_stop_us": found["machine_longest_stop_us"],
        "machine_stops_ms": found["machine_stops_ms"],
        "rs485_reads_ok": found["reads_ok"],
        "grpc_calls_ok": found["calls_ok"],
    }


def _floor(seconds: float, period_ms: int = PERIOD_MS) -> dict[str, Any]:
    """The best of three; of up to nine while the machine is too noisy to be a measure of anything."""

    def p99_us(found: dict[str, Any]) -> float:
        return float(found["p99_us"])

    def best_of_three(_: int) -> dict[str, Any]:
        rounds = range(FLOOR_ROUNDS)
        return min((runs.loop("floor", seconds / FLOOR_ROUNDS, period_ms) for _ in rounds), key=p99_us)

    return quietest(best_of_three, p99_us, NOISY_US)[0]


def _quietest(folder: Path, load: str, ports: list[int], seconds: float) -> dict[str, Any]:
    """Ours without a stop of the machine of a whole period; of three runs the quietest."""
    found, attempts = quietest(
        lambda attempt: runs.ours(folder / f"{load}-{attempt}", LOADS[load], PERIOD_MS, ports, seconds),
        lambda run: float(run["machine_longest_stop_us"]),
        PERIOD_MS * 1000.0,
    )
    return found | {"attempts": attempts}
