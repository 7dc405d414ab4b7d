"""The cause-and-effect matrix, complete: every combination of causes of every actuator.

The specification below was written from the control narrative, not from the program's tables: per actuator
what switches it off, what only keeps it off, and what forces it on, each as the smallest change of facts.
All 2^n combinations are compared with the engine's answer; a rule that is missing, added or in the wrong
list shows at once.
"""

import itertools

import pytest

from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interlock import Interlock

HEALTHY = {
    "dio_healthy": True,
    "aio_healthy": True,
    "io_settled": True,
    "safety_ok": True,
    "flow_ok": True,
    "temp_max_ok": True,
    "oil_valid": True,
    "oil_ok": True,
    "oil_cool_enough": True,
    "p3_on": True,
    "p4_at_minimum": True,
    "p5_pct": 50.0,
    "p5_proven": True,
    "p5_ssm_ok": True,
    "cooler_ok": True,
    "glycol_above_start": True,
    "path_open": True,
    "route_ready": True,
    "route_is_recool": True,
    "rv1_at_b": True,
    "auto": True,
    "m1_ready": True,
    "m2_ready": True,
    "too_cold_to_block": False,
    "t_top": 50.0,
    "t_bottom": 45.0,
    "t_outdoor": 5.0,
    "top_above_block": True,
    "heat_covers": True,
    "block_valuable": True,
    "block_requested": True,
    "buffer_covers": True,
}

OFF = {"maint_locked": True}
MINER_TRIPS = {
    "hard_trip": {"hard_trip": True},
    "safety_chain_open": {"safety_ok": False},
    "flow_missing": {"flow_ok": False},
    "temp_max": {"temp_max_ok": False},
    "modules": {"aio_healthy": False},
    "oil_unknown": {"oil_valid": False},
    "p3_off": {"p3_on": False},
    "p4_low": {"p4_at_minimum": False},
    "path_unknown": {"path_open": False},
    "maintenance": {"key_maint": True},
    "not_auto": {"auto": False},
}
MINER_STARTS = {
    "route_not_ready": {"route_ready": False},
    "oil_too_warm": {"oil_cool_enough": False},
    "soft_trip": {"soft_trip": True},
    "k12_failed": {"k12_failed": True},
}
BLOCK_NEVER = {
    "frost": {"frost": True},
    "fault": {"hard_latched": True},
    "not_auto": {"auto": False},
    "init": {"io_settled": False},
    "modules": {"dio_healthy": False},
    "buffer_sensors": {"t_top": None},
    "outdoor_unknown": {"t_outdoor": None},
    "outdoor_cold": {"too_cold_to_block": True},
    "top_cold": {"top_cold_for_block": True},
    "disinfection": {"disinfection": True},
    "dhw_demand": {"dhw_blocks": True},
    "clock": {"clock_free": True},
    "overtime": {"block_overtime": True},
    "remote_free": {"block_vetoed": True},
}
HEAT = {
    "contactor_closed": {"contactor_closed": True},
    "enable_on": {"enable_on": True},
    "oil_hot": {"oil_hot": True},
}

SPECIFICATION = {
    "p3": (interlocks.P3, {"maint_locked": OFF}, {}, HEAT),
    "p4": (
        interlocks.P4,
        {"maint_locked": OFF},
        {},
        {
            **HEAT,
            "frost_guard": {"frost_guard": True},
            "frost_circulate": {"frost_circulate": True},
        },
    ),
    "p5": (
        interlocks.P5,
        {"maint_locked": OFF, "glycol_cold": {"glycol_cold": True}, "p5_fault": {"p5_ssm_ok": False}},
        {"not_recool": {"route_is_recool": False}, "rv1_not_b": {"rv1_at_b": False}},
        {},
    ),
    "cooler": (
        interlocks.COOLER,
        {
            "maint_locked": OFF,
            "cooler_fault": {"cooler_ok": False},
            "p5_off": {"p5_pct": 0.0},
            "rv1_not_b": {"rv1_at_b": False},
            "oil_not_ok": {"oil_ok": False},
            "p3_off": {"p3_on": False},
            "glycol_cold": {"glycol_below_stop": True},
            "nothing_to_cool": {"miners_stopped": True, "oil_cold_for_fan": True},
        },
        {"p5_not_proven": {"p5_proven": False}, "glycol_not_warm": {"glycol_above_start": False}},
        {},
    ),
    "m1": (
        interlocks.M1,
        MINER_TRIPS,
        {
            **MINER_STARTS,
            "min_off": {"m1_ready": False},
            "not_commandable": {"miner1_unfit": True},
            "saved_high": {"m1_saved_high": True},
        },
        {},
    ),
    "m2": (
        interlocks.M2,
        MINER_TRIPS,
        {
            **MINER_STARTS,
            "min_off": {"m2_ready": False},
            "not_commandable": {"miner2_unfit": True},
            "saved_high": {"m2_saved_high": True},
        },
        {},
    ),
    "hp_block": (
        interlocks.HP_BLOCK_HEAT,
        {**BLOCK_NEVER, "miners_off": {"miners_stopped": True}, "no_heat": {"heat_absent": True}},
        {
            "summer": {"summer": True},
            "top_not_hot": {"top_above_block": False},
            "heat_small": {"heat_covers": False, "buffer_covers": False},
        },
        {},
    ),
    "hp_block_value": (
        interlocks.HP_BLOCK_VALUE,
        {**BLOCK_NEVER, "no_value": {"block_valuable": False}},
        {"buffer_short": {"buffer_covers": False}},
        {},
    ),
    "hp_block_request": (
        interlocks.HP_BLOCK_REQUEST,
        {**BLOCK_NEVER, "no_request": {"block_requested": False}},
        {"buffer_short": {"buffer_covers": False}},
        {},
    ),
}


