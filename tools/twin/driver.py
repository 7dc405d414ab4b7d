"""What the field threads would see and do, without threads: miners and inverter in memory.

An ideal driver: polls every two seconds, writes what the program wishes, never loses a frame. What
real lines do to it is tested with the virtual devices, not here.
"""

from __future__ import annotations

import json

from plc.blocks.core import NS_PER_S, Origin, Reading
from plc.hot_water import HotWaterSensor, plausible
from plc.link.number_reader import NumberReader
from plc.plant.interface import EnergyInputs, MinerInputs, MinerState, MinerWish
from tools.twin.physics.miner import Miner
from tools.twin.plant_model import PlantModel

POLL_NS = 2 * NS_PER_S


def _seen(value: float, now_ns: int) -> Reading:
    return Reading.good(value, now_ns, Origin.SIM)


class MinerDriver:
    """Reads one miner and reconciles the wish of the program."""

    def __init__(self, miner: Miner, power_min_w: float, power_max_w: float) -> None:
        self._miner = miner
        self._limits = (power_min_w, power_max_w)
        self._due_ns = 0
        self.inputs = MinerInputs()

    def step(self, now_ns: int, wish: MinerWish) -> MinerInputs:
        """The latest snapshot; writes the wish when a poll is due, an urgent one at once."""
        miner = self._miner
        if now_ns < self._due_ns and not (wish.urgent and not wish.run and not miner.paused):
            return self.inputs
        self._due_ns = now_ns + POLL_NS
        if not miner.answers:
            if self.inputs.state is not MinerState.UNKNOWN:
                self.inputs = MinerInputs(answered_ns=self.inputs.answered_ns)
            return self.inputs
        if not wish.run:
            if not miner.paused:
                miner.pause()
        else:
            if miner.paused:
                miner.resume()
            if wish.power_w > 0.0 and abs(wish.power_w - miner.target_w) > 1.0:
                miner.set_target(wish.power_w)
        self.inputs = self._snapshot(now_ns)
        return self.inputs

    def _snapshot(self, now_ns: int) -> MinerInputs:
        miner = self._miner
        return MinerInputs(
            state=miner.state,
            answered_ns=now_ns,
            power_active_w=_seen(miner.target_w, now_ns),
            power_estimated_w=_seen(miner.power_w, now_ns),
            hashrate_ths=_seen(miner.hashrate_ths, now_ns),
            t_chip_degc=_seen(miner.t_chip_degc, now_ns),
            t_outlet_degc=_seen(miner.t_outlet_degc, now_ns),
            power_min_w=_seen(self._limits[0], now_ns),
            power_max_w=_seen(self._limits[1], now_ns),
        )


class EnergyDriver:
    """Reads the inverter; silent when it is told to be dead."""

    def __init__(self, model: PlantModel) -> None:
        self._model = model
        self._due_ns = 0
        self.inputs = EnergyInputs()

    def step(self, now_ns: int, alive: bool) -> EnergyInputs:
        """The latest snapshot; after the inverter has gone, the last one with its old time."""
        if now_ns >= self._due_ns and alive:
            self._due_ns = now_ns + POLL_NS
            e = self._model.electricity
            self.inputs = EnergyInputs(
                pv_w=_seen(e.pv_w, now_ns),
                battery_soc_pct=_seen(100.0 * e.soc, now_ns),
                battery_w=_seen(e.battery_w, now_ns),
                grid_w=_seen(e.grid_w, now_ns),
                load_w=_seen(e.load_w, now_ns),
            )
        return self.inputs


class TankDriver:
    """The tank's sensor as a heating gateway publishes it, with the shipped reader and its limits."""

    PERIOD_NS = 10 * NS_PER_S

    def __init__(self, model: PlantModel) -> None:
        self._model = model
        self._due_ns = 0
        s = self._sensor = HotWaterSensor(topic="gateway/boiler", value="dhw.curtemp", stale_s=120.0)
        self._reader = NumberReader(
            s.value, low=s.low_degc, high=s.high_degc, step=s.step_k, unit="degC", origin=Origin.SIM
        )

    def step(self, now_ns: int, alive: bool) -> Reading:
        """The tank as the scan sees it; silent when it is told to be dead."""
        if now_ns >= self._due_ns and alive:
            self._due_ns = now_ns + self.PERIOD_NS
            message = json.dumps({"dhw": {"curtemp": round(self._model.dhw.t_degc, 1)}})
            self._reader.take(message.encode(), now_ns)
        return plausible(self._reader.reading, self._sensor, now_ns)
