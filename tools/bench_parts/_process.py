"""A process as the kernel sees it: memory, threads, descriptors, written pages, processor time."""

from __future__ import annotations

import os
from pathlib import Path


def _numbers(pid: int, name: str) -> dict[str, int]:
    """Every `key: number` of a file in /proc."""
    found = {}
    for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
        key, _, value = line.partition(":")
        if (number := value.strip().split(" ")[0]).isdigit():
            found[key] = int(number)
    return found


def sizes(pid: int) -> dict[str, int]:
    status, io = _numbers(pid, "status"), _numbers(pid, "io")
    return {
        "rss_kb": status["VmRSS"],
        "threads": status["Threads"],
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "written": io["write_bytes"] - io.get("cancelled_write_bytes", 0),
    }


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
