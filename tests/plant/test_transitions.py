"""Every arrow of the state machine, against a table written by hand, and what must not happen."""

import pytest

from plc.blocks.core import Tick
from plc.plant.facts import Facts
from plc.plant.sequence import Sequence
from plc.plant.states import RUN_STATES, SequenceState
from plc.plant.transitions import TRANSITIONS

S = SequenceState
TICK = Tick(10**9, 10**8)

CALM = {
    "io_settled": True,
    "auto": True,
    "key_auto": True,
    "safety_ok": True,
    "oil_valid": True,
    "miner_available": True,
    "min_on_over": True,
    "cooled_down": False,
    "miners_stopped": False,
    "request_w": 5000.0,
    "buffer_takes_heat": True,
    "recool_possible": True,
}
"""Facts of a running plant in which no transition of a run state holds."""

READY = {"request_stands": True, "sink_available": True, "min_off_over": True}
PROVEN = {
    "route_ready": True,
    "p3_proven": True,
    "p4_proven": True,
    "p5_ready": True,
    "oil_cool_enough": True,
}
DONE = {"miners_stopped": True, "cooled_down": True}

ARROWS = [
    ("INIT", {"io_settled": True}, "OFF", "io_settled"),
    ("INIT", {"io_settled": True, "key_maint": True}, "MAINT", "key_maint"),
    ("INIT", {"io_settled": False, "hard_trip": True}, "FAULT", "hard_trip"),
    ("OFF", {}, "STANDBY", "auto"),
    ("STANDBY", {"auto": False}, "OFF", "off_requested"),
    ("FROST", {"auto": False}, "OFF", "off_requested"),
    ("STANDBY", READY, "PRECIRC", "request"),
    ("FROST", {**READY, "frost": True}, "PRECIRC", "request"),
    ("STANDBY", {"frost": True}, "FROST", "frost"),
    ("FROST", {}, "STANDBY", "frost_over"),
    ("PRECIRC", PROVEN, "RAMP", "circulation_proven"),
    ("PRECIRC", {"request_w": 0.0}, "COOLDOWN", "request_gone"),
    ("PRECIRC", {"auto": False}, "COOLDOWN", "off_requested"),
    ("PRECIRC", {"soft_trip": True}, "COOLDOWN", "soft_trip"),
    ("RAMP", {"heat_flows": True}, "HEAT_BUFFER", "heat_flows"),
    ("RAMP", {"heat_flows": True, "route_is_dhw": True}, "HEAT_DHW", "heat_flows"),
    ("RAMP", {"heat_flows": True, "route_is_recool": True}, "RECOOL", "heat_flows"),
    ("RAMP", {"request_gone": True}, "COOLDOWN", "request_gone"),
    ("RAMP", {"oil_wants_recool": True, "recool_for_protection": True}, "RECOOL", "oil_hot"),
    ("RAMP", {"buffer_full": True}, "COOLDOWN", "buffer_full"),
    ("RAMP", {"route_is_recool": True, "recool_possible": False}, "COOLDOWN", "recool_lost"),
    ("HEAT_BUFFER", {"buffer_full": True, "recool_allowed": True}, "RECOOL", "buffer_full"),
    ("HEAT_BUFFER", {"oil_wants_recool": True, "recool_for_protection": True}, "RECOOL", "oil_hot"),
    ("HEAT_BUFFER", {"buffer_full": True}, "COOLDOWN", "buffer_full"),
    ("HEAT_BUFFER", {"request_gone": True}, "COOLDOWN", "request_gone"),
    ("HEAT_BUFFER", {"miner_available": False}, "COOLDOWN", "no_miner"),
    ("HEAT_BUFFER", {"soft_trip": True}, "COOLDOWN", "soft_trip"),
    ("HEAT_BUFFER", {"auto": False}, "COOLDOWN", "off_requested"),
    ("HEAT_BUFFER", {"dhw_wanted": True}, "HEAT_DHW", "dhw_demand"),
    ("HEAT_BUFFER", {"dhw_wanted": True, "buffer_full": True}, "HEAT_DHW", "dhw_demand"),
    ("HEAT_DHW", {"dhw_wanted": False, "dhw_unknown": True}, "HEAT_BUFFER", "dhw_unknown"),
    ("HEAT_DHW", {"dhw_wanted": False, "dhw_in_vain": True}, "HEAT_BUFFER", "dhw_in_vain"),
    ("HEAT_DHW", {"dhw_wanted": False}, "HEAT_BUFFER", "dhw_satisfied"),
    ("RECOOL", {"buffer_room": True, "recool_min_over": True}, "HEAT_BUFFER", "buffer_room"),
    ("RECOOL", {"recool_possible": False}, "HEAT_BUFFER", "recool_lost"),
    (
        "RECOOL",
        {"recool_possible": False, "buffer_takes_heat": False, "route_is_recool": True},
        "COOLDOWN",
        "recool_lost",
    ),
    (
        "RECOOL",
        {"recool_possible": False, "buffer_takes_heat": False, "route_retry": True},
        "COOLDOWN",
        "recool_lost",
    ),
    ("RECOOL", {"recool_min_over": True, "oil_calm": True}, "HEAT_BUFFER", "oil_calm"),
    (
        "RECOOL",
        {"recool_min_over": True, "oil_calm": True, "buffer_takes_heat": False},
        "COOLDOWN",
        "recool_not_wanted",
    ),
    ("COOLDOWN", DONE, "STANDBY", "cooled_down"),
    ("COOLDOWN", {**DONE, "auto": False}, "OFF", "off_requested"),
    ("FAULT", {"miners_stopped": True, "min_off_over": True}, "STANDBY", "acknowledged"),
    ("MAINT", {"key_maint": False}, "OFF", "maint_over"),
    ("MAINT", {"key_maint": False, "hard_latched": True}, "FAULT", "trip_latched"),
    *[(s.value, {"key_maint": True}, "MAINT", "key_maint") for s in S if s not in (S.MAINT, S.INIT)],
    *[(s.value, {"hard_trip": True}, "FAULT", "hard_trip") for s in S if s not in (S.MAINT, S.FAULT)],
    *[(s.value, {"hard_latched": True}, "FAULT", "hard_trip") for s in S if s not in (S.MAINT, S.FAULT)],
]

