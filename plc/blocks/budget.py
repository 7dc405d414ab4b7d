"""What is rationed: time and events in a sliding window (blocked hours, starts per hour).

Budgets count time from `tick.dt_ns` on a clock of their own, so their memory can go into a file and come
back in a process whose monotonic clock starts somewhere else. Time during which no process ran does not
pass for them: a budget that forgets too late is safe, one that forgets too early is not.
"""

from __future__ import annotations

from typing import ClassVar

from plc.blocks.core import Block, Tick, ns
from plc.blocks.duty import not_negative


class WindowBudget(Block):
    """Time budget in a sliding window: at most limit_s active in any window_s.

    active: the state that is rationed. ok (result of step): budget is left. used_ns, left_ns.
    A block that decides on the budget before it knows its new state calls advance(tick), decides, and
    then mark(active); step() does both.
    Memory: start and end of each active interval in the window, at most MAX_INTERVALS of them. Beyond
    that the two oldest are put together so that their time leaves the window later than it should:
    wrong only on the side of using less.
    """

    MAX_INTERVALS: ClassVar[int] = 128

    __slots__ = ("_active", "_clock_ns", "_edges_ns", "_limit_ns", "_window_ns", "used_ns")

    STATE: ClassVar[tuple[str, ...]] = ("_active", "_clock_ns", "_edges_ns", "used_ns")

    def __init__(self, window_s: float, limit_s: float) -> None:
        not_negative("WindowBudget", window_s=window_s, limit_s=limit_s)
        self._window_ns = ns(window_s)
        self._limit_ns = ns(limit_s)
        self._clock_ns = 0
        self._active = False
        self._edges_ns: list[int] = []  # start, end, start, end ... on the block's own clock, oldest first
        self.used_ns = 0

    @property
    def left_ns(self) -> int:
        return max(0, self._limit_ns - self.used_ns)

    @property
    def ok(self) -> bool:
        return self.used_ns < self._limit_ns

    def advance(self, tick: Tick) -> bool:
        """Books the time since the last scan and forgets what left the window."""
        self._clock_ns += tick.dt_ns
        edges = self._edges_ns
        if self._active:
            edges[-1] = self._clock_ns
            self.used_ns += tick.dt_ns
        if edges:
            self._forget(self._clock_ns - self._window_ns)
        return self.used_ns < self._limit_ns

    def mark(self, active: bool) -> None:
        """The state from now on."""
        if active and not self._active:
            self._edges_ns += (self._clock_ns, self._clock_ns)
            if len(self._edges_ns) > 2 * self.MAX_INTERVALS:
                self._merge_oldest()
        self._active = active

    def step(self, tick: Tick, *, active: bool) -> bool:
        self.advance(tick)
        self.mark(active)
        return self.used_ns < self._limit_ns

    def _forget(self, horizon_ns: int) -> None:
        edges = self._edges_ns
        while len(edges) > 2 and edges[1] <= horizon_ns:
            self.used_ns -= edges[1] - edges[0]
            del edges[:2]
        if edges[0] < horizon_ns:
            kept_from_ns = min(horizon_ns, edges[1])
            self.used_ns -= kept_from_ns - edges[0]
            edges[0] = kept_from_ns

    def _merge_oldest(self) -> None:
        edges = self._edges_ns
        edges[2] -= edges[1] - edges[0]
        del edges[:2]


class EventBudget(Block):
    """Event budget in a sliding window: at most limit_n events in any window_s.

    advance(tick) once per scan, book() for each event; step() does both. ok: one more is allowed.
    An event leaves the window exactly window_s after it happened. At most limit_n times are kept:
    events beyond the limit (a protection that had to act) push out the oldest, which cannot matter.
    """

    __slots__ = ("_clock_ns", "_limit_n", "_times_ns", "_window_ns")

    STATE: ClassVar[tuple[str, ...]] = ("_clock_ns", "_times_ns")

    def __init__(self, window_s: float, limit_n: int) -> None:
        not_negative("EventBudget", window_s=window_s, limit_n=limit_n)
        self._window_ns = ns(window_s)
        self._limit_n = limit_n
        self._clock_ns = 0
        self._times_ns: list[int] = []

    @property
    def count(self) -> int:
        """Events in the window, at most limit_n."""
        return len(self._times_ns)

    @property
    def ok(self) -> bool:
        return len(self._times_ns) < self._limit_n

    @property
    def wait_ns(self) -> int:
        """Time until one more is allowed, 0 when it is now; the window's length when never."""
        if self.ok:
            return 0
        if not self._times_ns:
            return self._window_ns
        return self._window_ns - (self._clock_ns - self._times_ns[0])

    def advance(self, tick: Tick) -> bool:
        """Lets time pass and forgets what left the window."""
        self._clock_ns += tick.dt_ns
        times = self._times_ns
        if times:
            horizon_ns = self._clock_ns - self._window_ns
            while times and times[0] <= horizon_ns:
                del times[0]
        return len(times) < self._limit_n

    def book(self) -> None:
        """One event, now."""
        if self._limit_n:
            if len(self._times_ns) >= self._limit_n:
                del self._times_ns[0]
            self._times_ns.append(self._clock_ns)

    def step(self, tick: Tick, *, event: bool) -> bool:
        self.advance(tick)
        if event:
            self.book()
        return self.ok


class StartsPerHour(EventBudget):
    """Starts in any hour. limit_n: starts allowed per hour."""

    __slots__ = ()

    def __init__(self, limit_n: int) -> None:
        super().__init__(3600.0, limit_n)
