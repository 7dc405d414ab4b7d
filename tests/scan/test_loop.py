"""The cycle: order, late scans, and above all what a stop of the process at any point leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from plc.blocks.core import NS_PER_MS, Tick
from plc.plant.interface import (
    SAFE_OUTPUTS,
    ImageInputs,
    ImageOutputs,
    PlantInputs,
    PlantOutputs,
    PlantStatus,
    ScanInputs,
    WallTime,
)
from plc.scan.clock import Turn
from plc.scan.loop import SCAN_GAP, START, Overrun, ScanLoop

PERIOD_NS = 100 * NS_PER_MS
WATCHDOG_NS = 1000 * NS_PER_MS
START_SCANS = 10  # the fake plant enables the miners in its 10th scan, never earlier


class World:
    """Time, image, plant, sources and hand-over in one; every call is a phase at which time may stop."""

    period_ns = PERIOD_NS

    def __init__(self) -> None:
        self.time_ns = 5_000_000_000
        self.deadline_ns = self.time_ns
        self.calls = 0
        self.stops: dict[int, int] = {}  # number of the call -> nanoseconds that pass there
        self.trace: list[tuple[str, object]] = []
        self.builds: list[str] = []
        self.seen: list[PlantInputs] = []
        self.ticks: list[Tick] = []
        self.steps_of_plant = 0
        self.turns_left = 0
        self.fault: Exception | None = None

    def phase(self, name: str, detail: object = None) -> None:
        """One observable point of the scan; a stop passes half before and half after it."""
        self.time_ns += 10_000
        self.calls += 1
        self.time_ns += self.stops.get(self.calls, 0)
        self.trace.append((name, detail))

    # clock
    def now_ns(self) -> int:
        self.phase("now")
        return self.time_ns

    def wall(self) -> WallTime:
        self.phase("wall")
        return WallTime()

    def next_turn(self) -> Turn | None:
        self.phase("sleep")
        if self.turns_left == 0:
            return None
        self.turns_left -= 1
        self.deadline_ns += PERIOD_NS
        self.time_ns = max(self.time_ns, self.deadline_ns)
        late = self.time_ns - self.deadline_ns
        lost = late // PERIOD_NS
        self.deadline_ns += lost * PERIOD_NS
        return Turn(self.time_ns, late, lost)

    def slack_ns(self) -> int:
        self.phase("slack")
        return 0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        raise AssertionError("the scan waits for nobody")

    # image
    def read(self, now_ns: int) -> ImageInputs:
        if self.fault:
            raise self.fault
        self.phase("read")
        return ImageInputs(dio_healthy=True, aio_healthy=True)

    def write(self, outputs: ImageOutputs) -> None:
        self.phase("write_begin")
        self.trace.append(("write", outputs))
        self.phase("write_end")

    # sources
    def gather(self, now_ns: int, image: ImageInputs, wall: WallTime, scan: ScanInputs) -> PlantInputs:
        self.phase("gather")
        return PlantInputs(image=image, wall=wall, scan=scan)

    # plant
    def build(self, cause: str) -> World:
        self.phase("build")
        self.builds.append(cause)
        self.steps_of_plant = 0
        return self

    def step(self, inputs: PlantInputs, tick: Tick) -> PlantOutputs:
        self.phase("step")
        self.seen.append(inputs)
        self.ticks.append(tick)
        self.steps_of_plant += 1
        on = self.steps_of_plant >= START_SCANS
        return PlantOutputs(
            image=SAFE_OUTPUTS._replace(m1_enable=on, m2_enable=on, p3_on=True),
            status=PlantStatus(state="HEAT_BUFFER" if on else "INIT", mode="auto"),
        )

    # hand-over
    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        self.phase("scanned", outputs)

    def restarted(self, now_ns: int, cause: str) -> None:
        self.phase("restarted", cause)

    def loop(self, stop: Callable[[], bool] = bool) -> ScanLoop:
        return ScanLoop(
            image=self,
            clock=self,
            sources=self,
            handover=self,
            build_plant=self.build,
            watchdog_ns=WATCHDOG_NS,
            stop_requested=stop,
        )

    def run(self, turns: int) -> ScanLoop:
        self.turns_left = turns
        loop = self.loop()
        loop.run()
        return loop

    def writes(self) -> list[ImageOutputs]:
        return [detail for name, detail in self.trace if name == "write"]  # type: ignore[misc]

    def names(self) -> list[str]:
        return [name for name, _ in self.trace]


def calls_of_one_scan() -> list[tuple[int, str]]:
    """The numbers and names of all phases of the 20th scan, long after the miners are enabled."""
    world = World()
    world.run(20)
    sleeps = [index for index, name in enumerate(world.names()) if name == "sleep"]
    phases, call = [], 0
    for index, name in enumerate(world.names()):
        if name == "write":  # the effect inside a phase, not a phase
            continue
        call += 1
        if sleeps[19] <= index < sleeps[20]:
            phases.append((call, name))
    return phases


def test_a_scan_reads_gathers_steps_writes_and_hands_over_in_this_order() -> None:
    names = [name for _, name in calls_of_one_scan()]
    assert [name for name in names if name not in {"now", "wall"}] == [
        "sleep", "read", "gather", "step", "write_begin", "write_end", "scanned", "slack",
    ]  # fmt: skip


@pytest.mark.parametrize(("call", "phase"), calls_of_one_scan())
def test_a_stop_at_any_phase_ends_in_the_safe_image_and_a_full_start(call: int, phase: str) -> None:
    world = World()
    world.stops[call] = 3 * WATCHDOG_NS
    world.run(60)

    stopped_at = next(
        index
        for index, name in enumerate(world.names())
        if sum(1 for other in world.names()[: index + 1] if other != "write") == call and name != "write"
    )
    after = [detail for name, detail in world.trace[stopped_at:] if name == "write"]
    if phase in {"write_begin", "now"} and after[0].m1_enable:
        # A stop between the last look at the clock and the system call: the old decision is on its way and
        # nobody can call it back. It must be replaced before anything else happens.
        names = [name for name in world.names()[stopped_at:] if name != "now"]
        assert names[:4] in (
            ["write_begin", "write", "write_end", "write_begin"],
            ["write", "write_end", "write_begin", "write"],
        )
        after = after[1:]
    assert after[0] == SAFE_OUTPUTS
    assert world.builds == [START, SCAN_GAP]
    first_enable = next(index for index, image in enumerate(after) if image.m1_enable or image.m2_enable)
    assert first_enable == START_SCANS, "after the safe image, the enables wait for the whole start"


@pytest.mark.parametrize(("call", "phase"), calls_of_one_scan())
def test_no_block_ever_sees_more_than_the_watchdog_period(call: int, phase: str) -> None:
    for stop_ns in (WATCHDOG_NS // 2, WATCHDOG_NS, WATCHDOG_NS + 1, 60 * WATCHDOG_NS):
        world = World()
        world.stops[call] = stop_ns
        world.run(40)
        assert all(0 < tick.dt_ns <= WATCHDOG_NS for tick in world.ticks)


@pytest.mark.parametrize(("call", "phase"), calls_of_one_scan())
def test_a_stop_within_the_watchdog_period_is_only_counted(call: int, phase: str) -> None:
    world = World()
    world.stops[call] = WATCHDOG_NS - 2 * PERIOD_NS
    loop = world.run(40)
    assert world.builds == [START]
    assert loop.statistics.restarts == 0
    assert loop.statistics.lost_cycles > 0
    assert all(image.m1_enable for image in world.writes()[START_SCANS:])


def test_results_of_a_scan_that_was_thrown_away_reach_nobody() -> None:
    step = next(call for call, name in calls_of_one_scan() if name == "step")
    world = World()
    world.stops[step] = 3 * WATCHDOG_NS
    world.run(20)
    assert world.names().count("scanned") == 19
    assert ("restarted", SCAN_GAP) in world.trace


def test_two_stops_in_a_row_are_two_full_starts() -> None:
    world = World()
    reads = [call for call, name in calls_of_one_scan() if name == "read"]
    world.stops = {reads[0]: 2 * WATCHDOG_NS, reads[0] + 25: 2 * WATCHDOG_NS}
    world.run(60)
    assert world.builds == [START, SCAN_GAP, SCAN_GAP]


def test_the_plant_is_told_once_why_it_was_built() -> None:
    world = World()
    world.stops[calls_of_one_scan()[0][0]] = 3 * WATCHDOG_NS
    world.run(40)
    causes = [inputs.scan.restarted for inputs in world.seen]
    assert causes[0] == START
    assert causes.count(SCAN_GAP) == 1
    assert all(cause == "" for cause in causes[1:19])


def test_a_stop_request_ends_before_the_next_read() -> None:
    world = World()
    world.turns_left = 100
    stop_after = iter([False] * 5 + [True])
    world.loop(lambda: next(stop_after)).run()
    assert world.names().count("read") == 5


def test_the_end_of_time_ends_the_loop() -> None:
    world = World()
    loop = world.run(3)
    assert loop.statistics.scans == 3


def test_a_fault_of_the_image_leaves_the_loop_unchanged() -> None:
    world = World()
    world.turns_left = 1
    loop = world.loop()
    world.fault = OSError("process image")
    with pytest.raises(OSError, match="process image"):
        loop.run()
    assert world.writes() == []


def test_a_clock_that_stands_still_is_refused() -> None:
    world = World()
    loop = world.loop()
    turn = Turn(7, 0, 0)
    loop._scan(turn)
    with pytest.raises(RuntimeError, match="does not advance"):
        loop._scan(turn)


def test_three_scans_more_than_five_periods_late_raise_the_overrun_flag() -> None:
    overrun = Overrun()
    for late in [True, False, True, False]:
        overrun.note(late)
    assert not overrun.active
    overrun.note(True)
    assert overrun.active


def test_the_overrun_flag_clears_when_the_late_scans_are_a_hundred_scans_old() -> None:
    overrun = Overrun()
    for _ in range(3):
        overrun.note(True)
    for _ in range(97):
        overrun.note(False)
        assert overrun.active
    overrun.note(False)
    assert not overrun.active


def test_late_scans_reach_the_plant_as_an_input() -> None:
    world = World()
    sleeps = [1 + 30 * n for n in range(1, 4)]
    world.stops = dict.fromkeys(sleeps, 6 * PERIOD_NS)
    loop = world.run(30)
    assert loop.statistics.restarts == 0
    assert any(inputs.scan.overrun for inputs in world.seen)
