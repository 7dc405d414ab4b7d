"""The plan: dynamic programme backwards over both stores, in plain Python, bounded in time and memory.

The result is not a schedule but the value of being in a state: heat, charge, how many miners run, and whether
the heat pump is held back. 48 h x 40 x 7 levels x 8 powers, each with and without a block, are about half a
million evaluations. The block is only looked at where the heat pump would run.
"""

from __future__ import annotations

from plc.energy.plan_problem import PENALTY_EUR_PER_KWH as PENALTY
from plc.energy.plan_problem import STEP_H, Plant, Problem, Quarter
from plc.energy.plan_values import PlanValues
from plc.energy.quarter_hour import heat

HEAT_LEVELS = 40
CHARGE_LEVELS = 7
MOST_QUARTERS = 192
HANDED_OVER = 5
"""Begins of quarter hours whose values are handed over: a plan is renewed every quarter hour and is good for
one hour after its own."""

INFINITE = float("inf")

Values = list[list[list[float]]]
"""Cost to go in EUR, [miners that run x phase of the block][heat level][charge level]."""


def grid(low: float, high: float, count: int) -> list[float]:
    """Even levels, both ends included."""
    return [low + (high - low) * index / (count - 1) for index in range(count)]


def grids(plant: Plant) -> tuple[list[float], list[float]]:
    """Levels of both stores; a house without battery has one level of charge."""
    heat_levels = grid(0.0, plant.e_max_kwh, HEAT_LEVELS)
    if plant.s_max_kwh <= plant.s_min_kwh:
        return heat_levels, [plant.s_min_kwh]
    return heat_levels, grid(plant.s_min_kwh, plant.s_max_kwh, CHARGE_LEVELS)


def end(problem: Problem, heat_levels: list[float], charge: list[float]) -> Values:
    """Cost to go after the last quarter hour, whatever runs then."""
    plane = [
        [-problem.end_heat_eur * min(e, problem.end_heat_kwh) - problem.end_charge_eur * s for s in charge]
        for e in heat_levels
    ]
    return [plane for _ in range((problem.most_miners + 1) * problem.phases)]


def solve(problem: Problem, keep: int = HANDED_OVER) -> list[Values]:
    """Values at the begin of quarter 0, 1, ... keep (fewer at the end of the horizon).

    Raises ValueError for more than MOST_QUARTERS, or none: the time it takes is part of the contract.
    """
    if not 0 < len(problem.quarters) <= MOST_QUARTERS:
        raise ValueError(f"{len(problem.quarters)} quarter hours, 1 to {MOST_QUARTERS} are allowed")
    heat_levels, charge = grids(problem.plant)
    values = end(problem, heat_levels, charge)
    kept = [values]
    for index in range(len(problem.quarters) - 1, -1, -1):
        values = _back(problem, problem.quarters[index], heat_levels, charge, values)
        kept.append(values)
        if len(kept) > keep + 1:
            del kept[0]
    kept.reverse()
    return kept


def values_of(
    problem: Problem, kept: list[Values], *, made_unix_s: int, base_degc: float, kwh_per_k: float
) -> PlanValues:
    """What is handed over: the values at the end of the first quarter hours, and these quarter hours.

    Only differences count, so the least value of each moment is taken off: small numbers travel better.
    """
    heat_levels, charge = grids(problem.plant)
    moments = []
    for values in kept[1:]:
        least = min(value for plane in values for row in plane for value in row)
        moments.append(
            tuple(tuple(tuple(round(v - least, 5) for v in row) for row in plane) for plane in values)
        )
    return PlanValues(
        made_unix_s=made_unix_s,
        first_unix_s=problem.first_unix_s,
        base_degc=base_degc,
        kwh_per_k=kwh_per_k,
        plant=problem.plant,
        phases=problem.phases,
        heat_kwh=tuple(heat_levels),
        charge_kwh=tuple(charge),
        quarters=problem.quarters[: len(moments)],
        values=tuple(moments),
    )


