"""Does the heat go where the valves say? No valve has a feedback, so the heat itself is the witness (A-024).

On the way outside heat must show in the glycol within minutes; where it does not although the oil stays hot,
it goes elsewhere. Cold glycol alone proves nothing: a strong cooler with little power brings it down to the
air, but then the oil is calm. RV1 is driven home and out again once, because most valves that did not move
only lost their position. A second time without answer is a valve that jams: an alarm, and the route stays at
the buffer until somebody has looked.

The other way round needs no rule of its own: with RV1 jammed towards the cooler the heat has no way out as
soon as P5 stands, and the loss of cooling (A-007, A-008) sees that within minutes. Plant reference, topics
valves and alarm list.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.blocks.timers import TON
from plc.plant.facts import Facts
from plc.plant.states import SequenceState

FOLLOW_S = 600.0
FOLLOW_K = 3.0
"""Glycol that cannot calm the oil is at least this much warmer than the air, and within this time."""


class RouteProof(Block):
    """Writes route_retry (drive RV1 home first) and route_implausible (it did not help) into the facts.

    step(tick, facts, state=, min_power_w=): min_power_w is the power below which heat proves nothing.
    """

    __slots__ = ("_follow", "_tried")

    STATE = ("_follow", "_tried")

    def __init__(self) -> None:
        self._follow = TON(FOLLOW_S)
        self._tried = False

    def step(self, tick: Tick, f: Facts, *, state: SequenceState, min_power_w: float) -> None:
        recooling = state is SequenceState.RECOOL
        asked = (
            recooling
            and not f.route_retry
            and f.rv1_at_b
            and f.p5_proven
            and f.t_oil is not None
            and not f.oil_calm
            and f.power_w > min_power_w
            and f.t_glycol is not None
            and f.t_outdoor is not None
        )
        answers = asked and f.t_glycol - f.t_outdoor >= FOLLOW_K  # type: ignore[operator]
        silent = self._follow.step(tick, in_=asked and not answers)
        if answers or (not recooling and f.oil_calm):
            self._tried = False  # it went, or the next silence is another story
        f.route_implausible = silent and self._tried
        if silent and not self._tried:
            self._tried = True
            f.route_retry = True
        elif not recooling or f.rv1_at_a:
            f.route_retry = False
