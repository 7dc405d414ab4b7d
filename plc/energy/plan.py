"""The plan: dynamic programme backwards over both stores, in plain Python, bounded in time and memory.

The result is not a schedule but the value of being in a state, and from it what one more kWh of heat or
charge is worth in each of the next quarter hours. 48 h x 24 x 5 states x 8 actions are about 250 000
evaluations. The block is only looked at where the heat pump would run.
"""

from __future__ import annotations

from itertools import pairwise

from plc.energy.plan_prices import PlanPrices, Table
from plc.energy.plan_problem import PENALTY_EUR_PER_KWH as PENALTY
from plc.energy.plan_problem import STEP_H, Plant, Problem, Quarter

HEAT_LEVELS = 24
CHARGE_LEVELS = 5
MOST_QUARTERS = 192
HANDED_OVER = 16
"""Quarter hours that get a table: a plan is renewed every quarter hour and is good for four hours."""

Values = list[list[float]]
"""Cost to go in EUR, [heat level][charge level]."""


def grid(low: float, high: float, count: int) -> list[float]:
    """Even levels, both ends included."""
    return [low + (high - low) * index / (count - 1) for index in range(count)]


def grids(plant: Plant) -> tuple[list[float], list[float]]:
    """Levels of both stores; a house without battery has one level of charge."""
    heat = grid(0.0, plant.e_max_kwh, HEAT_LEVELS)
    if plant.s_max_kwh <= plant.s_min_kwh:
        return heat, [plant.s_min_kwh]
    return heat, grid(plant.s_min_kwh, plant.s_max_kwh, CHARGE_LEVELS)


def end(problem: Problem, heat: list[float], charge: list[float]) -> Values:
    """Cost to go after the last quarter hour."""
    return [
        [-problem.end_heat_eur * min(e, problem.end_heat_kwh) - problem.end_charge_eur * s for s in charge]
        for e in heat
    ]


def solve(problem: Problem, keep: int = HANDED_OVER) -> list[Values]:
    """Values at the begin of quarter 0, 1, ... keep (fewer at the end of the horizon).

    Raises ValueError for more than MOST_QUARTERS, or none: the time it takes is part of the contract.
    """
    if not 0 < len(problem.quarters) <= MOST_QUARTERS:
        raise ValueError(f"{len(problem.quarters)} quarter hours, 1 to {MOST_QUARTERS} are allowed")
    heat, charge = grids(problem.plant)
    values = end(problem, heat, charge)
    kept = [values]
    for index in range(len(problem.quarters) - 1, -1, -1):
        values = _back(problem, problem.quarters[index], heat, charge, values)
        kept.append(values)
        if len(kept) > keep + 1:
            del kept[0]
    kept.reverse()
    return kept


def _back(problem: Problem, q: Quarter, heat: list[float], charge: list[float], after: Values) -> Values:
    """One quarter hour backwards: the best action in every state."""
    plant = problem.plant
    result: Values = []
    step_e = heat[1] - heat[0]
    last = len(heat) - 2
    for e in heat:
        best = [float("inf")] * len(charge)
        for level in problem.levels:
            free = e * (1.0 - plant.loss) + (plant.into_buffer * level.power_kw - q.demand_kw) * STEP_H
            may = q.may_block and q.target_kwh > free >= q.release_kwh
            for target in (q.target_kwh, free) if may else (q.target_kwh,):
                e1, electric_kw, cost = _heat(plant, q, level.power_kw, free, target)
                cost -= level.eur_per_h * STEP_H
                place = e1 / step_e
                row = int(place)
                if row > last:
                    row = last
                share = place - row
                low, high = after[row], after[row + 1]
                line = [a + share * (b - a) for a, b in zip(low, high, strict=True)]
                net_kw = q.pv_kw - q.load_kw - electric_kw
                _charge(plant, q, net_kw, cost, charge, line, best)
        result.append(best)
    return result


