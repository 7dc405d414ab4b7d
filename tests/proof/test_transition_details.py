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
