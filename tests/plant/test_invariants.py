"""Random lives against the invariants: a short run here, hours with `python -m tests.plant.fuzz`."""

import copy
import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plc.blocks.core import Tick
from plc.plant.interface import PlantInputs
from plc.plant.plant import Plant
from plc.plant.retain import collect
from tests.plant.explore import explore
from tests.plant.fuzz import Life
from tests.plant.invariants import BrokenError, Invariants
from tests.plant.language import parameters
from tests.plant.rigs import heating_rig, standby_rig


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_no_random_life_breaks_an_invariant(seed):
    Life(seed).run(1500)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"rv1_a": True, "rv1_b": True}, "both directions of RV1"),
        ({"p3_on": False}, "enable without P3"),
        ({"p4_setpoint_pct": 10.0}, "enable without P4 at minimum"),
        ({"cooler_on": True}, "fan without P5"),
        ({"p5_setpoint_pct": 12.0}, "outside its range"),
    ],
)
def test_the_invariants_notice_what_they_are_for(change, what):
    import dataclasses

    rig = heating_rig()
    watch = Invariants(rig.parameters)
    inputs = PlantInputs(rig._image())
    watch.off_since = [0, 0]
    watch.last = rig.outputs
    broken = dataclasses.replace(rig.outputs, image=rig.outputs.image._replace(**change))
    with pytest.raises(BrokenError, match=what):
        watch(inputs, broken, rig.now_ns)


def test_a_restored_plant_continues_bit_for_bit():
    rig = heating_rig()
    rig.given(t_oil_degc=55.0).leap(20.0)
    state = json.loads(json.dumps(rig.plant.state()))
    other = Plant(rig.parameters)
    other.restore(state)
    twin = copy.deepcopy(rig)
    twin.plant = other
    for given_now in ({}, {"t_oil_degc": 61.0}, {"estop1_ok": False}, {"estop1_ok": True, "ack_pb": True}):
        rig.given(**given_now)
        twin.given(**given_now)
        for _ in range(200):
            ours, theirs = rig.scan(), twin.scan()
            assert ours.image == theirs.image
            assert ours.events == theirs.events
            assert ours.status == theirs.status
    assert rig.plant.state() == other.state()


def test_the_same_inputs_give_the_same_outputs():
    first, second = standby_rig(), standby_rig()
    for rig in (first, second):
        rig.command("power_request", 6400.0, ttl_s=300.0).leap(90.0)
    assert first.outputs == second.outputs
    assert first.plant.state() == second.plant.state()


def test_retained_data_take_counters_latches_and_season_but_no_position_and_no_request():
    rig = heating_rig()
    rig.given(t_oil_degc=64.0).leap(5.0)
    retained = json.loads(json.dumps(rig.outputs.retain))
    plant = Plant(rig.parameters, retained=retained)
    assert plant.trips.latched == ["oil_trip"]
    assert plant.miners.units[0].contactor.cycles.count == 1
    assert not plant.routing.rv1.position_valid
    assert plant.miners.units[0].contactor.wait_ns == 300e9
    rig.plant, rig.outputs = plant, None
    rig.given(t_oil_degc=40.0).leap(20.0).expect("a restart does not acknowledge", state="FAULT")
    assert "A-005" in rig.outputs.status.alarms


def distinct(data, numbers):
    """The same shape with a different number in every place: what is mixed up or lost then shows."""
    if isinstance(data, dict):
        return {name: distinct(value, numbers) for name, value in data.items()}
    if isinstance(data, list):
        return [distinct(value, numbers) for value in data]
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        return data
    return type(data)(next(numbers))


def test_every_counter_and_budget_comes_back_into_its_own_place():
    rig = heating_rig()
    rig.command("mode_request", "off", ttl_s=300.0).leap(1.2)
    retained = json.loads(json.dumps(rig.outputs.retain))
    for name in ("miners", "pumps", "strokes", "exercise", "counters", "account"):
        retained[name] = distinct(retained[name], itertools.count(1001))
    retained["hand_count"] = 7
    again = Plant(rig.parameters, retained=json.loads(json.dumps(retained)))
    found = json.loads(json.dumps(collect(again)))
    assert set(found) == set(retained)
    for name in found:
        assert found[name] == retained[name], name


def test_an_off_from_afar_outlives_a_restart_with_the_time_it_had_left():
    rig = standby_rig()
    rig.command("mode_request", "off", ttl_s=100.0).leap(40.0).expect(mode="off")
    rig.plant, rig.outputs = Plant(rig.parameters, retained=rig.outputs.retain), None
    rig.leap(50.0).expect(mode="off", state="OFF")
    rig.leap(20.0).expect(mode="auto")


def test_an_unclean_end_books_a_cycle_of_each_contactor():
    rig = heating_rig()
    clean = Plant(rig.parameters, retained=rig.outputs.retain)
    unclean = Plant(rig.parameters, retained=rig.outputs.retain, clean_start=False)
    for unit, other in zip(clean.miners.units, unclean.miners.units, strict=True):
        assert other.contactor.cycles.count == unit.contactor.cycles.count + 1


@pytest.mark.parametrize("broken", [{"layout": 99}, {"layout": 1}, {"layout": 1, "miners": {}}])
def test_retained_data_of_another_layout_are_refused_by_name(broken):
    with pytest.raises(ValueError, match="retained data"):
        Plant(parameters(), retained=broken)


def test_retained_data_are_the_same_object_between_two_seconds():
    rig = standby_rig()
    objects = [rig.scan().retain for _ in range(20)]
    assert len({id(data) for data in objects}) <= 3


def test_no_reading_is_ever_taken_as_zero():
    from tests.plant.language import READINGS

    rig = standby_rig(request={"power_w": 6400.0})
    rig.given(**dict.fromkeys(READINGS)).leap(120.0)
    rig.expect("nothing is known, nothing starts", state="STANDBY", m1_enable=False, hp_block=False)
    assert not rig.plant.facts.frost_guard
    assert not rig.plant.facts.buffer_cold


def test_the_plant_accepts_a_long_scan_up_to_the_watchdog_period():
    rig = heating_rig()
    inputs = PlantInputs(rig._image())
    out = rig.plant.step(inputs, Tick(rig.now_ns + 10**9, 10**9))
    assert out.status.state == "HEAT_BUFFER"


@pytest.mark.parametrize("latches", [True, False])
def test_the_first_reachable_states_hold(latches):
    """A short piece of the search; the whole of it is a command, see `tests/plant/explore.py`."""
    count, complete, _ = explore(latches, 150, faults=1)
    assert (count, complete) == (150, False)
