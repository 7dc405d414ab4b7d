"""Rolling plans for the benchmark, as the controller makes them: with the truth, or with errors that grow."""

from __future__ import annotations

import math
import random

import numpy as np

from plc.energy import plan
from plc.energy.plan_problem import Quarter, end_values, kwh_per_kelvin, levels
from plc.energy.plan_request import quarter
from plc.energy.plan_values import Plane, PlanValues
from tools.bench_parts.economics import fast_plan
from tools.bench_parts.economics.house import BASE_DEGC, Site
from tools.bench_parts.economics.series import QUARTER_S

NOISY_HORIZON, NOISY_REPLAN = 120, 24
EXACT_HORIZON, EXACT_REPLAN = 192, 96
"""Quarter hours. A new plan every six hours, or every day where nothing new becomes known; the controller
makes one every quarter of an hour, with values for the hour after it."""

BATCH = 48


class Rolling:
    """Plans as the controller makes them, one for every quarter hour: plans(t) -> PlanValues.

    noise None: everything is known for the horizon, so that it hardly matters when it was planned (every
    EXACT_REPLAN quarters). A seed: sun, load and temperature are wrong, more so with the hour, prices are
    known as the exchange announces them, and a new plan is made every NOISY_REPLAN quarters.
    """

    def __init__(self, site: Site, *, noise: int | None) -> None:
        self._site = site
        self._every = EXACT_REPLAN if noise is None else NOISY_REPLAN
        horizon = EXACT_HORIZON if noise is None else NOISY_HORIZON
        acts = levels(site.world.economics, site.offers, site.per_th_hour)
        self._grids = plan.grids(site.plant)
        heat, charge = (np.array(grid, np.float32) for grid in self._grids)
        self._values: list[np.ndarray] = []
        self._expected: list[Quarter] = []
        self._phases: list[int] = []
        draw = random.Random(noise)
        starts = list(range(0, len(site.quarters), self._every))
        for begin in range(0, len(starts), BATCH):
            group = starts[begin : begin + BATCH]
            horizons = [
                _known(site, t, horizon) if noise is None else _guessed(site, t, draw, horizon) for t in group
            ]
            phases = 2 if any(q.may_block for h in horizons for q in h) else 1
            ways = fast_plan.AT_WILL if phases == 2 else fast_plan.ALWAYS_FREE
            solver = fast_plan.Solver(site.plant, acts, heat, charge, ways)
            ends = [end_values(h, site.plant) for h in horizons]
            parts = (np.array([e[n] for e in ends], np.float32) for n in range(3))
            after = fast_plan.end(solver, *parts)
            kept = fast_plan.solve(solver, fast_plan.Batch.of(horizons, np.float32), after, self._every)
            moments = [fast_plan.planes(moment) for moment in kept[1:]]
            for index in range(len(group)):
                self._values += [moment[index] for moment in moments]
                self._expected += horizons[index][: self._every]
                self._phases += [phases] * self._every

    def __call__(self, t: int, *, moments: int = 1) -> PlanValues:
        """The plan that holds in quarter t, with the values at its end and at the ends of the next ones."""
        moments = min(moments, len(self._values) - t)
        model = self._site.world.model
        return PlanValues(
            made_unix_s=self._site.series.unix_s[t - t % self._every],
            first_unix_s=self._site.series.unix_s[t],
            base_degc=BASE_DEGC,
            kwh_per_k=kwh_per_kelvin(model.volume_l),
            plant=self._site.plant,
            phases=self._phases[t],
            heat_kwh=tuple(self._grids[0]),
            charge_kwh=tuple(self._grids[1]),
            quarters=tuple(self._expected[t : t + moments]),
            values=tuple(self._planes(t + n) for n in range(moments)),
        )

    def _planes(self, t: int) -> tuple[Plane, ...]:
        return tuple(tuple(map(tuple, plane)) for plane in self._values[t].tolist())


def _known(site: Site, t: int, horizon: int) -> tuple[Quarter, ...]:
    """The truth; after the end of the year its last day repeats."""
    quarters = site.quarters
    count = len(quarters)
    return tuple(quarters[_in_year(n, count)] for n in range(t, t + horizon))


def _in_year(n: int, count: int) -> int:
    """Beyond the last day the last day repeats."""
    return n if n < count else n - 96 * math.ceil((n - count + 1) / 96)


def _guessed(site: Site, t: int, draw: random.Random, horizon: int) -> tuple[Quarter, ...]:
    """The truth with errors that grow: sun by a third a day ahead, temperature 2 K, load a third and its
    bursts not at all; the present quarter hours are nearly right."""
    s, w = site.series, site.world
    count = len(site.quarters)
    spot = site.announced(t, history=96)
    sun = degc = load = 0.0
    guessed = []
    dhw_on = w.economics.heat.heat_pump
    ring = [s.mean_degc[t]] * 96
    total = math.fsum(ring)
    for ahead in range(horizon):
        n = _in_year(t + ahead, count)
        grows = min(1.0, 0.3 + ahead / 48.0)
        sun = 0.98 * sun + 0.2 * draw.gauss(0.0, 1.0)
        degc = 0.99 * degc + 0.14 * draw.gauss(0.0, 1.0)
        load = 0.9 * load + 0.44 * draw.gauss(0.0, 1.0)
        outdoor = s.outdoor_degc[n] + 2.0 * grows * degc
        total += outdoor - ring[ahead % 96]
        ring[ahead % 96] = outdoor
        usual = (s.load_kw[n] + s.load_kw[n - 96] + s.load_kw[n - 95] + s.load_kw[n - 97]) / 4.0
        dhw = s.dhw_kw[n] if dhw_on else 0.0
        bought, sold = _prices_at(site, spot, n)
        q = quarter(
            w.economics,
            w.model,
            pv_kw=max(0.0, s.pv_kw[n] * (1.0 + 0.35 * grows * sun)),
            load_kw=max(0.05, usual * (1.0 + 0.3 * load)) + dhw,
            outdoor_degc=outdoor,
            mean_degc=total / 96.0,
            import_eur=bought,
            feed_in_eur=sold,
            winter=site.winter(t),
        )
        guessed.append(q._replace(may_block=q.may_block and dhw == 0.0))
    return tuple(guessed)


def _prices_at(site: Site, spot: object, n: int) -> tuple[float, float]:
    """Announced prices, else those of the day before as far as known, as the controller does it."""
    q, s = site.quarters, site.series
    announced = spot.at  # type: ignore[attr-defined]
    for back in (0, 96, 192):
        if 0 <= n - back < len(q) and announced(s.unix_s[n] - back * QUARTER_S) is not None:
            return q[n - back].import_eur, q[n - back].feed_in_eur
    tariff = site.world.economics.tariff
    return tariff.import_eur_per_kwh, tariff.feed_in_eur_per_kwh
