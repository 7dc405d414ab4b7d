"""Frost protection: exchanger W2, the water circuit, and what the heat pump must know.

W2 is the main risk: glycol below zero on one side, standing water on the other. It is only at risk while
the water can flow there (RV1 not at A) or the glycol moves; then P5 and fan stop and P4 keeps it warm. Active
in every state except the maintenance lock-out. Plant reference, topic frost protection.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S, Block, Tick
from plc.blocks.timers import TOF, TON
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters

IN_VAIN = 0.8
"""Share of a circulation run after which B3 must be warm: it lies behind the exchanger and follows late."""


class FrostGuard(Block):
    """Writes frost (the state), frost_guard (W2), frost_circulate and circuit_cold (circuit B).

    step(tick, facts, cold_month=): cold_month is True from October to April, and when nobody knows the date;
    it stands in for a lost outdoor sensor. A condition that has gone stays for clear_for_s, with clear_k of
    hysteresis, so that a pump does not follow a single gust.
    """

    __slots__ = ("_clear", "_guard", "_in_vain", "_p", "_round_ns", "_water", "watch")

    STATE = ("_clear", "_guard", "_in_vain", "_round_ns", "_water", "watch")

    def __init__(self, parameters: Parameters) -> None:
        p = parameters.frost
        self._p = p
        self._guard = TOF(p.clear_for_s)
        self._water = TOF(p.clear_for_s)
        self._clear = TOF(p.clear_for_s)
        self._in_vain = TON(IN_VAIN * p.run_s)
        self._round_ns = 0
        self.watch = False

    def step(self, tick: Tick, f: Facts, *, cold_month: bool) -> None:
        p = self._p
        self.watch = (
            cold_month if f.t_outdoor is None else f.t_outdoor < self._edge(p.outdoor_degc, self.watch)
        )
        glycol_cold = f.t_glycol is not None and f.t_glycol < self._edge(p.glycol_min_degc, f.frost_guard)
        water_edge = self._edge(p.water_min_degc, f.frost_circulate)
        water_cold = _below(f.t_charge, water_edge) or _below(f.t_bottom, water_edge)
        # With RV1 at home and P5 at rest nothing flows through W2; to guard it for a whole winter with P4
        # would only carry the buffer's heat outside.
        exposed = f.p5_pct > 0.0 or not f.rv1_at_a
        guarding = self._guard.step(tick, in_=glycol_cold and exposed)
        f.frost_guard = guarding and exposed and f.path_open
        circulating = self._water.step(tick, in_=self.watch and water_cold)
        f.frost = self._clear.step(tick, in_=self.watch and (glycol_cold or water_cold))
        f.frost_circulate = self._interval(tick, active=circulating)
        # Between two runs the pipe may cool down again, that is what the next one is for. Still cold at the
        # end of a run: the pump stands, or the buffer has no heat to give.
        in_vain = self._in_vain.step(tick, in_=f.frost_circulate and _below(f.t_charge, p.water_min_degc))
        f.circuit_cold = circulating and (f.circuit_cold or in_vain)

    def _edge(self, trigger_degc: float, active: bool) -> float:
        return trigger_degc + self._p.clear_k if active else trigger_degc

    def _interval(self, tick: Tick, *, active: bool) -> bool:
        """run_s of every every_s, beginning with a run."""
        if not active:
            self._round_ns = 0
            return False
        running = self._round_ns < self._p.run_s * NS_PER_S
        self._round_ns += tick.dt_ns
        if self._round_ns >= self._p.every_s * NS_PER_S:
            self._round_ns = 0
        return running


def _below(value: float | None, edge: float) -> bool:
    return value is not None and value < edge
