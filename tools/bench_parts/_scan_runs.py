"""One run of the controller, or of revpimodio2's cycleloop with the same work, under a named load.

Every run has a folder, a site and virtual devices of its own, and a loop above all priorities on every core
that notes when the core itself was away. Nothing else of the benchmark runs at the same time.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench_parts.surroundings import (
    ROOT,
    SETTLE_S,
    Controller,
    Device,
    busy_cores,
    lost_with_the_machine,
    machine_stops,
    make_image,
    make_site,
    virtual_devices,
)

MINERS = ("miner1", "miner2")
FAULTS = ("deye unplug", "fault hang True", "fault slow_response_s 5")
"""For the lines, the first miner, the second miner."""


@dataclass(frozen=True, slots=True)
class Load:
    """devices: two miners, an inverter and three meters are polled. faults: orders to them, in the order of
    virtual_devices. busy: other programs want every core, at ordinary priority."""

    devices: bool = True
    faults: tuple[str, ...] = ()
    busy: bool = False


LOADS = {
    "idle": Load(devices=False),
    "live": Load(),
    "faulty": Load(faults=FAULTS),
    "busy": Load(busy=True),
}


def ours(folder: Path, load: Load, period_ms: int, ports: Sequence[int], seconds: float) -> dict[str, Any]:
    """The statistics that the controller itself leaves behind, from its first scan to its last."""
    folder.mkdir()
    site = make_site(folder, ports, period_ms, idle=not load.devices)
    with _others(folder, ports, load) as devices:
        with (
            machine_stops() as stopped,
            Controller(site, make_image(folder, "image"), folder, folder / "state") as controller,
        ):
            time.sleep(SETTLE_S)
            timeouts = _timeouts(controller)
            _disturb(devices, load)
            time.sleep(seconds)
            services = controller.status().get("services", {})  # the farewell calls the miners once more
            felt = [late > before for before, late in zip(timeouts, _timeouts(controller), strict=True)]
        found: dict[str, Any] = controller.status()["scan"]
    found["machine_longest_stop_us"] = stopped.longest_us
    found["machine_stops_ms"] = stopped.total_ms
    found["lost_with_the_machine"] = lost_with_the_machine(found, stopped)
    if load.devices:
        serial = services["rs485"]
        found["reads_ok"] = serial["reads_ok"]
        found["calls_ok"] = sum(services[name]["calls"].get("ok", 0) for name in MINERS)
        found["faults_felt"] = sum((serial["ports"][0]["state"] != "open", *felt))
    return found


def cycleloop(
    folder: Path, load: Load, period_ms: int, ports: Sequence[int], seconds: float
) -> dict[str, Any]:
    """Distance of its cycles from their grid of deadlines, and how many there were."""
    folder.mkdir()
    site = make_site(folder, ports, period_ms, idle=not load.devices)
    with _others(folder, ports, load) as devices, machine_stops() as stopped:
        _disturb(devices, load)
        found = loop("cycleloop", seconds, make_image(folder, "image"), site)
    return found | {"machine_longest_stop_us": stopped.longest_us}


def loop(*arguments: str | float | Path) -> dict[str, Any]:
    """One of the bare loops in a process of its own. Ends the benchmark when it fails."""
    command = [sys.executable, "-m", "tools.bench_parts.bare_loops", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{arguments[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextlib.contextmanager
def _others(folder: Path, ports: Sequence[int], load: Load) -> Iterator[list[Device]]:
    """Everything that runs beside the loop that is measured."""
    with contextlib.ExitStack() as stack:
        devices = stack.enter_context(virtual_devices(folder, ports))
        if load.busy:
            stack.enter_context(busy_cores())
        yield devices


def _disturb(devices: list[Device], load: Load) -> None:
    for device, order in zip(devices, load.faults, strict=False):
        device.order(order)


def _timeouts(controller: Controller) -> list[int]:
    """Calls that a miner left without an answer in time."""
    services = controller.status().get("services", {})
    return [services.get(name, {}).get("calls", {}).get("timeout", 0) for name in MINERS]