def _heat(
    plant: Plant, q: Quarter, miners_kw: float, free: float, target: float
) -> tuple[float, float, float]:
    """(heat at the end, electric power of miners, heat pump and fan, cost that is not electricity)."""
    made_kw = (target - free) / STEP_H
    if made_kw < 0.0:
        made_kw = 0.0
    elif made_kw > q.capacity_kw:
        made_kw = q.capacity_kw
    e1 = free + made_kw * STEP_H
    cost = 0.0
    if plant.boiler_eur is None:
        electric_kw = miners_kw + made_kw / q.cop
    else:
        electric_kw = miners_kw
        cost = made_kw * STEP_H * plant.boiler_eur
    over = e1 - plant.e_max_kwh
    if over > 0.0:
        e1 = plant.e_max_kwh
        if plant.recool:
            brought = plant.into_buffer * miners_kw * STEP_H
            if brought > 0.0:
                electric_kw += plant.fan_kw * min(1.0, over / brought)
        else:
            cost += over * PENALTY
    elif e1 < 0.0:
        cost -= e1 * PENALTY
        e1 = 0.0
    return e1, electric_kw, cost


def _charge(
    plant: Plant,
    q: Quarter,
    net_kw: float,
    cost: float,
    charge: list[float],
    line: list[float],
    best: list[float],
) -> None:
    """The inverter's rule and the grid for every level of charge; keeps the smaller cost in best."""
    count = len(charge)
    step = charge[1] - charge[0] if count > 1 else 1.0
    bottom = charge[0]
    if net_kw >= 0.0:
        most = min(net_kw, plant.battery_kw)
        for index in range(count):
            s = charge[index]
            room = (plant.s_max_kwh - s) / (plant.one_way * STEP_H)
            flow = most if most < room else room
            sold = net_kw - flow
            if sold > plant.cap_kw:
                sold = plant.cap_kw
            total = cost - sold * STEP_H * q.feed_in_eur
            place = (s + flow * plant.one_way * STEP_H - bottom) / step
            total += _along(line, place, count)
            if total < best[index]:
                best[index] = total
        return
    need = -net_kw
    most = min(need, plant.battery_kw)
    for index in range(count):
        s = charge[index]
        left = (s - plant.s_min_kwh) * plant.one_way / STEP_H
        flow = most if most < left else left
        bought = need - flow
        total = cost + (bought * q.import_eur + flow * plant.battery_wear_eur) * STEP_H
        if bought > plant.limit_kw:
            total += (bought - plant.limit_kw) * STEP_H * PENALTY
        place = (s - flow / plant.one_way * STEP_H - bottom) / step
        total += _along(line, place, count)
        if total < best[index]:
            best[index] = total


def _along(line: list[float], place: float, count: int) -> float:
    """Linear between the levels, held at both ends."""
    if place <= 0.0 or count == 1:
        return line[0]
    index = int(place)
    if index >= count - 1:
        return line[count - 1]
    return line[index] + (place - index) * (line[index + 1] - line[index])


def prices(
    problem: Problem, kept: list[Values], *, made_unix_s: int, base_degc: float, kwh_per_k: float
) -> PlanPrices:
    """Differences of neighbouring states, at the middle between them, at the end of each quarter hour."""
    heat, charge = grids(problem.plant)
    step_e = heat[1] - heat[0]
    heat_tables: list[Table] = []
    charge_tables: list[Table] = []
    middles = [(a + b) / 2.0 for a, b in pairwise(heat)]
    between = [(a + b) / 2.0 for a, b in pairwise(charge)] or charge
    for values in kept[1:]:
        heat_rows = []
        charge_rows = []
        for low, high in pairwise(values):
            rises = [(a - b) / step_e for a, b in zip(low, high, strict=True)]
            mean = [(a + b) / 2.0 for a, b in zip(low, high, strict=True)]
            if len(charge) > 1:
                heat_rows.append(tuple((a + b) / 2.0 for a, b in pairwise(rises)))
                step_s = charge[1] - charge[0]
                charge_rows.append(tuple((a - b) / step_s for a, b in pairwise(mean)))
            else:
                heat_rows.append(tuple(rises))
                charge_rows.append((0.0,))
        heat_tables.append(tuple(heat_rows))
        charge_tables.append(tuple(charge_rows))
    return PlanPrices(
        made_unix_s=made_unix_s,
        first_unix_s=problem.first_unix_s,
        base_degc=base_degc,
        kwh_per_k=kwh_per_k,
        heat_kwh=tuple(middles),
        charge_kwh=tuple(between),
        heat=tuple(heat_tables),
        charge=tuple(charge_tables),
    )
