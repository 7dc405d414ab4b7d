"""Should the heat pump wait? Only when later is known to be cheaper."""

from __future__ import annotations

import pytest

from plc.blocks.core import NEVER, Reading
from plc.energy.cost import House
from plc.energy.holdback import running_costs
from plc.energy.parameters import ImportKind, Window
from plc.energy.tariff import SpotPrices
from tests.energy.house import NOON, Run, economics, plan_values

DYNAMIC = economics(tariff={"kind": ImportKind.DYNAMIC})
BEGIN = NOON - NOON % 900
EMPTY = Reading.good(10.0, 0)


def spot(*prices: float) -> SpotPrices:
    return SpotPrices(BEGIN, prices)


@pytest.mark.parametrize(
    ("prices", "waits"),
    [
        (spot(*[0.25] * 4, *[0.05] * 20), True),
        (spot(*[0.05] * 4, *[0.25] * 20), False),
        (spot(*[0.10] * 24), False),
        (spot(*[0.25] * 4, *[0.24] * 20), False),
        (spot(*[0.25] * 4, *[0.05] * 6), False),
        (spot(), False),
    ],
    ids=["cheaper soon", "dearer soon", "flat", "hardly cheaper", "later unknown", "no prices"],
)
def test_it_waits_for_a_price_that_is_known_and_clearly_lower(prices: SpotPrices, waits: bool) -> None:
    run = Run(DYNAMIC)
    run(240.0, pv_w=0.0, load_w=2500.0, battery_soc_pct=EMPTY, spot=prices)
    assert run.engine.hold_back is waits
    assert run.engine.hold_back_why == ("tariff" if waits else "")


def test_it_never_waits_on_its_own_sun() -> None:
    run = Run(DYNAMIC)
    prices = spot(*[0.25] * 4, *[0.05] * 20)
    run(240.0, pv_w=9000.0, load_w=2500.0, battery_soc_pct=Reading.good(100.0, 0), spot=prices)
    assert not run.engine.hold_back


def test_a_fixed_price_gives_no_reason_and_windows_do() -> None:
    run = Run()
    run(240.0, load_w=2500.0, battery_soc_pct=EMPTY)
    assert not run.engine.hold_back
    cheap = Window(13.0, 15.0, 0.18)
    windows = Run(economics(tariff={"kind": ImportKind.WINDOWS, "windows": (cheap,)}))
    windows(240.0, load_w=2500.0, battery_soc_pct=EMPTY)
    assert windows.engine.hold_back


@pytest.mark.parametrize(
    "changes", [{"load_w_": NEVER}, {"synchronised": False}], ids=["house unknown", "no clock"]
)
def test_in_doubt_the_heat_pump_is_free(changes: dict[str, object]) -> None:
    run = Run(DYNAMIC)
    prices = spot(*[0.25] * 4, *[0.05] * 20)
    usual = {"pv_w": 0.0, "load_w": 2500.0, "battery_soc_pct": EMPTY, "spot": prices}
    run(240.0, **usual)
    assert run.engine.hold_back
    if "load_w_" in changes:
        run.engine.surplus.slow = House()
        run.engine._holdback.step(run_tick(run), situation_of(run), House(), run.engine.prices, 3.0, None)
    else:
        run(240.0, **usual, **changes)
    assert not run.engine.hold_back


def run_tick(run: Run):
    from plc.blocks.core import Tick

    return Tick(run.now_ns + run.dt_ns, run.dt_ns)


def situation_of(run: Run):
    from tests.energy.house import situation

    return situation(run.now_ns)


def test_a_plan_says_what_the_heat_is_worth() -> None:
    for heat, waits in ((0.02, True), (0.12, False)):
        run = Run()
        run(240.0, load_w=2500.0, battery_soc_pct=EMPTY, plan=plan_values(heat=heat))
        assert run.engine.hold_back is waits
        assert run.engine.hold_back_why == ("plan" if waits else "")


def test_a_relay_that_could_not_block_is_not_asked() -> None:
    run = Run()
    usual = {"load_w": 2500.0, "battery_soc_pct": EMPTY, "plan": plan_values(heat=0.02)}
    run(240.0, **usual, may_block=False)
    assert not run.engine.hold_back
    run(240.0, **usual)
    assert run.engine.hold_back


def test_a_block_that_saves_less_than_it_costs_is_not_begun_but_one_that_runs_goes_on() -> None:
    """A kWh of heat costs 6.7 ct of electricity now and is worth 5 ct: that is less than 5 ct of a begin."""
    usual = {"load_w": 2500.0, "battery_soc_pct": EMPTY, "plan": plan_values(heat=0.05, block_eur=0.05)}
    for held in (False, True):
        run = Run()
        run(240.0, **usual, held=held)
        assert run.engine.hold_back is held


def test_a_boiler_is_never_held_back() -> None:
    run = Run(economics(tariff={"kind": ImportKind.DYNAMIC}, heat={"heat_pump": False}))
    prices = spot(*[0.25] * 4, *[0.05] * 20)
    run(240.0, load_w=2500.0, battery_soc_pct=EMPTY, spot=prices)
    assert not run.engine.hold_back


@pytest.mark.parametrize(
    ("house", "in_load", "miners_w", "expected"),
    [
        (House(0.0, 3000.0, 10.0, known=True), True, 0.0, 0.30),
        (House(9000.0, 3000.0, 100.0, known=True), True, 0.0, 0.078),
        (House(2500.0, 3000.0, 10.0, known=True), True, 0.0, (1500 * 0.27 * 0.9 + 500 * 0.30) / 2000),
        (House(2500.0, 1000.0, 10.0, known=True), False, 0.0, (1500 * 0.27 * 0.9 + 500 * 0.30) / 2000),
        (House(0.0, 3000.0, 80.0, known=True), True, 0.0, 0.27),
        (House(9000.0, 3000.0, 100.0, known=True), True, 6400.0, (1600 * 0.078 + 400 * 0.27) / 2000),
        (House(9000.0, 3000.0, 80.0, known=False), True, 0.0, 0.30),
    ],
)
def test_running_costs_are_those_of_its_own_slice(
    house: House, in_load: bool, miners_w: float, expected: float
) -> None:
    price = running_costs(
        economics(),
        house,
        import_eur=0.30,
        feed_in_eur=0.078,
        stored_eur=0.27,
        heat_pump_w=2000.0,
        in_load=in_load,
        miners_w=miners_w,
    )
    assert price == pytest.approx(expected)
