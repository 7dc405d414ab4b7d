"""The house as one model: miners, oil, water, buffer, glycol, heat pump, building, hot water, sun.

It knows nothing of a cabinet or a program: `Field` holds what motors, contactors and contacts do,
`step` moves the temperatures. The heat network moves with every step; weather, demand, heat pump and
electricity once a second (or once a step when steps are longer), held constant in between, so that
the energy balance closes to rounding whatever the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

from plc.blocks.pump import Curve
from tools.twin.physics.buffer import Buffer
from tools.twin.physics.building import Building
from tools.twin.physics.cooler import Cooler
from tools.twin.physics.defaults import CP_WATER_J_PER_KG_K as CP
from tools.twin.physics.defaults import Defaults
from tools.twin.physics.dhw import HotWater
from tools.twin.physics.exchanger import Exchanger
from tools.twin.physics.heatpump import HeatPump
from tools.twin.physics.hydraulics import VirtualPump, VirtualRelayPump, VirtualValve
from tools.twin.physics.miner import Miner
from tools.twin.physics.oil import Oil
from tools.twin.physics.pv_battery import Electricity, household_w
from tools.twin.physics.sensors import sensors
from tools.twin.physics.water import WaterCircuit
from tools.twin.physics.weather import FixedDay, Weather

SLOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Initial:
    """Where the house stands when the world begins."""

    oil_degc: float = 30.0
    water_degc: float = 30.0
    buffer_top_degc: float = 42.0
    buffer_bottom_degc: float = 36.0
    glycol_degc: float = 10.0
    dhw_degc: float = 50.0
    soc: float = 0.5
    rv1: float = 0.0  # where the valves happen to stand; the program cannot know
    rv2: float = 0.0


class Field:
    """What the cabinet does to the machines: set between two steps."""

    __slots__ = ("fan", "hp_contact", "k10", "k11", "p3", "p4_v", "p5_v", "rv1_a", "rv1_b", "rv2_a", "rv2_b")

    def __init__(self) -> None:
        self.p3 = self.fan = self.k10 = self.k11 = self.hp_contact = False
        self.rv1_a = self.rv1_b = self.rv2_a = self.rv2_b = False
        self.p4_v = self.p5_v = 0.0


class EnergyBook:
    """Heat in, out and stored, in joule. The residual is the honesty of the model."""

    __slots__ = ("draw", "dumped", "hp_buffer", "hp_dhw", "load", "losses", "miners", "stored_0")

    def __init__(self, stored_j: float) -> None:
        self.stored_0 = stored_j
        self.miners = self.hp_buffer = self.hp_dhw = 0.0
        self.load = self.draw = self.losses = self.dumped = 0.0

    @property
    def heat_in_j(self) -> float:
        """Heat that entered the house's water and oil."""
        return self.miners + self.hp_buffer + self.hp_dhw

    def residual(self, stored_j: float) -> float:
        """(in - out - change of stored heat) / turnover; below 1e-4 or the model is wrong."""
        out = self.load + self.draw + self.losses + self.dumped
        change = stored_j - self.stored_0
        turnover = max(self.heat_in_j, abs(out), abs(change), 1.0)
        return abs(self.heat_in_j - out - change) / turnover


