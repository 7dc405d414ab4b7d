"""The engine in the scan: confirmation, missing data, policies, plan, two miners, memory."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.blocks.core import NEVER, Quality, Reading, Tick, ns
from plc.blocks.duty import MinTimes
from plc.energy.engine import EnergyEngine
from plc.energy.parameters import Economics, Policy
from plc.energy.plan_values import is_sound
from plc.energy.revenue import HashPrice
from plc.energy.situation import MinerSituation
from plc.energy.tariff import SpotPrices
from tests.energy.house import NOON, Run, economics, plan_values, situation

RICH = economics(tariff={"feed_in_eur_per_kwh": 0.0})
"""Nothing is paid for exported power: surplus is free."""

BAD = Reading(9000.0, Quality.STALE)


def test_a_step_of_surplus_leads_to_full_power_within_the_confirmation_time() -> None:
    run = Run(RICH)
    run(200.0, pv_w=500.0)
    assert run.engine.decision.total_w == 0.0
    decision = run(RICH.choice.confirm_on_s + 5.0, pv_w=4500.0)
    assert decision.total_w == pytest.approx(3900.0, abs=200.0)


def test_by_a_plan_a_step_of_surplus_leads_to_full_power_within_the_confirmation_time_of_a_plan() -> None:
    """A start, and more power, wait for the mean of a quarter hour; full power comes with it."""
    plan = plan_values(heat=0.05, start_eur=0.03, runs_on_eur=0.03, quarters=12)
    run = Run(RICH, dt_s=5.0)
    run(1000.0, pv_w=500.0, plan=plan)
    run(RICH.choice.confirm_on_s + 5.0, pv_w=4500.0, plan=plan)
    assert run.engine.decision.total_w == 0.0
    decision = run(RICH.choice.confirm_plan_s - RICH.choice.confirm_on_s, pv_w=4500.0, plan=plan)
    assert decision.total_w == pytest.approx(3900.0, abs=200.0)
    decision = run(RICH.choice.confirm_plan_s, pv_w=8500.0, plan=plan)
    assert decision.total_w == pytest.approx(6400.0)
    assert run.starts == 1


def test_more_power_waits_for_the_short_mean_and_less_power_for_the_long_one() -> None:
    run = Run(RICH)
    run(200.0, pv_w=500.0)
    run(15.0, pv_w=4500.0)
    assert run.engine.decision.total_w == 0.0
    run(300.0, pv_w=4500.0)
    full = run.engine.decision.total_w
    run(20.0, pv_w=500.0)
    assert full - 600.0 <= run.engine.decision.total_w
    run(190.0, pv_w=500.0)
    assert run.engine.decision.total_w == 0.0


def test_clouds_do_not_start_the_miners_more_often_than_allowed() -> None:
    """Four hours of sun and cloud of one to five minutes: the means swallow the short ones, the minimum
    times of the plant, which act on what the engine asks for, the rest."""
    run = Run(RICH, dt_s=2.0, follow=False)
    times = MinTimes(1800.0, 900.0, off_served=True)
    asked = starts = 0
    for n in range(45):
        for pv_w, seconds in ((6000.0, 60 + 30 * (n % 7)), (1400.0, 60 + 30 * (n * 3 % 7))):
            for _ in range(seconds // 2):
                on = times.command
                run(2.0, pv_w=pv_w)
                asked += run.engine.decision.total_w > 0.0
                times.step_unproved(Tick(run.now_ns, run.dt_ns), request=run.engine.decision.total_w > 0.0)
                starts += times.command and not on
                power = max(1200.0, run.engine.decision.total_w / 2.0) if times.command else 0.0
                run.power_w = (power, power)
    assert asked > 1000
    assert 1 <= starts <= 5  # of 45 clouds; eight a day are allowed


def test_the_miners_own_power_does_not_feed_back() -> None:
    """A constant sun gives a constant power: what the miners draw is added back to the surplus."""
    run = Run(RICH)
    run(300.0, pv_w=4500.0)
    seen = set()
    for _ in range(50):
        run(60.0, pv_w=4500.0)
        seen.add(run.engine.decision.total_w)
    assert len(seen) == 1
    assert seen.pop() > 3000.0


def test_a_miner_of_unknown_power_makes_the_surplus_smaller_never_larger() -> None:
    run = Run(RICH, follow=False)
    units = (MinerSituation(True, None), MinerSituation(True, 0.0))
    run(300.0, pv_w=4500.0, load_w=500.0 + 3200.0, units=units)
    assert run.engine.decision.total_w <= 800.0


class TestMissingData:
    """Old data hold the decision for a while and end it then; they never begin anything."""

    @pytest.mark.parametrize("lost", [{"load": BAD}, {"pv": BAD}, {"load": NEVER, "pv": NEVER}])
    def test_a_running_plant_stops_after_the_time_for_less_power(self, lost: dict[str, Reading]) -> None:
        run = Run(RICH)
        run(300.0, pv_w=9000.0)
        before = run.engine.decision.total_w
        assert before == 6400.0
        changes = {f"{name}_w": reading for name, reading in lost.items()}
        for second in range(170):
            self._blind(run, 1.0, **changes)
            assert run.engine.decision.total_w == before, second
        self._blind(run, 30.0, **changes)
        assert run.engine.decision.total_w == 0.0
        assert dict(run.engine.reasons())["house"] == "lost"

    def test_a_standing_plant_never_starts(self) -> None:
        run = Run(economics(mining={"hash_price_usd_per_ph_day": 150.0}))
        for changes in ({"pv_w": BAD}, {"load_w": NEVER}):
            self._blind(run, 400.0, **changes)
            assert run.engine.decision.total_w == 0.0

    def test_blind_power_is_never_cheap_power(self) -> None:
        """A very low spot price: with a known house it pays, without one it counts as the fixed price."""
        e = economics(tariff={"kind": "dynamic", "fees_net_eur_per_kwh": 0.0})
        spot = SpotPrices(NOON - NOON % 900, (-0.05,) * 40)
        run = Run(e)
        run(400.0, pv_w=0.0, battery_soc_pct=NEVER, spot=spot)
        assert run.engine.decision.total_w == 6400.0
        blind = Run(e)
        self._blind(blind, 400.0, load_w=NEVER, spot=spot)
        assert blind.engine.decision.total_w == 0.0

    def test_power_comes_back_only_after_a_full_window_of_good_data(self) -> None:
        run = Run(RICH)
        self._blind(run, 400.0, load_w=NEVER)
        run(30.0, pv_w=9000.0)
        assert run.engine.decision.total_w == 0.0
        run(60.0, pv_w=9000.0)
        assert run.engine.decision.total_w == 6400.0

    @pytest.mark.parametrize(
        "changes",
        [
            {"t_top_degc": None},
            {"sink": False},
            {"heat_load_w": 0.0},
            {"pool_ok": False},
            {"hash_price": HashPrice(200.0, None)},
            {"hash_price": HashPrice(200.0, NOON - 8 * 86_400)},
            {"hash_price": HashPrice(200.0, NOON + 8 * 86_400)},
            {"hash_price": HashPrice(200.0, NOON), "synchronised": False},
        ],
        ids=lambda changes: ",".join(changes),
    )
    def test_what_is_missing_never_speaks_for_mining(self, changes: dict[str, object]) -> None:
        run = Run(economics(tariff={"feed_in_eur_per_kwh": 0.03}))
        assert run(300.0, pv_w=9000.0).total_w > 0.0
        missing = Run(economics(tariff={"feed_in_eur_per_kwh": 0.03}))
        assert missing(300.0, pv_w=9000.0, **changes).total_w == 0.0

    def test_unknown_weather_counts_as_an_excellent_heat_pump(self) -> None:
        run = Run(RICH)
        run(300.0, pv_w=0.0, outdoor_degc=None, battery_soc_pct=NEVER)
        assert run.engine.decision.heat == pytest.approx(0.95 * 0.30 / 5.0)

    @staticmethod
    def _blind(run: Run, seconds: float, **changes: object) -> None:
        for _ in range(round(seconds)):
            run.now_ns += run.dt_ns
            miners = tuple(MinerSituation(True, power) for power in run.power_w)
            given = {"pv_w": Reading.good(9000.0, run.now_ns), **changes}
            pv = given.pop("pv_w")
            s = situation(run.now_ns, miners=miners)._replace(pv_w=pv, **given)
            run.engine.step(Tick(run.now_ns, run.dt_ns), situation=s)
            run.power_w = run.engine.decision.power_w


class TestPolicies:
    """The owner's choice is obeyed inside the limits, and its price is booked."""

    @pytest.mark.parametrize(
        ("policy", "pv_w", "changes", "runs"),
        [
            (Policy.ALWAYS, 0.0, {}, True),
            (Policy.ALWAYS, 0.0, {"heat_load_w": 0.0, "recool": True}, True),
            (Policy.ALWAYS, 0.0, {"sink": False}, False),
            (Policy.HEAT_FIRST, 0.0, {}, True),
            (Policy.HEAT_FIRST, 9000.0, {"t_top_degc": 56.0}, False),
            (Policy.SURPLUS, 9000.0, {}, True),
            (Policy.SURPLUS, 0.0, {}, False),
            (Policy.OFF, 9000.0, {}, False),
            (Policy.MARGINAL, 9000.0, {}, False),
        ],
    )
    def test_policy(self, policy: Policy, pv_w: float, changes: dict[str, object], runs: bool) -> None:
        run = Run(economics(choice={"policy": policy}))
        soc = Reading.good(10.0, 0) if pv_w == 0.0 else Reading.good(100.0, 0)
        decision = run(300.0, pv_w=pv_w, battery_soc_pct=soc, **changes)
        assert (decision.total_w > 0.0) is runs

    def test_the_owner_may_want_hashes_that_earn_nothing(self) -> None:
        run = Run(economics(choice={"policy": Policy.ALWAYS}, mining={"hash_price_usd_per_ph_day": 0.0}))
        assert run(300.0, battery_soc_pct=Reading.good(10.0, 0)).total_w == 6400.0

    def test_the_price_of_a_policy_is_booked_against_marginal(self) -> None:
        run = Run(economics(choice={"policy": Policy.ALWAYS}), dt_s=5.0)
        run(3600.0, battery_soc_pct=Reading.good(10.0, 0))
        # 6.4 kW for most of an hour at 30 ct, less 3.9 ct of coins and 0.95/COP of the price as heat.
        assert 1.0 < run.engine.account.total[6] < 1.4
        economical = Run(dt_s=5.0)
        economical(3600.0, battery_soc_pct=Reading.good(10.0, 0))
        assert economical.engine.account.total[6] == 0.0

    def test_a_bonus_is_a_choice_with_a_price(self) -> None:
        run = Run(economics(mining={"bonus_eur_per_kwh": 0.05}), dt_s=5.0)
        run(3600.0, pv_w=9000.0)
        assert run.engine.decision.total_w > 0.0
        assert run.engine.account.total[6] > 0.01

    def test_the_battery_reserve_depends_on_the_season(self) -> None:
        e = economics(choice={"policy": Policy.ALWAYS})
        half = Reading.good(30.0, 0)
        assert Run(e)(300.0, battery_soc_pct=half, winter=True).total_w == 0.0
        assert Run(e)(300.0, battery_soc_pct=half, winter=False).total_w == 6400.0


