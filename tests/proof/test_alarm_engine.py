"""The alarm engine where the stories of the plant do not look: horn, coming back, clearing."""

import dataclasses

import pytest

from plc.blocks.core import Tick
from plc.plant.alarm_table import ALARMS, Alarm, Latch
from plc.plant.alarms import Alarms
from plc.plant.facts import Facts
from tests.proof.test_alarm_table import HEALTHY, SPECIFICATION


@pytest.mark.parametrize("priority", [1, 2, 3, 4])
def test_only_a_new_alarm_of_priority_1_sounds_and_only_once(priority):
    engine = Alarms((Alarm("X", priority, Latch.AUTO, lambda f: f.oil_trip),))
    facts = Facts(oil_trip=True)
    heard = []
    for _ in range(3):
        engine.step(Tick(0, 10**8), facts)
        heard.append(engine.new_horn)
    assert sum(heard) == (priority == 1)


def test_a_cause_that_comes_back_starts_the_time_to_clear_again_and_is_no_new_alarm():
    engine = Alarms((Alarm("X", 2, Latch.AUTO, lambda f: f.oil_warn, 0.0, 2.0),))
    facts = Facts()
    for present, scans in ((True, 1), (False, 15), (True, 2), (False, 15)):
        facts.oil_warn = present
        for _ in range(scans):
            engine.step(Tick(0, 10**8), facts)
    assert engine.listed == ("X",), "1.5 s, back, 1.5 s: never 2 s in one piece"
    assert engine.counts == [1]


def test_a_latched_alarm_whose_cause_comes_back_is_the_same_alarm():
    engine = Alarms((Alarm("X", 2, Latch.LATCHED, lambda f: f.oil_warn, 0.0, 0.0),))
    facts = Facts(oil_warn=True)
    engine.step(Tick(0, 10**8), facts, acknowledge_local=True)
    facts.oil_warn = False
    for _ in range(3):
        engine.step(Tick(0, 10**8), facts)
    facts.oil_warn = True
    engine.step(Tick(0, 10**8), facts)
    engine.step(Tick(0, 10**8), facts, acknowledge_local=True)
    assert engine.listed == ("X",), "present again: acknowledging does not take it away"
    assert engine.counts == [1]


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.id)
def test_every_alarm_that_appears_clears_when_its_cause_has_gone_and_somebody_has_acknowledged(alarm):
    """Alone, with the facts of the specification: raised after its delay, gone after its other one."""
    _, _, _, _, _, raising, _ = SPECIFICATION[alarm.id]
    for cause in raising:
        engine = Alarms((dataclasses.replace(alarm, suppressed_by=()),))
        facts = Facts(**{**HEALTHY, **cause})
        dt_ns = 10**9 * max(1, round(alarm.on_s / 100.0))
        for _ in range(round(alarm.on_s * 1e9 / dt_ns) + 2):
            engine.step(Tick(0, dt_ns), facts)
        assert engine.listed == (alarm.id,)
        quiet = Facts(**HEALTHY)
        for _ in range(round(alarm.off_s) + 2):
            engine.step(Tick(0, 10**9), quiet)
        assert engine.listed == (() if alarm.latch is Latch.AUTO else (alarm.id,))
        engine.step(Tick(0, 10**9), quiet, acknowledge_local=True)
        assert engine.listed == ()
        assert not engine.lamp
