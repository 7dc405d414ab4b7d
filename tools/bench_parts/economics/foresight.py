"""Plans for the benchmark: perfect foresight over the whole year, and rolling plans as the controller makes.

PF-same has exactly our actuators: the miners' levels and the block of the heat pump; the battery follows the
inverter. The budgets of the block (six hours, six times a day, free time) are relaxed for it, start costs are
only seen one step ahead; both make it at most a little better, or worse, than a true bound.
"""

from __future__ import annotations

import math
import random

import numpy as np

from plc.blocks.block_relay import BlockRelay
from plc.blocks.core import Tick, ns
from plc.energy import plan
from plc.energy.plan_problem import STEP_H, Level, Quarter, end_values, kwh_per_kelvin, levels
from plc.energy.plan_request import quarter
from plc.energy.plan_values import Plane, PlanValues
from plc.energy.quarter_hour import Flows, settle
from plc.energy.revenue import levels_w
from tools.bench_parts.economics import fast_plan
from tools.bench_parts.economics.house import BASE_DEGC, House, Site
from tools.bench_parts.economics.series import QUARTER_S

PF_HEAT, PF_CHARGE = 40, 7
PIECE, TAIL = 730, 288
NOISY_HORIZON, NOISY_REPLAN = 120, 24
EXACT_HORIZON, EXACT_REPLAN = 192, 96
"""Quarter hours. A new plan every six hours, or every day where nothing new becomes known; the controller
makes one every quarter of an hour, with values for the hour after it."""

BATCH = 48


def pairs(site: Site, count: int) -> list[tuple[float, float]]:
    """Pairs of powers in kW out of `count` levels per miner, one per total: the one that earns most."""
    ladder = (0.0, *(w / 1000.0 for w in levels_w(1200.0, 3200.0, count)))
    best: dict[float, tuple[float, tuple[float, float]]] = {}
    for a in ladder:
        for b in ladder:
            if b > a:
                continue
            earned = site.curve.ths(a * 1000.0) + site.curve.ths(b * 1000.0)
            key = round(a + b, 3)
            if key not in best or earned > best[key][0]:
                best[key] = (earned, (a, b))
    return [best[key][1] for key in sorted(best)]


