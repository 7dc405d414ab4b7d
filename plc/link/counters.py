"""Energy counters for dashboards: kWh that only rise, counted from measured power.

Counting needs two trusted readings not further apart than GAP_NS; what happens in a gap is not invented, so a
counter may be too low after an outage and is never too high. It is unknown until the stored value is there:
a zero at start would count as a meter reset everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from plc.blocks.core import NS_PER_S
from plc.plant.interface import PlantInputs, PlantOutputs

COUNTERS: dict[str, bool] = {
    "grid_import_kwh": True,
    "grid_export_kwh": True,
    "pv_kwh": True,
    "battery_charge_kwh": True,
    "battery_discharge_kwh": True,
    "load_kwh": True,
    "miner_kwh": False,
    "heat_kwh": False,
}
"""Name -> needs the energy data of the house."""

GAP_NS = 300 * NS_PER_S
_W_NS_PER_KWH = 1000.0 * 3600.0 * NS_PER_S


def powers(inputs: PlantInputs, outputs: PlantOutputs) -> dict[str, float | None]:
    """Power behind each counter, None where nobody knows it."""
    energy = inputs.energy
    grid = energy.grid_meter_w if energy.grid_meter_w.ok else energy.grid_w
    figures = dict(outputs.status.values)
    return {
        "grid_import_kwh": _part(grid.value if grid.ok else None, 1.0),
        "grid_export_kwh": _part(grid.value if grid.ok else None, -1.0),
        "pv_kwh": _part(energy.pv_w.value if energy.pv_w.ok else None, 1.0),
        "battery_charge_kwh": _part(energy.battery_w.value if energy.battery_w.ok else None, -1.0),
        "battery_discharge_kwh": _part(energy.battery_w.value if energy.battery_w.ok else None, 1.0),
        "load_kwh": _part(energy.load_w.value if energy.load_w.ok else None, 1.0),
        "miner_kwh": _part(figures.get("power_w"), 1.0),
        "heat_kwh": _part(figures.get("heat_w"), 1.0),
    }


def _part(power_w: float | None, sign: float) -> float | None:
    """The share of a power in one direction."""
    return None if power_w is None or not math.isfinite(power_w) else max(0.0, sign * power_w)


class Counters:
    """values: kWh by name, None until `restore` was called."""

    def __init__(self) -> None:
        self.values: dict[str, float | None] = dict.fromkeys(COUNTERS)
        self._last: dict[str, tuple[int, float]] = {}

    def restore(self, stored: Mapping[str, object]) -> None:
        """Stored values, or zero for a counter that never was."""
        for name in COUNTERS:
            value = stored.get(name, 0.0)
            good = isinstance(value, (int, float)) and math.isfinite(value) and value >= 0.0
            self.values[name] = float(value) if good else 0.0  # type: ignore[arg-type]

    def stored(self) -> dict[str, float]:
        """What `restore` takes."""
        return {name: value for name, value in self.values.items() if value is not None}

    def step(self, now_ns: int, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Counts up to now_ns, the time of the scan that inputs and outputs belong to."""
        for name, power_w in powers(inputs, outputs).items():
            before = self._last.pop(name, None)
            if power_w is None:
                continue
            self._last[name] = (now_ns, power_w)
            total = self.values[name]
            if before is not None and total is not None and 0 < now_ns - before[0] <= GAP_NS:
                mean_w = (power_w + before[1]) / 2.0
                self.values[name] = total + mean_w * (now_ns - before[0]) / _W_NS_PER_KWH
