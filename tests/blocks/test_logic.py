"""Edges, bistables and counters against the tables of IEC 61131-3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.logic import CTD, CTU, CTUD, CV_MAX, F_TRIG, R_TRIG, RS, SR
from tests.blocks.ticks import Clock

bits = st.lists(st.booleans(), max_size=60)
pairs = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


def test_rising_edge_lasts_one_scan() -> None:
    clock, edge = Clock(), R_TRIG()
    assert [edge.step(clock.tick(), clk=bit) for bit in (0, 1, 1, 0, 1, 0)] == [0, 1, 0, 0, 1, 0]


def test_falling_edge_lasts_one_scan() -> None:
    clock, edge = Clock(), F_TRIG()
    assert [edge.step(clock.tick(), clk=bit) for bit in (1, 0, 0, 1, 0)] == [0, 1, 0, 0, 1]


def test_first_scan_follows_the_standard() -> None:
    assert R_TRIG().step(Clock().tick(), clk=True) is True
    assert F_TRIG().step(Clock().tick(), clk=False) is True


@given(bits)
def test_every_change_is_seen_by_exactly_one_edge_block(pattern: list[bool]) -> None:
    clock, rising, falling = Clock(), R_TRIG(), F_TRIG()
    rising.step(clock.tick(), clk=False)
    falling.step(clock.tick(), clk=False)
    last = False
    for bit in pattern:
        up, down = rising.step(clock.tick(), clk=bit), falling.step(clock.tick(), clk=bit)
        assert up is (bit and not last)
        assert down is (last and not bit)
        last = bit


@pytest.mark.parametrize(
    ("set_", "reset", "before", "sr", "rs"),
    [
        (False, False, False, False, False),
        (False, False, True, True, True),
        (True, False, False, True, True),
        (False, True, True, False, False),
        (True, True, False, True, False),
        (True, True, True, True, False),
    ],
)
def test_bistables_follow_their_truth_table(
    set_: bool, reset: bool, before: bool, sr: bool, rs: bool
) -> None:
    set_dominant, reset_dominant = SR(), RS()
    set_dominant.q1 = reset_dominant.q1 = before
    assert set_dominant.step(Clock().tick(), set1=set_, reset=reset) is sr
    assert reset_dominant.step(Clock().tick(), set=set_, reset1=reset) is rs


@given(pairs)
def test_set_wins_in_sr_and_reset_wins_in_rs(pattern: list[tuple[bool, bool]]) -> None:
    clock, set_dominant, reset_dominant = Clock(), SR(), RS()
    for set_, reset in pattern:
        before = set_dominant.q1, reset_dominant.q1
        sr = set_dominant.step(clock.tick(), set1=set_, reset=reset)
        rs = reset_dominant.step(clock.tick(), set=set_, reset1=reset)
        if set_:
            assert sr is True
        if reset:
            assert rs is False
        if not set_ and not reset:
            assert (sr, rs) == before


def test_up_counter_counts_edges_and_reset_wins() -> None:
    clock, counter = Clock(), CTU(2)
    assert [counter.step(clock.tick(), cu=bit) for bit in (1, 1, 0, 1)] == [0, 0, 0, 1]
    assert counter.cv == 2
    assert counter.step(clock.tick(), cu=False, r=True) is False
    assert counter.step(clock.tick(), cu=True, r=True) is False
    assert counter.cv == 0
    counter.step(clock.tick(), cu=True)
    assert counter.cv == 0, "the edge under reset is lost, not postponed"


def test_down_counter_counts_from_the_loaded_value_and_load_wins() -> None:
    clock, counter = Clock(), CTD(2)
    counter.step(clock.tick(), cd=False, ld=True)
    assert counter.cv == 2
    counter.step(clock.tick(), cd=True, ld=True)
    assert counter.cv == 2
    assert [counter.step(clock.tick(), cd=bit) for bit in (0, 1, 0, 1, 0, 1)] == [0, 0, 0, 1, 1, 1]
    assert counter.cv == 0


def test_up_down_counter_priorities() -> None:
    clock, counter = Clock(), CTUD(3)
    counter.step(clock.tick(), cu=False, cd=False, ld=True)
    assert (counter.cv, counter.qu, counter.qd) == (3, True, False)
    counter.step(clock.tick(), cu=True, cd=True)
    assert counter.cv == 3, "both edges cancel"
    counter.step(clock.tick(), cu=False, cd=False, r=True, ld=True)
    assert (counter.cv, counter.qu, counter.qd) == (0, False, True), "reset wins over load"


@given(
    st.integers(0, CV_MAX),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()), max_size=60),
)
def test_counters_stay_in_their_range(pv: int, pattern: list[tuple[bool, bool, bool, bool]]) -> None:
    clock, up, down, both = Clock(), CTU(pv), CTD(pv), CTUD(pv)
    up.cv = both.cv = CV_MAX - 3
    for cu, cd, r, ld in pattern:
        up.step(clock.tick(), cu=cu, r=r)
        down.step(clock.tick(), cd=cd, ld=ld)
        both.step(clock.tick(), cu=cu, cd=cd, r=r, ld=ld)
        for counter in (up, down, both):
            assert 0 <= counter.cv <= CV_MAX
        assert up.q is (up.cv >= pv)
        assert down.q is (down.cv <= 0)
        assert (both.qu, both.qd) == (both.cv >= pv, both.cv <= 0)


def test_counters_saturate() -> None:
    clock, up, both, down = Clock(), CTU(5), CTUD(5), CTD(5)
    up.cv = both.cv = CV_MAX
    up.step(clock.tick(), cu=True)
    both.step(clock.tick(), cu=True, cd=False)
    assert (up.cv, both.cv) == (CV_MAX, CV_MAX)
    assert up.q is True
    down.step(clock.tick(), cd=True)
    assert down.cv == 0


@pytest.mark.parametrize("pv", [-1, CV_MAX + 1])
def test_impossible_preset_value_is_refused(pv: int) -> None:
    with pytest.raises(ValueError, match="pv"):
        CTU(pv)