WARM = {"t_top_degc": 45.0, "t_mean_degc": 45.0}
"""Warmer than the heat pump holds it: miner heat is stored and does not slow it now."""


class TestPlan:
    """Values of a plan move decisions; they never move limits, and they end."""

    BEGIN = NOON - NOON % 900

    def test_heat_that_a_plan_needs_later_is_worth_making_now(self) -> None:
        assert Run()(300.0, pv_w=9000.0, **WARM).total_w == 0.0
        run = Run()
        assert run(300.0, pv_w=9000.0, **WARM, plan=plan_values(heat=0.10)).total_w == 6400.0
        assert dict(run.engine.reasons())["prices"] == "plan"

    def test_heat_that_nobody_will_need_is_worth_nothing(self) -> None:
        assert Run()(300.0, pv_w=9000.0, **WARM, plan=plan_values(heat=0.0)).total_w == 0.0

    def test_heat_that_slows_the_heat_pump_now_is_worth_its_electricity_now(
        self,
    ) -> None:
        """The buffer is at the curve: miner heat only slows the heat pump, and that saves feed-in today."""
        assert Run()(300.0, pv_w=9000.0, plan=plan_values(heat=0.05)).total_w == 0.0

    def test_more_power_by_a_plan_needs_the_mean_of_a_quarter_hour_too(self) -> None:
        """Sun and cloud in turns of two minutes: the power follows their mean, not every gap."""
        run = Run(RICH, dt_s=5.0)
        plan = plan_values(heat=0.05, charge=0.3, quarters=12)
        wanted = [run(120.0, pv_w=pv_w, plan=plan).total_w for _ in range(20) for pv_w in (8500.0, 1500.0)]
        settled = wanted[10:]
        assert min(settled) > 0.0
        assert max(settled) <= 4900.0

    def test_clouds_that_the_battery_has_to_carry_make_the_next_power_dearer(self) -> None:
        """The same mean with and without clouds; feed-in and battery make the last steps worth little."""
        plan = plan_values(heat=0.10, quarters=12)
        calm, cloudy = Run(dt_s=5.0), Run(dt_s=5.0)
        for _ in range(20):
            calm(120.0, pv_w=5000.0, **WARM, plan=plan)
            cloudy(60.0, pv_w=8500.0, **WARM, plan=plan)
            cloudy(60.0, pv_w=1500.0, **WARM, plan=plan)
        assert calm.engine.surplus.steady.swing_w == pytest.approx(0.0, abs=1.0)
        assert cloudy.engine.surplus.steady.swing_w == pytest.approx(3500.0, rel=0.05)
        assert cloudy.engine.decision.total_w < calm.engine.decision.total_w

    def test_a_start_must_pay_unless_the_plan_will_need_the_miner_anyway(self) -> None:
        for runs_on, expected in ((0.0, 0.0), (0.05, 6400.0)):
            plan = plan_values(heat=0.10, start_eur=0.05, runs_on_eur=runs_on)
            assert Run()(300.0, pv_w=9000.0, **WARM, plan=plan).total_w == expected

    @pytest.mark.parametrize("begin", [BEGIN - 3600, BEGIN + 3600], ids=["over", "not yet"])
    def test_a_plan_outside_its_time_is_no_plan(self, begin: int) -> None:
        run = Run()
        assert run(300.0, pv_w=9000.0, plan=plan_values(heat=0.10, begin=begin)).total_w == 0.0
        assert dict(run.engine.reasons())["prices"] == "rule"

    def test_a_plan_needs_a_clock_and_the_state_it_talks_about(self) -> None:
        for changes in ({"synchronised": False}, {"t_mean_degc": None}, {"battery_soc_pct": NEVER}):
            run = Run()
            run(300.0, pv_w=9000.0, plan=plan_values(heat=0.10), **changes)
            assert dict(run.engine.reasons())["prices"] == "rule"

    def test_a_mad_plan_cannot_buy_grid_power_or_break_a_limit(self) -> None:
        mad = plan_values(heat=9.0, charge=-9.0, runs_on_eur=9.0, start_eur=0.03)
        dark = {"pv_w": 0.0, "battery_soc_pct": Reading.good(10.0, 0)}
        assert Run()(300.0, plan=mad, **dark).total_w == 0.0
        assert Run()(300.0, pv_w=9000.0, plan=mad, sink=False).total_w == 0.0
        low = Reading.good(30.0, 0)
        evening = Run(economics(mining={"hash_price_usd_per_ph_day": 200.0}))
        assert evening(300.0, pv_w=0.0, plan=mad, battery_soc_pct=low).limited_by == "battery"

    def test_running_through_a_gap_may_cost_what_a_start_costs_and_no_more(self) -> None:
        """A plan that says for ever that the miner will be needed soon is believed for one start's money."""
        run = Run(economics(tariff={"feed_in_eur_per_kwh": 0.0}))
        plan = plan_values(heat=0.03, runs_on_eur=0.12, start_eur=0.12, quarters=24)
        sunny, dark = {"pv_w": 4000.0, "plan": plan}, {"pv_w": 0.0, "plan": plan}
        assert run(300.0, battery_soc_pct=Reading.good(100.0, 0), **sunny).total_w > 0.0
        empty = {"battery_soc_pct": Reading.good(10.0, 0)}
        assert run(300.0, **empty, **dark).total_w in (1200.0, 2400.0)  # 5.7 ct a quarter hour for each
        assert run(1500.0, **empty, **dark).total_w == 0.0

    def test_values_depend_on_what_is_stored(self) -> None:
        falling = ((0.0, -1.0), (-2.4, -3.2))
        plan = plan_values(heat=0.0)._replace(
            base_degc=30.0, kwh_per_k=1.0, heat_kwh=(0.0, 20.0), values=((falling,) * 6, (falling,) * 6)
        )
        at = plan.moment(self.BEGIN)
        assert at is not None
        assert plan.worth(at, 0.0, 0.0, 0) == (pytest.approx(0.12), pytest.approx(0.10))
        assert plan.worth(at, 20.0, 10.0, 0) == (pytest.approx(0.11), pytest.approx(0.08))
        assert plan.cost_to_go(at, 10.0, 5.0, 2, True) == pytest.approx(-1.65)
        assert plan.cost_to_go(at, 90.0, -5.0, 0, False) == pytest.approx(-2.4)
        assert plan.moment(self.BEGIN + 1800) is None
        assert plan.moment(self.BEGIN - 1) is None

    def test_between_two_quarter_hours_values_go_over_from_one_to_the_other(self) -> None:
        plan = plan_values(heat=0.0)
        later = tuple(tuple(tuple(v + 1.0 for v in row) for row in plane) for plane in plan.values[0])
        plan = plan._replace(values=(plan.values[0], later))
        costs = []
        for seconds in (0, 300, 899, 900, 1200):
            at = plan.moment(self.BEGIN + seconds)
            assert at is not None
            costs.append(plan.cost_to_go(at, 0.0, 0.0, 0, False))
        assert costs == [0.0, pytest.approx(1 / 3), pytest.approx(1.0, abs=0.01), 1.0, 1.0]

    def test_a_damaged_plan_is_no_plan(self) -> None:
        good = plan_values(heat=0.0, charge=0.0)
        assert is_sound(good)
        nan = float("nan")
        quarter = good.quarters[0]
        for broken in (
            good._replace(values=()),
            good._replace(values=good.values[:-1]),
            good._replace(heat_kwh=(1.0, 1.0)),
            good._replace(charge_kwh=(1.0,)),
            good._replace(kwh_per_k=0.0),
            good._replace(first_unix_s=1),
            good._replace(phases=4),
            good._replace(quarters=(quarter._replace(cop=0.0),) * 4),
            good._replace(values=((((nan, 0.0), (0.0, 0.0)),) * 6,) * 4),
        ):
            assert not is_sound(broken)


