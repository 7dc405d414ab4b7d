"""The planner as a part of the running program: what it is asked, and where its plan goes.

Observes quarter-hour means of sun, load and outdoor temperature in the hand-over of the scan, puts the
question together in the planner's own thread, and hands the plan to the scan as one more input. With the
automatic request switched off nobody would use a plan, so no planner runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import fsum

from plc.blocks.core import Reading, Tick
from plc.energy.forecast import Forecast, Forecaster, replaced
from plc.energy.marginal import MinerOffer
from plc.energy.plan_problem import kwh_per_kelvin
from plc.energy.plan_request import HeatModel, problem
from plc.energy.revenue import curve_of, eur_per_th_hour
from plc.energy.tariff import QUARTER_S
from plc.exchange import Exchange
from plc.field.planner import Clock, Planner, Question
from plc.link.commands import Forecast as Received
from plc.plant.interface import PlantInputs, PlantOutputs, WallTime
from plc.plant.parameters import Parameters
from plc.plant.season import Season
from plc.site import Site

HORIZON_QUARTERS = 192
"""Two days: past the end of tomorrow's prices whatever the hour, as far as a weather forecast is worth it."""


def planner_services(
    site: Site, clock: Clock, exchange: Exchange, in_force: Callable[[], Parameters]
) -> list[Planner]:
    """The planner of a site that decides by itself, or may be told to while it runs; else nothing.

    in_force: the parameters of the running plant. A planner that has nothing to ask starts no process.
    """
    mqtt = site.section("devices.mqtt")
    if not (site.parameters.request.automatic or (mqtt is not None and mqtt.remote_parameters)):
        return []
    questions = Questions(site.parameters, exchange)
    exchange.join(questions)

    def present() -> Question | None:
        parameters = in_force()
        if not parameters.request.automatic:
            return None
        questions.use(parameters)
        return questions.present()

    planner = Planner(clock, present, exchange.plan.put)
    exchange.health["optimiser_ok"] = lambda: planner.ok() if in_force().request.automatic else None
    return [planner]


def heat_model(p: Parameters) -> HeatModel:
    """The plant's own parameters in the words of the plan: each number stands in one place only."""
    buffer, block = p.buffer, p.hp_block
    return HeatModel(
        load_w_per_k=p.house.load_w_per_k,
        heating_limit_degc=p.house.heating_limit_degc,
        curve_base_degc=buffer.curve_base_degc,
        curve_slope=buffer.curve_slope,
        curve_min_degc=buffer.curve_min_degc,
        curve_max_degc=buffer.curve_max_degc,
        release_offset_k=block.release_offset_k,
        outdoor_min_degc=block.outdoor_min_degc,
        volume_l=buffer.volume_l,
        full_degc=buffer.full_degc,
        full_bottom_degc=buffer.full_bottom_degc,
        capacity_w=p.house.hp_capacity_w,
        by_value=block.permitted and block.by_value,
        recool=p.cooler.economic,
    )


def _utc_offset(wall: WallTime) -> Callable[[int], int]:
    """Local time minus UTC at a moment near now: the plant's own offset, and what this machine's time zone
    changes about it until then."""
    shift_s = wall.utc_offset_s - time.localtime(wall.unix_s).tm_gmtoff
    return lambda unix_s: time.localtime(unix_s).tm_gmtoff + shift_s


