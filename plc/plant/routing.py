"""Which route is wanted, and the two valves that make it.

Order of a change: valves first, the pumps of the old route keep running, then the pumps of the new one,
then the fan. A three-way ball valve always leaves some way open, so the miners may run during a stroke,
but nothing starts on a route that is not ready. Positions are unknown after a start: both valves drive home
to A before their first use.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.blocks.valve import Drive, ThreePointValve, ValveStatus
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters, Valve
from plc.plant.routes import BUFFER, DHW, FROST_W2, RECOOL, Position, Route, table
from plc.plant.states import WAITING, SequenceState

S = SequenceState


def _valve(p: Valve) -> ThreePointValve:
    return ThreePointValve(
        drive=Drive(p.drive.value),
        run_s=p.run_s,
        overdrive=p.overdrive,
        dead_s=p.dead_s,
        resync_strokes=p.resync_strokes,
        resync_h=p.resync_h,
    )


class Routing(Block):
    """Chooses the route and drives RV1 and RV2.

    step(tick, facts, state=) writes route_ready, path_open, rv1_at_b, route_is_*, valve_conflict into the
    facts. Outputs: route (the wanted one), rv1, rv2.
    """

    __slots__ = ("_table", "name", "rv1", "rv2")

    STATE = ("name", "rv1", "rv2")

    def __init__(self, parameters: Parameters, routes: tuple[Route, ...]) -> None:
        self._table = table(routes)
        self.name = BUFFER
        self.rv1 = _valve(parameters.rv1)
        self.rv2 = _valve(parameters.rv2)

    @property
    def route(self) -> Route:
        return self._table[self.name]

    def step(self, tick: Tick, f: Facts, *, state: SequenceState, stroke_rv2: bool = False) -> None:
        self.name = self._choose(f, state)
        route = self._table[self.name]
        # INIT moves nothing, and in maintenance a person has his hands in it.
        drives = state is not S.INIT and state is not S.MAINT and f.dio_healthy
        rv2 = Position.B if stroke_rv2 else route.rv2
        self._drive(tick, self.rv1, route.rv1, drives=drives, hand=f.hand_rv1 if f.dio_healthy else "")
        self._drive(tick, self.rv2, rv2, drives=drives, hand=f.hand_rv2 if f.dio_healthy else "")
        f.rv1_at_a = self.rv1.at_a
        f.rv1_at_b = self.rv1.at_b
        f.path_open = self.rv1.position_valid and self.rv2.position_valid
        f.route_ready = _at(self.rv1, route.rv1) and _at(self.rv2, route.rv2)
        f.route_is_recool = route.fan
        f.route_is_dhw = self.name == DHW
        f.valve_conflict = self.rv1.status is ValveStatus.FAULT or self.rv2.status is ValveStatus.FAULT

    def _choose(self, f: Facts, state: SequenceState) -> str:
        if state in WAITING:
            return RECOOL if f.exercise else BUFFER
        if state is S.HEAT_BUFFER:
            return BUFFER
        if state is S.COOLDOWN and f.frost_guard:
            return FROST_W2
        if state is S.RECOOL:
            return BUFFER if f.route_retry else RECOOL
        if state is S.HEAT_DHW:
            return DHW
        if state is S.PRECIRC:
            return RECOOL if f.recool_allowed and not f.buffer_takes_heat else BUFFER
        if state is S.FAULT:
            # The buffer is the sink of last resort, until it is too hot itself.
            return RECOOL if f.top_above_max else BUFFER
        return self.name

    @staticmethod
    def _drive(tick: Tick, valve: ThreePointValve, position: Position, *, drives: bool, hand: str) -> None:
        """By hand "off" means A and "on" means B, in every state that is not starting up."""
        if hand:
            valve.step(tick, request_a=hand == "off", request_b=hand == "on")
            return
        valve.step(
            tick,
            request_a=drives and position is Position.A,
            request_b=drives and position is Position.B,
        )


def _at(valve: ThreePointValve, position: Position) -> bool:
    return valve.at_a if position is Position.A else valve.at_b