def test_both_miners_are_decided_one_by_one() -> None:
    run = Run(RICH, follow=False)
    units = (MinerSituation(False, None), MinerSituation(True, 0.0, 1200.0, 2000.0))
    run(300.0, pv_w=9000.0, units=units)
    assert run.engine.decision.power_w == (0.0, 2000.0)


def test_a_miner_that_fails_is_taken_out_at_once() -> None:
    run = Run(RICH, follow=False)
    on = MinerSituation(True, 3200.0)
    run(300.0, pv_w=9000.0, units=(on, on))
    assert run.engine.decision.power_w == (3200.0, 3200.0)
    run(1.0, pv_w=9000.0, units=(on._replace(available=False), on))
    assert run.engine.decision.power_w == (0.0, 3200.0)


def test_the_miners_own_curve_replaces_the_one_of_the_site() -> None:
    bad = MinerSituation(True, 0.0, curve_w=(1200.0, 3200.0), curve_ths=(20.0, 40.0))
    run = Run(economics(tariff={"feed_in_eur_per_kwh": 0.03}), follow=False)
    run(300.0, pv_w=9000.0, units=(bad, MinerSituation(True, 0.0)))
    assert run.engine.decision.power_w[0] == 0.0
    assert run.engine.decision.power_w[1] > 0.0
    nonsense = MinerSituation(True, 0.0, curve_w=(0.0, 0.0), curve_ths=(0.0, 0.0))
    run(300.0, pv_w=9000.0, units=(nonsense, MinerSituation(True, 0.0)))
    assert run.engine.decision.power_w[0] == 0.0


