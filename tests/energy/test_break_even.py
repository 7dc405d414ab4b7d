"""The break-even table of the plant reference: when does a kWh of miner electricity pay for itself?"""

from __future__ import annotations

import pytest

from plc.energy.cost import House
from plc.energy.marginal import Heat, MinerOffer
from plc.energy.revenue import Curve
from tests.energy.house import decision, economics

TABLE = [
    # USD/PH/d, J/TH, revenue, no heat use, COP 4, 3, 2.5, 2, gas at 12 ct and 92 %
    (35, 34.5, 3.9, 3.9, 5.1, 5.7, 6.3, 7.4, 16.3),
    (35, 26.7, 5.0, 5.0, 6.6, 7.4, 8.1, 9.6, 17.4),
    (50, 34.5, 5.6, 5.6, 7.3, 8.1, 9.0, 10.6, 17.9),
    (50, 26.7, 7.2, 7.2, 9.4, 10.5, 11.6, 13.7, 19.6),
    (70, 34.5, 7.8, 7.8, 10.2, 11.4, 12.5, 14.8, 20.2),
    (100, 34.5, 11.1, 11.1, 14.6, 16.3, 17.9, 21.2, 23.5),
]
GAS = economics(heat={"heat_pump": False, "boiler_eur_per_kwh": 0.12 / 0.92})


def proportional(j_per_th: float) -> MinerOffer:
    """A miner of one efficiency at any power."""
    return MinerOffer(Curve((1000.0, 2000.0), (1000.0 / j_per_th, 2000.0 / j_per_th)), 1000.0, 2000.0)


@pytest.mark.parametrize("row", TABLE)
def test_break_even_price_is_that_of_the_table(row: tuple[float, ...]) -> None:
    price, efficiency, revenue, plain, *by_cop, gas = row
    usual = {"hash_price_usd_per_ph_day": float(price), "fee": 0.0, "wear_eur_per_kwh": 0.0, "start_eur": 0.0}
    offers = (proportional(efficiency),)
    dark = House(0.0, 0.0, None, known=True)
    e = economics(mining=usual, heat={"fan_w": 0.0})

    def found(e_, heat: Heat) -> float:
        return decision(dark, e_, heat=heat, offers=offers, present_w=(0.0,)).break_even * 100.0

    assert found(e, Heat(use=0.0, recool=True)) == pytest.approx(plain, abs=0.06)
    assert decision(dark, e, offers=offers).revenue * 100.0 == pytest.approx(revenue, abs=0.06)
    for cop, expected in zip((4.0, 3.0, 2.5, 2.0), by_cop, strict=True):
        assert found(e, Heat(use=1.0, cop=cop)) == pytest.approx(expected, abs=0.06)
    boiler = economics(mining=usual, heat={"heat_pump": False, "boiler_eur_per_kwh": 0.12 / 0.92})
    assert found(boiler, Heat(use=1.0)) == pytest.approx(gas, abs=0.1)


@pytest.mark.parametrize(("import_ct", "runs"), [(5.4, True), (6.2, False)])
def test_the_rule_switches_at_its_own_break_even(import_ct: float, runs: bool) -> None:
    e = economics(
        mining={"fee": 0.0, "wear_eur_per_kwh": 0.0, "start_eur": 0.0},
        choice={"margin_on_eur_per_kwh": 0.001},
        battery={"present": False},  # power beside a battery of unknown charge would cost what it stores
    )
    offers = (proportional(34.5),)
    result = decision(
        House(0.0, 0.0, None, known=True), e, offers=offers, import_eur=import_ct / 100.0, present_w=(0.0,)
    )
    assert (result.total_w > 0.0) is runs


def test_the_heat_pump_makes_mining_on_grid_power_a_loss_and_a_gas_boiler_does_too() -> None:
    dark = House(0.0, 500.0, None, known=True)
    assert decision(dark).total_w == 0.0
    assert decision(dark).benefit < -0.15
    assert decision(dark, GAS).total_w == 0.0


def test_mining_on_exported_power_pays_with_gas_and_not_with_a_heat_pump() -> None:
    sunny = House(9000.0, 500.0, 100.0, known=True)
    assert decision(sunny).total_w == 0.0
    assert decision(sunny, GAS).total_w == 6400.0


def test_the_last_watts_earn_least_so_the_best_power_is_below_full_power() -> None:
    sunny = House(12000.0, 500.0, 100.0, known=True)
    e = economics(mining={"hash_price_usd_per_ph_day": 55.0})
    result = decision(sunny, e, feed_in_eur=0.078)
    assert 2400.0 <= result.total_w < 6400.0
    assert result.limited_by == "price"


def test_a_bonus_moves_the_break_even_by_itself() -> None:
    sunny = House(9000.0, 500.0, 100.0, known=True)
    plain = decision(sunny)
    bonus = decision(sunny, economics(mining={"bonus_eur_per_kwh": 0.05}))
    assert plain.total_w == 0.0
    assert bonus.total_w > 0.0


def test_recooling_costs_the_fan_and_without_it_heat_without_place_stops_everything() -> None:
    free = House(9000.0, 500.0, 100.0, known=True)
    full = decision(free, heat=Heat(use=0.0, recool=False), feed_in_eur=0.0)
    assert (full.total_w, full.limited_by) == (0.0, "no_sink")
    dumped = decision(free, heat=Heat(use=0.0, recool=True), feed_in_eur=0.0)
    assert dumped.total_w == 6400.0
    dear = decision(free, heat=Heat(use=0.0, recool=True), feed_in_eur=0.0491)
    assert dear.total_w == 0.0
