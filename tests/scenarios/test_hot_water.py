"""The miners heat the hot water tank; its sensor's messages take the way of those of a real gateway."""

from __future__ import annotations

from tests.scenarios.language import given
from tools.twin.closed_loop import ClosedLoop

CHAIN = "flow latches"  # the other variant of the safety chain has no part in this


def tank_degc(loop: ClosedLoop) -> float:
    return loop.rig.model.dhw.t_degc


def test_the_miners_heat_the_tank_and_the_heat_pump_stays_free_for_it_until_it_is_warm() -> None:
    story = given("hot-water", CHAIN).leap_to("HEAT_DHW", 3000.0, "the oil is hot enough")
    assert tank_degc(story.loop) < 45.0
    story.expect("the tank was cold all the time", hp_block=False)
    story.leap_to("HEAT_BUFFER", 3600.0, "the tank is warm").visited("HEAT_DHW")
    assert tank_degc(story.loop) >= 48.5
    assert story.trips == []
    assert story.loop.rig.model.book.hp_dhw == 0.0, "not the heat pump"
    assert story.loop.plant is not None
    assert story.loop.plant.routing.rv2.strokes == 3, "home, to the tank, and back"
    story.expect_range("the coil is smaller than the miners", oil_max_degc=(50.0, 60.0))


def test_a_silent_tank_sensor_ends_the_charge_frees_the_heat_pump_and_tells_somebody() -> None:
    story = given("sensor-silent-tank", CHAIN).leap_to_cause().expect(state="HEAT_DHW", hp_block=False)
    story.leap(100.0, "its last word is not old yet").expect(state="HEAT_DHW")
    story.leap(40.0, "nobody knows the tank").expect(state="HEAT_BUFFER", enables=True, no_alarm="A-060C")
    story.leap(1000.0).expect("free in doubt", hp_block=False, alarm="A-060C", enables=True)
    assert story.loop.out is not None
    assert "dhw_demand" in dict(story.loop.out.status.blocked_by)["hp_block"]
    assert story.trips == []
