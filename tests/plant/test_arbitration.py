"""Who may decide what, for how long, and what is answered."""

import pytest

from tests.plant.language import Rig, parameters
from tests.plant.rigs import heating_rig, standby_rig


def results(rig):
    return [(result.name, result.code) for result in rig.outputs.results]


def test_a_remote_request_is_a_lease_that_falls_back_to_the_local_value():
    rig = standby_rig()
    rig.command("power_request", 3000.0, ttl_s=100.0).scan()
    assert rig.outputs.status.requested_power_w == 3000.0
    assert results(rig) == [("power_request", "applied")]
    rig.leap(99.0)
    assert rig.outputs.status.requested_power_w == 3000.0
    rig.leap(2.0)
    assert rig.outputs.status.requested_power_w == 0.0


def test_the_more_restrictive_of_two_sources_wins():
    rig = standby_rig()
    rig.command("power_request", 6000.0, ttl_s=100.0, source="optimiser")
    rig.command("power_request", 2000.0, ttl_s=50.0, source="owner").scan()
    assert rig.outputs.status.requested_power_w == 2000.0
    rig.leap(60.0)
    assert rig.outputs.status.requested_power_w == 6000.0


def test_no_lease_lasts_longer_than_the_site_allows():
    rig = standby_rig(fallback={"request_ttl_s": 60.0})
    rig.command("power_request", 3000.0, ttl_s=3600.0).leap(59.0)
    assert rig.outputs.status.requested_power_w == 3000.0
    rig.leap(2.0)
    assert rig.outputs.status.requested_power_w == 0.0


@pytest.mark.parametrize("value", [-1, "much", None, True, 1e9, {"w": 1}])
def test_nonsense_is_refused_with_a_reason(value):
    rig = standby_rig()
    rig.command("power_request", value).scan()
    assert results(rig) == [("power_request", "invalid")]
    assert rig.outputs.results[0].reason


def test_an_expired_command_never_acts():
    rig = standby_rig()
    rig.command("power_request", 3000.0, ttl_s=0.0).scan()
    assert results(rig) == [("power_request", "expired")]
    assert rig.outputs.status.requested_power_w == 0.0


def test_remote_off_stops_and_remote_auto_returns():
    rig = heating_rig()
    rig.command("mode_request", "off").leap(1.0).expect("stopped", state="COOLDOWN", m1_enable=False)
    rig.until(900.0, "OFF")
    rig.expect("a latching flow switch keeps its pump", p3_on=True)
    rig.command("mode_request", "auto").leap(0.3).expect("automatic again", state="STANDBY")


def test_a_key_that_was_turned_off_and_on_again_counts_more_than_an_older_off_from_afar():
    rig = heating_rig()
    rig.command("mode_request", "off").leap(1.0).expect("stopped", state="COOLDOWN")
    rig.given(mode_auto=False).leap(1.0).given(mode_auto=True).leap(1.0)
    assert rig.outputs.status.mode == "auto"


def test_remote_cannot_start_anything_with_the_key_off():
    rig = Rig()
    rig.leap(15.0).command("mode_request", "auto").command("power_request", 6400.0).scan()
    assert results(rig) == [("mode_request", "mode"), ("power_request", "mode")]
    rig.leap(200.0).expect("key decides", state="OFF", m1_enable=False)


def test_a_lease_from_before_a_trip_does_not_start_the_plant_again():
    rig = Rig(parameters(miners={"min_off_s": 300.0, "ramp_timeout_s": 300.0}))
    rig.given(mode_auto=True).leap(310.0)
    rig.command("power_request", 6400.0, ttl_s=300.0).until(200.0, "RAMP")
    rig.given(estop1_ok=False).leap(1.0).given(estop1_ok=True).leap(2.0)
    assert rig.outputs.status.requested_power_w == 0.0


def hand(rig, actuator, state, ttl_s=60.0, reason="check"):
    rig.command("hand", {"actuator": actuator, "state": state}, ttl_s=ttl_s, reason=reason)
    rig.scan()
    return rig.outputs.results[0].code


def test_manual_operation_needs_the_key_or_the_owners_permission():
    assert hand(standby_rig(), "p4", "on") == "not_allowed"
    assert hand(standby_rig(fallback={"remote_hand": True}), "p4", "on") == "applied"
    rig = standby_rig()
    rig.given(mode_auto=False, mode_maint=True).leap(5.0)
    assert hand(rig, "p4", "on") == "applied"


@pytest.mark.parametrize("actuator", ["m1", "m2", "hp_block", "heartbeat"])
def test_manual_operation_does_not_exist_for_enables_heat_pump_and_heartbeat(actuator):
    rig = standby_rig(fallback={"remote_hand": True})
    assert hand(rig, actuator, "on") == "invalid"


def test_manual_operation_wants_an_end_and_a_reason():
    rig = standby_rig(fallback={"remote_hand": True})
    assert hand(rig, "p4", "on", ttl_s=None) == "invalid"
    assert hand(rig, "p4", "on", reason="") == "invalid"


def test_manual_operation_is_visible_counted_and_ends_by_itself():
    rig = standby_rig(fallback={"remote_hand": True})
    hand(rig, "p4", "on", ttl_s=60.0)
    rig.leap(30.0)
    assert rig.outputs.image.p4_setpoint_pct == 40.0
    assert rig.outputs.status.hand == (("p4", "on"),)
    assert "A-092" in rig.outputs.status.alarms
    rig.leap(120.0)
    assert rig.outputs.image.p4_setpoint_pct == 0.0
    assert rig.outputs.status.hand == ()
    rig.leap(5.0)
    assert rig.outputs.retain["hand_count"] == 1


def test_interlocks_stay_active_in_manual_operation():
    rig = standby_rig(fallback={"remote_hand": True})
    hand(rig, "cooler", "on")
    rig.leap(30.0).expect("no fan without route and glycol flow", cooler_on=False)
    rig = heating_rig(fallback={"remote_hand": True})
    assert hand(rig, "p3", "off") == "applied"
    rig.leap(5.0).expect("a closed contactor keeps the pump", p3_on=True, m1_enable=True)


def test_the_lock_out_of_maintenance_is_lifted_for_one_actuator_only():
    rig = standby_rig()
    rig.given(mode_auto=False, mode_maint=True).leap(200.0).expect("locked", p3_on=False)
    hand(rig, "p3", "on")
    rig.leap(1.0).expect("by hand", p3_on=True, p4_setpoint_pct=0.0)


@pytest.mark.parametrize("hours", [0, -1, True, "1", 8785, float("inf"), float("nan"), 10**400])
def test_a_season_for_no_time_that_exists_is_refused_and_the_scan_goes_on(hours):
    rig = standby_rig()
    rig.command("season", {"season": "summer", "hours": hours}).scan()
    assert [result.code for result in rig.outputs.results] == ["invalid"]
    rig.scan()


def test_a_season_override_ends_by_itself():
    rig = standby_rig()
    rig.command("season", {"season": "summer", "hours": 1.0}).scan()
    assert rig.outputs.status.season == "summer"
    rig.leap(3700.0)
    assert rig.outputs.status.season == "winter"


def test_a_remote_acknowledge_clears_lower_priorities_only():
    rig = heating_rig()
    rig.given(t_oil_degc=64.0).leap(5.0).given(t_oil_degc=40.0).leap(60.0)
    rig.command("ack", "all").leap(1.0).expect("priority 1 wants a person", state="FAULT")
    rig.given(ack_pb=True).scan()
    rig.until(400.0, "STANDBY")
