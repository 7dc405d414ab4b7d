"""One quarter hour backwards with the relay of the heat pump's block in the state: `fast_plan` for foresight.

The shortest block and the free time after each, which is as long as the block was and half an hour at least,
are exact to the quarter hour for blocks up to three quarters of an hour. A longer one may go on as it likes
and is followed by three quarters of an hour: few are longer, and what the real relay grants is offered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plc.energy.plan_problem import STEP_H, Level, Plant
from tools.bench_parts.economics import fast_plan
from tools.bench_parts.economics.fast_plan import Array, Batch

MOST_HELD, LEAST_FREE = 3, 2
"""Quarter hours."""

FIRST_HELD = MOST_HELD
"""Phases: 0 free; 1, 2 free, and for as many quarter hours more; from here on held back for the first, the
second, the third or a later quarter hour."""

Ways = tuple[int, int | None]
"""(phase when the heat pump is free now, phase when it is held back now; None: the relay forbids it)."""


def _ways() -> tuple[Ways, ...]:
    ways: list[Ways] = [(0, FIRST_HELD), *((left - 1, None) for left in range(1, MOST_HELD))]
    for held in range(1, MOST_HELD + 1):
        ways.append((max(held, LEAST_FREE) - 1, FIRST_HELD + min(held, MOST_HELD - 1)))
    return tuple(ways)


RELAY = _ways()
"""What may follow each phase."""

NO_BLOCK: tuple[Ways, ...] = ((0, None),)
"""For a time of the year in which no block is possible: the heat pump is always free."""


def follows(ways: tuple[Ways, ...], phase: int, *, block: bool) -> int:
    """The phase after this one. Where the year goes over from blocks to none, or back, it begins free."""
    free, held = ways[phase if phase < len(ways) else 0]
    return held if block and held is not None else free


class Solver:
    """For a batch of horizons; grids, actions and ways are fixed.

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
        self._free_after = [free for free, _ in ways]
        self._may_hold = [phase for phase, (_, held) in enumerate(ways) if held is not None]
        self._held_after = [held - FIRST_HELD for _, held in ways if held is not None]
        self.shape = (len(self._first), len(heat), len(charge), len(ways))

    def back(self, batch: Batch, t: int, after: Array, begin_eur: Array) -> Array:
        """after, result: cost to go. begin_eur: price of a block that begins now, one per horizon."""
        frees = min(FIRST_HELD, self.shape[-1])
        best = self._best(batch, t, after[..., :frees], held=False)[..., self._free_after]
        if self._may_hold and batch.may_block[:, t].any():
            worth = after[..., FIRST_HELD:].copy()
            worth[..., 0] += begin_eur[:, None, None, None]
            held = self._best(batch, t, worth, held=True)[..., self._held_after]
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
        mask = np.full(len(self._power), held)
        e1, electric, cost = fast_plan.thermal(self.plant, self.heat, self._power, mask, batch, t)
        net = batch.pv_kw[:, t, None, None] - batch.load_kw[:, t, None, None] - electric
        eur, column = fast_plan.electrical(
            self.plant, self.charge, net, batch.import_eur[:, t], batch.feed_in_eur[:, t]
        )
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


def _between(lines: Array, index: NDArray[np.int64], share: Array) -> Array:
    """A share of the way from each line to the next."""
    low = lines.take(index, axis=0)
    high = lines.take(index + 1, axis=0)
    high -= low
    high *= share.astype(high.dtype)
    low += high
    return low
