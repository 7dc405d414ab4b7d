"""Lateness of the real controller at a 20 ms period, beside an empty loop and beside revpimodio2's cycleloop.

All three run on a plain file, each in a process of its own, one after the other so that none disturbs the
other; ours and cycleloop with the drivers of two virtual miners (a third process each) polling beside them:

- floor: a loop with absolute deadlines that does nothing, best of three. What the machine can do.
- ours: `python -m plc run`, the whole program, its own statistics: time after the absolute deadline.
- cycleloop: the same plant and drivers in revpimodio2's cycleloop with autorefresh, the usual way: distance
  from the grid of deadlines that fits its cycles best, so that its constant delay and its start are forgiven.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.bench_parts.result import budget, result
from tools.demo_app import demo_site
from tools.twin import scenarios

ROOT = Path(__file__).resolve().parents[2]
PERIOD_MS = 20
SECONDS = 60.0
SHORT_SECONDS = 12.0
FLOOR_ROUNDS = 3
MINERS = 2
START_S = 20.0
IMAGE_BYTES = 4096

NOISY_US = 500.0  # a floor above this says more about the machine than about any program on it
FLOOR_FACTOR, FLOOR_PLUS_US = 2.0, 300.0
PEER_SHARE = 0.25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, help="length of each measurement")


def run(args: argparse.Namespace) -> dict[str, Any]:
    seconds = args.seconds or (SHORT_SECONDS if args.short else SECONDS)
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-") as name:
        folder = Path(name)
        floors = [_loop("floor", seconds / FLOOR_ROUNDS) for _ in range(FLOOR_ROUNDS)]
        floor = min(floors, key=lambda found: float(found["p99_us"]))
        ports = demo_site.free_ports(MINERS)
        site = _site(folder, ports)
        with _virtual_miners(ports):
            ours = _ours(folder, site, seconds)
        with _virtual_miners(ports):
            peer = _loop("cycleloop", seconds, str(_image(folder, "peer")), str(site))
    lateness = ours["lateness"]["since_start"]
    figures = {
        "period_ms": PERIOD_MS,
        "seconds": seconds,
        "floor_p99_us": floor["p99_us"],
        "floor_max_us": floor["max_us"],
        "scans": ours["scans"],
        "lost_cycles": ours["lost_cycles"],
        "lateness_p50_us": lateness["p50_us"],
        "lateness_p99_us": lateness["p99_us"],
        "lateness_max_us": lateness["max_us"],
        "execution_p50_us": ours["execution"]["since_start"]["p50_us"],
        "execution_p99_us": ours["execution"]["since_start"]["p99_us"],
        "cycleloop_cycles": peer["cycles"],
        "cycleloop_p50_us": peer["p50_us"],
        "cycleloop_p99_us": peer["p99_us"],
        "cycleloop_max_us": peer["max_us"],
    }
    budgets = {
        "machine_too_noisy_floor_us": budget(NOISY_US, floor["p99_us"]),
        "lost_cycles": budget(0, ours["lost_cycles"]),
        "lateness_p99_us": budget(FLOOR_FACTOR * floor["p99_us"] + FLOOR_PLUS_US, lateness["p99_us"]),
        "lateness_p99_to_cycleloop_us": budget(PEER_SHARE * peer["p99_us"], lateness["p99_us"]),
    }
    return result("scan", figures, budgets)


@contextlib.contextmanager
def _virtual_miners(ports: list[int]) -> Iterator[None]:
    """Miners that answer on these ports; they end with us, because their standard input does."""
    miners = []
    try:
        for port in ports:
            command = [sys.executable, "-m", "tools.twin.virtual_miner", "--port", str(port)]
            miner = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            miners.append(miner)
            assert miner.stdout is not None
            miner.stdout.readline()  # it says when it listens
        yield
    finally:
        for miner in miners:
            miner.communicate()


def _site(folder: Path, ports: list[int]) -> Path:
    """The demo's copy of the site, at the period of this measurement."""
    devices = demo_site.virtual_miners(folder, ports)
    site = demo_site.make(ROOT / "io_map/walda", folder / "site", scenarios.get("winter-day"), devices)
    path = site / "site.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["parameters"].setdefault("scan", {})["period_ms"] = PERIOD_MS
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return site


def _image(folder: Path, name: str) -> Path:
    image = folder / name
    image.write_bytes(bytes(IMAGE_BYTES))
    return image


def _loop(*arguments: str | float) -> dict[str, Any]:
    command = [sys.executable, "-m", "tools.bench_parts.bare_loops", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _ours(folder: Path, site: Path, seconds: float) -> dict[str, Any]:
    """The statistics that the controller itself leaves behind."""
    image = _image(folder, "ours")
    environment = {
        **os.environ,
        "THERMIQ_RUNTIME_DIR": str(folder),
        "THERMIQ_STATE_DIR": str(folder / "state"),
    }
    command = [sys.executable, "-m", "plc", "run", str(site), "--image", str(image)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for_first_scan(folder, process)
            time.sleep(seconds)
        finally:
            process.send_signal(signal.SIGTERM)
        if process.wait(START_S) != 0:
            raise SystemExit(f"the controller ended with {process.returncode}")
    found: dict[str, Any] = _status(folder)["scan"]
    return found


def _status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    return found


def _wait_for_first_scan(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            if _status(folder)["scan"]["scans"] > 0:
                return
        except (OSError, ValueError):
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the controller did not start")
        time.sleep(0.05)
