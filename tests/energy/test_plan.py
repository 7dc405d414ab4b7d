"""The plan against exhaustive search, against common sense, and its journey through a pipe."""

from __future__ import annotations

import copy
import itertools
import json
import math

import pytest

from plc.energy import plan, plan_problem, plan_values
from plc.energy.forecast import Forecast, Forecaster, replaced
from plc.energy.parameters import Economics, ImportKind, Tariff, Window
from plc.energy.plan_problem import STEP_H, Plant, Problem, Quarter
from plc.energy.plan_request import HeatModel
from plc.energy.plan_request import problem as question
from plc.energy.tariff import SpotPrices
from tests.energy.house import NOON, OFFERS
from tests.energy.problems import USUAL, random_problem, winter_day


def solved(p: Problem) -> plan_values.PlanValues:
    return plan.values_of(p, plan.solve(p), made_unix_s=p.first_unix_s, base_degc=30.0, kwh_per_k=1.163)


def worth(p: Problem, heat_kwh: float, charge_kwh: float, quarter: int = 0) -> tuple[float, float]:
    """What one more kWh of heat, and of charge, is worth at the end of a quarter hour."""
    result = solved(p)
    at = result.moment(p.first_unix_s + 900 * quarter)
    assert at is not None
    return result.worth(at, heat_kwh, charge_kwh, 0)


def roll_out(p: Problem, e: float, s: float, actions: tuple[tuple[int, bool], ...], before: int = 0) -> float:
    """Cost of fixed actions without any grid: an independent little simulator of the same quarter hour.

    before: miners that run when it begins. A block that the stored heat does not carry is no action.
    """
    pl = p.plant
    cost = 0.0
    blocked = False
    for q, (level_index, block) in zip(p.quarters, actions, strict=True):
        level = p.levels[level_index]
        free = e * (1 - pl.loss) + (pl.into_buffer * level.power_kw - q.demand_kw) * STEP_H
        held = block and q.may_block and q.target_kwh > free >= q.release_kwh
        target = free if held else q.target_kwh
        cost += pl.block_eur * (held and not blocked) + pl.start_eur * max(0, level.miners - before)
        blocked, before = held, level.miners
        heat = min(max((target - free) / STEP_H, 0.0), q.capacity_kw)
        e = free + heat * STEP_H
        electric = level.power_kw
        cost -= level.eur_per_h * STEP_H
        if pl.boiler_eur is None:
            electric += heat / q.cop
        else:
            cost += heat * STEP_H * pl.boiler_eur
        over = max(0.0, e - pl.e_max_kwh)
        if over > 0.0 and pl.recool:
            brought = pl.into_buffer * level.power_kw * STEP_H
            electric += pl.fan_kw * min(1.0, over / brought) if brought > 0.0 else 0.0
        elif over > 0.0:
            cost += over
        if e < 0.0:
            cost -= e
        e = min(max(e, 0.0), pl.e_max_kwh)
        net = q.pv_kw - q.load_kw - electric
        if net >= 0.0:
            charge = min(net, pl.battery_kw, (pl.s_max_kwh - s) / (pl.one_way * STEP_H))
            s += charge * pl.one_way * STEP_H
            cost -= min(net - charge, pl.cap_kw) * STEP_H * q.feed_in_eur
        else:
            give = min(-net, pl.battery_kw, (s - pl.s_min_kwh) * pl.one_way / STEP_H)
            if level.power_kw > 0.0 and give > 0.0 and s <= q.reserve_kwh:
                cost += 1e6 * (-net - level.power_kw < pl.battery_kw)  # the battery would feed the miners
            s -= give / pl.one_way * STEP_H
            bought = -net - give
            cost += (bought * q.import_eur + give * pl.battery_wear_eur) * STEP_H
            cost += max(0.0, bought - pl.limit_kw) * STEP_H
    return cost - p.end_heat_eur * min(e, p.end_heat_kwh) - p.end_charge_eur * s


