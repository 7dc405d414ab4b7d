"""The decision engine as one block in the scan: prices, surplus, rule, policy, books.

    situation = EnergySituation(unix_s=..., pv_w=..., load_w=..., miners=(...), ...)   # from PlantInputs
    decision = engine.step(tick, situation=situation)
    request_w = decision.total_w          # instead of a request by parameter
    hold_back = engine.hold_back          # K7, ground `value`: the plant's permissives decide

What is dear to compute happens once a second; the scans in between hold the decision. Everything follows
from tick and situation, so a recording replays bit for bit. `values()` is what is published, `account` is
retained (`account.state()`), the rest of the memory is minutes old at most and may be lost.
"""

from __future__ import annotations

from dataclasses import fields, replace
from math import fsum
from typing import Any

from plc.blocks.core import NS_PER_S, Block, State, Tick
from plc.energy import account, cost, heat, holdback, lookahead, marginal
from plc.energy.marginal import Decision, Heat, MarginalRule, MinerOffer
from plc.energy.parameters import Economics, Policy
from plc.energy.prices import Prices
from plc.energy.revenue import Curve, curve_of
from plc.energy.situation import EnergySituation, MinerSituation
from plc.energy.surplus import Surplus

PERIOD_NS = NS_PER_S

COP_IN_DOUBT = heat.COP_RANGE[1]
"""Without an outdoor temperature the heat pump counts as excellent: then miner heat is worth least."""


