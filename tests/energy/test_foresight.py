"""Perfect foresight is a bound: its relay is the real one, its optimum the optimum, nobody gets below it."""

from __future__ import annotations

import functools
import itertools
import random
from typing import Any

import pytest

from plc.blocks.block_relay import BlockRelay
from plc.blocks.core import Tick, ns
from plc.energy.plan_problem import STEP_H, Level, Quarter
from plc.energy.quarter_hour import Flows, settle
from tests.energy.problems import USUAL
from tools.bench_parts.economics import own, series
from tools.bench_parts.economics.house import House, Site
from tools.bench_parts.economics.worlds import WORLDS

np = pytest.importorskip("numpy")

from tools.bench_parts.economics import fast_plan, foresight, perfect  # noqa: E402 - needs numpy
from tools.bench_parts.economics.perfect import RELAY, follows  # noqa: E402 - needs numpy

QUARTER_NS = ns(900)


def relay_of_the_house(**changes: Any) -> BlockRelay:
    return BlockRelay(free_min_s=1800.0, boot_lock_s=0.0, **changes)


@pytest.mark.parametrize(("eager", "granted_at_least"), [(0.3, 500), (0.7, 1200), (0.97, 1800)])
def test_the_phases_are_the_times_of_the_real_relay(eager: float, granted_at_least: int) -> None:
    """Blocks up to three quarters of an hour, without the budgets of the day: what the relay grants is what
    the phases offer, wish by wish."""
    draw = random.Random(7)
    relay = relay_of_the_house(max_s_per_day=86_400.0, max_blocks_per_day=10_000)
    relay.step(Tick(0, ns(1800)), request=False)
    phase = granted = length = 0
    for n in range(4000):
        wish = draw.random() < eager and length < 3
        _, held = RELAY[phase]
        blocked = relay.step(Tick((n + 3) * QUARTER_NS, QUARTER_NS), request=wish)
        assert blocked is (wish and held is not None)
        phase = follows(RELAY, phase, block=blocked)
        length = length + 1 if blocked else 0
        granted += blocked
    assert granted > granted_at_least


def test_whatever_the_real_relay_grants_the_phases_offer() -> None:
    """Long blocks too, with all budgets: foresight is never refused what the relay would give."""
    draw = random.Random(11)
    relay = relay_of_the_house()
    phase = 0
    wish = False
    for n in range(4000):
        wish = wish if draw.random() < 0.8 else not wish
        _, held = RELAY[phase]
        blocked = relay.step(Tick(n * QUARTER_NS, QUARTER_NS), request=wish)
        assert held is not None or not blocked
        phase = follows(RELAY, phase, block=blocked)


LEVELS = (Level(0.0, 0.0, 0), Level(1.2, 0.06, 1), Level(4.4, 0.19, 2))
LONE = USUAL._replace(s_min_kwh=0.0, s_max_kwh=0.0, battery_kw=0.0, block_eur=0.0, e_max_kwh=20.0)


def hours(seed: int, count: int) -> tuple[Quarter, ...]:
    """Cold quarter hours in which a block carries, with prices that make it worth it now and then."""
    draw = random.Random(seed)
    return tuple(
        Quarter(draw.choice([0.0, 4.0]), 0.5, draw.uniform(1.0, 4.0), 3.0, 11.0, 10.0, 5.0,
                draw.random() < 0.9, draw.uniform(0.05, 0.6), 0.05)
        for _ in range(count)
    )  # fmt: skip


def tried(quarters: tuple[Quarter, ...], e: float, *, price: float = 0.0, most: int = 9) -> float:
    """The least cost of all sequences of powers and blocks that the real relay grants; most: blocks."""
    best = float("inf")
    flows = Flows()
    for powers in itertools.product(LEVELS, repeat=len(quarters)):
        for blocks in itertools.product((False, True), repeat=len(quarters)):
            relay = relay_of_the_house(max_blocks_per_day=most)
            relay.step(Tick(0, ns(1800)), request=False)
            heat, cost, running, held = e, 0.0, 0, False
            for n, (q, level, block) in enumerate(zip(quarters, powers, blocks, strict=True)):
                granted = relay.step(Tick((n + 3) * QUARTER_NS, QUARTER_NS), request=block)
                f = settle(LONE, q, heat, 0.0, level.power_kw, block, flows)
                if granted is not block or f.held is not block:
                    break
                cost += f.cost - level.eur_per_h * STEP_H + max(0, level.miners - running) * LONE.start_eur
                cost += price * (block and not held)
                heat, running, held = f.e1, level.miners, block
            else:
                best = min(best, cost - 0.1 * min(heat, 12.0))
    return best


