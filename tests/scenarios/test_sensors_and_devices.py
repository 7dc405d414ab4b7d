"""Values that are missing, late or wrong, and devices that fall silent."""

from __future__ import annotations

import pytest

from tests.scenarios.language import CHAINS, given

pytestmark = pytest.mark.parametrize("chain", sorted(CHAINS))


def test_oil_sensor_open_with_the_miners_as_second_opinion(chain: str) -> None:
    story = given("sensor-open", chain).leap_to_cause()
    story.leap(60.0).expect(alarm="A-060")
    story.leap(1800.0).expect_range(oil_max_degc=(0.0, 60.0), body_max_degc=(0.0, 95.0))
    assert story.trips == []


def test_oil_sensor_open_and_nobody_else_knows(chain: str) -> None:
    story = given("sensor-open-blind", chain).leap_to_cause().expect(enables=True)
    story.leap(10.0).expect(state="FAULT", enables=False, contactors=False, p3_on=True)
    story.expect_enables_off(within_s=5.0, body_below_degc=85.0)
    assert story.trips == ["oil_sensor"]
    story.leap(1800.0, "nobody acknowledges").expect(enables=False)


def test_one_buffer_sensor_open_is_no_reason_to_stop_or_to_overheat(chain: str) -> None:
    story = given("sensor-open-buffer", chain).leap_to_cause()
    story.leap(1800.0).expect(hp_block=False)
    story.expect_range(oil_max_degc=(0.0, 60.0), t_top_degc=(0.0, 62.0))
    assert story.trips == []


def test_a_frozen_sensor_is_found_and_does_not_burn_anything(chain: str) -> None:
    story = given("sensor-frozen", chain).leap_to_cause()
    story.leap(4000.0).expect(alarm="A-060B")
    story.expect_range(oil_max_degc=(0.0, 63.0), body_max_degc=(0.0, 95.0))


def test_a_drifting_sensor_stays_within_what_the_hardware_guards(chain: str) -> None:
    story = given("sensor-drift", chain).leap_to_cause()
    story.leap(3600.0).expect_range(oil_max_degc=(0.0, 63.0), body_max_degc=(0.0, 95.0))


def test_modules_lost_means_off_in_this_scan(chain: str) -> None:
    story = given("modules-lost", chain).leap_to_cause()
    story.leap(1.0).expect(enables=False, contactors=False)
    story.expect_enables_off(within_s=0.3, body_below_degc=85.0)
    story.leap(60.0).expect(state="FAULT", hp_block=False)


def test_a_silent_miner_may_not_run_unattended(chain: str) -> None:
    story = given("miner-silent", chain).leap_to_cause()
    story.leap(90.0, "stale").expect(m1_enable=True)
    story.leap(600.0, "dead").expect(m1_enable=False, k10_fb=False, m2_enable=True, k11_fb=True)
    story.expect_range(body_max_degc=(0.0, 90.0))
    assert story.trips == []


def test_inverter_silent_is_a_soft_stop_after_two_minutes(chain: str) -> None:
    story = given("inverter-silent", chain).leap_to_cause()
    story.leap(60.0).expect(enables=True)
    story.leap(180.0).expect(enables=False, alarm="A-050")
    story.expect_enables_off(within_s=200.0, body_below_degc=85.0)
    assert story.trips == []


def test_pool_gone_is_no_fault_of_the_heat(chain: str) -> None:
    story = given("pool-dead", chain).leap_to_cause()
    story.leap(1500.0).expect(hp_block=False)
    assert story.trips == []


def test_calendar_lost_is_no_reason_to_stop(chain: str) -> None:
    story = given("clock-lost", chain).leap_to_cause()
    story.leap(600.0).expect(enables=True, state="HEAT_BUFFER", hp_block=False)
    assert story.trips == []
