"""A day of the whole program on the stepped clock with 1 % faults: memory, descriptors, threads, disk.

The controller and the virtual plant with all its devices run as in the demo, as fast as they go. One in a
hundred answers on the RS485 lines is spoilt (silence, checksum, half a frame, zeros), and every miner's
network hangs for 1 % of the time at random moments. The meters say nothing for a whole hour and have to be
back afterwards. Where mosquitto is installed, the link is at work, and the broker is killed every two hours.
In simulated time the wire is slow: who waits for a time-out of half a second misses a minute of the plant,
so devices go stale here more often than in a house; that is part of the test. Growth is counted after a
warm-up, in which buffers of fixed size fill. Every simulated hour prints its figures on standard error, so
that a run that is broken off is not lost.

Then the program runs for a while at 100 ms in real time: its share of a core and its memory, and the time
from its start to its first scan (best of three). Its disk writes are the kernel's count of written pages,
image and runtime files being in memory as on the device; what the wall clock triggers is added for a day.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plc.store.retained import WRITE_INTERVAL_S
from tools.bench_parts import _alone
from tools.bench_parts._process import sizes
from tools.bench_parts._stepped_day import LINE_FAULTS, LINE_SHARE, Broker, Faults, Silence, Twin
from tools.bench_parts.result import budget, result
from tools.bench_parts.surroundings import Controller, make_image, make_site
from tools.demo_app.demo_site import free_ports

HOURS = 24.0
SHORT_S = 120.0
WARM_UP = 0.5  # of the patience, or an hour of simulated time, whichever comes first
WARM_UP_S = 3600.0
REAL_S, SHORT_REAL_S = 60.0, 15.0
PERIOD_MS = 100
DIARY_S = 3600.0  # simulated
SILENCE_S, SHORT_SILENCE_S = 3600.0, 600.0  # simulated
IN_MEMORY = Path("/dev/shm")
PAGE = 4096
SOC_OFF_PCT = 3.0  # steps of the register, and what the battery moves while a value counts as fresh

CPU_PCT, RSS_MB, GROWTH_MB, FIRST_SCAN_S, DISK_MB = 4.0, 90.0, 1.0, 2.0, 50.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hours", type=float, help="simulated hours (default: 24)")
    parser.add_argument("--seconds", type=float, help="end after so many seconds of wall time from its start")
    parser.add_argument("--counts", action="store_true", help="judge only what no slow machine changes")


def run(args: argparse.Namespace) -> dict[str, Any]:
    hours = args.hours or HOURS
    limit_s = args.seconds or (SHORT_S if args.short and not args.hours else None)
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-") as disk, _memory() as memory:
        soak = _soak(memory / "soak", Path(disk) / "soak", hours, limit_s)
        print(json.dumps(soak), file=sys.stderr, flush=True)  # a day is too long to lose to what comes after
        counted = _counted(soak)
        if args.counts:
            return result("soak", soak, counted)
        real = _alone.measure(memory / "real", Path(disk) / "real", SHORT_REAL_S if args.short else REAL_S)
    budgets = {
        **counted,
        "rss_growth_mb": budget(GROWTH_MB, soak["rss_growth_mb"]),
        "descriptor_growth": budget(0, soak["descriptor_growth"]),
        "thread_growth": budget(0, soak["thread_growth"]),
        "disk_mb_per_day": budget(DISK_MB, soak["disk_mb_per_day"]),
        "cpu_pct_of_a_core": budget(CPU_PCT, real["cpu_pct_of_a_core"]),
        "rss_mb": budget(RSS_MB, max(real["real_rss_mb"], soak["rss_mb"])),
        "first_scan_s": budget(FIRST_SCAN_S, real["first_scan_s"]),
    }
    return result("soak", {**soak, **real}, budgets)


def _counted(soak: dict[str, Any]) -> dict[str, Any]:
    """What must not happen even once, on the slowest machine."""
    names = (
        "ended_early",
        "silent_for_good",
        "threads_died",
        "driver_crashes",
        "wrong_values",
        "lost_cycles",
    )
    return {name: budget(0, soak[name]) for name in names}


@contextmanager
def _memory() -> Iterator[Path]:
    """A folder that is not on a disk, as the runtime directory of the device."""
    where = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-", dir=where) as name:
        yield Path(name)


def _soak(folder: Path, disk: Path, hours: float, limit_s: float | None) -> dict[str, Any]:
    folder.mkdir(parents=True)
    ports = free_ports(2)
    site = make_site(folder, ports, PERIOD_MS)
    image = make_image(folder, "image")
    broker = Broker(folder, site)
    twin = Twin(folder, site, image, ports, hours)
    for line in ("deye", "meters"):
        for fault in LINE_FAULTS:
            twin.order(f"{line} fault {fault} {LINE_SHARE}")
    try:
        with Controller(site, image, folder, disk, "--clock", str(twin.clock)) as controller:
            # From here on: a slow machine needs most of two minutes for the start alone.
            deadline = time.monotonic() + limit_s if limit_s else None
            watch = _watch(controller, twin, broker, hours * 3600.0, deadline)
            watch["disk_mb_per_day"] = _disk_per_day(disk, watch)
            twin.end()
    finally:
        if twin.process.poll() is None:
            twin.process.kill()
            twin.process.wait()
        broker.end()
    return watch


def _watch(
    controller: Controller, twin: Twin, broker: Broker, end_s: float, deadline: float | None
) -> dict[str, Any]:
    """Looks at the process until the day or the patience is over."""
    began, faults, wrong, looks = time.monotonic(), Faults(), 0, 0
    silence = Silence(SILENCE_S if deadline is None else SHORT_SILENCE_S)
    start = sizes(controller.process.pid)
    warm: dict[str, int] | None = None
    counted: list[dict[str, int]] = []
    warm_s, diary_s, status, last = 0.0, DIARY_S, {}, start
    while controller.process.poll() is None and twin.process.poll() is None and twin.t_s < end_s - 60.0:
        if deadline is not None and time.monotonic() > deadline:
            break
        time.sleep(0.25)
        faults.step(twin)
        broker.step(twin.t_s)
        last = sizes(controller.process.pid)
        status = controller.status() or status
        silence.step(twin, status)
        looks += 1
        wrong += _wrong(status, twin)
        share = (time.monotonic() - began) / (deadline - began) if deadline else 0.0
        if warm is None and (share >= WARM_UP or twin.t_s >= WARM_UP_S):
            warm, warm_s = last, twin.t_s
        if warm is not None:
            counted.append(last)
        if twin.t_s >= diary_s:
            diary_s += DIARY_S
            print(json.dumps({"t_s": twin.t_s, **last}), file=sys.stderr, flush=True)
    warm = warm or start
    services = status.get("services", {})
    ports = services["rs485"]["ports"]
    miners = [services[f"miner{number}"] for number in (1, 2)]
    link = services.get("mqtt", {})
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
        "descriptor_growth": _growth([size["descriptors"] for size in counted]),
        "threads": last["threads"],
        "thread_growth": _growth([size["threads"] for size in counted]),
        "threads_died": sum(not port["alive"] for port in ports)
        + sum(not miner["alive"] for miner in miners),
        "driver_crashes": sum(item["crashes"] for item in (*ports, *miners)),
        "rs485_transactions": sum(port["transactions"] for port in ports),
        "rs485_failed": sum(
            device["requests"] - device["ok"] for port in ports for device in port["devices"]
        ),
        "ended_early": int(
            controller.process.poll() is not None or (twin.t_s < end_s - 60.0 and deadline is None)
        ),
        "silence_judged": int(not silence.missing or silence.judged(twin.t_s)),
        "silent_for_good": len(silence.missing) if silence.judged(twin.t_s) else 0,
        "miner_hangs": faults.count,
        "broker_outages": broker.outages,
        "broker_connects": link.get("connects", 0),
        "published": link.get("published", 0),
        "looks": looks,
        "wrong_values": wrong,
        "lost_cycles": status["scan"]["lost_cycles"],
        "written_pages_mb": round(last["written"] / 1e6, 3),
    }


def _growth(counts: list[int]) -> int:
    """Least of the last third over the usual of the first: connections that come and go are no leak."""
    third = max(1, len(counts) // 3)
    return min(counts[-third:]) - statistics.median_low(counts[:third]) if counts else 0


def _wrong(status: dict[str, Any], twin: Twin) -> int:
    """Values that the controller calls good and that the plant never had."""
    energy = status.get("inputs", {}).get("energy", {})
    soc = energy.get("battery_soc_pct", {"quality": "never"})
    if soc["quality"] != "good" or "soc_pct" not in twin.latest:
        return 0
    # The status is a second old, on a busy machine more; the plant lives through many minutes meanwhile.
    return all(abs(soc["value"] - had) > SOC_OFF_PCT for had in twin.recent_soc())


def _disk_per_day(disk: Path, watch: dict[str, Any]) -> float:
    """MB: what simulated time caused, scaled to a day, and a day of the writes that the wall clock causes."""
    retained = max((f.stat().st_size for f in disk.rglob("retain*") if f.is_file()), default=0)
    pages = -(-retained // PAGE) + 1
    logged = sum(len(f.read_bytes().splitlines()) for f in disk.rglob("decisions*.jsonl"))
    # In a house every line of the decision log dirties a page of its own; here the kernel joins many.
    caused = watch["written_pages_mb"] * 1e6 + logged * PAGE
    days = max(watch["simulated_h"], 1e-3) / 24.0
    return round((caused / days + 86_400.0 / WRITE_INTERVAL_S * pages * PAGE) / 1e6, 2)
