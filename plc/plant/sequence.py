"""The sequence engine: walks the transitions.

Evaluated top to bottom, the first transition that holds is taken, at most one in a scan.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.plant.facts import Facts
from plc.plant.states import SequenceState
from plc.plant.transitions import TRANSITIONS, Transition

__all__ = ["Sequence", "SequenceState"]


class Sequence(Block):
    """Walks the transitions.

    step(tick, facts) -> the state of this scan. Outputs: state, previous, reason (of the last change),
    state_ns (time in the state), changed (this scan).
    """

    __slots__ = ("_by_state", "changed", "previous", "reason", "state_ns", "value")

    STATE = ("value", "previous", "reason", "state_ns", "changed")

    def __init__(self, transitions: tuple[Transition, ...] = TRANSITIONS) -> None:
        self._by_state = {
            state: tuple(arrow for arrow in transitions if state in arrow.sources) for state in SequenceState
        }
        self.value = SequenceState.INIT
        self.previous = SequenceState.INIT
        self.reason = "start"
        self.state_ns = 0
        self.changed = False

    def step(self, tick: Tick, facts: Facts) -> SequenceState:
        self.state_ns += tick.dt_ns
        self.changed = False
        for arrow in self._by_state[self.value]:
            if arrow.holds(facts):
                self.previous = self.value
                self.value = arrow.target
                self.reason = arrow.reason
                self.state_ns = 0
                self.changed = True
                break
        return self.value
