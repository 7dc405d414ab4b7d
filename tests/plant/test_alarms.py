"""The alarm engine and its table: delays, latch, acknowledge, shelving, chatter, first alarm, retained."""

import pytest

from plc.blocks.core import Tick
from plc.plant.alarm_table import ALARMS, Alarm, Latch
from plc.plant.alarm_texts import TEXTS
from plc.plant.alarms import Alarms
from plc.plant.facts import Facts
from tests.plant.rigs import heating_rig, standby_rig
from tests.support.facts import HEALTHY

TICK = Tick(0, 100_000_000)


class Bench:
    """One alarm of each kind on named facts."""

    def __init__(self):
        self.engine = Alarms(
            (
                Alarm("P1", 1, Latch.LATCHED, lambda f: f.oil_trip),
                Alarm("A", 2, Latch.AUTO, lambda f: f.oil_warn, 1.0, 2.0),
                Alarm("K", 3, Latch.ACK, lambda f: f.grid_block, 0.0, 0.0),
                Alarm("C", 3, Latch.AUTO, lambda f: f.frost, 0.0, 0.0, ("P1",)),
            )
        )
        self.facts = Facts()

    def leap(self, seconds, **kwargs):
        for _ in range(round(seconds * 10)):
            self.engine.step(TICK, self.facts, **kwargs)
            kwargs = {}
        return self.engine


def test_an_alarm_waits_for_its_delay_and_clears_after_its_own():
    bench = Bench()
    bench.facts.oil_warn = True
    assert bench.leap(1.0).listed == ()
    assert bench.leap(0.1).listed == ("A",)
    bench.facts.oil_warn = False
    assert bench.leap(2.0).listed == ("A",)
    assert bench.leap(0.1).listed == ()
    assert bench.engine.counts[1] == 1


def test_a_cause_shorter_than_the_delay_is_no_alarm():
    bench = Bench()
    for _ in range(20):
        bench.facts.oil_warn = True
        bench.leap(0.9)
        bench.facts.oil_warn = False
        assert bench.leap(0.2).listed == ()


def test_a_latched_alarm_stays_until_it_is_acknowledged_after_its_cause():
    bench = Bench()
    bench.facts.oil_trip = True
    bench.leap(0.2)
    bench.leap(0.1, acknowledge_local=True)
    assert bench.engine.unacked == ()
    bench.facts.oil_trip = False
    assert bench.leap(60.0).listed == ("P1",)
    assert bench.leap(0.1, acknowledge_local=True).listed == ()


@pytest.mark.parametrize("before", [True, False])
def test_an_ack_alarm_goes_with_cause_and_acknowledge_in_either_order(before):
    bench = Bench()
    bench.facts.grid_block = True
    bench.leap(0.2)
    if before:
        bench.leap(0.1, acknowledge_local=True)
    bench.facts.grid_block = False
    bench.leap(0.3)
    if not before:
        assert bench.engine.listed == ("K",)
        bench.leap(0.1, acknowledge_local=True)
    assert bench.engine.listed == ()


def test_priority_1_is_neither_acknowledged_nor_shelved_from_afar():
    bench = Bench()
    bench.facts.oil_trip = bench.facts.grid_block = True
    bench.leap(0.2)
    bench.leap(0.1, acknowledge=("",), shelve=(("P1", 3600.0),))
    assert bench.engine.unacked == ("P1",)
    assert bench.engine.shelved == ()
    assert bench.engine.horn


def test_a_shelved_alarm_neither_flashes_nor_is_lost_and_comes_back_after_its_time():
    bench = Bench()
    bench.facts.grid_block = True
    bench.leap(0.2, shelve=(("K", 60.0),))
    assert bench.engine.shelved == ("K",)
    assert not bench.engine.lamp
    assert bench.engine.listed == ("K",)
    bench.leap(60.0)
    assert bench.engine.shelved == ()
    assert bench.engine.lamp


def test_a_consequence_is_suppressed_while_its_cause_stands():
    bench = Bench()
    bench.facts.oil_trip = bench.facts.frost = True
    assert bench.leap(0.3).listed == ("P1",)
    bench.facts.oil_trip = False
    bench.leap(2.0)
    bench.leap(0.1, acknowledge_local=True)
    assert bench.leap(0.2).listed == ("C",)


