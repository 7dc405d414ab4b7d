"""Hysteresis, limit, ramp, mean, controller and scaling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.signal import PI, Hysteresis, MovingMean, Ramp, Scale, limit
from tests.blocks.ticks import Clock

numbers = st.floats(-200, 200)


@pytest.mark.parametrize(
    ("on_at", "off_at", "values", "expected"),
    [
        (55.0, 48.0, [50, 54.9, 55, 50, 48.1, 48, 50], [0, 0, 1, 1, 1, 0, 0]),  # too hot
        (5.0, 8.0, [6, 5.1, 5, 6, 7.9, 8, 6], [0, 0, 1, 1, 1, 0, 0]),  # too cold
    ],
)
def test_hysteresis_switches_at_its_limits_in_either_sense(
    on_at: float, off_at: float, values: list[float], expected: list[int]
) -> None:
    clock, switch = Clock(), Hysteresis(on_at, off_at)
    assert [switch.step(clock.tick(), value=value) for value in values] == expected


def test_hysteresis_holds_without_a_value() -> None:
    clock, switch = Clock(), Hysteresis(55.0, 48.0)
    switch.step(clock.tick(), value=60.0)
    assert switch.step(clock.tick(), value=None) is True


def test_hysteresis_without_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="both"):
        Hysteresis(5.0, 5.0)


@given(numbers, numbers, numbers)
def test_limit_stays_between_low_and_high(low: float, value: float, high: float) -> None:
    result = limit(low, value, high)
    assert result >= low
    if low <= high:
        assert result <= high
        if low <= value <= high:
            assert result == value


def test_ramp_moves_with_its_two_rates_and_arrives_exactly() -> None:
    clock, ramp = Clock(), Ramp(2.0, 1.0)
    assert clock.run(ramp, 1.0, target=10.0) == pytest.approx(2.0)
    assert clock.run(ramp, 10.0, target=10.0) == 10.0
    assert clock.run(ramp, 1.0, target=0.0) == pytest.approx(9.0)
    assert ramp.step(clock.tick(), target=None) == pytest.approx(9.0)
    ramp.preset(3.0)
    assert ramp.step(clock.tick(), target=3.0) == 3.0


def test_mean_is_weighted_with_time_and_leaves_gaps_out() -> None:
    clock, mean = Clock(), MovingMean(40.0, 10.0)
    assert mean.step(clock.tick(), value=None) is None
    clock.run(mean, 9.9, value=None)
    assert mean.mean is None
    clock.run(mean, 10.0, value=10.0)
    clock.run(mean, 10.0, value=20.0)
    assert mean.mean == pytest.approx(15.0)
    assert mean.coverage == 0.5
    clock.run(mean, 20.0, value=30.0)
    assert mean.mean == pytest.approx(22.5)
    assert mean.coverage == 1.0


def test_mean_is_there_before_the_first_sample_is_full() -> None:
    clock, mean = Clock(), MovingMean(40.0, 10.0)
    assert mean.step(clock.tick(), value=7.0) == pytest.approx(7.0)
    assert mean.coverage == 0.0


def test_mean_with_scans_longer_than_a_sample_keeps_its_window() -> None:
    clock, mean = Clock(scan_ms=20_000), MovingMean(60.0, 5.0)
    clock.run(mean, 60.0, value=10.0)
    clock.run(mean, 20.0, value=40.0)
    assert mean.mean == pytest.approx(20.0)


def test_mean_forgets_what_left_the_window() -> None:
    clock, mean = Clock(scan_ms=1000), MovingMean(86_400.0, 900.0)
    clock.run(mean, 900.0 * 3, value=100.0)
    for _ in range(96):
        clock.run(mean, 900.0, value=5.0)
    assert mean.mean == pytest.approx(5.0)
    assert len(mean.state()["_samples"]) == 96


def test_controller_acts_in_its_sense() -> None:
    clock = Clock()
    heating, cooling = PI(4.0, 120.0, 0.0, 100.0), PI(4.0, 120.0, 0.0, 100.0, reverse=True)
    assert heating.step(clock.tick(), sp=50.0, pv=45.0) > 19.0
    assert cooling.step(clock.tick(), sp=50.0, pv=45.0) == 0.0
    assert cooling.step(clock.tick(), sp=50.0, pv=55.0) > 19.0


def test_integral_adds_the_proportional_part_once_per_integral_time() -> None:
    clock, control = Clock(), PI(4.0, 120.0, 0.0, 100.0)
    control.step(clock.tick(), sp=50.0, pv=45.0)
    first = control.out
    clock.run(control, 120.0, sp=50.0, pv=45.0)
    assert control.out - first == pytest.approx(20.0)


def test_controller_leaves_its_limit_with_the_first_change_of_sign() -> None:
    clock, control = Clock(), PI(4.0, 120.0, 20.0, 100.0, reverse=True)
    clock.run(control, 3600.0, sp=50.0, pv=60.0)
    assert control.out == 100.0
    assert control.step(clock.tick(), sp=50.0, pv=49.9) < 100.0


def test_hand_over_is_bumpless() -> None:
    clock, control = Clock(), PI(4.0, 120.0, 20.0, 100.0, reverse=True)
    clock.run(control, 60.0, sp=50.0, pv=53.0, track=60.0)
    assert control.out == 60.0
    after = control.step(clock.tick(), sp=50.0, pv=53.0)
    assert after == pytest.approx(60.0, abs=0.05)


def test_missing_process_value_holds_and_returns_without_a_jump() -> None:
    clock, control = Clock(), PI(4.0, 120.0, 20.0, 100.0, reverse=True)
    clock.run(control, 60.0, sp=50.0, pv=55.0)
    held = control.out
    assert clock.run(control, 600.0, sp=50.0, pv=None) == held
    assert control.step(clock.tick(), sp=50.0, pv=53.0) == held
    assert control.step(clock.tick(), sp=50.0, pv=53.0) == pytest.approx(held, abs=0.05)


@given(
    st.lists(st.tuples(st.none() | numbers, st.none() | numbers, st.integers(1, 1000)), max_size=60),
    st.booleans(),
)
def test_controller_never_leaves_its_limits(
    pattern: list[tuple[float | None, float | None, int]], reverse: bool
) -> None:
    clock, control = Clock(), PI(4.0, 120.0, 20.0, 80.0, reverse=reverse)
    for pv, track, dt_ms in pattern:
        assert 20.0 <= control.step(clock.tick(dt_ms), sp=50.0, pv=pv, track=track) <= 80.0


def test_scaling_is_a_straight_line_and_passes_a_missing_value_on() -> None:
    clock, scale = Clock(), Scale(4.0, 20.0, -50.0, 150.0)
    assert [scale.step(clock.tick(), value=value) for value in (4.0, 12.0, 20.0)] == [-50.0, 50.0, 150.0]
    assert scale.step(clock.tick(), value=None) is None


@pytest.mark.parametrize(
    "build",
    [
        lambda: Ramp(0.0, 1.0),
        lambda: MovingMean(10.0, 20.0),
        lambda: PI(0.0, 1.0, 0.0, 1.0),
        lambda: PI(1.0, 1.0, 1.0, 1.0),
        lambda: Scale(1.0, 1.0, 0.0, 1.0),
    ],
)
def test_impossible_parameters_are_refused(build: object) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        build()  # type: ignore[operator]
