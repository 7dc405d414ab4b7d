"""What a measurement of the whole program stands in: site, image, virtual devices, the controller itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tools.demo_app import demo_site
from tools.twin import scenarios

Found = TypeVar("Found")

ROOT = Path(__file__).resolve().parents[2]
START_S = 300.0  # a loaded machine imports slowly
IMAGE_BYTES = 4096
SETTLE_S = 2.0  # the drivers have found their devices, the faults have arrived


class Device:
    """A process with virtual devices that takes orders; it ends with us, because its standard input does."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", *arguments]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it says when it listens

    def order(self, text: str) -> None:
        """One order, carried out soon."""
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.communicate()


@contextlib.contextmanager
def virtual_devices(folder: Path, ports: Sequence[int]) -> Iterator[list[Device]]:
    """The RS485 lines in this folder first, then one miner per port, each in a process of its own."""
    devices: list[Device] = []
    try:
        devices.append(Device("tools.twin.modbus_devices", str(folder)))
        miner = ("tools.twin.virtual_miner", "--running-s", "1200", "--port")
        devices += [Device(*miner, str(port)) for port in ports]
        yield devices
    finally:
        for device in devices:
            device.end()


@dataclass(slots=True)
class Stops:
    """When a core of the machine ran nothing at all; filled when the watching ends.

    away_ns: begin and end of every stop of any core, by the monotonic clock.
    """

    longest_us: float = 0.0
    total_ms: float = 0.0  # of the core that lost most
    away_ns: list[list[int]] = field(default_factory=list)

    def explain(self, began_ns: float, late_ns: float) -> bool:
        """Whether a core was away for at least half of the delay of a scan that began then, so late."""
        return any(
            min(began_ns, end) - max(began_ns - late_ns, begin) >= late_ns / 2 for begin, end in self.away_ns
        )


ATTEMPTS = 3


def quietest(
    measure: Callable[[int], Found], stop_us: Callable[[Found], float], limit_us: float
) -> tuple[Found, int]:
    """The first measurement during which the machine did not stop for so long, of three the quietest, and
    how many were made. measure: gets the number of the attempt, from 0 on.
    """
    found: list[Found] = []
    while len(found) < ATTEMPTS:
        found.append(measure(len(found)))
        if stop_us(found[-1]) < limit_us:
            break
    return min(found, key=stop_us), len(found)


def lost_with_the_machine(scan: Mapping[str, Any], stops: Stops) -> int:
    """Lost cycles of a scan report during which the machine itself was away: nobody could have run them."""
    return sum(
        late["lost"] for late in scan["last_late"] if stops.explain(late["at_ns"], late["late_ms"] * 1e6)
    )


@contextlib.contextmanager
def machine_stops() -> Iterator[Stops]:
    """Watches every core meanwhile."""
    found = Stops()
    command = [sys.executable, "-m", "tools.bench_parts.bare_loops", "stops"]
    loops = [
        subprocess.Popen([*command, str(core)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for core in sorted(os.sched_getaffinity(0))
    ]
    try:
        yield found
    finally:
        said = [json.loads(loop.communicate()[0]) for loop in loops]
    found.longest_us = max(core["longest_us"] for core in said)
    found.total_ms = max(core["total_ms"] for core in said)
    found.away_ns = [stop for core in said for stop in core["away_ns"]]


@contextlib.contextmanager
def busy_cores() -> Iterator[None]:
    """As many loops of ordinary priority as there are cores, which end with us whatever happens."""
    command = [sys.executable, "-m", "tools.bench_parts.bare_loops", "busy", str(os.getpid())]
    loops = [subprocess.Popen(command, cwd=ROOT) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def make_site(
    folder: Path, ports: Sequence[int], period_ms: int, scenario: str = "winter-day", *, idle: bool = False
) -> Path:
    """The demo's copy of the site with all virtual devices, at the period of this measurement.

    idle: without any device, so that no driver runs.
    """
    devices = {} if idle else demo_site.virtual_miners(folder, ports) | demo_site.virtual_lines(folder)
    site = demo_site.make(ROOT / "io_map/walda", folder / "site", scenarios.get(scenario), devices)
    path = site / "site.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["parameters"].setdefault("scan", {})["period_ms"] = period_ms
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return site


def make_image(folder: Path, name: str) -> Path:
    image = folder / name
    image.write_bytes(bytes(IMAGE_BYTES))
    return image


class Controller:
    """`python -m plc run` on a plain file; as a context it ends in order, and says so if it does not.

    runtime: where status.json appears, and `controller.log` with what it says. first_scan_s: from its start
    to its first scan, by its own notification to the supervisor.
    """

    def __init__(self, site: Path, image: Path, runtime: Path, state: Path, *arguments: str) -> None:
        self._runtime = runtime
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            address = str(runtime / "notify")
            supervisor.bind(address)
            supervisor.settimeout(1.0)
            environment: Mapping[str, str] = {
                **os.environ,
                "THERMIQ_RUNTIME_DIR": str(runtime),
                "THERMIQ_STATE_DIR": str(state),
                "NOTIFY_SOCKET": address,
            }
            command = [sys.executable, "-m", "plc", "run", str(site), "--image", str(image), *arguments]
            with (runtime / "controller.log").open("wb") as log:
                began = time.monotonic()
                self.process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                )
            self._wait_until_ready(supervisor, began + START_S)
            self.first_scan_s = time.monotonic() - began
        (runtime / "notify").unlink()

    def _wait_until_ready(self, supervisor: socket.socket, deadline: float) -> None:
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in supervisor.recv(4096):
                    return
        self.process.kill()
        self.process.wait()
        said = (self._runtime / "controller.log").read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"the controller did not start:\n{said[-2000:]}")

    def __enter__(self) -> Controller:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(START_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if code != 0 and kind is None:
            raise SystemExit(f"the controller ended with {code}")

    def status(self) -> dict[str, Any]:
        """What it says about itself; empty before its first word."""
        try:
            found: dict[str, Any] = json.loads((self._runtime / "status.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found
