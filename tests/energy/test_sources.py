"""Whose kilowatt-hour is it? The sources in the inverter's own order, and what must not be used."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.energy.cost import FORBIDDEN, House, Source, between, forbidden, stack, unforbidden
from plc.energy.marginal import Heat, by_policy
from plc.energy.parameters import Battery, Economics, Policy, Tariff
from plc.energy.quarter_hour import exchanged, feeds_miners
from tests.energy.house import ECONOMICS, economics, slices
from tests.energy.problems import USUAL, winter_day

SUNNY = House(10_000.0, 1000.0, 60.0, known=True)


def order(house: House, e: Economics = ECONOMICS, **prices: float) -> list[tuple[str, float, float]]:
    return [(str(s.source), s.power_w, s.eur_per_kwh) for s in slices(house, e, **prices)][:-1]


@pytest.mark.parametrize(
    ("house", "expected"),
    [
        (SUNNY, [("export", 4000, 0.078), ("charging", 5000, 0.243), ("battery", 5000, 0.27),
                 ("grid", 20000, 0.30)]),
        (SUNNY._replace(soc_pct=95.0), [("export", 4000, 0.078), ("charging", 5000, 0.078),
                                        ("battery", 5000, 0.27), ("grid", 20000, 0.30)]),
        (SUNNY._replace(soc_pct=100.0), [("export", 9000, 0.078), ("battery", 5000, 0.27),
                                         ("grid", 20000, 0.30)]),
        (SUNNY._replace(soc_pct=30.0), [("export", 4000, 0.078), ("charging", 5000, 0.243),
                                        ("battery", 5000, FORBIDDEN), ("grid", 20000, 0.30)]),
        (SUNNY._replace(soc_pct=None), [("export", 4000, 0.078), ("charging", 5000, 0.243),
                                        ("grid", 20000, 0.30)]),
        (House(0.0, 2000.0, 60.0, known=True), [("battery", 3000, 0.27), ("grid", 20000, 0.30)]),
        (House(0.0, 7000.0, 60.0, known=True), [("grid", 18000, 0.30)]),
        (House(0.0, 2000.0, 10.0, known=True), [("grid", 18000, 0.30)]),
        (House(9000.0, 0.0, 60.0, known=False), [("grid", 20000, 0.30)]),
    ],
    ids=["sun", "nearly full", "full", "below reserve", "soc unknown", "evening",
         "more than the battery gives", "empty", "unknown house"],
)  # fmt: skip
def test_sources_stand_in_the_inverters_order(house: House, expected: list[tuple[str, float, float]]) -> None:
    assert order(house) == [(name, power, pytest.approx(price)) for name, power, price in expected]


def test_an_unknown_charge_is_never_cheaper_than_a_known_one() -> None:
    """What is left over may go into the battery, and what is bought may come out of it: neither is export."""
    for house in (SUNNY, House(0.0, 2000.0, None, known=True)):
        dear = between(slices(house._replace(soc_pct=None), import_eur=0.05), 0.0, 9000.0)[0]
        for soc_pct in (50.0, 95.0, 100.0):
            known = between(slices(house._replace(soc_pct=soc_pct), import_eur=0.05), 0.0, 9000.0)[0]
            assert dear >= known - 1e-12
    none = economics(battery={"present": False})
    assert order(SUNNY._replace(soc_pct=None), none)[0] == ("export", 9000.0, 0.078)


def test_what_would_be_curtailed_costs_nothing() -> None:
    capped = economics(tariff={"feed_in_cap_w": 2500.0})
    assert order(SUNNY, capped)[:2] == [("curtailed", 1500.0, 0.0), ("export", 2500.0, 0.078)]
    zero = economics(tariff={"feed_in_cap_w": 0.0})
    assert order(SUNNY, zero)[0] == ("curtailed", 4000.0, 0.0)


def test_nothing_may_be_drawn_over_the_grid_limit() -> None:
    tight = economics(tariff={"grid_limit_w": 5000.0})
    dark = House(0.0, 4000.0, None, known=True)
    assert order(dark, tight) == [("grid", 1000.0, 0.30)]
    price, source = between(slices(dark, tight), 0.0, 1200.0)
    assert price > 1.0
    assert source is Source.OVER_LIMIT


def test_the_books_show_a_real_price_where_the_rule_sees_a_forbidden_one() -> None:
    low = SUNNY._replace(soc_pct=30.0)
    real = unforbidden(slices(low), import_eur_per_kwh=0.30, stored_eur_per_kwh=0.27)
    assert [s.eur_per_kwh for s in real] == [0.078, pytest.approx(0.243), 0.27, 0.30, 0.30]


@pytest.mark.parametrize(
    ("policy", "use", "wanted"),
    [
        (Policy.SURPLUS, 1.0, {"curtailed", "export"}),
        (Policy.HEAT_FIRST, 1.0, {"export", "charging", "grid"}),
        (Policy.HEAT_FIRST, 0.0, set()),
        (Policy.ALWAYS, 0.0, {"export", "charging", "grid"}),
        (Policy.OFF, 1.0, set()),
    ],
)
def test_a_policy_changes_the_price_and_never_a_limit(policy: Policy, use: float, wanted: set[str]) -> None:
    low = slices(SUNNY._replace(soc_pct=30.0))
    seen = by_policy(policy, low, Heat(use=use))
    assert {str(s.source) for s in seen if s.eur_per_kwh < 0.0} == wanted & {str(s.source) for s in seen}
    assert all(s.eur_per_kwh == FORBIDDEN for s in seen if s.source in (Source.BATTERY, Source.OVER_LIMIT))


@given(
    pv=st.floats(0, 20_000), load=st.floats(0, 20_000), soc=st.none() | st.floats(0, 100),
    known=st.booleans(), low=st.floats(0, 6000), width=st.floats(1, 6000),
)  # fmt: skip
def test_a_mean_price_lies_between_the_cheapest_and_the_dearest_source(
    pv: float, load: float, soc: float | None, known: bool, low: float, width: float
) -> None:
    parts = slices(House(pv, load, soc, known))
    assert all(s.power_w > 0.0 for s in parts)
    price, _ = between(parts, low, low + width)
    prices = [s.eur_per_kwh for s in parts]
    assert min(prices) - 1e-6 <= price <= max(prices) * (1 + 1e-9)


def test_the_plan_and_the_rule_know_the_same_reserve() -> None:
    """Whatever the house does: what the plan does not allow is what the sources forbid, and nothing else."""
    draw = random.Random(5)
    seen = {True: 0, False: 0}
    for _ in range(2000):
        pv_kw, load_kw = draw.choice([0.0, draw.uniform(0.0, 12.0)]), draw.uniform(0.1, 9.0)
        soc_pct, miners_kw = draw.uniform(5.0, 100.0), draw.choice([0.0, draw.uniform(1.2, 6.4)])
        battery = Battery()
        house = House(pv_kw * 1000.0, load_kw * 1000.0, soc_pct, known=True)
        slices = stack(house, Tariff(grid_limit_w=50_000.0), battery, import_eur_per_kwh=0.3,
                       feed_in_eur_per_kwh=0.08, stored_eur_per_kwh=0.2,
                       reserve_pct=battery.reserve_pct(winter=True))  # fmt: skip
        refused = miners_kw > 0.0 and forbidden(between(slices, 0.0, miners_kw * 1000.0)[0], miners_kw)
        quarter = winter_day(1, reserve_kwh=battery.reserve_kwh(winter=True)).quarters[0]
        charge = soc_pct / 100.0 * battery.capacity_kwh
        _, battery_kw, grid_kw, _ = exchanged(USUAL, quarter, charge, pv_kw - load_kw - miners_kw)
        assert feeds_miners(USUAL, quarter, charge, miners_kw, battery_kw, grid_kw) is refused
        seen[refused] += 1
    assert min(seen.values()) > 150
