"""IEC timing diagrams as tables, the boundary scan, and what may never happen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import NS_PER_MS, ns
from plc.blocks.timers import TOF, TON, TP
from tests.blocks.ticks import TEN_DAYS_NS, Clock


def trace(block: Any, inputs: str, *, scan_ms: int = 100) -> tuple[str, list[int]]:
    """Runs inputs like "0110" one scan each; returns Q in the same notation and ET in ms."""
    clock = Clock(scan_ms=scan_ms)
    q, et = "", []
    for bit in inputs:
        q += "1" if block.step(clock.tick(), in_=bit == "1") else "0"
        et.append(block.et_ns // NS_PER_MS)
    return q, et


TABLES = [
    # block, PT s, IN, Q, ET in ms
    (TON, 0.3, "0111110", "0000110", [0, 0, 100, 200, 300, 300, 0]),
    (TON, 0.3, "0110110", "0000000", [0, 0, 100, 0, 0, 100, 0]),  # too short, and short again
    (TON, 0.25, "011110", "000010", [0, 0, 100, 200, 250, 0]),  # PT between two scans
    (TON, 0.0, "01010", "01010", [0, 0, 0, 0, 0]),
    (TOF, 0.3, "01000000", "01111000", [0, 0, 0, 100, 200, 300, 300, 300]),
    (TOF, 0.3, "01001000", "01111111", [0, 0, 0, 100, 0, 0, 100, 200]),  # back in time
    (TOF, 0.0, "01010", "01010", [0, 0, 0, 0, 0]),
    (TP, 0.3, "01000000", "01110000", [0, 0, 100, 200, 0, 0, 0, 0]),  # input pulse of one scan
    (TP, 0.3, "01111110", "01110000", [0, 0, 100, 200, 300, 300, 300, 0]),  # input outlives the pulse
    (TP, 0.3, "01010101", "01110111", [0, 0, 100, 200, 0, 0, 100, 200]),  # not retriggered
    (TP, 0.3, "0101101", "0111001", None),  # edge in the scan that ends the pulse is ignored
    (TP, 0.0, "01010", "00000", [0, 0, 0, 0, 0]),
]


@pytest.mark.parametrize(("kind", "pt_s", "inputs", "q", "et"), TABLES)
def test_timing_diagram(kind: Any, pt_s: float, inputs: str, q: str, et: list[int] | None) -> None:
    seen_q, seen_et = trace(kind(pt_s), inputs)
    assert seen_q == q
    if et is not None:
        assert seen_et == et


@pytest.mark.parametrize("start_ns", [0, TEN_DAYS_NS, TEN_DAYS_NS + 1])
def test_ton_of_2000_ms_acts_in_the_20th_scan_after_the_edge(start_ns: int) -> None:
    clock, timer = Clock(start_ns), TON(2.0)
    timer.step(clock.tick(), in_=False)
    results = [timer.step(clock.tick(), in_=True) for _ in range(22)]
    assert results.index(True) == 20


def test_ton_is_exact_with_scans_of_different_length() -> None:
    clock, timer = Clock(), TON(2.0)
    timer.step(clock.tick(900), in_=True)  # the time before the edge does not count
    for dt_ms in (300, 700, 50, 949):
        assert timer.step(clock.tick(dt_ms), in_=True) is False
    assert timer.step(clock.tick(1), in_=True) is True


def test_ton_that_ran_for_ten_days_still_falls_at_once() -> None:
    clock, timer = Clock(scan_ms=20_000), TON(2.0)
    clock.run(timer, 10 * 86_400, in_=True)
    assert timer.et_ns == ns(2.0)
    assert timer.step(clock.tick(), in_=False) is False


def test_ton_pt_made_shorter_while_running_acts_in_the_next_scan() -> None:
    clock, timer = Clock(), TON(10.0)
    clock.run(timer, 3.0, in_=True)
    timer.pt_ns = ns(2.0)
    assert timer.step(clock.tick(), in_=True) is True
    assert timer.et_ns == ns(2.0)


def test_ton_pt_made_longer_while_running_counts_on_from_the_elapsed_time() -> None:
    clock, timer = Clock(), TON(2.0)
    timer.step(clock.tick(), in_=True)
    clock.run(timer, 1.0, in_=True)
    timer.pt_ns = ns(3.0)
    assert clock.run(timer, 1.9, in_=True) is False
    assert timer.step(clock.tick(), in_=True) is True


def test_ton_pt_made_longer_after_the_time_takes_nothing_back() -> None:
    clock, timer = Clock(), TON(1.0)
    clock.run(timer, 2.0, in_=True)
    timer.pt_ns = ns(60.0)
    assert timer.step(clock.tick(), in_=True) is True


@pytest.mark.parametrize("kind", [TOF, TP])
def test_tof_and_tp_pt_set_to_zero_while_running_ends_in_the_next_scan(kind: Any) -> None:
    clock, timer = Clock(), kind(10.0)
    timer.step(clock.tick(), in_=True)
    assert timer.step(clock.tick(), in_=False) is True
    timer.pt_ns = 0
    assert timer.step(clock.tick(), in_=False) is False


def test_left_time_never_is_negative() -> None:
    clock, timer = Clock(), TON(1.0)
    timer.step(clock.tick(), in_=True)
    timer.step(clock.tick(400), in_=True)
    assert timer.left_ns == ns(0.6)
    timer.pt_ns = ns(0.2)
    assert timer.left_ns == 0


@pytest.mark.parametrize("kind", [TON, TOF, TP])
@pytest.mark.parametrize("pt_s", [-0.1, float("nan")])
def test_impossible_preset_time_is_refused(kind: Any, pt_s: float) -> None:
    with pytest.raises(ValueError, match="pt_s"):
        kind(pt_s)


scans = st.lists(st.tuples(st.booleans(), st.integers(1, 1000)), min_size=1, max_size=80)


@given(scans, st.integers(0, 2000))
def test_a_pulse_is_never_longer_than_pt_plus_one_scan(pattern: list[tuple[bool, int]], pt_ms: int) -> None:
    clock, timer = Clock(), TP(pt_ms / 1000)
    started_ns = None
    for in_, dt_ms in pattern:
        before = timer.q
        tick = clock.tick(dt_ms)
        q = timer.step(tick, in_=in_)
        if q and not before:
            started_ns = tick.now_ns
        if before and started_ns is not None:
            lasted_ns = tick.now_ns - started_ns
            assert lasted_ns < timer.pt_ns + tick.dt_ns
            assert q == (lasted_ns < timer.pt_ns)


@given(scans, st.integers(0, 2000))
def test_ton_is_on_exactly_when_the_input_has_been_on_for_pt(
    pattern: list[tuple[bool, int]], pt_ms: int
) -> None:
    clock, timer = Clock(), TON(pt_ms / 1000)
    since_ns = None
    for in_, dt_ms in pattern:
        tick = clock.tick(dt_ms)
        since_ns = (tick.now_ns if since_ns is None else since_ns) if in_ else None
        expected = since_ns is not None and tick.now_ns - since_ns >= timer.pt_ns
        assert timer.step(tick, in_=in_) is expected
        assert 0 <= timer.et_ns <= timer.pt_ns


@given(scans, st.integers(0, 2000))
def test_tof_is_the_mirror_of_ton(pattern: list[tuple[bool, int]], pt_ms: int) -> None:
    clock, on_delay, off_delay = Clock(), TON(pt_ms / 1000), TOF(pt_ms / 1000)
    off_delay.step(clock.tick(), in_=True)
    on_delay.step(clock.tick(), in_=False)
    for in_, dt_ms in pattern:
        tick = clock.tick(dt_ms)
        assert off_delay.step(tick, in_=in_) is not on_delay.step(tick, in_=not in_)
