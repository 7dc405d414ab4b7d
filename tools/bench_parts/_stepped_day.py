"""What a day on the stepped clock consists of: virtual plant, faults of its miners, a broker that dies."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from tools.bench_parts._broker import add_broker
from tools.bench_parts.surroundings import ROOT
from tools.demo_app.broker import mosquitto
from tools.demo_app.demo_site import free_ports

FAULT_SHARE = 0.01
LINE_FAULTS = ("silent", "crc", "half", "zeros")
LINE_SHARE = FAULT_SHARE / len(LINE_FAULTS)
SILENCE_AT_S = 300.0  # simulated
HANG_S = 60.0  # simulated
RECENT_S = 1800.0  # simulated
BACK_WITHIN_S = 900.0  # simulated, for a line that answers again
PATIENCE_S = 300.0  # of wall time, for a process to start or to end on a busy machine
OUTAGE_EVERY_S = 7200.0  # simulated; the first one half of it after the start
OUTAGE_S = 2.0  # of wall time: the link's own time


class Twin:
    """The virtual plant with its devices; reads its lines, gives it orders."""

    def __init__(self, folder: Path, site: Path, image: Path, ports: list[int], hours: float) -> None:
        self.clock = folder / "clock"
        arguments = ["--image", str(image), "--pictory", str(site / "config.rsc"), "--clock", str(self.clock)]
        arguments += [
            "--scenario",
            "winter-day",
            "--speed",
            "max",
            "--for-s",
            str(hours * 3600.0),
            "--orders",
        ]
        arguments += ["--miner-port", *map(str, ports), "--rs485-link", str(folder)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.twin", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.latest: dict[str, Any] = {"t_s": 0.0}
        self._soc: deque[tuple[float, float]] = deque(maxlen=10_000)
        self._reader = threading.Thread(target=self._read, daemon=True)
        deadline = time.monotonic() + PATIENCE_S
        while not self.clock.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise SystemExit("the virtual plant did not start")
            time.sleep(0.02)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.latest = found = json.loads(line)
            if "soc_pct" in found:
                self._soc.append((found["t_s"], found["soc_pct"]))

    def recent_soc(self) -> list[float]:
        """What the battery has had in the last half hour of the plant."""
        since_s = self.t_s - RECENT_S
        return [soc for t_s, soc in list(self._soc) if t_s >= since_s]

    @property
    def t_s(self) -> float:
        return float(self.latest["t_s"])

    def order(self, text: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has reached the end of its day

    def end(self) -> None:
        self.order("end")
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)


class Faults:
    """The network of each miner hangs for 1 % of the simulated time."""

    def __init__(self) -> None:
        self._dice = random.Random(4)
        self._next = {
            name: (self._dice.uniform(0.0, 2.0) * HANG_S / FAULT_SHARE, True) for name in ("m1", "m2")
        }
        self.count = 0

    def step(self, twin: Twin) -> None:
        for name, (due_s, hangs) in self._next.items():
            if twin.t_s >= due_s:
                twin.order(f"{name} network {'hang' if hangs else 'pass'}")
                self.count += hangs
                wait_s = HANG_S if hangs else self._dice.uniform(0.0, 2.0) * HANG_S / FAULT_SHARE
                self._next[name] = (twin.t_s + wait_s, not hangs)


class Silence:
    """The meters' line says nothing for a long time, once. missing: what has not come back since."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over_s: float | None = None
        self.missing = {"long silence"}

    def judged(self, t_s: float) -> bool:
        """Whether it has been over for long enough; a slow machine may not get there in its two minutes."""
        return self._over_s is not None and t_s >= self._over_s + BACK_WITHIN_S

    def step(self, twin: Twin, status: dict[str, Any]) -> None:
        if self._over_s is None:
            if twin.t_s >= SILENCE_AT_S:
                twin.order("meters fault silent 1.0")
                self._over_s = twin.t_s + self._seconds
        elif "long silence" in self.missing:
            if twin.t_s >= self._over_s:
                twin.order(f"meters fault silent {LINE_SHARE}")
                self.missing = {device["name"] for device in _meters(status) if device["state"] == "silent"}
        else:
            self.missing -= {device["name"] for device in _meters(status) if device["state"] == "answering"}


def _meters(status: dict[str, Any]) -> list[dict[str, Any]]:
    ports = status.get("services", {}).get("rs485", {}).get("ports", ())
    return [device for port in ports if port["port"].endswith("Meters") for device in port["devices"]]


class Broker:
    """mosquitto, killed now and then; without the program there is no broker and no link."""

    def __init__(self, folder: Path, site: Path) -> None:
        self.outages = 0
        self._due_s = OUTAGE_EVERY_S / 2
        self._back_s: float | None = None  # monotonic
        self._process: subprocess.Popen[bytes] | None = None
        program = mosquitto()
        if program is None:
            return
        [port] = free_ports(1)
        config = folder / "mosquitto.conf"
        config.write_text(f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
        self._command = (program, "-c", str(config))
        add_broker(site / "site.yaml", port)
        self._start()

    def _start(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=quiet, stderr=quiet)

    def step(self, t_s: float) -> None:
        """Kills it, or brings it back."""
        if self._back_s is not None:
            if time.monotonic() >= self._back_s:
                self._back_s = None
                self._start()
        elif self._process is not None and t_s >= self._due_s:
            self._due_s += OUTAGE_EVERY_S
            self.outages += 1
            self.end()
            self._back_s = time.monotonic() + OUTAGE_S

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
