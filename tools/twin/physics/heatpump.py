"""The heat pump: capacity, COP, its own thermostat, minimum times and the block input I1.

    COP = eta_c * T_flow / max(T_flow - T_out, 15 K), limited to 1.6 .. 5
    capacity by outdoor temperature, modulation down to 30 %, -10 % while defrosting

It runs by itself (plant reference, topic EVU block): ThermIQ can only block it, and a block acts
10 s after the contact closes and also stops hot water.
"""

from __future__ import annotations

from itertools import pairwise

from tools.twin.physics.defaults import Defaults

CAPACITY_W = ((-15.0, 8500.0), (-7.0, 9500.0), (2.0, 11000.0), (7.0, 12000.0), (20.0, 13000.0))
START_BELOW_CURVE_K = 3.0
STOP_ABOVE_CURVE_K = 2.0


def capacity_w(t_out: float) -> float:
    """Largest heat output at this outdoor temperature."""
    if t_out <= CAPACITY_W[0][0]:
        return CAPACITY_W[0][1]
    for (t0, w0), (t1, w1) in pairwise(CAPACITY_W):
        if t_out <= t1:
            return w0 + (w1 - w0) * (t_out - t0) / (t1 - t0)
    return CAPACITY_W[-1][1]


def cop(t_flow: float, t_out: float, eta_carnot: float) -> float:
    """Coefficient of performance, limited to what such a machine shows."""
    raw = eta_carnot * (t_flow + 273.15) / max(t_flow - t_out, 15.0)
    return min(5.0, max(1.6, raw))


def heating_curve_degc(d: Defaults, t_out: float) -> float:
    """Its own flow temperature set point."""
    return min(55.0, max(30.0, d.hp_curve_base_degc + d.hp_curve_slope * (15.0 - t_out)))


class HeatPump:
    """q_buffer_w and q_dhw_w are its heat, power_w its electric power, starts/run_s its life."""

    __slots__ = (
        "_d", "_since_s", "blocked", "blocked_for_s", "cop", "dhw", "full_load_s", "on", "power_w",
        "q_buffer_w", "q_dhw_w", "run_s", "starts",
    )  # fmt: skip

    def __init__(self, defaults: Defaults) -> None:
        self._d = defaults
        self._since_s = defaults.hp_min_off_s  # has been off long enough when the world begins
        self.on = self.dhw = self.blocked = False
        self.blocked_for_s = 0.0
        self.q_buffer_w = self.q_dhw_w = self.power_w = 0.0
        self.cop = 0.0
        self.starts = 0
        self.run_s = self.full_load_s = 0.0

    def step(
        self,
        dt_s: float,
        contact: bool,
        t_out: float,
        t_out_mean: float,
        t_node1: float,
        t_dhw: float,
        rh: float,
    ) -> None:
        """contact: I1 closed by K7 or by the grid operator (either blocks)."""
        d = self._d
        self.blocked_for_s = self.blocked_for_s + dt_s if contact else 0.0
        self.blocked = self.blocked_for_s >= d.hp_block_delay_s
        self._since_s += dt_s
        curve = heating_curve_degc(d, t_out)
        self._decide(curve, t_out_mean, t_node1, t_dhw)
        if not self.on:
            self.q_buffer_w = self.q_dhw_w = self.power_w = self.cop = 0.0
            return
        full = capacity_w(t_out)
        if -5.0 <= t_out <= 5.0 and rh > 80.0:
            full *= 0.9
        self.run_s += dt_s
        if self.dhw:
            heat, t_flow = full, t_dhw + 8.0
            self.q_dhw_w, self.q_buffer_w = heat, 0.0
        else:
            gap = curve + STOP_ABOVE_CURVE_K - t_node1
            heat = full * min(1.0, max(d.hp_min_modulation, gap / 6.0))
            t_flow = max(curve, t_node1 + 3.0)
            self.q_buffer_w, self.q_dhw_w = heat, 0.0
        self.cop = cop(t_flow, t_out, d.hp_eta_carnot)
        self.power_w = heat / self.cop
        self.full_load_s += dt_s * heat / full

    def _decide(self, curve: float, t_out_mean: float, t_node1: float, t_dhw: float) -> None:
        d = self._d
        wants_dhw = t_dhw < (d.dhw_off_degc if self.dhw else d.dhw_on_degc)
        season = t_out_mean < d.heating_limit_degc
        limit = curve + (STOP_ABOVE_CURVE_K if self.on else -START_BELOW_CURVE_K)
        wants_heat = season and t_node1 < limit
        if self.on:
            hot = t_node1 > 70.0 or t_dhw > 70.0  # its own limits beat its minimum run time
            done = not wants_dhw and not wants_heat and self._since_s >= d.hp_min_run_s
            if self.blocked or hot or done:
                self._switch(False)
        elif (wants_dhw or wants_heat) and not self.blocked and self._since_s >= d.hp_min_off_s:
            self._switch(True)
        self.dhw = self.on and wants_dhw

    def _switch(self, on: bool) -> None:
        self.on = on
        self._since_s = 0.0
        if on:
            self.starts += 1
