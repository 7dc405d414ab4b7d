"""Circuit B: the heating water between W1, the valves and the sinks, as two mixed pipe volumes."""

from __future__ import annotations

from tools.twin.physics.defaults import CP_WATER_J_PER_KG_K as CP
from tools.twin.physics.defaults import Defaults


class WaterCircuit:
    """t_return_degc flows into W1, t_charge_degc behind it feeds RV1 (sensor B3)."""

    __slots__ = (
        "_charge_j_per_k",
        "_loss_w_per_k",
        "_return_j_per_k",
        "loss_w",
        "t_charge_degc",
        "t_return_degc",
    )

    def __init__(self, defaults: Defaults, t_degc: float) -> None:
        self._return_j_per_k = defaults.return_kg * CP
        self._charge_j_per_k = defaults.charge_kg * CP
        self._loss_w_per_k = defaults.pipe_loss_w_per_k
        self.t_return_degc = self.t_charge_degc = t_degc
        self.loss_w = 0.0

    def step(self, dt_s: float, c_w_per_k: float, q_w1_w: float, t_back_degc: float, room: float) -> None:
        """c_w_per_k: heat capacity flow of P4. t_back_degc: mixed return of all branches."""
        t_return, t_charge = self.t_return_degc, self.t_charge_degc
        loss_return = self._loss_w_per_k * (t_return - room)
        loss_charge = self._loss_w_per_k * (t_charge - room)
        self.loss_w = loss_return + loss_charge
        self.t_return_degc = (
            t_return + dt_s * (c_w_per_k * (t_back_degc - t_return) - loss_return) / self._return_j_per_k
        )
        self.t_charge_degc = (
            t_charge
            + dt_s * (c_w_per_k * (t_return - t_charge) + q_w1_w - loss_charge) / self._charge_j_per_k
        )

    @property
    def stored_j(self) -> float:
        """Heat above 0 degC."""
        return self._return_j_per_k * self.t_return_degc + self._charge_j_per_k * self.t_charge_degc