class Questions:
    """Learns in the scan, asks in the planner's thread; a lock that the scan never waits for is between."""

    def __init__(self, parameters: Parameters, exchange: Exchange) -> None:
        self._p, self._exchange = parameters, exchange
        self._model = heat_model(parameters)
        house = parameters.house
        self._forecaster = Forecaster(pv_peak_kw=house.pv_peak_kw, load_kwh_per_year=house.load_kwh_per_year)
        self._lock = threading.Lock()
        self._means = _QuarterMeans()

    def use(self, parameters: Parameters) -> None:
        """Asks with these from now on; what was learned about the house stays. In the planner's thread."""
        if parameters is not self._p:
            self._p, self._model = parameters, heat_model(parameters)

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Adds to the means of this quarter hour; a finished one is learned unless the planner is reading."""
        del tick
        done = self._means.add(inputs, outputs)
        if done is not None and self._lock.acquire(blocking=False):
            try:
                self._learn(done)
            finally:
                self._lock.release()

    def restarted(self, now_ns: int, cause: str) -> None:
        """The house has not changed: what was learned stays."""

    def present(self) -> Question | None:
        """The question of now, None without a clock: a plan is nothing but a calendar of prices."""
        last = self._exchange.last.latest
        if last is None or not last.inputs.wall.synchronised:
            return None
        wall, market = last.inputs.wall, self._exchange.market.latest
        with self._lock:
            own = self._forecaster.forecast(wall.unix_s, HORIZON_QUARTERS, utc_offset_s=wall.utc_offset_s)
        economics = self._p.economics
        outdoor = dict(last.outputs.status.values).get("outdoor_mean_degc")
        asked = problem(
            economics,
            self._model,
            replaced(own, received(own, market.forecasts)),
            market.spot,
            self._miners(last.inputs),
            eur_per_th_hour=eur_per_th_hour(
                economics.mining, market.hash_price, unix_s=wall.unix_s, synchronised=True
            ),
            mean_degc=fsum(own.outdoor_degc[:96]) / 96.0 if outdoor is None else outdoor,
            utc_offset_s=_utc_offset(wall),
            winter=last.outputs.status.season == Season.WINTER.value,
        )
        return Question(asked, wall.unix_s, self._model.base_degc, kwh_per_kelvin(self._model.volume_l))

    def _miners(self, inputs: PlantInputs) -> tuple[MinerOffer, ...]:
        p, mining = self._p.miners, self._p.economics.mining
        offers = (
            MinerOffer(
                curve_of(mining, miner.curve_w, miner.curve_ths),
                max(p.power_min_w, _value(miner.power_min_w, p.power_min_w)),
                min(p.power_max_w, _value(miner.power_max_w, p.power_max_w)),
            )
            for miner in inputs.miners
        )
        return tuple(sorted(offers, key=_hashes_per_joule, reverse=True))  # the best one is planned first

    def _learn(self, done: _Quarter) -> None:
        self._forecaster.observe(
            done.unix_s,
            utc_offset_s=done.utc_offset_s,
            pv_kw=done.pv_kw,
            load_kw=self._household_kw(done),
            outdoor_degc=done.outdoor_degc,
        )

    def _household_kw(self, done: _Quarter) -> float | None:
        """Load without miners and without the heat pump's space heating, which the plan adds itself.

        No meter of the site measures the heat pump alone; what it takes follows from the balance of the
        buffer. Where that cannot be drawn up the quarter hour teaches nothing: a load with a heat pump in
        it would be planned for twice.
        """
        load_kw, demand_kw = done.load_kw, done.demand_kw
        if load_kw is None or not self._p.economics.heat.heat_pump or demand_kw == 0.0:
            return load_kw
        if demand_kw is None or done.outdoor_degc is None or done.warmer_k is None:
            return None
        made_kw = demand_kw + done.warmer_k * kwh_per_kelvin(self._model.volume_l) / (QUARTER_S / 3600.0)
        made_kw -= self._p.economics.heat.into_buffer * (done.into_buffer_kw or 0.0)
        takes_kw = self._model.takes_kw(self._p.economics, made_kw, done.outdoor_degc)
        return max(0.0, load_kw - takes_kw)


INTO_BUFFER_STATES = ("RAMP", "HEAT_BUFFER")
"""States of the sequence in which the miners' heat is meant for the buffer."""

PV, LOAD, OUTDOOR, DEMAND, INTO_BUFFER = range(5)
"""Places in a sample."""


