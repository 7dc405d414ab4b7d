"""The efficiency curve of a miner on its way from its driver into the decision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc.blocks.core import NS_PER_S, Reading, Tick
from plc.plant.decision import EnergyDecision
from plc.plant.facts import Facts
from plc.plant.interface import EnergyInputs, ImageInputs, MinerInputs, MinerState, PlantInputs, WallTime
from plc.plant.parameters import Parameters
from plc.plant.season import SeasonSelect

SITE_W = (1200.0, 2000.0, 2600.0, 3200.0)
SITE_THS = (45.0, 70.0, 81.0, 92.0)
BETTER = tuple(1.3 * ths for ths in SITE_THS)
WORSE = tuple(0.6 * ths for ths in SITE_THS)
SECONDS = 300


def decided(*curves: tuple[float, ...], pv_w: float = 2500.0, feed_in: float = 0.02) -> tuple[float, ...]:
    """Powers of both miners after five minutes of this sun, each with the hash rates that it tells."""
    p = Parameters()
    tariff = replace(p.economics.tariff, feed_in_eur_per_kwh=feed_in)
    p = replace(p, economics=replace(p.economics, tariff=tariff))
    decision, season = EnergyDecision(p), SeasonSelect(p)
    f = Facts(buffer_takes_heat=False, recool_allowed=True)  # heat is worth nothing: revenue decides
    for second in range(1, SECONDS):
        now_ns = second * NS_PER_S

        def good(value: float, at_ns: int = now_ns) -> Reading:
            return Reading.good(value, at_ns)

        miners = tuple(
            MinerInputs(
                MinerState.PAUSED,
                now_ns,
                power_estimated_w=good(0.0),
                curve_w=SITE_W if ths else (),
                curve_ths=ths,
            )
            for ths in curves
        )
        inputs = PlantInputs(
            ImageInputs(True, True),
            wall=WallTime(1_750_000_000 + second, 7200, True),
            energy=EnergyInputs(
                pv_w=good(pv_w + 500.0), load_w=good(500.0), grid_w=good(-pv_w), battery_soc_pct=good(100.0),
                battery_w=good(0.0),
            ),
            miners=miners,  # type: ignore[arg-type]
        )  # fmt: skip
        decision.step(Tick(now_ns, NS_PER_S), inputs, f, season=season)
    return decision.engine.decision.power_w


def test_without_a_curve_of_its_own_the_curve_of_the_site_counts() -> None:
    assert decided((), ()) == decided(SITE_THS, SITE_THS) == (2200.0, 0.0)


@pytest.mark.parametrize("better", [0, 1])
def test_the_sun_for_one_miner_goes_to_the_one_that_makes_more_of_it(better: int) -> None:
    curves = [(), ()]
    curves[better] = BETTER
    powers = decided(*curves)
    assert powers[better] > 0.0
    assert powers[1 - better] == 0.0


def test_a_miner_that_makes_less_of_its_power_than_the_site_believes_does_not_run() -> None:
    assert sum(decided((), ())) > 0.0
    assert decided(WORSE, WORSE) == (0.0, 0.0)
    first, second = decided(WORSE, ())
    assert (first, second > 0.0) == (0.0, True)


def test_a_curve_out_of_step_counts_as_none() -> None:
    assert decided(BETTER[:3], BETTER[:1]) == decided((), ())
