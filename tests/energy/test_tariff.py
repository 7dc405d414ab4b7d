"""Prices of a moment: fixed, windows, quarter hours; clock changes; what is not known is never cheap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.energy.parameters import FeedInKind, FeeWindow, ImportKind, Tariff, Window
from plc.energy.tariff import (
    QUARTER_S,
    SpotPrices,
    cheapest_hour,
    dearest_import,
    expected_import,
    fee_added,
    feed_in_price,
    import_price,
    never,
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


OF_ALL_LENGTHS = pytest.mark.parametrize(
    ("day", "quarters"),
    [(datetime(2026, 3, 29), 92), (datetime(2026, 10, 25), 100), (datetime(2026, 7, 1), 96)],
    ids=["spring", "autumn", "usual"],
)
"""The two days on which the clock changes, and one on which it does not."""


@OF_ALL_LENGTHS
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


# Grid fee by the time of day beside a dynamic price

FEES = Tariff(
    kind=ImportKind.DYNAMIC,
    fee_windows=(FeeWindow(17.0, 20.25, 0.06), FeeWindow(23.0, 5.0, -0.07)),
)
OUTSIDE = (0.05 + 0.1555) * 1.19
DEAR = (0.05 + 0.1555 + 0.06) * 1.19
CHEAP = (0.05 + 0.1555 - 0.07) * 1.19


def at_hour(
    tariff: Tariff, prices: SpotPrices, hour: float, *, synchronised: bool = True
) -> tuple[float, bool]:
    local_s = round(hour * 3600)
    found = import_price(tariff, prices, unix_s=NOW, local_s=local_s, synchronised=synchronised)
    return found.eur_per_kwh, found.known


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (16.99, OUTSIDE), (17.0, DEAR), (20.24, DEAR), (20.25, OUTSIDE), (22.99, OUTSIDE),
        (23.0, CHEAP), (0.0, CHEAP), (4.99, CHEAP), (5.0, OUTSIDE),
    ],
)  # fmt: skip
def test_a_fee_window_adds_to_the_spot_price_before_tax_and_wraps_over_midnight(
    hour: float, expected: float
) -> None:
    price, known = at_hour(FEES, spot(0.05), hour)
    assert (price, known) == (pytest.approx(expected), True)


@pytest.mark.parametrize(
    ("hour", "synchronised", "added"),
    [(12.0, True, 0.0), (18.0, True, 0.06), (2.0, True, 0.0), (2.0, False, 0.06), (12.0, False, 0.06)],
    ids=["outside", "dear", "a cheap window takes nothing off", "no clock at night", "no clock at noon"],
)
def test_an_unknown_spot_price_with_fee_windows_is_never_below_the_fixed_price(
    hour: float, synchronised: bool, added: float
) -> None:
    prices = spot() if synchronised else spot(-0.5)
    price, known = at_hour(FEES, prices, hour, synchronised=synchronised)
    assert (price, known) == (pytest.approx(0.30 + added * 1.19), False)


def test_of_fee_windows_that_overlap_the_first_counts() -> None:
    both = Tariff(kind=ImportKind.DYNAMIC, fee_windows=(FeeWindow(17, 20, 0.06), FeeWindow(0, 24, -0.07)))
    assert [fee_added(both, hour * 3600) for hour in (3, 16, 17, 19, 20, 23)] == [
        -0.07, -0.07, 0.06, 0.06, -0.07, -0.07,
    ]  # fmt: skip


@OF_ALL_LENGTHS
def test_fee_windows_follow_the_local_clock_of_a_day_of_92_or_100_quarter_hours(
    day: datetime, quarters: int
) -> None:
    start = round(day.replace(tzinfo=BERLIN).timestamp())
    delivered = SpotPrices(start, tuple(0.001 * n for n in range(quarters)))
    cheap = dear = 0
    for index in range(quarters):
        unix_s = start + index * QUARTER_S
        local = datetime.fromtimestamp(unix_s, UTC).astimezone(BERLIN)
        price = import_price(
            FEES,
            delivered,
            unix_s=unix_s,
            local_s=local.hour * 3600 + local.minute * 60,
            synchronised=True,
        )
        added = price.eur_per_kwh / 1.19 - 0.1555 - 0.001 * index
        assert price.source == "spot"
        cheap += added == pytest.approx(-0.07)
        dear += added == pytest.approx(0.06)
    # 0 to 5 and 23 to 24 o'clock: the hour that is left out, or comes twice, lies in the cheap window.
    assert (cheap, dear) == (6 * 4 + quarters - 96, 13)


def test_looks_ahead_see_each_quarter_hour_with_its_own_fee() -> None:
    def dearest(price: float, hour: int, quarters: int) -> float:
        series, local_s = spot(*[price] * quarters), hour * 3600
        return dearest_import(FEES, series, unix_s=NOW, local_s=local_s, synchronised=True)

    def cheapest(hours: float) -> float | None:
        known, local_s = spot(*[0.05] * 48), 16 * 3600
        return cheapest_hour(FEES, known, unix_s=NOW, local_s=local_s, synchronised=True, hours=hours)

    later = expected_import(FEES, spot(*[0.05] * 48), unix_s=NOW, local_s=16 * 3600, synchronised=True)
    assert later == pytest.approx((4 * OUTSIDE + 13 * DEAR + 11 * OUTSIDE + 20 * CHEAP) / 48)
    assert dearest(0.15, 16, 48) == pytest.approx((0.15 + 0.1555 + 0.06) * 1.19)
    assert dearest(0.3, 0, 8) == pytest.approx((0.3 + 0.1555 - 0.07) * 1.19), "17 o'clock has no price yet"
    assert dearest(0.05, 0, 48) == pytest.approx(0.30 + 0.06 * 1.19), "never below an unknown quarter hour"
    assert cheapest(3.0) == pytest.approx((3 * OUTSIDE + DEAR) / 4), "16:15 to 17:15"
    assert cheapest(8.0) == pytest.approx(CHEAP)


def test_an_unknown_time_of_day_or_price_looks_ahead_to_the_dearest_fee() -> None:
    doubt = pytest.approx(0.30 + 0.06 * 1.19)
    assert expected_import(FEES, spot(), unix_s=NOW, local_s=0, synchronised=True) == doubt
    assert expected_import(FEES, spot(0.0), unix_s=NOW, local_s=0, synchronised=False) == doubt
    assert dearest_import(FEES, spot(0.0), unix_s=NOW, synchronised=False) == doubt
    assert expected_import(FEES, spot(0.05), unix_s=NOW, synchronised=True) == pytest.approx(DEAR)


@pytest.mark.parametrize(
    ("from_h", "to_h", "hours"), [(0, 24, 24), (24, 6, 6), (22, 6, 8), (22, 24, 2), (5, 5, 0), (24, 0, 0)]
)
def test_a_window_that_never_holds_is_known_as_one(from_h: float, to_h: float, hours: int) -> None:
    tariff = Tariff(kind=ImportKind.DYNAMIC, fee_windows=(FeeWindow(from_h, to_h, 0.1),))
    assert sum(fee_added(tariff, hour * 3600) == 0.1 for hour in range(24)) == hours
    assert never(from_h, to_h) is (hours == 0)


@given(st.lists(st.floats(-0.5, 4.0), min_size=1, max_size=200), st.integers(0, 95))
def test_without_fee_windows_every_price_is_to_the_bit_what_the_fees_alone_make(
    prices: list[float], quarter: int
) -> None:
    for index, net in enumerate(prices):
        found = import_price(
            DYNAMIC,
            spot(*prices),
            unix_s=NOW + index * QUARTER_S,
            local_s=(quarter + index) % 96 * QUARTER_S,
            synchronised=True,
        )
        assert found.eur_per_kwh == (net + 0.1555) * 1.19