class _Quarter:
    """Sums of one quarter hour; a mean of less than half of it is none. warmer_k: what the buffer gained."""

    __slots__ = ("_counts", "_first_degc", "_last_degc", "_sums", "unix_s", "utc_offset_s")

    LEAST = QUARTER_S // 2

    def __init__(self, unix_s: int, utc_offset_s: int) -> None:
        self.unix_s, self.utc_offset_s = unix_s, utc_offset_s
        self._sums, self._counts = [0.0] * 5, [0] * 5
        self._first_degc: tuple[int, float] | None = None  # seconds into the quarter hour, mean of the buffer
        self._last_degc = (0, 0.0)

    def add(self, second: int, values: tuple[float | None, ...], buffer_degc: float | None) -> None:
        for index, value in enumerate(values):
            if value is not None:
                self._sums[index] += value
                self._counts[index] += 1
        if buffer_degc is not None:
            self._last_degc = (second, buffer_degc)
            self._first_degc = self._first_degc or self._last_degc

    def _mean(self, index: int) -> float | None:
        return self._sums[index] / self._counts[index] if self._counts[index] >= self.LEAST else None

    @property
    def pv_kw(self) -> float | None:
        return self._mean(PV)

    @property
    def load_kw(self) -> float | None:
        return self._mean(LOAD)

    @property
    def outdoor_degc(self) -> float | None:
        return self._mean(OUTDOOR)

    @property
    def demand_kw(self) -> float | None:
        return self._mean(DEMAND)

    @property
    def into_buffer_kw(self) -> float | None:
        return self._mean(INTO_BUFFER)

    @property
    def warmer_k(self) -> float | None:
        """From its first to its last second; None when less than half of it was seen."""
        if self._first_degc is None:
            return None
        (begin, before), (end, after) = self._first_degc, self._last_degc
        return (after - before) * QUARTER_S / (end - begin) if end - begin >= self.LEAST else None


class _QuarterMeans:
    """One sample a second of calendar time."""

    __slots__ = ("_at_s", "_quarter")

    def __init__(self) -> None:
        self._at_s = -1
        self._quarter: _Quarter | None = None

    def add(self, inputs: PlantInputs, outputs: PlantOutputs) -> _Quarter | None:
        """Takes one scan; returns the quarter hour that has just ended."""
        wall = inputs.wall
        if not wall.synchronised or wall.unix_s == self._at_s:
            return None
        self._at_s = wall.unix_s
        begin = wall.unix_s - wall.unix_s % QUARTER_S
        done = None
        if self._quarter is None or self._quarter.unix_s != begin:
            done, self._quarter = self._quarter, _Quarter(begin, wall.utc_offset_s)
        image = inputs.image
        top, bottom = image.t_buffer_top_degc.usable, image.t_buffer_bottom_degc.usable
        mean = None if top is None or bottom is None else (top + bottom) / 2.0
        self._quarter.add(wall.unix_s - begin, _sample(inputs, outputs), mean)
        return done


def _sample(inputs: PlantInputs, outputs: PlantOutputs) -> tuple[float | None, ...]:
    """(solar, load without miners, outdoor, heat that the house takes, miners that heat the buffer) in
    kW and degC; what is not trusted is None."""
    energy = inputs.energy
    pv = energy.pv_w.usable
    load = energy.load_w.usable
    mined_w = 0.0
    for miner in inputs.miners:
        power_w = miner.power_metered_w.usable
        if power_w is None:
            power_w = miner.power_estimated_w.usable
        mined_w += power_w or 0.0
    demand_w = dict(outputs.status.values).get("load_w")
    return (
        None if pv is None else pv / 1000.0,
        None if load is None else max(0.0, load - mined_w) / 1000.0,
        inputs.image.t_outdoor_degc.usable,
        None if demand_w is None else demand_w / 1000.0,
        mined_w / 1000.0 if outputs.status.state in INTO_BUFFER_STATES else 0.0,
    )


def received(own: Forecast, given: tuple[Received, ...]) -> Forecast | None:
    """Forecasts that came over MQTT, on the clock of our own: theirs where they have values, else ours."""
    if not given:
        return None
    series = {"pv_w": list(own.pv_kw), "load_w": list(own.load_kw), "outdoor_degc": list(own.outdoor_degc)}
    for forecast in given:
        row = series.get(forecast.kind)
        if row is None:
            continue
        scale = 1.0 if forecast.kind == "outdoor_degc" else 0.001
        shift = (own.first_unix_s - forecast.start_unix_s) // QUARTER_S
        for index in range(len(row)):
            if 0 <= index + shift < len(forecast.values):
                row[index] = forecast.values[index + shift] * scale
    return Forecast(
        own.first_unix_s, tuple(series["pv_w"]), tuple(series["load_w"]), tuple(series["outdoor_degc"])
    )


def _hashes_per_joule(miner: MinerOffer) -> float:
    """TH/s per W at its lowest level; equal ones keep their order."""
    return 0.0 if miner.curve is None else miner.curve.ths(miner.lowest_w) / miner.lowest_w


def _value(reading: Reading, otherwise: float) -> float:
    return otherwise if reading.usable is None else reading.usable
