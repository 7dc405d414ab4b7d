"""One quarter hour of the house: heat pump on its curve, buffer, battery by the inverter's rule, grid.

The plan, the engine that follows it, and the yearly benchmark all ask here: what a value is made with and
what it is used with must be the same house to the last watt. A plan knows means only; what the clouds of a
quarter hour cost beside its mean is known when they are there.
"""

from __future__ import annotations

from plc.energy.plan_problem import PENALTY_EUR_PER_KWH as PENALTY
from plc.energy.plan_problem import STEP_H, Plant, Quarter


def heat(
    plant: Plant, q: Quarter, miners_kw: float, free: float, target: float
) -> tuple[float, float, float]:
    """(heat at the end, electric power of miners, heat pump and fan, cost that is not electricity).

    free: heat at the end if nothing but the miners made any. target: what the heat pump holds.
    """
    made_kw = (target - free) / STEP_H
    if made_kw < 0.0:
        made_kw = 0.0
    elif made_kw > q.capacity_kw:
        made_kw = q.capacity_kw
    e1 = free + made_kw * STEP_H
    cost = 0.0
    if plant.boiler_eur is None:
        electric_kw = miners_kw + made_kw / q.cop
    else:
        electric_kw = miners_kw
        cost = made_kw * STEP_H * plant.boiler_eur
    over = e1 - plant.e_max_kwh
    if over > 0.0:
        e1 = plant.e_max_kwh
        if plant.recool:
            brought = plant.into_buffer * miners_kw * STEP_H
            if brought > 0.0:
                electric_kw += plant.fan_kw * min(1.0, over / brought)
        else:
            cost += over * PENALTY
    elif e1 < 0.0:
        cost -= e1 * PENALTY
        e1 = 0.0
    return e1, electric_kw, cost


def exchanged(plant: Plant, q: Quarter, s: float, net_kw: float) -> tuple[float, float, float, float]:
    """The inverter's rule: (charge at the end in kWh, battery and grid in kW, cost in EUR with battery wear).

    net_kw: what is left over; the battery takes or gives what it can, the rest is grid.
    """
    if net_kw >= 0.0:
        flow = min(net_kw, plant.battery_kw, max(0.0, plant.s_max_kwh - s) / (plant.one_way * STEP_H))
        grid = -min(net_kw - flow, plant.cap_kw)
        return s + flow * plant.one_way * STEP_H, -flow, grid, grid * STEP_H * q.feed_in_eur
    flow = min(-net_kw, plant.battery_kw, max(0.0, s - plant.s_min_kwh) * plant.one_way / STEP_H)
    grid = -net_kw - flow
    eur = (grid * q.import_eur + flow * plant.battery_wear_eur) * STEP_H
    return s - flow / plant.one_way * STEP_H, flow, grid, eur


def feeds_miners(
    plant: Plant, q: Quarter, s: float, miners_kw: float, battery_kw: float, grid_kw: float
) -> bool:
    """The battery would have to feed the miners out of its reserve, which the engine never does.

    battery_kw, grid_kw: with the miners. A battery that gives all it can without them gives them nothing.
    """
    short_kw = battery_kw + grid_kw - miners_kw
    return battery_kw > 0.0 < miners_kw and s <= q.reserve_kwh and short_kw < plant.battery_kw


class Flows:
    """What one quarter hour did: e1, s1 stored at its end in kWh, cost in EUR without mining and wear, powers
    in kW (> 0: import, discharge), dumped and unmet heat in kWh, held: the heat pump was held back.
    """

    __slots__ = ("battery", "cost", "dumped", "e1", "electric", "grid", "heat_pump", "held", "s1", "unmet")

    def __init__(self) -> None:
        self.e1 = self.s1 = self.cost = self.grid = self.battery = self.heat_pump = 0.0
        self.dumped = self.unmet = self.electric = 0.0
        self.held = False


def settle(plant: Plant, q: Quarter, e: float, s: float, miners_kw: float, block: bool, into: Flows) -> Flows:
    """One quarter hour from heat e and charge s. A block that the stored heat does not carry is none."""
    free = e * (1.0 - plant.loss) + (plant.into_buffer * miners_kw - q.demand_kw) * STEP_H
    held = block and q.may_block and q.target_kwh > free >= q.release_kwh
    target = free if held else q.target_kwh
    e1, electric, cost = heat(plant, q, miners_kw, free, target)
    made = max(0.0, min((target - free) / STEP_H, q.capacity_kw))
    into.dumped = max(0.0, free + made * STEP_H - plant.e_max_kwh)
    into.unmet = max(0.0, -(free + made * STEP_H))
    into.heat_pump = made / q.cop if plant.boiler_eur is None else 0.0
    into.s1, into.battery, into.grid, eur = exchanged(plant, q, s, q.pv_kw - q.load_kw - electric)
    cost += eur
    into.e1, into.cost, into.electric, into.held = e1, cost, electric, held
    return into


def clouds_eur(plant: Plant, q: Quarter, electric_kw: float, s: float, swing_kw: float) -> float:
    """EUR that the clouds of a quarter hour cost beside its mean. electric_kw: miners, heat pump and fan.

    Half of the time the surplus lies swing_kw above its mean, half of it below. As long as both are surplus,
    or both are not, the mean says it all; in between the battery takes and gives, with its wear and losses,
    and without a charge the same power is sold and bought.
    """
    inside_kw = swing_kw - abs(q.pv_kw - q.load_kw - electric_kw)
    if inside_kw <= 0.0:
        return 0.0
    if s > plant.s_min_kwh and plant.battery_kw > 0.0:
        lost = 1.0 / (plant.one_way * plant.one_way) - 1.0
        eur_per_kwh = plant.battery_wear_eur + lost * max(0.0, q.feed_in_eur)
    else:
        eur_per_kwh = max(0.0, q.import_eur - q.feed_in_eur)
    return inside_kw / 2.0 * STEP_H * eur_per_kwh
