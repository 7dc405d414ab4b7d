"""Circuit C: glycol (one mixed volume), dry cooler and its fan.

The cooler is an exchanger against outdoor air; UA follows the fan speed to the power 0.8.
"""

from __future__ import annotations

from tools.twin.physics.defaults import Defaults
from tools.twin.physics.exchanger import OneSidedExchanger


class Cooler:
    """t_glycol_degc is what flows into W2 (sensor B5); q_air_w is dumped outdoors."""

    __slots__ = ("_cooler", "_d", "_heat_j_per_k", "_ua", "c_w_per_k", "fan", "q_air_w", "t_glycol_degc")

    def __init__(self, defaults: Defaults, t_degc: float) -> None:
        self._d = defaults
        self._heat_j_per_k = defaults.glycol_kg * defaults.glycol_cp
        self._cooler = OneSidedExchanger()
        self._ua = defaults.cooler_ua_still_w_per_k
        self.t_glycol_degc = t_degc
        self.fan = 0.0  # speed, 0..1
        self.c_w_per_k = 0.0
        self.q_air_w = 0.0

    def flow(self, share: float) -> float:
        """Heat capacity flow of the glycol at this share of P5's nominal flow."""
        self.c_w_per_k = share * self._d.p5_kg_per_s * self._d.glycol_cp
        return self.c_w_per_k

    def step(self, dt_s: float, fan_on: bool, q_w2_w: float, t_air: float) -> None:
        """q_w2_w: heat from W2, from the same instant."""
        self._turn_fan(dt_s, fan_on)
        self.q_air_w = self._cooler.heat_w(self.c_w_per_k, self.t_glycol_degc, self._ua, t_air)
        self.t_glycol_degc += dt_s * (q_w2_w - self.q_air_w) / self._heat_j_per_k

    def _turn_fan(self, dt_s: float, fan_on: bool) -> None:
        wanted = 1.0 if fan_on else 0.0
        if self.fan != wanted:
            change = dt_s / self._d.fan_run_up_s
            self.fan = min(1.0, self.fan + change) if fan_on else max(0.0, self.fan - change)
            still, full = self._d.cooler_ua_still_w_per_k, self._d.cooler_ua_fan_w_per_k
            self._ua = max(still, full * self.fan**0.8)

    @property
    def stored_j(self) -> float:
        """Heat above 0 degC."""
        return self._heat_j_per_k * self.t_glycol_degc
