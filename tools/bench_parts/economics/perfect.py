"""PF-same: the whole year known, with exactly our actuators, by dynamic programming.

The miners' levels and their starts, the block of the heat pump with the relay's own times; the battery
follows the inverter and keeps its reserve from the miners. That a day has six blocks is no state but a price.
Let every block cost something, and give the price of six back at the end of each day: whoever begins six a
day at most gets back at least what he pays, so the least cost under any prices lies below the least cost
within the budget (weak duality). It is a bound on what can be saved whatever the prices are; a second round
makes it tighter by charging the days on which the first began more. Relaxed are the six hours a day and the
windows of 24 hours that are no day.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from plc.blocks.block_relay import BlockRelay
from plc.blocks.core import Tick, ns
from plc.energy.plan_problem import STEP_H, Level
from plc.energy.quarter_hour import Flows, feeds_miners, settle
from plc.energy.revenue import levels_w
from tools.bench_parts.economics import fast_plan
from tools.bench_parts.economics.fast_plan import ALWAYS_FREE, Array, Batch, Solver, Ways
from tools.bench_parts.economics.house import House, Site

HEAT_LEVELS, CHARGE_LEVELS = 60, 13
PIECE, TAIL, GROUP = 1024, 288, 4
"""Quarter hours of a piece of the year, how far it looks beyond its end, and how many are solved at once."""

DAY, BLOCKS_PER_DAY = 96, 6
PRICE_EUR, MOST_EUR = 0.0004, 0.004
"""Of a block, for each that a day would begin above six, and at most. At these the twenty small blocks of a
winter day come down to about six; a price that is a little off only loosens the bound."""


MOST_HELD, LEAST_FREE = 3, 2
"""Quarter hours."""

FIRST_HELD = MOST_HELD
"""Phases: 0 free; 1, 2 free, and for as many quarter hours more; from here on held back for the first, the
second, the third or a later quarter hour."""


def _relay() -> tuple[Ways, ...]:
    ways: list[Ways] = [(0, FIRST_HELD), *((left - 1, None) for left in range(1, MOST_HELD))]
    for held in range(1, MOST_HELD + 1):
        ways.append((max(held, LEAST_FREE) - 1, FIRST_HELD + min(held, MOST_HELD - 1)))
    return tuple(ways)


RELAY = _relay()
"""The relay's shortest block and the free time after a block, which is as long as the block was and half an
hour at least: exact to the quarter hour for blocks up to three quarters of an hour. A longer one may go on as
it likes and is followed by three quarters of an hour. What the real relay grants is always offered."""


def follows(ways: tuple[Ways, ...], phase: int, *, block: bool) -> int:
    """The phase after this one. Where the year goes over from blocks to none, or back, it begins free."""
    free, held = ways[phase if phase < len(ways) else 0]
    return held if block and held is not None else free


@dataclass(slots=True)
class Found:
    """best: the house under the prices. budget_eur: what its blocks paid less what was given back; its cost
    plus this is the bound. ruled: by the same values through the real relay with all its budgets; what that
    refuses is not available."""

    best: House
    budget_eur: float
    ruled: House

    @property
    def bound_eur(self) -> float:
        return self.best.books.total_eur + self.best.closing() + self.budget_eur


def block_prices(site: Site) -> list[float]:
    """EUR for each block, per day, from what a house without miners would begin if blocks were free."""
    days = -(-len(site.quarters) // DAY)
    _, begun = Foresight(site, miners=False).run([0.0] * days, relay=None)
    return [min(MOST_EUR, PRICE_EUR * max(0, count - BLOCKS_PER_DAY)) for count in begun]


def perfect(site: Site, prices: list[float], *, miners: bool = True) -> Found:
    """PF-same, or with the block alone."""
    relay = BlockRelay(free_min_s=1800.0, boot_lock_s=0.0)
    return Foresight(site, miners=miners).run(prices, relay=relay)[0]


class Foresight:
    """Values of the whole year for given prices, then the best action in every state that is met."""

    def __init__(self, site: Site, *, miners: bool = True) -> None:
        coarse = pairs(site, 3) if miners else [(0.0, 0.0)]
        self._fine = pairs(site, site.world.economics.choice.levels) if miners else coarse
        self._levels, self._coarse = _levels(site, self._fine), _levels(site, coarse)
        self._site = site
        p = self._plant = site.plant._replace(block_eur=0.0)  # nobody books it
        self._heat = np.linspace(0.0, p.e_max_kwh, HEAT_LEVELS, dtype=np.float32)
        self._charge = np.linspace(p.s_min_kwh, p.s_max_kwh, CHARGE_LEVELS, dtype=np.float32)
        self._prices: list[float] = []

    def run(self, prices: list[float], *, relay: BlockRelay | None) -> tuple[Found, list[int]]:
        """What is found, and the blocks begun on each day. prices: EUR for a block, one per day. relay: for
        the ruled house; without one that is the same as the best."""
        self._prices = prices
        best, ruled = House(self._site), House(self._site)
        phase = ruled_phase = 0
        begun = [0] * len(prices)
        for t, values, ways in self._values():
            powers, block = self._act(best, t, values, ways, phase)
            phase = follows(ways, phase, block=block)
            begun[t // DAY] += block and phase == FIRST_HELD
            best.go(t, powers, block)
            if relay is None:
                continue
            powers, block = self._act(ruled, t, values, ways, ruled_phase)
            granted = relay.step(Tick((t + 1) * ns(900), ns(900)), request=block, release=not block)
            if block and not granted:
                powers, block = self._act(ruled, t, values, ways, ruled_phase, may_block=False)
            ruled_phase = follows(ways, ruled_phase, block=block)
            ruled.go(t, powers, block)
        paid = [price * (n - BLOCKS_PER_DAY) for price, n in zip(prices, begun, strict=True)]
        return Found(best, math.fsum(paid), best if relay is None else ruled), begun

    def _values(self) -> Iterator[tuple[int, Array, tuple[Ways, ...]]]:
        """(quarter, cost to go at its end, ways of the relay) through the year, some pieces at a time."""
        count = len(self._site.quarters)
        piece = min(PIECE, count)
        for begin in range(0, count, piece * GROUP):
            firsts = range(begin, min(begin + piece * GROUP, count), piece)
            ways, kept = self._solved(firsts, piece)
            for index, first in enumerate(firsts):
                for t in range(first, min(first + piece, count)):
                    yield t, kept[t - first + 1, index], ways

    def _solved(self, firsts: range, piece: int) -> tuple[tuple[Ways, ...], Array]:
        """Cost to go at every quarter hour of the pieces that begin at firsts: [t][piece][...]. Each looks
        TAIL beyond its end, longer than either store remembers."""
        last = len(self._site.quarters) - 1
        spans = [[min(first + k, last) for k in range(piece + TAIL)] for first in firsts]
        horizons = [tuple(self._site.quarters[t] for t in span) for span in spans]
        blocks = any(q.may_block for horizon in horizons for q in horizon)
        ways = RELAY if blocks else ALWAYS_FREE
        solver = Solver(self._plant, self._coarse, self._heat, self._charge, ways)
        batch = Batch.of(horizons, np.float32)
        begin_eur = np.array([[self._prices[t // DAY] for t in span] for span in spans], np.float32)
        one = np.ones(len(firsts), np.float32)
        up_to = self._plant.e_max_kwh / 2.0 * one
        values = fast_plan.end(solver, 0.10 * one, up_to, 0.20 * one)
        kept = np.empty((piece + 1, len(firsts), *solver.shape), dtype=np.float32)
        for k in range(piece + TAIL - 1, -1, -1):
            values = solver.back(batch, k, values, begin_eur[:, k])
            values -= values.max(axis=(1, 2, 3, 4), keepdims=True)  # small numbers keep their digits
            if k <= piece:
                kept[k] = values
        return ways, kept

    def _act(
        self,
        house: House,
        t: int,
        values: Array,
        ways: tuple[Ways, ...],
        phase: int,
        *,
        may_block: bool = True,
    ) -> tuple[tuple[float, float], bool]:
        """The best pair of powers, and whether the heat pump is held back."""
        q, p = self._site.quarters[t], self._plant
        best = (math.inf, (0.0, 0.0), False)
        flows = Flows()
        running = (house.powers[0] > 0.0) + (house.powers[1] > 0.0)
        free, held = ways[phase if phase < len(ways) else 0]
        tries = [(False, free, 0.0)]
        if may_block and held is not None and q.may_block and q.target_kwh > 0.0:
            tries.append((True, held, self._prices[t // DAY] if held == FIRST_HELD else 0.0))
        for block, after, price in tries:
            table = values[..., after].tolist()
            for pair, level in zip(self._fine, self._levels, strict=True):
                f = settle(p, q, house.e, house.s, level.power_kw, block, flows)
                if block and not f.held:
                    continue
                if feeds_miners(p, q, house.s, level.power_kw, f.battery, f.grid):
                    continue
                cost = price + f.cost - level.eur_per_h * STEP_H + self._at(table[level.miners], f.e1, f.s1)
                cost += max(0, level.miners - running) * p.start_eur
                if cost < best[0] - 1e-9:
                    best = (cost, pair, block)
        return best[1], best[2]

    def _at(self, table: list[list[float]], e: float, s: float) -> float:
        """Between the levels of [heat][charge]."""
        x = e / float(self._heat[1])
        i = min(int(x), len(table) - 2)
        y = (s - float(self._charge[0])) / float(self._charge[1] - self._charge[0])
        j = min(max(int(y), 0), len(table[0]) - 2)
        (a, b), (c, d) = table[i][j : j + 2], table[i + 1][j : j + 2]
        low, high = a + (y - j) * (b - a), c + (y - j) * (d - c)
        return low + (x - i) * (high - low)


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


def _levels(site: Site, choices: list[tuple[float, float]]) -> tuple[Level, ...]:
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
