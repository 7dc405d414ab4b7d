"""Mistakes that comparable projects made in public, each as a test that ours does not.

Common to all of them: no rule sees what the heat is worth. The rest are small things that cost money for
years.
"""

from __future__ import annotations

import pytest

from plc.blocks.core import NEVER, Quality, Reading
from plc.energy.cost import House
from plc.energy.marginal import Heat
from plc.energy.parameters import FeedInKind, ImportKind, Policy
from plc.energy.tariff import SpotPrices
from tests.energy.house import NOON, Run, decision, economics, slices

BEGIN = NOON - NOON % 900
DARK = {"pv_w": 0.0, "battery_soc_pct": Reading.good(10.0, 0)}
FREE = economics(tariff={"feed_in_eur_per_kwh": 0.0})


def test_a_missing_price_is_not_a_price_of_zero_that_lets_everything_run_on_grid_power() -> None:
    run = Run(economics(tariff={"kind": ImportKind.DYNAMIC}))
    assert run(400.0, **DARK, spot=SpotPrices()).total_w == 0.0
    assert run.engine.prices.import_ == 0.30
    assert not run.engine.prices.known


def test_a_price_feed_that_stops_does_not_leave_the_last_cheap_price_behind() -> None:
    run = Run(economics(tariff={"kind": ImportKind.DYNAMIC, "fees_net_eur_per_kwh": 0.0}))
    cheap = SpotPrices(BEGIN, (-0.05,))
    assert run(400.0, **DARK, spot=cheap).total_w > 0.0
    run.now_ns += 900 * 10**9
    assert run(200.0, **DARK, spot=cheap).total_w == 0.0


def test_an_economic_test_is_asked_before_power_is_given_also_when_the_sun_covers_all_of_it() -> None:
    """Full solar coverage is no reason by itself: fed in, the power earns more than it mines."""
    covered = House(9000.0, 500.0, 100.0, known=True)
    assert decision(covered, feed_in_eur=0.078).total_w == 0.0
    assert decision(covered, feed_in_eur=0.02).total_w > 0.0


def test_a_stop_rule_with_missing_data_never_means_keep_running() -> None:
    """A condition on missing data is false; a stop that waits for it would wait for ever."""
    run = Run(FREE)
    assert run(300.0, pv_w=9000.0).total_w == 6400.0
    silent = {"pv_w": 0.0, "battery_soc_pct": NEVER}
    for _ in range(300):
        run(1.0, **silent, grid_w=NEVER)
    assert run.engine.decision.total_w == 0.0


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.BAD, Quality.NEVER])
def test_an_old_state_of_charge_is_no_state_of_charge(quality: Quality) -> None:
    run = Run(economics(mining={"hash_price_usd_per_ph_day": 150.0}, choice={"policy": Policy.MARGINAL}))
    old = Reading(95.0, quality)
    decided = run(300.0, pv_w=0.0, battery_soc_pct=old)
    assert "battery" not in (decided.source, decided.limited_by)


def test_sun_that_may_go_into_the_battery_is_not_taken_for_export() -> None:
    """Feed-in earns nothing, so exported sun is free; what the battery would have taken is the evening's."""
    free = economics(tariff={"feed_in": FeedInKind.NONE})
    run = Run(free)
    assert run(300.0, pv_w=6000.0).total_w > 0.0
    assert run(170.0, pv_w=6000.0, battery_soc_pct=NEVER).total_w > 0.0, "a gap is bridged as for the sun"
    assert run(20.0, pv_w=6000.0, battery_soc_pct=NEVER).total_w == 0.0
    assert Run(free)(600.0, pv_w=6000.0, battery_soc_pct=NEVER).total_w == 0.0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sink": False}, "no_sink"),
        ({"load_w": 25_000.0, "pv_w": 0.0, "battery_soc_pct": Reading.good(10.0, 0)}, "over_limit"),
        ({"pv_w": 0.0, "battery_soc_pct": Reading.good(15.0, 0)}, "battery"),
    ],
)
def test_a_limit_acts_at_once_and_is_not_delayed_by_what_keeps_it_from_cycling(
    change: dict[str, object], why: str
) -> None:
    """The limit stands in the decision of the very next second that can see it."""
    run = Run(economics(choice={"policy": Policy.ALWAYS}), follow=False)
    run(300.0, pv_w=9000.0)
    assert run.engine.decision.total_w == 6400.0
    seconds = 1
    while run(1.0, **{"pv_w": 9000.0, **change}).total_w > 0.0 and seconds < 100:
        seconds += 1
    assert run.engine.decision.limited_by == why
    assert seconds <= (1 if why == "no_sink" else 62)