class EnergyEngine(Block):
    """step(tick, situation=) -> Decision: what the miners shall draw, and why.

    Outputs: decision (confirmed powers under the owner's policy, with real prices), marginal (what the
    economical rule would do), hold_back and hold_back_why (K7, ground `value`), prices, surplus, rates,
    account.
    """

    __slots__ = (
        "_block", "_chosen", "_curves", "_e", "_economical", "_figures", "_holdback", "_ladders", "_plain",
        "_since_ns", "_started", "_words", "account", "decision", "marginal", "prices", "rates", "surplus",
    )  # fmt: skip

    STATE = (
        "_chosen", "_economical", "_holdback", "_since_ns", "_started", "account", "prices", "rates",
        "surplus",
    )  # fmt: skip

    def __init__(self, economics: Economics, miners: int = 2) -> None:
        self._e = economics
        mining = economics.mining
        self._plain = (
            replace(economics, mining=replace(mining, bonus_eur_per_kwh=0.0))
            if mining.bonus_eur_per_kwh > 0.0
            else economics
        )
        self._chosen = MarginalRule(miners)
        self._economical = MarginalRule(miners)
        self._holdback = holdback.HoldBack(economics)
        self._since_ns = 0
        self._started = False
        self._block: bool | None = None  # the plan's values want the heat pump to wait; None without a plan
        self._ladders: dict[tuple[float, float, tuple[MinerOffer, ...]], tuple[lookahead.Rung, ...]] = {}
        self._curves: dict[tuple[tuple[float, ...], tuple[float, ...]], Curve | None] = {}
        self.surplus = Surplus(economics.choice)
        self.prices = Prices()
        self.rates = account.Rates()
        self.account = account.Account()
        self.decision = Decision((0.0,) * miners)
        self.marginal = self.decision
        self._tell()

    @property
    def hold_back(self) -> bool:
        """The heat pump should wait: later heat is cheaper."""
        return self._holdback.wanted

    @property
    def hold_back_why(self) -> str:
        return self._holdback.why

    def state(self) -> State:
        """As of every block; the two decisions as lists of their fields."""
        return super().state() | {
            "decision": _fields(self.decision),
            "marginal": _fields(self.marginal),
        }

    def _put(self, state: State) -> None:
        super()._put({name: state[name] for name in state if name not in ("decision", "marginal")})
        self.decision = _decision(state["decision"])
        self.marginal = _decision(state["marginal"])
        self._tell()

    def step(self, tick: Tick, *, situation: EnergySituation) -> Decision:
        self._since_ns += tick.dt_ns
        if self._started and self._since_ns < PERIOD_NS:
            return self.decision
        step = Tick(tick.now_ns, self._since_ns)
        self._since_ns = 0
        self._started = True
        self._decide(step, situation)
        return self.decision

    def _decide(self, tick: Tick, s: EnergySituation) -> None:
        self.surplus.step(tick, s)
        flow = self._heat(s)
        heat_now = self.prices.update(self._e, s, flow)
        offers = tuple(self._offer(miner) for miner in s.miners)
        policy = self._e.choice.policy
        self.decision = self._run(tick, self._chosen, self._e, policy, offers, heat_now, s)
        if policy is Policy.MARGINAL and self._plain is self._e:
            self._economical.power_w = self._chosen.power_w
            self.marginal = self.decision
        else:
            self.marginal = self._run(
                tick, self._economical, self._plain, Policy.MARGINAL, offers, heat_now, s
            )
        self._book(tick, s, offers, heat_now, self._slices(s, self.surplus.slow))
        self._holdback.step(tick, s, self.surplus.slow, self.prices, flow.cop, self._block)
        self._tell()

    def _heat(self, s: EnergySituation) -> Heat:
        use = 0.0
        if s.sink and s.t_top_degc is not None and (s.heat_load_w is None or s.heat_load_w > 0.0):
            use = heat.use(s.t_top_degc, wanted_degc=s.wanted_degc, full_degc=s.full_degc)
        cop = COP_IN_DOUBT
        if s.outdoor_degc is not None and s.flow_degc is not None:
            cop = heat.cop(self._e.heat, outdoor_degc=s.outdoor_degc, flow_degc=s.flow_degc)
        return Heat(use, cop, None, s.recool)

    def _offer(self, miner: MinerSituation) -> MinerOffer:
        key = (miner.curve_w, miner.curve_ths)
        if key not in self._curves:
            if len(self._curves) > 8:
                self._curves.clear()
            self._curves[key] = curve_of(self._e.mining, *key)
        curve = self._curves[key] if miner.available else None
        return MinerOffer(curve, miner.lowest_w, miner.highest_w)

    def _slices(self, s: EnergySituation, house: cost.House) -> tuple[cost.Slice, ...]:
        p, t, b = self.prices, self._e.tariff, self._e.battery
        # Blind power is never cheap power: nobody knows what is drawn, so at least the fixed price.
        bought = p.import_ if house.known else max(p.import_, t.import_eur_per_kwh)
        return cost.stack(
            house,
            t,
            b,
            import_eur_per_kwh=bought,
            feed_in_eur_per_kwh=p.feed_in,
            stored_eur_per_kwh=p.stored,
            reserve_pct=b.reserve_pct(winter=s.winter),
        )

    def _run(
        self,
        tick: Tick,
        rule: MarginalRule,
        economics: Economics,
        policy: Policy,
        offers: tuple[MinerOffer, ...],
        flow: Heat,
        s: EnergySituation,
    ) -> Decision:
        fast, slow = self.surplus.fast, self.surplus.slow
        if policy is Policy.MARGINAL and self.prices.planned:
            fast, slow = self.surplus.cautious_fast, self.surplus.steady
        eager = self._propose(rule, economics, policy, offers, flow, s, fast)
        cautious = eager if slow == fast else self._propose(rule, economics, policy, offers, flow, s, slow)
        if rule is self._economical or policy is Policy.MARGINAL:
            self._block = cautious.block if self.prices.planned and slow.known else None
        powers = rule.step(
            eager=eager.decision,
            cautious=cautious.decision,
            may_rise=fast.known or policy in BLIND,
        )
        rule.pay(tick, cautious.bare_eur)
        shown = eager.decision if powers == eager.decision.power_w else cautious.decision
        return shown if shown.power_w == powers else replace(shown, power_w=powers, limited_by="confirming")

    def _propose(
        self,
        rule: MarginalRule,
        economics: Economics,
        policy: Policy,
        offers: tuple[MinerOffer, ...],
        flow: Heat,
        s: EnergySituation,
        house: cost.House,
    ) -> lookahead.Choice:
        """What would be best if the house stayed as it is: by the plan's values, or step by step."""
        slices = self._slices(s, house)
        earned = self.prices.per_th_hour
        if policy is Policy.MARGINAL and self.prices.at is not None and s.plan is not None and house.known:
            now = lookahead.measured(economics, s.plan, s, house, self.prices, cop=flow.cop, rule=rule)
            ladder = self._ladder(economics, offers)
            return lookahead.choose(s.plan, now, ladder, slices, present_w=rule.power_w)
        decision = marginal.decide(
            economics,
            offers,
            flow,
            marginal.by_policy(policy, slices, flow),
            eur_per_th_hour=earned,
            present_w=rule.power_w,
        )
        return lookahead.Choice(decision, False)

    def _ladder(self, economics: Economics, offers: tuple[MinerOffer, ...]) -> tuple[lookahead.Rung, ...]:
        """Built anew only when a miner or the hash price changes."""
        key = (economics.mining.bonus_eur_per_kwh, self.prices.per_th_hour, offers)
        if key not in self._ladders:
            if len(self._ladders) > 4:
                self._ladders.clear()
            self._ladders[key] = lookahead.rungs(economics, offers, self.prices.per_th_hour)
        return self._ladders[key]

    def _book(
        self,
        tick: Tick,
        s: EnergySituation,
        offers: tuple[MinerOffer, ...],
        flow: Heat,
        slices: tuple[cost.Slice, ...],
    ) -> None:
        p, r = self.prices, self.rates
        real = cost.unforbidden(slices, import_eur_per_kwh=p.import_, stored_eur_per_kwh=p.stored)
        drawn = tuple(miner.power_w or 0.0 for miner in s.miners)

        def worth(powers: tuple[float, ...]) -> marginal.Appraisal:
            return marginal.appraise(
                self._e, offers, flow, real, eur_per_th_hour=p.per_th_hour, power_w=powers
            )

        now = worth(drawn)
        r.mined, r.heat, r.electricity, r.wear = now.revenue, now.heat, now.cost, now.wear
        r.heat_w = now.heat_w
        r.miner_w = fsum(drawn)
        r.choice = 0.0
        if self.marginal.power_w != self.decision.power_w:
            r.choice = worth(self.marginal.power_w).net - worth(self.decision.power_w).net
        grid = s.grid_w.usable
        r.known = grid is not None
        r.bill = 0.0 if grid is None else grid / 1000.0 * (p.import_ if grid > 0.0 else p.feed_in)
        self.account.step(tick, r, local_unix_s=s.unix_s + s.utc_offset_s, synchronised=s.synchronised)

    def values(self) -> tuple[tuple[str, float], ...]:
        """What is published with a decision: ct, W and EUR/h under names with units."""
        return self._figures

    def reasons(self) -> tuple[tuple[str, str], ...]:
        """The words that belong to `values()`: whose last watt, what limits, where prices come from."""
        return self._words

    def _tell(self) -> None:
        """Figures and words of the present decision, which stand until the next one."""
        d, p, r = self.decision, self.prices, self.rates
        self._figures = (
            ("wanted_power_w", d.total_w),
            ("marginal_power_w", self.marginal.total_w),
            ("revenue_ct_per_kwh", d.revenue * 100.0),
            ("heat_value_ct_per_kwh", d.heat * 100.0),
            ("cost_ct_per_kwh", d.cost * 100.0),
            ("net_benefit_ct_per_kwh", d.benefit * 100.0),
            ("break_even_ct_per_kwh", d.break_even * 100.0),
            ("import_ct_per_kwh", p.import_ * 100.0),
            ("feed_in_ct_per_kwh", p.feed_in * 100.0),
            ("stored_ct_per_kwh", p.stored * 100.0),
            ("surplus_w", self.surplus.fast.pv_w - self.surplus.fast.load_w),
            ("benefit_eur_per_h", r.benefit),
            ("choice_eur_per_h", r.choice),
            *account.published(self.account),
        )
        self._words = (
            ("policy", str(self._e.choice.policy)),
            ("source", self.decision.source),
            ("limited_by", self.decision.limited_by),
            ("prices", "plan" if self.prices.planned else "rule"),
            ("import_source", self.prices.import_source),
            ("house", "lost" if self.surplus.lost else "known" if self.surplus.fast.known else "waiting"),
            ("hold_back", self.hold_back_why),
        )


def _fields(decision: Decision) -> list[Any]:
    values = [getattr(decision, item.name) for item in fields(Decision)]
    return [list(values[0]), *values[1:]]


def _decision(values: list[Any]) -> Decision:
    return Decision(tuple(values[0]), *values[1:])


BLIND = (Policy.ALWAYS, Policy.HEAT_FIRST)
"""Policies that need no knowledge of the house to switch on."""
