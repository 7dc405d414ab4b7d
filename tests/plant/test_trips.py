"""What stops the miners, how fast, what the pumps do then, and what it takes to start again."""

import pytest

from plc.blocks.core import Reading
from plc.plant.interface import MinerInputs, MinerState
from tests.plant.language import Rig, bad, parameters
from tests.plant.rigs import heating_rig


def seconds_until_off(rig, limit_s=200.0):
    begun = rig.now_ns
    for _ in range(round(limit_s * 10)):
        out = rig.scan()
        if not (out.image.m1_enable or out.image.m2_enable):
            return (rig.now_ns - begun) / 1e9
    return None


@pytest.mark.parametrize(
    ("cause", "given", "within_s", "first"),
    [
        ("safety chain", {"safety_ok": False}, 0.1, "safety_chain_open"),
        ("E-stop", {"estop1_ok": False}, 0.1, "safety_chain_open"),
        ("limiter", {"temp_max_ok": False}, 0.1, "safety_chain_open"),
        ("limiter alone", {"temp_max_ok": False, "safety_ok": True}, 0.1, "temp_max"),
        ("flow with a chain that ignores it", {"flow_ok": False, "safety_ok": True}, 2.1, "flow_lost"),
        ("oil", {"t_oil_degc": 63.0}, 3.1, "oil_trip"),
        ("oil sensor", {"t_oil_degc": bad(20.0)}, 0.1, "oil_sensor"),
        ("oil sensor never", {"t_oil_degc": None}, 0.1, "oil_sensor"),
        ("input module", {"dio_healthy": False, "safety_ok": False}, 0.1, "io_modules_running"),
    ],
)
def test_a_hard_trip_takes_the_enables_away(cause, given, within_s, first):
    rig = heating_rig()
    rig.given(**given)
    assert seconds_until_off(rig, 10.0) == pytest.approx(within_s, abs=0.051), cause
    rig.leap(0.1).expect(cause, state="FAULT", p3_on=True)
    assert rig.outputs.image.p4_setpoint_pct > 0
    assert rig.plant.trips.first == first


@pytest.mark.parametrize("latches", [True, False])
def test_after_a_trip_only_cause_gone_acknowledge_pause_and_a_fresh_request_start_again(latches):
    rig = heating_rig(safety={"flow_latches": latches})
    rig.given(estop1_ok=False).leap(5.0).expect("tripped", state="FAULT", m1_enable=False)
    rig.given(estop1_ok=True).leap(1000.0).expect("cause gone is not enough", state="FAULT")
    rig.given(ack_pb=True).leap(0.2).given(ack_pb=False).leap(0.2)
    rig.expect("acknowledged", state="STANDBY", m1_enable=False)
    took = rig.until(300.0, "PRECIRC")
    assert took >= 59.0, "the request has to stand for its time again"
    rig.until(300.0, "RAMP")


def test_an_acknowledge_while_the_cause_is_there_does_not_count():
    rig = heating_rig()
    rig.given(t_oil_degc=64.0).leap(10.0).expect("tripped", state="FAULT", p4_setpoint_pct=100.0)
    assert rig.outputs.image.horn
    rig.given(ack_pb=True).leap(0.2).given(ack_pb=False).leap(400.0)
    rig.expect("heard, but the cause is still there", state="FAULT", horn=False)
    rig.given(t_oil_degc=40.0).leap(60.0).expect("nothing starts by itself later", state="FAULT")
    rig.given(ack_pb=True).leap(0.2).expect("acknowledged", state="STANDBY")


def test_minimum_off_time_is_kept_after_a_trip():
    rig = heating_rig(miners={"min_off_s": 600.0})
    rig.given(estop1_ok=False).leap(1.0).given(estop1_ok=True, ack_pb=True).leap(1.0)
    off_ns = rig.now_ns
    rig.until(900.0, "RAMP")
    rig.leap(1.0)
    assert rig.outputs.image.m1_enable
    assert rig.now_ns - off_ns >= 597e9


def test_a_second_opinion_replaces_the_oil_sensor():
    rig = heating_rig()

    def alive():
        outlet = Reading.good(41.0, rig.now_ns)
        rig.given(miners=(MinerInputs(MinerState.MINING, rig.now_ns, t_outlet_degc=outlet), MinerInputs()))

    rig.given(t_oil_degc=None)
    for _ in range(20):
        alive()
        rig.leap(10.0)
    rig.expect("outlet of a miner stands in", state="HEAT_BUFFER", m1_enable=True)
    rig.leap(50.0).expect("it may be a minute old", m1_enable=True)
    rig.leap(20.0).expect("but not older", state="FAULT", m1_enable=False)


