"""What happened on a bus, kept cheaply enough to leave on: counters, answer times, load.

Durations are wall time: they belong to the wire, not to the plant.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

WINDOW_S = 60.0
KEPT_DURATIONS = 1000


class Failure(StrEnum):
    """Why a transaction gave no data."""

    NO_ANSWER = "no_answer"
    BAD_FRAME = "bad_frame"  # CRC, length, foreign slave or function
    EXCEPTION = "exception"  # the slave itself refused
    BLANK = "blank"  # a valid frame whose content cannot be


@dataclass(frozen=True, slots=True)
class DeviceStats:
    """Counters of one device since start; times in ms. late_bytes: drained after a time-out."""

    requests: int = 0
    ok: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    exceptions: Mapping[int, int] = field(default_factory=dict)
    late_bytes: int = 0
    refused_values: int = 0
    torn_reads: int = 0
    consecutive_failures: int = 0
    answer_mean_ms: float | None = None
    answer_p95_ms: float | None = None


class DeviceCounters:
    """The mutable side of `DeviceStats`, owned by the bus thread."""

    def __init__(self) -> None:
        self.requests = 0
        self.ok = 0
        self.failures: Tally[str] = Tally()
        self.exceptions: Tally[int] = Tally()
        self.late_bytes = 0
        self.torn_reads = 0
        self.consecutive_failures = 0
        self.durations_s: deque[float] = deque(maxlen=KEPT_DURATIONS)

    def freeze(self, refused_values: int) -> DeviceStats:
        """A copy that nobody changes."""
        recent = sorted(list(self.durations_s)[-100:])
        return DeviceStats(
            requests=self.requests,
            ok=self.ok,
            failures=MappingProxyType(dict(self.failures)),
            exceptions=MappingProxyType(dict(self.exceptions)),
            late_bytes=self.late_bytes,
            refused_values=refused_values,
            torn_reads=self.torn_reads,
            consecutive_failures=self.consecutive_failures,
            answer_mean_ms=sum(recent) / len(recent) * 1000 if recent else None,
            answer_p95_ms=recent[int(0.95 * (len(recent) - 1))] * 1000 if recent else None,
        )


class Load:
    """Share of the last minute in which the line was busy."""

    def __init__(self) -> None:
        self._busy: deque[tuple[float, float]] = deque()
        self._started_s = time.monotonic()

    def add(self, busy_s: float) -> None:
        """One transaction that just ended."""
        self._busy.append((time.monotonic(), busy_s))

    def percent(self) -> float:
        """0..100 over the last minute, or since start if that is shorter."""
        now_s = time.monotonic()
        while self._busy and now_s - self._busy[0][0] > WINDOW_S:
            self._busy.popleft()
        span_s = max(min(WINDOW_S, now_s - self._started_s), 1e-3)
        return min(100.0, 100.0 * sum(busy_s for _, busy_s in self._busy) / span_s)
