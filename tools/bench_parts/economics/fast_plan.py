"""The plan of `plc.energy.plan`, vectorised: many horizons at once, or one horizon of a whole year.

Exactly the same quarter hour, interpolation and tables; a test compares both on random questions. numpy
belongs to the tools: the controller does not have it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plc.energy.plan_problem import PENALTY_EUR_PER_KWH as PENALTY
from plc.energy.plan_problem import STEP_H, Level, Plant, Quarter

Array = NDArray[np.float64]


@dataclass(slots=True)
class Batch:
    """Quarter hours as arrays [horizon][quarter], field by field as in Quarter."""

    pv_kw: Array
    load_kw: Array
    demand_kw: Array
    cop: Array
    capacity_kw: Array
    target_kwh: Array
    release_kwh: Array
    may_block: NDArray[np.bool_]
    import_eur: Array
    feed_in_eur: Array

    @staticmethod
    def of(horizons: list[tuple[Quarter, ...]], dtype: type = np.float64) -> Batch:
        """From quarters; all horizons of the same length. Single precision is enough for a benchmark."""
        data = np.array(horizons, dtype=dtype)
        columns = [np.ascontiguousarray(data[:, :, i]) for i in range(len(Quarter._fields))]
        columns[Quarter._fields.index("may_block")] = columns[Quarter._fields.index("may_block")] > 0.5
        return Batch(*columns)


NEVER_EUR = 1e6
"""Cost of an action that does not exist in a state."""


class Solver:
    """One quarter hour backwards for a batch; grids, actions and phases of the block are fixed.

    Values are [horizon][plane][heat level][charge level], planes as in `plc.energy.plan`.
    """

    def __init__(
        self, plant: Plant, levels: tuple[Level, ...], heat: Array, charge: Array, *, phases: int
    ) -> None:
        self.plant, self.heat, self.charge, self.phases = plant, heat, charge, phases
        both = (*levels, *levels)  # free, then held back
        self.power = np.array([level.power_kw for level in both], dtype=heat.dtype)
        self.earned = np.array([level.eur_per_h * STEP_H for level in both], dtype=heat.dtype)
        self.miners = np.array([level.miners for level in levels])
        self.held = np.arange(len(both)) >= len(levels)
        self.plane = np.tile(self.miners, 2) * phases + self.held * (phases - 1)
        self.planes = (int(self.miners.max()) + 1) * phases

    def back(self, batch: Batch, t: int, after: Array) -> Array:
        """after, result: cost to go."""
        totals = self._totals(batch, t, after)
        best = np.stack([totals[:, :, self.plane == n].min(axis=2) for n in range(self.planes)], axis=1)
        return self._begun(best)

    def _begun(self, best: Array) -> Array:
        p = self.plant
        after = best.reshape(best.shape[0], -1, self.phases, *best.shape[2:])
        if self.phases == 2:
            stays = after.min(axis=2)
            begins = np.minimum(after[:, :, 0], after[:, :, 1] + after.dtype.type(p.block_eur))
            after = np.stack([begins, stays], axis=2)
        most = after.shape[1]
        found = np.empty_like(after)
        for before in range(most):
            line = after[:, : before + 1].min(axis=1)
            for more in range(before + 1, most):
                np.minimum(line, after[:, more] + after.dtype.type((more - before) * p.start_eur), out=line)
            found[:, before] = line
        return found.reshape(best.shape)

    def _totals(self, batch: Batch, t: int, after: Array) -> Array:
        """Cost to go for every action: [horizon][heat level][action][charge level]."""
        e1, electric, cost = thermal(self.plant, self.heat, self.power, self.held, batch, t)
        cost = cost - self.earned
        line = self._along_heat(after, e1)
        net = batch.pv_kw[:, t, None, None] - batch.load_kw[:, t, None, None] - electric
        return self._charge(net, line, batch.import_eur[:, t], batch.feed_in_eur[:, t]) + cost[..., None]

    def _along_heat(self, after: Array, e1: Array) -> Array:
        place = e1 / (self.heat[1] - self.heat[0])
        row = np.minimum(place.astype(np.int64), len(self.heat) - 2)
        share = (place - row)[..., None]
        rows = after.reshape(-1, after.shape[3])
        horizon = (np.arange(after.shape[0]) * self.planes)[:, None, None]
        index = row + (horizon + self.plane) * len(self.heat)
        low = rows.take(index, axis=0)
        return low + share.astype(after.dtype) * (rows.take(index + 1, axis=0) - low)

    def _charge(self, net: Array, line: Array, bought_eur: Array, sold_eur: Array) -> Array:
        s = self.charge
        cost, place = electrical(self.plant, s, net, bought_eur, sold_eur)
        if len(s) == 1:
            return cost + line
        column = np.minimum(place.astype(np.int64), len(s) - 2)
        flat = line.reshape(-1)
        index = column + (np.arange(line.size // len(s)) * len(s)).reshape(line.shape[:-1])[..., None]
        low = flat.take(index)
        return cost + low + (place - column).astype(line.dtype) * (flat.take(index + 1) - low)


def thermal(
    p: Plant, heat: Array, power: Array, held: NDArray[np.bool_], batch: Batch, t: int
) -> tuple[Array, Array, Array]:
    """(heat at the end, electric power, cost that is not electricity) of every action in every heat level:
    [horizon][heat level][action]. A block that cannot be costs NEVER_EUR."""
    real = heat.dtype.type

    def of(values: Array) -> Array:
        return values[:, t][:, None, None]

    free = heat[None, :, None] * real(1.0 - p.loss) + (
        real(p.into_buffer) * power - of(batch.demand_kw)
    ) * real(STEP_H)
    target = of(batch.target_kwh)
    may = of(batch.may_block) & (target > free) & (free >= of(batch.release_kwh))
    made = np.clip((target - free) / real(STEP_H), 0.0, of(batch.capacity_kw))
    made = np.where(held, real(0.0), made)
    e1 = free + made * real(STEP_H)
    electric = np.broadcast_to(power, e1.shape)
    cost = np.where(held & ~may, real(NEVER_EUR), real(0.0))
    if p.boiler_eur is None:
        electric = electric + made / of(batch.cop)
    else:
        cost = cost + made * real(STEP_H * p.boiler_eur)
    over = np.maximum(e1 - real(p.e_max_kwh), 0.0)
    if p.recool:
        brought = real(p.into_buffer * STEP_H) * power
        share = np.where(brought > 0.0, over / np.where(brought > 0.0, brought, real(1.0)), real(0.0))
        electric = electric + real(p.fan_kw) * np.minimum(real(1.0), share)
    else:
        cost = cost + over * real(PENALTY)
    cost = cost + np.maximum(-e1, 0.0) * real(PENALTY)
    return np.clip(e1, 0.0, real(p.e_max_kwh)), electric, cost


def electrical(
    p: Plant, charge: Array, net: Array, bought_eur: Array, sold_eur: Array
) -> tuple[Array, Array]:
    """The inverter's rule for every level of charge: (cost of the quarter hour, place of the charge at its
    end between the levels), [horizon][heat level][action][charge level]."""
    s = charge
    net = net[..., None]
    up, down = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    room = (p.s_max_kwh - s) / (p.one_way * STEP_H)
    left = (s - p.s_min_kwh) * p.one_way / STEP_H
    charging = np.minimum(np.minimum(up, p.battery_kw), room)
    giving = np.minimum(np.minimum(down, p.battery_kw), left)
    bought = down - giving
    cost = (
        bought * bought_eur[:, None, None, None]
        + giving * p.battery_wear_eur
        + np.maximum(bought - p.limit_kw, 0.0) * PENALTY
        - np.minimum(up - charging, p.cap_kw) * sold_eur[:, None, None, None]
    ) * STEP_H
    if len(s) == 1:
        return cost, np.zeros_like(cost)
    place = (s + (charging * p.one_way - giving / p.one_way) * STEP_H - s[0]) / (s[1] - s[0])
    return cost, np.clip(place, 0.0, len(s) - 1.0)


def end(
    heat: Array, charge: Array, heat_eur: Array, up_to: Array, charge_eur: Array, *, planes: int
) -> Array:
    """Cost to go after the last quarter hour, one entry per horizon, the same for all planes."""
    useful = np.minimum(heat[None, :, None], up_to[:, None, None])
    plane = -heat_eur[:, None, None] * useful - charge_eur[:, None, None] * charge[None, None, :]
    return np.repeat(plane[:, None], planes, axis=1)


def solve(solver: Solver, batch: Batch, after: Array, keep: int) -> list[Array]:
    """Values at the begin of quarter 0 .. keep, as `plc.energy.plan.solve`."""
    values = after
    kept = [values]
    for t in range(batch.pv_kw.shape[1] - 1, -1, -1):
        values = solver.back(batch, t, values)
        kept.append(values)
        if len(kept) > keep + 1:
            del kept[0]
    kept.reverse()
    return kept
