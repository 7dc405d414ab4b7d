"""From raw values to readings: exact conversion, honest quality, never a zero for a missing value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import NEVER, NS_PER_S, Origin, Quality, Reading, ns
from plc.image.analogue import AnalogueInput, Fault, current_4_20_ma, rtd, voltage_0_10_v

SCAN_NS = 100_000_000


def oil(**options: object) -> AnalogueInput:
    """The oil temperature: Pt1000, -40 to 120 degC, at most 5 K/s, held for 3 s."""
    limits = {"minimum": -40.0, "maximum": 120.0, "max_rate_per_s": 5.0, "hold_ns": ns(3)}
    return AnalogueInput(rtd, **(limits | options))  # type: ignore[arg-type]


def step(channel: AnalogueInput, raw: int, now_s: float, *, status: int = 0, healthy: bool = True) -> Reading:
    return channel.step(raw, status=status, healthy=healthy, now_ns=ns(now_s))


@pytest.mark.parametrize(
    ("raw_ua", "expected"),
    [
        (4000, 0.0), (12000, 50.0), (20000, 100.0), (3800, -1.25), (3600, -2.5), (21000, 106.25),
        (3599, Fault.BREAK), (0, Fault.BREAK), (-20, Fault.BREAK), (-32768, Fault.BREAK),
        (21001, Fault.OVERCURRENT), (24000, Fault.OVERCURRENT), (32767, Fault.OVERCURRENT),
    ],
)  # fmt: skip
def test_a_current_loop_is_judged_by_the_namur_limits(raw_ua: int, expected: float | Fault) -> None:
    assert current_4_20_ma(0.0, 100.0)(raw_ua) == expected


@pytest.mark.parametrize(
    ("raw", "degc"), [(0, 0.0), (521, 52.1), (-123, -12.3), (8500, 850.0), (-2000, -200.0)]
)
def test_a_resistance_thermometer_is_signed(raw: int, degc: float) -> None:
    assert rtd(raw) == degc


@pytest.mark.parametrize(("raw_mv", "value"), [(0, -40.0), (5000, 10.0), (10000, 60.0)])
def test_a_voltage_is_linear(raw_mv: int, value: float) -> None:
    assert voltage_0_10_v(-40.0, 60.0)(raw_mv) == pytest.approx(value)


def test_a_bad_sensor_is_held_for_a_moment_and_then_gone() -> None:
    channel = oil()
    assert step(channel, 521, 10.0) == Reading(52.1, Quality.GOOD, Origin.MEASURED, ns(10))
    assert step(channel, 8500, 10.1) == Reading(52.1, Quality.HELD, Origin.MEASURED, ns(10))
    assert step(channel, 8500, 13.0).quality is Quality.HELD
    gone = step(channel, 8500, 13.1)
    assert gone == Reading(None, Quality.BAD, Origin.MEASURED, ns(10))
    assert channel.fault is Fault.RANGE


def test_a_sensor_that_never_worked_has_no_value() -> None:
    channel = oil()
    assert step(channel, 8500, 1.0) == NEVER
    assert channel.fault is Fault.RANGE


@pytest.mark.parametrize(
    ("raw", "status", "healthy", "fault"),
    [
        (1201, 0, True, Fault.RANGE),
        (-401, 0, True, Fault.RANGE),
        (521, 1, True, Fault.STATUS),
        (521, 2, True, Fault.STATUS),
        (521, 0, False, Fault.MODULE),
        (600, 0, True, Fault.RATE),
    ],
)
def test_every_fault_has_its_name(raw: int, status: int, healthy: bool, fault: Fault) -> None:
    channel = oil()
    step(channel, 521, 10.0)
    reading = step(channel, raw, 10.1, status=status, healthy=healthy)
    assert channel.fault is fault
    assert reading.quality is Quality.HELD


def test_limits_of_the_plausible_range_belong_to_it() -> None:
    assert step(oil(), 1200, 1.0).value == 120.0
    assert step(oil(), -400, 1.0).value == -40.0


def test_a_jump_is_believed_after_the_time_that_nature_needs_for_it() -> None:
    """A sensor that was replaced while the program runs: 50 K at 5 K/s is 10 s."""
    channel = oil()
    step(channel, 200, 0.0)
    times = [n / 10 for n in range(1, 121)]
    believed = [t for t in times if step(channel, 700, t).quality is Quality.GOOD]
    assert believed[0] == 10.0


def test_a_loose_contact_that_jumps_to_and_fro_is_never_believed() -> None:
    channel = oil()
    step(channel, 200, 0.0)
    for n in range(1, 200):
        reading = step(channel, 700 if n % 2 else 200, n / 10)
        assert reading.value in (20.0, None)


def test_one_step_of_resolution_in_a_short_scan_is_no_jump() -> None:
    channel = oil()
    step(channel, 500, 0.0)
    assert step(channel, 509, 0.02).quality is Quality.GOOD


def test_a_frozen_value_is_noticed_and_forgiven_when_it_moves() -> None:
    channel = oil(frozen_ns=ns(60))
    assert step(channel, 521, 0.0).quality is Quality.GOOD
    assert step(channel, 521, 59.9).quality is Quality.GOOD
    step(channel, 521, 60.0)
    assert channel.fault is Fault.FROZEN
    assert step(channel, 521, 63.0).quality is Quality.BAD
    assert step(channel, 522, 63.1).quality is Quality.GOOD


def test_a_lost_module_is_not_taken_for_a_frozen_sensor_afterwards() -> None:
    channel = oil(frozen_ns=ns(60))
    step(channel, 521, 0.0)
    step(channel, 521, 30.0, healthy=False)
    assert step(channel, 521, 40.0).quality is Quality.GOOD


def test_simulated_values_say_so() -> None:
    channel = oil(origin=Origin.SIM)
    assert step(channel, 521, 1.0).origin is Origin.SIM
    assert step(channel, 9999, 1.1).origin is Origin.SIM


RAW = st.integers(-32768, 32767)
SCANS = st.lists(st.tuples(RAW, st.integers(0, 3), st.booleans(), st.integers(1, 5 * NS_PER_S)), max_size=60)


@given(scans=SCANS, hold_s=st.integers(0, 30), frozen_s=st.integers(0, 20))
def test_no_sequence_of_raw_values_makes_a_number_from_nothing(
    scans: list[tuple[int, int, bool, int]], hold_s: int, frozen_s: int
) -> None:
    """A value is always one that was measured, plausible, and not older than the hold time."""
    channel = oil(hold_ns=ns(hold_s), frozen_ns=ns(frozen_s))
    now_ns, good = 0, {}
    for raw, status, healthy, dt_ns in scans:
        now_ns += dt_ns
        reading = channel.step(raw, status=status, healthy=healthy, now_ns=now_ns)
        assert (reading.value is None) == (reading.quality > Quality.HELD)
        assert reading.ok == (reading.value is not None)
        if reading.quality is Quality.GOOD:
            assert status == 0
            assert healthy
            assert reading.taken_ns == now_ns
            good[now_ns] = raw / 10
        if reading.value is not None:
            assert -40.0 <= reading.value <= 120.0
            assert reading.value == good[reading.taken_ns]
            assert now_ns - reading.taken_ns <= ns(hold_s)
        else:
            assert channel.fault is not Fault.NONE


@given(scans=SCANS)
def test_the_same_raw_values_at_the_same_times_give_the_same_readings(
    scans: list[tuple[int, int, bool, int]],
) -> None:
    first, second = oil(frozen_ns=ns(7)), oil(frozen_ns=ns(7))
    now_ns = 0
    for raw, status, healthy, dt_ns in scans:
        now_ns += dt_ns
        args = {"status": status, "healthy": healthy, "now_ns": now_ns}
        assert first.step(raw, **args) == second.step(raw, **args)  # type: ignore[arg-type]


@given(raw=RAW, low=st.floats(-100, 50), width=st.floats(1, 400))
def test_a_current_loop_is_monotonic_and_never_reads_outside_its_limits(
    raw: int, low: float, width: float
) -> None:
    value = current_4_20_ma(low, low + width)(raw)
    if isinstance(value, Fault):
        assert not 3600 <= raw <= 21000
    else:
        assert low - 0.026 * width <= value <= low + 1.063 * width
