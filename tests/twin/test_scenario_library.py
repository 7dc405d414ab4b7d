from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from plc.plant.interface import ImageOutputs
from plc.plant.parameters import Parameters
from tools.twin import scenarios
from tools.twin.closed_loop import with_settings
from tools.twin.rig import ACTIONS, LOOP_ACTIONS, Rig
from tools.twin.scenario import Event, unix_start_s, utc_offset_s

NAMES = sorted(scenarios.SCENARIOS)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_can_be_built_in_both_variants_and_names_what_exists(name: str) -> None:
    for flow_latches in (True, False):
        scenario = scenarios.get(name, flow_latches=flow_latches)
        assert scenario.text
        assert scenario.flow_latches is flow_latches
        with_settings(Parameters(), scenario.parameters)
        assert all(event.what in ACTIONS or event.what in LOOP_ACTIONS for event in scenario.events)
        assert sum(event.cause for event in scenario.events) <= 1
        assert all(event.at_s < scenario.duration_s for event in scenario.events)
        Rig(scenario).step(0.1, ImageOutputs(), 0.0, 0.0)


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(KeyError, match="winter-day"):
        scenarios.get("summer-night")
    with pytest.raises(KeyError, match="buffer\\.nonsense"):
        with_settings(Parameters(), (("buffer.nonsense", 1.0),))
    rig = Rig(replace(scenarios.get("winter-day"), events=(Event(0.0, "p3_stoped"),)))
    with pytest.raises(KeyError, match="p3_stopped"):
        rig.step(0.1, ImageOutputs(), 0.0, 0.0)


def test_events_come_at_their_time_whatever_the_step() -> None:
    for dt_s in (0.1, 1.0, 7.0):
        scenario = replace(scenarios.get("winter-day"), events=(Event(30.0, "grid_block"),))
        rig = Rig(scenario)
        while not rig.cabinet.grid_block:
            rig.step(dt_s, ImageOutputs(), 0.0, 0.0)
        assert 30.0 <= rig.t_s <= 30.0 + 2.0 * dt_s + 1e-6


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_can_be_done_and_undone_at_run_time(name: str) -> None:
    rig = Rig(scenarios.get("winter-day"))
    on: object = True
    off: object = False
    if name.startswith("sensor."):
        on, off = "open", "none"
    elif name == "key":
        on, off = "maint", "auto"
    elif name == "t_outdoor_degc":
        on, off = -12.0, 3.0
    elif name.endswith("lost_share"):
        on, off = 0.5, 0.0
    for value in (on, off):
        rig.apply(Event(0.0, name, value))
        rig.step(0.1, ImageOutputs(), 0.0, 0.0)


class TestCalendar:
    def test_winter_and_summer(self) -> None:
        assert utc_offset_s(datetime(2026, 1, 15, 7, tzinfo=UTC), 0.0) == 3600
        assert utc_offset_s(datetime(2026, 7, 12, 11, tzinfo=UTC), 0.0) == 7200

    def test_the_clock_is_put_forward_while_time_goes_on(self) -> None:
        start = datetime(2026, 3, 29, 1, tzinfo=UTC)  # local
        assert utc_offset_s(start, 3599.0) == 3600
        assert utc_offset_s(start, 3600.0) == 7200

    def test_unix_time_of_a_local_start(self) -> None:
        assert unix_start_s(datetime(2026, 7, 12, 11, tzinfo=UTC)) == 1783846800  # 09:00 UTC

    def test_lost_time_service_is_said(self) -> None:
        rig = Rig(scenarios.get("winter-day"))
        assert rig.wall().synchronised
        rig.apply(Event(0.0, "clock_synchronised", False))
        assert not rig.wall().synchronised
