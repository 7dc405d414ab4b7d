"""What a plan hands over: what one more kWh of heat, or of battery charge, is worth in the next hours.

Prices, not commands: the rule in the scan decides with measured values and with all its limits, and only
asks the plan what the heat will displace later and what the battery will be needed for. The prices stand
in a small table over both stores, because what a kWh is worth depends on how much is there already; a
forecast that was wrong about the sun is then still right about the value.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

QUARTER_S = 900

Table = tuple[tuple[float, ...], ...]
"""[heat level][charge level]"""


class PlanPrices(NamedTuple):
    """Shadow prices per quarter hour, in EUR per kWh stored.

    made_unix_s: when. first_unix_s: begin of the first quarter. heat_kwh, charge_kwh: rising levels of the
    two stores; heat is counted from base_degc with kwh_per_k of the whole buffer. heat, charge: one table
    per quarter hour. A plan ends with its last table: after that the rule is on its own.
    """

    made_unix_s: int
    first_unix_s: int
    base_degc: float
    kwh_per_k: float
    heat_kwh: tuple[float, ...]
    charge_kwh: tuple[float, ...]
    heat: tuple[Table, ...]
    charge: tuple[Table, ...]

    def at(self, unix_s: int, *, t_mean_degc: float, charge_kwh: float) -> tuple[float, float] | None:
        """(value of heat, value of charge) now; None before the first and after the last quarter."""
        index = (unix_s - self.first_unix_s) // QUARTER_S
        if not 0 <= index < len(self.heat):
            return None
        heat_kwh = (t_mean_degc - self.base_degc) * self.kwh_per_k
        row, share = _place(self.heat_kwh, heat_kwh)
        column, part = _place(self.charge_kwh, charge_kwh)
        return (
            _between(self.heat[index], row, share, column, part),
            _between(self.charge[index], row, share, column, part),
        )


def _place(levels: tuple[float, ...], value: float) -> tuple[int, float]:
    """Index of the level below and the share of the way to the next; held at both ends."""
    if value <= levels[0] or len(levels) == 1:
        return 0, 0.0
    for index in range(1, len(levels)):
        if value < levels[index]:
            return index - 1, (value - levels[index - 1]) / (levels[index] - levels[index - 1])
    return len(levels) - 2, 1.0


def _between(table: Table, row: int, share: float, column: int, part: float) -> float:
    next_row = min(row + 1, len(table) - 1)
    next_column = min(column + 1, len(table[0]) - 1)
    low = table[row][column] * (1.0 - part) + table[row][next_column] * part
    high = table[next_row][column] * (1.0 - part) + table[next_row][next_column] * part
    return low * (1.0 - share) + high * share


def is_sound(plan: PlanPrices) -> bool:
    """Shape, order and range of numbers that came through a pipe; anything else is no plan."""
    rows, columns = len(plan.heat_kwh), len(plan.charge_kwh)
    rising = all(a < b for levels in (plan.heat_kwh, plan.charge_kwh) for a, b in pairwise(levels))
    tables = plan.heat + plan.charge
    shaped = all(len(table) == rows and all(len(line) == columns for line in table) for table in tables)
    return (
        rows > 0
        and columns > 0
        and rising
        and plan.kwh_per_k > 0.0
        and plan.first_unix_s % QUARTER_S == 0
        and len(plan.heat) == len(plan.charge) > 0
        and shaped
        and all(-10.0 < value < 10.0 for table in tables for line in table for value in line)
    )


def from_plain(plain: Any) -> PlanPrices:
    """A plan from nested lists. Raises ValueError or TypeError for anything that is no sound plan."""
    made, first, base_degc, kwh_per_k, heat_kwh, charge_kwh, heat, charge = plain
    plan = PlanPrices(
        int(made),
        int(first),
        float(base_degc),
        float(kwh_per_k),
        tuple(heat_kwh),
        tuple(charge_kwh),
        tuple(tuple(tuple(line) for line in table) for table in heat),
        tuple(tuple(tuple(line) for line in table) for table in charge),
    )
    if not is_sound(plan):
        raise ValueError("not the shape, the order or the range of a plan")
    return plan
