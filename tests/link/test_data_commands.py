"""Prices, hash price, forecasts, parameters: what is taken, what is refused, what happens to the old ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plc.energy.parameters import Policy
from plc.energy.tariff import SpotPrices
from plc.link.commands import Market, with_data
from plc.link.envelope import seconds_of
from plc.link.remote_parameters import RemoteParameters
from plc.plant.changes import WrongValueError, replaced
from plc.plant.parameters import Parameters

DAY = 1_795_046_400  # a full quarter hour


def prices(start: int, count: int, price: float = 0.1) -> dict[str, Any]:
    return {"start": start, "eur_per_kwh": [price] * count}


@pytest.mark.parametrize("count", [92, 96, 100])
def test_a_day_has_92_96_or_100_quarter_hours(count: int) -> None:
    market = with_data(Market(), "prices", prices(DAY, count), seconds_of)
    assert market.spot == SpotPrices(DAY, (0.1,) * count)


def test_tomorrow_adjoins_today_and_today_again_keeps_tomorrow() -> None:
    market = with_data(Market(), "prices", prices(DAY, 96, 0.1), seconds_of)
    market = with_data(market, "prices", prices(DAY + 96 * 900, 100, 0.2), seconds_of)
    market = with_data(market, "prices", prices(DAY, 96, 0.3), seconds_of)
    assert len(market.spot.eur_per_kwh) == 196
    assert (market.spot.at(DAY), market.spot.at(DAY + 96 * 900)) == (0.3, 0.2)
    later = with_data(market, "prices", prices(DAY + 196 * 900, 96, 0.4), seconds_of)
    assert len(later.spot.eur_per_kwh) == 200, "bounded: the oldest quarters go"
    assert later.spot.at(DAY + (196 + 95) * 900) == 0.4


def test_tomorrow_again_keeps_today() -> None:
    market = with_data(Market(), "prices", prices(DAY, 92, 0.1), seconds_of)
    for again in (0.2, 0.3):  # a sender that repeats itself every hour
        market = with_data(market, "prices", prices(DAY + 92 * 900, 96, again), seconds_of)
        assert (market.spot.at(DAY), market.spot.at(DAY + 91 * 900)) == (0.1, 0.1)
        assert market.spot.at(DAY + 92 * 900) == again
    assert len(market.spot.eur_per_kwh) == 188


def test_today_after_tomorrow_keeps_tomorrow() -> None:
    market = with_data(Market(), "prices", prices(DAY + 100 * 900, 96, 0.2), seconds_of)
    market = with_data(market, "prices", prices(DAY, 100, 0.1), seconds_of)
    assert market.spot == SpotPrices(DAY, (0.1,) * 100 + (0.2,) * 96)


@pytest.mark.parametrize("days", [-3, 3])
def test_prices_of_another_time_leave_no_gap_behind(days: int) -> None:
    market = with_data(Market(), "prices", prices(DAY, 96, 0.1), seconds_of)
    other = DAY + days * 86_400
    assert with_data(market, "prices", prices(other, 96, 0.2), seconds_of).spot == SpotPrices(
        other, (0.2,) * 96
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prices", prices(DAY, 95)),
        ("prices", prices(DAY + 60, 96)),
        ("prices", prices(DAY, 96, 11.0)),
        ("prices", {"start": DAY, "eur_per_kwh": [True] * 96}),
        ("prices", {"start": DAY, "eur_per_kwh": "cheap"}),
        ("prices", {**prices(DAY, 96), "unit": "ct"}),
        ("prices", None),
        ("hash_price", {"usd_per_ph_day": 48.0}),
        ("hash_price", {"usd_per_ph_day": 48.0, "ts": "today"}),
        ("hash_price", {"usd_per_ph_day": 1e9, "ts": DAY}),
        ("forecast", {"kind": "lottery", "start": DAY, "values": [1]}),
        ("forecast", {"kind": "pv_w", "start": DAY, "values": [-5]}),
        ("forecast", {"kind": "pv_w", "start": DAY, "values": []}),
    ],
)
def test_data_that_cannot_be_true_changes_nothing(name: str, value: Any) -> None:
    with pytest.raises(WrongValueError):
        with_data(Market(), name, value, seconds_of)


def test_forecasts_replace_their_own_kind_only() -> None:
    market = Market()
    for kind, values in (("pv_w", [1]), ("load_w", [2]), ("pv_w", [3])):
        market = with_data(market, "forecast", {"kind": kind, "start": DAY, "values": values}, seconds_of)
    assert {found.kind: found.values for found in market.forecasts} == {"pv_w": (3.0,), "load_w": (2.0,)}


def changes(stored: dict[str, Any] | None = None, parameters: Parameters | None = None) -> RemoteParameters:
    return RemoteParameters(parameters or Parameters(), stored or {})


def change(made: RemoteParameters, name: str, value: Any) -> None:
    """A command that the plant takes."""
    path, new = made.wanted({"name": name, "value": value})
    made.taken(path, new, source="t", unix_s=DAY)


def test_a_change_is_stored_for_the_next_start_and_can_be_taken_back() -> None:
    made = changes()
    change(made, "buffer.curve_base_degc", 37)
    change(made, "economics.choice.policy", "surplus")
    change(made, "cooler.quiet", False)
    assert made.current()["buffer.curve_base_degc"] == 37
    again = changes(json.loads(json.dumps(made.kept())))
    assert again.effective.buffer.curve_base_degc == 37.0
    assert again.effective.economics.choice.policy is Policy.SURPLUS
    assert again.effective.cooler.quiet is False
    change(again, "buffer.curve_base_degc", None)
    assert again.effective.buffer.curve_base_degc == Parameters().buffer.curve_base_degc
    assert "buffer.curve_base_degc" not in again.kept()
    assert again.current()["buffer.curve_base_degc"] == 35.0


def test_what_the_plant_has_not_taken_is_not_stored() -> None:
    made = changes()
    assert made.wanted({"name": "cooler.quiet", "value": False}) == ("cooler.quiet", False)
    assert made.kept() == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("buffer.curve_base_degc", 99),
        ("buffer.curve_base_degc", "warm"),
        ("buffer.curve_base_degc", True),
        ("cooler.quiet", 1),
        ("cooler.quiet_from_h", 22.5),
        ("economics.choice.policy", "greed"),
        ("oil.trip_degc", 65),
        ("scan.watchdog_ms", 5000),
        ("nothing.at_all", 1),
        ("season.winter_below_degc", 18),  # above its limit with the summer threshold: an order rule
    ],
)
def test_nothing_beyond_limits_rules_and_the_list(name: str, value: Any) -> None:
    made = changes()
    with pytest.raises(WrongValueError):
        change(made, name, value)
    assert made.effective == Parameters()


def test_a_changed_file_wins_over_a_stored_change_and_says_so() -> None:
    made = changes()
    change(made, "buffer.curve_base_degc", 37)
    edited = replaced(Parameters(), "buffer.curve_base_degc", 33.0)
    again = changes(made.kept(), edited)
    assert again.effective.buffer.curve_base_degc == 33.0
    assert [(d.path, d.reason) for d in again.dropped] == [
        ("buffer.curve_base_degc", "the site file has changed")
    ]


@pytest.mark.parametrize(
    "entry", [None, [], {"value": 1}, {"value": 99, "replaced": 35.0, "source": "x", "unix_s": 1}]
)
def test_a_damaged_record_is_dropped_by_name(entry: Any) -> None:
    made = changes({"buffer.curve_base_degc": entry})
    assert made.effective == Parameters()
    assert [d.path for d in made.dropped] == ["buffer.curve_base_degc"]