class Perfect:
    """PF-same, or with the block alone: values over the whole year, then the best action in every state.

    run(budgets=True): the block through the real relay with its limits; what it refuses is not available.
    """

    def __init__(self, site: Site, *, miners: bool = True) -> None:
        coarse = pairs(site, 3) if miners else [(0.0, 0.0)]
        self._fine = pairs(site, site.world.economics.choice.levels) if miners else coarse
        p = site.plant._replace(block_eur=0.0)  # nobody books it
        self._site = site
        self._heat = np.linspace(0.0, p.e_max_kwh, PF_HEAT, dtype=np.float32)
        self._charge = np.linspace(p.s_min_kwh, p.s_max_kwh, PF_CHARGE, dtype=np.float32)
        self._kept = _year(
            site, fast_plan.Solver(p, _actions(site, coarse), self._heat, self._charge, phases=1)
        )

    def run(self, *, budgets: bool = False) -> House:
        site = self._site
        house = House(site)
        actions = _actions(site, self._fine)
        relay = BlockRelay(free_min_s=1800.0, boot_lock_s=0.0)
        for t in range(len(site.quarters)):
            after = self._kept[t // PIECE, t % PIECE + 1]
            known = (site, house, t, self._fine, actions, after, self._heat, self._charge)
            powers, block = _best(*known)
            if budgets:
                f = settle(site.plant, site.quarters[t], house.e, house.s, sum(powers), block, Flows())
                tick = Tick((t + 1) * ns(900), ns(900))
                granted = relay.step(tick, request=block and f.held, release=not f.held)
                if block and not granted:
                    powers, block = _best(*known, may_block=False)
            house.go(t, powers, block)
        return house


def _actions(site: Site, choices: list[tuple[float, float]]) -> tuple[Level, ...]:
    """What the pairs draw and earn."""
    wear = site.world.economics.mining.wear_eur_per_kwh
    return tuple(
        Level(
            a + b,
            (site.curve.ths(a * 1e3) + site.curve.ths(b * 1e3)) * site.per_th_hour - wear * (a + b),
            (a > 0.0) + (b > 0.0),
        )
        for a, b in choices
    )


def _year(site: Site, solver: fast_plan.Solver) -> np.ndarray:
    """Cost to go at every quarter hour: [piece][t][miners that ran before][heat level][charge level].

    The year is cut into pieces that are solved beside each other; each looks TAIL beyond its end, longer
    than either store remembers.
    """
    heat, charge = solver.heat, solver.charge
    quarters = site.quarters
    pieces = -(-len(quarters) // PIECE)
    horizons = [
        tuple(quarters[min(piece * PIECE + k, len(quarters) - 1)] for k in range(PIECE + TAIL))
        for piece in range(pieces)
    ]
    batch = fast_plan.Batch.of(horizons, np.float32)
    one = np.ones(pieces, np.float32)
    values = fast_plan.end(
        heat, charge, 0.10 * one, site.plant.e_max_kwh / 2.0 * one, 0.20 * one, planes=solver.planes
    ).astype(np.float32)
    kept = np.empty((pieces, PIECE + 1, solver.planes, len(heat), len(charge)), dtype=np.float32)
    for k in range(PIECE + TAIL - 1, -1, -1):
        values = solver.back(batch, k, values)
        values -= values.max(axis=(1, 2, 3), keepdims=True)  # small numbers keep their digits
        if k <= PIECE:
            kept[:, k] = values
    return kept


def _best(
    site: Site,
    house: House,
    t: int,
    choices: list[tuple[float, float]],
    actions: tuple[Level, ...],
    after: np.ndarray,
    heat: np.ndarray,
    charge: np.ndarray,
    may_block: bool = True,
) -> tuple[tuple[float, float], bool]:
    q, p = site.quarters[t], site.plant
    step_e, step_s = float(heat[1]), float(charge[1] - charge[0])
    s0 = float(charge[0])
    rows = after.tolist()
    best = (math.inf, (0.0, 0.0), False)
    flows = Flows()
    before = (house.powers[0] > 0.0) + (house.powers[1] > 0.0)
    per_start = p.start_eur
    for (a, b), action in zip(choices, actions, strict=True):
        n = (a > 0.0) + (b > 0.0)
        table = rows[n]
        for block in (False, True) if may_block and q.may_block and q.target_kwh > 0.0 else (False,):
            f = settle(p, q, house.e, house.s, a + b, block, flows)
            i = min(int(f.e1 / step_e), len(table) - 2)
            x = f.e1 / step_e - i
            j = min(max(int((f.s1 - s0) / step_s), 0), len(charge) - 2)
            y = (f.s1 - s0) / step_s - j
            low = table[i][j] * (1.0 - y) + table[i][j + 1] * y
            high = table[i + 1][j] * (1.0 - y) + table[i + 1][j + 1] * y
            cost = f.cost - action.eur_per_h * STEP_H + low * (1.0 - x) + high * x
            cost += max(0, n - before) * per_start
            if cost < best[0] - 1e-9:
                best = (cost, (a, b), block)
    return best[1], best[2]


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
            solver = fast_plan.Solver(site.plant, acts, heat, charge, phases=phases)
            ends = [end_values(h, site.plant) for h in horizons]
            parts = (np.array([e[n] for e in ends], np.float32) for n in range(3))
            after = fast_plan.end(heat, charge, *parts, planes=solver.planes).astype(np.float32)
            kept = fast_plan.solve(solver, fast_plan.Batch.of(horizons, np.float32), after, self._every)
            for index in range(len(group)):
                self._values += [moment[index] for moment in kept[1:]]
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