def test_an_expensive_decision_is_taken_once_a_second_whatever_the_period() -> None:
    """The same seconds in steps of 100 ms and of 20 ms end in the same decision and the same books."""
    results = []
    for dt_s in (0.1, 0.02):
        run = Run(RICH, dt_s=dt_s, follow=False)
        run(100.0, pv_w=4500.0)
        results.append((run.engine.decision.power_w, round(run.engine.account.total[5], 3)))
    assert results[0] == results[1]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 12_000), st.integers(1, 90)), min_size=1, max_size=6))
def test_a_restored_engine_goes_on_as_if_nothing_had_happened(parts: list[tuple[float, int]]) -> None:
    run = Run(RICH)
    for pv_w, seconds in parts:
        run(seconds, pv_w=pv_w)
    other = EnergyEngine(RICH)
    other.restore(json.loads(json.dumps(run.engine.state())))
    assert other.state() == run.engine.state()
    for step in range(150):
        tick = Tick(run.now_ns + step * ns(1), ns(1))
        s = situation(tick.now_ns, pv_w=7000.0)
        assert run.engine.step(tick, situation=s) == other.step(tick, situation=s)


def test_a_state_of_something_else_is_refused_as_a_whole() -> None:
    engine = EnergyEngine(Economics())
    before = engine.state()
    with pytest.raises(ValueError):
        engine.restore({**before, "account": {}})
    assert engine.state() == before


