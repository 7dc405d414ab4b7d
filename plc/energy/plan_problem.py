"""The question a plan answers: two stores, the next one or two days in quarter hours, few actions.

Heat store: energy of the buffer above base_degc. Charge: energy in the battery. The heat pump keeps the
buffer at its curve by itself; a block lets it fall, and is possible only while what is stored above the
release threshold carries the house through the quarter hour. The battery follows
the inverter's self-consumption rule. So the only actions are the miners' power and the block. How many
miners run, and whether a block does, is part of the state: to begin either has a price.

One quarter hour, in this order (both solvers of this problem compute exactly this):

    e_free = e (1 - loss) + (into_buffer * miners - demand) / 4
    heat pump: up to target within its capacity; nothing while blocked, which needs e_free >= release
    above e_max: recooled, which costs the fan, or a penalty when the cooler may not be used
    below 0: unmet heat, a penalty
    net = pv - load - miners - heat pump - fan; the battery takes or gives what it can; the rest is grid
    miners for which the battery would give from its reserve are not allowed
"""

from __future__ import annotations

from math import fsum
from typing import Any, NamedTuple

from plc.energy.marginal import MinerOffer
from plc.energy.parameters import Economics

STEP_H = 0.25
START_LOST_H = 5.0 / 60.0
"""A miner that starts makes no hashes for about five minutes."""

HELD_SHARE = 0.5
"""Heat in a buffer of which the heat pump holds the top at its flow, against one that is so warm throughout:
the load returns its water to the bottom, and in between it gets colder evenly."""

PENALTY_EUR_PER_KWH = 1.0
"""For heat that is missing, or has nowhere to go: dearer than anything real, so that it is avoided."""

NEVER_EUR = 1e6
"""Cost of an action that is not allowed in a state. No infinity: values are interpolated."""


class Quarter(NamedTuple):
    """One quarter hour as it is expected: mean powers in kW, energies in kWh, prices in EUR/kWh.

    load_kw: house without miners and without the heat pump's space heating. target_kwh: what the heat pump
    holds, below zero = it does not heat; release_kwh: a block needs that much. may_block: K7's own
    conditions (outdoor temperature, hot water) allow a block. reserve_kwh: at this charge or below the
    battery must not feed the miners; 0 = no reserve.
    """

    pv_kw: float
    load_kw: float
    demand_kw: float
    cop: float
    capacity_kw: float
    target_kwh: float
    release_kwh: float
    may_block: bool
    import_eur: float
    feed_in_eur: float
    reserve_kwh: float = 0.0


class Level(NamedTuple):
    """Miners together: electric power, what it earns after wear, and how many of them run."""

    power_kw: float
    eur_per_h: float
    miners: int


class Plant(NamedTuple):
    """What does not change within a plan. loss: share of the heat lost per quarter hour above base.

    start_eur: what a miner's start costs; block_eur: what it costs to begin a block.
    """

    e_max_kwh: float
    loss: float
    into_buffer: float
    recool: bool
    fan_kw: float
    boiler_eur: float | None
    s_min_kwh: float
    s_max_kwh: float
    battery_kw: float
    one_way: float
    battery_wear_eur: float
    cap_kw: float
    limit_kw: float
    start_eur: float
    block_eur: float


class Problem(NamedTuple):
    """A whole question. end_heat_eur, end_charge_eur: what a kWh is worth after the last quarter, up to
    end_heat_kwh of heat."""

    first_unix_s: int
    quarters: tuple[Quarter, ...]
    levels: tuple[Level, ...]
    plant: Plant
    end_heat_eur: float
    end_heat_kwh: float
    end_charge_eur: float

    @property
    def most_miners(self) -> int:
        """Miners that can run at all."""
        return max(level.miners for level in self.levels)

    @property
    def phases(self) -> int:
        """2 if the heat pump can be held back somewhere: whether it is belongs to the state then."""
        return 2 if any(q.may_block for q in self.quarters) else 1


