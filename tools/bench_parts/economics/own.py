"""Our own rules: the real engine of the scan, stepped once per quarter hour, and the simple baselines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from plc.blocks.block_relay import BlockRelay
from plc.blocks.core import Reading, Tick, ns
from plc.energy.engine import EnergyEngine
from plc.energy.parameters import Policy
from plc.energy.plan_problem import STEP_H
from plc.energy.plan_values import PlanValues
from plc.energy.quarter_hour import Flows
from plc.energy.situation import EnergySituation, MinerSituation
from plc.energy.tariff import SpotPrices
from tools.bench_parts.economics.house import House, Site

QUARTER_NS = ns(900)
WANTED_DEGC, FULL_DEGC = 50.0, 55.0
FULL_WITHIN_KWH = 0.3


def none(site: Site) -> House:
    """No ThermIQ: the heat pump alone."""
    house = House(site)
    for t in range(len(site.quarters)):
        house.go(t, (0.0, 0.0))
    return house


def engine(
    site: Site,
    *,
    plans: Callable[[int], PlanValues] | None = None,
    policy: Policy = Policy.MARGINAL,
    hold_back: bool = True,
    week: range | None = None,
    house: House | None = None,
    span: range | None = None,
    seen: Callable[[Flows], None] = lambda _: None,
) -> House:
    """The decision engine with the real block relay and its budgets.

    week: quarters to keep in detail. house, span: not a new house over the whole year. seen: gets what every
    quarter hour did.
    """
    e = site.world.economics
    e = replace(e, choice=replace(e.choice, policy=policy))
    rule = EnergyEngine(e)
    relay = BlockRelay(free_min_s=1800.0, boot_lock_s=0.0)
    house = house or House(site)
    dynamic = e.tariff.kind == "dynamic" or e.tariff.zero_at_negative_spot
    for t in span or range(len(site.quarters)):
        q = site.quarters[t]
        plan = None if plans is None else plans(t)
        covers = house.e - q.release_kwh >= q.demand_kw * STEP_H
        permits = hold_back and q.may_block and covers
        may_block = permits and (relay.blocked or relay.may_start)
        tick = Tick((t + 1) * QUARTER_NS, QUARTER_NS)
        spot = site.announced(t) if dynamic else SpotPrices()
        rule.step(tick, situation=_situation(site, house, t, plan, spot, may_block))
        block = relay.step(tick, request=hold_back and rule.hold_back, release=not permits)
        powers = tuple(w / 1000.0 for w in rule.decision.power_w)
        f = house.go(t, (powers[0], powers[1]), block)
        seen(f)
        if week is not None and t in week:
            house.books.week.append((q.pv_kw, q.load_kw + f.heat_pump, sum(powers), f.grid, house.e, house.s,
                                     q.import_eur, float(block)))  # fmt: skip
    return house


def _situation(
    site: Site,
    house: House,
    t: int,
    plan: PlanValues | None,
    spot: SpotPrices,
    may_block: bool,
) -> EnergySituation:
    """What is measured in quarter t. Without a plan the heat pump shows as if the miners stood: the rule by
    steps looks at surplus only, and in the mean of a quarter hour miner heat has not slowed it yet."""
    s, q, m = site.series, site.quarters[t], site.world.model
    seen = house.look(t, 0.0) if plan is None else house.look(t, block=house.held)
    now = t * QUARTER_NS
    miners_w = (house.powers[0] * 1000.0, house.powers[1] * 1000.0)
    load_w = (q.load_kw + seen.heat_pump) * 1000.0 + miners_w[0] + miners_w[1]
    return EnergySituation(
        unix_s=s.unix_s[t],
        utc_offset_s=s.offset_s[t],
        synchronised=True,
        pv_w=Reading.good(q.pv_kw * 1000.0, now),
        load_w=Reading.good(load_w, now),
        grid_w=Reading.good(seen.grid * 1000.0, now),
        battery_soc_pct=Reading.good(house.s / max(site.plant.s_max_kwh, 0.1) * 100.0, now),
        miners=(MinerSituation(True, miners_w[0]), MinerSituation(True, miners_w[1])),
        t_top_degc=house.top_degc,
        t_mean_degc=house.mean_degc,
        heat_load_w=q.demand_kw * 1000.0,
        wanted_degc=WANTED_DEGC,
        full_degc=FULL_DEGC,
        sink=house.e < site.plant.e_max_kwh - FULL_WITHIN_KWH,
        recool=site.plant.recool,
        flow_degc=m.flow_degc(s.outdoor_degc[t]),
        outdoor_degc=s.outdoor_degc[t],
        winter=site.winter(t),
        held=house.held,
        may_block=may_block,
        spot=spot,
        plan=plan,
    )


def heat_demand(site: Site, *, kw: float = 3.2) -> House:
    """Thermostat at the top of the buffer: mine below the wanted temperature, until it is full."""
    house = House(site)
    on = False
    for t, q in enumerate(site.quarters):
        room = site.plant.e_max_kwh - house.e > FULL_WITHIN_KWH
        on = q.demand_kw > 0.0 and (house.top_degc < WANTED_DEGC or (on and room))
        house.go(t, (kw, kw) if on else (0.0, 0.0))
    return house


def always(site: Site, *, kw: float = 3.2) -> House:
    house = House(site)
    for t in range(len(site.quarters)):
        house.go(t, (kw, kw))
    return house


def surplus(site: Site, *, room: bool) -> House:
    """Follow the export power, whatever it earns; room: only while the buffer takes heat."""
    house = House(site)
    for t in range(len(site.quarters)):
        seen = house.look(t)
        spare = -seen.grid + house.powers[0] + house.powers[1]
        full = house.e > site.plant.e_max_kwh - 1.5
        unused = site.quarters[t].demand_kw <= 0.0
        house.go(t, (0.0, 0.0) if room and (full or unused) else follow(spare))
    return house


def follow(spare_kw: float) -> tuple[float, float]:
    """Split of a power that may be used on two miners of 1.2 to 3.2 kW."""
    if spare_kw < 1.2:
        return (0.0, 0.0)
    if spare_kw < 2.4:
        return (spare_kw, 0.0)
    each = min(spare_kw / 2.0, 3.2)
    return (each, each)
