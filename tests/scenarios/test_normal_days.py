"""Days on which nothing breaks: what the plant does with its heat."""

from __future__ import annotations

import pytest

from tests.scenarios.language import CHAINS, given
from tools.twin import scenarios
from tools.twin.physics.weather import FixedDay

pytestmark = pytest.mark.parametrize("chain", sorted(CHAINS))


def test_winter_day_heats_the_buffer_and_ends_with_a_cool_down(chain: str) -> None:
    story = given("winter-day", chain, from_start=True)
    top = story.fact("t_top_degc")
    story.leap_to("STANDBY", 60.0)
    story.leap(800.0, "minimum off time after the start").expect(state="STANDBY", enables=False)
    story.leap_to("HEAT_BUFFER", 1200.0).leap(300.0)
    story.expect("mining", enables=True, contactors=True, p3_on=True, cooler_on=False)
    story.leap_to("COOLDOWN", 3000.0 - story.loop.t_s, "the grid operator's signal")
    story.expect(p3_on=True)
    story.leap_to("STANDBY", 700.0).expect(enables=False, contactors=False)
    story.leap(3600.0 - story.loop.t_s)
    story.visited("STANDBY", "PRECIRC", "RAMP", "HEAT_BUFFER", "COOLDOWN")
    assert story.trips == []
    assert story.fact("t_top_degc") > top
    story.expect_range(oil_max_degc=(40.0, 63.0), body_max_degc=(60.0, 90.0), residual=(0.0, 1e-4))


def test_full_buffer_stops_the_miners_when_recooling_is_not_allowed(chain: str) -> None:
    story = given("buffer-full", chain).leap_to("HEAT_BUFFER", 1500.0)
    story.leap_to("COOLDOWN", 7200.0, "the buffer gets full")
    assert "RECOOL" not in story.loop.metrics.states_visited
    story.leap_to("STANDBY", 900.0)
    story.expect(enables=False, contactors=False, cooler_on=False)
    story.leap(1000.0, "still full").expect(state="STANDBY", enable_starts=1)
    story.expect_range(oil_max_degc=(45.0, 60.0), body_max_degc=(50.0, 85.0), t_top_degc=(50.0, 57.0))
    assert story.trips == []


def test_full_buffer_goes_on_with_the_cooler_when_recooling_is_allowed(chain: str) -> None:
    story = given("buffer-full-recool", chain).leap_to("HEAT_BUFFER", 1600.0)
    story.leap_to("RECOOL", 4000.0)
    story.leap(1800.0)
    story.expect(state="RECOOL", enables=True)
    story.expect_range(rv1=(1.0, 1.0), oil_max_degc=(50.0, 63.0), body_max_degc=(60.0, 90.0))
    assert story.trips == []


def test_nothing_asked_for_nothing_done(chain: str) -> None:
    story = given("sleep", chain).leap(1800.0)
    story.expect(state="STANDBY", enable_starts=0, cooler_on=False)
    story.expect("P3 keeps the latching relay in, and only that", p3_on=CHAINS[chain])
    assert story.trips == []


def test_the_clock_is_put_forward_and_nothing_happens(chain: str) -> None:
    story = given("dst-day", chain).leap_to("HEAT_BUFFER", 1600.0)
    story.leap(2400.0, "across two o'clock, which does not exist").expect(
        state="HEAT_BUFFER", enable_starts=2
    )
    assert story.trips == []


def test_a_hot_buffer_in_summer_is_filled_with_less_and_less_power_and_then_left_alone(chain: str) -> None:
    """Recooling for protection must not become the sink of a summer: it would go to and fro all day."""
    story = given("summer-hot-buffer", chain).leap_to("HEAT_BUFFER", 1600.0)
    story.leap_until(lambda loop: loop.out.status.granted_power_w < 3000.0, 8000.0, "the oil gets hotter")
    story.expect(state="HEAT_BUFFER").leap_to("COOLDOWN", 6000.0, "the buffer is full")
    story.leap_to("STANDBY", 900.0)
    story.leap(4 * 3600.0, "nobody takes heat out", dt_s=10.0)
    story.expect(state="STANDBY", enable_starts=2, cooler_on=False)
    assert "RECOOL" not in story.loop.metrics.states_visited
    assert "A-006" not in [event.subject for event in story.loop.events]
    story.expect_range(oil_max_degc=(55.0, 58.0), t_top_degc=(53.0, 56.0))


def test_a_buffer_that_was_full_takes_heat_again_as_soon_as_a_cold_house_has_used_it(chain: str) -> None:
    cold = {"initial": scenarios.FULL, "weather": lambda: FixedDay(-14.0), "events": ()}
    story = given("winter-day", chain, from_start=True, **cold)
    story.leap(1500.0, "full: no start").expect(state="STANDBY", enable_starts=0)
    story.leap_to("HEAT_BUFFER", 3 * 3600.0, "the heat pump would have to start, and the miners may")
    assert story.fact("t_top_degc") > story.loop.parameters.buffer.resume_degc - 3.0
    assert story.trips == []
