"""Valve: position model, dead time, overdrive, synchronisation, both wirings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import NS_PER_S, ns
from plc.blocks.valve import Drive, ThreePointValve, ValveStatus
from tests.blocks.ticks import Clock

TO_A = {"request_a": True, "request_b": False}
TO_B = {"request_a": False, "request_b": True}
HOLD = {"request_a": False, "request_b": False}
BOTH = {"request_a": True, "request_b": True}
both_drives = pytest.mark.parametrize("drive", list(Drive))


def at_a(**parameters: object) -> tuple[Clock, ThreePointValve]:
    """A valve that has been synchronised at A."""
    clock, valve = Clock(), ThreePointValve(**parameters)  # type: ignore[arg-type]
    clock.run(valve, 95.0, **TO_A)
    assert valve.status is ValveStatus.AT_A
    return clock, valve


def test_position_is_unknown_after_the_start_and_nothing_moves_unasked() -> None:
    clock, valve = Clock(), ThreePointValve()
    clock.run(valve, 200.0, **HOLD)
    assert (valve.status, valve.position_valid, valve.position_pct) == (ValveStatus.UNKNOWN, False, None)
    assert (valve.a, valve.b, valve.strokes) == (False, False, 0)
    assert valve.resync_due


def test_first_use_synchronises_at_a_for_the_full_overdrive() -> None:
    clock, valve = Clock(), ThreePointValve()
    clock.until(valve, lambda v: v.a, limit_s=2.0, **TO_A)
    assert valve.status is ValveStatus.SYNC
    driven_s = clock.until(valve, lambda v: not v.a, limit_s=120.0, **TO_A)
    assert driven_s == pytest.approx(89.9)  # counted from the second scan with the relay on: 90 s in all
    assert (valve.status, valve.position_pct) == (ValveStatus.AT_A, 0.0)


def test_b_is_reached_by_way_of_a_while_the_position_is_unknown() -> None:
    clock, valve = Clock(), ThreePointValve()
    seen = []
    for tick in clock.ticks(200.0):
        valve.step(tick, **TO_B)
        if not seen or seen[-1] is not valve.status:
            seen.append(valve.status)
    assert seen == [
        ValveStatus.DEAD_TIME,
        ValveStatus.SYNC,
        ValveStatus.DEAD_TIME,
        ValveStatus.TO_B,
        ValveStatus.AT_B,
    ]
    assert (valve.position_pct, valve.at_a, valve.at_b, valve.strokes) == (100.0, False, True, 2)


@both_drives
def test_a_stroke_lasts_run_time_with_overdrive_and_the_relays_go_off(drive: Drive) -> None:
    clock, valve = at_a(drive=drive)
    clock.until(valve, lambda v: v.moving, limit_s=3.0, **TO_B)
    driven_s = clock.until(valve, lambda v: not v.moving, limit_s=120.0, **TO_B)
    assert driven_s + 0.1 == pytest.approx(90.0)
    clock.run(valve, 1.0, **TO_B)
    assert (valve.a, valve.b, valve.status) == (False, False, ValveStatus.AT_B)


def test_position_follows_drive_time_and_stops_at_the_ends() -> None:
    clock, valve = at_a()
    clock.until(valve, lambda v: v.b, limit_s=3.0, **TO_B)
    clock.run(valve, 37.5, **TO_B)
    assert valve.position_pct == 50.0
    clock.run(valve, 37.5, **TO_B)
    assert valve.position_pct == 100.0
    clock.run(valve, 10.0, **TO_B)
    assert (valve.position_pct, valve.at_b) == (100.0, False), "overdrive still runs"


def test_direction_change_keeps_both_relays_off_for_the_dead_time() -> None:
    clock, valve = at_a(dead_s=1.0)
    clock.until(valve, lambda v: v.b, limit_s=3.0, **TO_B)
    clock.run(valve, 20.0, **TO_B)
    valve.step(clock.tick(), **TO_A)
    off = 1 if not valve.a and not valve.b else 0
    while not valve.a:
        valve.step(clock.tick(), **TO_A)
        off += 1
        assert not valve.b
    assert off - 1 == 10  # ten scans of 100 ms with both off


def test_a_reversed_stroke_drives_back_the_travelled_way_plus_overdrive() -> None:
    clock, valve = at_a()
    clock.until(valve, lambda v: v.b, limit_s=3.0, **TO_B)
    clock.run(valve, 20.0, **TO_B)
    clock.until(valve, lambda v: v.a, limit_s=3.0, **TO_A)
    driven_s = clock.until(valve, lambda v: not v.a, limit_s=120.0, **TO_A)
    assert driven_s + 0.1 == pytest.approx(20.1 + 15.0)
    assert valve.at_a


def test_hold_stops_and_the_stroke_goes_on_where_it_stopped() -> None:
    clock, valve = at_a()
    clock.until(valve, lambda v: v.b, limit_s=3.0, **TO_B)
    clock.run(valve, 30.0, **TO_B)
    clock.run(valve, 60.0, **HOLD)
    assert (valve.status, valve.a, valve.b) == (ValveStatus.HOLD, False, False)
    held_pct = valve.position_pct
    clock.run(valve, 60.0, **HOLD)
    assert valve.position_pct == held_pct
    clock.run(valve, 61.0, **TO_B)
    assert valve.status is ValveStatus.AT_B


def test_both_directions_requested_is_a_fault_with_relays_off_and_ends_with_the_request() -> None:
    clock, valve = at_a()
    clock.until(valve, lambda v: v.b, limit_s=3.0, **TO_B)
    valve.step(clock.tick(), **BOTH)
    assert (valve.status, valve.a, valve.b) == (ValveStatus.FAULT, False, False)
    assert valve.position_valid
    clock.run(valve, 95.0, **TO_B)
    assert valve.status is ValveStatus.AT_B


def test_loss_of_supply_makes_the_position_unknown_and_the_next_use_goes_home_first() -> None:
    clock, valve = at_a()
    clock.run(valve, 100.0, **TO_B)
    assert clock.run(valve, 1.0, supply_ok=False, **TO_B) is ValveStatus.NO_SUPPLY
    assert (valve.a, valve.b, valve.position_valid, valve.at_b) == (False, False, False, False)
    clock.until(valve, lambda v: v.status is ValveStatus.SYNC, limit_s=3.0, **TO_B)
    clock.until(valve, lambda v: v.status is ValveStatus.AT_B, limit_s=200.0, **TO_B)
    assert valve.position_valid


def test_after_twenty_strokes_the_valve_is_driven_home_in_full() -> None:
    clock, valve = at_a(resync_strokes=20)
    for _ in range(9):
        clock.run(valve, 92.0, **TO_B)
        clock.run(valve, 92.0, **TO_A)
        assert valve.status is ValveStatus.AT_A
    assert valve.strokes == 19  # with the way home at the start, which does not count for the model
    clock.run(valve, 92.0, **TO_B)
    assert not valve.resync_due
    clock.until(valve, lambda v: v.resync_due, limit_s=2.0, **TO_A)  # the 20th begins
    clock.until(valve, lambda v: v.status is ValveStatus.SYNC, limit_s=95.0, **TO_A)
    clock.until(valve, lambda v: v.status is ValveStatus.AT_A, limit_s=95.0, **TO_A)
    assert (valve.strokes, valve.resync_due) == (21, False)


def test_after_twenty_four_hours_a_valve_at_a_is_driven_home_in_place() -> None:
    clock, valve = at_a(resync_h=1.0)
    strokes = valve.strokes
    clock.run(valve, 3500.0, **TO_A)
    assert valve.status is ValveStatus.AT_A
    clock.until(valve, lambda v: v.status is ValveStatus.SYNC, limit_s=200.0, **TO_A)
    assert (valve.at_a, valve.position_pct) == (True, 0.0), "it does not leave its end"
    clock.run(valve, 91.0, **TO_A)
    assert (valve.status, valve.resync_due, valve.strokes) == (ValveStatus.AT_A, False, strokes)


def test_a_valve_wanted_at_b_is_only_moved_home_when_that_does_no_harm() -> None:
    clock, valve = at_a(resync_h=1.0)
    clock.run(valve, 4000.0, **TO_B)
    assert (valve.status, valve.resync_due) == (ValveStatus.AT_B, True)
    clock.until(valve, lambda v: v.at_a, limit_s=100.0, resync_ok=True, **TO_B)
    assert valve.resync_due is False
    clock.until(valve, lambda v: v.at_b, limit_s=100.0, resync_ok=True, **TO_B)


def test_a_way_home_that_is_called_off_in_the_dead_time_costs_nothing() -> None:
    clock, valve = at_a(resync_h=1.0)
    clock.until(valve, lambda v: v.at_b, limit_s=100.0, **TO_B)
    strokes = valve.strokes
    clock.run(valve, 0.5, **TO_A)
    assert (valve.status, valve.at_b) == (ValveStatus.DEAD_TIME, True)
    clock.run(valve, 5.0, **TO_B)
    assert (valve.status, valve.strokes) == (ValveStatus.AT_B, strokes)


def test_one_wire_first_sets_the_direction_then_the_power_and_takes_them_off_in_reverse() -> None:
    clock, valve = at_a(drive=Drive.ONE_WIRE)
    clock.run(valve, 2.0, **HOLD)
    relays = []
    for _ in range(3):
        valve.step(clock.tick(), **TO_B)
        relays.append((valve.a, valve.b))
    for _ in range(3):
        valve.step(clock.tick(), **HOLD)
        relays.append((valve.a, valve.b))
    on = [(False, True), (True, True), (True, True)]
    off = [(False, True), (False, False), (False, False)]
    assert relays == on + off


def test_time_at_rest_is_counted_for_exercise_strokes() -> None:
    clock, valve = at_a()
    clock.run(valve, 600.0, **TO_A)
    assert valve.idle_ns >= ns(600.0)
    clock.run(valve, 5.0, **TO_B)
    assert valve.idle_ns == 0


requests = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 3000)), max_size=150
)


@both_drives
@given(pattern=requests)
def test_never_both_directions_and_never_a_reversal_without_dead_time(
    drive: Drive, pattern: list[tuple[bool, bool, bool, bool, int]]
) -> None:
    clock = Clock()
    valve = ThreePointValve(drive=drive, run_s=10.0, dead_s=1.0, resync_strokes=3, resync_h=0.02)
    ran, stopped_ns, was_power, was_b = "", 0, False, False
    for a, b, supply, resync_ok, dt_ms in pattern:
        tick = clock.tick(dt_ms)
        status = valve.step(
            tick, request_a=a, request_b=b, supply_ok=supply or dt_ms % 7 > 0, resync_ok=resync_ok
        )
        if drive is Drive.THREE_POINT:
            assert not (valve.a and valve.b)
            running = "A" if valve.a else "B" if valve.b else ""
        else:
            running = ("B" if valve.b else "A") if valve.a else ""
            if valve.b != was_b:
                assert not (was_power and valve.a), "direction never changes under power"
        if running and ran and running != ran:
            assert tick.now_ns - stopped_ns >= NS_PER_S
        if was_power and not running:
            stopped_ns = tick.now_ns
        if was_power and running:
            assert running == ran
        ran = running or ran
        was_power, was_b = bool(running), valve.b
        assert valve.moving is bool(running)
        if a and b:
            assert not running
            assert status in (ValveStatus.FAULT, ValveStatus.NO_SUPPLY)
        if not valve.position_valid:
            assert not valve.at_a
            assert not valve.at_b
            assert running != "B"
        assert not (valve.at_a and valve.at_b)


@given(pattern=requests)
def test_the_model_agrees_with_a_real_valve_once_it_has_been_home(
    pattern: list[tuple[bool, bool, bool, bool, int]],
) -> None:
    clock = Clock()
    valve = ThreePointValve(run_s=10.0, resync_strokes=5)
    real_ns, travel_ns = 3 * NS_PER_S, ns(10.0)  # the real valve stands anywhere at start
    for a, _, _, _, dt_ms in pattern:
        tick = clock.tick(dt_ms)
        if valve.a:
            real_ns = max(0, real_ns - tick.dt_ns)
        elif valve.b:
            real_ns = min(travel_ns, real_ns + tick.dt_ns)
        valve.step(tick, request_a=a, request_b=not a)
        if valve.position_pct is not None:
            assert valve.position_pct == pytest.approx(100.0 * real_ns / travel_ns)
        if valve.at_a:
            assert real_ns == 0
        if valve.at_b:
            assert real_ns == travel_ns


@pytest.mark.parametrize("bad", [{"run_s": 0.0}, {"overdrive": 0.9}, {"dead_s": -1.0}])
def test_impossible_valve_parameters_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="run_s"):
        ThreePointValve(**bad)  # type: ignore[arg-type]
