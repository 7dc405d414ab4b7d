"""What the virtual devices measure: one moment of the house, given by the plant model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class House:
    """Powers in W. grid > 0 is import, battery > 0 is discharge; load includes the miners.

    Balance of the AC side: load = grid + inverter, with inverter = pv + battery - losses. What a device
    shows is derived from pv, battery, losses and load, so that its own identities always hold.
    """

    pv_w: float = 0.0
    battery_w: float = 0.0
    battery_soc_pct: float = 50.0
    load_w: float = 500.0
    losses_w: float = 20.0
    backup_load_w: float = 200.0
    grid_v: float = 231.0
    battery_v: float = 52.0
    day_pv_kwh: float = 0.0
    total_pv_kwh: float = 0.0
    total_import_kwh: float = 0.0
    total_export_kwh: float = 0.0

    @property
    def inverter_w(self) -> float:
        """AC output of the inverter."""
        return self.pv_w + self.battery_w - self.losses_w

    @property
    def grid_w(self) -> float:
        """Power at the grid connection, import > 0."""
        return self.load_w - self.inverter_w


Provider = Callable[[], House]
"""Asked once per request; must not block."""