def combinations(causes):
    """Every subset, as (names, facts)."""
    names = list(causes)
    for flags in itertools.product((False, True), repeat=len(names)):
        chosen = [name for name, flag in zip(names, flags, strict=True) if flag]
        merged = {}
        for name in chosen:
            merged.update(causes[name])
        yield chosen, merged


@pytest.mark.parametrize("actuator", SPECIFICATION)
def test_every_combination_of_causes_has_the_specified_effect(actuator):
    rules, trips, starts, protections = SPECIFICATION[actuator]
    lock = Interlock(rules)
    base = Facts(**{**HEALTHY, "miners_stopped": False})
    order = [rule.name for rule in (*rules.trip, *rules.start)]
    every = {**{f"trip {n}": c for n, c in trips.items()}, **{f"start {n}": c for n, c in starts.items()}}
    assert order == [name.split(" ", 1)[1] for name in every], "names and order of precedence"
    touched = {name for change in (*every.values(), *protections.values()) for name in change}
    defaults = {name: getattr(base, name) for name in touched}
    for chosen, changes in combinations(every):
        for name, value in (defaults | changes).items():
            setattr(base, name, value)
        tripped = any(name.startswith("trip ") for name in chosen)
        stopped = tripped or any(name.startswith("start ") for name in chosen)
        assert lock.step(base, wanted=True, running=False) is (not stopped), chosen
        assert list(lock.causes) == [name.split(" ", 1)[1] for name in chosen]
        assert lock.step(base, wanted=True, running=True) is (not tripped), chosen
        assert lock.step(base, wanted=False, running=True) is False


@pytest.mark.parametrize("actuator", ["p3", "p4"])
def test_protections_force_on_unless_a_person_locked_out(actuator):
    rules, trips, _, protections = SPECIFICATION[actuator]
    assert {rule.name for rule in rules.protect} == set(protections)
    for chosen, changes in combinations(protections):
        for locked in (False, True):
            facts = Facts(**{**HEALTHY, **changes, **(trips["maint_locked"] if locked else {})})
            on = Interlock(rules).step(facts, wanted=False, running=False)
            assert on is (bool(chosen) and not locked), (chosen, locked)


@pytest.mark.parametrize("actuator", [name for name in SPECIFICATION if name not in ("p3", "p4")])
def test_nothing_forces_the_others_on(actuator):
    assert SPECIFICATION[actuator][0].protect == ()


@pytest.mark.parametrize(
    "rules", [interlocks.HP_BLOCK_HEAT, interlocks.HP_BLOCK_VALUE, interlocks.HP_BLOCK_REQUEST]
)
def test_a_cold_buffer_frees_the_heat_pump_whatever_the_weather_and_its_top(rules):
    facts = Facts(**{**HEALTHY, "miners_stopped": False, "buffer_cold": True})
    lock = Interlock(rules)
    assert not lock.step(facts, wanted=True, running=True)
    assert lock.causes == ("frost",)


def test_a_memory_that_is_put_back_is_judged_anew_by_the_facts_of_the_scan():
    """Were the judgement of the scan before kept, a trip of another moment would stand for ever."""
    lock = Interlock(interlocks.M1)
    healthy, no_flow = Facts(**HEALTHY), Facts(**{**HEALTHY, "flow_ok": False})
    lock.step(no_flow, wanted=True, running=False)
    tripped = lock.state()
    assert lock.step(healthy, wanted=True, running=False)
    lock.restore(tripped)
    assert lock.step(healthy, wanted=True, running=False)
    assert (lock.tripped, lock.causes, lock.first_out) == (False, (), "")


