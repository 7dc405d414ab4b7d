"""Rules of one value: what is refused, and that every refusal ends by itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import NS_PER_S
from plc.field.rs485.devicetype import Bound, Counter, ValueSpec
from plc.field.rs485.plausible import Gate, Limits
from tests.field.rs485.kinds import kind

LIMITS = Limits(25_000, 12_000)
SOC = kind("deye-3p-lv").values["battery_soc_pct"]
GRID = ValueSpec(0, "W", bound=Bound.FUSE)
DAY = ValueSpec(0, "kWh", low=0, counter=Counter.DAY)
TOTAL = replace(DAY, counter=Counter.TOTAL)


def run(gate, samples):
    """Offers (second, value) pairs; gives what is accepted after each."""
    accepted = []
    for second, value in samples:
        judged = gate.judge(value, int(second * NS_PER_S), LIMITS)
        if judged is not None:
            gate.take(judged, int(second * NS_PER_S))
        accepted.append(gate.value)
    return accepted


@pytest.mark.parametrize(
    ("bound", "limit"),
    [(Bound.FUSE, 25_000), (Bound.AC, 25_000), (Bound.BATTERY, 14_400), (Bound.PV, 18_000)],
)
def test_powers_are_limited_by_site_and_unit(bound, limit):
    spec = ValueSpec(0, "W", bound=bound)
    assert run(Gate(spec), [(1, limit)]) == [limit]
    assert run(Gate(spec), [(1, limit + 1)]) == [None]


def test_a_large_step_needs_a_second_sample():
    assert run(Gate(GRID), [(0, 0), (2, 20_000), (4, 20_100)]) == [0, 0, 20_100]
    assert run(Gate(GRID), [(0, 0), (2, 20_000), (4, 10)]) == [0, 0, 10]


def test_soc_rises_three_points_a_minute_and_no_faster():
    assert run(Gate(SOC), [(0, 50), (2, 53), (4, 70)]) == [50, 53, 53]


def test_soc_after_a_long_silence_is_taken_as_it_is():
    assert run(Gate(SOC), [(0, 50), (3600, 90)]) == [50, 90]


def test_a_real_soc_jump_is_believed_in_the_end():
    assert run(Gate(SOC), [(0, 80), *[(s, 100) for s in range(2, 420, 2)]])[-1] == 100


def test_soc_zero_needs_three_reads():
    assert run(Gate(SOC), [(0, 3), (100, 0), (102, 0), (104, 0)]) == [3, 3, 3, 0]
    assert run(Gate(SOC), [(0, 63), (2, 0), (4, 63)]) == [63, 63, 63]


def test_a_day_counter_falls_only_to_nothing_and_only_when_it_stays_there():
    midnight = [(0, 23.4), *[(s, 0.0) for s in range(10, 100, 10)], (100, 0.1)]
    assert run(Gate(DAY), midnight)[-1] == 0.1
    assert run(Gate(DAY), [(0, 23.4), (10, 0.0), (20, 23.4)]) == [23.4, 23.4, 23.4]
    assert run(Gate(DAY), [(0, 23.4), *[(s, 12.0) for s in range(10, 300, 10)]])[-1] == 23.4


def test_a_total_never_falls_and_never_jumps():
    assert run(Gate(TOTAL), [(0, 12_345.6), (10, 1234.5), (3600, 1234.5)])[-1] == 12_345.6
    assert run(Gate(TOTAL), [(0, 100.0), (10, 6653.6), (20, 100.1)]) == [100.0, 100.0, 100.1]


def test_small_negative_night_values_of_a_string_count_as_zero():
    string = kind("deye-3p-lv").values["pv1_w"]
    assert run(Gate(string), [(0, -3)]) == [0]
    assert run(Gate(string), [(0, -51)]) == [None]


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(-1e5, 1e5)), max_size=40))
def test_whatever_comes_nothing_beyond_the_limit_is_accepted(steps):
    second, samples = 0, []
    for pause, value in steps:
        second += pause
        samples.append((second, value))
    assert all(value is None or abs(value) <= 25_000 for value in run(Gate(GRID), samples))


@given(st.floats(-20_000, 20_000), st.floats(-20_000, 20_000))
def test_a_value_that_stays_is_accepted_by_the_second_read(first, second):
    assert run(Gate(GRID), [(0, first), (2, second), (4, second)])[-1] == second
