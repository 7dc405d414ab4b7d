"""E-stop, key, grid operator, welded contactor: who acts, and what may come back by itself (nothing)."""

from __future__ import annotations

import pytest

from tests.scenarios.language import CHAINS, given
from tools.twin.scenario import Event
from tools.twin.scenarios import FULL_POWER_S

pytestmark = pytest.mark.parametrize("chain", sorted(CHAINS))


def test_estop_acknowledge_and_reset(chain: str) -> None:
    story = given("estop-reset", chain).leap_to_cause().expect(enables=True)
    story.leap(1.0).expect(enables=False, contactors=False, state="FAULT", p3_on=True, hp_block=False)
    story.expect_enables_off(within_s=0.5, body_below_degc=85.0)
    story.leap(59.0, "still pressed").expect(reset_lamp=False, safety_ok=False)
    story.leap(20.0, "released, the lamp asks, the operator resets").expect(safety_ok=True, state="FAULT")
    story.leap(60.0, "acknowledged").expect(enables=False, contactors=False)
    story.leap(700.0, "minimum off time").expect(enables=False)
    story.leap_to("PRECIRC", 400.0, "a fresh start through the whole sequence")
    story.leap_to("HEAT_BUFFER", 1500.0).expect(enables=True)
    story.expect_range(body_max_degc=(0.0, 90.0), oil_max_degc=(0.0, 58.0))


def test_estop_without_acknowledge_stays_off(chain: str) -> None:
    events = (
        Event(FULL_POWER_S, "estop1", True, cause=True),
        Event(FULL_POWER_S + 60.0, "estop1", False),
    )
    story = given("estop-reset", chain, events=events).leap_to_cause()
    story.leap(2000.0, "reset but not acknowledged").expect(state="FAULT", safety_ok=True, enables=False)


def test_estop_without_reset_stays_off_and_asks_for_it(chain: str) -> None:
    events = (
        Event(FULL_POWER_S - 60.0, "operator_resets", False),
        Event(FULL_POWER_S, "estop2", True, cause=True),
        Event(FULL_POWER_S + 60.0, "estop2", False),
        Event(FULL_POWER_S + 90.0, "ack"),
    )
    story = given("estop-reset", chain, events=events).leap_to_cause()
    story.leap(2000.0, "acknowledged but not reset")
    story.expect(enables=False, contactors=False, safety_ok=False, reset_lamp=True, alarm="A-010")


def test_key_off_takes_the_enables_at_once_and_cools_down(chain: str) -> None:
    story = given("key-off", chain).leap_to_cause()
    story.leap(2.0).expect(enables=False, contactors=False, state="COOLDOWN", p3_on=True)
    story.expect_enables_off(within_s=0.5, body_below_degc=85.0)
    story.leap_to("OFF", 900.0).leap(1200.0).expect(state="OFF", enables=False)
    assert story.trips == []


def test_key_at_maintenance_takes_the_enables_at_once(chain: str) -> None:
    story = given("key-maint", chain).leap_to_cause()
    story.leap(2.0).expect(enables=False, contactors=False, state="MAINT", hp_block=False)
    story.expect_enables_off(within_s=0.5, body_below_degc=85.0)
    story.leap(1200.0).expect(state="MAINT", enables=False)


def test_grid_operators_signal_is_an_ordered_stop(chain: str) -> None:
    story = given("grid-block", chain).leap_to_cause()
    story.leap(70.0).expect(enables=False, contactors=False, alarm="A-071")
    story.expect_enables_off(within_s=65.0, body_below_degc=85.0)
    story.leap(1500.0).expect(enables=False)
    assert story.trips == []


def test_a_miner_that_ignores_the_pause_loses_its_supply(chain: str) -> None:
    story = given("miner-ignores-pause", chain).leap_to_cause()
    story.leap(70.0).expect(enables=False, contactors=False)
    story.expect_enables_off(within_s=61.0, body_below_degc=85.0)


def test_a_welded_contactor_keeps_the_cooling_running(chain: str) -> None:
    """The miner cannot be stopped by anybody here: no time to off, but its heat must leave."""
    story = given("welded-k10", chain).leap_to_cause()
    story.leap(70.0).expect(enables=False, k10_fb=True, k11_fb=False, state="FAULT", alarm="A-012", horn=True)
    story.leap(3600.0, "until somebody opens the breaker")
    story.expect(enables=False, k10_fb=True, p3_on=True, hp_block=False)
    assert story.fact("p4_setpoint_pct") >= 60.0
    story.expect_range(body_max_degc=(0.0, 90.0), oil_max_degc=(0.0, 63.0))
