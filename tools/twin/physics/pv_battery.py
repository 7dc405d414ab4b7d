"""PV, household, battery and grid as a hybrid inverter sees them.

Battery: SOC integration, 95 % each way, power limit, simple self-consumption: surplus charges, deficit
discharges down to the reserve. Signs as in the program: battery > 0 discharges, grid > 0 imports.
"""

from __future__ import annotations

from tools.twin.physics.defaults import JOULE_PER_KWH, Defaults

PERFORMANCE = 0.84  # cells, cables, inverter, dirt
SOC_MIN, SOC_MAX = 0.10, 1.0

# Share of the daily household energy per hour, local time: breakfast, noon, evening.
_HOURS = (
    0.024, 0.021, 0.020, 0.020, 0.021, 0.026, 0.040, 0.052, 0.047, 0.043, 0.043, 0.049,
    0.054, 0.047, 0.041, 0.040, 0.043, 0.054, 0.068, 0.070, 0.061, 0.048, 0.038, 0.030,
)  # fmt: skip


def household_w(d: Defaults, local_s: float) -> float:
    """Household without heat and miners, interpolated between the hours."""
    hour = (local_s % 86_400.0) / 3600.0
    i = int(hour)
    part = hour - i
    share = _HOURS[i] * (1.0 - part) + _HOURS[(i + 1) % 24] * part
    return share * d.household_kwh_per_a / 365.25 * 1000.0


class Electricity:
    """Power balance at the grid connection; soc 0..1; energies in joule."""

    __slots__ = ("_d", "battery_w", "export_j", "grid_w", "import_j", "load_w", "pv_w", "soc")

    def __init__(self, defaults: Defaults, soc: float) -> None:
        self._d = defaults
        self.soc = soc
        self.pv_w = self.load_w = self.battery_w = self.grid_w = 0.0
        self.import_j = self.export_j = 0.0

    def step(self, dt_s: float, sun_w_per_m2: float, load_w: float) -> None:
        """load_w: everything behind the meter, miners and heat pump included."""
        d = self._d
        self.pv_w = d.pv_kwp * sun_w_per_m2 * PERFORMANCE
        self.load_w = load_w
        capacity_j = d.battery_kwh * JOULE_PER_KWH
        surplus = self.pv_w - load_w
        if surplus > 0.0:
            room_w = (SOC_MAX - self.soc) * capacity_j / (d.battery_efficiency * dt_s)
            charge = min(surplus, d.battery_w, max(0.0, room_w))
            self.soc += charge * d.battery_efficiency * dt_s / capacity_j
            self.battery_w = -charge
        else:
            left_w = (self.soc - SOC_MIN) * capacity_j * d.battery_efficiency / dt_s
            discharge = min(-surplus, d.battery_w, max(0.0, left_w))
            self.soc -= discharge * dt_s / (d.battery_efficiency * capacity_j)
            self.battery_w = discharge
        self.soc = min(1.0, max(0.0, self.soc))
        self.grid_w = load_w - self.pv_w - self.battery_w
        if self.grid_w > 0.0:
            self.import_j += self.grid_w * dt_s
        else:
            self.export_j -= self.grid_w * dt_s