@pytest.mark.parametrize("seed", range(12))
def test_one_quarter_hour_is_exact(seed: int) -> None:
    """On the grid points and over one quarter hour nothing is interpolated but the end value."""
    p = random_problem(seed, quarters=1)
    p = p._replace(end_heat_kwh=100.0)  # linear, so that interpolation is exact
    values = plan.solve(p)[0]
    heat, charge = plan.grids(p.plant)
    choices = list(itertools.product(range(len(p.levels)), (False, True)))
    for i, j, before in itertools.product((0, 12, 33), range(len(charge)), range(3)):
        best = min(roll_out(p, heat[i], charge[j], (choice,), before) for choice in choices)
        assert values[before * p.phases][i][j] == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_three_quarter_hours_agree_with_trying_everything_up_to_the_grid(seed: int) -> None:
    p = random_problem(seed, quarters=3)
    values = plan.solve(p)[0]
    heat, charge = plan.grids(p.plant)
    choices = list(itertools.product(range(len(p.levels)), (False, True)))
    for i, j, before in ((16, 0, 0), (23, len(charge) - 1, 2)):
        best = min(
            roll_out(p, heat[i], charge[j], actions, before)
            for actions in itertools.product(choices, repeat=3)
        )
        assert values[before * p.phases][i][j] == pytest.approx(best, abs=0.08)


@pytest.mark.parametrize("seed", range(4))
def test_what_runs_is_worth_at_most_its_start(seed: int) -> None:
    p = random_problem(seed)
    p = p._replace(quarters=tuple(q._replace(may_block=True) for q in p.quarters))
    off, held, one, _, two, _ = plan.solve(p)[0]
    for i, j in itertools.product((0, 20, 39), range(len(off[0]))):
        assert -1e-9 <= off[i][j] - one[i][j] <= p.plant.start_eur + 1e-9
        assert -1e-9 <= one[i][j] - two[i][j] <= p.plant.start_eur + 1e-9
        assert -1e-9 <= off[i][j] - held[i][j] <= p.plant.block_eur + 1e-9


def test_a_reserve_keeps_the_battery_from_the_miners() -> None:
    """Hashes at 40 ct/kWh: from the battery they pay, from the reserve they may not be tried."""
    rich = tuple(level._replace(eur_per_h=0.4 * level.power_kw) for level in winter_day().levels)
    free = winter_day(1, load_kw=1.0)._replace(levels=rich, end_charge_eur=0.0)
    kept = free._replace(quarters=tuple(q._replace(reserve_kwh=5.5) for q in free.quarters))
    _, charge = plan.grids(free.plant)
    without, mined, guarded = (plan.solve(p)[0][0][20] for p in (free._replace(levels=rich[:1]), free, kept))
    for s, nothing, all_of_it, above in zip(charge, without, mined, guarded, strict=True):
        assert all_of_it < nothing
        assert above == (nothing if free.plant.s_min_kwh < s <= 5.5 else all_of_it)


def test_heat_is_worth_what_the_heat_pump_would_pay() -> None:
    dry = USUAL._replace(s_min_kwh=0.0, s_max_kwh=0.0, battery_kw=0.0)
    for kwh in (12.0, 15.0, 19.0):
        assert 0.085 < worth(winter_day()._replace(plant=dry), kwh, 0.0)[0] < 0.101


def test_heat_in_summer_is_worth_nothing() -> None:
    p = winter_day(demand_kw=0.0, target_kwh=-1.0, release_kwh=-1.0)._replace(end_heat_eur=0.0)
    assert all(abs(worth(p, kwh, 5.0)[0]) < 1e-4 for kwh in (1.0, 10.0, 25.0))


def test_a_price_spike_ahead_makes_heat_worth_more_now() -> None:
    calm = winter_day()
    quarters = list(calm.quarters)
    quarters[8:16] = [q._replace(import_eur=0.90) for q in quarters[8:16]]
    spike = worth(calm._replace(quarters=tuple(quarters)), 12.0, 6.0, 4)
    flat = worth(calm, 12.0, 6.0, 4)
    assert spike[0] > flat[0] + 0.02
    assert spike[1] > flat[1] + 0.1


def test_a_battery_that_the_sun_will_fill_anyway_is_worth_the_feed_in() -> None:
    p = winter_day(demand_kw=0.0, target_kwh=-1.0, release_kwh=-1.0, pv_kw=9.0)._replace(end_charge_eur=0.078)
    assert worth(p, 3.0, 9.5)[1] == pytest.approx(0.078 / 0.95, abs=0.01)