class PlantModel:
    """The virtual house. `field` in, machines' states out; `t_s` is its own elapsed time."""

    def __init__(
        self,
        defaults: Defaults | None = None,
        initial: Initial | None = None,
        weather: Weather | None = None,
        *,
        start_local_s: float = 0.0,
        seed: int = 1,
        tapping: str = "M",
        fixed_load_w: float | None = None,
        p4_curve: Curve = Curve.OFF_0_10,
        p5_curve: Curve = Curve.OFF_0_10,
        sensor_offset_sigma_k: float = 0.3,
    ) -> None:
        d = self.defaults = defaults or Defaults()
        begin = initial or Initial()
        self.weather: Weather = weather or FixedDay(5.0)
        self.start_local_s = start_local_s
        self.t_s = 0.0
        self._t_ns = 0
        self.field = Field()
        self.sky = self.weather.at(start_local_s)
        self.miners = (Miner(d, begin.oil_degc), Miner(d, begin.oil_degc))
        self.oil = Oil(d, begin.oil_degc)
        self.water = WaterCircuit(d, begin.water_degc)
        self.buffer = Buffer(d, begin.buffer_top_degc, begin.buffer_bottom_degc)
        self.cooler = Cooler(d, begin.glycol_degc)
        self.dhw = HotWater(d, begin.dhw_degc, tapping)
        self.heat_pump = HeatPump(d)
        self.building = Building(d, self._mean_outdoor(), fixed_load_w)
        self.electricity = Electricity(d, begin.soc)
        self.p3 = VirtualRelayPump(d.pump_ramp_s)
        self.p4 = VirtualPump(p4_curve, d.pump_min_flow, d.pump_ramp_s)
        self.p5 = VirtualPump(p5_curve, d.pump_min_flow, d.pump_ramp_s)
        self.rv1 = VirtualValve(d.valve_run_s, begin.rv1)
        self.rv2 = VirtualValve(d.valve_run_s, begin.rv2)
        self.w1 = Exchanger(d.w1_ua_w_per_k)
        self.w2 = Exchanger(d.w2_ua_w_per_k)
        self.q_w1_w = self.q_w2_w = self.q_coil_w = self.q_load_w = 0.0
        self.t_w2_out_degc = begin.water_degc
        self._slow_due_s = 0.0
        self.sensors = sensors(seed, self.true_temperatures(), sensor_offset_sigma_k)
        self._sensor_bank = tuple(self.sensors.values())
        self.book = EnergyBook(self.stored_j())

    def _mean_outdoor(self) -> float:
        """Mean of the day before: the 24-hour mean of the program's world starts settled."""
        hours = [self.weather.at(self.start_local_s - 3600.0 * h).t_out_degc for h in range(24)]
        return fsum(hours) / len(hours)

    @property
    def local_s(self) -> float:
        """Local time of the house in seconds since 1970."""
        return self.start_local_s + self.t_s

    def true_temperatures(self) -> dict[str, float]:
        """What perfect sensors would show."""
        buffer = self.buffer.t_degc
        return {
            "t_oil_degc": self.oil.t_oil_degc,
            "t_buffer_top_degc": buffer[0],
            "t_charge_degc": self.water.t_charge_degc,
            "t_buffer_bottom_degc": buffer[-1],
            "t_glycol_degc": self.cooler.t_glycol_degc,
            "t_outdoor_degc": self.sky.t_out_degc,
        }

    def step(self, dt_s: float) -> None:
        """Moves the house by dt_s, 0 < dt_s <= 20 s."""
        if self._slow_due_s <= 0.0:
            self._slow(max(SLOW_S, dt_s))
        self._slow_due_s -= dt_s
        field = self.field
        flow3 = self.p3.step(dt_s, field.p3)
        flow4 = self.p4.step(dt_s, field.p4_v)
        flow5 = self.p5.step(dt_s, field.p5_v)
        to_w2 = self.rv1.step(dt_s, field.rv1_a, field.rv1_b)
        to_dhw = self.rv2.step(dt_s, field.rv2_a, field.rv2_b)
        miner1, miner2 = self.miners
        miner1.step(dt_s, field.k10)
        miner2.step(dt_s, field.k11)
        self._heat(dt_s, flow3, flow4, flow5, to_w2, to_dhw)
        miner1.t_chip_degc = self.oil.t_body1_degc
        miner2.t_chip_degc = self.oil.t_body2_degc
        self._sense(dt_s)
        self._t_ns += round(dt_s * 1e9)
        self.t_s = self._t_ns / 1e9  # sums of 0.1 would miss the end of an hour by a step

    def _slow(self, dt_s: float) -> None:
        """Weather, demand, taps, heat pump, electricity: what does not move within a second."""
        self._slow_due_s += dt_s
        local = self.local_s
        sky = self.sky = self.weather.at(local)
        self.building.step(dt_s, sky.t_out_degc, self.buffer.t_degc[0])
        self.dhw.tap(dt_s, int(local % 86_400.0) // 60)
        self.heat_pump.step(
            dt_s,
            self.field.hp_contact,
            sky.t_out_degc,
            self.building.t_out_mean_degc,
            self.buffer.t_degc[1],
            self.dhw.t_degc,
            sky.humidity_pct,
        )
        load = household_w(self.defaults, local) + self.heat_pump.power_w + self.plant_power_w()
        self.electricity.step(dt_s, sky.sun_w_per_m2, load)

    def _heat(self, dt: float, flow3: float, flow4: float, flow5: float, to_w2: float, to_dhw: float) -> None:
        """The heat network: all flows from one instant, then every store moves."""
        d = self.defaults
        oil, water, buffer, dhw, cooler = self.oil, self.water, self.buffer, self.dhw, self.cooler
        kg = flow4 * d.p4_kg_per_s
        c4 = kg * CP
        t_charge = water.t_charge_degc
        q_w1 = self.w1.heat_w(flow3 * d.oil_flow_w_per_k, oil.t_oil_degc, c4, water.t_return_degc)
        c_w2 = c4 * to_w2
        q_w2 = self.w2.heat_w(c_w2, t_charge, cooler.flow(flow5), cooler.t_glycol_degc)
        kg_a = kg * (1.0 - to_w2)
        kg_buffer = kg_a * (1.0 - to_dhw)
        c_dhw = kg_a * to_dhw * CP
        q_coil = dhw.coil_w(c_dhw, t_charge)
        t_back = t_charge
        if c4 > 0.0:
            heat_back = c_w2 * t_charge - q_w2 + c_dhw * t_charge - q_coil
            t_back = (heat_back + kg_buffer * CP * buffer.t_degc[-1]) / c4
            if c_w2 > 0.0:
                self.t_w2_out_degc = t_charge - q_w2 / c_w2
        load = self.building
        q_load = load.flow_kg_per_s * CP * (buffer.t_degc[0] - load.t_return_degc)
        p1, p2 = self.miners[0].power_w, self.miners[1].power_w
        hp, room = self.heat_pump, d.room_degc
        oil.step(dt, p1, p2, flow3, q_w1, room)
        water.step(dt, c4, q_w1, t_back, room)
        buffer.step(dt, kg_buffer, t_charge, load.flow_kg_per_s, load.t_return_degc, hp.q_buffer_w, room)
        dhw.step(dt, q_coil, hp.q_dhw_w, room)
        cooler.step(dt, self.field.fan, q_w2, self.sky.t_out_degc)
        self.q_w1_w, self.q_w2_w, self.q_coil_w, self.q_load_w = q_w1, q_w2, q_coil, q_load
        book = self.book
        book.miners += (p1 + p2) * dt
        book.hp_buffer += hp.q_buffer_w * dt
        book.hp_dhw += hp.q_dhw_w * dt
        book.load += q_load * dt
        book.draw += dhw.draw_w * dt
        book.losses += (oil.loss_w + water.loss_w + buffer.loss_w + dhw.loss_w) * dt
        book.dumped += cooler.q_air_w * dt

    def _sense(self, dt: float) -> None:
        oil, top, charge, bottom, glycol, outdoor = self._sensor_bank
        buffer = self.buffer.t_degc
        oil.step(dt, self.oil.t_oil_degc)
        top.step(dt, buffer[0])
        charge.step(dt, self.water.t_charge_degc)
        bottom.step(dt, buffer[-1])
        glycol.step(dt, self.cooler.t_glycol_degc)
        outdoor.step(dt, self.sky.t_out_degc)

    def plant_power_w(self) -> float:
        """Miners, pumps and fan."""
        d = self.defaults
        power = self.miners[0].power_w + self.miners[1].power_w + d.fan_w * self.cooler.fan
        power += d.p3_w * self.p3.flow
        for pump in (self.p4, self.p5):
            if pump.flow > 0.0:
                power += d.p4_min_w + (d.p4_max_w - d.p4_min_w) * pump.flow
        return power

    def stored_j(self) -> float:
        """Heat in all stores above 0 degC."""
        return fsum(
            (
                self.oil.stored_j,
                self.water.stored_j,
                self.buffer.stored_j,
                self.cooler.stored_j,
                self.dhw.stored_j,
            )
        )

    def residual(self) -> float:
        """Energy residual since the world began."""
        return self.book.residual(self.stored_j())