def test_the_third_time_in_ten_minutes_no_longer_flashes():
    bench = Bench()
    for _ in range(3):
        bench.facts.grid_block = True
        bench.leap(1.0)
        lamp = bench.engine.lamp
        bench.facts.grid_block = False
        bench.leap(1.0, acknowledge_local=True)
    assert not lamp
    bench.leap(700.0)
    bench.facts.grid_block = True
    assert bench.leap(0.2).lamp


def test_the_first_alarm_of_an_episode_is_kept():
    bench = Bench()
    bench.facts.grid_block = True
    bench.leap(0.2)
    bench.facts.oil_trip = True
    assert bench.leap(0.2).first == "K"
    assert bench.engine.listed == ("K", "P1")


def test_latched_alarms_and_counters_survive_a_restart():
    bench = Bench()
    bench.facts.oil_trip = bench.facts.oil_warn = True
    bench.leap(2.0)
    again = Bench()
    again.engine.retain(bench.engine.retained())
    assert again.leap(2.0).listed == ("P1",)
    assert again.engine.counts == bench.engine.counts
    assert again.leap(0.1, acknowledge_local=True).listed == ()


def test_every_alarm_has_texts_and_every_text_an_alarm():
    assert {alarm.id for alarm in ALARMS} == set(TEXTS)
    assert len({alarm.id for alarm in ALARMS}) == len(ALARMS)
    assert all(all(text) for text in TEXTS.values())


def test_suppressors_stand_above_what_they_suppress():
    order = [alarm.id for alarm in ALARMS]
    for alarm in ALARMS:
        for cause in alarm.suppressed_by:
            assert order.index(cause) < order.index(alarm.id), alarm.id


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.id)
def test_every_alarm_can_appear_and_can_clear(alarm):
    quiet = Facts(**HEALTHY)
    assert not alarm.holds(quiet), "silent in a healthy plant"
    for name in Facts.STATE:
        value = getattr(quiet, name)
        if isinstance(value, bool):
            for first_out in ("", "unknown"):
                facts = Facts(**{**HEALTHY, "chain_tripped": True, "first_out": first_out, name: not value})
                if alarm.holds(facts):
                    return
    pytest.fail("no single fact raises it")


@pytest.mark.parametrize(
    ("given", "alarm"),
    [
        ({"estop1_ok": False}, "A-001"),
        ({"estop2_ok": False}, "A-001"),
        ({"safety_ok": False}, "A-002"),
        ({"flow_ok": False}, "A-003"),
        ({"temp_max_ok": False}, "A-004"),
        ({"t_oil_degc": 64.0}, "A-005"),
        ({"t_oil_degc": None}, "A-060"),
        ({"dio_healthy": False}, "A-081"),
    ],
)
@pytest.mark.parametrize("latches", [True, False])
def test_each_trip_shows_its_own_alarm_first_and_alone_with_horn(given, alarm, latches):
    rig = heating_rig(safety={"flow_latches": latches})
    rig.given(**given).leap(4.0)
    shown = [name for name in rig.outputs.status.alarms if name not in ("A-006", "A-010")]
    assert shown == [alarm]
    assert rig.outputs.status.first_alarm == alarm or alarm == "A-005"
    assert rig.outputs.image.horn is (alarm not in ("A-060", "A-081"))


def test_reset_required_shows_and_clears():
    rig = standby_rig()
    rig.given(reset_done=False, estop1_ok=False).leap(1.0)
    assert "A-001" in rig.outputs.status.alarms
    rig.given(estop1_ok=True).leap(10.0).expect("ask for the reset", reset_lamp=True)
    assert "A-010" in rig.outputs.status.alarms
    rig.given(reset_done=True).leap(10.0).expect("reset", reset_lamp=False)
    assert "A-010" not in rig.outputs.status.alarms


def test_contradicting_key_contacts_stop_the_miners_and_say_so():
    rig = heating_rig()
    rig.given(mode_maint=True).leap(0.1).expect("nobody knows what is wanted", m1_enable=False)
    rig.leap(3.0)
    assert "A-091" in rig.outputs.status.alarms
