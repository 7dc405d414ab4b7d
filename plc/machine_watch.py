"""The computer itself: room for what must be kept, load, temperature (A-084).

A service that looks every ten seconds and keeps an opinion; the scan only reads it. It judges the device, not
the plant: nothing here stops a miner. What it cannot read (no such file in a container, no sensor) it leaves
out instead of guessing. Limits: plant reference, alarm A-084.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from plc.scan.service import OneThread

log = logging.getLogger(__name__)

EVERY_S = 10.0
SILENT_AFTER_S = 60.0
"""An opinion older than this is none: whoever should look hangs, most likely in a dead disk."""

LOOKS = 7  # six spans: load is the mean of a minute, so that one plan or one upload is no alarm
CPU_MOST_PCT = 90.0
TEMPERATURE_MOST_DEGC = 75.0
FREE_LEAST_BYTES = 64 << 20
"""More than two days of everything this program writes in normal operation, and room for a second generation
of every file."""

STAT = Path("/proc/stat")
THERMAL = Path("/sys/class/thermal")


class Look(NamedTuple):
    """What was found. None: cannot be told here."""

    free_bytes: int | None = None
    writable: bool | None = None
    busy_ticks: int | None = None
    all_ticks: int | None = None
    degc: float | None = None


def look(folder: Path | None, *, stat: Path = STAT, thermal: Path = THERMAL) -> Look:
    """One look at the machine. folder: where our data lives, None when no folder could be made."""
    free, writable = _disk(folder)
    busy, total = _ticks(stat)
    return Look(free, writable, busy, total, _hottest(thermal))


def _disk(folder: Path | None) -> tuple[int | None, bool]:
    if folder is None:
        return None, False
    try:
        found = os.statvfs(folder)
    except OSError:
        return None, False
    return found.f_bavail * found.f_frsize, not found.f_flag & os.ST_RDONLY and os.access(folder, os.W_OK)


def _ticks(stat: Path) -> tuple[int | None, int | None]:
    """Busy and total processor time since boot; waiting for the disk is not busy."""
    try:
        fields = [int(part) for part in stat.read_text(encoding="ascii").splitlines()[0].split()[1:9]]
        return sum(fields) - fields[3] - fields[4], sum(fields)
    except (OSError, ValueError, IndexError):
        return None, None


def _hottest(thermal: Path) -> float | None:
    """The hottest thermal zone in degC."""
    found = []
    for zone in sorted(thermal.glob("thermal_zone*/temp")):
        try:
            found.append(int(zone.read_text(encoding="ascii")) / 1000.0)
        except (OSError, ValueError):
            continue  # a zone that is switched off answers with an error
    return max(found, default=None)


class MachineWatch(OneThread):
    """Service (start, stop, join, health).

    ok(): the limits are kept; called from the scan, never waits. folder: where retained data lives.
    """

    name = "machine"

    def __init__(
        self,
        folder: Path | None,
        *,
        looks: Callable[[], Look] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._look = looks or (lambda: look(folder))
        self._now_s = now_s
        self._looks: deque[Look] = deque(maxlen=LOOKS)
        self._looked_s = now_s()
        self._causes: tuple[str, ...] = ()

    def ok(self) -> bool:
        """Everything in order as of the last look, and the last look is not long ago."""
        return not self._causes and self._now_s() - self._looked_s < SILENT_AFTER_S

    def health(self) -> Mapping[str, object]:
        """The figures with what is wrong with them."""
        last = self._looks[-1] if self._looks else Look()
        cpu = self._cpu_pct()
        return {
            "ok": self.ok(),
            "causes": list(self._causes),
            "free_mb": None if last.free_bytes is None else last.free_bytes >> 20,
            "cpu_pct": None if cpu is None else round(cpu, 1),
            "temperature_degc": last.degc,
        }

    def turn(self) -> None:
        """One look and its judgement."""
        self._looks.append(self._look())
        causes = self._judge()
        if causes != self._causes:
            log.warning("computer: %s", ", ".join(causes) or "in order again")
        self._causes = causes
        self._looked_s = self._now_s()

    def _judge(self) -> tuple[str, ...]:
        last, cpu = self._looks[-1], self._cpu_pct()
        found = (
            ("disk_read_only", last.writable is False),
            ("disk_full", last.free_bytes is not None and last.free_bytes < FREE_LEAST_BYTES),
            ("cpu_busy", cpu is not None and cpu > CPU_MOST_PCT),
            ("cpu_hot", last.degc is not None and last.degc > TEMPERATURE_MOST_DEGC),
        )
        return tuple(name for name, holds in found if holds)

    def _cpu_pct(self) -> float | None:
        """Mean load of all cores over the last minute, None before a minute has been seen."""
        looks = tuple(self._looks)
        if len(looks) < LOOKS:
            return None
        begin, end = looks[0], looks[-1]
        if begin.busy_ticks is None or begin.all_ticks is None:
            return None
        if end.busy_ticks is None or end.all_ticks is None or end.all_ticks <= begin.all_ticks:
            return None
        return 100.0 * (end.busy_ticks - begin.busy_ticks) / (end.all_ticks - begin.all_ticks)

    def _work(self) -> None:
        while True:
            try:
                self.turn()
            except Exception:  # a dead watch would turn into an alarm about the computer
                log.exception("the look at the computer failed")
            # Wall time, also in a simulation: it is this computer that gets warm.
            if self._stop.wait(EVERY_S):
                return
