"""A day of the whole program on the stepped clock with 1 % faults: memory, descriptors, threads, disk.

The controller and the virtual plant with all its devices run as in the demo, as fast as they go. One in a
hundred answers on the RS485 lines is spoilt (silence, checksum, half a frame, zeros), and every miner's
network hangs for 1 % of the time at random moments. Growth is counted after a warm-up, in which buffers of
fixed size fill. In simulated time the wire is slow: who waits for a time-out of half a second misses a
minute of the plant, so devices go stale here more often than in a house; that is part of the test.

Then the program runs for a while at 100 ms in real time: its share of a core and its memory, and the time
from its start to its first scan (best of three). Its disk writes are the kernel's count of written pages,
image and runtime files being in memory as on the device; what the wall clock triggers is added for a day.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plc.store.retained import WRITE_INTERVAL_S
from tools.bench_parts.result import budget, result
from tools.bench_parts.surroundings import ROOT, Controller, make_image, make_site, virtual_devices
from tools.demo_app.demo_site import free_ports

HOURS = 24.0
SHORT_S = 120.0
WARM_UP = 0.5  # of the patience, or an hour of simulated time, whichever comes first
WARM_UP_S = 3600.0
REAL_S, SHORT_REAL_S = 60.0, 15.0
PERIOD_MS = 100
STARTS = 3
FAULT_SHARE = 0.01
LINE_FAULTS = ("silent", "crc", "half", "zeros")
HANG_S = 60.0  # simulated
IN_MEMORY = Path("/dev/shm")
PAGE = 4096
SOC_OFF_PCT = 3.0  # more than the battery of the plant moves between two looks

CPU_PCT, RSS_MB, GROWTH_MB, FIRST_SCAN_S, DISK_MB = 4.0, 90.0, 1.0, 2.0, 50.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hours", type=float, help="simulated hours (default: 24)")
    parser.add_argument("--seconds", type=float, help="end after so many seconds of wall time")


def run(args: argparse.Namespace) -> dict[str, Any]:
    hours = args.hours or HOURS
    limit_s = args.seconds or (SHORT_S if args.short and not args.hours else None)
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-") as disk, _memory() as memory:
        soak = _soak(memory / "soak", Path(disk) / "soak", hours, limit_s)
        print(json.dumps(soak), file=sys.stderr, flush=True)  # a day is too long to lose to what comes after
        real = _real_time(memory / "real", Path(disk) / "real", SHORT_REAL_S if args.short else REAL_S)
    figures = {**soak, **real}
    budgets = {
        "rss_growth_mb": budget(GROWTH_MB, soak["rss_growth_mb"]),
        "descriptor_growth": budget(0, soak["descriptor_growth"]),
        "thread_growth": budget(0, soak["thread_growth"]),
        "threads_died": budget(0, soak["threads_died"]),
        "driver_crashes": budget(0, soak["driver_crashes"]),
        "wrong_values": budget(0, soak["wrong_values"]),
        "lost_cycles": budget(0, soak["lost_cycles"]),
        "disk_mb_per_day": budget(DISK_MB, soak["disk_mb_per_day"]),
        "cpu_pct_of_a_core": budget(CPU_PCT, real["cpu_pct_of_a_core"]),
        "rss_mb": budget(RSS_MB, max(real["real_rss_mb"], soak["rss_mb"])),
        "first_scan_s": budget(FIRST_SCAN_S, real["first_scan_s"]),
    }
    return result("soak", figures, budgets)


@contextmanager
def _memory() -> Iterator[Path]:
    """A folder that is not on a disk, as the runtime directory of the device."""
    where = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-", dir=where) as name:
        yield Path(name)


# --- the process as the kernel sees it


def _numbers(pid: int, name: str) -> dict[str, int]:
    """Every `key: number` of a file in /proc."""
    found = {}
    for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
        key, _, value = line.partition(":")
        if (number := value.strip().split(" ")[0]).isdigit():
            found[key] = int(number)
    return found


def _sizes(pid: int) -> dict[str, int]:
    status, io = _numbers(pid, "status"), _numbers(pid, "io")
    return {
        "rss_kb": status["VmRSS"],
        "threads": status["Threads"],
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "written": io["write_bytes"] - io.get("cancelled_write_bytes", 0),
    }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- a day on the stepped clock


class _Twin:
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
        self._reader = threading.Thread(target=self._read, daemon=True)
        while not self.clock.exists():
            if self.process.poll() is not None:
                raise SystemExit("the virtual plant did not start")
            time.sleep(0.02)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.latest = json.loads(line)

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
        self.process.wait(30)
        self._reader.join(5)


class _Faults:
    """The network of each miner hangs for 1 % of the simulated time."""

    def __init__(self) -> None:
        self._dice = random.Random(4)
        self._next = {
            name: (self._dice.uniform(0.0, 2.0) * HANG_S / FAULT_SHARE, True) for name in ("m1", "m2")
        }
        self.count = 0

    def step(self, twin: _Twin) -> None:
        for name, (due_s, hangs) in self._next.items():
            if twin.t_s >= due_s:
                twin.order(f"{name} network {'hang' if hangs else 'pass'}")
                self.count += hangs
                wait_s = HANG_S if hangs else self._dice.uniform(0.0, 2.0) * HANG_S / FAULT_SHARE
                self._next[name] = (twin.t_s + wait_s, not hangs)


def _soak(folder: Path, disk: Path, hours: float, limit_s: float | None) -> dict[str, Any]:
    folder.mkdir(parents=True)
    ports = free_ports(2)
    site = make_site(folder, ports, PERIOD_MS)
    image = make_image(folder, "image")
    twin = _Twin(folder, site, image, ports, hours)
    for line in ("deye", "meters"):
        for fault in LINE_FAULTS:
            twin.order(f"{line} fault {fault} {FAULT_SHARE / len(LINE_FAULTS)}")
    began = time.monotonic()
    try:
        with Controller(site, image, folder, disk, "--clock", str(twin.clock)) as controller:
            watch = _watch(controller, twin, hours * 3600.0, began + limit_s if limit_s else None)
            watch["disk_mb_per_day"] = _disk_per_day(disk, watch)
            twin.end()
    finally:
        if twin.process.poll() is None:
            twin.process.kill()
            twin.process.wait()
    return watch


def _watch(controller: Controller, twin: _Twin, end_s: float, deadline: float | None) -> dict[str, Any]:
    """Looks at the process until the day or the patience is over."""
    began, faults, wrong, looks = time.monotonic(), _Faults(), 0, 0
    start = _sizes(controller.process.pid)
    warm: dict[str, int] | None = None
    sizes: list[dict[str, int]] = []
    warm_s, status, last = 0.0, {}, start
    while controller.process.poll() is None and twin.process.poll() is None and twin.t_s < end_s - 60.0:
        if deadline is not None and time.monotonic() > deadline:
            break
        time.sleep(0.25)
        faults.step(twin)
        last = _sizes(controller.process.pid)
        status = controller.status() or status
        looks += 1
        wrong += _wrong(status, twin)
        share = (time.monotonic() - began) / (deadline - began) if deadline else 0.0
        if warm is None and (share >= WARM_UP or twin.t_s >= WARM_UP_S):
            warm, warm_s = last, twin.t_s
        if warm is not None:
            sizes.append(last)
    warm = warm or start
    services = status.get("services", {})
    ports = services["rs485"]["ports"]
    miners = [services[f"miner{number}"] for number in (1, 2)]
    return {
        "simulated_h": round(twin.t_s / 3600.0, 3),
        "scans": status["scan"]["scans"],
        "wall_s": round(time.monotonic() - began, 1),
        "growth_counted_over_h": round((twin.t_s - warm_s) / 3600.0, 3),
        "rss_start_mb": round(start["rss_kb"] / 1024, 2),
        "rss_warm_mb": round(warm["rss_kb"] / 1024, 2),
        "rss_mb": round(last["rss_kb"] / 1024, 2),
        "rss_growth_mb": round((last["rss_kb"] - warm["rss_kb"]) / 1024, 2),
        "descriptors": last["descriptors"],
        "descriptor_growth": _growth([size["descriptors"] for size in sizes]),
        "threads": last["threads"],
        "thread_growth": _growth([size["threads"] for size in sizes]),
        "threads_died": sum(not port["alive"] for port in ports)
        + sum(not miner["alive"] for miner in miners),
        "driver_crashes": sum(item["crashes"] for item in (*ports, *miners)),
        "rs485_transactions": sum(port["transactions"] for port in ports),
        "rs485_failed": sum(
            device["requests"] - device["ok"] for port in ports for device in port["devices"]
        ),
        "miner_hangs": faults.count,
        "looks": looks,
        "wrong_values": wrong,
        "lost_cycles": status["scan"]["lost_cycles"],
        "written_pages_mb": round(last["written"] / 1e6, 3),
    }


def _growth(counts: list[int]) -> int:
    """Least of the last third over least of the first: connections that come and go are no leak."""
    third = max(1, len(counts) // 3)
    return min(counts[-third:]) - min(counts[:third]) if counts else 0


def _wrong(status: dict[str, Any], twin: _Twin) -> int:
    """Values that the controller calls good and that the plant never had."""
    energy = status.get("inputs", {}).get("energy", {})
    soc = energy.get("battery_soc_pct", {"quality": "never"})
    if soc["quality"] != "good" or "soc_pct" not in twin.latest:
        return 0
    return abs(soc["value"] - twin.latest["soc_pct"]) > SOC_OFF_PCT


def _disk_per_day(disk: Path, watch: dict[str, Any]) -> float:
    """MB: what simulated time caused, scaled to a day, and a day of the writes that the wall clock causes."""
    retained = max((f.stat().st_size for f in disk.rglob("retain*") if f.is_file()), default=0)
    pages = -(-retained // PAGE) + 1
    logged = sum(len(f.read_bytes().splitlines()) for f in disk.rglob("decisions*.jsonl"))
    # In a house every line of the decision log dirties a page of its own; here the kernel joins many.
    caused = watch["written_pages_mb"] * 1e6 + logged * PAGE
    days = max(watch["simulated_h"], 1e-3) / 24.0
    return round((caused / days + 86_400.0 / WRITE_INTERVAL_S * pages * PAGE) / 1e6, 2)


# --- real time


def _real_time(folder: Path, disk: Path, seconds: float) -> dict[str, Any]:
    """The whole program at 100 ms with all drivers live."""
    folder.mkdir(parents=True)
    ports = free_ports(2)
    site = make_site(folder, ports, PERIOD_MS)
    image = make_image(folder, "image")
    starts = []
    for _ in range(STARTS - 1):
        with Controller(site, image, folder, disk) as controller:
            starts.append(controller.first_scan_s)
    with virtual_devices(folder, ports), Controller(site, image, folder, disk) as controller:
        pid = controller.process.pid
        starts.append(controller.first_scan_s)
        start_cpu_s = _cpu_s(pid)
        time.sleep(3.0)  # identification and logins are over
        cpu_s, began = _cpu_s(pid), time.monotonic()
        time.sleep(seconds)
        share = (_cpu_s(pid) - cpu_s) / (time.monotonic() - began)
        return {
            "first_scan_s": round(min(starts), 2),
            "first_scan_worst_s": round(max(starts), 2),
            "first_scan_cpu_s": round(start_cpu_s, 2),
            "cpu_pct_of_a_core": round(100.0 * share, 2),
            "real_rss_mb": round(_sizes(pid)["rss_kb"] / 1024, 2),
        }