def solved(quarters: tuple[Quarter, ...], e: float, *, price: float) -> float:
    """The same by dynamic programming, on a grid of ten watt-hours."""
    heat, charge = np.linspace(0.0, LONE.e_max_kwh, 2001), np.array([0.0])
    solver = fast_plan.Solver(LONE, LEVELS, heat, charge, RELAY)
    values = fast_plan.end(solver, np.array([0.1]), np.array([12.0]), np.array([0.0]))
    for t in range(len(quarters) - 1, -1, -1):
        values = solver.back(fast_plan.Batch.of([quarters]), t, values, np.array([price]))
    return float(values[0, 0, round(e / 0.01), 0, 0])


@pytest.mark.parametrize("price", [0.0, 0.02])
@pytest.mark.parametrize("e", [8.0, 10.0, 12.0])
def test_the_optimum_is_that_of_trying_everything(e: float, price: float) -> None:
    for seed in range(2):
        quarters = hours(seed, 4)
        assert solved(quarters, e, price=price) == pytest.approx(tried(quarters, e, price=price), abs=3e-4)


def test_a_price_with_its_refund_is_a_bound_on_what_a_budget_allows() -> None:
    """One block is allowed, and two would pay: whatever a block costs, who gets the price of one back pays no
    more than the best with one. With a good price both are nearly the same."""
    quarters = tuple(
        Quarter(0.0, 0.5, 3.0, 3.0, 11.0, 10.0, 5.0, True, price, 0.05) for price in (0.5, 0.1, 0.1, 0.4, 0.1)
    )
    ruled, free = tried(quarters, 10.0, most=1), solved(quarters, 10.0, price=0.0)
    assert free < ruled - 0.02
    bounds = [solved(quarters, 10.0, price=cents / 100.0) - cents / 100.0 for cents in range(0, 40, 2)]
    assert max(bounds) <= ruled + 3e-4
    assert max(bounds) > ruled - 0.01


DAYS = 2


@functools.cache
def site(first: int = 20) -> Site:
    """Winter days on which more blocks than six would pay."""
    year = series.synthetic(1)
    part = series.Series(
        *(getattr(year, n)[96 * first : 96 * (first + DAYS)] for n in series.Series.__slots__)
    )
    return Site(next(w for w in WORLDS if w.name == "dyn-3.5-35"), part)


def cost(house: House) -> float:
    return house.books.total_eur + house.closing()


def test_nobody_with_the_real_relay_gets_below_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rules of ours, among them foresight through the relay. The tolerance is that of the grid, and of
    two days at whose end the stores count as they are."""
    monkeypatch.setattr(perfect, "TAIL", 96)
    monkeypatch.setattr(perfect, "CHARGE_LEVELS", 7)
    prices = perfect.block_prices(site())
    assert min(prices) > 0.0
    found = perfect.perfect(site(), prices)
    plans = foresight.Rolling(site(), noise=None)
    houses = [own.none(site()), own.engine(site()), own.engine(site(), plans=plans), found.ruled]
    assert found.bound_eur <= min(map(cost, houses)) + 0.02
    assert found.ruled.books.blocks <= perfect.BLOCKS_PER_DAY * DAYS
    assert all(house.books.unmet_kwh == 0.0 for house in houses)


def test_prices_that_no_block_is_worth_give_six_a_day_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loose bound, but a bound."""
    monkeypatch.setattr(perfect, "TAIL", 96)
    found = perfect.perfect(site(), [1.0] * DAYS, miners=False)
    assert found.best.books.blocks == 0
    assert found.budget_eur == pytest.approx(-6.0 * DAYS)
    assert found.bound_eur < cost(own.none(site()))
