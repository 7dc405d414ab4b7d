"""Running hours, starts, minimum times and exercise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import ns
from plc.blocks.duty import AntiSeize, MinTimes, RunHours, StartCounter
from tests.blocks.ticks import Clock


def test_run_hours_count_time_while_running_only() -> None:
    clock, hours = Clock(scan_ms=20_000), RunHours()
    hours.step(clock.tick(), running=True)
    clock.run(hours, 7200, running=True)
    clock.run(hours, 3600, running=False)
    assert hours.run_ns == ns(7220)  # the 20 s up to the scan that saw the stop are still running time
    assert hours.hours == 7220 / 3600


def test_starts_are_changes_to_on_and_an_on_at_the_very_first_scan() -> None:
    clock, starts = Clock(), StartCounter()
    assert [starts.step(clock.tick(), running=bit) for bit in (1, 1, 0, 1, 0, 0, 1)] == [1, 1, 1, 2, 2, 2, 3]


# --- minimum times ------------------------------------------------------------------------------


def started(min_on_s: float = 10.0, min_off_s: float = 5.0) -> tuple[Clock, MinTimes]:
    """A device that is commanded on and measured on since this scan."""
    clock, times = Clock(), MinTimes(min_on_s, min_off_s, off_served=True)
    assert times.step(clock.tick(), request=True, measured=False) is True
    assert times.step(clock.tick(), request=True, measured=True) is True
    return clock, times


def test_minimum_off_time_runs_from_the_start_of_the_program() -> None:
    clock, times = Clock(), MinTimes(0.0, 5.0)
    assert clock.run(times, 4.9, request=True, measured=False) is False
    assert times.wait_ns == ns(0.1)
    assert times.step(clock.tick(), request=True, measured=False) is True


def test_minimum_on_time_counts_from_the_feedback_not_from_the_command() -> None:
    clock, times = Clock(), MinTimes(10.0, 5.0, off_served=True)
    clock.run(times, 3.0, request=True, measured=False)  # commanded, feedback takes 3 s
    times.step(clock.tick(), request=True, measured=True)
    assert clock.run(times, 9.9, request=False, measured=True) is True
    assert times.step(clock.tick(), request=False, measured=True) is False


def test_a_command_without_feedback_can_be_taken_back_at_once() -> None:
    clock, times = Clock(), MinTimes(10.0, 5.0, off_served=True)
    clock.run(times, 1.0, request=True, measured=False)
    assert times.step(clock.tick(), request=False, measured=False) is False


def test_trip_overrides_minimum_on() -> None:
    clock, times = started()
    assert times.step(clock.tick(), request=True, measured=True, trip=True) is False


def test_minimum_off_counts_from_the_measured_stop_and_nothing_overrides_it() -> None:
    clock, times = started()
    times.step(clock.tick(), request=False, measured=True, trip=True)
    clock.run(times, 60.0, request=True, measured=True)  # the contact does not open: no start, no time
    assert times.command is False
    times.step(clock.tick(), request=True, measured=False)
    assert clock.run(times, 4.9, request=True, measured=False) is False
    assert times.step(clock.tick(), request=True, measured=False) is True


def test_a_device_that_stopped_by_itself_does_not_come_back_by_itself() -> None:
    clock, times = started()
    assert times.step(clock.tick(), request=True, measured=False) is False
    assert clock.run(times, 4.9, request=True, measured=False) is False
    assert times.step(clock.tick(), request=True, measured=False) is True


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(1, 400)), max_size=120),
    st.integers(0, 2000),
    st.integers(0, 2000),
)
def test_no_command_before_minimum_off_and_no_early_end_without_trip(
    pattern: list[tuple[bool, bool, bool, int]], on_ms: int, off_ms: int
) -> None:
    clock, times = Clock(), MinTimes(on_ms / 1000, off_ms / 1000)
    measured, changed_ns = False, 0
    for request, trip, lag, dt_ms in pattern:
        before = times.command
        tick = clock.tick(dt_ms)
        now_measured = measured if lag else before  # the device follows its command, sometimes late
        if now_measured != measured:
            measured, changed_ns = now_measured, tick.now_ns
        command = times.step(tick, request=request, measured=measured, trip=trip)
        held_ns = tick.now_ns - changed_ns
        if command and not before:
            assert not measured
            assert held_ns >= ns(off_ms / 1000)
            assert not trip
        if before and not command and not trip and measured:
            assert held_ns >= ns(on_ms / 1000)


# --- exercise -----------------------------------------------------------------------------------


def test_exercise_after_standing_lasts_the_run_time() -> None:
    clock, exercise = Clock(scan_ms=1000), AntiSeize(3600.0, 60.0)
    assert clock.run(exercise, 3599, running=False) is False
    assert exercise.step(clock.tick(), running=False) is True
    clock.run(exercise, 60, running=True)
    assert exercise.run is True
    assert exercise.step(clock.tick(), running=True) is False
    assert (exercise.idle_ns, exercise.count) == (0, 1)


def test_a_pump_that_was_asked_and_did_not_run_is_not_exercised() -> None:
    clock, exercise = Clock(scan_ms=1000), AntiSeize(3600.0, 60.0)
    assert clock.run(exercise, 7200, running=False) is True
    clock.run(exercise, 30, running=True)
    assert exercise.step(clock.tick(), running=False) is True, "half a run is not an exercise"


def test_ordinary_running_replaces_the_exercise() -> None:
    clock, exercise = Clock(scan_ms=1000), AntiSeize(3600.0, 60.0)
    for _ in range(5):
        clock.run(exercise, 3000, running=False)
        assert clock.run(exercise, 120, running=True) is False
    assert exercise.count == 0


def test_exercise_waits_for_permission() -> None:
    clock, exercise = Clock(scan_ms=1000), AntiSeize(3600.0, 60.0)
    assert clock.run(exercise, 9000, running=False, permitted=False) is False
    assert exercise.step(clock.tick(), running=False, permitted=True) is True
