"""A grid fee by the time of day costs the same for the rule, for the plan and in the books."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc.energy.account import summary
from plc.energy.forecast import Forecaster
from plc.energy.parameters import Economics, FeeWindow, ImportKind, Tariff
from plc.energy.plan_request import HeatModel
from plc.energy.plan_request import problem as question
from plc.energy.tariff import SpotPrices
from tests.energy.house import NOON, OFFERS, Run

# From 13 to 17 o'clock the house buys for half a cent gross, else for what mining never pays.
SPOT = SpotPrices(NOON, (-0.03,) * 96)
CHEAP, DEAR = (-0.03 + 0.1555 - 0.121) * 1.19, (-0.03 + 0.1555 + 0.05) * 1.19
E = Economics(
    tariff=Tariff(
        kind=ImportKind.DYNAMIC,
        fee_windows=(FeeWindow(13.0, 17.0, -0.121), FeeWindow(17.0, 21.0, 0.05)),
    )
)
HOUR_S = 3600


def test_the_rule_mines_from_the_grid_in_the_cheap_window_and_ends_with_it() -> None:
    no_battery = replace(E, battery=replace(E.battery, present=False))  # it would come before the grid
    run = Run(no_battery, dt_s=30.0)
    at_noon = run(600, spot=SPOT)
    assert run.engine.prices.import_ == pytest.approx((-0.03 + 0.1555) * 1.19)
    at_two = run(2 * HOUR_S, spot=SPOT)
    assert run.engine.prices.import_ == pytest.approx(CHEAP)
    at_six = run(4 * HOUR_S, spot=SPOT)
    assert run.engine.prices.import_ == pytest.approx(DEAR)
    assert [sum(found.power_w) > 0.0 for found in (at_noon, at_two, at_six)] == [False, True, False]


def test_the_plan_sees_the_window_of_each_quarter_hour_also_for_a_day_that_is_not_announced() -> None:
    own = Forecaster(pv_peak_kw=12.0, load_kwh_per_year=4000.0).forecast(NOON, 192, utc_offset_s=7200)
    asked = question(
        E, HeatModel(), own, SPOT, OFFERS, eur_per_th_hour=0.001, mean_degc=5.0,
        utc_offset_s=lambda _: 7200, winter=True,
    )  # fmt: skip
    for day in (0, 96):
        prices = [asked.quarters[day + 4 * hours].import_eur for hours in (1, 4, 5, 8)]
        assert prices == pytest.approx([CHEAP, CHEAP, DEAR, DEAR])


def test_the_bill_has_the_fee_of_the_hour() -> None:
    run = Run(E, dt_s=30.0, follow=False)
    run(2 * HOUR_S, spot=SPOT, load_w=1000.0)
    first = (-0.03 + 0.1555) * 1.19
    bill = summary(run.engine.account.total)["bill_eur"]
    assert bill == pytest.approx(first + CHEAP, abs=0.002), "but for the one step over the hour"
