"""Heat that cannot leave: pumps, valve, cooler, frost. Each story states its time and its body limit."""

from __future__ import annotations

import pytest

from tests.scenarios.language import CHAINS, Story, given

pytestmark = pytest.mark.parametrize("chain", sorted(CHAINS))


def cooled_down_and_stays_off(story: Story) -> None:
    """After any trip: no enable comes back by itself, not even after the minimum off time."""
    starts = story.fact("enable_starts")
    story.leap(1100.0, "nobody acknowledges, minimum off time over").expect(
        enables=False, contactors=False, enable_starts=starts
    )


def test_p3_stops_with_a_healthy_switch(chain: str) -> None:
    story = given("p3-stops", chain).leap_to_cause().expect(state="HEAT_BUFFER", enables=True)
    story.leap(4.5, "P3 stands")
    story.expect_enables_off(within_s=3.0, body_below_degc=95.0)
    story.expect(contactors=False)
    story.leap(60.0).expect("first-out and the rest suppressed", state="FAULT", alarm="A-003", p3_on=True)
    story.expect_range(body_max_degc=(0.0, 95.0), oil_max_degc=(0.0, 58.0))
    cooled_down_and_stays_off(story)


def test_p3_stops_with_the_switch_stuck_closed_and_only_the_missing_heat_tells(chain: str) -> None:
    story = given("p3-stops-flow-stuck", chain).leap_to_cause().expect(enables=True, flow_ok=True)
    story.leap_until(lambda loop: not (loop.image.m1_enable or loop.image.m2_enable), 300.0, "A-008")
    story.expect_enables_off(within_s=120.0, body_below_degc=110.0)
    story.expect(flow_ok=True, alarm="A-008").leap(5.0).expect(state="FAULT", contactors=False)
    story.leap(600.0).expect_range(body_max_degc=(0.0, 110.0), t_oil_degc=(0.0, 60.0))
    assert story.trips[0] in ("heat_missing", "chips_hot")
    cooled_down_and_stays_off(story)


def test_flow_switch_opens_although_p3_turns(chain: str) -> None:
    story = given("flow-lost", chain).leap_to_cause()
    story.leap(4.5).expect_enables_off(within_s=3.0, body_below_degc=85.0)
    story.leap(30.0).expect(state="FAULT", contactors=False, p3_on=True)
    cooled_down_and_stays_off(story)


def test_p4_stops_and_says_so(chain: str) -> None:
    story = given("p4-stops", chain).leap_to_cause()
    story.leap_to("COOLDOWN", 10.0, "soft trip")
    story.leap(90.0, "pause, then the contactors").expect(enables=False, contactors=False, alarm="A-022")
    story.expect_enables_off(within_s=65.0, body_below_degc=95.0)
    story.leap(600.0).expect_range(oil_max_degc=(0.0, 58.0))
    assert story.trips == []
    starts = story.fact("enable_starts")
    story.leap(1200.0, "P4 still stands").expect(enables=False, enable_starts=starts)


def test_no_water_moves_and_p4_reports_nothing(chain: str) -> None:
    story = given("p4-blocked", chain).leap_to_cause()
    story.leap_to("FAULT", 500.0, "A-007 or A-008 must see it")
    story.leap(1.0).expect(enables=False, contactors=False, p4_ssm_ok=True)
    story.expect_enables_off(within_s=420.0, body_below_degc=95.0)
    assert story.trips[0] in ("cooling_lost", "heat_missing")
    story.leap(900.0).expect_range(oil_max_degc=(0.0, 63.0))
    cooled_down_and_stays_off(story)


def test_valve_jams_and_the_heat_keeps_going_where_it_went(chain: str) -> None:
    story = given("valve-stuck", chain).leap_to("RECOOL", 4000.0)
    story.leap(9000.0 - story.loop.t_s, "the heat goes into the buffer although the fan is asked for")
    raised = [event.now_ns / 1e9 for event in story.loop.events if event.subject == "A-024"]
    assert raised, "one try more, then the alarm"
    assert raised[0] < 2.5 * 1800.0
    story.expect_range(
        "limits hold by less power, then by a stop",
        rv1=(0.0, 0.0),
        oil_max_degc=(50.0, 63.0),
        body_max_degc=(60.0, 95.0),
        t_top_degc=(50.0, 62.5),
    )


def test_cooler_fails_on_a_hot_day(chain: str) -> None:
    story = given("cooler-fault", chain).leap_to("RECOOL", 2000.0).leap_to_cause()
    story.expect(state="RECOOL", enables=True)
    story.leap(120.0).expect("no sink, ordered stop", enables=False, contactors=False, cooler_on=False)
    story.expect_enables_off(within_s=90.0, body_below_degc=95.0).expect(alarm="A-030")
    story.leap(1800.0).expect(enables=False)
    story.expect_range(oil_max_degc=(0.0, 63.0))
    assert story.trips == []


def test_minus_12_glycol_is_never_sent_into_the_exchanger(chain: str) -> None:
    story = given("recool-minus-12", chain)
    sunk: list[float] = []
    story.leap_until(
        lambda loop: bool(sunk.append(loop.t_s) if loop.image.cooler_on else None) or loop.t_s > 5400.0,
        5500.0,
        "hot oil, buffer nearly full",
    )
    assert sunk == [], "the fan ran with glycol below zero"
    story.expect_range(w2_out_min_degc=(3.0, 99.0), oil_max_degc=(50.0, 63.0), body_max_degc=(60.0, 95.0))
    assert story.trips == []


def test_minus_12_does_not_make_the_sequence_chatter(chain: str) -> None:
    """Recooling that is not possible is not tried again and again: each try turns a valve."""
    story = given("recool-minus-12", chain).leap(5000.0)
    tries = [t for t, state in story.loop.metrics.states if state == "RECOOL"]
    assert len(tries) <= 3, f"{len(tries)} tries to recool: {[round(t) for t in tries[:10]]} ..."


def test_cold_snap_while_recooling(chain: str) -> None:
    story = given("recool-cold-snap", chain).leap_to("RECOOL", 2500.0).leap_to_cause()
    story.expect(cooler_on=True)
    story.leap(1500.0, "-12 degC air at the running cooler")
    story.expect_range(w2_out_min_degc=(3.0, 99.0), oil_max_degc=(0.0, 63.0), body_max_degc=(0.0, 95.0))
    assert story.trips == []