def test_the_sign_of_the_export_rule_is_right() -> None:
    """Less export never starts a miner, more export never stops one."""
    e = economics(tariff={"feed_in_eur_per_kwh": 0.03})
    taken = [
        decision(House(pv, 500.0, 100.0, known=True), e, feed_in_eur=0.03).total_w
        for pv in range(0, 12_000, 250)
    ]
    assert taken[0] == 0.0
    assert taken[-1] > 3000.0
    assert taken == sorted(taken)


def test_the_sign_of_the_battery_rule_is_right() -> None:
    """A fuller battery never means less power; discharging into the miners is what the reserve forbids."""
    e = economics(choice={"policy": Policy.ALWAYS})
    run_at = {
        soc: Run(e)(300.0, pv_w=0.0, battery_soc_pct=Reading.good(soc, 0), winter=True).total_w
        for soc in (11.0, 39.0, 41.0, 90.0)
    }
    assert run_at[39.0] == run_at[11.0] == 0.0
    assert run_at[41.0] == run_at[90.0] == 6400.0


def test_the_battery_is_not_emptied_into_the_miners_because_it_looks_like_solar_power() -> None:
    evening = House(0.0, 500.0, 95.0, known=True)
    assert decision(evening).total_w == 0.0
    assert decision(evening).source == "battery"


def test_a_small_permanent_import_is_not_tolerated() -> None:
    """A controller with a dead band of 100 W at the grid connection imports 100 W for ever."""
    run = Run(FREE)
    run(600.0, pv_w=3400.0, load_w=500.0)
    surplus = 3400.0 - 500.0
    assert run.engine.decision.total_w <= surplus


def test_the_load_of_the_house_is_counted_once() -> None:
    """A budget that subtracts the house from a surplus that is already without it starves."""
    run = Run(FREE)
    assert run(600.0, pv_w=3600.0, load_w=1000.0).total_w >= 2200.0


def test_zero_export_gives_power_away_and_the_rule_takes_it() -> None:
    nothing_paid = economics(tariff={"feed_in": FeedInKind.NONE, "feed_in_cap_w": 0.0})
    parts = slices(House(9000.0, 500.0, 100.0, known=True), nothing_paid, feed_in_eur=0.0)
    assert parts[0].source == "curtailed"
    assert Run(nothing_paid)(300.0, pv_w=9000.0).total_w == 6400.0


def test_the_feed_in_cap_makes_only_the_power_above_it_free() -> None:
    capped = economics(tariff={"feed_in_cap_w": 6000.0})
    above = Run(capped)(300.0, pv_w=9500.0, load_w=500.0)
    assert 2400.0 <= above.total_w <= 3000.0
    below = Run(capped)(300.0, pv_w=6400.0, load_w=500.0)
    assert below.total_w == 0.0


def test_weekend_and_night_start_nothing_by_themselves() -> None:
    for hour in range(24):
        run = Run()
        decided = run(240.0, pv_w=0.0, unix_s=NOON - 36_000 + 3600 * hour)
        assert decided.total_w == 0.0


def test_heat_that_is_thrown_away_has_no_value() -> None:
    free = House(9000.0, 500.0, 100.0, known=True)
    full = decision(free, heat=Heat(use=0.0, cop=3.0, recool=True), feed_in_eur=0.036)
    wanted = decision(free, heat=Heat(use=1.0, cop=3.0), feed_in_eur=0.036)
    assert full.total_w == 0.0 < wanted.total_w
