"""The building as a heat load, and its room temperature as an indicator of comfort.

    Q_h = max(0, UA * (T_limit - T_out,24h)),   C dT_i/dt = Q - UA_i * (T_i - T_out) + gains

The load takes water from the buffer top and returns it at 30 degC. When the buffer is too cold for
the flow limit, the missing heat is counted: unmet heat is what an owner notices.
"""

from __future__ import annotations

from math import exp

from tools.twin.physics.defaults import CP_WATER_J_PER_KG_K as CP
from tools.twin.physics.defaults import Defaults

ROOM_SET_DEGC = 20.5
DAY_S = 86_400.0


class Building:
    """demand_w, flow_kg_per_s from the buffer, t_room_degc of the living room, unmet_j."""

    __slots__ = (
        "_d",
        "_fixed_w",
        "demand_w",
        "flow_kg_per_s",
        "t_out_mean_degc",
        "t_return_degc",
        "t_room_degc",
        "unmet_j",
    )

    def __init__(self, defaults: Defaults, t_out_mean: float, fixed_load_w: float | None = None) -> None:
        self._d = defaults
        self._fixed_w = fixed_load_w
        self.t_out_mean_degc = t_out_mean
        self.t_room_degc = ROOM_SET_DEGC
        self.demand_w = self.flow_kg_per_s = self.unmet_j = 0.0
        self.t_return_degc = defaults.load_return_degc

    def step(self, dt_s: float, t_out: float, t_top: float) -> None:
        """Sets the load flow for the next dt_s from the temperature at the buffer top."""
        d = self._d
        self.t_out_mean_degc += (t_out - self.t_out_mean_degc) * (1.0 - exp(-dt_s / DAY_S))
        if self._fixed_w is not None:
            self.demand_w = self._fixed_w
        else:
            self.demand_w = max(0.0, d.building_ua_w_per_k * (d.heating_limit_degc - self.t_out_mean_degc))
        spread = t_top - self.t_return_degc
        if self.demand_w > 0.0 and spread > 0.5:
            self.flow_kg_per_s = min(d.load_max_kg_per_s, self.demand_w / (CP * spread))
        else:
            self.flow_kg_per_s = 0.0
        delivered = self.flow_kg_per_s * CP * max(0.0, spread)
        self.unmet_j += dt_s * max(0.0, self.demand_w - delivered)
        gains = d.building_ua_w_per_k * (ROOM_SET_DEGC - d.heating_limit_degc)
        loss = d.building_ua_w_per_k * (self.t_room_degc - t_out)
        room = self.t_room_degc + dt_s * (delivered + gains - loss) / d.building_j_per_k
        self.t_room_degc = min(room, 24.0)  # somebody opens a window
