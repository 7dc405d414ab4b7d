"""Pumps: voltage curves, start hysteresis of the module, slew, minimum times, proof of flow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import ns
from plc.blocks.pump import Curve, OnOffPump, PumpStatus, VoltagePump, module_speed_pct, volts
from tests.blocks.ticks import Clock

percent = st.floats(0.0, 100.0)
all_curves = pytest.mark.parametrize("curve", list(Curve))


@pytest.mark.parametrize(
    ("curve", "setpoint_pct", "expected_v"),
    [
        (Curve.OFF_0_10, 0.0, 0.0),
        (Curve.OFF_0_10, 1.0, 3.07),
        (Curve.OFF_0_10, 50.0, 6.5),
        (Curve.OFF_0_10, 100.0, 10.0),
        (Curve.OFF_0_10, 150.0, 10.0),
        (Curve.OFF_0_10, -5.0, 0.0),
        (Curve.OFF_0_10, float("nan"), 0.0),
        (Curve.NO_OFF, 0.0, 0.0),
        (Curve.NO_OFF, 50.0, 5.0),
        (Curve.NO_OFF, 100.0, 10.0),
        (Curve.CB_2_10, 0.0, 1.7),
        (Curve.CB_2_10, 50.0, 6.5),
        (Curve.CB_2_10, 100.0, 10.0),
        (Curve.SOLAR_10_0, 0.0, 10.0),
        (Curve.SOLAR_10_0, 50.0, 4.5),
        (Curve.SOLAR_10_0, 100.0, 0.5),
    ],
)
def test_setpoint_to_volts(curve: Curve, setpoint_pct: float, expected_v: float) -> None:
    assert volts(setpoint_pct, curve) == pytest.approx(expected_v)


@given(percent)
def test_the_undefined_zone_between_stop_and_start_is_never_used(setpoint_pct: float) -> None:
    voltage = volts(setpoint_pct, Curve.OFF_0_10)
    assert voltage == 0.0 or 3.0 <= voltage <= 10.0
    voltage = volts(setpoint_pct, Curve.CB_2_10)
    assert voltage == 1.7 or 3.0 <= voltage <= 10.0


@all_curves
@given(setpoint_pct=st.floats(0.01, 100.0))
def test_every_running_setpoint_starts_a_standing_pump_and_gives_that_speed(
    curve: Curve, setpoint_pct: float
) -> None:
    speed_pct = module_speed_pct(volts(setpoint_pct, curve), curve, running=False)
    assert speed_pct == pytest.approx(setpoint_pct, abs=1e-9)


@all_curves
def test_setpoint_zero_stops_a_running_pump_where_the_curve_has_a_stop(curve: Curve) -> None:
    speed_pct = module_speed_pct(volts(0.0, curve), curve, running=True)
    assert speed_pct == (0.0 if curve is Curve.NO_OFF else None)


@pytest.mark.parametrize(
    ("curve", "speed_at_0_v"),
    [(Curve.OFF_0_10, None), (Curve.NO_OFF, 0.0), (Curve.CB_2_10, 100.0), (Curve.SOLAR_10_0, 100.0)],
)
def test_what_a_dead_controller_does_to_the_pump(curve: Curve, speed_at_0_v: float | None) -> None:
    assert module_speed_pct(0.0, curve, running=True) == speed_at_0_v


@pytest.mark.parametrize(
    ("curve", "voltage", "from_rest", "when_running"),
    [
        (Curve.OFF_0_10, 0.9, None, None),
        (Curve.OFF_0_10, 1.5, None, 0.0),  # keeps running, does not start
        (Curve.OFF_0_10, 2.0, 0.0, 0.0),
        (Curve.OFF_0_10, 3.0, 0.0, 0.0),
        (Curve.CB_2_10, 1.7, None, None),
        (Curve.CB_2_10, 2.6, 0.0, 0.0),
        (Curve.SOLAR_10_0, 8.8, 0.0, 0.0),
        (Curve.SOLAR_10_0, 9.0, None, 0.0),  # keeps running, does not start
        (Curve.SOLAR_10_0, 9.4, None, None),
        (Curve.SOLAR_10_0, 0.2, 100.0, 100.0),
    ],
)
def test_start_hysteresis_of_the_module(
    curve: Curve, voltage: float, from_rest: float | None, when_running: float | None
) -> None:
    assert module_speed_pct(voltage, curve, running=False) == from_rest
    assert module_speed_pct(voltage, curve, running=True) == when_running


def test_reaction_to_a_broken_cable_is_what_the_menu_says() -> None:
    assert module_speed_pct(0.0, Curve.CB_2_10, running=False, cable_break_pct=None) is None


# --- 0-10 V pump --------------------------------------------------------------------------------


def test_a_start_goes_straight_to_the_running_range_and_ramps_from_there() -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0)
    assert pump.step(clock.tick(), setpoint_pct=100.0) == 20.0
    assert volts(pump.pct, Curve.OFF_0_10) >= 3.0
    pump.step(clock.tick(), setpoint_pct=100.0)
    assert volts(pump.pct, Curve.OFF_0_10) == pytest.approx(volts(20.0, Curve.OFF_0_10) + 0.1)
    clock.run(pump, 6.0, setpoint_pct=100.0)
    assert pump.pct == 100.0


@all_curves
def test_slew_is_one_volt_per_second_in_every_curve(curve: Curve) -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0, curve=curve)
    pump.step(clock.tick(), setpoint_pct=100.0)
    start_v = volts(pump.pct, curve)
    clock.run(pump, 2.0, setpoint_pct=100.0)
    assert abs(volts(pump.pct, curve) - start_v) == pytest.approx(2.0)
    clock.run(pump, 1.0, setpoint_pct=20.0)
    assert abs(volts(pump.pct, curve) - start_v) == pytest.approx(1.0)


def test_a_setpoint_below_the_minimum_runs_at_the_minimum() -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0)
    assert clock.run(pump, 5.0, setpoint_pct=3.0) == 20.0


def test_minimum_on_holds_the_pump_at_its_slowest() -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0, min_on_s=60.0)
    pump.step(clock.tick(), setpoint_pct=50.0)
    clock.run(pump, 59.9, setpoint_pct=0.0)
    assert (pump.pct, pump.status) == (20.0, PumpStatus.MIN_ON)
    clock.run(pump, 0.1, setpoint_pct=0.0)
    assert (pump.pct, pump.on, pump.status) == (0.0, False, PumpStatus.OFF)


def test_minimum_off_is_served_at_start_and_kept_after_a_run() -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0, min_on_s=0.0, min_off_s=30.0)
    assert pump.step(clock.tick(), setpoint_pct=0.0, protect_pct=60.0) == 20.0
    pump.step(clock.tick(), setpoint_pct=0.0)
    clock.run(pump, 29.9, setpoint_pct=0.0, protect_pct=60.0)
    assert (pump.pct, pump.status) == (0.0, PumpStatus.WAIT_MIN_OFF)
    clock.run(pump, 0.1, setpoint_pct=0.0, protect_pct=60.0)
    assert (pump.pct, pump.status) == (20.0, PumpStatus.PROTECT)


def test_protection_is_a_floor_below_the_setpoint() -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0)
    assert clock.run(pump, 30.0, setpoint_pct=30.0, protect_pct=60.0) == pytest.approx(60.0)
    assert clock.run(pump, 30.0, setpoint_pct=80.0, protect_pct=60.0) == pytest.approx(80.0)


def test_trip_stops_at_once_against_minimum_on_and_protection() -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0)
    clock.run(pump, 5.0, setpoint_pct=80.0)
    assert pump.step(clock.tick(), setpoint_pct=80.0, protect_pct=100.0, trip=True) == 0.0
    assert pump.status is PumpStatus.TRIPPED


@given(
    st.lists(st.tuples(percent, st.booleans(), percent, st.integers(1, 1000)), max_size=80),
    st.sampled_from([Curve.OFF_0_10, Curve.CB_2_10]),
)
def test_voltage_pump_never_leaves_stop_or_working_range(
    pattern: list[tuple[float, bool, float, int]], curve: Curve
) -> None:
    clock, pump = Clock(), VoltagePump(min_pct=20.0, curve=curve, min_on_s=1.0, min_off_s=0.5)
    for setpoint_pct, trip, protect_pct, dt_ms in pattern:
        pct = pump.step(clock.tick(dt_ms), setpoint_pct=setpoint_pct, trip=trip, protect_pct=protect_pct)
        assert pct == 0.0 or 20.0 <= pct <= 100.0
        assert pump.on is (pct > 0.0)
        if trip:
            assert pct == 0.0


@pytest.mark.parametrize(("min_pct", "slew"), [(0.0, 1.0), (101.0, 1.0), (20.0, 0.0)])
def test_impossible_pump_parameters_are_refused(min_pct: float, slew: float) -> None:
    with pytest.raises(ValueError, match="min_pct"):
        VoltagePump(min_pct=min_pct, slew_v_per_s=slew)


# --- relay pump ---------------------------------------------------------------------------------


def test_relay_pump_starts_with_the_first_scan_and_keeps_its_minimum_times() -> None:
    clock, pump = Clock(), OnOffPump(min_on_s=120.0, min_off_s=10.0)
    assert pump.step(clock.tick(), request=False, protect=True) is True
    assert clock.run(pump, 119.9, request=False) is True
    assert pump.status is PumpStatus.MIN_ON
    assert pump.step(clock.tick(), request=False) is False
    clock.run(pump, 9.9, request=True)
    assert (pump.on, pump.status) == (False, PumpStatus.WAIT_MIN_OFF)
    assert pump.step(clock.tick(), request=True) is True
    assert pump.starts.count == 2


def test_starts_per_hour_limit_requests_but_not_protection() -> None:
    clock, pump = Clock(scan_ms=1000), OnOffPump(min_on_s=0.0, min_off_s=0.0, max_starts_per_h=3)
    for _ in range(3):
        clock.run(pump, 5, request=True)
        clock.run(pump, 5, request=False)
    assert clock.run(pump, 60, request=True) is False
    assert pump.status is PumpStatus.WAIT_STARTS
    assert clock.run(pump, 2, request=True, protect=True) is True
    assert pump.status is PumpStatus.PROTECT
    clock.run(pump, 2, request=False)
    assert clock.run(pump, 3600, request=True) is True


def test_trip_is_stronger_than_protection() -> None:
    clock, pump = Clock(), OnOffPump()
    clock.run(pump, 5.0, request=True)
    assert pump.step(clock.tick(), request=True, protect=True, trip=True) is False
    assert pump.status is PumpStatus.TRIPPED


def test_no_flow_after_the_start_is_reported_and_the_pump_keeps_trying() -> None:
    clock, pump = Clock(), OnOffPump(proof_s=20.0)
    pump.step(clock.tick(), request=True, proof=False)
    clock.run(pump, 19.9, request=True, proof=False)
    assert (pump.no_proof, pump.proved) == (False, False)
    pump.step(clock.tick(), request=True, proof=False)
    assert (pump.no_proof, pump.on, pump.status) == (True, True, PumpStatus.NO_PROOF)
    pump.step(clock.tick(), request=True, proof=True)
    assert (pump.no_proof, pump.proved, pump.status) == (False, True, PumpStatus.ON)


def test_flow_lost_while_running_is_reported_after_its_own_time() -> None:
    clock, pump = Clock(), OnOffPump(proof_s=20.0, proof_lost_s=2.0)
    clock.run(pump, 5.0, request=True, proof=True)
    pump.step(clock.tick(), request=True, proof=False)
    clock.run(pump, 1.9, request=True, proof=False)
    assert (pump.no_proof, pump.proved) == (False, True)
    clock.run(pump, 0.1, request=True, proof=False)
    assert (pump.no_proof, pump.proved) == (True, False)
    clock.run(pump, 100.0, request=True, proof=False)
    assert pump.no_proof is True
    clock.run(pump, 0.1, request=True, proof=False, trip=True)
    assert pump.no_proof is False


def test_a_stuck_flow_switch_does_not_keep_a_pump_from_starting_again() -> None:
    clock, pump = Clock(), OnOffPump(min_on_s=1.0, min_off_s=10.0)
    clock.run(pump, 5.0, request=True, proof=True)
    clock.run(pump, 20.0, request=False, proof=True)
    assert clock.run(pump, 0.1, request=True, proof=True) is True


def test_a_pump_without_proof_is_not_supervised() -> None:
    clock, pump = Clock(), OnOffPump(proof_s=1.0)
    clock.run(pump, 60.0, request=True)
    assert (pump.no_proof, pump.proved) == (False, False)
    assert pump.hours.run_ns == ns(59.9)
