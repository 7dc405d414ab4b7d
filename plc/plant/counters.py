"""Energy counters: kWh that only rise, counted from measured power. Retained.

A counter adds nothing while its power is not trusted: what happened in a gap is not invented, so it may be
too low after an outage of a device and is never too high. Nothing here decides anything; bills come from
meters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from plc.blocks.core import NS_PER_S, Block, Reading, State, Tick, ns
from plc.plant.facts import Facts
from plc.plant.interface import MinerInputs, PlantInputs
from plc.plant.parameters import Parameters

OF_HOUSE = (
    "grid_import_kwh",
    "grid_export_kwh",
    "pv_kwh",
    "battery_charge_kwh",
    "battery_discharge_kwh",
    "load_kwh",
    "miner_grid_kwh",
)
"""Counters that need the energy data of the house. miner_grid_kwh: electricity of the miners that was bought
while they ran, counted as the last consumer of the house: their power or the import, whichever is less."""

OF_PLANT = ("miner_kwh", "miner1_kwh", "miner2_kwh", "heat_kwh", "heat_used_kwh", "heat_dumped_kwh")
"""heat: what the oil has given to the water; used: on the routes to buffer and hot water; dumped: by the dry
cooler."""

COUNTERS = OF_HOUSE + OF_PLANT

PERIOD_NS = NS_PER_S
_W_NS_PER_KWH = 1000.0 * 3600.0 * NS_PER_S


class EnergyCounters(Block):
    """step(tick, inputs, facts) counts once a second, with the power of that moment.

    kwh: name -> kWh since commissioning. pairs: the same for the status, one object for a whole second.
    """

    __slots__ = ("_dead_ns", "_elapsed_ns", "_stale_ns", "kwh", "pairs")

    STATE = ("_elapsed_ns", "kwh")

    def __init__(self, parameters: Parameters) -> None:
        self._dead_ns = ns(parameters.fallback.deye_stale_s)
        self._stale_ns = ns(parameters.miners.api_stale_s)
        self._elapsed_ns = 0
        self.kwh: dict[str, float] = dict.fromkeys(COUNTERS, 0.0)
        self.pairs: tuple[tuple[str, float], ...] = tuple(self.kwh.items())

    def retained(self) -> State:
        return dict(self.kwh)

    def retain(self, data: Mapping[str, object]) -> None:
        """Takes counts back; one that the data do not have, or that cannot be a count, begins at zero."""
        for name in COUNTERS:
            value = data.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 <= value < math.inf:
                self.kwh[name] = float(value)
        self.pairs = tuple(self.kwh.items())

    def _put(self, state: State) -> None:
        super()._put(state)
        self.pairs = tuple(self.kwh.items())

    def step(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        self._elapsed_ns += tick.dt_ns
        if self._elapsed_ns < PERIOD_NS:
            return
        share = self._elapsed_ns / _W_NS_PER_KWH
        self._elapsed_ns = 0
        for name, power_w in self._powers(tick.now_ns, inputs, f).items():
            if power_w is not None and power_w > 0.0:
                self.kwh[name] += power_w * share
        self.pairs = tuple(self.kwh.items())

    def _powers(self, now_ns: int, inputs: PlantInputs, f: Facts) -> dict[str, float | None]:
        """Power behind each counter in its own direction, None where nobody knows it."""
        energy = inputs.energy
        meter = self._watts(energy.grid_meter_w, now_ns)
        grid = self._watts(energy.grid_w, now_ns) if meter is None else meter
        battery = self._watts(energy.battery_w, now_ns)
        first, second = (self._miner(miner, now_ns) for miner in inputs.miners)
        both = None if first is None and second is None else (first or 0.0) + (second or 0.0)
        return {
            "grid_import_kwh": grid,
            "grid_export_kwh": None if grid is None else -grid,
            "pv_kwh": self._watts(energy.pv_w, now_ns),
            "battery_charge_kwh": None if battery is None else -battery,
            "battery_discharge_kwh": battery,
            "load_kwh": self._watts(energy.load_w, now_ns),
            "miner_grid_kwh": None if grid is None or both is None else min(grid, both),
            "miner_kwh": both,
            "miner1_kwh": first,
            "miner2_kwh": second,
            "heat_kwh": f.heat_w,
            "heat_used_kwh": None if f.route_is_recool else f.heat_w,
            "heat_dumped_kwh": f.heat_w if f.route_is_recool else None,
        }

    def _watts(self, reading: Reading, now_ns: int) -> float | None:
        return reading.fresh(now_ns, self._dead_ns)

    def _miner(self, miner: MinerInputs, now_ns: int) -> float | None:
        """Metered before estimated; what is only assumed about a miner is not counted."""
        metered = miner.power_metered_w.fresh(now_ns, self._stale_ns)
        return miner.power_estimated_w.fresh(now_ns, self._stale_ns) if metered is None else metered
