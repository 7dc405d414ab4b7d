"""The trip engine where the stories of single trips do not look: what stands at the beginning, and order."""

import dataclasses

import pytest

from plc.blocks.core import Tick
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters
from plc.plant.trip_table import FULL_SPEED_TRIPS, TRIPS
from plc.plant.trips import Trips
from tests.proof.test_trip_table import HEALTHY, POWERED

TICK = Tick(0, 10**9)


def step(trips, times=1, **changes):
    facts = Facts(**{**HEALTHY, **changes})
    for _ in range(times):
        trips.step(TICK, facts, acknowledge=False)
    return facts


def test_nothing_is_said_before_the_first_scan():
    trips = Trips(Parameters())
    assert (trips.hard, trips.soft, trips.first) == (False, "", "")
    assert (trips.latched, trips.present) == ([], [])


def test_what_is_present_is_named_once_and_forgotten_when_it_is_gone():
    trips = Trips(Parameters())
    step(trips, times=3, contactor_welded=True)
    assert trips.present == ["contactor_welded"]
    step(trips)
    assert trips.present == []
    assert trips.latched == ["contactor_welded"]


@pytest.mark.parametrize(
    "order", [("contactor_welded", "valve_conflict"), ("valve_conflict", "contactor_welded")]
)
def test_the_first_stays_the_first_whatever_its_place_in_the_table(order):
    trips = Trips(Parameters())
    step(trips, **{order[0]: True})
    step(trips, **dict.fromkeys(order, True))
    assert trips.first == order[0]
    assert trips.latched == list(order)


def test_of_two_soft_trips_the_first_of_the_table_is_named():
    trips = Trips(Parameters())
    step(trips, times=5, p4_ssm_ok=False, grid_stop=True)
    assert trips.soft == "p4_fault"


@pytest.mark.parametrize("module", ["dio_healthy", "aio_healthy"])
def test_either_module_lost_under_a_running_miner_trips_at_once(module):
    trips = Trips(Parameters())
    facts = step(trips, **POWERED, **{module: False})
    assert "io_modules_running" in trips.latched
    assert facts.trip_modules


def test_flow_as_first_out_of_a_chain_that_did_not_trip_is_no_loss_of_flow():
    facts = step(Trips(Parameters()), contactor_welded=True, first_out="flow")
    assert facts.hard_latched
    assert not facts.trip_flow


def test_every_trip_of_the_table_has_an_alarm_and_texts():
    assert all(trip.alarm and trip.de and trip.en for trip in TRIPS)


DELAYS = {
    "oil_trip": ("oil", "trip_delay_s", 3.0),
    "cooling_lost": ("oil", "cooling_lost_s", 120.0),
    "heat_missing": ("heat_proof", "for_s", 60.0),
    "chips_hot": ("heat_proof", "chip_for_s", 5.0),
    "p3_no_flow": ("safety", "flow_proof_s", 20.0),
    "io_modules": ("fallback", "sensor_hold_s", 3.0),
    "p4_fault": ("safety", "flow_off_s", 2.0),
    "buffer_sensors": ("fallback", "sensor_hold_s", 3.0),
    "energy_blind": ("fallback", "hold_without_energy_s", None),
}
"""Every other trip acts in the scan of its cause."""


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.name)
def test_a_trip_waits_for_its_own_parameter_and_the_others_for_nothing(trip):
    p = Parameters()
    if trip.name not in DELAYS:
        assert trip.delay_s(p) == 0.0
        return
    group, name, usual_s = DELAYS[trip.name]
    assert trip.delay_s(p) == getattr(getattr(p, group), name)
    assert usual_s is None or trip.delay_s(p) == usual_s
    other = dataclasses.replace(p, **{group: dataclasses.replace(getattr(p, group), **{name: 77.0})})
    assert trip.delay_s(other) == 77.0


def test_the_pumps_run_at_full_speed_after_the_trips_that_leave_heat_behind():
    full = {trip.alarm for trip in TRIPS if trip.name in FULL_SPEED_TRIPS}
    assert full == {"A-004", "A-005", "A-007", "A-012"}
    assert {trip.name for trip in TRIPS} >= FULL_SPEED_TRIPS
