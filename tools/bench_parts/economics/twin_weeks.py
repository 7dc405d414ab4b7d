"""A winter, a spring and a summer week of the benchmark in full detail: the real plant in the virtual house.

    tools/bench economics --weeks dyn-3.5-35

The quarter-hour model leaves out what a house does between two quarter hours: clouds, the boot of a miner,
its oil, minimum times and ramps, the layers of the buffer, a heat pump that cycles. Here the whole `Plant`
decides with the engine in it, once a second, against the twin's physics, with the sun, load, weather and
prices of the benchmark's year and the same plans; then the same week is run in the quarter-hour model from
the same state. Compared are money, energy and starts, for the rule with its plan and for a house without
miners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import fsum, sqrt
from typing import Any

from plc.energy.plan_problem import STEP_H, kwh_per_kelvin
from plc.energy.plan_values import PlanValues
from plc.energy.quarter_hour import Flows, clouds_eur
from plc.energy.tariff import SpotPrices
from plc.plant.interface import MarketInputs, PlantInputs, PlantOutputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from tools.bench_parts.economics import foresight, own
from tools.bench_parts.economics.house import BASE_DEGC, START_EUR, House, Site
from tools.bench_parts.economics.runner import YEAR_SEED
from tools.bench_parts.economics.series import QUARTER_S, Series, synthetic
from tools.bench_parts.economics.worlds import WORLDS, World
from tools.twin import scenarios
from tools.twin.closed_loop import ClosedLoop
from tools.twin.pace import Pace
from tools.twin.physics.building import Building
from tools.twin.physics.pv_battery import PERFORMANCE, Electricity, household_w
from tools.twin.physics.weather import Sky, SyntheticYear
from tools.twin.plant_model import PlantModel

DAY, WEEK_DAYS = 96, 7
WEEKS = {"winter": 20, "spring": 80, "summer": 190}
"""First day of each week in the year."""

TAIL_DAYS = 2
HOT_WATER_STEP_S = 10.0
SAME_WITHIN = 0.15
"""The money of a week may differ by this share of what the house without miners pays in it."""


@dataclass(slots=True)
class Week:
    """The books of one week; eur: bill, wear and starts less mining. clouds_eur: what of it the quarter-hour
    model owes to the clouds within its quarter hours; the twin has them anyway.
    """

    eur: float = 0.0
    import_kwh: float = 0.0
    export_kwh: float = 0.0
    miner_kwh: float = 0.0
    heat_pump_kwh: float = 0.0
    pumps_kwh: float = 0.0
    clouds_eur: float = 0.0
    starts: float = 0.0
    blocks: float = 0.0
    blocked_h: float = 0.0


class SameSky:
    """The weather of the series with the twin's clouds in it: every quarter hour has the series' energy."""

    def __init__(self, series: Series, kwp: float) -> None:
        self._series, self._kwp = series, kwp
        self._year = SyntheticYear(YEAR_SEED)
        self._scale: tuple[int, float] = (-1, 0.0)

    def index(self, local_s: float) -> int:
        """The quarter hour of a local time (no clock change within the series)."""
        s = self._series
        place = int((local_s - s.offset_s[0] - s.unix_s[0]) // QUARTER_S)
        return min(max(place, 0), len(s) - 1)

    def at(self, local_s: float) -> Sky:
        """The sky at that instant."""
        s, t = self._series, self.index(local_s)
        solar_s = local_s - s.offset_s[0] + 3600.0
        sky = self._year.at(solar_s)
        sun = sky.sun_w_per_m2 * self._of_quarter(t) if sky.sun_w_per_m2 > 0.0 else 0.0
        return Sky(s.outdoor_degc[t], sun, sky.humidity_pct)

    def swing_kw(self, t: int) -> float:
        """Standard deviation of the solar power within a quarter hour."""
        samples = self._samples(t)
        mean = fsum(samples) / len(samples)
        if mean <= 0.0:
            return 0.0
        square = fsum((value - mean) * (value - mean) for value in samples) / len(samples)
        return sqrt(square) / mean * self._series.pv_kw[t]

    def _samples(self, t: int) -> list[float]:
        begin = self._series.unix_s[t] + 3600.0
        return [self._year.at(begin + 25.0 + 50.0 * n).sun_w_per_m2 for n in range(18)]

    def _of_quarter(self, t: int) -> float:
        if self._scale[0] != t:
            samples = self._samples(t)
            meant = self._series.pv_kw[t] * 1000.0 / (self._kwp * PERFORMANCE)
            mean = fsum(samples) / len(samples)
            self._scale = (t, meant / mean if mean > 0.0 else 0.0)
        return self._scale[1]


class SameLoad(Electricity):
    """The inverter's bus with the household of the series in place of the twin's profile."""

    __slots__ = ("_model", "_series", "_sky")

    def __init__(self, model: PlantModel, series: Series, sky: SameSky, soc: float) -> None:
        super().__init__(model.defaults, soc)
        self._model, self._series, self._sky = model, series, sky

    def step(self, dt_s: float, sun_w_per_m2: float, load_w: float) -> None:
        local = self._model.local_s
        ours = self._series.load_kw[self._sky.index(local)] * 1000.0
        super().step(dt_s, sun_w_per_m2, load_w - household_w(self._model.defaults, local) + ours)


class SameDemand(Building):
    """The building with the daily mean of the series: how a mean is taken is no question here."""

    __slots__ = ("_model", "_series", "_sky")

    def __init__(self, model: PlantModel, series: Series, sky: SameSky) -> None:
        super().__init__(model.defaults, series.mean_degc[0])
        self._model, self._series, self._sky = model, series, sky

    def step(self, dt_s: float, t_out: float, t_top: float) -> None:
        self.t_out_mean_degc = self._series.mean_degc[self._sky.index(self._model.local_s)]
        super().step(dt_s, t_out, t_top)


class Informed:
    """The plant with what a market would have told it: prices as announced, and the plan of the moment."""

    def __init__(self, plant: Plant, site: Site, plans: foresight.Rolling | None) -> None:
        self._plant, self._site, self._plans = plant, site, plans
        self._market: tuple[int, MarketInputs] = (-1, MarketInputs())

    def step(self, inputs: PlantInputs, tick: Any) -> PlantOutputs:
        t = (inputs.wall.unix_s - self._site.series.unix_s[0]) // QUARTER_S
        if t != self._market[0]:
            e = self._site.world.economics
            priced = e.tariff.kind == "dynamic" or e.tariff.zero_at_negative_spot
            spot = self._site.announced(t) if priced else SpotPrices()
            plan: PlanValues | None = None if self._plans is None else self._plans(t, moments=2)
            self._market = (t, MarketInputs(spot=spot, plan=plan))
        return self._plant.step(replace(inputs, market=self._market[1]), tick)


def loop_of(site: Site, plans: foresight.Rolling | None) -> ClosedLoop:
    """The virtual house at the begin of the site's series. Without plans the key is off, nothing runs.

    The safety chain is the split one; as drawn, P3 would have to run all year.
    """
    s, world = site.series, site.world
    ours = plans is not None
    p = Parameters()
    p = replace(
        p,
        economics=world.economics,
        request=replace(p.request, automatic=ours),
        hp_block=replace(p.hp_block, permitted=ours, by_value=ours and world.model.by_value),
        cooler=replace(p.cooler, economic=world.model.recool),
    )
    sky = SameSky(s, scenarios.get("year").defaults.pv_kwp)
    scenario = replace(
        scenarios.get("year"),
        start=datetime.fromtimestamp(s.unix_s[0] + s.offset_s[0], UTC),
        duration_s=len(s) * QUARTER_S,
        weather=lambda: sky,
        request_w=0.0,
        flow_latches=False,
        key="auto" if ours else "off",
    )
    loop = ClosedLoop(p, scenario)
    model = loop.rig.model
    model.building = SameDemand(model, s, sky)
    model.electricity = SameLoad(model, s, sky, scenario.initial.soc)
    loop.plant = Informed(loop.plant, site, plans)  # type: ignore[assignment, arg-type]
    return loop


def in_detail(site: Site, plans: foresight.Rolling | None) -> tuple[Week, float, float]:
    """(the week, heat and charge at its begin) of the virtual house, after a day to settle."""
    loop, pace = loop_of(site, plans), Pace()
    model = loop.rig.model
    meter = Meter(site, model)
    begin_s, end_s = DAY * QUARTER_S, (1 + WEEK_DAYS) * DAY * QUARTER_S
    heat = charge = 0.0
    while loop.t_s < end_s - 1e-6:
        if loop.t_s >= begin_s and not meter.runs:
            meter.runs = True
            heat, charge = stored(site, model)
        dt_s = min(pace.next_s(loop), end_s - loop.t_s)
        loop.step(dt_s)
        meter.step(dt_s, min(int(loop.t_s // QUARTER_S), len(site.quarters) - 1), blocked=loop.image.hp_block)
    left_heat, left_charge = stored(site, model)
    meter.week.eur += closing(site, heat - left_heat, charge - left_charge)
    return meter.week, heat, charge


def stored(site: Site, model: PlantModel) -> tuple[float, float]:
    """Heat and charge of the virtual house in the words of the quarter-hour model."""
    per_k = kwh_per_kelvin(site.world.model.volume_l)
    heat = (fsum(model.buffer.t_degc) / len(model.buffer.t_degc) - BASE_DEGC) * per_k
    return min(max(heat, 0.0), site.plant.e_max_kwh), model.electricity.soc * site.plant.s_max_kwh


def closing(site: Site, less_heat: float, less_charge: float) -> float:
    """What was taken out of the stores over the week, at what it costs to put it back; heat that nobody will
    want costs nothing."""
    per_heat = site.plant.boiler_eur if site.plant.boiler_eur is not None else 0.30 / 3.0
    wanted = any(q.demand_kw > 0.0 for q in site.quarters[-TAIL_DAYS * DAY :])
    return less_heat * per_heat * wanted + less_charge * 0.27


class Meter:
    """Adds up a week of the virtual house at the prices of the quarter-hour model."""

    def __init__(self, site: Site, model: PlantModel) -> None:
        self._site, self._model = site, model
        self._hashing = [False, False]
        self._blocked = False
        self.week = Week()
        self.runs = False

    def step(self, dt_s: float, t: int, *, blocked: bool) -> None:
        model, site, w, hours = self._model, self._site, self.week, dt_s / 3600.0
        hashing = [miner.hashrate_ths > 0.0 for miner in model.miners]
        begun = sum(now and not before for now, before in zip(hashing, self._hashing, strict=True))
        self._hashing = hashing
        starts_block, self._blocked = blocked and not self._blocked, blocked
        if not self.runs:
            return
        q, grid_kw = site.quarters[t], model.electricity.grid_w / 1000.0
        w.eur += grid_kw * hours * (q.import_eur if grid_kw > 0.0 else q.feed_in_eur)
        w.eur += max(0.0, model.electricity.battery_w) / 1000.0 * hours * site.plant.battery_wear_eur
        w.eur += begun * START_EUR
        for miner, earns in zip(model.miners, hashing, strict=True):
            kwh = miner.power_w / 1000.0 * hours
            w.miner_kwh += kwh
            w.eur += kwh * site.world.economics.mining.wear_eur_per_kwh
            w.eur -= site.curve.ths(miner.power_w) * site.per_th_hour * hours if earns else 0.0
        heat_kwh = model.heat_pump.q_buffer_w / 1000.0 * hours
        w.heat_pump_kwh += model.heat_pump.power_w / 1000.0 * hours
        w.pumps_kwh += (model.plant_power_w() - fsum(m.power_w for m in model.miners)) / 1000.0 * hours
        if site.plant.boiler_eur is not None:  # the twin has a heat pump; a boiler makes the same heat
            w.eur += heat_kwh * site.plant.boiler_eur
        w.import_kwh += max(0.0, grid_kw) * hours
        w.export_kwh += max(0.0, -grid_kw) * hours
        w.starts += begun
        w.blocks += starts_block
        w.blocked_h += blocked * hours


def in_quarters(site: Site, plans: foresight.Rolling | None, heat: float, charge: float) -> Week:
    """The same week in the quarter-hour model, from the same state."""
    house = House(site)
    house.e, house.s = heat, charge
    span = range(DAY, (1 + WEEK_DAYS) * DAY)
    sky = SameSky(site.series, scenarios.get("year").defaults.pv_kwp)
    pumped: list[float] = []
    clouds: list[float] = []

    def seen(f: Flows) -> None:
        t = span[len(pumped)]
        pumped.append(f.heat_pump)
        clouds.append(clouds_eur(site.plant, site.quarters[t], f.electric, f.s1, sky.swing_kw(t)))

    if plans is None:
        for t in span:
            seen(house.go(t, (0.0, 0.0)))
    else:
        own.engine(site, plans=plans, house=house, span=span, seen=seen)
    b = house.books
    dhw_kwh = fsum(site.series.dhw_kw[t] for t in span) * STEP_H
    return Week(
        b.total_eur + closing(site, heat - house.e, charge - house.s) + fsum(clouds),
        b.import_kwh, b.export_kwh, b.miner_kwh,
        fsum(pumped) * STEP_H + dhw_kwh, 0.0, fsum(clouds), b.starts, b.blocks, b.blocked_h,
    )  # fmt: skip


def week_site(world: World, series: Series, first_day: int) -> Site:
    """A day before, the week, and what a plan sees beyond it; hot water as the virtual house makes it."""
    begin, end = (first_day - 1) * DAY, (first_day + WEEK_DAYS + TAIL_DAYS) * DAY
    piece = Series(*(getattr(series, name)[begin:end] for name in Series.__slots__))
    return Site(world, replace(piece, dhw_kw=hot_water(Site(world, piece))))


def hot_water(site: Site) -> list[float]:
    """Electric power for hot water in each quarter hour, of the virtual house without a controller."""
    model = loop_of(site, None).rig.model
    kwh = [0.0] * len(site.series)
    while (t := int(model.t_s // QUARTER_S)) < len(kwh):
        model.step(HOT_WATER_STEP_S)
        if model.heat_pump.dhw:
            kwh[t] += model.heat_pump.power_w / 1000.0 * HOT_WATER_STEP_S / 3600.0
    return [value / STEP_H for value in kwh]


def compare(name: str) -> dict[str, Any]:
    """All weeks of a world: {season: {rule: {"twin": week, "model": week}}}."""
    world = next(w for w in WORLDS if w.name == name)
    series = synthetic(YEAR_SEED)
    found: dict[str, Any] = {}
    for season, first_day in WEEKS.items():
        site = week_site(world, series, first_day)
        plans = foresight.Rolling(site, noise=None)
        found[season] = {}
        for rule, used in (("none", None), ("plan, perfect", plans)):
            twin, heat, charge = in_detail(site, used)
            found[season][rule] = {"twin": twin, "model": in_quarters(site, used, heat, charge)}
    return found


def deviation(season: dict[str, Any], rule: str) -> float:
    """Difference in money between twin and model, as a share of the bill without miners."""
    bill = max(abs(season["none"]["model"].eur), 5.0)
    return abs(season[rule]["twin"].eur - season[rule]["model"].eur) / bill


def table(found: dict[str, Any]) -> str:
    """Twin and quarter-hour model beside each other, as Markdown."""
    columns = (
        "eur",
        "import_kwh",
        "export_kwh",
        "miner_kwh",
        "heat_pump_kwh",
        "pumps_kwh",
        "clouds_eur",
        "starts",
        "blocks",
        "blocked_h",
    )
    titles = (
        "EUR",
        "import kWh",
        "export kWh",
        "miners kWh",
        "heat pump kWh",
        "pumps and fan kWh",
        "of it clouds EUR",
        "starts",
        "blocks",
        "blocked h",
    )
    lines = ["| Week | Rule | | " + " | ".join(titles) + " |", "|---|---|---|" + "---:|" * len(columns)]
    for season, rules in found.items():
        for rule, both in rules.items():
            for where, week in both.items():
                digits = [f"{getattr(week, c):.{2 if c.endswith('eur') else 0}f}" for c in columns]
                lines.append(f"| {season} | {rule} | {where} | " + " | ".join(digits) + " |")
    return "\n".join(lines)
