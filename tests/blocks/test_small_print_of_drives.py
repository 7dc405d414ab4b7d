"""Pumps, valve, controller and timers at their limits, for what the mutation run found unguarded."""

from __future__ import annotations

import pytest

from plc.blocks.core import NS_PER_S
from plc.blocks.pump import OnOffPump, PumpStatus, VoltagePump
from plc.blocks.signal import PI, MovingMean, Ramp
from plc.blocks.timers import TOF, TON, TP
from plc.blocks.valve import Drive, ThreePointValve, ValveStatus
from tests.blocks.ticks import Clock


def pump(**changes: float) -> OnOffPump:
    times = {"min_on_s": 0.0, "min_off_s": 0.0, "proof_s": 5.0, "proof_lost_s": 2.0}
    return OnOffPump(**{**times, **changes})  # type: ignore[arg-type]


def test_a_pump_says_off_when_nobody_wants_it() -> None:
    clock, p3 = Clock(scan_ms=1000), pump()
    clock.run(p3, 2, request=True)
    clock.run(p3, 1, request=False)
    assert (p3.on, p3.status) == (False, PumpStatus.OFF)


@pytest.mark.parametrize("pause", [{"request": False, "proof": False}, {"request": True, "proof": None}])
def test_the_time_for_the_proof_begins_again_after_a_pause(pause: dict[str, bool]) -> None:
    clock, p3 = Clock(scan_ms=1000), pump()
    clock.run(p3, 5, request=True, proof=False)
    clock.run(p3, 1, **pause)
    clock.run(p3, 5, request=True, proof=False)
    assert not p3.no_proof
    clock.run(p3, 1, request=True, proof=False)
    assert p3.no_proof


def test_flow_that_was_proved_and_is_lost_is_missed_after_its_own_time_only() -> None:
    clock, p3 = Clock(scan_ms=1000), pump()
    clock.run(p3, 3, request=True, proof=True)
    assert p3.proved
    clock.run(p3, 2, request=True, proof=False)
    assert (p3.no_proof, p3.proved) == (False, True)
    clock.run(p3, 1, request=True, proof=False)
    assert (p3.no_proof, p3.proved) == (True, False)
    clock.run(p3, 2, request=True, proof=False)
    assert p3.no_proof, "stays until flow shows"
    clock.run(p3, 1, request=True, proof=True)
    assert (p3.no_proof, p3.proved) == (False, True)


def test_a_proof_that_comes_late_but_in_time_starts_no_count() -> None:
    clock, p3 = Clock(scan_ms=1000), pump()
    clock.run(p3, 4, request=True, proof=False)
    clock.run(p3, 60, request=True, proof=True)
    clock.run(p3, 1, request=True, proof=False)
    assert not p3.no_proof


def test_a_pump_that_stops_and_starts_again_has_its_flow_to_prove_anew() -> None:
    clock, p3 = Clock(scan_ms=1000), pump()
    clock.run(p3, 3, request=True, proof=True)
    clock.run(p3, 2, request=True, proof=False)
    clock.run(p3, 1, request=False, proof=False)
    clock.run(p3, 1, request=True, proof=True)
    clock.run(p3, 2, request=True, proof=False)
    assert not p3.no_proof


def test_a_voltage_pump_counts_its_hours_and_starts() -> None:
    clock, p4 = Clock(scan_ms=1000), VoltagePump(min_pct=20.0, min_on_s=0.0, min_off_s=0.0)
    for _ in range(2):
        clock.run(p4, 3, setpoint_pct=50.0)
        clock.run(p4, 1, setpoint_pct=0.0)
    assert (p4.hours.run_ns, p4.starts.count) == (6 * NS_PER_S, 2)


