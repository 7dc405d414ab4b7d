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


def engine_of(*alarms):
    return Alarms(tuple(Alarm(*alarm) for alarm in alarms))


def scans(engine, facts, count=1, **kwargs):
    for _ in range(count):
        engine.step(Tick(0, 10**8), facts, **kwargs)
        kwargs = {}
    return engine


X = ("X", 2, Latch.LATCHED, lambda f: f.oil_warn, 0.0, 0.0)
Y = ("Y", 3, Latch.ACK, lambda f: f.frost, 0.0, 0.0)
AUTO = ("Z", 4, Latch.AUTO, lambda f: f.grid_block, 0.0, 0.0)
URGENT = ("P", 1, Latch.AUTO, lambda f: f.oil_trip, 0.0, 0.0)


def test_an_engine_that_has_seen_nothing_says_nothing():
    engine = engine_of(X, Y)
    assert [engine.horn, engine.new_horn, engine.lamp] == [False] * 3
    assert (engine.acked, engine.counts) == ([False, False], [0, 0])
    assert (engine.listed, engine.unacked, engine.shelved, engine.first) == ((), (), (), "")


def test_a_change_is_told_once_and_by_its_name():
    engine, facts = engine_of(X, Y, AUTO), Facts(oil_warn=True, frost=True, grid_block=True)
    told = [scans(engine, facts).changes, scans(engine, facts).changes]
    assert told == [[("X", "raised"), ("Y", "raised"), ("Z", "raised")], []]
    calm = Facts()
    assert scans(engine, calm).changes == [("X", "cleared"), ("Y", "cleared"), ("Z", "gone")]
    assert scans(engine, calm, acknowledge_local=True).changes == [("X", "gone"), ("Y", "gone")]
    assert engine.acked == [True, True, False]
    assert scans(engine, calm).changes == []


def test_acknowledging_when_nothing_stands_does_nothing():
    engine = engine_of(X, Y)
    assert scans(engine, Facts(), acknowledge_local=True).changes == []
    assert engine.acked == [False, False]


def test_a_cause_shorter_than_its_delay_leaves_no_trace():
    engine = engine_of(("X", 2, Latch.AUTO, lambda f: f.oil_warn, 1.0, 0.0))
    scans(engine, Facts(oil_warn=True), 3)
    assert scans(engine, Facts()).changes == []
    assert engine.counts == [0]


def test_a_command_acknowledges_what_it_names_and_nothing_else():
    engine, facts = engine_of(X, Y), Facts(oil_warn=True, frost=True)
    scans(engine, facts)
    assert scans(engine, facts, acknowledge=("Y",)).unacked == ("X",)
    assert scans(engine, facts, acknowledge=("Q",)).unacked == ("X",)
    assert scans(engine, facts, acknowledge=("",)).unacked == ()


def test_nobody_may_acknowledge_or_shelve_what_does_not_exist():
    engine = engine_of(X, URGENT)
    assert [engine.may_acknowledge(name) for name in ("X", "P", "Q")] == [True, False, False]
    assert [engine.may_shelve(name) for name in ("X", "P", "Q")] == [True, False, False]


def test_shelving_is_told_and_zero_seconds_end_it_at_once():
    engine, facts = engine_of(X), Facts(oil_warn=True)
    scans(engine, facts)
    assert scans(engine, facts, shelve=(("X", 60.0),)).changes == [("X", "shelved")]
    assert scans(engine, facts, 20).shelved == ("X",)
    assert scans(engine, facts, shelve=(("X", 0.0),)).changes == [("X", "shelved"), ("X", "unshelved")]
    assert engine.shelved == ()


def test_nothing_is_shelved_for_longer_than_a_day():
    engine, facts = engine_of(X), Facts(oil_warn=True)
    scans(engine, facts, shelve=(("X", 1e6),))
    for hours, shelved in ((23.9, ("X",)), (0.2, ())):
        engine.step(Tick(0, round(hours * 3600e9)), facts)
        assert scans(engine, facts).shelved == shelved


def test_ending_what_was_never_shelved_shelves_nothing_for_not_even_a_scan():
    engine = scans(engine_of(X), Facts(oil_warn=True), shelve=(("X", 0.0),))
    assert (engine.shelved, engine.unacked) == ((), ("X",))


def come_and_go(engine, facts, name, times, *, gap=5):
    """Raises it so often, acknowledged each time but the last; ends with it standing."""
    for number in range(times):
        setattr(facts, name, True)
        scans(engine, facts, 2)
        if number < times - 1:
            setattr(facts, name, False)
            scans(engine, facts, gap, acknowledge_local=True)
            scans(engine, facts, 2, acknowledge_local=True)


@pytest.mark.parametrize(("times", "flashes"), [(1, True), (2, True), (3, False), (4, False), (7, False)])
def test_from_the_third_time_on_it_chatters_also_late_in_the_life_of_the_program(times, flashes):
    engine, facts = engine_of(Y), Facts()
    engine.step(Tick(0, 3600 * 10**9), facts)
    come_and_go(engine, facts, "frost", times)
    assert engine.unacked == ("Y",)
    assert engine.lamp is flashes


def test_a_critical_alarm_flashes_however_often_it_comes_and_a_notice_never_does():
    engine, facts = engine_of(URGENT, AUTO), Facts()
    come_and_go(engine, facts, "oil_trip", 5)
    assert engine.lamp
    engine, facts = engine_of(URGENT, AUTO), Facts(grid_block=True)
    assert scans(engine, facts).unacked == ("Z",)
    assert not engine.lamp


def test_the_first_alarm_is_of_this_episode():
    engine, facts = engine_of(X, Y), Facts(oil_warn=True)
    scans(engine, facts)
    assert engine.first == "X"
    scans(engine, Facts(), 2, acknowledge_local=True)
    scans(engine, Facts(), 2, acknowledge_local=True)
    assert (engine.listed, engine.first) == ((), "")
    assert scans(engine, Facts(frost=True)).first == "Y"


def test_a_restart_keeps_what_a_person_must_see_and_whether_he_has_seen_it():
    engine, facts = engine_of(X, Y, AUTO), Facts(oil_warn=True, frost=True, grid_block=True)
    scans(engine, facts)
    kept = scans(engine, facts, acknowledge=("Y",)).retained()
    assert kept["standing"] == {"X": False, "Y": True}, "what clears by itself is not kept"
    again = engine_of(X, Y, AUTO)
    again.retain(kept)
    assert (again.listed, again.unacked, again.first) == (("X", "Y"), ("X",), "X")
    assert again.counts == [1, 1, 1]


def test_a_kept_alarm_clears_in_its_own_time_whatever_the_engine_did_before():
    slow = ("X", 2, Latch.ACK, lambda f: f.oil_warn, 1.0, 1.0)
    engine = engine_of(slow)
    scans(engine, Facts(oil_warn=True), 9)
    scans(engine, Facts(), 2)
    engine.retain({"standing": {"X": True}})
    assert scans(engine, Facts(), 8).listed == ("X",), "0.8 s of 1 s"
    assert scans(engine, Facts(), 4).listed == ()
