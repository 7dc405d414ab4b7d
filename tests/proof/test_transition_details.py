"""Halves of conditions that the table of all arrows does not tell apart."""

import pytest

from plc.blocks.core import Tick
from plc.plant.facts import Facts
from plc.plant.sequence import Sequence
from plc.plant.states import SequenceState
from plc.plant.transitions import TRANSITIONS, transition_table

S = SequenceState
TICK = Tick(10**9, 10**8)
RUNNING = {
    "io_settled": True,
    "auto": True,
    "key_auto": True,
    "safety_ok": True,
    "oil_valid": True,
    "miner_available": True,
    "min_on_over": True,
    "request_w": 5000.0,
    "buffer_takes_heat": True,
}


@pytest.mark.parametrize(
    ("on_recool", "possible", "goes_to"),
    [(False, False, S.RAMP), (True, True, S.RAMP), (True, False, S.COOLDOWN)],
)
def test_lost_recooling_ends_a_start_only_when_the_heat_was_to_go_there(on_recool, possible, goes_to):
    sequence = Sequence()
    sequence.value = S.RAMP
    facts = Facts(**{**RUNNING, "route_is_recool": on_recool, "recool_possible": possible})
    facts.buffer_takes_heat = not on_recool
    assert sequence.step(TICK, facts) is goes_to


def test_the_table_says_any_only_for_arrows_that_leave_nearly_every_state():
    rows = transition_table()
    assert len(rows) == len(TRANSITIONS)
    everywhere = {row["reason"] for row in rows if row["from"] == "any"}
    assert everywhere <= {"key_maint", "hard_trip"}
    assert [row["from"] for row in rows if row["reason"] == "auto"] == ["OFF"]


def test_the_sequence_says_changed_only_in_the_scan_of_a_change():
    sequence, facts = Sequence(), Facts(**RUNNING)
    assert not sequence.changed
    seen = []
    for _ in range(4):
        sequence.step(TICK, facts)
        seen.append((sequence.value.value, sequence.changed))
    assert seen == [("OFF", True), ("STANDBY", True), ("STANDBY", False), ("STANDBY", False)]


DONE = {"miners_stopped": True, "cooled_down": True}
PROTECT = {"oil_wants_recool": True, "recool_for_protection": True}
CALM = {"recool_min_over": True, "oil_calm": True}
FULL = {"buffer_takes_heat": False}
POSSIBLE = {"recool_possible": True}

HALVES = [
    ("MAINT", {"key_maint": True, "hard_latched": True}),
    ("COOLDOWN", {"auto": False, **DONE, "miners_stopped": False}),
    ("COOLDOWN", {"auto": False, **DONE, "cooled_down": False}),
    ("RAMP", {"route_is_dhw": True}),
    ("RAMP", {"route_is_recool": True, **POSSIBLE}),
    *[("HEAT_BUFFER", {**POSSIBLE, name: True}) for name in (*PROTECT, "recool_allowed")],
    ("RAMP", {**PROTECT, **POSSIBLE, "route_is_recool": True}),
    ("RAMP", {"buffer_full": True, "recool_allowed": True}),
    ("RAMP", {"buffer_full": True, "route_is_recool": True, **POSSIBLE}),
    *[("RECOOL", {**POSSIBLE, **CALM, name: False}) for name in CALM],
    ("RECOOL", {**POSSIBLE, **CALM, "recool_allowed": True}),
    *[("RECOOL", {**POSSIBLE, **CALM, **FULL, name: False}) for name in CALM],
    ("RECOOL", {**POSSIBLE, **CALM, **FULL, "recool_allowed": True}),
]
"""All but one part of the condition of an arrow holds."""


@pytest.mark.parametrize(("state", "given"), HALVES)
def test_no_arrow_is_taken_on_part_of_its_condition(state, given):
    sequence = Sequence()
    sequence.value = SequenceState(state)
    running = {**RUNNING, "miners_stopped": False, "cooled_down": False}
    assert sequence.step(TICK, Facts(**{**running, **given})) is SequenceState(state)


def test_the_table_says_any_for_the_person_at_the_key_and_for_a_hard_trip():
    first, second = transition_table()[:2]
    assert [(row["from"], row["to"], row["reason"]) for row in (first, second)] == [
        ("any", "MAINT", "key_maint"),
        ("any", "FAULT", "hard_trip"),
    ]


RUN = "RAMP HEAT_BUFFER HEAT_DHW RECOOL"
ARROWS = [
    ("key_maint", "MAINT", f"OFF STANDBY PRECIRC {RUN} COOLDOWN FROST FAULT"),
    ("hard_trip", "FAULT", f"INIT OFF STANDBY PRECIRC {RUN} COOLDOWN FROST"),
    ("key_maint", "MAINT", "INIT"),
    ("io_settled", "OFF", "INIT"),
    ("trip_latched", "FAULT", "MAINT"),
    ("maint_over", "OFF", "MAINT"),
    ("acknowledged", "STANDBY", "FAULT"),
    ("auto", "STANDBY", "OFF"),
    ("off_requested", "COOLDOWN", f"PRECIRC {RUN}"),
    ("off_requested", "OFF", "STANDBY FROST"),
    ("off_requested", "OFF", "COOLDOWN"),
    ("soft_trip", "COOLDOWN", f"PRECIRC {RUN}"),
    ("request", "PRECIRC", "STANDBY FROST"),
    ("request_gone", "COOLDOWN", "PRECIRC"),
    ("circulation_proven", "RAMP", "PRECIRC"),
    ("heat_flows", "RECOOL", "RAMP"),
    ("heat_flows", "HEAT_DHW", "RAMP"),
    ("heat_flows", "HEAT_BUFFER", "RAMP"),
    ("request_gone", "COOLDOWN", RUN),
    ("no_miner", "COOLDOWN", RUN),
    ("oil_hot", "RECOOL", "RAMP HEAT_BUFFER HEAT_DHW"),
    ("dhw_demand", "HEAT_DHW", "HEAT_BUFFER"),
    ("buffer_full", "RECOOL", "HEAT_BUFFER"),
    ("buffer_full", "COOLDOWN", "RAMP HEAT_BUFFER"),
    ("dhw_unknown", "HEAT_BUFFER", "HEAT_DHW"),
    ("dhw_in_vain", "HEAT_BUFFER", "HEAT_DHW"),
    ("dhw_satisfied", "HEAT_BUFFER", "HEAT_DHW"),
    ("recool_lost", "HEAT_BUFFER", "RECOOL"),
    ("recool_lost", "COOLDOWN", "RAMP RECOOL"),
    ("buffer_room", "HEAT_BUFFER", "RECOOL"),
    ("oil_calm", "HEAT_BUFFER", "RECOOL"),
    ("recool_not_wanted", "COOLDOWN", "RECOOL"),
    ("cooled_down", "STANDBY", "COOLDOWN"),
    ("frost", "FROST", "STANDBY"),
    ("frost_over", "STANDBY", "FROST"),
]
"""The narrative's arrows in their order: persons, trips, stops, starts, and then where the heat goes."""


def test_the_arrows_leave_exactly_these_states_in_this_order():
    found = [(arrow.reason, arrow.target.value, " ".join(arrow.sources)) for arrow in TRANSITIONS]
    assert found == ARROWS
