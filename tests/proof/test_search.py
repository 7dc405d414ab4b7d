"""The bounded exhaustive search: a small one here, a large one with `python -m tests.proof.search`."""

import dataclasses

import pytest

from plc.plant.interlock import Interlock
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from tests.plant.invariants import BrokenError
from tests.proof.search import WAIT, make_move, search
from tests.proof.world import World, put_back, short_parameters, snapshot

CHAINS = pytest.mark.parametrize("flow_latches", [True, False], ids=["flow latches", "flow restarts"])
BUFFER_FULL = (("buffer", "full"),)


@CHAINS
def test_without_a_fault_every_reachable_state_is_visited_and_holds(flow_latches):
    found = search(flow_latches=flow_latches, limit=2000, faults=0)
    assert not found.broken, str(found)
    assert found.complete, str(found)
    assert found.sequence >= {"OFF", "STANDBY", "PRECIRC", "RAMP", "HEAT_BUFFER", "COOLDOWN", "MAINT"}


@CHAINS
@pytest.mark.parametrize(("begin", "given"), [("HEAT_BUFFER", ()), ("RECOOL", BUFFER_FULL)])
def test_around_a_running_plant_two_faults_at_once_break_nothing(flow_latches, begin, given):
    found = search(flow_latches=flow_latches, limit=60, faults=2, begin=begin, given=given)
    assert not found.broken, str(found)
    assert found.states == 60


def without(actuator: str, cause: str):
    """A plant of which one condition was taken out: what a careless change could do."""

    def make(p: Parameters) -> Plant:
        plant = Plant(p)
        holder, name = {
            "m1": (plant.miners.units[0], "interlock"),
            "p3": (plant.pumps, "p3_lock"),
        }[actuator]
        rules = getattr(holder, name).rules
        kept = {
            kind: tuple(rule for rule in getattr(rules, kind) if rule.name != cause)
            for kind in ("start", "trip", "protect")
        }
        spoiled = dataclasses.replace(rules, **kept)
        assert spoiled != rules, f"{actuator} has no {cause}"
        setattr(holder, name, Interlock(spoiled))
        return plant

    return make


@pytest.mark.parametrize(
    ("actuator", "cause", "broken", "trace"),
    [
        ("m1", "not_auto", "enable without key at AUTO", (("key", "off"),)),
        ("p3", "contactor_closed", "contactor closed without P3", (("restart", None), ("k10", "welded"))),
    ],
)
def test_a_removed_interlock_is_found_with_its_shortest_trace(actuator, cause, broken, trace):
    make = without(actuator, cause)
    found = search(flow_latches=True, limit=200, faults=1, make=make, begin="HEAT_BUFFER")
    assert found.broken == broken
    assert found.trace == trace
    assert f"broken after {len(trace)} moves" in str(found)


def test_the_trace_can_be_walked_by_hand():
    world = World(without("m1", "not_auto"), short_parameters(flow_latches=True))
    world.scan()
    while world.plant.sequence.value.value != "HEAT_BUFFER":
        make_move(world, WAIT)
    with pytest.raises(BrokenError, match="key at AUTO"):
        make_move(world, ("key", "off"))


def test_a_state_put_back_is_the_state_that_was_taken():
    world = World(Plant, short_parameters(flow_latches=True))
    world.scan()
    for _ in range(12):
        make_move(world, WAIT)
    frozen, plain = world.freeze(), world.plant.state()
    first = [world.scan() for _ in range(20)]
    world.thaw(frozen)
    assert world.plant.state() == plain
    assert [world.scan() for _ in range(20)] == first
    memory = snapshot(world.parts)
    put_back(world.parts, memory)
    assert snapshot(world.parts) == memory
