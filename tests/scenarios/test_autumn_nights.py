"""Nights with a nearly full buffer and a house that takes a little more than one miner's least power.

One miner holds the oil at 54 degC, so the oil would bear the second one - until it runs. Without a rest it
came back every 50 minutes until the contactor cycles of the day were used up.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tests.scenarios.language import Story, given
from tools.twin.physics.defaults import JOULE_PER_KWH
from tools.twin.physics.weather import FixedDay
from tools.twin.plant_model import Initial

CHAIN = "flow latches"
NEARLY_FULL = Initial(
    buffer_top_degc=54.0, buffer_bottom_degc=53.0, oil_degc=50.0, water_degc=50.0, glycol_degc=16.0
)
LOAD_W = 2500.0


def night(month: int, mean_degc: float, *parameters: tuple[str, object]) -> Story:
    """From midnight on, full power asked for."""
    return given(
        "winter-day",
        CHAIN,
        from_start=True,
        start=datetime(2026, month, 18, tzinfo=UTC),
        initial=NEARLY_FULL,
        weather=lambda: FixedDay(mean_degc, 1.0),
        fixed_load_w=LOAD_W,
        parameters=parameters,
        events=(),
    )


def switched(story: Story) -> list[tuple[str, str]]:
    """The second miner's enable with its reasons."""
    return [(e.code, e.reason) for e in story.loop.events if e.subject == "m2_enable"]


def kwh(story: Story) -> float:
    return story.loop.rig.model.book.miners / JOULE_PER_KWH


def test_on_a_nearly_full_buffer_the_second_miner_is_tried_once_and_the_first_one_goes_on():
    story = night(11, 0.0).leap_to("HEAT_BUFFER", 1600.0).leap_hours(1.0, "the oil gets too hot for two")
    assert switched(story) == [("on", "circulation_proven"), ("off", "oil_limit")]
    before_kwh, events = kwh(story), len(story.loop.events)
    story.leap_hours(7.0, "the night")
    story.expect("one miner goes on", state="HEAT_BUFFER", m1_enable=True, m2_enable=False, no_alarm="A-006")
    assert story.loop.out.status.limited_by == "oil_limit"
    assert [event for event in story.loop.events[events:] if event.code in ("on", "raised")] == []
    assert kwh(story) - before_kwh > 0.98 * 7.0 * LOAD_W / 1000.0, "the house has its heat"
    story.expect_range(oil_max_degc=(55.0, 58.0), t_top_degc=(51.5, 54.5))


def test_in_the_morning_recooling_takes_both_whatever_rest_the_night_has_left():
    story = night(5, 16.0, ("cooler.economic", True))
    story.leap_hours(5.9, "quiet hours: no recooling")
    story.expect("one miner", state="HEAT_BUFFER", m1_enable=True, m2_enable=False)
    story.leap_hours(0.6, "from six on the heat may go outside")
    story.expect(m1_enable=True, m2_enable=True)
    story.leap_hours(0.7)
    story.expect(state="RECOOL", m1_enable=True, m2_enable=True)
    assert story.loop.out.status.limited_by == ""
