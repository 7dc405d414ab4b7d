"""Lateness of the real controller at a 20 ms period, beside an empty loop and beside revpimodio2's cycleloop.

All three run on a plain file, each in a process of its own, one after the other so that none disturbs the
other; ours and cycleloop with the drivers of two virtual miners, an inverter and three meters polling:

- floor: a loop with absolute deadlines that does nothing, best of three (of up to nine on a noisy machine),
  at the scan's own real-time priority. What the machine can do.
- ours: `python -m plc run`, the whole program, its own statistics: time after the absolute deadline.
- cycleloop: the same plant and drivers in revpimodio2's cycleloop with autorefresh, the usual way: distance
  from the grid of deadlines that fits its cycles best, so that its constant delay and its start are forgiven.
- with --faults ours once more, while the inverter's adapter is unplugged, one miner hangs and the other
  answers after 5 s, all at the same time.

Beside ours a loop on every core, above all priorities, notes when the core itself was away (a virtual machine
whose host runs another one). A stop of more than a period loses a cycle whatever the program does: such a
run is made again, some times, and the quietest counts. A cycle that is lost in it all the same while a core
was away for at least half of its delay is reported as lost with the machine; the budget is for the others.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.bench_parts._broker import KINDS, run_with_broker
from tools.bench_parts._scan_table import run_table
from tools.bench_parts.result import budget, result
from tools.bench_parts.surroundings import (
    ROOT,
    SETTLE_S,
    Controller,
    lost_with_the_machine,
    machine_stops,
    make_image,
    make_site,
    quietest,
    virtual_devices,
)
from tools.demo_app.demo_site import free_ports

PERIOD_MS = 20
SECONDS = 60.0
SHORT_SECONDS = 12.0
FLOOR_ROUNDS = 3
MINERS = ("miner1", "miner2")

NOISY_US = 500.0  # a floor above this says more about the machine than about any program on it
FLOOR_FACTOR, FLOOR_PLUS_US = 2.0, 300.0
PEER_SHARE = 0.25

FAULTS = ("deye unplug", "fault hang True", "fault slow_response_s 5")
"""For the lines, the first miner, the second miner."""

ALL = ("--faults", "--seconds", "60")
"""What `tools/bench all` asks for: the budget speaks of 60 s."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, help="length of each measurement")
    parser.add_argument("--broker", choices=KINDS, help="with the link on a broker that misbehaves so")
    parser.add_argument("--faults", action="store_true", help="once more with devices that misbehave")
    parser.add_argument("--table", action="store_true", help="20, 50, 100 ms, each idle, live and faulty")


def run(args: argparse.Namespace) -> dict[str, Any]:
    seconds = args.seconds or (SHORT_SECONDS if args.short else SECONDS)
    if args.broker is not None:
        return run_with_broker(args.broker, seconds, PERIOD_MS, len(MINERS))
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-") as name:
        folder = Path(name)
        if args.table:
            return run_table(folder, seconds, free_ports(len(MINERS)), FAULTS, _loop, _floor, NOISY_US)
        floor = _floor(seconds)
        ports = free_ports(len(MINERS))
        site = make_site(folder, ports, PERIOD_MS)
        ours = _quietest(folder, site, ports, seconds)
        faulty = _quietest(folder, site, ports, seconds, FAULTS) if args.faults else None
        with virtual_devices(folder, ports):
            peer = _loop("cycleloop", seconds, str(make_image(folder, "peer")), str(site))
    lateness = ours["lateness"]["since_start"]
    limit_us = FLOOR_FACTOR * floor["p99_us"] + FLOOR_PLUS_US
    figures = {
        "period_ms": PERIOD_MS,
        "seconds": seconds,
        "floor_p99_us": floor["p99_us"],
        "floor_max_us": floor["max_us"],
        **_figures(ours),
        "cycleloop_cycles": peer["cycles"],
        "cycleloop_p50_us": peer["p50_us"],
        "cycleloop_p99_us": peer["p99_us"],
        "cycleloop_max_us": peer["max_us"],
    }
    budgets = {
        "machine_too_noisy_floor_us": budget(NOISY_US, floor["p99_us"]),
        "lost_cycles": budget(0, ours["lost_cycles"] - ours["lost_with_the_machine"]),
        "lateness_p99_us": budget(limit_us, lateness["p99_us"]),
        "lateness_p99_to_cycleloop_us": budget(PEER_SHARE * peer["p99_us"], lateness["p99_us"]),
    }
    if faulty is not None:
        figures |= {f"faults_{key}": value for key, value in _figures(faulty).items()}
        budgets |= {
            "faults_lost_cycles": budget(0, faulty["lost_cycles"] - faulty["lost_with_the_machine"]),
            "faults_lateness_p99_us": budget(limit_us, faulty["lateness"]["since_start"]["p99_us"]),
            "faults_without_effect": budget(0, len(FAULTS) - faulty["faults_felt"]),
        }
    return result("scan", figures, budgets)


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


def _loop(*arguments: str | float | Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tools.bench_parts.bare_loops", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{arguments[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _floor(seconds: float, period_ms: int = PERIOD_MS) -> dict[str, Any]:
    """The best of three; of up to nine while the machine is too noisy to be a measure of anything."""

    def p99_us(found: dict[str, Any]) -> float:
        return float(found["p99_us"])

    def best_of_three(_: int) -> dict[str, Any]:
        rounds = range(FLOOR_ROUNDS)
        return min((_loop("floor", seconds / FLOOR_ROUNDS, period_ms) for _ in rounds), key=p99_us)

    return quietest(best_of_three, p99_us, NOISY_US)[0]


def _quietest(
    folder: Path, site: Path, ports: list[int], seconds: float, faults: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The first run without a stop of the machine of a whole period; of three the quietest."""
    found, attempts = quietest(
        lambda _: _ours(folder, site, ports, seconds, faults),
        lambda run: float(run["machine_longest_stop_us"]),
        PERIOD_MS * 1000.0,
    )
    return found | {"attempts": attempts}


def _ours(
    folder: Path, site: Path, ports: list[int], seconds: float, faults: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The statistics that the controller itself leaves behind, from its first scan to its last."""
    image = make_image(folder, "ours")
    with virtual_devices(folder, ports) as devices:
        with machine_stops() as stopped, Controller(site, image, folder, folder / "state") as controller:
            time.sleep(SETTLE_S)
            timeouts = _timeouts(controller)
            for device, order in zip(devices, faults, strict=False):
                device.order(order)
            time.sleep(seconds)
            services = controller.status()["services"]  # the farewell calls the miners once more
            felt = [late > before for before, late in zip(timeouts, _timeouts(controller), strict=True)]
        found: dict[str, Any] = controller.status()["scan"]
    serial = services["rs485"]
    found["machine_longest_stop_us"] = stopped.longest_us
    found["machine_stops_ms"] = stopped.total_ms
    found["lost_with_the_machine"] = lost_with_the_machine(found, stopped)
    found["reads_ok"] = serial["reads_ok"]
    found["calls_ok"] = sum(services[name]["calls"].get("ok", 0) for name in MINERS)
    found["faults_felt"] = sum((serial["ports"][0]["state"] != "open", *felt))
    return found


def _timeouts(controller: Controller) -> list[int]:
    """Calls that a miner left without an answer in time."""
    services = controller.status().get("services", {})
    return [services.get(name, {}).get("calls", {}).get("timeout", 0) for name in MINERS]