def test_p3_has_no_term_on_the_safety_chain():
    facts = Facts(**{**HEALTHY, "safety_ok": False, "flow_ok": False, "temp_max_ok": False})
    assert Interlock(interlocks.P3).step(facts, wanted=True, running=False)


def test_manual_operation_lifts_the_lock_out_of_its_own_actuator_only():
    for rules, hand in ((interlocks.P3, "hand_p3"), (interlocks.P4, "hand_p4"), (interlocks.P5, "hand_p5")):
        for name in ("hand_p3", "hand_p4", "hand_p5", "hand_cooler"):
            facts = Facts(**{**HEALTHY, "maint_locked": True, name: "on"})
            assert Interlock(rules).step(facts, wanted=True, running=False) is (name == hand)


def test_the_first_cause_stays_the_first_until_it_goes():
    lock = Interlock(interlocks.M1)
    facts = Facts(**{**HEALTHY, "miners_stopped": False, "p3_on": False})
    lock.step(facts, wanted=True, running=False)
    assert lock.first_out == "p3_off"
    facts.safety_ok = False
    lock.step(facts, wanted=True, running=False)
    assert (lock.first_out, lock.causes) == ("p3_off", ("safety_chain_open", "p3_off"))
    facts.p3_on = True
    lock.step(facts, wanted=True, running=False)
    assert lock.first_out == "safety_chain_open"
    facts.safety_ok = True
    lock.step(facts, wanted=True, running=False)
    assert lock.first_out == ""


TRIPS = {
    "safety_chain_open": ({"safety_ok": False, "miner_powered": True}, {"miner_powered": False}),
    "temp_max": ({"temp_max_ok": False}, {"io_settled": False}),
    "flow_lost": ({"flow_ok": False, "miner_powered": True}, {"miner_powered": False}),
    "oil_trip": ({"oil_trip": True}, {"oil_trip": False}),
    "cooling_lost": ({"cooling_lost": True}, {"cooling_lost": False}),
    "heat_missing": ({"heat_missing": True}, {"heat_missing": False}),
    "chips_hot": ({"chips_hot": True}, {"chips_hot": False}),
    "oil_sensor": ({"oil_valid": False, "miner_powered": True}, {"miner_powered": False}),
    "p3_no_flow": ({"p3_on": True, "flow_ok": False, "p3_needed": True}, {"p3_needed": False}),
    "contactor_welded": ({"contactor_welded": True}, {"contactor_welded": False}),
    "valve_conflict": ({"valve_conflict": True}, {"valve_conflict": False}),
    "start_timeout": ({"start_timeout": True}, {"start_timeout": False}),
    "io_modules_running": ({"aio_healthy": False, "miner_powered": True}, {"miner_powered": False}),
    "io_modules": ({"aio_healthy": False}, {"io_settled": False}),
    "p4_fault": ({"p4_ssm_ok": False}, {"p4_ssm_ok": True}),
    "buffer_sensors": ({"t_top": None, "t_bottom": None}, {"t_top": 40.0}),
    "energy_blind": ({"energy_dead": True}, {"energy_dead": False}),
    "oil_limit": ({"thermal_exhausted": True}, {"thermal_exhausted": False}),
    "grid_operator": ({"grid_stop": True}, {"grid_stop": False}),
}
SOFT = {"p4_fault", "buffer_sensors", "energy_blind", "oil_limit", "grid_operator"}


def test_the_trips_are_exactly_these_and_of_this_class():
    from plc.plant.trip_table import TRIPS as TABLE

    assert {trip.name for trip in TABLE} == set(TRIPS)
    assert {trip.name for trip in TABLE if not trip.hard} == SOFT


@pytest.mark.parametrize("name", TRIPS)
def test_a_trip_acts_after_its_delay_and_not_without_its_condition(name):
    from plc.blocks.core import Tick, ns
    from plc.plant.parameters import Parameters
    from plc.plant.trip_table import TRIPS as TABLE
    from plc.plant.trips import Trips

    p = Parameters()
    trip = next(trip for trip in TABLE if trip.name == name)
    present, absent = TRIPS[name]
    base = {**HEALTHY, "p4_ssm_ok": True}
    for changes, acts in ((present, True), ({**present, **absent}, False)):
        trips, facts = Trips(p), Facts(**{**base, **changes})
        scans = ns(trip.delay_s(p)) // 10**8
        for _ in range(scans):
            trips.step(Tick(0, 10**8), facts, acknowledge=False)
        assert name not in trips.present
        trips.step(Tick(0, 10**8), facts, acknowledge=False)
        assert (name in trips.present) is acts
        assert (name in trips.latched) is (acts and trip.hard)