def test_more_in_store_never_costs_more() -> None:
    for seed in range(6):
        p = random_problem(seed)
        if p.plant.recool:
            continue
        safe = p._replace(
            quarters=tuple(q._replace(import_eur=abs(q.import_eur) + 0.1, demand_kw=4.0) for q in p.quarters)
        )
        for row in (row for plane in plan.solve(safe)[0] for row in plane):
            assert all(a >= b - 1e-9 for a, b in itertools.pairwise(row))


def test_a_block_only_happens_where_it_is_allowed() -> None:
    dear_now = winter_day(4)
    quarters = (dear_now.quarters[0]._replace(import_eur=0.9), *dear_now.quarters[1:])
    allowed = plan.solve(dear_now._replace(quarters=quarters))[0][0]
    free = tuple(q._replace(may_block=False) for q in quarters)
    never = plan.solve(dear_now._replace(quarters=free))[0][0]
    assert min(b[0] - a[0] for a, b in zip(allowed, never, strict=True)) < min(
        b[0] - a[0] + 0.05 for a, b in zip(allowed, never, strict=True)
    )
    assert max(b[0] - a[0] for a, b in zip(allowed, never, strict=True)) > 0.05


@pytest.mark.parametrize("count", [0, plan.MOST_QUARTERS + 1])
def test_a_question_without_bounds_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="allowed"):
        plan.solve(winter_day(1)._replace(quarters=winter_day(1).quarters * count))


def test_values_cover_the_next_hour_and_are_sound() -> None:
    for seed in range(8):
        result = solved(random_problem(seed, quarters=30))
        assert plan_values.is_sound(result)
        assert len(result.values) == plan.HANDED_OVER
    assert len(solved(random_problem(1, quarters=3)).values) == 3


def test_question_and_answer_survive_the_pipe() -> None:
    p = random_problem(3)
    again = plan_problem.from_plain(json.loads(json.dumps(plan_problem.to_plain(p))))
    assert again == p
    answer = solved(p)
    assert plan_values.from_plain(json.loads(json.dumps(list(answer)))) == answer
    with pytest.raises(ValueError, match="plan"):
        plan_values.from_plain(json.loads(json.dumps(list(answer._replace(kwh_per_k=-1.0)))))


@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf, 1e300, "0.3", None])
def test_a_number_that_is_none_makes_no_plan(garbage: object) -> None:
    """Nothing that comes out of the pipe may raise in the scan later, wherever in the answer it stands."""
    plain = json.loads(json.dumps(list(solved(winter_day(2)))))
    made, first, base, per_k, plant, phases, heat_kwh, charge_kwh, quarters, values = range(len(plain))
    places: list[tuple[int, ...]] = [
        (made,),
        (first,),
        (base,),
        (per_k,),
        (phases,),
        (heat_kwh, 0),
        (charge_kwh, 0),
    ]
    places += [(plant, n) for n in range(len(Plant._fields)) if garbage or Plant._fields[n] != "boiler_eur"]
    places += [(quarters, 0, n) for n in range(len(Quarter._fields))]
    places.append((values, 0, 0, 0, 0))
    for place in places:
        wrong = copy.deepcopy(plain)
        part = wrong
        for index in place[:-1]:
            part = part[index]
        part[place[-1]] = garbage
        with pytest.raises((ValueError, TypeError)):
            plan_values.from_plain(wrong)