def _back(
    problem: Problem, q: Quarter, heat_levels: list[float], charge: list[float], after: Values
) -> Values:
    """One quarter hour backwards: the best action in every state."""
    plant, phases = problem.plant, problem.phases
    step_e = heat_levels[1] - heat_levels[0]
    last = len(heat_levels) - 2
    result: Values = [[] for _ in after]
    for e in heat_levels:
        best = [[INFINITE] * len(charge) for _ in after]
        for level in problem.levels:
            free = e * (1.0 - plant.loss) + (plant.into_buffer * level.power_kw - q.demand_kw) * STEP_H
            may = q.may_block and q.target_kwh > free >= q.release_kwh
            plane = level.miners * phases
            for target in (q.target_kwh, free) if may else (q.target_kwh,):
                e1, electric_kw, cost = heat(plant, q, level.power_kw, free, target)
                cost -= level.eur_per_h * STEP_H
                place = e1 / step_e
                row = int(place)
                if row > last:
                    row = last
                share = place - row
                low, high = after[plane][row], after[plane][row + 1]
                line = [a + share * (b - a) for a, b in zip(low, high, strict=True)]
                net_kw = q.pv_kw - q.load_kw - electric_kw
                _charge(plant, q, net_kw, cost, charge, line, best[plane])
                plane += 1
        for line_of, found in zip(result, _begun(plant, phases, best), strict=True):
            line_of.append(found)
    return result


def _begun(plant: Plant, phases: int, best: list[list[float]]) -> list[list[float]]:
    """From the best actions by what runs after them to the best by what ran before: a begin has a price."""
    if phases == 1:
        stays = begins = best
    else:
        free, blocked = best[0::2], best[1::2]
        stays = [list(map(min, f, b)) for f, b in zip(free, blocked, strict=True)]
        price = plant.block_eur
        begins = [
            [min(x, y + price) for x, y in zip(f, b, strict=True)] for f, b in zip(free, blocked, strict=True)
        ]
    found = []
    for before in range(len(begins)):
        for lines in (begins, stays)[:phases]:
            line = list(map(min, *lines[: before + 1])) if before else lines[0]
            for more in range(before + 1, len(lines)):
                price = (more - before) * plant.start_eur
                line = [min(x, y + price) for x, y in zip(line, lines[more], strict=True)]
            found.append(line)
    return found


def _charge(
    plant: Plant,
    q: Quarter,
    net_kw: float,
    cost: float,
    charge: list[float],
    line: list[float],
    best: list[float],
) -> None:
    """The inverter's rule and the grid for every level of charge; keeps the smaller cost in best.

    The innermost loop of the plan, half a million turns: nothing is called here.
    """
    count = len(charge)
    last = count - 2
    step = 1.0
    if count > 1:
        step = charge[1] - charge[0]
    else:
        last, line = 0, [line[0], line[0]]
    bottom, into, out = charge[0], plant.one_way * STEP_H, STEP_H / plant.one_way
    if net_kw >= 0.0:
        most = min(net_kw, plant.battery_kw)
        for index in range(count):
            s = charge[index]
            room = (plant.s_max_kwh - s) / into
            flow = most if most < room else room
            sold = net_kw - flow
            if sold > plant.cap_kw:
                sold = plant.cap_kw
            place = (s + flow * into - bottom) / step
            column = int(place)
            if column > last:
                column = last
            low = line[column]
            total = cost - sold * STEP_H * q.feed_in_eur + low + (place - column) * (line[column + 1] - low)
            if total < best[index]:
                best[index] = total
        return
    need = -net_kw
    most = min(need, plant.battery_kw)
    for index in range(count):
        s = charge[index]
        left = (s - plant.s_min_kwh) / out
        flow = most if most < left else left
        bought = need - flow
        total = cost + (bought * q.import_eur + flow * plant.battery_wear_eur) * STEP_H
        if bought > plant.limit_kw:
            total += (bought - plant.limit_kw) * STEP_H * PENALTY
        place = (s - flow * out - bottom) / step
        column = int(place)
        if column > last:
            column = last
        low = line[column]
        total += low + (place - column) * (line[column + 1] - low)
        if total < best[index]:
            best[index] = total
