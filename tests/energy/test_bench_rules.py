"""The benchmark itself: its house closes, its peers behave as described, its judgement is arithmetic."""

from __future__ import annotations

import functools

import pytest

from tools.bench_parts.economics import own, peers, runner, series
from tools.bench_parts.economics.house import Flows, House, Site, settle
from tools.bench_parts.economics.worlds import WORLDS

DAYS = 10


@functools.cache
def site(name: str = "dyn-3.5-35", first: int = 100) -> Site:
    """Ten spring days."""
    year = series.synthetic(1)
    part = series.Series(
        *(getattr(year, n)[96 * first : 96 * (first + DAYS)] for n in series.Series.__slots__)
    )
    return Site(next(w for w in WORLDS if w.name == name), part)


def test_the_synthetic_year_looks_like_a_year() -> None:
    facts = series.facts(series.synthetic(1))
    assert facts["pv_kwh"] == pytest.approx(11_960, rel=0.02)
    assert facts["load_kwh"] == pytest.approx(4000, rel=0.01)
    assert 8.0 < facts["outdoor_mean_degc"] < 10.5
    assert 800 < facts["hours_below_zero"] < 1400
    assert 7.5 < facts["spot_mean_ct"] < 10.0
    assert 440 < facts["negative_hours"] < 620
    assert facts["spot_at_own_sun_ct"] < facts["spot_mean_ct"] - 2.0


def test_clock_change_days_have_92_and_100_quarter_hours() -> None:
    year = series.synthetic(1)
    days: dict[int, int] = {}
    for unix_s, offset_s in zip(year.unix_s, year.offset_s, strict=True):
        day = (unix_s + offset_s) // 86_400
        days[day] = days.get(day, 0) + 1
    assert sorted(set(days.values())) == [92, 96, 100]
    assert len(days) == 365


def test_prices_are_known_as_the_exchange_announces_them() -> None:
    s = site()
    morning = next(t for t in range(96, 192) if s.series.hour[t] == 8.0)
    evening = next(t for t in range(96, 192) if s.series.hour[t] == 20.0)
    for t, hours in ((morning, 16.0), (evening, 28.0)):
        known = s.announced(t)
        assert known.at(s.series.unix_s[t]) is not None
        assert known.at(s.series.unix_s[t] + round(hours * 3600) - 900) is not None
        assert known.at(s.series.unix_s[t] + round(hours * 3600)) is None


@pytest.mark.parametrize("kw", [0.0, 1.2, 6.4])
@pytest.mark.parametrize("block", [False, True])
def test_energy_is_neither_made_nor_lost(kw: float, block: bool) -> None:
    s = site()
    p = s.plant
    e, charge = 10.0, 5.0
    for q in s.quarters[::7]:
        f = settle(p, q, e, charge, kw, block, Flows())
        made_kw = f.heat_pump * q.cop
        heat = e * (1 - p.loss) + (p.into_buffer * kw + made_kw - q.demand_kw) / 4.0 - f.dumped + f.unmet
        assert f.e1 == pytest.approx(heat, abs=1e-9)
        assert q.pv_kw - q.load_kw - f.electric + f.battery + f.grid == pytest.approx(0.0, abs=1e-9)
        stored = -f.battery * p.one_way if f.battery < 0 else -f.battery / p.one_way
        assert f.s1 == pytest.approx(charge + stored / 4.0, abs=1e-9)
        e, charge = f.e1, f.s1


def test_every_peer_runs_and_stays_inside_the_miners_range() -> None:
    s = site()
    for peer in peers.PEERS:
        for values in ({}, *peer.tuned):
            books = peers.run(s, peer, **values).books
            assert 0.0 <= books.miner_kwh <= 6.4 * 24 * DAYS, peer.name
            assert books.unmet_kwh == 0.0, peer.name


def test_the_priority_list_never_imports_for_the_miners() -> None:
    peer = next(p for p in peers.PEERS if p.name == "PM")
    books = peers.run(site("flat-7.8-35"), peer).books
    assert books.miner_kwh > 0.0
    assert books.from_grid_kwh < 0.05 * books.miner_kwh


def test_a_charge_point_takes_surplus_before_the_battery() -> None:
    first = next(p for p in peers.PEERS if p.name == "EV")
    last = next(p for p in peers.PEERS if p.name == "EV-batt")
    assert peers.run(site(), first).books.miner_kwh > peers.run(site(), last).books.miner_kwh


def test_the_slip_of_sign_starts_on_a_weekend_night_and_the_corrected_rule_does_not() -> None:
    night = peers.Seen(0, 0.0, 0.4, 0.4, 0.0, 60.0, 6.0, 40.0, 0.3, 0.078, 23.0, 5, 0.0, 0.0, 0.4, (0.0, 0.0))
    assert peers.solar_set(fixed=False)[0](night)
    assert not peers.solar_set(fixed=True)[0](night)


def test_the_engine_on_these_days_is_no_worse_than_nobody() -> None:
    s = site()
    nobody = own.none(s)
    base = nobody.books.total_eur + nobody.closing()
    house = own.engine(s)
    assert house.books.total_eur + house.closing() <= base + 0.2
    assert house.books.unmet_kwh == 0.0
    assert house.books.blocked_h <= 6.0 * (DAYS + 1)


def test_rules_that_do_not_count_lose_money() -> None:
    s = site("flat-7.8-35")
    nobody = own.none(s)
    base = nobody.books.total_eur + nobody.closing()
    for rule in (own.always, own.heat_demand):
        house: House = rule(s)
        assert house.books.total_eur + house.closing() > base + 10.0


def test_a_row_has_every_figure_of_the_report() -> None:
    found = runner.row(own.none(site()), 0.0)
    assert len(found["months_eur"]) == 12
    assert found["starts_per_miner"] == 0.0
