"""The program dies, hangs and comes back in the middle of heating."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc.plant.parameters import Parameters
from tests.scenarios.language import CHAINS, Story, given
from tools.twin import scenarios
from tools.twin.closed_loop import ClosedLoop
from tools.twin.plant_model import Initial

pytestmark = pytest.mark.parametrize("chain", sorted(CHAINS))


def test_death_while_heating_drops_the_miners_and_the_restart_waits(chain: str) -> None:
    story = given("restart-while-heating", chain).leap_to_cause().expect(enables=True)
    story.leap(1.5, "the image handle closes").expect(enables=False, contactors=False, p3_on=False)
    story.expect_enables_off(within_s=0.3, body_below_degc=85.0)
    story.leap(6.0, "started again").expect(p3_on=True)
    story.leap(60.0).expect("oil above 45 degC", p3_on=True)
    starts = story.fact("enable_starts")
    story.leap(780.0, "minimum off time from process start").expect(enables=False, enable_starts=starts)
    story.leap_to("HEAT_BUFFER", 1500.0).expect(enables=True)
    assert story.trips == []
    story.expect_range(body_max_degc=(0.0, 90.0), oil_max_degc=(0.0, 58.0))


def test_restart_with_a_closed_contactor_starts_the_pumps_with_the_first_valid_read(chain: str) -> None:
    story = given("restart-welded", chain).leap_to_cause().expect(k10_fb=True)
    story.leap(4.9, "no program").expect(p3_on=False, k10_fb=True)
    story.leap_until(lambda loop: loop.plant is not None and loop.state != "", 2.0, "started again")
    story.leap(0.3).expect(p3_on=True, enables=False)
    assert story.fact("p4_setpoint_pct") >= 20.0  # starts at once, the voltage rises by 1 V/s
    story.leap(8.0)
    assert story.fact("p4_setpoint_pct") >= 60.0
    story.leap(30.0).expect(state="FAULT", alarm="A-012", k10_fb=True)
    story.leap(1200.0).expect(p3_on=True, enables=False)
    story.expect_range(body_max_degc=(0.0, 95.0), oil_max_degc=(0.0, 60.0))


def test_hot_oil_starts_the_pumps_with_the_first_valid_read(chain: str) -> None:
    scenario = replace(
        scenarios.get("sleep", flow_latches=CHAINS[chain]), initial=Initial(oil_degc=58.0, water_degc=40.0)
    )
    story = Story(ClosedLoop(Parameters(), scenario), f"hot oil at start ({chain})")
    story.leap(0.2, dt_s=0.1).expect(p3_on=True, enables=False)
    assert story.fact("p4_setpoint_pct") >= 20.0  # starts at once, the voltage rises by 1 V/s
    story.leap(8.0)
    assert story.fact("p4_setpoint_pct") >= 60.0
    story.leap(1200.0).expect(enables=False)
    assert story.fact("t_oil_degc") < 55.0


def test_a_hang_is_ended_by_the_watchdogs(chain: str) -> None:
    """No program judges this one: driver watchdog after 1 s, K12 after 2 s."""
    story = given("hang", chain).leap_to_cause()
    story.leap(5.0)
    assert story.loop.metrics.contactors_off_s is not None
    assert story.loop.metrics.contactors_off_s <= 1.5
    story.leap(900.0).expect(contactors=False)
    story.expect_range(body_max_degc=(0.0, 90.0), oil_max_degc=(0.0, 60.0))


def test_k12_alone_drops_the_contactors_when_the_driver_watchdog_is_missing(chain: str) -> None:
    story = given("hang", chain)
    watchdog = replace(story.loop.parameters.scan, watchdog_ms=5000)
    story.loop.parameters = replace(story.loop.parameters, scan=watchdog)
    story.leap_to_cause().leap(5.0)
    assert story.loop.metrics.contactors_off_s is not None
    assert 1.5 <= story.loop.metrics.contactors_off_s <= 2.5


def test_steps_of_a_second_and_steps_of_a_scan_tell_the_same_story(chain: str) -> None:
    """What the yearly benchmark relies on: coarse steps only where nothing is decided."""
    scenario = scenarios.get("winter-day", flow_latches=CHAINS[chain])
    paths = []
    for dt_s in (0.1, None):
        loop = ClosedLoop(Parameters(), scenario)
        loop.run(1020.0, dt_s=dt_s)
        paths.append([(state, t) for t, state in loop.metrics.states])
    assert [state for state, _ in paths[0]] == [state for state, _ in paths[1]]
    for (_, fine), (_, coarse) in zip(*paths, strict=True):
        assert coarse == pytest.approx(fine, abs=3.0)
