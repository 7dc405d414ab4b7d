"""The cycle: read image - snapshots and commands - step - write image - hand over - sleep.

This file shows one scan from top to bottom, and everything that can interrupt it. It knows no image, no
driver, no broker and no file: it is given something that reads and writes, something that steps and
something that takes the results.

A scan that comes back after a gap longer than the output-watchdog period finds a cabinet whose outputs the
driver has already zeroed. The decision that was under way belongs to a plant that no longer exists, so it is
thrown away: the safe image is written in its place and a plant is built as at start. Such a gap is looked
for at the start of the scan, immediately before the write, and once more behind it. The last look is for a
stop inside the write itself, the one place where an old decision can still reach the terminals: it is
replaced at once, within microseconds, far below the closing time of a contactor.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from plc.blocks.core import Tick
from plc.plant.interface import (
    SAFE_OUTPUTS,
    ImageInputs,
    ImageOutputs,
    PlantInputs,
    PlantOutputs,
    ScanInputs,
    WallTime,
)
from plc.scan.clock import Clock, Turn
from plc.scan.statistics import ScanStatistics

START = "start"
UNCLEAN_START = "unclean_start"
SCAN_GAP = "scan_gap"


class Image(Protocol):
    """The terminals of the cabinet. Any exception is fatal for the process."""

    def read(self, now_ns: int) -> ImageInputs:
        """One snapshot of all inputs, taken at this time."""
        ...

    def write(self, outputs: ImageOutputs) -> None:
        """All outputs at once."""
        ...


class Machine(Protocol):
    """The plant program."""

    def step(self, inputs: PlantInputs, tick: Tick) -> PlantOutputs:
        """One scan of the logic."""
        ...


class Sources(Protocol):
    """Where everything that is not the image comes from: field snapshots and commands, latest wins."""

    def gather(self, now_ns: int, image: ImageInputs, wall: WallTime, scan: ScanInputs) -> PlantInputs:
        """The complete input of the scan of this time; never waits."""
        ...


class HandOver(Protocol):
    """Who gets the result of a scan: recorder, drivers, link, status. Never waits, never grows."""

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """A scan whose outputs are in the image."""
        ...

    def restarted(self, now_ns: int, cause: str) -> None:
        """A new plant was built and steps from the next scan on."""
        ...


class Overrun:
    """A-080: more than 5 periods late in 3 of the last 100 scans; one late scan alone is only counted."""

    __slots__ = ("_late", "active")

    LATE_PERIODS = 5
    OF_SCANS = 100
    COUNT = 3

    def __init__(self) -> None:
        self._late = 0  # one bit per scan, newest lowest
        self.active = False

    def note(self, late: bool) -> None:
        """Counts one scan."""
        self._late = (self._late << 1 | late) & ((1 << self.OF_SCANS) - 1)
        self.active = self._late.bit_count() >= self.COUNT


class ScanLoop:
    """Runs the cycle in the calling thread until it is asked to stop or time ends.

    build_plant: makes the plant from retained data; called with the cause, at start and after a gap.
    watchdog_ns: period of the output watchdog; no block ever sees a longer dt.
    idle:        housekeeping in the time left before the next scan (nanoseconds).
    """

    def __init__(
        self,
        *,
        image: Image,
        clock: Clock,
        sources: Sources,
        handover: HandOver,
        build_plant: Callable[[str], Machine],
        watchdog_ns: int,
        stop_requested: Callable[[], bool],
        start_cause: str = START,
        statistics: ScanStatistics | None = None,
        idle: Callable[[int], object] = bool,
        stopwatch: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._image = image
        self._clock = clock
        self._sources = sources
        self._handover = handover
        self._build_plant = build_plant
        self._watchdog_ns = watchdog_ns
        self._stop_requested = stop_requested
        self._idle = idle
        self._stopwatch = stopwatch
        self.statistics = statistics or ScanStatistics(clock.period_ns)
        self._overrun = Overrun()
        self._machine = build_plant(start_cause)
        self._restarted = start_cause
        self._previous_ns: int | None = None  # start of the scan before
        self._fed_ns: int | None = None  # begin of the last write: what the output watchdog saw

    def run(self) -> None:
        """Scans until the end. The caller writes the safe image afterwards, whatever the reason."""
        while not self._stop_requested():
            turn = self._clock.next_turn()
            if turn is None:
                return
            self._scan(turn)
            rests = self._stopwatch()
            self._idle(self._clock.slack_ns())
            self.statistics.rested(self._stopwatch() - rests)

    def _scan(self, turn: Turn) -> None:
        begin = self._stopwatch()
        self.statistics.began(turn)
        self._overrun.note(turn.late_ns > Overrun.LATE_PERIODS * self._clock.period_ns)
        if self._previous_ns is None:  # the first scan: the caller has just written the safe image
            self._previous_ns = turn.now_ns - self._clock.period_ns
            self._fed_ns = turn.now_ns
        dt_ns = turn.now_ns - self._previous_ns
        if dt_ns <= 0:
            raise RuntimeError(f"the clock does not advance: {turn.now_ns} after {self._previous_ns}")
        if dt_ns > self._watchdog_ns or self._gap():
            self._start_anew()
            return
        tick = Tick(turn.now_ns, dt_ns)
        self._previous_ns = turn.now_ns

        image_inputs = self._image.read(turn.now_ns)
        read = self._stopwatch()

        about_us = ScanInputs(self._overrun.active, self._restarted)
        inputs = self._sources.gather(turn.now_ns, image_inputs, self._clock.wall(), about_us)
        outputs = self._machine.step(inputs, tick)
        stepped = self._stopwatch()

        if self._gap():
            self._start_anew()
            return
        fed_before_ns, self._fed_ns = self._fed_ns, self._clock.now_ns()
        self._image.write(outputs.image)
        if self._gap(fed_before_ns):
            self._start_anew()
            return
        self._restarted = ""
        written = self._stopwatch()

        self._handover.scanned(tick, inputs, outputs)
        handed_over = self._stopwatch()
        self.statistics.finished(read - begin, stepped - read, written - stepped, handed_over - written)

    def _gap(self, since_ns: int | None = None) -> bool:
        """True when the output watchdog has expired since that write (default: the last one)."""
        fed_ns = self._fed_ns if since_ns is None else since_ns
        return fed_ns is not None and self._clock.now_ns() - fed_ns > self._watchdog_ns

    def _start_anew(self) -> None:
        """Safe image in place of this scan's outputs, then a plant as after a start (A-083)."""
        self._fed_ns = self._clock.now_ns()
        self._image.write(SAFE_OUTPUTS)
        self.statistics.restarts += 1
        self._machine = self._build_plant(SCAN_GAP)
        self._restarted = SCAN_GAP
        self._previous_ns = self._clock.now_ns()
        self._handover.restarted(self._previous_ns, SCAN_GAP)
