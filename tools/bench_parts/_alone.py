"""The whole program for a while at 100 ms in real time: its start, its share of a core, its memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tools.bench_parts._process import cpu_s, sizes
from tools.bench_parts.surroundings import Controller, make_image, make_site, virtual_devices
from tools.demo_app.demo_site import free_ports

PERIOD_MS = 100
STARTS = 3
SETTLE_S = 3.0  # identification and logins are over


def measure(folder: Path, disk: Path, seconds: float) -> dict[str, Any]:
    """Figures with all drivers live; the first scan from the best of three starts, wall and processor."""
    folder.mkdir(parents=True)
    ports = free_ports(2)
    site = make_site(folder, ports, PERIOD_MS)
    image = make_image(folder, "image")
    starts, start_cpu_s = [], []
    with virtual_devices(folder, ports):
        for last in (*[False] * (STARTS - 1), True):
            with Controller(site, image, folder, disk) as controller:
                pid = controller.process.pid
                starts.append(controller.first_scan_s)
                start_cpu_s.append(cpu_s(pid))
                if last:
                    time.sleep(SETTLE_S)
                    before_s, began = cpu_s(pid), time.monotonic()
                    time.sleep(seconds)
                    share = (cpu_s(pid) - before_s) / (time.monotonic() - began)
                    rss_kb = sizes(pid)["rss_kb"]
    return {
        "first_scan_s": round(min(starts), 2),
        "first_scan_worst_s": round(max(starts), 2),
        "first_scan_cpu_s": round(min(start_cpu_s), 2),
        "cpu_pct_of_a_core": round(100.0 * share, 2),
        "real_rss_mb": round(rss_kb / 1024, 2),
    }
