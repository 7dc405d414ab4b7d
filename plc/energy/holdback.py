"""Should the heat pump wait? K7, ground `value`: heat that is made later is cheaper, and the buffer covers.

This block only says that waiting pays. Whether it may wait is for the plant's permissives and for the
budgets of the relay. Held back is never heated less: the heat pump makes up for it, so what counts is the
price of electricity now against the price when it makes up.
"""

from __future__ import annotations

from math import fsum

from plc.blocks.core import NS_PER_S, Block, Tick
from plc.energy import cost, tariff
from plc.energy.parameters import Economics
from plc.energy.prices import Prices
from plc.energy.situation import EnergySituation

QUARTER_S = 900
PERIOD_NS = 10 * NS_PER_S
"""A block lasts a quarter of an hour at least; its reasons need not be looked at every second."""

LEAST_W = 1000.0
"""A heat pump that runs takes at least about this; a smaller estimate would price too thin a slice."""


def running_costs(
    economics: Economics,
    house: cost.House,
    *,
    import_eur: float,
    feed_in_eur: float,
    stored_eur: float,
    heat_pump_w: float,
    in_load: bool,
    miners_w: float = 0.0,
) -> float:
    """Price in EUR/kWh of the electricity that the heat pump takes now, or would take when it is let go.

    in_load: the measured load has it in it. It is the last consumer: the miners have what is cheaper.
    """
    if not house.known:
        return import_eur
    others = house._replace(load_w=max(0.0, house.load_w - heat_pump_w)) if in_load else house
    slices = cost.unforbidden(
        cost.stack(
            others,
            economics.tariff,
            economics.battery,
            import_eur_per_kwh=import_eur,
            feed_in_eur_per_kwh=feed_in_eur,
            stored_eur_per_kwh=stored_eur,
            reserve_pct=0.0,
        ),
        import_eur_per_kwh=import_eur,
        stored_eur_per_kwh=stored_eur,
    )
    return cost.between(slices, miners_w, miners_w + heat_pump_w)[0]


class HoldBack(Block):
    """step(tick, situation, house, prices, cop, planned) -> wanted; why: "", "plan" or "tariff".

    With a plan: what the best of all actions says, see lookahead. Without: the price now against the cheapest
    hour of the next hours, as far as the tariff knows it; a fixed tariff has none. It starts above
    hold_back_eur_per_kwh of advantage and ends at none.
    """

    __slots__ = ("_e", "_known", "_later", "_quarter", "_since_ns", "advantage", "wanted", "why")

    STATE = ("_known", "_later", "_quarter", "_since_ns", "advantage", "wanted", "why")

    def __init__(self, economics: Economics) -> None:
        self._e = economics
        self._quarter = -1
        self._later = 0.0
        self._known = False
        self._since_ns = PERIOD_NS
        self.advantage = 0.0
        self.wanted = False
        self.why = ""

    def step(
        self,
        tick: Tick,
        s: EnergySituation,
        house: cost.House,
        prices: Prices,
        cop: float,
        planned: bool | None,
    ) -> bool:
        """planned: whether the plan's values want it, None without a plan. Looks every PERIOD_NS only."""
        self._since_ns += tick.dt_ns
        if self._since_ns < PERIOD_NS and house.known:
            return self.wanted
        self._since_ns = 0
        if planned is not None and self._e.heat.heat_pump:
            self.advantage = 0.0
            self.wanted = planned
        else:
            self.wanted = self._by_tariff(s, house, prices, cop)
        self.why = "" if not self.wanted else "tariff" if planned is None else "plan"
        return self.wanted

    def _by_tariff(self, s: EnergySituation, house: cost.House, prices: Prices, cop: float) -> bool:
        charge_known = house.soc_pct is not None or not self._e.battery.present
        sure = self._e.heat.heat_pump and house.known and charge_known
        later = self._cheapest(s) if sure else None
        if later is None:
            self.advantage = 0.0
            return False
        now = running_costs(
            self._e,
            house,
            import_eur=prices.import_,
            feed_in_eur=prices.feed_in,
            stored_eur=prices.stored,
            heat_pump_w=max(LEAST_W, (s.heat_load_w or 0.0) / cop),
            in_load=not self.wanted,
            miners_w=fsum(miner.power_w or 0.0 for miner in s.miners),
        )
        self.advantage = now - later
        return self.advantage > (0.0 if self.wanted else self._e.choice.hold_back_eur_per_kwh)

    def _cheapest(self, s: EnergySituation) -> float | None:
        """Looked up once per quarter hour: prices do not change inside one."""
        quarter = s.unix_s // QUARTER_S if s.synchronised else -2
        if quarter != self._quarter:
            self._quarter = quarter
            later = tariff.cheapest_hour(
                self._e.tariff,
                s.spot,
                unix_s=s.unix_s,
                local_s=s.local_s,
                synchronised=s.synchronised,
                hours=self._e.choice.hold_back_h,
            )
            self._known = later is not None
            self._later = later or 0.0
        return self._later if self._known else None
