"""The plan of `plc.energy.plan`, vectorised: many horizons at once, or one horizon of a whole year.

Exactly the same quarter hour, interpolation and tables; a test compares both on random questions. numpy
belongs to the tools: the controller does not have it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plc.energy.plan_problem import NEVER_EUR, STEP_H, Level, Plant, Quarter
from plc.energy.plan_problem import PENALTY_EUR_PER_KWH as PENALTY

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
    reserve_kwh: Array

    @staticmethod
    def of(horizons: list[tuple[Quarter, ...]], dtype: type = np.float64) -> Batch:
        """From quarters; all horizons of the same length. Single precision is enough for a benchmark."""
        data = np.array(horizons, dtype=dtype)
        columns = [np.ascontiguousarray(data[:, :, i]) for i in range(len(Quarter._fields))]
        columns[Quarter._fields.index("may_block")] = columns[Quarter._fields.index("may_block")] > 0.5
        return Batch(*columns)


Ways = tuple[int, int | None]
"""After a phase of the block: (phase when the heat pump is free now, phase when it is held back now; None:
not allowed). Free phases come first."""

ALWAYS_FREE: tuple[Ways, ...] = ((0, None),)
AT_WILL: tuple[Ways, ...] = ((0, 1), (0, 1))
"""As in `plc.energy.plan`: held back or not, whatever was before; to begin has a price."""


class Solver:
    """One quarter hour backwards for a batch; grids, actions and ways are fixed.

    Values are [horizon][miners that run][heat level][charge level][phase].
    """

    def __init__(
        self, plant: Plant, levels: tuple[Level, ...], heat: Array, charge: Array, ways: tuple[Ways, ...]
    ) -> None:
        self.plant, self.heat, self.charge = plant, heat, charge
        levels = tuple(sorted(levels, key=lambda level: level.miners))
        self._power = np.array([level.power_kw for level in levels], dtype=heat.dtype)
        self._earned = np.array([level.eur_per_h * STEP_H for level in levels], dtype=heat.dtype)
        self._miners = np.array([level.miners for level in levels])
        self._first = np.searchsorted(self._miners, np.arange(self._miners.max() + 1))
        self._frees = 1 + max(free for free, _ in ways)
        self._free_after = [free for free, _ in ways]
        self._may_hold = [phase for phase, (_, held) in enumerate(ways) if held is not None]
        self._held_after = [held - self._frees for _, held in ways if held is not None]
        self._begins = np.array([phase < self._frees for phase in self._may_hold], dtype=heat.dtype)
        self.shape = (len(self._first), len(heat), len(charge), len(ways))

    def back(self, batch: Batch, t: int, after: Array, begin_eur: Array) -> Array:
        """after, result: cost to go. begin_eur: price of a block that begins now, one per horizon."""
        best = self._best(batch, t, after[..., : self._frees], held=False)[..., self._free_after]
        if self._may_hold and batch.may_block[:, t].any():
            held = self._best(batch, t, after[..., self._frees :], held=True)[..., self._held_after]
            held += begin_eur[:, None, None, None, None] * self._begins
            best[..., self._may_hold] = np.minimum(best[..., self._may_hold], held)
        return self._started(best)

    def _started(self, best: Array) -> Array:
        """From the best by what runs now to the best by what ran before: a start has a price."""
        found = np.empty_like(best)
        for before in range(best.shape[1]):
            line = best[:, : before + 1].min(axis=1)
            for more in range(before + 1, best.shape[1]):
                price = best.dtype.type((more - before) * self.plant.start_eur)
                np.minimum(line, best[:, more] + price, out=line)
            found[:, before] = line
        return found

    def _best(self, batch: Batch, t: int, after: Array, *, held: bool) -> Array:
        """The best power of each number of miners, in the shape of after."""
        horizons, miners, rows, columns, phases = after.shape
        e1, electric, cost = self._thermal(batch, t, held=held)
        net = batch.pv_kw[:, t, None, None] - batch.load_kw[:, t, None, None] - electric
        eur, column = self._electrical(batch, t, net)
        eur = eur + (cost - self._earned)[..., None]
        place = e1 / (self.heat[1] - self.heat[0])
        row = np.minimum(place.astype(np.int64), rows - 2)
        index = row + (np.arange(horizons)[:, None, None] * miners + self._miners) * rows
        line = np.ascontiguousarray(after).reshape(-1, columns * phases)
        found = _between(line, index, (place - row)[..., None])
        if columns > 1:
            whole = np.minimum(column.astype(np.int64), columns - 2)
            begins = (np.arange(index.size) * columns).reshape(index.shape)[..., None]
            found = _between(found.reshape(-1, phases), whole + begins, (column - whole)[..., None])
        else:
            found = found.reshape(*index.shape, columns, phases)
        found += eur[..., None]
        return np.minimum.reduceat(found, self._first, axis=2).swapaxes(1, 2)

    def _thermal(self, batch: Batch, t: int, *, held: bool) -> tuple[Array, Array, Array]:
        """(heat at the end, electric power, cost that is not electricity) of every power in every heat level:
        [horizon][heat level][power]. A block that cannot be costs NEVER_EUR."""
        p, heat, power = self.plant, self.heat, self._power
        real = heat.dtype.type

        def of(values: Array) -> Array:
            return values[:, t][:, None, None]

        free = heat[None, :, None] * real(1.0 - p.loss) + (
            real(p.into_buffer) * power - of(batch.demand_kw)
        ) * real(STEP_H)
        target = of(batch.target_kwh)
        made = np.clip((target - free) / real(STEP_H), 0.0, of(batch.capacity_kw))
        cost = np.zeros_like(free)
        if held:
            may = of(batch.may_block) & (target > free) & (free >= of(batch.release_kwh))
            cost, made = np.where(may, cost, real(NEVER_EUR)), np.zeros_like(made)
        e1 = free + made * real(STEP_H)
        electric = np.broadcast_to(power, e1.shape)
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

    def _electrical(self, batch: Batch, t: int, net: Array) -> tuple[Array, Array]:
        """The inverter's rule for every level of charge: (cost of the quarter hour, place of the charge at
        its end between the levels), [horizon][heat level][power][charge level]."""
        p, s = self.plant, self.charge

        def of(values: Array) -> Array:
            return values[:, t][:, None, None, None]

        net = net[..., None]
        up, down = np.maximum(net, 0.0), np.maximum(-net, 0.0)
        room = (p.s_max_kwh - s) / (p.one_way * STEP_H)
        left = (s - p.s_min_kwh) * p.one_way / STEP_H
        charging = np.minimum(np.minimum(up, p.battery_kw), room)
        giving = np.minimum(np.minimum(down, p.battery_kw), left)
        bought = down - giving
        cost = (
            bought * of(batch.import_eur)
            + giving * p.battery_wear_eur
            + np.maximum(bought - p.limit_kw, 0.0) * PENALTY
            - np.minimum(up - charging, p.cap_kw) * of(batch.feed_in_eur)
        ) * STEP_H
        power = self._power[None, None, :, None]
        kept = (s <= of(batch.reserve_kwh)) & (power > 0.0)
        kept = kept & (giving > 0.0) & (down - power < p.battery_kw)
        cost[kept] = NEVER_EUR
        if len(s) == 1:
            return cost, np.zeros_like(cost)
        place = (s + (charging * p.one_way - giving / p.one_way) * STEP_H - s[0]) / (s[1] - s[0])
        return cost, np.clip(place, 0.0, len(s) - 1.0)


def _between(lines: Array, index: NDArray[np.int64], share: Array) -> Array:
    """A share of the way from each line to the next."""
    low = lines.take(index, axis=0)
    high = lines.take(index + 1, axis=0)
    high -= low
    high *= share.astype(high.dtype)
    low += high
    return low


def end(solver: Solver, heat_eur: Array, up_to: Array, charge_eur: Array) -> Array:
    """Cost to go after the last quarter hour, one entry per horizon, whatever runs then."""
    useful = np.minimum(solver.heat[None, :, None], up_to[:, None, None])
    plane = -heat_eur[:, None, None] * useful - charge_eur[:, None, None] * solver.charge[None, None, :]
    plane = plane.astype(solver.heat.dtype)[:, None, :, :, None]
    return np.broadcast_to(plane, (len(plane), *solver.shape))


def solve(solver: Solver, batch: Batch, after: Array, keep: int) -> list[Array]:
    """Values at the begin of quarter 0 .. keep, as `plc.energy.plan.solve`."""
    begin_eur = np.full(len(after), solver.plant.block_eur, after.dtype)
    values = after
    kept = [values]
    for t in range(batch.pv_kw.shape[1] - 1, -1, -1):
        values = solver.back(batch, t, values, begin_eur)
        kept.append(values)
        if len(kept) > keep + 1:
            del kept[0]
    kept.reverse()
    return kept


def planes(values: Array) -> Array:
    """In the order of `plc.energy.plan`: [horizon][miners that run x phase][heat level][charge level]."""
    ordered = np.moveaxis(values, 4, 2)
    return ordered.reshape(len(ordered), -1, *ordered.shape[3:])