def test_a_welded_contactor_is_found_and_keeps_the_pumps_running():
    rig = heating_rig()
    rig.given(estop1_ok=False, k10_fb=True).leap(10.0)
    assert "contactor_welded" in rig.plant.trips.latched
    rig.expect("pumps carry the heat away", p3_on=True, p4_setpoint_pct=100.0, state="FAULT")
    rig.leap(3600.0).expect("for as long as it takes", p3_on=True)
    rig.given(mode_auto=False, mode_maint=True).leap(3600.0)
    rig.expect("also with the key at maintenance", state="MAINT", p3_on=True, p4_setpoint_pct=100.0)
    rig.given(k10_fb=False).leap(1300.0).expect("breaker off, locked out", p3_on=False)


def test_missing_feedback_withdraws_the_enable_and_tries_again():
    rig = Rig(parameters(request={"power_w": 2000.0}, miners={"min_off_s": 300.0}))
    rig.given(mode_auto=True, k10_fb=False, k11_fb=False)
    rig.until(900.0, "RAMP")
    rig.leap(3.0).expect("no answer", m1_enable=False)
    tries = 0
    on = False
    for _ in range(13000):
        out = rig.scan()
        tries += out.image.m1_enable and not on
        on = out.image.m1_enable
    assert tries == 3


@pytest.mark.parametrize("latches", [True, False])
def test_pump_without_flow_stops_the_start(latches):
    rig = Rig(parameters(request={"power_w": 6400.0}, safety={"flow_latches": latches}))
    rig.given(mode_auto=True, flow_ok=False)
    rig.until(1200.0, "FAULT")
    assert rig.plant.trips.first == "p3_no_flow"
    assert not any(s in rig.states for s in ("RAMP", "HEAT_BUFFER"))


def test_a_missing_safety_chain_without_enable_is_no_trip_but_a_missing_permissive():
    rig = Rig(parameters(request={"power_w": 6400.0}))
    rig.given(mode_auto=True, reset_done=False).leap(1000.0)
    rig.expect("waits for the reset", state="STANDBY", reset_lamp=True, p3_on=True)
    rig.given(estop2_ok=False).leap(1.0).expect("nothing to reset", reset_lamp=False, state="STANDBY")


@pytest.mark.parametrize(
    ("key", "p3"), [({"mode_auto": True}, True), ({}, True), ({"mode_maint": True}, True)]
)
def test_a_start_with_a_closed_contactor_runs_the_pumps_with_the_first_valid_read(key, p3):
    rig = Rig()
    rig.given(k10_fb=True, t_oil_degc=55.0, **key)
    rig.scan()
    rig.expect("first scan", state="INIT", p3_on=p3)
    assert rig.outputs.image.p4_setpoint_pct > 0
    rig.leap(10.0)
    assert rig.outputs.image.p4_setpoint_pct >= 60.0


def test_a_start_with_hot_oil_runs_the_pumps_with_the_first_valid_read():
    rig = Rig()
    rig.given(t_oil_degc=50.0, t_charge_degc=40.0)
    rig.scan()
    rig.expect("first scan", state="INIT", p3_on=True)
    rig.leap(60.0).expect("key off does not stop a protection", state="OFF", p3_on=True)
    assert rig.outputs.image.p4_setpoint_pct >= 60.0
    rig.given(t_charge_degc=47.0).leap(120.0)
    rig.expect("oil and water have come together", p3_on=False)
    rig.leap(3600.0).expect("and it does not start again by itself", p3_on=False)
    rig.given(t_oil_degc=52.0).leap(1.0).expect("unless the oil rises", p3_on=True)


def test_loss_of_the_io_modules_stops_everything_but_the_memory_of_closed_contactors():
    rig = heating_rig()
    rig.given(dio_healthy=False, aio_healthy=False, flow_ok=False, safety_ok=False, k10_fb=False)
    for name in ("t_oil_degc", "t_charge_degc"):
        rig.given(**{name: None})
    rig.leap(10.0).expect("unknown contactor counts as closed", p3_on=True, m1_enable=False)
    assert rig.outputs.image.p4_setpoint_pct > 0
    beats = {rig.scan().image.heartbeat for _ in range(20)}
    assert beats == {False}


def test_flow_lost_is_the_cause_also_where_the_switch_itself_opens_the_contactors():
    rig = heating_rig(safety={"flow_latches": False})
    rig.given(flow_ok=False, k10_fb=False, k11_fb=False).leap(4.0)
    rig.expect("tripped", state="FAULT", m1_enable=False)
    assert rig.plant.trips.first == "flow_lost"
    assert rig.outputs.status.alarms == ("A-003",)
