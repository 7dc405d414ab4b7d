"""The plan: dynamic programme backwards over both stores, in plain Python, bounded in time and memory.

The result is not a schedule but the value of being in a state: heat, charge, how many miners run, and whether
the heat pump is held back. 48 h x 40 x 13 levels x 6 powers, and some of them with a block, are about 700 000
evaluations. The block is only looked at where the heat pump would run.
"""

from __future__ import annotations

from plc.energy.plan_problem import NEVER_EUR, STEP_H, Level, Plant, Problem, Quarter
from plc.energy.plan_problem import PENALTY_EUR_PER_KWH as PENALTY
from plc.energy.plan_values import PlanValues
from plc.energy.quarter_hour import exchanged, feeds_miners, heat

HEAT_LEVELS = 40
CHARGE_LEVELS = 13
MOST_QUARTERS = 192
HANDED_OVER = 5
"""Begins of quarter hours whose values are handed over: a plan is renewed every quarter hour and is good for
one hour after its own."""

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
    best: Values = [[[]] * len(heat_levels) for _ in after]
    for level in problem.levels:
        _try_level(problem, q, level, heat_levels, charge, after, best)
    result: Values = [[] for _ in after]
    for row in range(len(heat_levels)):
        begun = _begun(problem.plant, problem.phases, [lines[row] for lines in best])
        for line_of, line in zip(result, begun, strict=True):
            line_of.append(line)
    return result


def _try_level(
    problem: Problem,
    q: Quarter,
    level: Level,
    heat_levels: list[float],
    charge: list[float],
    after: Values,
    best: Values,
) -> None:
    """One power of the miners in every state, with and without a block; keeps the smaller cost in best.

    What the battery does follows from the electric power alone, and that is the same in most levels of
    heat: the heat pump stands, or gives all it can. So the way along the charge is gone once per power
    (moved), and a level of heat is only a share of the way between two lines of it.
    """
    plant, phases = problem.plant, problem.phases
    step_e = heat_levels[1] - heat_levels[0]
    last = len(heat_levels) - 2
    brought = (plant.into_buffer * level.power_kw - q.demand_kw) * STEP_H
    earned = level.eur_per_h * STEP_H
    ways: dict[float, list[tuple[float, int, float]]] = {}
    moved: list[dict[tuple[float, int], list[float]]] = [{} for _ in range(phases)]
    for index, e in enumerate(heat_levels):
        free = e * (1.0 - plant.loss) + brought
        may = q.may_block and q.target_kwh > free >= q.release_kwh
        for phase, target in enumerate((q.target_kwh, free) if may else (q.target_kwh,)):
            e1, electric_kw, cost = heat(plant, q, level.power_kw, free, target)
            cost -= earned
            plane, known = level.miners * phases + phase, moved[phase]
            place = e1 / step_e
            row = int(place)
            if row > last:
                row = last
            share = place - row
            low, high = known.get((electric_kw, row)), known.get((electric_kw, row + 1))
            if low is None or high is None:
                if electric_kw not in ways:
                    ways[electric_kw] = _ways(plant, q, electric_kw, level.power_kw, charge)
                low = known[electric_kw, row] = low or _moved(ways[electric_kw], after[plane][row])
                high = known[electric_kw, row + 1] = _moved(ways[electric_kw], after[plane][row + 1])
            lines = best[plane]
            if lines[index]:
                lines[index] = [
                    new if (new := cost + a + share * (b - a)) < old else old
                    for a, b, old in zip(low, high, lines[index], strict=True)
                ]
            else:
                lines[index] = [cost + a + share * (b - a) for a, b in zip(low, high, strict=True)]


def _ways(
    plant: Plant, q: Quarter, electric_kw: float, miners_kw: float, charge: list[float]
) -> list[tuple[float, int, float]]:
    """What the inverter and the grid make of every level of charge: (cost in EUR, the level below where it
    ends, share of the way to the next).

    Most levels are far from both ends: the same power flows, so the cost and the share are those of the
    level before, one level further.
    """
    last = max(0, len(charge) - 2)
    step = charge[1] - charge[0] if len(charge) > 1 else 1.0
    net_kw = q.pv_kw - q.load_kw - electric_kw
    result: list[tuple[float, int, float]] = []
    for s in charge:
        s1, battery_kw, grid_kw, eur = exchanged(plant, q, s, net_kw)
        if grid_kw > plant.limit_kw:
            eur += (grid_kw - plant.limit_kw) * STEP_H * PENALTY
        if miners_kw > 0.0 and feeds_miners(plant, q, s, miners_kw, battery_kw, grid_kw):
            eur = NEVER_EUR
        place = (s1 - charge[0]) / step
        column = int(place)
        if column > last:
            column = last
        result.append((eur, column, place - column))
    return result


def _moved(ways: list[tuple[float, int, float]], line: list[float]) -> list[float]:
    """Costs of one level of heat, seen from the levels of charge before the quarter hour."""
    if len(line) == 1:
        return [ways[0][0] + line[0]]
    return [eur + line[n] + share * (line[n + 1] - line[n]) for eur, n, share in ways]


def _begun(plant: Plant, phases: int, best: list[list[float]]) -> list[list[float]]:
    """From the best actions by what runs after them to the best by what ran before: a begin has a price.
    best: one line per state; an empty one for a block that is not possible."""
    free, blocked, price = best[::phases], best[1::phases], plant.block_eur
    if phases == 1 or not any(blocked):
        found = _started(plant.start_eur, free)
        return [line for line in found for _ in range(phases)]
    begins = [
        _least(line, other, price) if other else line for line, other in zip(free, blocked, strict=True)
    ]
    stays = [_least(line, other, 0.0) if other else line for line, other in zip(free, blocked, strict=True)]
    pairs = zip(_started(plant.start_eur, begins), _started(plant.start_eur, stays), strict=True)
    return [line for pair in pairs for line in pair]


def _started(price: float, lines: list[list[float]]) -> list[list[float]]:
    """The same for the miners: as many or fewer of them for nothing, each further one for a price."""
    found = [lines[0]]
    for line in lines[1:]:
        found.append(_least(line, found[-1], 0.0))
    more = lines[-1]
    for before in range(len(lines) - 2, -1, -1):
        found[before] = _least(found[before], more, price)
        if before:
            more = _least(lines[before], more, price)
    return found


def _least(line: list[float], other: list[float], price: float) -> list[float]:
    """Element by element the smaller one of a line and of another that costs a price more."""
    return [x if x < y + price else y + price for x, y in zip(line, other, strict=True)]
