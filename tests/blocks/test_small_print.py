"""What a block says before its first step, at its limits, and in the halves of its conditions.

Short tables for what the mutation run found nobody looking at in the quick tests of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plc.blocks.block_relay import BlockRelay, BlockStatus
from plc.blocks.budget import EventBudget, WindowBudget
from plc.blocks.contactor import Contactor, ContactorStatus
from plc.blocks.core import NEVER, NS_PER_S, Block, Origin, Quality, Reading, Tick
from plc.blocks.duty import AntiSeize, MinTimes, RunHours
from plc.blocks.fan import Fan, FanStatus
from plc.blocks.logic import CTD, CTU, CTUD, CV_MAX, F_TRIG, R_TRIG, RS, SR
from plc.blocks.panel import Heartbeat, Horn, Lamp, LampMode
from tests.blocks.ticks import Clock

INITIAL: dict[str, tuple[Callable[[], Block], tuple[str, ...]]] = {
    "R_TRIG": (R_TRIG, ("q",)),
    "F_TRIG": (F_TRIG, ("q",)),
    "SR": (SR, ("q1",)),
    "RS": (RS, ("q1",)),
    "CTU": (lambda: CTU(1), ("q",)),
    "CTD": (lambda: CTD(1), ("q",)),
    "CTUD": (lambda: CTUD(1), ("qu", "qd")),
    "Heartbeat": (Heartbeat, ("out",)),
    "Lamp": (Lamp, ("out",)),
    "Horn": (Horn, ("out", "silenced")),
    "Fan": (Fan, ("on",)),
    "Contactor": (Contactor, ("enable", "closed", "no_feedback", "welded")),
    "BlockRelay": (BlockRelay, ("blocked", "blocked_any", "may_start")),
    "MinTimes": (lambda: MinTimes(1.0, 1.0), ("command", "measured", "holding_on")),
    "AntiSeize": (lambda: AntiSeize(1.0, 1.0), ("run",)),
}


@pytest.mark.parametrize("name", INITIAL)
def test_nothing_is_on_before_the_first_step(name: str) -> None:
    make, outputs = INITIAL[name]
    block = make()
    assert {output: getattr(block, output) for output in outputs} == dict.fromkeys(outputs, False)


def test_an_input_that_is_on_in_the_first_scan_counts() -> None:
    assert counted(CTU(9), [{"cu": True}]) == [(1, 0)]
    assert counted(CTD(9), [{"cd": True}, {"cd": False, "ld": True}, {"cd": True}])[-1] == (8, 0)
    down = CTD(9)
    down.cv = 5
    assert counted(down, [{"cd": True}]) == [(4, 0)]
    both = CTUD(9)
    both.cv = 5
    assert counted(both, [{"cu": True, "cd": False}]) == [(6, 0, 0)]
    both = CTUD(9)
    both.cv = 5
    assert counted(both, [{"cu": False, "cd": True}]) == [(4, 0, 0)]
    seize = AntiSeize(5.0, 3.0)
    seize.step(Clock(scan_ms=1000).tick(), running=False)
    assert seize.idle_ns == NS_PER_S


def counted(block: Any, steps: list[dict[str, bool]]) -> list[tuple[int, ...]]:
    clock, seen = Clock(), []
    for step in steps:
        block.step(clock.tick(), **step)
        seen.append(
            tuple(int(getattr(block, name)) for name in ("cv", "q", "qu", "qd") if hasattr(block, name))
        )
    return seen


def test_counters_count_edges_and_nothing_else() -> None:
    up, rest = {"cu": True}, {"cu": False}
    assert counted(CTU(2), [rest, up, up, rest, rest, up, rest]) == [
        (0, 0), (1, 0), (1, 0), (1, 0), (1, 0), (2, 1), (2, 1),
    ]  # fmt: skip
    load, down, rest = {"cd": False, "ld": True}, {"cd": True}, {"cd": False}
    assert counted(CTD(2), [load, rest, down, down, rest, rest, down, rest, down]) == [
        (2, 0), (2, 0), (1, 0), (1, 0), (1, 0), (1, 0), (0, 1), (0, 1), (0, 1),
    ]  # fmt: skip


def test_the_up_down_counter_counts_each_edge_in_its_direction_and_none_for_both_at_once() -> None:
    rest, up = {"cu": False, "cd": False}, {"cu": True, "cd": False}
    down, both = {"cu": False, "cd": True}, {"cu": True, "cd": True}
    steps = [
        rest,
        up,
        up,
        rest,
        rest,
        both,
        both,
        rest,
        up,
        down,
        down,
        rest,
        rest,
        down,
        rest,
        down,
        rest,
        down,
    ]
    values = [0, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert counted(CTUD(2), steps) == [(cv, int(cv >= 2), int(cv <= 0)) for cv in values]
    counter = CTUD(2)
    assert counter.step(Clock().tick(), cu=False, cd=False, ld=True) is True
    assert counter.step(Clock().tick(), cu=False, cd=False) is True, "the result is QU"


def test_an_edge_that_was_held_through_a_load_does_not_count_afterwards() -> None:
    counter = CTUD(5)
    steps = [{"cu": True, "cd": False, "ld": True}, {"cu": True, "cd": False}, {"cu": True, "cd": True}]
    assert [cv for cv, *_ in counted(counter, steps)] == [5, 5, 4]


def test_counters_stop_at_their_ends() -> None:
    for block, name, start in ((CTU(1), "cu", CV_MAX), (CTD(1), "cd", 0)):
        block.cv = start
        block.step(Clock().tick(), **{name: True})
        assert block.cv == start
    for start, step in ((CV_MAX, {"cu": True, "cd": False}), (0, {"cu": False, "cd": True})):
        both = CTUD(1)
        both.cv = start
        both.step(Clock().tick(), **step)
        assert both.cv == start


def test_a_sick_scan_drops_the_heartbeat_and_its_time_begins_anew() -> None:
    clock, heart = Clock(), Heartbeat(0.25)
    assert [heart.step(clock.tick(), healthy=True) for _ in range(4)] == [False, False, True, True]
    assert heart.step(clock.tick(), healthy=False) is False
    assert heart.out is False
    assert [heart.step(clock.tick(), healthy=True) for _ in range(3)] == [False, False, True]


def test_a_new_mode_begins_with_light_for_a_whole_half_period() -> None:
    clock, lamp = Clock(), Lamp(flash_s=0.25, slow_s=1.0)
    for _ in range(9):
        lamp.step(clock.tick(), mode=LampMode.SLOW)
    assert [lamp.step(clock.tick(), mode=LampMode.FLASH) for _ in range(4)] == [True, True, True, False]
    for flash_s, slow_s in ((0.0, 1.0), (1.0, 0.0)):
        with pytest.raises(ValueError, match="must be > 0"):
            Lamp(flash_s=flash_s, slow_s=slow_s)


def test_the_horn_needs_an_alarm_and_knows_when_it_was_silenced() -> None:
    clock, horn = Clock(), Horn()
    assert horn.step(clock.tick(), alarm=False, new_alarm=True) is False
    horn.step(clock.tick(), alarm=True)
    assert (horn.out, horn.silenced) == (True, False)
    horn.step(clock.tick(), alarm=True, silence=True)
    assert (horn.out, horn.silenced) == (False, True)
    horn.step(clock.tick(), alarm=False)
    assert (horn.out, horn.silenced) == (False, False)


def test_a_long_alarm_that_ends_while_it_sounds_leaves_a_whole_time_for_the_next() -> None:
    clock, horn = Clock(), Horn(max_s=1.0)
    clock.run(horn, 0.9, alarm=True)
    horn.step(clock.tick(), alarm=False)
    assert clock.run(horn, 0.9, alarm=True) is True


@pytest.mark.parametrize(
    "make",
    [
        lambda: WindowBudget(-1.0, 1.0),
        lambda: WindowBudget(1.0, -1.0),
        lambda: EventBudget(-1.0, 1),
        lambda: EventBudget(1.0, -1),
        lambda: MinTimes(-1.0, 1.0),
        lambda: MinTimes(1.0, -1.0),
        lambda: AntiSeize(-1.0, 1.0),
        lambda: AntiSeize(1.0, float("nan")),
    ],
)
def test_negative_times_and_counts_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        make()


def test_a_time_budget_says_whether_anything_is_left() -> None:
    clock, budget = Clock(scan_ms=1000), WindowBudget(100.0, 3.0)
    seen = []
    for _ in range(5):
        budget.step(clock.tick(), active=True)
        seen.append((budget.ok, budget.left_ns // NS_PER_S))
    assert seen == [(True, 3), (True, 2), (True, 1), (False, 0), (False, 0)]


def test_hours_come_back_with_every_step() -> None:
    clock, hours = Clock(scan_ms=1000), RunHours()
    assert [hours.step(clock.tick(), running=True) for _ in range(3)] == [0, NS_PER_S, 2 * NS_PER_S]


def test_the_times_of_a_device_say_what_is_left_and_what_is_held() -> None:
    clock, times = Clock(scan_ms=1000), MinTimes(3.0, 2.0)
    seen = []
    for measured in (False, False, False, True, True, True, True, False, False, False):
        command = times.step(clock.tick(), request=True, measured=measured)
        seen.append((command, times.holding_on, times.wait_ns // NS_PER_S))
    assert seen == [
        (False, False, 1), (True, False, 0), (True, False, 0),
        (True, True, 2), (True, True, 2), (True, True, 2), (True, False, 2),
        (False, False, 2), (False, False, 1), (True, False, 0),
    ]  # fmt: skip


def test_a_device_that_runs_without_our_command_holds_nothing() -> None:
    times = MinTimes(3.0, 0.0)
    times.step(Clock().tick(), request=False, measured=True)
    assert not times.holding_on


def test_a_broken_off_exercise_is_none_and_a_second_one_needs_its_whole_time() -> None:
    clock, seize = Clock(scan_ms=1000), AntiSeize(5.0, 3.0)
    assert clock.run(seize, 5, running=False) is True
    clock.run(seize, 3, running=True)
    assert clock.run(seize, 1, running=False) is True, "2 s of 3 s"
    clock.run(seize, 3, running=True)
    assert (seize.run, seize.count) == (True, 0), "the first try does not count for the second"
    clock.run(seize, 1, running=True)
    assert (seize.run, seize.count, seize.idle_ns) == (False, 1, 0)


def test_a_fan_that_runs_needs_no_further_start_and_says_when_it_is_off() -> None:
    clock, fan = Clock(scan_ms=1000), Fan(min_on_s=0.0, min_off_s=0.0, max_starts_per_h=1, permissive_s=0.0)
    assert clock.run(fan, 3, request=True) is True
    assert fan.status is FanStatus.ON
    clock.run(fan, 1, request=False)
    assert fan.status is FanStatus.OFF
    assert clock.run(fan, 1, request=True) is False
    assert fan.status is FanStatus.WAIT_STARTS


def test_without_feedback_a_trip_opens_and_the_wait_is_told() -> None:
    clock = Clock(scan_ms=1000)
    contactor = Contactor(feedback_s=1.0, min_on_s=0.0, min_off_s=2.0)
    assert contactor.wait_ns == 2 * NS_PER_S
    clock.run(contactor, 3, request=True, feedback=False)
    contactor.step(clock.tick(), request=True, feedback=True)
    assert contactor.status is ContactorStatus.ON
    assert contactor.step(clock.tick(), request=True, feedback=True, feedback_known=False) is True
    assert contactor.step(clock.tick(), request=True, feedback=True, feedback_known=False, trip=True) is False


def test_the_minimum_off_time_begins_again_when_a_bounce_was_none() -> None:
    clock = Clock(scan_ms=1000)
    contactor = Contactor(feedback_s=2.0, min_on_s=0.0, min_off_s=5.0)
    clock.run(contactor, 6, request=True, feedback=False)
    contactor.step(clock.tick(), request=True, feedback=True)
    clock.run(contactor, 4, request=True, feedback=False)
    assert contactor.no_feedback
    assert contactor.wait_ns > 0


class _Parts(Block):
    """A block with an empty tuple, a tuple of plain values and a list in its memory."""

    __slots__ = ("empty", "listed", "plain")

    STATE = ("empty", "listed", "plain")

    def __init__(self) -> None:
        self.empty: tuple[int, ...] = ()
        self.plain = (1, 2)
        self.listed = [1]


def test_plain_memory_of_any_shape_comes_back_in_its_type() -> None:
    block, other = _Parts(), _Parts()
    block.empty, block.plain, block.listed = (), (3, 4), [5]
    state = block.state()
    other.restore(state)
    assert (other.empty, other.plain, other.listed) == ((), (3, 4), [5])
    other.listed.append(6)
    assert state["listed"] == [5], "the memory in a file is nobody's list"
    assert other.state() == {"empty": [], "plain": [3, 4], "listed": [5, 6]}


def test_a_memory_with_other_names_is_refused_before_anything_is_taken() -> None:
    timer = R_TRIG()
    with pytest.raises(ValueError, match="expected"):
        timer.restore({"q": True, "_m": True, "more": 1})
    assert timer.state() == {"q": False, "_m": False}


def test_statuses_are_written_as_their_words() -> None:
    state = Lamp().state()
    assert type(state["mode"]) is str
    assert state["mode"] == "off"


def relay(**parameters: float) -> BlockRelay:
    short = {"block_min_s": 10.0, "block_max_s": 30.0, "free_min_s": 20.0, "boot_lock_s": 0.0}
    return BlockRelay(**{**short, **parameters})  # type: ignore[arg-type]


def test_the_wait_of_k7_counts_free_time_last_block_and_boot_lock() -> None:
    clock, block = Clock(scan_ms=1000), relay()
    assert block.wait_ns == 20 * NS_PER_S
    clock.run(block, 5, request=False)
    assert block.wait_ns == 15 * NS_PER_S
    clock.run(block, 15, request=False)
    assert (block.wait_ns, block.may_start, block.hindrance) == (0, True, None)
    clock.run(block, 26, request=True)
    assert (block.blocked, block.wait_ns, block.hindrance) == (True, 25 * NS_PER_S, BlockStatus.GRID)
    clock.run(block, 1, request=False)
    assert (block.blocked, block.wait_ns) == (False, 26 * NS_PER_S)
    clock.run(block, 6, request=False)
    assert (block.wait_ns, block.hindrance) == (20 * NS_PER_S, BlockStatus.WAIT_FREE)
    locked = relay(boot_lock_s=60.0)
    clock.run(locked, 40, request=True)
    assert (locked.wait_ns, locked.hindrance) == (20 * NS_PER_S, BlockStatus.WAIT_BOOT)


def test_a_block_that_ended_at_its_longest_says_so_until_the_request_goes() -> None:
    clock, block = Clock(scan_ms=1000), relay()
    clock.run(block, 20, request=False)
    clock.run(block, 32, request=True)
    assert (block.blocked, block.status) == (False, BlockStatus.MAX_BLOCK)
    clock.run(block, 5, request=True)
    assert block.status is BlockStatus.MAX_BLOCK
    clock.run(block, 1, request=False)
    clock.run(block, 1, request=True)
    assert block.status is BlockStatus.WAIT_FREE


def test_the_grid_operator_shows_only_while_we_do_not_block_ourselves() -> None:
    clock, block = Clock(scan_ms=1000), relay()
    clock.run(block, 20, request=False)
    clock.run(block, 2, request=True, grid_block=True)
    assert (block.blocked, block.status, block.blocked_any) == (False, BlockStatus.GRID, True)
    clock.run(block, 1, request=False)
    clock.run(block, 20, request=False)
    block.step(clock.tick(), request=True)
    assert block.step(clock.tick(), request=True, grid_block=True) is True
    assert block.status is BlockStatus.BLOCKED


def test_a_relay_that_dropped_with_its_process_is_free_and_says_so() -> None:
    clock, block = Clock(scan_ms=1000), relay()
    clock.run(block, 20, request=False)
    clock.run(block, 5, request=True)
    block.dropped_out()
    assert (block.blocked, block.blocked_any, block.status) == (False, False, BlockStatus.FREE)
    assert block.wait_ns == 20 * NS_PER_S


def test_blocks_of_yesterday_no_longer_count_and_a_budget_of_nothing_allows_nothing() -> None:
    clock, block = Clock(scan_ms=1000), relay(max_blocks_per_day=1)
    clock.run(block, 20, request=False)
    clock.run(block, 12, request=True)
    clock.run(block, 40, request=False)
    assert (block.blocks, block.hindrance) == (1, BlockStatus.DAY_COUNT)
    for _ in range(25):
        block.step(Tick(clock.now_ns, 3600 * NS_PER_S), request=False)
    assert (block.blocks, block.hindrance) == (0, None)
    nothing = relay(block_min_s=0.0, max_s_per_day=0.0)
    clock.run(nothing, 20, request=False)
    assert nothing.hindrance is BlockStatus.DAY_TIME


def test_a_relay_that_has_never_blocked_waits_for_its_free_time() -> None:
    clock, block = Clock(scan_ms=1000), relay()
    clock.run(block, 5, request=True)
    assert block.status is BlockStatus.WAIT_FREE


def test_a_budget_answers_when_time_passes_and_never_forgets_what_was_used() -> None:
    clock, budget, used = Clock(scan_ms=1000), WindowBudget(400.0, 150.0), []
    for second in range(1200):
        active = second % 2 == 0 and second < 600
        assert budget.advance(clock.tick()) is budget.ok
        budget.mark(active)
        used.append(active)
        truly = sum(used[max(0, second - 400) : second])
        assert budget.used_ns >= truly * NS_PER_S
        assert budget.used_ns <= (truly + 150) * NS_PER_S
    assert budget.used_ns == 0


def test_more_intervals_than_are_kept_are_put_together_without_losing_time() -> None:
    clock, budget = Clock(scan_ms=1000), WindowBudget(10_000.0, 5000.0)
    for second in range(2 * WindowBudget.MAX_INTERVALS + 60):
        budget.step(clock.tick(), active=second % 2 == 0)
    assert budget.used_ns == (WindowBudget.MAX_INTERVALS + 30) * NS_PER_S
    assert len(budget.state()["_edges_ns"]) == 2 * WindowBudget.MAX_INTERVALS
    for _ in range(10_300):
        budget.step(clock.tick(), active=False)
    assert budget.used_ns == 0


class _Nested(Block):
    """Blocks in a tuple, a reading, a dictionary and something that is still unknown."""

    __slots__ = ("edges", "named", "reading", "unknown")

    STATE = ("edges", "named", "reading", "unknown")

    def __init__(self) -> None:
        self.edges = (R_TRIG(), R_TRIG())
        self.named: dict[str, Any] = {}
        self.reading = NEVER
        self.unknown: bool | None = None


def test_nested_memory_comes_back_whole_or_not_at_all() -> None:
    block, other = _Nested(), _Nested()
    block.edges[1].q = True
    block.named = {"lamp": LampMode.SLOW, "deep": {"list": [1, (2, 3)]}}
    block.reading, block.unknown = Reading(4.5, Quality.HELD, Origin.SIM, 7), True
    state = block.state()
    assert state["named"] == {"lamp": "slow", "deep": {"list": [1, [2, 3]]}}
    other.restore(state)
    assert (other.edges[0].q, other.edges[1].q, other.unknown) == (False, True, True)
    assert other.reading == block.reading
    assert isinstance(other.reading, Reading)
    other.named["more"] = 1
    assert "more" not in state["named"]
    with pytest.raises(ValueError, match="not a state"):
        other.restore({**state, "edges": state["edges"][:1]})


def test_a_feedback_that_stays_away_begins_the_minimum_off_time_in_that_scan() -> None:
    clock = Clock(scan_ms=1000)
    contactor = Contactor(feedback_s=2.0, min_on_s=0.0, min_off_s=5.0)
    clock.run(contactor, 6, request=True, feedback=False)
    clock.run(contactor, 2, request=True, feedback=True)
    while not contactor.no_feedback:
        contactor.step(clock.tick(), request=True, feedback=False)
    assert contactor.wait_ns == 5 * NS_PER_S
    contactor.step(clock.tick(), request=True, feedback=False)
    assert contactor.wait_ns == 4 * NS_PER_S
