"""What wears and what is rationed: running hours, starts, minimum times, budgets, exercise.

All of them count time from `tick.dt_ns` on a clock of their own, so their memory can go into a file and
come back in a process whose monotonic clock starts somewhere else. Time during which no process ran
does not pass for them: a budget that forgets too late is safe, one that forgets too early is not.

Convention: what an input says in one scan is taken to be true until the next scan, so a scan books its
dt to the state of the scan before. The scan of an edge books nothing to the new state.
"""

from __future__ import annotations

from typing import ClassVar

from plc.blocks.core import NS_PER_S, Block, Tick, ns

NS_PER_H = 3600 * NS_PER_S


def _not_negative(owner: str, **values_s: float) -> None:
    for name, value in values_s.items():
        if not value >= 0:
            raise ValueError(f"{owner}: {name} is {value}, must be >= 0")


class RunHours(Block):
    """Operating hours. running: measured state. run_ns: total; hours: the same in hours."""

    __slots__ = ("_running", "run_ns")

    STATE: ClassVar[tuple[str, ...]] = ("_running", "run_ns")

    def __init__(self) -> None:
        self.run_ns = 0
        self._running = False

    @property
    def hours(self) -> float:
        return self.run_ns / NS_PER_H

    def step(self, tick: Tick, *, running: bool) -> int:
        if self._running:
            self.run_ns += tick.dt_ns
        self._running = running
        return self.run_ns


class StartCounter(Block):
    """Starts. running: measured state; each change to on counts, an on in the very first scan too."""

    __slots__ = ("_running", "count")

    STATE: ClassVar[tuple[str, ...]] = ("_running", "count")

    def __init__(self) -> None:
        self.count = 0
        self._running = False

    def step(self, tick: Tick, *, running: bool) -> int:
        if running and not self._running:
            self.count += 1
        self._running = running
        return self.count


class MinTimes(Block):
    """Minimum on and off time, counted from the MEASURED state, never from the command.

    request:  the device is wanted.
    measured: what the device does, from its feedback. A device without one uses `step_unproved`.
    trip:     off at once; overrides the minimum on time. Nothing overrides the minimum off time.

    command (result of step) is off while the device is measured on without our command (welded, hand
    switch): minimum off starts when it is really off. When a commanded device stops by itself, the
    command is withdrawn, so that it cannot come back by itself before its minimum off time.

    off_served: the minimum off time counts as over at start. Only for devices that must be able to
    protect from the first scan on (pumps); a miner waits after every start of the program.
    held_ns: time in the measured state. wait_ns: minimum off time left.
    """

    __slots__ = ("_min_off_ns", "_min_on_ns", "command", "held_ns", "measured")

    STATE: ClassVar[tuple[str, ...]] = ("command", "measured", "held_ns")

    def __init__(self, min_on_s: float, min_off_s: float, *, off_served: bool = False) -> None:
        _not_negative("MinTimes", min_on_s=min_on_s, min_off_s=min_off_s)
        self._min_on_ns = ns(min_on_s)
        self._min_off_ns = ns(min_off_s)
        self.command = False
        self.measured = False
        self.held_ns = self._min_off_ns if off_served else 0

    @property
    def wait_ns(self) -> int:
        """Minimum off time that is left before a start, in ns; the whole of it while measured on."""
        if self.measured:
            return self._min_off_ns
        return max(0, self._min_off_ns - self.held_ns)

    @property
    def holding_on(self) -> bool:
        """True while the minimum on time runs."""
        return self.command and self.measured and self.held_ns < self._min_on_ns

    def step(self, tick: Tick, *, request: bool, measured: bool, trip: bool = False) -> bool:
        if measured != self.measured:
            self.measured = measured
            self.held_ns = 0
            if not measured:
                self.command = False
        else:
            self.held_ns += tick.dt_ns
        if trip:
            self.command = False
        elif self.command:
            self.command = request or (measured and self.held_ns < self._min_on_ns)
        else:
            self.command = request and not measured and self.held_ns >= self._min_off_ns
        return self.command

    def step_unproved(self, tick: Tick, *, request: bool, trip: bool = False) -> bool:
        """The same for a device without feedback: what we command is taken to happen in this scan."""
        command = self.step(tick, request=request, measured=self.measured, trip=trip)
        if command != self.measured:
            self.measured = command
            self.held_ns = 0
        return command


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
        _not_negative("WindowBudget", window_s=window_s, limit_s=limit_s)
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
        _not_negative("EventBudget", window_s=window_s, limit_n=limit_n)
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


class AntiSeize(Block):
    """Exercise: asks for a run of run_s when the device has stood still for after_s.

    running:   measured state; a run of at least run_s, whoever asked for it, counts as exercise.
    permitted: an exercise may begin and go on (hour of the day, plant state). Without permission the
               exercise waits; a broken-off one is tried again.
    run (result of step): request for the exercise. idle_ns: time at rest. count: completed exercises.
    Only a run that lasted clears the idle time: a pump that was asked to run and did not, or that was
    switched off after a second, has not been exercised.
    """

    __slots__ = ("_after_ns", "_ran_ns", "_run_ns", "_running", "count", "idle_ns", "run")

    STATE: ClassVar[tuple[str, ...]] = ("_running", "_ran_ns", "idle_ns", "run", "count")

    def __init__(self, after_s: float, run_s: float) -> None:
        _not_negative("AntiSeize", after_s=after_s, run_s=run_s)
        self._after_ns = ns(after_s)
        self._run_ns = ns(run_s)
        self._running = False
        self._ran_ns = 0
        self.idle_ns = 0
        self.run = False
        self.count = 0

    def step(self, tick: Tick, *, running: bool, permitted: bool = True) -> bool:
        if self._running:
            self._ran_ns += tick.dt_ns
        else:
            self.idle_ns += tick.dt_ns
        if not running:
            self._ran_ns = 0
        if self._ran_ns >= self._run_ns:
            if self.run:
                self.count += 1
            self.idle_ns = 0
        self._running = running
        self.run = permitted and self.idle_ns >= self._after_ns
        return self.run