def test_every_decision_says_what_it_is_made_of() -> None:
    run = Run(RICH)
    run(300.0, pv_w=4500.0)
    values = dict(run.engine.values())
    net = values["revenue_ct_per_kwh"] + values["heat_value_ct_per_kwh"] - values["cost_ct_per_kwh"] - 0.3
    assert values["net_benefit_ct_per_kwh"] == pytest.approx(net)
    assert values["wanted_power_w"] == run.engine.decision.total_w
    assert values["surplus_w"] == pytest.approx(4000.0)
    words = dict(run.engine.reasons())
    assert words["limited_by"] == "price"
    assert words["policy"] == "marginal"
    assert words["source"] == "export"


def test_by_a_plan_clouds_that_come_and_go_neither_start_nor_stop_a_miner() -> None:
    """Two minutes of sun, two of cloud: their mean decides, not the last minutes."""
    plan = plan_values(heat=0.05, start_eur=0.03, runs_on_eur=0.03, quarters=8)
    for sunny, cloudy, runs in ((9000.0, 3000.0, True), (1500.0, 100.0, False)):
        run = Run(RICH, dt_s=5.0)
        for n in range(20):
            run(120.0, pv_w=sunny if n % 2 else cloudy, plan=plan)
        assert run.starts == runs
        assert (run.engine.decision.total_w > 0.0) is runs
