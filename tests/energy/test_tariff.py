"""Prices of a moment: fixed, windows, quarter hours; clock changes; what is not known is never cheap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.energy.parameters import FeedInKind, ImportKind, Tariff, Window
from plc.energy.tariff import (
    QUARTER_S,
    SpotPrices,
    cheapest_hour,
    dearest_import,
    expected_import,
    feed_in_price,
    import_price,
)

BERLIN = ZoneInfo("Europe/Berlin")
DYNAMIC = Tariff(kind=ImportKind.DYNAMIC)
NIGHT = Window(22.0, 6.0, 0.20)
NOON = Window(12.0, 15.0, 0.25)
WINDOWS = Tariff(kind=ImportKind.WINDOWS, windows=(NIGHT, NOON))
NOW = 1_750_000_500 - 1_750_000_500 % QUARTER_S


def spot(*prices: float, start: int = NOW) -> SpotPrices:
    return SpotPrices(start, prices)


@pytest.mark.parametrize(
    ("hour", "expected", "source"),
    [
        (21.99, 0.30, "fixed"), (22.0, 0.20, "window"), (23.9, 0.20, "window"), (0.0, 0.20, "window"),
        (5.99, 0.20, "window"), (6.0, 0.30, "fixed"), (12.0, 0.25, "window"), (15.0, 0.30, "fixed"),
    ],
)  # fmt: skip
def test_windows_begin_and_end_on_local_time_and_wrap_over_midnight(
    hour: float, expected: float, source: str
) -> None:
    price = import_price(WINDOWS, SpotPrices(), unix_s=0, local_s=round(hour * 3600), synchronised=True)
    assert (price.eur_per_kwh, price.source, price.known) == (expected, source, True)


def test_windows_without_a_clock_cost_the_dearest() -> None:
    dear = Tariff(kind=ImportKind.WINDOWS, windows=(NIGHT, Window(17.0, 20.0, 0.45)))
    price = import_price(dear, SpotPrices(), unix_s=0, local_s=0, synchronised=False)
    assert (price.eur_per_kwh, price.known) == (0.45, False)


def test_dynamic_price_is_gross_with_fees() -> None:
    price = import_price(DYNAMIC, spot(0.05), unix_s=NOW, local_s=0, synchronised=True)
    assert price.eur_per_kwh == pytest.approx((0.05 + 0.1555) * 1.19)


@pytest.mark.parametrize(
    ("prices", "at", "synchronised"),
    [
        (spot(), NOW, True),
        (spot(-0.5), NOW + QUARTER_S, True),
        (spot(-0.5), NOW - 1, True),
        (spot(-0.5), NOW, False),
    ],
    ids=["no data", "after the last", "before the first", "no clock"],
)  # fmt: skip
def test_an_unknown_price_is_the_fixed_price_and_never_zero(
    prices: SpotPrices, at: int, synchronised: bool
) -> None:
    price = import_price(DYNAMIC, prices, unix_s=at, local_s=0, synchronised=synchronised)
    assert (price.eur_per_kwh, price.source, price.known) == (0.30, "fallback", False)
    sold = feed_in_price(Tariff(feed_in=FeedInKind.MARKET), prices, unix_s=at, synchronised=synchronised)
    assert (sold.eur_per_kwh, sold.known) == (0.078, False)


@pytest.mark.parametrize(
    ("kind", "zero", "net", "expected"),
    [
        (FeedInKind.FIXED, True, 0.05, 0.078),
        (FeedInKind.FIXED, True, 0.0, 0.078),
        (FeedInKind.FIXED, True, -0.001, 0.0),
        (FeedInKind.FIXED, False, -0.001, 0.078),
        (FeedInKind.MARKET, True, 0.05, 0.05),
        (FeedInKind.MARKET, True, -0.05, 0.0),
        (FeedInKind.NONE, True, 0.05, 0.0),
    ],
)
def test_feed_in(kind: FeedInKind, zero: bool, net: float, expected: float) -> None:
    tariff = Tariff(feed_in=kind, zero_at_negative_spot=zero)
    assert feed_in_price(tariff, spot(net), unix_s=NOW, synchronised=True).eur_per_kwh == expected


def test_a_negative_spot_price_is_not_a_negative_price_at_the_meter() -> None:
    price = import_price(DYNAMIC, spot(-0.10), unix_s=NOW, local_s=0, synchronised=True)
    assert price.eur_per_kwh > 0.05


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(datetime(2026, 3, 29), 92), (datetime(2026, 10, 25), 100), (datetime(2026, 7, 1), 96)],
    ids=["spring", "autumn", "usual"],
)
def test_a_clock_change_day_has_92_or_100_quarter_hours_each_with_its_own_price(
    day: datetime, quarters: int
) -> None:
    begin = day.replace(tzinfo=BERLIN).astimezone(UTC)
    end = (day + timedelta(days=1)).replace(tzinfo=BERLIN).astimezone(UTC)
    start = round(begin.timestamp())
    delivered = SpotPrices(start, tuple(0.001 * n for n in range(quarters)))
    assert round(end.timestamp()) - start == quarters * QUARTER_S
    seen = [delivered.at(start + n * QUARTER_S + 899) for n in range(quarters)]
    assert seen == list(delivered.eur_per_kwh)
    assert delivered.at(round(end.timestamp())) is None
    # The local hour that happens twice, or never, does not move a price.
    two = datetime(day.year, day.month, day.day, 2, 30, tzinfo=BERLIN)
    index = (round(two.timestamp()) - start) // QUARTER_S
    assert delivered.at(round(two.timestamp())) == pytest.approx(0.001 * index)


def test_windows_follow_the_local_clock_through_a_clock_change() -> None:
    for utc, offset, expected in (
        (datetime(2026, 3, 29, 3, 59, tzinfo=UTC), 7200, 0.20),  # 05:59 summer time
        (datetime(2026, 3, 29, 4, 0, tzinfo=UTC), 7200, 0.30),
        (datetime(2026, 10, 25, 4, 59, tzinfo=UTC), 3600, 0.20),  # 05:59 winter time
        (datetime(2026, 10, 25, 5, 0, tzinfo=UTC), 3600, 0.30),
    ):
        unix = round(utc.timestamp())
        local = (unix + offset) % 86400
        price = import_price(WINDOWS, SpotPrices(), unix_s=unix, local_s=local, synchronised=True)
        assert price.eur_per_kwh == expected


def test_a_stored_kwh_is_worth_what_will_be_bought() -> None:
    known = spot(*([0.0] * 24 + [0.2] * 24))
    assert expected_import(Tariff(), known, unix_s=NOW, synchronised=True) == 0.30
    assert expected_import(WINDOWS, known, unix_s=NOW, synchronised=True) == 0.30
    mean = (0.1 + 0.1555) * 1.19
    assert expected_import(DYNAMIC, known, unix_s=NOW, synchronised=True) == pytest.approx(mean)
    assert expected_import(DYNAMIC, spot(), unix_s=NOW, synchronised=True) == 0.30
    assert dearest_import(DYNAMIC, known, unix_s=NOW, synchronised=True) == pytest.approx(0.3555 * 1.19)
    assert dearest_import(DYNAMIC, spot(0.0), unix_s=NOW, synchronised=True) == 0.30


def test_the_cheapest_hour_needs_every_price_on_the_way() -> None:
    prices = [0.2] * 8 + [0.0] * 4 + [0.2] * 8

    def found(series: list[float]) -> float | None:
        return cheapest_hour(DYNAMIC, spot(*series), unix_s=NOW, local_s=0, synchronised=True, hours=3.0)

    assert found(prices) == pytest.approx(0.1555 * 1.19)
    assert found(prices[:15]) is None


@given(st.lists(st.floats(-0.5, 4.0), max_size=300), st.integers(-10, 400))
def test_no_lookup_ever_leaves_the_delivered_range(prices: list[float], quarter: int) -> None:
    series = SpotPrices(NOW, tuple(prices))
    at = series.at(NOW + quarter * QUARTER_S)
    assert at == (prices[quarter] if 0 <= quarter < len(prices) else None)
    ahead = series.ahead(NOW + quarter * QUARTER_S, 8)
    assert ahead == (tuple(prices[quarter : quarter + 8]) if quarter >= 0 else ())
