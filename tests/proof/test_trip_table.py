"""The trips against a list of their own: what raises each, and every single fact that must keep it silent."""

import pytest

from plc.blocks.core import Tick, ns
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters
from plc.plant.trip_table import TRIPS
from plc.plant.trips import Trips

HEALTHY = {
    "io_settled": True,
    "dio_healthy": True,
    "aio_healthy": True,
    "safety_ok": True,
    "flow_ok": True,
    "temp_max_ok": True,
    "oil_valid": True,
    "p3_on": True,
    "p4_ssm_ok": True,
    "t_top": 45.0,
    "t_bottom": 40.0,
}
POWERED = {"miner_powered": True}
# name: (class, facts that raise it, single facts that keep it silent, name of the fact for its alarm)
SPECIFICATION = {
    "safety_chain_open": (
        "hard", {**POWERED, "safety_ok": False},
        ({"safety_ok": True}, {"miner_powered": False}, {"dio_healthy": False}), "chain_tripped",
    ),
    "temp_max": (
        "hard", {"temp_max_ok": False},
        ({"temp_max_ok": True}, {"io_settled": False}, {"dio_healthy": False}), "",
    ),
    "flow_lost": (
        "hard", {**POWERED, "flow_ok": False},
        ({"flow_ok": True}, {"miner_powered": False}, {"dio_healthy": False}), "trip_flow",
    ),
    "oil_trip": ("hard", {"oil_trip": True}, ({"oil_trip": False},), "trip_oil"),
    "cooling_lost": ("hard", {"cooling_lost": True}, ({"cooling_lost": False},), "trip_cooling"),
    "heat_missing": ("hard", {"heat_missing": True}, ({"heat_missing": False},), "trip_heat"),
    "chips_hot": ("hard", {"chips_hot": True}, ({"chips_hot": False},), "trip_heat"),
    "oil_sensor": (
        "hard", {**POWERED, "oil_valid": False}, ({"oil_valid": True}, {"miner_powered": False}), "",
    ),
    "p3_no_flow": (
        "hard", {"flow_ok": False, "p3_needed": True},
        ({"flow_ok": True}, {"p3_needed": False}, {"p3_on": False}), "trip_p3",
    ),
    "contactor_welded": ("hard", {"contactor_welded": True}, ({"contactor_welded": False},), ""),
    "valve_conflict": ("hard", {"valve_conflict": True}, ({"valve_conflict": False},), "trip_valve"),
    "start_timeout": ("hard", {"start_timeout": True}, ({"start_timeout": False},), "trip_start"),
    "io_modules_running": (
        "hard", {**POWERED, "aio_healthy": False}, ({"aio_healthy": True}, {"miner_powered": False}),
        "trip_modules",
    ),
    "io_modules": (
        "hard", {"dio_healthy": False}, ({"dio_healthy": True}, {"io_settled": False}), "trip_modules",
    ),
    "p4_fault": ("soft", {"p4_ssm_ok": False}, ({"p4_ssm_ok": True}, {"dio_healthy": False}), ""),
    "buffer_sensors": ("soft", {"t_top": None, "t_bottom": None}, ({"t_top": 45.0}, {"t_bottom": 40.0}), ""),
    "energy_blind": ("soft", {"energy_dead": True}, ({"energy_dead": False},), ""),
    "oil_limit": ("soft", {"thermal_exhausted": True}, ({"thermal_exhausted": False},), ""),
    "grid_operator": ("soft", {"grid_stop": True}, ({"grid_stop": False},), ""),
}  # fmt: skip
BY_NAME = {trip.name: trip for trip in TRIPS}
NAMED = sorted({fact for _, _, _, fact in SPECIFICATION.values() if fact})


