"""Should the miners run, and how hard? The forecast-free rule: every step of power must pay for itself.

For each step of power of each miner, per kWh of electricity:

    net benefit = step revenue + bonus + into_buffer * value of heat - cost of the electricity - wear

Revenue falls and cost rises with power, so the rule takes steps while they pay and stops at the first
that does not. `margin_on` decides about steps that are not taken yet, `margin_off` about those that are.
A step that the stack of sources forbids can never pay. Source: plant reference, topic decision rule.

The rule proposes; the plant's own limits (temperatures, minimum times, ramps) act on what it grants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from plc.blocks.core import Block, Tick
from plc.blocks.timers import TON
from plc.energy import heat as heat_value
from plc.energy.cost import FORBIDDEN, Slice, Source, between
from plc.energy.parameters import Economics, Policy
from plc.energy.revenue import Curve, levels_w

NEVER_PAYS = -1e6


class MinerOffer(NamedTuple):
    """One miner as the rule sees it. curve None: it cannot run now (no levels)."""

    curve: Curve | None
    lowest_w: float
    highest_w: float


class Heat(NamedTuple):
    """Where the heat goes. use: share that will be used, 0..1 (see heat.use).

    stored_eur_per_kwh: shadow price of a plan, None without one. recool: heat that is not used can be
    thrown away; otherwise nothing may run while the buffer takes nothing.
    """

    use: float = 0.0
    cop: float = 3.0
    stored_eur_per_kwh: float | None = None
    recool: bool = False


class Step(NamedTuple):
    """One step of power of one miner with everything that speaks for and against it, in EUR/kWh."""

    miner: int
    from_w: float
    to_w: float
    revenue: float
    heat: float
    cost: float
    source: Source
    benefit: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rule wants and why. Prices in EUR/kWh of miner electricity.

    power_w: per miner. benefit: of the last step taken, or of the first one refused when none is taken.
    break_even: electricity price at which that step would just pay. limited_by: what stopped the next step.
    """

    power_w: tuple[float, ...]
    revenue: float = 0.0
    heat: float = 0.0
    cost: float = 0.0
    benefit: float = 0.0
    break_even: float = 0.0
    source: str = ""
    limited_by: str = ""
    eur_per_h: float = 0.0

    @property
    def total_w(self) -> float:
        total = 0.0
        for power_w in self.power_w:
            total += power_w
        return total


def decide(
    economics: Economics,
    miners: tuple[MinerOffer, ...],
    heat: Heat,
    slices: tuple[Slice, ...],
    *,
    eur_per_th_hour: float,
    present_w: tuple[float, ...],
) -> Decision:
    """The best powers now. present_w: what the rule wanted last, for the hysteresis.

    The steps of all miners compete for the same cheap power; the one with the best benefit is taken first,
    which is exact because each miner's own steps get worse with power and the sources dearer.
    """
    ladders = [levels_w(m.lowest_w, m.highest_w, economics.choice.levels) for m in miners]
    taken = [0] * len(miners)
    power = [0.0] * len(miners)
    total = eur_per_h = 0.0
    last: Step | None = None
    refused: Step | None = None
    while True:
        best: Step | None = None
        for index, miner in enumerate(miners):
            if miner.curve is None or taken[index] >= len(ladders[index]):
                continue
            step = _step(
                economics,
                miner,
                heat,
                slices,
                index,
                power[index],
                ladders[index][taken[index]],
                total,
                eur_per_th_hour,
            )
            if best is None or step.benefit > best.benefit:
                best = step
        if best is None:
            break
        choice = economics.choice
        on = best.to_w <= present_w[best.miner] if best.miner < len(present_w) else False
        if best.benefit <= (choice.margin_off_eur_per_kwh if on else choice.margin_on_eur_per_kwh):
            refused = best
            break
        total += best.to_w - best.from_w
        eur_per_h += best.benefit * (best.to_w - best.from_w) / 1000.0
        power[best.miner] = best.to_w
        taken[best.miner] += 1
        last = best
    return _decision(power, last, refused, eur_per_h)