def levels(economics: Economics, miners: tuple[MinerOffer, ...], eur_per_th_hour: float) -> tuple[Level, ...]:
    """Powers of all miners together that a plan tries: one at its least, then all, evenly."""
    usable = [miner for miner in miners if miner.curve is not None]
    found = [Level(0.0, 0.0, 0)]
    for count in range(1, len(usable) + 1):
        first = usable[:count]
        low = fsum(miner.lowest_w for miner in first)
        high = fsum(miner.highest_w for miner in first)
        if count < len(usable):
            high = min(high, low + usable[count].lowest_w / 2.0)  # beyond, one more miner is the better way
            shares: tuple[float, ...] = (0.0, 1.0)
        else:
            shares = (0.0, 0.5, 1.0)
        for share in shares:
            power_w = low + (high - low) * share
            ths = 0.0
            for miner in first:
                part = miner.lowest_w + (min(high, power_w) - low) / count
                ths += miner.curve.ths(min(part, miner.highest_w)) if miner.curve is not None else 0.0
            wear = economics.mining.wear_eur_per_kwh - economics.mining.bonus_eur_per_kwh
            found.append(Level(power_w / 1000.0, ths * eur_per_th_hour - wear * power_w / 1000.0, count))
    return tuple(found)


def start_eur(economics: Economics, miners: tuple[MinerOffer, ...], eur_per_th_hour: float) -> float:
    """What one start costs: wear, and the hashes of the first minutes."""
    ths = max((m.curve.ths(m.lowest_w) for m in miners if m.curve is not None), default=0.0)
    return economics.mining.start_eur + START_LOST_H * ths * eur_per_th_hour


def plant_of(
    economics: Economics,
    *,
    volume_l: float,
    base_degc: float,
    full_degc: float,
    ua_w_per_k: float,
    recool: bool,
    start_eur: float,
) -> Plant:
    """The fixed part from the site's parameters."""
    battery, heat = economics.battery, economics.heat
    kwh_per_k = kwh_per_kelvin(volume_l)
    capacity = battery.capacity_kwh if battery.present else 0.0
    return Plant(
        e_max_kwh=(full_degc - base_degc) * kwh_per_k,
        loss=ua_w_per_k / 1000.0 * STEP_H / kwh_per_k,
        into_buffer=heat.into_buffer,
        recool=recool,
        fan_kw=heat.fan_w / 1000.0,
        boiler_eur=None if heat.heat_pump else heat.boiler_eur_per_kwh,
        s_min_kwh=capacity * battery.empty_pct / 100.0,
        s_max_kwh=capacity,
        battery_kw=battery.power_w / 1000.0 if battery.present else 0.0,
        one_way=battery.one_way,
        battery_wear_eur=battery.wear_eur_per_kwh,
        cap_kw=economics.tariff.feed_in_cap_w / 1000.0,
        limit_kw=economics.tariff.grid_limit_w / 1000.0,
        start_eur=start_eur,
        block_eur=heat.block_eur,
    )


def kwh_per_kelvin(volume_l: float) -> float:
    """Heat capacity of the buffer."""
    return volume_l * 1.163 / 1000.0


def end_values(quarters: tuple[Quarter, ...], plant: Plant) -> tuple[float, float, float]:
    """(heat, up to, charge): the average displaced cost of this horizon, for what is left at its end."""
    n = len(quarters)
    bought = fsum(q.import_eur for q in quarters) / n
    sold = fsum(q.feed_in_eur for q in quarters) / n
    demand_kw = fsum(q.demand_kw for q in quarters) / n
    surplus = fsum(max(q.pv_kw - q.load_kw, 0.0) for q in quarters)
    short = fsum(max(q.load_kw - q.pv_kw, 0.0) for q in quarters)
    sunny = min(1.0, surplus / max(short, 0.01))
    per_heat = (
        plant.boiler_eur if plant.boiler_eur is not None else bought / (fsum(q.cop for q in quarters) / n)
    )
    last = quarters[-1]
    useful = max(0.0, last.target_kwh) + 12.0 * demand_kw
    charge = (sold * sunny + bought * (1.0 - sunny)) * plant.one_way
    return (per_heat if demand_kw > 0.0 else 0.0, min(useful, plant.e_max_kwh), max(0.0, charge))


def to_plain(problem: Problem) -> list[object]:
    """Nested lists, as they go through a pipe."""
    return [
        problem.first_unix_s,
        [list(q) for q in problem.quarters],
        [list(level) for level in problem.levels],
        list(problem.plant),
        problem.end_heat_eur,
        problem.end_heat_kwh,
        problem.end_charge_eur,
    ]


def from_plain(plain: Any) -> Problem:
    """The other direction. Raises ValueError or TypeError for anything else."""
    first_unix_s, quarters, found, plant, heat_eur, heat_kwh, charge_eur = plain
    return Problem(
        int(first_unix_s),
        tuple(Quarter(*q) for q in quarters),
        tuple(Level(*level) for level in found),
        Plant(*plant),
        float(heat_eur),
        float(heat_kwh),
        float(charge_eur),
    )
