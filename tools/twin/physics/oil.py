"""Miner bodies and the oil they hang in.

    C_m dT_m/dt = P_m - UA_mo(flow) * (T_m - T_o)
    C_o dT_o/dt = q_mo - q_W1 - UA_loss * (T_o - T_room)

Without flow the bodies keep 35 % of their heat transfer: they pass 100 degC in two minutes while the
oil sensor has seen one kelvin. That is why this model has bodies of their own.
"""

from __future__ import annotations

from tools.twin.physics.defaults import Defaults


class Oil:
    """Two bodies and one oil node; explicit Euler, stable up to dt = 60 s."""

    __slots__ = ("_d", "body_max_degc", "loss_w", "t_body1_degc", "t_body2_degc", "t_oil_degc")

    def __init__(self, defaults: Defaults, t_oil_degc: float) -> None:
        self._d = defaults
        self.t_oil_degc = self.t_body1_degc = self.t_body2_degc = self.body_max_degc = t_oil_degc
        self.loss_w = 0.0

    def step(self, dt_s: float, p1_w: float, p2_w: float, flow: float, q_w1_w: float, room: float) -> None:
        """flow: share of nominal oil flow, 0..1. q_w1_w: heat taken out by W1, from the same instant."""
        d = self._d
        ua = d.body_ua_w_per_k * (d.body_ua_still + (1.0 - d.body_ua_still) * flow)
        t_oil = self.t_oil_degc
        q1 = ua * (self.t_body1_degc - t_oil)
        q2 = ua * (self.t_body2_degc - t_oil)
        loss = d.oil_loss_w_per_k * (t_oil - room)
        self.loss_w = loss
        k = dt_s / d.body_j_per_k
        body1 = self.t_body1_degc = self.t_body1_degc + k * (p1_w - q1)
        body2 = self.t_body2_degc = self.t_body2_degc + k * (p2_w - q2)
        self.t_oil_degc = t_oil + dt_s * (q1 + q2 - q_w1_w - loss) / d.oil_j_per_k
        hottest = body1 if body1 > body2 else body2
        if hottest > self.body_max_degc:
            self.body_max_degc = hottest

    @property
    def stored_j(self) -> float:
        """Heat above 0 degC."""
        d = self._d
        return d.oil_j_per_k * self.t_oil_degc + d.body_j_per_k * (self.t_body1_degc + self.t_body2_degc)
