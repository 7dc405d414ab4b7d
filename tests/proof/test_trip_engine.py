"""The trip engine where the stories of single trips do not look: what stands at the beginning, and order."""

import pytest

from plc.blocks.core import Tick
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters
from plc.plant.trip_table import TRIPS
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