@pytest.mark.parametrize("rates", [(0.0, 1.0), (1.0, 0.0)])
def test_a_ramp_needs_both_rates(rates: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        Ramp(*rates)


@pytest.mark.parametrize(("kp", "ti_s", "low", "high"), [(0, 1, 0, 1), (1, 0, 0, 1), (1, 1, 1, 1)])
def test_a_controller_needs_gain_time_and_room(kp: float, ti_s: float, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="PI"):
        PI(kp, ti_s, low, high)


def test_a_mean_does_not_follow_the_sample_under_way_once_it_has_a_full_one() -> None:
    clock, mean = Clock(scan_ms=1000), MovingMean(10.0, 2.0)
    assert clock.run(mean, 1, value=10.0) == 10.0
    assert clock.run(mean, 1, value=20.0) == 15.0
    assert clock.run(mean, 1, value=99.0) == 15.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_integral_stops_at_the_limit_and_leaves_it_at_once(sign: float) -> None:
    """Wound up, the output would stay at its limit for as long as it was pushed there."""
    clock, control = Clock(scan_ms=1000), PI(1.0, 10.0, 0.0, 100.0)
    control.integral = control.out = 50.0
    for _ in range(500):
        control.step(clock.tick(), sp=sign * 20.0, pv=0.0)
    assert control.out == (100.0 if sign > 0 else 0.0)
    assert control.integral == (80.0 if sign > 0 else 20.0), "limit less the proportional part"
    control.step(clock.tick(), sp=-sign * 1.0, pv=0.0)
    assert control.out == pytest.approx(78.9 if sign > 0 else 21.1)


@pytest.mark.parametrize(("start", "sp", "goes_to"), [(120.0, -5.0, 119.5), (-20.0, 5.0, -19.5)])
def test_an_integral_beyond_the_limit_may_always_come_back(start: float, sp: float, goes_to: float) -> None:
    control = PI(1.0, 10.0, 0.0, 100.0)
    control.integral = start
    control.step(Clock(scan_ms=1000).tick(), sp=sp, pv=0.0)
    assert control.integral == pytest.approx(goes_to)


@pytest.mark.parametrize(("start", "sp"), [(98.0, 20.0), (2.0, -20.0)])
def test_an_integral_that_is_already_too_far_is_not_pulled_back_by_the_limit(start: float, sp: float) -> None:
    control = PI(1.0, 10.0, 0.0, 100.0)
    control.integral = start
    control.step(Clock(scan_ms=1000).tick(), sp=sp, pv=0.0)
    assert control.integral == start


def test_after_a_value_was_missing_control_goes_on_from_the_output_and_then_controls() -> None:
    clock, control = Clock(scan_ms=1000), PI(1.0, 10.0, 0.0, 100.0)
    control.integral = 30.0
    control.step(clock.tick(), sp=10.0, pv=0.0)
    held = control.step(clock.tick(), sp=10.0, pv=None)
    assert control.step(clock.tick(), sp=10.0, pv=5.0) == held
    assert control.step(clock.tick(), sp=10.0, pv=5.0) == pytest.approx(held + 0.5)


def test_timers_show_their_elapsed_time_up_to_their_end_and_not_beyond() -> None:
    clock = Clock(scan_ms=1000)
    on, off, pulse = TON(2.5), TOF(2.5), TP(2.5)
    off.step(clock.tick(), in_=True)
    seen = []
    for _ in range(5):
        on.step(clock.tick(), in_=True)
        off.step(clock.tick(), in_=False)
        pulse.step(clock.tick(), in_=True)
        seen.append(tuple(timer.et_ns / NS_PER_S for timer in (on, off, pulse)))
    assert seen == [(0, 0, 0), (1, 1, 1), (2, 2, 2), (2.5, 2.5, 2.5), (2.5, 2.5, 2.5)]
    pulse.step(clock.tick(), in_=False)
    assert (pulse.et_ns, pulse.q) == (0, False)
    pulse.step(clock.tick(), in_=True)
    assert (pulse.et_ns, pulse.q) == (0, True)


def valve(**changes: float) -> ThreePointValve:
    values = {"run_s": 10.0, "overdrive": 1.2, "dead_s": 1.0, "resync_strokes": 3, "resync_h": 1.0}
    return ThreePointValve(**{**values, **changes})  # type: ignore[arg-type]


def drive(clock: Clock, block: ThreePointValve, to: str, seconds: float, **more: bool) -> None:
    clock.run(block, seconds, request_a=to == "A", request_b=to == "B", **more)


def test_a_valve_that_knows_nothing_says_so_and_moves_nothing() -> None:
    block = valve()
    assert [block.a, block.b, block.at_a, block.at_b, block.moving, block.position_valid] == [False] * 6
    assert (block.position_pct, block.resync_due) == (None, True)


def test_home_makes_the_position_true_and_time_or_strokes_make_it_doubtful() -> None:
    clock, block = Clock(scan_ms=1000), valve()
    drive(clock, block, "A", 14)
    assert (block.status, block.position_pct, block.resync_due) == (ValveStatus.AT_A, 0.0, False)
    for to in ("B", "A", "B"):
        assert not block.resync_due
        drive(clock, block, to, 16)
    assert block.resync_due, "three strokes"
    clock, block = Clock(scan_ms=1000), valve(resync_strokes=1000)
    drive(clock, block, "A", 3000)
    assert not block.resync_due
    drive(clock, block, "B", 700)
    assert block.resync_due, "an hour"


def test_at_home_a_doubtful_position_is_driven_true_again_without_being_asked() -> None:
    clock, block = Clock(scan_ms=1000), valve(resync_strokes=1000)
    drive(clock, block, "A", 3640)
    assert not block.resync_due
    assert block.strokes == 1, "pressing against its own stop is no stroke"


def test_at_b_a_doubtful_position_stays_until_it_may_be_made_true() -> None:
    clock, block = Clock(scan_ms=1000), valve(resync_strokes=1)
    drive(clock, block, "A", 14)
    drive(clock, block, "B", 20)
    assert (block.status, block.resync_due) == (ValveStatus.AT_B, True)
    drive(clock, block, "B", 5)
    assert (block.status, block.moving) == (ValveStatus.AT_B, False)
    drive(clock, block, "B", 3, resync_ok=True)
    assert block.status is ValveStatus.SYNC


def test_after_a_loss_of_supply_the_whole_way_home_is_driven() -> None:
    clock, block = Clock(scan_ms=1000), valve()
    drive(clock, block, "A", 14)
    drive(clock, block, "A", 1, supply_ok=False)
    assert (block.status, block.position_valid) == (ValveStatus.NO_SUPPLY, False)
    drive(clock, block, "A", 12)
    assert block.status is ValveStatus.SYNC
    drive(clock, block, "A", 2)
    assert block.status is ValveStatus.AT_A


def test_a_slow_proof_of_loss_is_not_overtaken_by_the_time_for_the_first_proof() -> None:
    clock, p3 = Clock(scan_ms=1000), pump(proof_s=1.0, proof_lost_s=5.0)
    clock.run(p3, 3, request=True, proof=True)
    clock.run(p3, 3, request=True, proof=False)
    assert not p3.no_proof


def test_part_of_a_stroke_is_counted_in_both_directions() -> None:
    clock, block = Clock(scan_ms=1000), valve()
    drive(clock, block, "A", 14)
    drive(clock, block, "B", 6)
    drive(clock, block, "", 1)
    assert (block.status, block.position_pct) == (ValveStatus.HOLD, 60.0)
    before = block.position_pct
    drive(clock, block, "A", 5)
    drive(clock, block, "", 1)
    assert block.position_pct is not None
    assert before is not None
    assert 0.0 < block.position_pct < before
    at = block.position_pct
    seconds = clock.until(block, lambda v: v.at_b, limit_s=60.0, request_a=False, request_b=True)
    assert seconds <= (100.0 - at) / 10.0 + 2.0 + 1.0, "way, overdrive, dead time"


def test_going_on_in_the_same_direction_needs_no_dead_time_and_turning_does() -> None:
    clock, block = Clock(scan_ms=100), valve()
    clock.run(block, 14, request_a=True, request_b=False)
    clock.run(block, 3, request_a=False, request_b=True)
    clock.run(block, 0.1, request_a=False, request_b=False)
    assert block.step(clock.tick(), request_a=False, request_b=True) is ValveStatus.TO_B
    assert block.step(clock.tick(), request_a=True, request_b=False) is ValveStatus.DEAD_TIME
    assert clock.run(block, 0.8, request_a=True, request_b=False) is ValveStatus.DEAD_TIME
    assert clock.run(block, 0.3, request_a=True, request_b=False) is ValveStatus.TO_A


def test_a_supply_that_fails_on_the_way_home_leaves_the_whole_way_to_drive() -> None:
    clock, block = Clock(scan_ms=1000), valve()
    drive(clock, block, "A", 14)
    drive(clock, block, "B", 16)
    drive(clock, block, "A", 4)
    drive(clock, block, "A", 1, supply_ok=False)
    drive(clock, block, "A", 3)
    assert block.status is ValveStatus.SYNC
    drive(clock, block, "A", 12)
    assert (block.status, block.position_valid) == (ValveStatus.AT_A, True)


def test_a_position_that_is_true_is_not_made_true_again_only_because_it_may_be() -> None:
    clock, block = Clock(scan_ms=1000), valve()
    drive(clock, block, "A", 14)
    drive(clock, block, "B", 16)
    drive(clock, block, "B", 3, resync_ok=True)
    assert block.status is ValveStatus.AT_B


def test_one_wire_switches_the_direction_a_scan_before_power_and_after_it() -> None:
    clock, block = Clock(scan_ms=1000), ThreePointValve(drive=Drive.ONE_WIRE, run_s=10.0, dead_s=0.0)
    drive(clock, block, "A", 14)
    seen = []
    for to in ("B", "B", "B", "", "", ""):
        status = block.step(clock.tick(), request_a=False, request_b=to == "B")
        seen.append((status, block.a, block.b))
    assert seen[:3] == [
        (ValveStatus.DEAD_TIME, False, True),
        (ValveStatus.TO_B, True, True),
        (ValveStatus.TO_B, True, True),
    ]
    assert [(a, b) for _, a, b in seen[3:]] == [(False, True), (False, False), (False, False)]
    for to_a in (True, True, True, False):
        block.step(clock.tick(), request_a=to_a, request_b=False)
    assert (block.a, block.b) == (False, False), "from A the direction relay does not even click"
    three = valve(dead_s=0.0)
    drive(Clock(scan_ms=1000), three, "A", 14)
    clock = Clock(scan_ms=1000)
    drive(clock, three, "B", 3)
    drive(clock, three, "", 1)
    assert (three.a, three.b) == (False, False)
