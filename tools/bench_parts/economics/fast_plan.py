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


class Solver:
    """One quarter hour backwards for a batch; grids and actions are fixed."""

    def __init__(self, plant: Plant, levels: tuple[Level, ...], heat: Array, charge: Array) -> None:
        self.plant, self.heat, self.charge = plant, heat, charge
        self.power = np.array([level.power_kw for level in levels], dtype=heat.dtype)
        self.earned = np.array([level.eur_per_h * STEP_H for level in levels], dtype=heat.dtype)

    def back(self, batch: Batch, t: int, after: Array) -> Array:
        """after, result: cost to go [horizon][heat level][charge level]."""
        return self.totals(batch, t, after).min(axis=2)

    def totals(self, batch: Batch, t: int, after: Array) -> Array:
        """Cost to go for every action: [horizon][heat level][2 x power level, with block][charge level]."""
        p = self.plant

        def of(values: Array) -> Array:
            return values[:, t][:, None, None, None]

        free = (
            self.heat[None, :, None, None] * (1.0 - p.loss)
            + (p.into_buffer * self.power[None, None, :, None] - of(batch.demand_kw)) * STEP_H
        )
        target = of(batch.target_kwh)
        may = of(batch.may_block) & (target > free) & (free >= of(batch.release_kwh))
        both = np.concatenate([np.broadcast_to(target, free.shape), np.where(may, free, target)], axis=3)
        made = np.clip((both - free) / STEP_H, 0.0, of(batch.capacity_kw))
        e1 = free + made * STEP_H
        electric = np.broadcast_to(self.power[None, None, :, None], e1.shape)
        cost = np.broadcast_to(-self.earned[None, None, :, None], e1.shape)
        if p.boiler_eur is None:
            electric = electric + made / of(batch.cop)
        else:
            cost = cost + made * STEP_H * p.boiler_eur
        over = np.maximum(e1 - p.e_max_kwh, 0.0)
        if p.recool:
            brought = (p.into_buffer * self.power * STEP_H)[None, None, :, None]
            share = np.where(brought > 0.0, over / np.where(brought > 0.0, brought, 1.0), 0.0)
            electric = electric + p.fan_kw * np.minimum(1.0, share)
        else:
            cost = cost + over * PENALTY
        cost = cost + np.maximum(-e1, 0.0) * PENALTY
        e1 = np.clip(e1, 0.0, p.e_max_kwh)
        shape = (e1.shape[0], e1.shape[1], -1)
        line = self._along_heat(after, e1.reshape(shape))
        net = of(batch.pv_kw) - of(batch.load_kw) - electric
        prices = (batch.import_eur[:, t], batch.feed_in_eur[:, t])
        return self._charge(net.reshape(shape), line, *prices) + cost.reshape(shape)[..., None]

    def _along_heat(self, after: Array, e1: Array) -> Array:
        place = e1 / (self.heat[1] - self.heat[0])
        row = np.minimum(place.astype(np.int64), len(self.heat) - 2)
        share = (place - row)[..., None]
        rows = after.reshape(-1, after.shape[2])
        index = row + (np.arange(after.shape[0]) * after.shape[1])[:, None, None]
        low = rows.take(index, axis=0)
        return low + share.astype(after.dtype) * (rows.take(index + 1, axis=0) - low)

    def _charge(self, net: Array, line: Array, bought_eur: Array, sold_eur: Array) -> Array:
        p, s = self.plant, self.charge
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
            return cost + line
        place = (s + (charging * p.one_way - giving / p.one_way) * STEP_H - s[0]) / (s[1] - s[0])
        place = np.clip(place, 0.0, len(s) - 1.0)
        column = np.minimum(place.astype(np.int64), len(s) - 2)
        flat = line.reshape(-1)
        index = column + (np.arange(line.size // len(s)) * len(s)).reshape(line.shape[:-1])[..., None]
        low = flat.take(index)
        return cost + low + (place - column).astype(line.dtype) * (flat.take(index + 1) - low)


def end(heat: Array, charge: Array, heat_eur: Array, up_to: Array, charge_eur: Array) -> Array:
    """Cost to go after the last quarter hour, one entry per horizon."""
    useful = np.minimum(heat[None, :, None], up_to[:, None, None])
    return -heat_eur[:, None, None] * useful - charge_eur[:, None, None] * charge[None, None, :]


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
