"""The few fixed power levels of a miner.

The tuner needs hours for a new target and keeps a profile for every target it knows; a handful of levels
that are always the same means that each is tuned once (miner reference, topic power-target change).
"""

from __future__ import annotations

from dataclasses import dataclass

from plc.field.miner.model import Constraints

LEVELS = 5  # lowest, highest and three between: off is not a level
GRID_W = 300.0
ROUND_W = 50.0


@dataclass(frozen=True, slots=True)
class Ladder:
    """Ascending levels in W; empty when firmware and site have no power in common."""

    watts: tuple[int, ...]

    @property
    def lowest(self) -> int | None:
        return self.watts[0] if self.watts else None

    @property
    def highest(self) -> int | None:
        return self.watts[-1] if self.watts else None

    def at_most(self, watt: float) -> int | None:
        """The highest level that does not exceed what is granted; None below the lowest."""
        fitting = [level for level in self.watts if level <= watt + 0.5]
        return fitting[-1] if fitting else None


def build(constraints: Constraints, site_min_w: float, site_max_w: float, named: tuple[int, ...]) -> Ladder:
    """Levels inside the firmware's and the site's limits.

    named: levels of the site file; those outside the limits fall away. Without names: evenly spaced from
    the lowest to the highest, at least 300 W apart, rounded down to 50 W.
    A limit that the firmware does not tell leaves the site's alone.
    """
    low = max(site_min_w, constraints.min_w or 0.0)
    high = min(site_max_w, constraints.max_w if constraints.max_w is not None else site_max_w)
    if low > high:
        return Ladder(())
    if named:
        return Ladder(tuple(sorted({level for level in named if low <= level <= high})))
    lowest = -(-low // ROUND_W) * ROUND_W
    highest = high // ROUND_W * ROUND_W
    if lowest > highest:
        return Ladder((int(low),))
    steps = int(min(LEVELS - 1, (highest - lowest) // GRID_W))
    if steps == 0:
        return Ladder((int(lowest),))
    spread = [lowest + (highest - lowest) * n / steps for n in range(steps)]
    return Ladder((*(int(watt // ROUND_W * ROUND_W) for watt in spread), int(highest)))