STAYS = [
    *[(state, {}) for state in ("STANDBY", "PRECIRC", "RAMP", "HEAT_BUFFER", "RECOOL", "COOLDOWN")],
    ("INIT", {"io_settled": False}),
    ("OFF", {"auto": False}),
    ("HEAT_DHW", {"dhw_wanted": True}),
    ("MAINT", {"key_maint": True, "hard_trip": True}),
    ("FROST", {"frost": True}),
    *[("STANDBY", {**READY, name: False}) for name in (*READY, "safety_ok", "miner_available")],
    ("STANDBY", {**READY, "soft_trip": True}),
    *[("PRECIRC", {**PROVEN, name: False}) for name in (*PROVEN, "safety_ok", "oil_valid")],
    ("HEAT_BUFFER", {"request_gone": True, "min_on_over": False}),
    ("RECOOL", {"buffer_room": True, "recool_min_over": False}),
    ("RECOOL", {"recool_min_over": True, "oil_calm": True, "recool_allowed": True}),
    *[("COOLDOWN", {**DONE, name: False}) for name in DONE],
    *[
        ("FAULT", {"miners_stopped": True, "min_off_over": True, name: value})
        for name, value in (
            ("hard_trip", True),
            ("hard_latched", True),
            ("miners_stopped", False),
            ("min_off_over", False),
        )
    ],
]


def at(state):
    sequence = Sequence()
    sequence.value = S(state)
    return sequence


@pytest.mark.parametrize(("state", "given", "target", "reason"), ARROWS)
def test_an_arrow_is_taken_with_its_reason(state, given, target, reason):
    sequence = at(state)
    assert sequence.step(TICK, Facts(**{**CALM, **given})) == target
    assert (sequence.reason, sequence.previous, sequence.changed) == (reason, state, True)
    assert sequence.state_ns == 0


@pytest.mark.parametrize(("state", "given"), STAYS)
def test_a_state_stays_when_one_condition_is_missing(state, given):
    sequence = at(state)
    assert sequence.step(TICK, Facts(**{**CALM, **given})) == state
    assert not sequence.changed
    assert sequence.state_ns == TICK.dt_ns


def test_the_table_above_takes_every_arrow():
    taken = {(state, target, reason) for state, _, target, reason in ARROWS}
    for arrow in TRANSITIONS:
        for source in arrow.sources:
            found = any((source.value, arrow.target.value, arrow.reason) == entry for entry in taken) or any(
                (arrow.target.value, arrow.reason) == entry[1:] for entry in taken
            )
            assert found, (source, arrow.target, arrow.reason)


def test_only_the_start_leads_into_the_states_with_miners():
    for arrow in TRANSITIONS:
        if arrow.target in RUN_STATES:
            assert set(arrow.sources) <= {*RUN_STATES, S.PRECIRC}


def test_a_fault_beats_everything_except_the_key_at_maintenance():
    facts = Facts(**{**CALM, **READY, "hard_trip": True})
    assert at("STANDBY").step(TICK, facts) is S.FAULT
    facts.key_maint = True
    assert at("STANDBY").step(TICK, facts) is S.MAINT
