"""What a plan hands over: what it is worth to be in a state at the end of each of the next quarter hours.

Values, not commands: the engine in the scan tries its actions with measured powers and prices and with all
its limits, and only asks the plan what the state is worth in which they leave the house. A forecast that
was wrong about the sun is then still right about the value of a warm buffer in the evening.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from plc.energy.plan_problem import HELD_SHARE, Plant, Quarter

QUARTER_S = 900

Plane = tuple[tuple[float, ...], ...]
"""Cost to go in EUR, [heat level][charge level]."""


class Moment(NamedTuple):
    """A time within a plan: the quarter hour it lies in, and how far it has gone, 0..1."""

    quarter: int
    share: float


class PlanValues(NamedTuple):
    """Cost to go per quarter hour, state of both stores, miners that run and phase of the block.

    made_unix_s: when. first_unix_s: begin of the first quarter. base_degc, kwh_per_k: how heat is counted in
    the whole buffer. plant, quarters: what the plan took the house and its next quarter hours for. heat_kwh,
    charge_kwh: even levels of the two stores. values[k]: at the end of quarter k, one plane per miners that
    run times phases (2: free, held back). A plan ends with its last values; then the rule is on its own.
    """

    made_unix_s: int
    first_unix_s: int
    base_degc: float
    kwh_per_k: float
    plant: Plant
    phases: int
    heat_kwh: tuple[float, ...]
    charge_kwh: tuple[float, ...]
    quarters: tuple[Quarter, ...]
    values: tuple[tuple[Plane, ...], ...]

    @property
    def most_miners(self) -> int:
        return len(self.values[0]) // self.phases - 1

    def moment(self, unix_s: int) -> Moment | None:
        """None before the first and after the last quarter hour whose end is known."""
        index, rest_s = divmod(unix_s - self.first_unix_s, QUARTER_S)
        if not 0 <= index < len(self.values):
            return None
        return Moment(index, rest_s / QUARTER_S)

    def heat_at(self, t_mean_degc: float) -> float:
        """Heat in the buffer as the plan counts it."""
        return (t_mean_degc - self.base_degc) * self.kwh_per_k

    def held_at(self, flow_degc: float) -> float:
        """Heat in the buffer while the heat pump holds its top at this flow."""
        return HELD_SHARE * self.heat_at(flow_degc)

    def cost_to_go(self, at: Moment, heat_kwh: float, charge_kwh: float, miners: int, held: bool) -> float:
        """A quarter hour after `at`: between the values at the ends of this and of the next quarter hour."""
        plane = min(miners, self.most_miners) * self.phases + (held and self.phases > 1)
        row, share = _place(self.heat_kwh, heat_kwh)
        column, part = _place(self.charge_kwh, charge_kwh)
        now = _between(self.values[at.quarter][plane], row, share, column, part)
        if at.share <= 0.0 or at.quarter + 1 >= len(self.values):
            return now
        later = _between(self.values[at.quarter + 1][plane], row, share, column, part)
        return now + at.share * (later - now)

    def worth(self, at: Moment, heat_kwh: float, charge_kwh: float, miners: int) -> tuple[float, float]:
        """(one more kWh of heat, one more kWh of charge) in EUR, over the level on either side."""
        step_e = self.heat_kwh[1] - self.heat_kwh[0]
        low = max(self.heat_kwh[0], min(heat_kwh - step_e / 2.0, self.heat_kwh[-1] - step_e))
        by_heat = self.cost_to_go(at, low, charge_kwh, miners, False)
        by_heat -= self.cost_to_go(at, low + step_e, charge_kwh, miners, False)
        if len(self.charge_kwh) == 1:
            return by_heat / step_e, 0.0
        step_s = self.charge_kwh[1] - self.charge_kwh[0]
        few = max(self.charge_kwh[0], min(charge_kwh - step_s / 2.0, self.charge_kwh[-1] - step_s))
        by_charge = self.cost_to_go(at, heat_kwh, few, miners, False)
        by_charge -= self.cost_to_go(at, heat_kwh, few + step_s, miners, False)
        return by_heat / step_e, by_charge / step_s


def _place(levels: tuple[float, ...], value: float) -> tuple[int, float]:
    """Index of the level below and the share of the way to the next; held at both ends."""
    if len(levels) == 1 or value <= levels[0]:
        return 0, 0.0
    place = (value - levels[0]) / (levels[1] - levels[0])
    index = int(place)
    if index >= len(levels) - 1:
        return len(levels) - 2, 1.0
    return index, place - index


def _between(plane: Plane, row: int, share: float, column: int, part: float) -> float:
    low, high = plane[row], plane[row + 1]
    if len(low) == 1:
        return low[0] + share * (high[0] - low[0])
    cold = low[column] + part * (low[column + 1] - low[column])
    warm = high[column] + part * (high[column + 1] - high[column])
    return cold + share * (warm - cold)


MOST_EUR = 1000.0
"""More than a house can spend in the horizon of a plan."""

FAR = 1e12
"""Beyond every number of a plan, its time included."""


def _real(numbers: Iterable[Any]) -> bool:
    """Neither endless nor no number at all, both of which JSON may hold. Raises TypeError for a text."""
    return all(-FAR < number < FAR for number in numbers)


def is_sound(plan: PlanValues) -> bool:
    """Shape, order and range of numbers that came through a pipe; anything else is no plan."""
    rows, columns = len(plan.heat_kwh), len(plan.charge_kwh)
    rising = all(a < b for levels in (plan.heat_kwh, plan.charge_kwh) for a, b in pairwise(levels))
    planes = [plane for moment in plan.values for plane in moment]
    plant = plan.plant if plan.plant.boiler_eur is not None else plan.plant._replace(boiler_eur=0.0)
    return (
        rows > 1
        and columns > 0
        and all(_real(numbers) for numbers in (plan.heat_kwh, plan.charge_kwh, plant, *plan.quarters))
        and rising
        and plan.kwh_per_k > 0.0
        and plan.phases in (1, 2)
        and plan.first_unix_s % QUARTER_S == 0
        and len(plan.quarters) == len(plan.values) > 0
        and len({len(moment) for moment in plan.values}) == 1
        and len(plan.values[0]) >= plan.phases
        and len(plan.values[0]) % plan.phases == 0
        and all(len(plane) == rows and all(len(row) == columns for row in plane) for plane in planes)
        and all(-1.0 < value < MOST_EUR for plane in planes for row in plane for value in row)
        and all(q.cop >= 1.0 and q.capacity_kw >= 0.0 for q in plan.quarters)
    )


def from_plain(plain: Any) -> PlanValues:
    """A plan from nested lists. Raises ValueError or TypeError for anything that is no sound plan."""
    made, first, base_degc, kwh_per_k, plant, phases, heat_kwh, charge_kwh, quarters, values = plain
    if not _real((made, first, base_degc, kwh_per_k, phases)):
        raise ValueError("not the numbers of a plan")
    plan = PlanValues(
        int(made),
        int(first),
        float(base_degc),
        float(kwh_per_k),
        Plant(*plant),
        int(phases),
        tuple(heat_kwh),
        tuple(charge_kwh),
        tuple(Quarter(*quarter) for quarter in quarters),
        tuple(tuple(tuple(tuple(row) for row in plane) for plane in moment) for moment in values),
    )
    if not is_sound(plan):
        raise ValueError("not the shape, the order or the range of a plan")
    return plan
