"""What wears: running hours, starts, minimum times, exercise. Rations are in `plc.blocks.budget`.

Time comes from `tick.dt_ns` alone. What an input says in one scan is taken to be true until the next
scan, so a scan books its dt to the state of the scan before; the scan of an edge books nothing to the
new state.
"""

from __future__ import annotations

from typing import ClassVar

from plc.blocks.core import NS_PER_S, Block, Tick, ns

NS_PER_H = 3600 * NS_PER_S


def not_negative(owner: str, **values_s: float) -> None:
    """ValueError that names the block and the parameter which is below 0 or not a number."""
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
        not_negative("MinTimes", min_on_s=min_on_s, min_off_s=min_off_s)
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
        not_negative("AntiSeize", after_s=after_s, run_s=run_s)
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
