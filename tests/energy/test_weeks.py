"""The weeks in detail: what is compared with what."""

from __future__ import annotations

from math import fsum

import pytest

from tools.bench_parts.economics.house import Site
from tools.bench_parts.economics.series import Series, synthetic
from tools.bench_parts.economics.worlds import WORLDS

pytest.importorskip("numpy")

from tools.bench_parts.economics import twin_weeks
from tools.bench_parts.economics.runner import YEAR_SEED
from tools.bench_parts.economics.twin_weeks import Week

WORLD = next(w for w in WORLDS if w.name == "dyn-3.5-35")


@pytest.fixture(scope="module")
def year() -> Series:
    return synthetic(YEAR_SEED)


def days(year: Series, first: int, count: int) -> Site:
    piece = range(96 * first, 96 * (first + count))
    return Site(WORLD, Series(*([getattr(year, name)[t] for t in piece] for name in Series.__slots__)))


@pytest.fixture(scope="module")
def site(year: Series) -> Site:
    return days(year, 80, 2)


def test_the_house_without_miners_has_the_demand_of_the_series_and_no_pump_of_ours(site: Site) -> None:
    loop = twin_weeks.loop_of(site, None)
    for _ in range(30):
        loop.step(10.0)
    model = loop.rig.model
    assert not loop.image.p3_on
    assert model.plant_power_w() == 0.0
    assert model.building.demand_w == pytest.approx(site.quarters[0].demand_kw * 1000.0, rel=1e-3)
    assert model.electricity.load_w == pytest.approx(
        site.series.load_kw[0] * 1000.0 + model.heat_pump.power_w, rel=0.01
    )


def test_hot_water_of_the_series_is_that_of_the_virtual_tank(site: Site) -> None:
    kw = twin_weeks.hot_water(site)
    assert fsum(kw) / 4.0 / 2.0 == pytest.approx((5.845 + 1.5) / 2.6, rel=0.3)
    assert 0 < sum(value > 0.0 for value in kw) < 30


def test_heat_left_over_is_worth_something_only_where_somebody_will_want_it(year: Series, site: Site) -> None:
    july = days(year, 190, 2)
    assert twin_weeks.closing(site, 5.0, 0.0) == pytest.approx(0.5)
    assert twin_weeks.closing(july, 5.0, 0.0) == 0.0
    assert twin_weeks.closing(july, 0.0, 2.0) == pytest.approx(0.54)


def test_the_table_names_every_week_and_the_deviation_is_a_share_of_the_bill() -> None:
    season = {
        "none": {"twin": Week(eur=39.0), "model": Week(eur=40.0, clouds_eur=0.35)},
        "plan, perfect": {"twin": Week(eur=37.0, starts=14), "model": Week(eur=36.0, starts=10)},
    }
    assert twin_weeks.deviation(season, "none") == pytest.approx(0.025)
    lines = twin_weeks.table({"spring": season}).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "| spring | none | model | 40.00 |" in lines[3]
    assert "0.35" in lines[3]