def _step(
    economics: Economics,
    miner: MinerOffer,
    heat: Heat,
    slices: tuple[Slice, ...],
    index: int,
    from_w: float,
    to_w: float,
    total_w: float,
    eur_per_th_hour: float,
) -> Step:
    assert miner.curve is not None
    kw = (to_w - from_w) / 1000.0
    revenue = eur_per_th_hour * (miner.curve.ths(to_w) - miner.curve.ths(from_w)) / kw
    cost, source = between(slices, total_w, total_w + to_w - from_w)
    if cost >= FORBIDDEN / 1000.0:
        return Step(index, from_w, to_w, revenue, 0.0, cost, source, NEVER_PAYS)
    worth = _heat_worth(economics, heat, cost, kw, first=from_w == 0.0)
    if worth is None:
        return Step(index, from_w, to_w, revenue, 0.0, cost, source, NEVER_PAYS)
    mining = economics.mining
    benefit = revenue + mining.bonus_eur_per_kwh + worth - cost - mining.wear_eur_per_kwh
    return Step(index, from_w, to_w, revenue, worth, cost, source, benefit)


def _heat_worth(economics: Economics, heat: Heat, cost: float, kw: float, *, first: bool) -> float | None:
    """EUR per kWh of electricity from the heat it becomes; None when the heat has nowhere to go."""
    parameters = economics.heat
    if heat.use <= 0.0:
        if not heat.recool:
            return None
        return -parameters.fan_w / 1000.0 * cost / kw if first else 0.0
    if heat.stored_eur_per_kwh is not None:
        value = heat.stored_eur_per_kwh
    else:
        value = heat_value.value_eur_per_kwh(parameters, electricity_eur_per_kwh=cost, cop_now=heat.cop)
    return parameters.into_buffer * value * heat.use


def _decision(power: list[float], last: Step | None, refused: Step | None, eur_per_h: float) -> Decision:
    shown = last or refused
    if shown is None:
        return Decision(tuple(power), limited_by="no_miner")
    limited = ""
    if refused is not None:
        if refused.benefit > NEVER_PAYS:
            limited = "price"
        else:
            limited = "no_sink" if refused.cost < FORBIDDEN / 1000.0 else str(refused.source)
    return Decision(
        tuple(power),
        revenue=shown.revenue,
        heat=shown.heat,
        cost=shown.cost,
        benefit=shown.benefit,
        break_even=shown.benefit + shown.cost,
        source=str(shown.source),
        limited_by=limited,
        eur_per_h=eur_per_h,
    )


class MarginalRule(Block):
    """The rule in the scan: confirms more power and less power before it changes its mind.

    step(tick, proposal=) -> the confirmed Decision. A single cloud, or a kettle, is shorter than the
    confirmation times; a forbidden source (over the grid limit, reserve of the battery) is not discussed
    and takes effect at once.
    """

    __slots__ = ("_held_w", "_less", "_more", "decision")

    STATE = ("_less", "_more", "_held_w")

    def __init__(self, economics: Economics) -> None:
        self._more = TON(economics.choice.confirm_on_s)
        self._less = TON(economics.choice.confirm_off_s)
        self._held_w: tuple[float, ...] = (0.0, 0.0)
        self.decision = Decision(self._held_w)

    @property
    def held_w(self) -> tuple[float, ...]:
        """Confirmed powers: what the next proposal compares itself with."""
        return self._held_w

    def step(self, tick: Tick, *, proposal: Decision) -> Decision:
        held_w = 0.0
        for power_w in self._held_w:
            held_w += power_w
        more = self._more.step(tick, in_=proposal.total_w > held_w)
        less = self._less.step(tick, in_=proposal.total_w < held_w)
        at_once = proposal.total_w < held_w and proposal.limited_by in (
            Source.OVER_LIMIT,
            Source.BATTERY,
            "no_sink",
        )
        if more or less or at_once:
            self._held_w = proposal.power_w
        self.decision = proposal
        return proposal


def by_policy(economics: Economics, slices: tuple[Slice, ...], heat: Heat) -> tuple[tuple[Slice, ...], Heat]:
    """The sources and the heat in the eyes of the owner's policy; limits stay what they are.

    surplus: solar surplus is free, everything else is forbidden. heat_first: power is free while the
    buffer wants heat. always: power is free. The price of such a choice is shown, not hidden.
    """
    policy = economics.choice.policy
    if policy is Policy.SURPLUS:
        free = (Source.CURTAILED, Source.EXPORT)
        return tuple(s._replace(eur_per_kwh=0.0 if s.source in free else FORBIDDEN) for s in slices), heat
    if policy is Policy.ALWAYS or (policy is Policy.HEAT_FIRST and heat.use > 0.0):
        return tuple(s if s.eur_per_kwh >= FORBIDDEN else s._replace(eur_per_kwh=0.0) for s in slices), heat
    if policy in (Policy.HEAT_FIRST, Policy.OFF):
        return tuple(s._replace(eur_per_kwh=FORBIDDEN) for s in slices), heat
    return slices, heat
