"""How often a start that took too long is tried again by itself (A-020).

A sticky check valve or a slow valve motor may cost one start and not the next, and in January nobody wants to
drive to the house for it. The alarm stands from the first time on; after the third within an hour the trip
waits for a person, or for the hour to pass. Plant reference, alarm A-020.
"""

from __future__ import annotations

from plc.blocks.budget import EventBudget
from plc.blocks.core import Block, Tick
from plc.blocks.logic import R_TRIG

TRIES = 3
HOUR_S = 3600.0
TRIP = "start_timeout"


class StartTries(Block):
    """step(tick, latched) -> True while a start that failed may be forgotten; no other trip ever is."""

    __slots__ = ("_new", "_tries")

    STATE = ("_new", "_tries")

    def __init__(self) -> None:
        self._tries = EventBudget(HOUR_S, TRIES)
        self._new = R_TRIG()

    def step(self, tick: Tick, latched: list[str]) -> bool:
        self._tries.step(tick, event=self._new.step(tick, clk=TRIP in latched))
        return latched == [TRIP] and self._tries.ok