def tripped(facts: Facts, name: str) -> Trips:
    """The trips after the delay of this one has passed."""
    p = Parameters()
    trips = Trips(p)
    for _ in range(ns(BY_NAME[name].delay_s(p)) // 10**9 + 2):
        trips.step(Tick(0, 10**9), facts, acknowledge=False)
    return trips


def test_there_are_exactly_these_trips():
    assert set(BY_NAME) == set(SPECIFICATION)
    assert {name for name, trip in BY_NAME.items() if trip.hard} == {
        name for name, (kind, *_) in SPECIFICATION.items() if kind == "hard"
    }


@pytest.mark.parametrize("name", SPECIFICATION)
def test_a_trip_needs_every_part_of_its_condition(name):
    _, raising, silencing, _ = SPECIFICATION[name]
    holds = BY_NAME[name].holds
    assert not holds(Facts(**HEALTHY)), "silent in a healthy plant"
    assert holds(Facts(**{**HEALTHY, **raising}))
    for silence in silencing:
        assert not holds(Facts(**{**HEALTHY, **raising, **silence})), silence


def test_flow_that_fell_by_itself_trips_after_the_contactors_have_dropped():
    assert BY_NAME["flow_lost"].holds(Facts(**{**HEALTHY, "flow_ok": False, "flow_fell": True}))


@pytest.mark.parametrize("name", SPECIFICATION)
def test_a_hard_trip_latches_and_names_itself_and_a_soft_one_goes_with_its_cause(name):
    kind, raising, _, fact = SPECIFICATION[name]
    facts = Facts(**{**HEALTHY, **raising})
    trips = tripped(facts, name)
    hard = kind == "hard"
    assert (name in trips.latched) is hard
    assert (trips.soft == name) is not hard
    assert facts.hard_trip is hard
    assert facts.hard_latched is hard
    assert facts.soft_trip is not hard
    named = [other for other in NAMED if getattr(facts, other)]
    assert named == ([fact] if fact else [])
    for key, value in HEALTHY.items():
        setattr(facts, key, value)
    for key in set(raising) - set(HEALTHY):
        setattr(facts, key, False)
    assert trips.step(Tick(0, 10**9), facts, acknowledge=False) is hard, "latched until acknowledged"
    assert (facts.hard_trip, facts.hard_latched, facts.soft_trip) == (False, hard, False)
    assert trips.step(Tick(0, 10**9), facts, acknowledge=True) is False
    assert (trips.latched, trips.first, facts.hard_latched) == ([], "", False)
    assert not [other for other in NAMED if getattr(facts, other)]


def test_a_present_trip_holds_before_anything_is_latched_and_ignores_the_button():
    facts = Facts(**{**HEALTHY, "oil_trip": True})
    trips = tripped(facts, "oil_trip")
    assert trips.step(Tick(0, 10**9), facts, acknowledge=True) is True
    assert trips.latched == ["oil_trip"]


def test_the_first_of_several_stays_the_first():
    facts = Facts(**{**HEALTHY, "valve_conflict": True})
    trips = tripped(facts, "valve_conflict")
    facts.contactor_welded = True
    trips.step(Tick(0, 10**9), facts, acknowledge=False)
    assert trips.first == "valve_conflict"
    assert trips.latched == ["valve_conflict", "contactor_welded"]


def test_a_delay_starts_again_when_its_cause_was_away():
    facts, trips = Facts(**{**HEALTHY, "oil_trip": True}), Trips(Parameters())
    for present in (True, True, False, True, True, True):
        facts.oil_trip = present
        trips.step(Tick(0, 10**9), facts, acknowledge=False)
        assert not trips.hard, "2 s, a gap, 2 s: never 3 s in one piece"
    trips.step(Tick(0, 10**9), facts, acknowledge=False)
    assert trips.hard


def test_flow_that_opened_the_chain_is_named_and_not_the_chain_alone():
    facts = Facts(**{**HEALTHY, **POWERED, "safety_ok": False, "first_out": "flow"})
    tripped(facts, "safety_chain_open")
    assert facts.trip_flow
    facts = Facts(**{**HEALTHY, **POWERED, "safety_ok": False, "first_out": "estop"})
    tripped(facts, "safety_chain_open")
    assert not facts.trip_flow


def test_kept_trips_come_back_under_their_names_and_unknown_ones_do_not():
    facts, trips = Facts(**HEALTHY), Trips(Parameters())
    trips.retain(["heat_missing", "of another version", "grid_operator", "oil_trip"])
    assert (trips.latched, trips.first) == (["heat_missing", "oil_trip"], "heat_missing")
    trips.step(Tick(0, 10**9), facts, acknowledge=False)
    assert (facts.trip_heat, facts.trip_oil, facts.hard_latched) == (True, True, True)
    assert trips.latched_alarms() == ("A-008", "A-005")
    trips.retain([])
    assert trips.first == ""
