"""What the mean of a quarter hour hides: the battery carries the clouds."""

from __future__ import annotations

import json
from math import fsum

import pytest

from plc.blocks.core import Tick, ns
from plc.energy.parameters import Choice
from plc.energy.plan_problem import Quarter
from plc.energy.quarter_hour import clouds_eur
from plc.energy.surplus import Surplus
from tests.energy.house import situation
from tests.energy.problems import USUAL
from tools.bench_parts.economics.series import Series, synthetic
from tools.twin.physics.pv_battery import PERFORMANCE

pytest.importorskip("numpy")

from tools.bench_parts.economics.runner import YEAR_SEED
from tools.bench_parts.economics.twin_weeks import SameSky

SUNNY = Quarter(5.0, 0.5, 0.0, 3.0, 11.0, -1.0, -1.0, False, 0.30, 0.04)
TO_AND_FRO = 0.03 + (1.0 / 0.95 / 0.95 - 1.0) * 0.04


@pytest.mark.parametrize(
    ("electric_kw", "charge_kwh", "swing_kw", "expected"),
    [
        (0.0, 5.0, 3.0, 0.0),
        (9.0, 5.0, 3.0, 0.0),
        (4.5, 5.0, 3.0, 1.5 * 0.25 * TO_AND_FRO),
        (3.5, 5.0, 3.0, 1.0 * 0.25 * TO_AND_FRO),
        (5.5, 5.0, 3.0, 1.0 * 0.25 * TO_AND_FRO),
        (4.5, 1.0, 3.0, 1.5 * 0.25 * 0.26),
        (4.5, 5.0, 0.0, 0.0),
    ],
    ids=["always over", "always short", "all used", "a bit left", "a bit short", "empty battery", "calm"],
)
def test_what_goes_to_and_fro_costs_wear_and_losses(
    electric_kw: float, charge_kwh: float, swing_kw: float, expected: float
) -> None:
    assert clouds_eur(USUAL, SUNNY, electric_kw, charge_kwh, swing_kw) == pytest.approx(expected)


def test_the_swing_is_that_of_the_last_quarter_hour() -> None:
    surplus = Surplus(Choice())
    now_ns = 0

    def run(seconds: int, pv_w: float, **changes: object) -> None:
        nonlocal now_ns
        for _ in range(seconds):
            now_ns += ns(1.0)
            surplus.step(Tick(now_ns, ns(1.0)), situation(now_ns, pv_w=pv_w, **changes))

    for _ in range(8):
        run(60, 7000.0)
        run(60, 1000.0)
    assert surplus.steady.swing_w == pytest.approx(3000.0, rel=0.02)
    run(900, 4000.0)
    assert surplus.steady.swing_w == pytest.approx(0.0, abs=1.0)


def test_a_restored_surplus_knows_the_clouds_of_before() -> None:
    """After a changed parameter, or a replay from the middle."""
    surplus, other = Surplus(Choice()), Surplus(Choice())
    for n in range(900):
        pv_w = 7000.0 if n // 60 % 2 else 1000.0
        surplus.step(Tick(ns(n + 1.0), ns(1.0)), situation(ns(n + 1.0), pv_w=pv_w))
    other.restore(json.loads(json.dumps(surplus.state())))
    for block in (surplus, other):
        block.step(Tick(ns(901.0), ns(1.0)), situation(ns(901.0), pv_w=4000.0))
    assert other.steady == surplus.steady
    assert other.fast.swing_w == surplus.fast.swing_w > 2000.0


def test_the_sky_of_the_weeks_has_the_energy_of_the_series_and_its_own_clouds() -> None:
    year = synthetic(YEAR_SEED)
    day = Series(*(getattr(year, name)[96 * 190 : 96 * 191] for name in Series.__slots__))
    sky = SameSky(day, 12.0)
    for t in (30, 48, 52, 60):
        local = day.unix_s[t] + day.offset_s[t]
        kw = [sky.at(local + 25.0 + 50.0 * n).sun_w_per_m2 * 12.0 * PERFORMANCE / 1000.0 for n in range(18)]
        mean = fsum(kw) / 18.0
        assert mean == pytest.approx(day.pv_kw[t])
        spread = fsum((value - mean) * (value - mean) for value in kw) / 18.0
        assert sky.swing_kw(t) ** 2 == pytest.approx(spread)
    assert sky.swing_kw(4) == 0.0
