"""K7: block length, free time, budgets of a day, grid operator, what is assumed after a start."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.blocks.block_relay import BlockRelay, BlockStatus
from plc.blocks.core import NS_PER_S, ns
from tests.blocks.ticks import Clock

SCAN_S = 10
DAY_S = 86_400


def fresh(**parameters: float) -> tuple[Clock, BlockRelay]:
    """A relay whose boot lock and free time are over."""
    clock, relay = Clock(scan_ms=SCAN_S * 1000), BlockRelay(boot_lock_s=0.0, **parameters)  # type: ignore[arg-type]
    clock.run(relay, 7200, request=False)
    return clock, relay


def block(clock: Clock, relay: BlockRelay, seconds: float) -> None:
    """One block of this length, then free for two hours."""
    clock.until(relay, lambda r: r.blocked, limit_s=100.0, request=True)
    clock.run(relay, seconds - SCAN_S, request=True)
    clock.until(relay, lambda r: not r.blocked, limit_s=1000.0, request=False)
    clock.run(relay, 7200, request=False)


def test_after_the_start_of_the_program_the_worst_is_assumed() -> None:
    clock, relay = Clock(scan_ms=1000), BlockRelay(free_min_s=600.0)
    assert clock.run(relay, 7199, request=True) is False
    assert relay.status is BlockStatus.WAIT_BOOT
    assert relay.step(clock.tick(), request=True) is True


def test_a_block_lasts_its_minimum_although_the_wish_went() -> None:
    clock, relay = fresh()
    relay.step(clock.tick(), request=True)
    clock.run(relay, 890, request=False)
    assert (relay.blocked, relay.status) == (True, BlockStatus.MIN_BLOCK)
    assert relay.step(clock.tick(), request=False) is False


def test_a_forbidding_condition_releases_at_once_and_forbids_a_start() -> None:
    clock, relay = fresh()
    relay.step(clock.tick(), request=True)
    assert relay.step(clock.tick(), request=True, release=True) is False
    assert relay.status is BlockStatus.RELEASED
    assert clock.run(relay, 7200, request=True, release=True) is False
    assert relay.status is BlockStatus.RELEASED


def test_a_block_ends_at_its_maximum() -> None:
    clock, relay = fresh()
    relay.step(clock.tick(), request=True)
    assert clock.run(relay, 7190, request=True) is True
    assert relay.step(clock.tick(), request=True) is False
    assert relay.status is BlockStatus.MAX_BLOCK


@pytest.mark.parametrize(("block_s", "free_s"), [(900, 1800), (1800, 1800), (3600, 3600), (7200, 7200)])
def test_free_time_is_the_longer_of_parameter_and_last_block(block_s: int, free_s: int) -> None:
    clock, relay = fresh()
    relay.step(clock.tick(), request=True)
    clock.run(relay, block_s - SCAN_S, request=True)
    assert relay.step(clock.tick(), request=False) is False
    assert relay.wait_ns == ns(free_s)
    assert clock.run(relay, free_s - SCAN_S, request=True) is False
    assert relay.status in (BlockStatus.WAIT_FREE, BlockStatus.MAX_BLOCK)
    assert relay.step(clock.tick(), request=True) is True


def test_a_request_that_stays_gets_its_next_block_after_the_free_time() -> None:
    clock, relay = fresh()
    relay.step(clock.tick(), request=True)
    clock.run(relay, 7200, request=True)
    assert relay.status is BlockStatus.MAX_BLOCK
    assert clock.run(relay, 7200, request=True) is True


def test_six_hours_a_day_are_the_limit_and_slide() -> None:
    clock, relay = fresh()
    for _ in range(3):
        block(clock, relay, 7200)
    assert relay.used_ns == ns(6 * 3600.0)
    assert clock.run(relay, 3600, request=True) is False
    assert relay.status is BlockStatus.DAY_TIME
    # the first block leaves the window from 24 h after its begin on; a start needs block_min_s of room
    waited_s = clock.until(relay, lambda r: r.blocked, limit_s=DAY_S, request=True)
    begun_ago_s = 3 * 14_400 + 3600 + waited_s
    assert DAY_S + 900 - 60 <= begun_ago_s <= DAY_S + 900 + 60


def test_a_running_block_ends_when_the_day_is_used_up() -> None:
    clock, relay = fresh(max_s_per_day=5400.0)
    block(clock, relay, 3600)
    relay.step(clock.tick(), request=True)
    clock.run(relay, 1790, request=True)
    assert relay.blocked
    assert relay.step(clock.tick(), request=True) is False
    assert relay.status is BlockStatus.DAY_TIME


def test_no_block_begins_that_the_day_cannot_carry_for_its_minimum() -> None:
    clock, relay = fresh(max_s_per_day=4000.0)
    block(clock, relay, 3600)
    assert clock.run(relay, 600, request=True) is False
    assert relay.status is BlockStatus.DAY_TIME


def test_number_of_blocks_a_day() -> None:
    clock, relay = fresh(max_blocks_per_day=2)
    for _ in range(2):
        block(clock, relay, 900)
    assert relay.blocks == 2
    assert clock.run(relay, 3600, request=True) is False
    assert relay.status is BlockStatus.DAY_COUNT


def test_the_grid_operator_is_never_counter_acted_and_counts_everywhere() -> None:
    clock, relay = fresh()
    assert clock.run(relay, 3600, request=True, grid_block=True) is False
    assert (relay.status, relay.blocked_any) == (BlockStatus.GRID, True)
    assert (relay.used_ns, relay.blocks) == (ns(3600.0 - SCAN_S), 1)
    assert clock.run(relay, 3600, request=True) is False, "free time counts from the end of either"
    assert relay.used_ns == ns(3600.0)
    assert relay.step(clock.tick(), request=True) is True


def test_a_grid_block_in_the_middle_of_ours_is_one_block() -> None:
    clock, relay = fresh()
    relay.step(clock.tick(), request=True)
    clock.run(relay, 3600, request=True)
    assert clock.run(relay, 1800, request=True, grid_block=True) is True
    assert relay.blocks == 1
    clock.run(relay, 1790, request=True)
    assert relay.blocked
    assert relay.step(clock.tick(), request=True) is False


def test_a_grid_block_that_outlasts_ours_goes_on_counting() -> None:
    clock, relay = fresh()
    relay.step(clock.tick(), request=True)
    clock.run(relay, 900, request=True, grid_block=True)
    clock.run(relay, 1800, request=False, grid_block=True)
    assert (relay.blocked, relay.blocked_any, relay.status) == (False, True, BlockStatus.GRID)
    relay.step(clock.tick(), request=False)
    assert relay.wait_ns == ns(2710.0), "the whole of it in one piece"


def test_history_survives_a_restart_and_the_running_block_has_ended() -> None:
    clock, relay = fresh()
    block(clock, relay, 3600)
    relay.step(clock.tick(), request=True)
    clock.run(relay, 1800, request=True)
    saved = json.loads(json.dumps(relay.state()))

    clock, after = Clock(scan_ms=SCAN_S * 1000), BlockRelay()
    after.restore(saved)
    after.dropped_out()
    assert (after.blocked, after.used_ns, after.blocks) == (False, ns(5400.0), 2)
    assert clock.run(after, 1790, request=True) is False
    assert after.status is BlockStatus.WAIT_FREE
    assert after.step(clock.tick(), request=True) is True


def test_doubt_about_the_last_minutes_brings_the_boot_lock_back() -> None:
    clock, relay = fresh()
    relay.assume_worst()
    assert relay.may_start, "this relay has a boot lock of zero"
    clock, relay = Clock(scan_ms=SCAN_S * 1000), BlockRelay(boot_lock_s=7200.0)
    clock.run(relay, 10_000, request=False)
    relay.assume_worst()
    assert clock.run(relay, 7190, request=True) is False
    assert relay.step(clock.tick(), request=True) is True


def test_free_time_is_visible() -> None:
    clock, relay = fresh()
    assert relay.free_ns == ns(7200.0)
    relay.step(clock.tick(), request=True)
    assert relay.free_ns == 0


@settings(max_examples=80)
@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(1, 40)), min_size=5, max_size=80
    )
)
def test_no_limit_is_ever_broken(pattern: list[tuple[bool, bool, bool, int]]) -> None:
    """Minutes of a day; request, release and grid signal as they come."""
    clock = Clock(scan_ms=60_000)
    relay = BlockRelay(max_s_per_day=7200.0, max_blocks_per_day=3, block_max_s=3600.0, boot_lock_s=600.0)
    any_minutes: list[bool] = []
    began_ours: list[int] = []
    for request, release, grid, minutes in pattern:
        for _ in range(minutes):
            before, before_any = relay.blocked, relay.blocked_any
            on = relay.step(clock.tick(), request=request, release=release and minutes > 20, grid_block=grid)
            now = len(any_minutes)
            if on and not before:
                began_ours.append(now)
                assert not before_any
                assert not grid
                last_block, free = _last_runs(any_minutes)
                assert free >= (max(30, last_block) if last_block else 29)  # the first scan brings its own dt
                assert now >= 9
            if on:
                assert not (release and minutes > 20)
            any_minutes.append(relay.blocked_any)
            if on and not grid:
                run = _run_length(any_minutes)
                assert run <= 60
                assert any_minutes[-1440:].count(True) <= 120
    assert relay.used_ns <= len(any_minutes) * 60 * NS_PER_S
    for begin in began_ours:
        day = [b for b in began_ours if begin - 1440 < b <= begin]
        assert len(day) <= 3


def _run_length(minutes: list[bool]) -> int:
    length = 0
    for minute in reversed(minutes):
        if not minute:
            break
        length += 1
    return length


def _last_runs(minutes: list[bool]) -> tuple[int, int]:
    """Length of the last block and of the free time since, in minutes."""
    free = _run_length([not minute for minute in minutes])
    rest = minutes[: len(minutes) - free]
    return _run_length(rest), free


def test_impossible_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="block_min_s"):
        BlockRelay(block_min_s=1000.0, block_max_s=900.0)
