"""The plan: dynamic programme backwards over both stores, in plain Python, bounded in time and memory.

The result is not a schedule but the value of being in a state: heat, charge, how many miners run, and whether
the heat pump is held back. 48 h x 40 x 13 levels x 6 powers, some of them with a block, are more than
600 000 evaluations. The block is only looked at where the heat pump would run.
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

INFINITE = float("inf")

Plane = list[list[float]]

Values = list[Plane]
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
    """One power of the miners in every state, with and without a block; keeps the smaller cost in best."""
    plant, plane = problem.plant, level.miners * problem.phases
    phases = [
        (best[n], _AlongCharge(plant, q, level.power_kw, charge, after[n]))
        for n in range(plane, plane + problem.phases)
    ]
    step_e, last = heat_levels[1] - heat_levels[0], len(heat_levels) - 2
    brought = (plant.into_buffer * level.power_kw - q.demand_kw) * STEP_H
    earned = level.eur_per_h * STEP_H
    for index, e in enumerate(heat_levels):
        free = e * (1.0 - plant.loss) + brought
        may = q.may_block and q.target_kwh > free >= q.release_kwh
        targets = (q.target_kwh, free) if may else (q.target_kwh,)
        for target, (lines, along) in zip(targets, phases, strict=False):
            e1, electric_kw, cost = heat(plant, q, level.power_kw, free, target)
            cost -= earned
            place = e1 / step_e
            row = int(place)
            if row > last:
                row = last
            share = place - row
            low, high = along.line(electric_kw, row), along.line(electric_kw, row + 1)
            known = lines[index] or [INFINITE] * len(low)
            lines[index] = [
                new if (new := cost + a + share * (b - a)) < old else old
                for a, b, old in zip(low, high, known, strict=True)
            ]


class _AlongCharge:
    """A plane of values seen from the levels of charge before the quarter hour, for one power of the miners.

    What the battery does follows from the electric power alone, and that is the same in most levels of heat:
    the heat pump stands, or gives all it can. So the way along the charge is gone once for each.
    """

    def __init__(self, plant: Plant, q: Quarter, miners_kw: float, charge: list[float], plane: Plane) -> None:
        self._plant, self._q, self._miners_kw = plant, q, miners_kw
        self._charge, self._plane = charge, plane
        self._ways: dict[float, list[tuple[float, int, float]]] = {}
        self._lines: dict[tuple[float, int], list[float]] = {}

    def line(self, electric_kw: float, row: int) -> list[float]:
        """Costs of ending in this row, one for every level of charge in which the quarter hour begins."""
        found = self._lines.get((electric_kw, row))
        if found is None:
            if electric_kw not in self._ways:
                self._ways[electric_kw] = self._way(electric_kw)
            ways, after = self._ways[electric_kw], self._plane[row]
            if len(after) == 1:
                found = [ways[0][0] + after[0]]
            else:
                found = [eur + after[n] + share * (after[n + 1] - after[n]) for eur, n, share in ways]
            self._lines[electric_kw, row] = found
        return found

    def _way(self, electric_kw: float) -> list[tuple[float, int, float]]:
        """What the inverter and the grid make of every level of charge: (cost in EUR, the level below where
        it ends, share of the way to the next)."""
        plant, q, charge = self._plant, self._q, self._charge
        last = max(0, len(charge) - 2)
        step = charge[1] - charge[0] if len(charge) > 1 else 1.0
        found = []
        for s in charge:
            s1, battery_kw, grid_kw, eur = exchanged(plant, q, s, q.pv_kw - q.load_kw - electric_kw)
            if grid_kw > plant.limit_kw:
                eur += (grid_kw - plant.limit_kw) * STEP_H * PENALTY
            if feeds_miners(plant, q, s, self._miners_kw, battery_kw, grid_kw):
                eur = NEVER_EUR
            place = (s1 - charge[0]) / step
            column = min(int(place), last)
            found.append((eur, column, place - column))
        return found


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
