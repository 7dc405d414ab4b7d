"""Contactor: enable and feedback, seen together and in time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.contactor import Contactor, ContactorStatus
from plc.blocks.core import ns
from tests.blocks.ticks import Clock


def ready(min_on_s: float = 10.0, min_off_s: float = 5.0) -> tuple[Clock, Contactor]:
    """An open contactor whose minimum off time is over."""
    clock, contactor = Clock(), Contactor(min_on_s=min_on_s, min_off_s=min_off_s)
    clock.run(contactor, min_off_s + 0.1, request=False, feedback=False)
    return clock, contactor


def running() -> tuple[Clock, Contactor]:
    clock, contactor = ready()
    clock.run(contactor, 0.2, request=True, feedback=False)
    clock.run(contactor, 1.0, request=True, feedback=True)
    assert contactor.status is ContactorStatus.ON
    return clock, contactor


def test_minimum_off_runs_from_the_start_of_the_program() -> None:
    clock, contactor = Clock(), Contactor(min_off_s=900.0)
    assert clock.run(contactor, 899.9, request=True, feedback=False) is False
    assert contactor.step(clock.tick(), request=True, feedback=False) is True


def test_normal_cycle_goes_through_closing_and_opening() -> None:
    clock, contactor = ready(min_on_s=0.0)
    seen = []
    for request, feedback in [(1, 0), (1, 1), (0, 1), (0, 0)]:
        contactor.step(clock.tick(), request=bool(request), feedback=bool(feedback))
        seen.append(contactor.status.value)
    assert seen == ["closing", "on", "opening", "off"]
    assert contactor.cycles.count == 1


def test_missing_feedback_withdraws_the_enable_and_stays_until_the_request_goes() -> None:
    clock, contactor = ready()
    contactor.step(clock.tick(), request=True, feedback=False)
    assert clock.run(contactor, 1.0, request=True, feedback=False) is True
    assert contactor.step(clock.tick(), request=True, feedback=False) is False
    assert contactor.status is ContactorStatus.NO_FEEDBACK
    assert clock.run(contactor, 600.0, request=True, feedback=False) is False
    contactor.step(clock.tick(), request=False, feedback=False)
    assert contactor.status is ContactorStatus.OFF
    assert contactor.step(clock.tick(), request=True, feedback=False) is True


def test_reset_is_a_retry_with_the_request_still_there() -> None:
    clock, contactor = ready()
    clock.run(contactor, 3.0, request=True, feedback=False)
    assert contactor.no_feedback is True
    assert contactor.step(clock.tick(), request=True, feedback=False, reset=True) is True


def test_a_load_that_cannot_be_switched_off_is_welded_and_stays_disabled() -> None:
    clock, contactor = running()
    contactor.step(clock.tick(), request=False, feedback=True, trip=True)
    clock.run(contactor, 0.9, request=False, feedback=True)
    assert contactor.status is ContactorStatus.OPENING
    clock.run(contactor, 0.1, request=False, feedback=True)
    assert contactor.welded is True
    assert clock.run(contactor, 60.0, request=True, feedback=True) is False
    contactor.step(clock.tick(), request=False, feedback=False)
    assert contactor.status is ContactorStatus.OFF


def test_a_latched_missing_feedback_does_not_hide_a_load_that_runs_without_enable() -> None:
    clock, contactor = ready()
    clock.run(contactor, 3.0, request=True, feedback=False)
    assert contactor.status is ContactorStatus.NO_FEEDBACK
    clock.run(contactor, 1.1, request=True, feedback=True)
    assert (contactor.status, contactor.enable) == (ContactorStatus.WELDED, False)


def test_a_contactor_that_is_closed_when_the_program_starts_is_seen() -> None:
    clock, contactor = Clock(), Contactor()
    contactor.step(clock.tick(), request=True, feedback=True)
    assert (contactor.enable, contactor.closed) == (False, True)
    assert contactor.status is ContactorStatus.OPENING
    clock.run(contactor, 1.0, request=True, feedback=True)
    assert contactor.status is ContactorStatus.WELDED


def test_minimum_times_count_from_the_feedback() -> None:
    clock, contactor = ready(min_on_s=10.0, min_off_s=5.0)
    clock.run(contactor, 0.8, request=True, feedback=False)
    contactor.step(clock.tick(), request=True, feedback=True)
    assert clock.run(contactor, 9.9, request=False, feedback=True) is True
    assert contactor.step(clock.tick(), request=False, feedback=True) is False
    clock.run(contactor, 0.7, request=True, feedback=True)  # opens late
    contactor.step(clock.tick(), request=True, feedback=False)
    assert clock.run(contactor, 4.9, request=True, feedback=False) is False
    assert contactor.step(clock.tick(), request=True, feedback=False) is True


def test_a_safety_relay_that_comes_back_does_not_restart_the_load() -> None:
    clock, contactor = running()
    contactor.step(clock.tick(), request=True, feedback=False, trip=True)  # chain opened the coil
    assert contactor.enable is False
    assert clock.run(contactor, 4.0, request=True, feedback=False) is False


def test_a_contactor_that_drops_without_our_will_loses_its_enable() -> None:
    clock, contactor = running()
    clock.run(contactor, 1.1, request=True, feedback=False)
    assert (contactor.enable, contactor.status) == (False, ContactorStatus.NO_FEEDBACK)
    assert clock.run(contactor, 4.9, request=True, feedback=False, reset=True) is False, "minimum off runs"


def test_a_bouncing_feedback_changes_nothing() -> None:
    clock, contactor = running()
    for _ in range(5):
        assert clock.run(contactor, 0.5, request=True, feedback=False) is True
        assert clock.run(contactor, 0.5, request=True, feedback=True) is True
    assert contactor.status is ContactorStatus.ON


def test_trip_overrides_minimum_on() -> None:
    clock, contactor = running()
    assert contactor.step(clock.tick(), request=True, feedback=True, trip=True) is False


def test_unknown_feedback_is_neither_open_nor_closed() -> None:
    clock, contactor = running()
    assert clock.run(contactor, 5.0, request=True, feedback=False, feedback_known=False) is True
    assert (contactor.status, contactor.closed) == (ContactorStatus.ON, True)
    assert contactor.step(clock.tick(), request=False, feedback=False, feedback_known=False) is False
    assert contactor.status is ContactorStatus.OPENING


def test_minimum_off_does_not_pass_and_nothing_starts_while_the_feedback_is_unknown() -> None:
    clock, contactor = Clock(), Contactor(min_off_s=5.0)
    assert clock.run(contactor, 60.0, request=True, feedback=False, feedback_known=False) is False
    assert clock.run(contactor, 4.9, request=True, feedback=False) is False
    assert contactor.step(clock.tick(), request=True, feedback=False) is True


@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans()), max_size=150
    )
)
def test_enable_needs_a_request_or_a_measured_minimum_on(pattern: list[tuple[bool, ...]]) -> None:
    clock, contactor = Clock(), Contactor(feedback_s=0.3, min_on_s=1.0, min_off_s=0.5)
    for request, feedback, trip, known, reset in pattern:
        before = contactor.enable
        enable = contactor.step(
            clock.tick(), request=request, feedback=feedback, trip=trip, feedback_known=known, reset=reset
        )
        if enable:
            assert not trip
            assert not contactor.no_feedback
        if enable and not before:
            assert request
            assert known
            assert not feedback


def test_hours_count_the_closed_time() -> None:
    clock, contactor = ready()
    clock.run(contactor, 0.5, request=True, feedback=False)
    contactor.step(clock.tick(), request=True, feedback=True)
    clock.run(contactor, 20.0, request=True, feedback=True)
    assert contactor.hours.run_ns == ns(20.0)
