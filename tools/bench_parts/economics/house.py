"""The house of the benchmark: one quarter hour, the same for every rule, with its books.

The reduced model of `plc.energy.plan_problem` (one node of buffer, heat pump on its curve as a mean over the
quarter hour, battery by the inverter's rule), and what a plan leaves out: a miner's start costs wear and five
minutes of hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plc.energy.marginal import MinerOffer
from plc.energy.plan_problem import (
    START_LOST_H,
    STEP_H,
    Plant,
    Quarter,
    kwh_per_kelvin,
    plant_of,
    start_eur,
)
from plc.energy.plan_request import quarter
from plc.energy.quarter_hour import Flows, settle
from plc.energy.revenue import Curve, eur_per_th_hour
from plc.energy.tariff import SpotPrices, feed_in_price, import_price
from tools.bench_parts.economics.series import QUARTER_S, Series
from tools.bench_parts.economics.worlds import World

START_EUR = 0.03
"""Booked for every start of every rule, whatever the rule believes."""

BASE_DEGC = 30.0

WINTER_BELOW_DEGC = 12.0
"""Mean outside of a day: the season of the battery reserve."""


class Site:
    """A world on a year: quarters, plant, curve, prices."""

    def __init__(self, world: World, series: Series) -> None:
        self.world, self.series = world, series
        e, m = world.economics, world.model
        spot = SpotPrices(series.unix_s[0], tuple(series.spot))
        self.quarters: list[Quarter] = []
        for t in range(len(series)):
            unix_s = series.unix_s[t]
            dhw = series.dhw_kw[t] if e.heat.heat_pump else 0.0
            q = quarter(
                e,
                m,
                pv_kw=series.pv_kw[t],
                load_kw=series.load_kw[t] + dhw,
                outdoor_degc=series.outdoor_degc[t],
                mean_degc=series.mean_degc[t],
                import_eur=import_price(
                    e.tariff, spot, unix_s=unix_s, local_s=0, synchronised=True
                ).eur_per_kwh,
                feed_in_eur=feed_in_price(e.tariff, spot, unix_s=unix_s, synchronised=True).eur_per_kwh,
                winter=self.winter(t),
            )
            self.quarters.append(q._replace(may_block=q.may_block and dhw == 0.0))
        self.curve = Curve(e.mining.curve_w, e.mining.curve_ths)
        self.per_th_hour = eur_per_th_hour(e.mining, None, unix_s=0, synchronised=True)
        self.offers = (MinerOffer(self.curve, 1200.0, 3200.0),) * 2
        self.plant: Plant = plant_of(
            e,
            volume_l=m.volume_l,
            base_degc=m.base_degc,
            full_degc=m.full_mean_degc,
            ua_w_per_k=m.ua_w_per_k,
            recool=m.recool,
            start_eur=start_eur(e, self.offers, self.per_th_hour),
        )
        self._announced: dict[int, SpotPrices] = {}

    def winter(self, t: int) -> bool:
        """As the plant's season has it in quarter t."""
        return self.series.mean_degc[t] < WINTER_BELOW_DEGC

    def announced(self, t: int, history: int = 0) -> SpotPrices:
        """Spot prices known at t: until midnight, from 13:00 on until the next. history: quarters back."""
        s = self.series
        local = s.unix_s[t] + s.offset_s[t]
        day_end = (local // 86_400 + (2 if s.hour[t] >= 13.0 else 1)) * 86_400
        key = day_end * 2 + (history > 0)
        found = self._announced.get(key)
        if found is None:
            first = max(0, t - 96 - history)
            last = min(len(s), t + (day_end - local) // QUARTER_S)
            found = SpotPrices(s.unix_s[first], tuple(s.spot[first:last]))
            if len(self._announced) > 4:
                self._announced.clear()
            self._announced[key] = found
        return found


@dataclass(slots=True)
class Books:
    """Sums of a year; cost and mined per month for the plots."""

    cost_eur: list[float] = field(default_factory=lambda: [0.0] * 13)
    mined_eur: float = 0.0
    import_kwh: float = 0.0
    export_kwh: float = 0.0
    miner_kwh: float = 0.0
    from_pv_kwh: float = 0.0
    from_battery_kwh: float = 0.0
    from_grid_kwh: float = 0.0
    heat_used_kwh: float = 0.0
    dumped_kwh: float = 0.0
    unmet_kwh: float = 0.0
    starts: int = 0
    blocks: int = 0
    blocked_h: float = 0.0
    shell: int = 0
    chatter: int = 0
    over_limit: int = 0
    week: list[tuple[float, ...]] = field(default_factory=list)

    @property
    def total_eur(self) -> float:
        return sum(self.cost_eur)


class House:
    """Heat, charge and miners of one house through a year under one rule."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.plant = site.plant
        self.e = max(0.0, site.quarters[0].target_kwh)
        self.s = self.plant.s_min_kwh + 0.3 * (self.plant.s_max_kwh - self.plant.s_min_kwh)
        self.powers = (0.0, 0.0)
        self.books = Books()
        self._flows = Flows()
        self._seen = Flows()
        self.held = False
        self._earned: dict[float, float] = {}

    @property
    def mean_degc(self) -> float:
        """Of the whole buffer."""
        return BASE_DEGC + self.e / kwh_per_kelvin(self.site.world.model.volume_l)

    @property
    def top_degc(self) -> float:
        """What a sensor at the top of the buffer shows."""
        return self.mean_degc + self.site.world.model.full_degc - self.site.world.model.full_mean_degc

    def look(self, t: int, kw: float | None = None, *, block: bool = False) -> Flows:
        """What meters show while the miners still draw what they drew, or draw kw."""
        kw = self.powers[0] + self.powers[1] if kw is None else kw
        return settle(self.plant, self.site.quarters[t], self.e, self.s, kw, block, self._seen)

    def hour_eur(self, kw: float) -> float:
        """Revenue per hour of one miner at this power."""
        found = self._earned.get(kw)
        if found is None:
            found = self._earned[kw] = self.site.curve.ths(kw * 1000.0) * self.site.per_th_hour
        return found

    def go(self, t: int, powers: tuple[float, float], block: bool = False, earning: float = 1.0) -> Flows:
        """Books quarter t with these powers in kW. earning: share of the time that hashes are made."""
        q, b = self.site.quarters[t], self.books
        total = powers[0] + powers[1]
        f = settle(self.plant, q, self.e, self.s, total, block, self._flows)
        mined = (self.hour_eur(powers[0]) + self.hour_eur(powers[1])) * STEP_H * earning
        wear = self.site.world.economics.mining.wear_eur_per_kwh * total * STEP_H
        for now, before in zip(powers, self.powers, strict=True):
            if now > 0.0 and before <= 0.0:
                b.starts += 1
                wear += START_EUR
                mined -= self.hour_eur(now) * START_LOST_H
        b.cost_eur[self.site.series.month[t]] += f.cost + wear - mined
        b.mined_eur += mined
        b.import_kwh += max(f.grid, 0.0) * STEP_H
        b.export_kwh += max(-f.grid, 0.0) * STEP_H
        b.miner_kwh += total * STEP_H
        if total > 0.0:
            sun = min(total, max(0.0, q.pv_kw - q.load_kw - f.heat_pump))
            rest = total - sun
            battery = min(rest, max(f.battery, 0.0))
            b.from_pv_kwh += sun * STEP_H
            b.from_battery_kwh += battery * STEP_H
            b.from_grid_kwh += (rest - battery) * STEP_H
            b.heat_used_kwh += max(0.0, self.plant.into_buffer * total * STEP_H - f.dumped)
        b.dumped_kwh += f.dumped
        b.unmet_kwh += f.unmet
        b.over_limit += f.grid > self.plant.limit_kw
        b.blocks += f.held and not self.held
        b.blocked_h += STEP_H if f.held else 0.0
        self.held = f.held
        self.powers = powers
        self.e, self.s = f.e1, f.s1
        return f

    def closing(self) -> float:
        """Value of what is left in the stores against the begin, so that an empty end is no gain."""
        q = self.site.quarters
        per_heat = self.plant.boiler_eur if self.plant.boiler_eur is not None else 0.30 / 3.0
        began_e = max(0.0, q[0].target_kwh)
        began_s = self.plant.s_min_kwh + 0.3 * (self.plant.s_max_kwh - self.plant.s_min_kwh)
        return (began_e - self.e) * per_heat + (began_s - self.s) * 0.27
