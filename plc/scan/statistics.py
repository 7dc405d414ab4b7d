"""How long scans take and how late they begin: cheap enough to stay on for ever.

Fixed buckets, so that a year of scans needs the memory of the first second, and the tail that matters is
not averaged away. The scan only increments numbers; percentiles are worked out by whoever reads the report.
A report taken while the scan runs may be one scan inconsistent between its figures, never wrong by more.
"""

from __future__ import annotations

from typing import Any

from plc.scan.clock import Turn
from plc.scan.lateness import PARTS, LateScans
from plc.scan.lifecycle import SWITCH_INTERVAL_S

NS_PER_US = 1_000

_SUB_BITS = 4  # 16 steps per doubling: a percentile is at most 1/16 above the true value
_SUB = 1 << _SUB_BITS
_BUCKETS = _SUB * 24  # up to 2^27 us, more than two minutes; longer goes into the last bucket


class Histogram:
    """Durations in logarithmic buckets, from one microsecond to two minutes."""

    __slots__ = ("_counts", "count", "max_ns", "total_ns")

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.max_ns = 0
        self.total_ns = 0

    def add(self, value_ns: int) -> None:
        """Counts one duration, >= 0."""
        us = value_ns // NS_PER_US
        if us >= _SUB:
            shift = us.bit_length() - _SUB_BITS - 1
            us = (shift << _SUB_BITS) + (us >> shift)
            if us >= _BUCKETS:
                us = _BUCKETS - 1
        self._counts[us] += 1
        self.count += 1
        self.total_ns += value_ns
        if value_ns > self.max_ns:
            self.max_ns = value_ns

    def percentile_us(self, share: float) -> float:
        """Upper edge of the bucket below which this share of the values lies; 0 without values."""
        counts = list(self._counts)
        wanted = share * sum(counts)
        seen = 0
        for index, number in enumerate(counts):
            seen += number
            if number and seen >= wanted:
                return min(_upper_us(index), self.max_ns / NS_PER_US)
        return 0.0

    def clear(self) -> None:
        """Starts again at nothing, in place."""
        self._counts[:] = _ZERO
        self.count = self.max_ns = self.total_ns = 0

    def report(self) -> dict[str, float]:
        """The figures of this histogram in microseconds."""
        return {
            "p50_us": self.percentile_us(0.5),
            "p99_us": self.percentile_us(0.99),
            "p999_us": self.percentile_us(0.999),
            "max_us": self.max_ns / NS_PER_US,
            "mean_us": self.total_ns / NS_PER_US / self.count if self.count else 0.0,
        }


_ZERO = [0] * _BUCKETS
_NO_PARTS = (0,) * len(PARTS)


def _upper_us(index: int) -> float:
    if index < _SUB:
        return index + 1.0
    shift = (index >> _SUB_BITS) - 1
    return float((index - (shift << _SUB_BITS) + 1) << shift)


class Window:
    """The same duration since start, and over the last full window: an old spike must not hide today's."""

    __slots__ = ("_running", "last", "total")

    SCANS = 1000

    def __init__(self) -> None:
        self.total = Histogram()
        self.last = Histogram()
        self._running = Histogram()

    def add(self, value_ns: int) -> None:
        """Counts one duration in both."""
        self.total.add(value_ns)
        running = self._running
        running.add(value_ns)
        if running.count >= self.SCANS:
            self._running, self.last = self.last, running
            self._running.clear()

    def report(self) -> dict[str, dict[str, float]]:
        """Both histograms; until the first window is full, the last one is the running one."""
        last = self.last if self.last.count else self._running
        return {"since_start": self.total.report(), f"last_{self.SCANS}": last.report()}


class ScanStatistics:
    """Everything counted about the cycle.

    scans:       scans whose outputs reached the image.
    lost_cycles: periods that passed without a scan.
    late_scans:  scans that began more than one period after their deadline.
    late:        why they did.
    restarts:    times a gap beyond the watchdog period made a new plant.
    """

    __slots__ = (
        "_handover_ns",
        "_logic_ns",
        "_parts_ns",
        "_read_ns",
        "_write_ns",
        "execution",
        "late",
        "late_scans",
        "lateness",
        "lost_cycles",
        "period_ns",
        "restarts",
        "scans",
    )

    def __init__(self, period_ns: int) -> None:
        self.period_ns = period_ns
        self.execution = Window()
        self.lateness = Window()
        self.scans = 0
        self.lost_cycles = 0
        self.late_scans = 0
        self.late = LateScans(period_ns, round(SWITCH_INTERVAL_S * 1e9))
        self.restarts = 0
        self._parts_ns = _NO_PARTS  # of the scan before, for the cause of a late one
        self._read_ns = self._logic_ns = self._write_ns = self._handover_ns = 0

    def began(self, turn: Turn) -> None:
        """A scan begins."""
        self.lateness.add(turn.late_ns)
        self.lost_cycles += turn.lost
        if turn.late_ns >= self.period_ns:
            self.late_scans += 1
        self.late.began(turn, self._parts_ns)
        self._parts_ns = _NO_PARTS

    def finished(self, read_ns: int, logic_ns: int, write_ns: int, handover_ns: int) -> None:
        """A scan is done; the time of its four parts."""
        self.scans += 1
        self._read_ns += read_ns
        self._logic_ns += logic_ns
        self._write_ns += write_ns
        self._handover_ns += handover_ns
        self._parts_ns = (read_ns, logic_ns, write_ns, handover_ns, 0)
        self.execution.add(read_ns + logic_ns + write_ns + handover_ns)

    def rested(self, garbage_ns: int) -> None:
        """What the housekeeping after this scan took."""
        self._parts_ns = (*self._parts_ns[:4], garbage_ns)

    def report(self) -> dict[str, Any]:
        """All figures as plain data; call it outside the scan."""
        total = (self._read_ns + self._logic_ns + self._write_ns + self._handover_ns) or 1
        return {
            "period_ms": self.period_ns / 1e6,
            "scans": self.scans,
            "lost_cycles": self.lost_cycles,
            "late_scans": self.late_scans,
            **self.late.report(),
            "restarts": self.restarts,
            "execution": self.execution.report(),
            "lateness": self.lateness.report(),
            "share": {
                "read": self._read_ns / total,
                "logic": self._logic_ns / total,
                "write": self._write_ns / total,
                "handover": self._handover_ns / total,
            },
        }