class TestForecast:
    """What is built in, from nothing and from a few days."""

    def test_from_nothing_it_knows_the_season(self) -> None:
        f = Forecaster(pv_peak_kw=12.0, load_kwh_per_year=4000.0)
        summer = f.forecast(NOON, 96, utc_offset_s=7200)
        winter = f.forecast(NOON + 182 * 86_400, 96, utc_offset_s=3600)
        assert 25.0 < sum(summer.pv_kw) / 4.0 < 70.0
        assert 2.0 < sum(winter.pv_kw) / 4.0 < 15.0
        assert sum(summer.load_kw) / 4.0 == pytest.approx(4000.0 / 365.0, rel=0.05)
        assert sum(winter.outdoor_degc) / 96.0 < 6.0 < 14.0 < sum(summer.outdoor_degc) / 96.0
        assert min(summer.pv_kw) == 0.0

    def test_it_learns_the_house_and_the_roof(self) -> None:
        f = Forecaster(pv_peak_kw=12.0, load_kwh_per_year=4000.0)
        begin = NOON - NOON % 86_400
        for quarter in range(96 * 14):
            of_day = quarter % 96
            f.observe(
                begin + quarter * 900,
                utc_offset_s=0,
                pv_kw=max(0.0, 5.0 * (1.0 - ((of_day - 50) / 30) ** 2)),
                load_kw=3.0 if of_day == 80 else 0.4,
                outdoor_degc=4.0,
            )
        found = f.forecast(begin + 96 * 14 * 900, 96, utc_offset_s=0)
        assert found.load_kw[80] > 2.0 > 0.6 > found.load_kw[20]
        assert found.pv_kw[50] > 3.0
        assert found.pv_kw[10] < 0.1
        assert found.outdoor_degc[0] == pytest.approx(4.0)

    def test_a_dark_morning_lowers_the_afternoon(self) -> None:
        f = Forecaster(pv_peak_kw=12.0, load_kwh_per_year=4000.0)
        before = f.forecast(NOON, 8, utc_offset_s=7200)
        for quarter in range(8):
            f.observe(
                NOON - 7200 + quarter * 900, utc_offset_s=7200, pv_kw=0.2, load_kw=0.4, outdoor_degc=20.0
            )
        after = f.forecast(NOON, 8, utc_offset_s=7200)
        assert after.pv_kw[0] < before.pv_kw[0] / 2.0

    def test_what_nobody_measured_teaches_nothing(self) -> None:
        f = Forecaster(pv_peak_kw=12.0, load_kwh_per_year=4000.0)
        before = f.state()
        f.observe(NOON, utc_offset_s=7200, pv_kw=None, load_kw=None, outdoor_degc=None)
        assert f.state() == before

    def test_a_better_forecast_replaces_ours_value_by_value(self) -> None:
        own = Forecast(9000, (1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (3.0, 3.0, 3.0))
        other = Forecast(9900, (5.0,), (), (7.0, 7.0))
        both = replaced(own, other)
        assert both.pv_kw == (1.0, 5.0, 1.0)
        assert both.load_kw == own.load_kw
        assert both.outdoor_degc == (3.0, 7.0, 7.0)
        assert replaced(own, None) is own

    def test_a_whole_question_from_parameters_and_forecast(self) -> None:
        e = Economics(tariff=Tariff(kind=ImportKind.DYNAMIC))
        f = Forecaster(pv_peak_kw=12.0, load_kwh_per_year=4000.0)
        spot = SpotPrices(NOON - NOON % 900, (0.0,) * 8)
        p = question(
            e, HeatModel(), f.forecast(NOON, 96, utc_offset_s=7200), spot, OFFERS,
            eur_per_th_hour=0.001, mean_degc=-2.0, utc_offset_s=lambda _: 7200, winter=True,
        )  # fmt: skip
        assert p.quarters[0].demand_kw == pytest.approx(0.291 * 17.5, rel=0.05)
        assert p.quarters[95].demand_kw < p.quarters[0].demand_kw
        assert p.quarters[0].import_eur == pytest.approx(0.1555 * 1.19)
        assert p.quarters[8].import_eur == 0.30  # not announced, and no day before it is known
        assert {q.reserve_kwh for q in p.quarters} == {4.0}
        assert p.levels[0].power_kw == 0.0
        assert p.levels[-1].power_kw == 6.4
        assert plan_values.is_sound(solved(p))

    def test_a_window_keeps_its_local_time_when_the_clock_changes(self) -> None:
        """The night of 25 October 2026: 17 to 20 o'clock is an hour later in UTC on the day after."""
        begin, change = 1_792_792_800, 1_792_890_000  # 24 October 00:00, 25 October 03:00 local summer time
        dear = Tariff(kind=ImportKind.WINDOWS, windows=(Window(17.0, 20.0, 0.45),))
        own = Forecaster(pv_peak_kw=12.0, load_kwh_per_year=4000.0)
        p = question(
            Economics(tariff=dear), HeatModel(), own.forecast(begin, 192, utc_offset_s=7200), SpotPrices(),
            OFFERS, eur_per_th_hour=0.001, mean_degc=8.0, winter=True,
            utc_offset_s=lambda unix_s: 7200 if unix_s < change else 3600,
        )  # fmt: skip
        found = [index for index, q in enumerate(p.quarters) if q.import_eur == 0.45]
        assert found == [*range(17 * 4, 20 * 4), *range(42 * 4, 45 * 4)]
