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
from math import fsum
from typing import NamedTuple

from plc.blocks.core import Block, Tick
from plc.energy import heat as heat_value
from plc.energy.cost import FORBIDDEN, Slice, Source, between, forbidden
from plc.energy.parameters import Economics, Policy
from plc.energy.revenue import Curve, levels_w

NEVER_PAYS = -1e6
QUARTER_S = 900.0


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
    break_even: float = 0.0


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
        return fsum(self.power_w)


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
    which is exact because each miner's own steps get worse with power and the sources dearer. A new step that
    is refused does not end the steps of another miner that are held and may cost a little more.
    """
    ladders = [levels_w(m.lowest_w, m.highest_w, economics.choice.levels) for m in miners]
    taken = [0] * len(miners)
    barred = [False] * len(miners)
    power = [0.0] * len(miners)
    total = eur_per_h = 0.0
    last: Step | None = None
    refused: Step | None = None
    while True:
        best: Step | None = None
        for index, miner in enumerate(miners):
            if barred[index] or miner.curve is None or taken[index] >= len(ladders[index]):
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
                starts=taken[index] == 0 and not _runs(present_w, index),
            )
            if best is None or step.benefit > best.benefit:
                best = step
        if best is None:
            break
        choice = economics.choice
        on = best.to_w <= present_w[best.miner] if best.miner < len(present_w) else False
        if best.benefit <= (choice.margin_off_eur_per_kwh if on else choice.margin_on_eur_per_kwh):
            refused = refused or best
            barred[best.miner] = True
            continue
        total += best.to_w - best.from_w
        eur_per_h += best.benefit * (best.to_w - best.from_w) / 1000.0
        power[best.miner] = best.to_w
        taken[best.miner] += 1
        last = best
    return _decision(power, last, refused, eur_per_h)


def _runs(present_w: tuple[float, ...], index: int) -> bool:
    return index < len(present_w) and present_w[index] > 0.0


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
    *,
    starts: bool,
) -> Step:
    assert miner.curve is not None
    kw = (to_w - from_w) / 1000.0
    revenue = eur_per_th_hour * (miner.curve.ths(to_w) - miner.curve.ths(from_w)) / kw
    cost, source = between(slices, total_w, total_w + to_w - from_w)
    if forbidden(cost, kw):
        return Step(index, from_w, to_w, revenue, 0.0, cost, source, NEVER_PAYS)
    worth = _heat_worth(economics, heat, cost, kw, first=from_w == 0.0)
    if worth is None:
        return Step(index, from_w, to_w, revenue, 0.0, cost, source, NEVER_PAYS)
    mining = economics.mining
    benefit = revenue + mining.bonus_eur_per_kwh + worth - cost - mining.wear_eur_per_kwh
    if starts:
        benefit -= mining.start_eur / (kw * mining.start_run_h)
    earned = revenue + mining.bonus_eur_per_kwh - mining.wear_eur_per_kwh
    if heat.stored_eur_per_kwh is None and economics.heat.heat_pump and heat.use > 0.0:
        # The heat is worth what the same electricity would have made of it: c* = earned / (1 - eta / COP).
        break_even = earned / (1.0 - economics.heat.into_buffer * heat.use / heat.cop)
    else:
        break_even = earned + worth
    return Step(index, from_w, to_w, revenue, worth, cost, source, benefit, break_even)


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
        elif not forbidden(refused.cost, (refused.to_w - refused.from_w) / 1000.0):
            limited = "no_sink"
        else:
            limited = str(refused.source) if refused.source in LIMITED_SOURCES else "policy"
    return Decision(
        tuple(power),
        revenue=shown.revenue,
        heat=shown.heat,
        cost=shown.cost,
        benefit=shown.benefit,
        break_even=shown.break_even,
        source=str(shown.source),
        limited_by=limited,
        eur_per_h=eur_per_h,
    )


class Appraisal(NamedTuple):
    """What given miner powers earn and cost at real prices, in EUR per hour. heat_w: into the buffer."""

    revenue: float
    heat: float
    cost: float
    wear: float
    heat_w: float

    @property
    def net(self) -> float:
        return self.revenue + self.heat - self.cost - self.wear


def appraise(
    economics: Economics,
    miners: tuple[MinerOffer, ...],
    heat: Heat,
    slices: tuple[Slice, ...],
    *,
    eur_per_th_hour: float,
    power_w: tuple[float, ...],
) -> Appraisal:
    """Books powers as they are, whoever asked for them. The owner's bonus is no money and not in it.

    slices: without forbidden prices (see `cost.unforbidden`): what happens has a price even if the rule
    would not have allowed it.
    """
    total_w = fsum(power_w)
    if total_w <= 0.0:
        return Appraisal(0.0, 0.0, 0.0, 0.0, 0.0)
    kw = total_w / 1000.0
    ths = fsum(
        miner.curve.ths(power)
        for miner, power in zip(miners, power_w, strict=True)
        if miner.curve is not None
    )
    price, _ = between(slices, 0.0, total_w)
    worth = _heat_worth(economics, heat, price, kw, first=True) or 0.0
    taken = economics.heat.into_buffer * total_w if heat.use > 0.0 else 0.0
    wear = economics.mining.wear_eur_per_kwh
    return Appraisal(eur_per_th_hour * ths, worth * kw, price * kw, wear * kw, taken)


class MarginalRule(Block):
    """The rule in the scan: keeps its powers until a proposal has stood for its time.

    step(eager=, cautious=) -> the powers. eager: proposal on the mean of the last confirm_on_s, which may
    raise; cautious: on the longer mean of confirm_off_s, which may lower. A start needs both. What a limit
    forbids (battery reserve, grid limit, no place for the heat, a miner that is gone) is lowered at once:
    that is no opinion about clouds.
    """

    __slots__ = ("gap_eur", "power_w")

    STATE = ("gap_eur", "power_w")

    def __init__(self, miners: int = 2) -> None:
        self.power_w: tuple[float, ...] = (0.0,) * miners
        self.gap_eur = 0.0

    def step(self, *, eager: Decision, cautious: Decision, may_rise: bool = True) -> tuple[float, ...]:
        """may_rise False: what the house does is not known now, so nothing is added."""
        held_w = fsum(self.power_w)
        if held_w <= 0.0 and cautious.total_w <= 0.0:
            return self.power_w  # a start must pay in both means: what would stop it must not begin it
        if eager.total_w >= held_w:
            if may_rise or eager.total_w == held_w:
                self.power_w = eager.power_w
        elif eager.limited_by in HARD_LIMITS or cautious.total_w <= eager.total_w:
            self.power_w = eager.power_w
        elif cautious.total_w < held_w:
            self.power_w = cautious.power_w
        return self.power_w

    def pay(self, tick: Tick, eur_per_quarter: float) -> None:
        """What the present powers lose adds up in gap_eur as long as they run and lose: the price of not
        starting again later, which a plan may pay once and no more."""
        if fsum(self.power_w) <= 0.0 or eur_per_quarter >= 0.0:
            self.gap_eur = 0.0
        else:
            self.gap_eur -= eur_per_quarter * tick.dt_s / QUARTER_S


LIMITED_SOURCES = (Source.OVER_LIMIT, Source.BATTERY)
HARD_LIMITS = frozenset({*(str(source) for source in LIMITED_SOURCES), "no_sink", "no_miner"})
"""Reasons that are no matter of price."""

WANTED = -1.0
"""A price in EUR/kWh at which everything pays: the owner wants this power whatever it earns."""


def by_policy(policy: Policy, slices: tuple[Slice, ...], heat: Heat) -> tuple[Slice, ...]:
    """The sources in the eyes of the owner's policy; what is forbidden stays forbidden.

    surplus: solar surplus is wanted, everything else forbidden. heat_first: power is wanted while the buffer
    takes heat. always: power is wanted. The price of such a choice is booked, not hidden.
    """
    if policy is Policy.MARGINAL:
        return slices
    if policy is Policy.SURPLUS:
        wanted: tuple[Source, ...] = (Source.CURTAILED, Source.EXPORT)
    elif policy is Policy.ALWAYS or (policy is Policy.HEAT_FIRST and heat.use > 0.0):
        wanted = (Source.CURTAILED, Source.EXPORT, Source.CHARGING, Source.BATTERY, Source.GRID)
    else:
        wanted = ()
    return tuple(
        part
        if part.eur_per_kwh >= FORBIDDEN
        else part._replace(eur_per_kwh=WANTED if part.source in wanted else FORBIDDEN)
        for part in slices
    )
