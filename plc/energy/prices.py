"""All prices of a moment in one place: bought, sold, stored, mined; from data, tariff or plan."""

from __future__ import annotations

from plc.blocks.core import Block
from plc.energy import heat, tariff
from plc.energy.marginal import Heat
from plc.energy.parameters import Economics
from plc.energy.revenue import eur_per_th_hour
from plc.energy.situation import EnergySituation

SOON_H = 0.125
"""Half a quarter hour: the middle of the time that a plan's price is made for."""


class Prices(Block):
    """Prices that hold now, in EUR/kWh.

    import_, import_source, feed_in: at the meter. stored: of a kWh that comes out of the battery. dearest:
    most that anything bought can cost. per_th_hour: EUR per TH/s and hour. known False: a fallback is among
    them. planned: the plan's values are in use.
    """

    __slots__ = (
        "dearest",
        "feed_in",
        "import_",
        "import_source",
        "known",
        "per_th_hour",
        "planned",
        "stored",
    )

    STATE = __slots__

    def __init__(self) -> None:
        self.import_ = self.feed_in = self.stored = self.dearest = self.per_th_hour = 0.0
        self.import_source = ""
        self.known = self.planned = False

    def update(self, e: Economics, s: EnergySituation, flow: Heat) -> Heat:
        """Sets all prices; returns the heat with the plan's value in it, if there is a plan."""
        t, sync = e.tariff, s.synchronised
        bought = tariff.import_price(t, s.spot, unix_s=s.unix_s, local_s=s.local_s, synchronised=sync)
        sold = tariff.feed_in_price(t, s.spot, unix_s=s.unix_s, synchronised=sync)
        self.import_, self.import_source = bought.eur_per_kwh, bought.source
        self.feed_in = sold.eur_per_kwh
        self.known = bought.known and sold.known
        later = tariff.expected_import(t, s.spot, unix_s=s.unix_s, synchronised=sync)
        self.stored = max(0.0, later - e.battery.wear_eur_per_kwh)
        self.dearest = tariff.dearest_import(t, s.spot, unix_s=s.unix_s, synchronised=sync)
        earned = eur_per_th_hour(e.mining, s.hash_price, unix_s=s.unix_s, synchronised=sync)
        self.per_th_hour = earned if s.pool_ok else 0.0
        return self._planned(e, s, flow)

    def _planned(self, e: Economics, s: EnergySituation, flow: Heat) -> Heat:
        """The plan's values in place of the rule's own, inside what anything can be worth at all.

        Heat can save no more than the dearest electricity in the worst heat pump, a charge no more than the
        dearest import. So a wrong forecast costs cents; it cannot buy power that the tariff forbids.
        """
        self.planned = False
        soc = s.battery_soc_pct.value if s.battery_soc_pct.ok else None
        if s.plan is None or not s.synchronised or s.t_mean_degc is None:
            return flow
        if e.battery.present and soc is None:
            return flow
        charge_kwh = (soc or 0.0) / 100.0 * e.battery.capacity_kwh
        # A price is asked for the buffer as it will be: half of what the house takes meanwhile is gone.
        soon_k = (s.heat_load_w or 0.0) / 1000.0 * SOON_H / s.plan.kwh_per_k
        found = s.plan.at(s.unix_s, t_mean_degc=s.t_mean_degc - soon_k, charge_kwh=charge_kwh)
        if found is None:
            return flow
        self.planned = True
        most = self.dearest / heat.COP_RANGE[0] if e.heat.heat_pump else e.heat.boiler_eur_per_kwh
        if e.battery.present:
            self.stored = min(max(found[1] / e.battery.one_way, 0.0), self.dearest)
        return flow._replace(use=1.0 if s.sink else 0.0, stored_eur_per_kwh=min(max(found[0], 0.0), most))
