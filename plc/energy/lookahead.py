"""What to do now, with a plan: every power of the miners, with and without a block, tried for a quarter hour.

    cost of the quarter hour at measured powers and prices - mining + starts + value of where it ends

The same quarter hour as in the plan, but with what is measured in place of what was expected; only its end is
priced by the plan. What the end of an action is worth more or less than that of doing nothing is bounded by
what heat and charge can be worth at all, and what the sources forbid is not tried. So a wrong plan can make
the engine miss a gain; it cannot make it pay more than the dearest electricity in the worst heat pump.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum
from typing import NamedTuple

from plc.energy import cost
from plc.energy.cost import House, Slice, Source
from plc.energy.marginal import Decision, MarginalRule, MinerOffer
from plc.energy.parameters import Economics
from plc.energy.plan_problem import STEP_H, Quarter
from plc.energy.plan_values import Moment, PlanValues
from plc.energy.prices import Prices
from plc.energy.quarter_hour import Flows, clouds_eur, settle
from plc.energy.revenue import levels_w
from plc.energy.situation import EnergySituation

STAY_EUR = 0.0005
"""Another power must be better by this in a quarter hour: a twentieth of a cent is not worth a write."""


class Rung(NamedTuple):
    """One total power of all miners, shared so that it earns most; eur_per_h: after wear, with the bonus."""

    power_w: tuple[float, ...]
    power_kw: float
    mined_eur_per_h: float
    eur_per_h: float
    miners: int


class Now(NamedTuple):
    """The present moment in the words of the plan.

    quarter: with measured sun, load (without miners and without the heat pump), demand and prices. heat_kwh,
    charge_kwh: stored. running: miners that are meant to run. held: the heat pump is held back. may_block:
    K7 could hold it back. sink: the buffer takes miner heat. recool: the dry cooler may be used for revenue.
    heat_most, charge_most: what a kWh stored can be worth at all, in EUR. keep_eur: what may still be spent
    on running through a gap instead of starting again after it. swing_kw: how far the surplus swings around
    its mean.
    """

    at: Moment
    quarter: Quarter
    heat_kwh: float
    charge_kwh: float
    running: int
    held: bool
    may_block: bool
    sink: bool
    recool: bool
    heat_most: float
    charge_most: float
    keep_eur: float
    swing_kw: float = 0.0


class Choice(NamedTuple):
    """What is best: powers with their reasons, whether the heat pump should wait, and what a quarter hour of
    it is worth without the starts that it saves."""

    decision: Decision
    block: bool
    bare_eur: float = 0.0


def measured(
    economics: Economics,
    plan: PlanValues,
    s: EnergySituation,
    house: House,
    prices: Prices,
    *,
    cop: float,
    rule: MarginalRule,
) -> Now:
    """The moment as it is: what is measured replaces what the plan expected, value by value.

    The measured load has the heat pump in it; what the model says that it takes now is taken out, and comes
    back with every action as the model says then. So an error of the model cancels where nothing changes.
    """
    assert prices.at is not None
    expected = plan.quarters[prices.at.quarter]
    demand_kw = expected.demand_kw if s.heat_load_w is None else s.heat_load_w / 1000.0
    target, release = expected.target_kwh, expected.release_kwh
    if demand_kw <= 0.0:
        target = release = -1.0
    elif s.flow_degc is not None:
        target = plan.held_at(s.flow_degc)
        release = target - max(0.0, expected.target_kwh - expected.release_kwh)
    quarter = expected._replace(
        pv_kw=house.pv_w / 1000.0,
        load_kw=0.0,
        demand_kw=demand_kw,
        cop=cop,
        target_kwh=target,
        release_kwh=release,
        import_eur=prices.import_,
        feed_in_eur=prices.feed_in,
    )
    drawn_kw = fsum(miner.power_w or 0.0 for miner in s.miners) / 1000.0
    present = settle(plan.plant, quarter, prices.heat_kwh, prices.charge_kwh, drawn_kw, s.held, Flows())
    running = len([power for power in rule.power_w if power > 0.0])
    return Now(
        at=prices.at,
        quarter=quarter._replace(load_kw=house.load_w / 1000.0 - present.heat_pump),
        heat_kwh=prices.heat_kwh,
        charge_kwh=prices.charge_kwh,
        running=running,
        held=s.held,
        may_block=s.may_block and expected.may_block and economics.heat.heat_pump,
        sink=s.sink,
        recool=s.recool,
        heat_most=prices.heat_most(economics),
        charge_most=prices.dearest,
        keep_eur=max(0.0, running * plan.plant.start_eur - rule.gap_eur),
        swing_kw=house.swing_w / 1000.0,
    )


def rungs(economics: Economics, miners: tuple[MinerOffer, ...], eur_per_th_hour: float) -> tuple[Rung, ...]:
    """All totals that the ladders of the miners give, rising; of equal totals the one that earns most."""
    found: dict[int, Rung] = {0: Rung((0.0,) * len(miners), 0.0, 0.0, 0.0, 0)}
    wear = economics.mining.wear_eur_per_kwh - economics.mining.bonus_eur_per_kwh
    for index, miner in enumerate(miners):
        if miner.curve is None:
            continue
        for below in list(found.values()):
            for power_w in levels_w(miner.lowest_w, miner.highest_w, economics.choice.levels):
                mined = below.mined_eur_per_h + miner.curve.ths(power_w) * eur_per_th_hour
                powers = (*below.power_w[:index], power_w, *below.power_w[index + 1 :])
                total_kw = below.power_kw + power_w / 1000.0
                rung = Rung(powers, total_kw, mined, mined - wear * total_kw, below.miners + 1)
                known = found.get(round(total_kw * 1000.0))
                if known is None or known.eur_per_h < rung.eur_per_h:
                    found[round(total_kw * 1000.0)] = rung
    return tuple(found[key] for key in sorted(found))


def allowed(ladder: tuple[Rung, ...], slices: tuple[Slice, ...], now: Now) -> tuple[tuple[Rung, ...], str]:
    """The rungs that no source and no missing sink forbids, and what forbids the next one ("" = nothing)."""
    if not now.sink and not now.recool:
        return ladder[:1], "no_sink"
    for count, rung in enumerate(ladder):
        if rung.miners == 0:
            continue
        price, source = cost.between(slices, 0.0, rung.power_kw * 1000.0)
        if cost.forbidden(price, rung.power_kw):
            return ladder[:count], str(source) if source in (Source.BATTERY, Source.OVER_LIMIT) else "policy"
    return ladder, ""


class _Try(NamedTuple):
    rung: Rung
    block: bool
    gain: float  # EUR in this quarter hour against doing nothing, with the bounded value of its end
    bare: float  # the same without what the state of the miners is worth


def choose(
    plan: PlanValues,
    now: Now,
    ladder: tuple[Rung, ...],
    slices: tuple[Slice, ...],
    *,
    present_w: tuple[float, ...],
) -> Choice:
    """The best of all actions. present_w: what was wanted last; it stays unless another is better."""
    usable, forbids = allowed(ladder, slices, now)
    tries = _tries(plan, now, usable, present_w)
    best = max(tries, key=_gain)
    steps = [t for t in tries if t.block is best.block]
    index = next(n for n, t in enumerate(steps) if t is best)
    # The reasons are those of the last step taken, or of the first one refused when none is.
    shown = max(index, 1) if len(steps) > 1 else 0
    decision = _decision(best, steps[shown], steps[shown - 1] if shown else None, slices)
    limited = forbids if index == len(steps) - 1 and forbids else "price" if index < len(ladder) - 1 else ""
    if len(ladder) == 1:
        limited = "no_miner"
    return Choice(replace(decision, limited_by=limited), best.block, best.bare)


def _gain(tried: _Try) -> float:
    return tried.gain


class _Base:
    """Doing nothing for a quarter hour: what every action is compared with."""

    def __init__(self, plan: PlanValues, now: Now) -> None:
        self._plan, self._now = plan, now
        plant = plan.plant._replace(recool=now.recool)
        if not now.sink:
            plant = plant._replace(e_max_kwh=min(plant.e_max_kwh, max(now.heat_kwh, 0.0)))
        self._plant, self._flows = plant, Flows()
        zero = settle(plant, now.quarter, now.heat_kwh, now.charge_kwh, 0.0, False, self._flows)
        self._e, self._s = zero.e1, zero.s1
        self._cost = self._of(zero)
        self._value = plan.cost_to_go(now.at, zero.e1, zero.s1, 0, False)

    def _of(self, f: Flows) -> float:
        """Cost of this quarter hour, with what its clouds cost beside its mean."""
        now = self._now
        return f.cost + clouds_eur(self._plant, now.quarter, f.electric, now.charge_kwh, now.swing_kw)

    def attempt(self, rung: Rung, block: bool) -> _Try | None:
        """One action; None for a block that the stored heat does not carry."""
        now, plant = self._now, self._plant
        f = settle(plant, now.quarter, now.heat_kwh, now.charge_kwh, rung.power_kw, block, self._flows)
        if block and not f.held:
            return None
        least = most = 0.0
        for more, worth in ((f.e1 - self._e, now.heat_most), (f.s1 - self._s, now.charge_most)):
            if more > 0.0:
                most += more * worth
            else:
                least += more * worth
        begins = block and not now.held
        immediate = self._cost - self._of(f) + rung.eur_per_h * STEP_H - begins * plant.block_eur
        # To be blocked, or running, at the end is worth at most what it takes to get there.
        bare = self._value - self._plan.cost_to_go(now.at, f.e1, f.s1, 0, block)
        bare = immediate + min(max(bare, least), most + block * plant.block_eur)
        if rung.miners == 0:
            return _Try(rung, block, bare, bare)
        starts_eur = max(0, rung.miners - now.running) * plant.start_eur
        stored = self._value - self._plan.cost_to_go(now.at, f.e1, f.s1, rung.miners, block)
        most += starts_eur + now.keep_eur + block * plant.block_eur
        return _Try(rung, block, immediate - starts_eur + min(max(stored, least), most), bare)


def _tries(plan: PlanValues, now: Now, usable: tuple[Rung, ...], present_w: tuple[float, ...]) -> list[_Try]:
    base = _Base(plan, now)
    found = []
    for block in (False, True) if now.may_block else (False,):
        for rung in usable:
            tried = base.attempt(rung, block)
            if tried is not None:
                stays = rung.power_w == present_w
                found.append(tried._replace(gain=tried.gain + STAY_EUR) if stays else tried)
    return found


def _decision(best: _Try, step: _Try, below: _Try | None, slices: tuple[Slice, ...]) -> Decision:
    """The powers with the reasons of one step, per kWh. Heat is what is left of the benefit: all that the
    step saves now and later in the heat pump, and what its start will still bring."""
    if below is None:
        return Decision(best.rung.power_w)
    kw = step.rung.power_kw - below.rung.power_kw
    eur_per_h = step.rung.eur_per_h - below.rung.eur_per_h
    price, source = cost.between(slices, below.rung.power_kw * 1000.0, step.rung.power_kw * 1000.0)
    benefit = (step.gain - below.gain) / (kw * STEP_H)
    return Decision(
        best.rung.power_w,
        revenue=(step.rung.mined_eur_per_h - below.rung.mined_eur_per_h) / kw,
        heat=benefit - eur_per_h / kw + price,
        cost=price,
        benefit=benefit,
        break_even=price + benefit,
        source=str(source),
        eur_per_h=best.gain / STEP_H,
    )
