"""All prices of a moment in one place: bought, sold, stored, mined; from data, tariff or plan."""

from __future__ import annotations

from plc.blocks.core import Block, State
from plc.energy import heat, tariff
from plc.energy.marginal import Heat
from plc.energy.parameters import Economics
from plc.energy.plan_values import Moment
from plc.energy.revenue import eur_per_th_hour
from plc.energy.situation import EnergySituation


class Prices(Block):
    """Prices that hold now, in EUR/kWh.

    import_, import_source, feed_in: at the meter. stored: of a kWh that comes out of the battery. dearest:
    most that anything bought can cost. per_th_hour: EUR per TH/s and hour. known False: a fallback is among
    them. at, heat_kwh, charge_kwh: moment and state in the plan, None without one.
    """

    __slots__ = (
        "at",
        "charge_kwh",
        "dearest",
        "feed_in",
        "heat_kwh",
        "import_",
        "import_source",
        "known",
        "per_th_hour",
        "stored",
    )

    STATE = (
        "at", "charge_kwh", "dearest", "feed_in", "heat_kwh", "import_", "import_source", "known",
        "per_th_hour", "stored",
    )  # fmt: skip

    def __init__(self) -> None:
        self.import_ = self.feed_in = self.stored = self.dearest = self.per_th_hour = 0.0
        self.import_source = ""
        self.heat_kwh = self.charge_kwh = 0.0
        self.known = False
        self.at: Moment | None = None

    def _put(self, state: State) -> None:
        super()._put(state)
        self.at = None if state["at"] is None else Moment(*state["at"])

    def update(self, e: Economics, s: EnergySituation, flow: Heat) -> Heat:
        """Sets all prices; returns the heat with the plan's value in it, if there is a plan."""
        t, sync = e.tariff, s.synchronised
        bought = tariff.import_price(t, s.spot, unix_s=s.unix_s, local_s=s.local_s, synchronised=sync)
        sold = tariff.feed_in_price(t, s.spot, unix_s=s.unix_s, synchronised=sync)
        self.import_, self.import_source = bought.eur_per_kwh, bought.source
        self.feed_in = sold.eur_per_kwh
        self.known = bought.known and sold.known
        later = tariff.expected_import(t, s.spot, unix_s=s.unix_s, local_s=s.local_s, synchronised=sync)
        self.stored = max(0.0, later - e.battery.wear_eur_per_kwh)
        self.dearest = tariff.dearest_import(t, s.spot, unix_s=s.unix_s, local_s=s.local_s, synchronised=sync)
        earned = eur_per_th_hour(e.mining, s.hash_price, unix_s=s.unix_s, synchronised=sync)
        self.per_th_hour = earned if s.pool_ok else 0.0
        return self._planned(e, s, flow)

    def _planned(self, e: Economics, s: EnergySituation, flow: Heat) -> Heat:
        """The plan's values in place of the rule's own, inside what anything can be worth at all.

        Heat can save no more than the dearest electricity in the worst heat pump, a charge no more than the
        dearest import. So a wrong forecast costs cents; it cannot buy power that the tariff forbids.
        """
        self.at = None
        soc = s.battery_soc_pct.usable
        if s.plan is None or not s.synchronised or s.t_mean_degc is None:
            return flow
        if e.battery.present and soc is None:
            return flow
        self.at = s.plan.moment(s.unix_s)
        if self.at is None:
            return flow
        self.heat_kwh = s.plan.heat_at(s.t_mean_degc)
        self.charge_kwh = (soc or 0.0) / 100.0 * e.battery.capacity_kwh if e.battery.present else 0.0
        running = [miner for miner in s.miners if (miner.power_w or 0.0) > 0.0]
        by_heat, by_charge = s.plan.worth(self.at, self.heat_kwh, self.charge_kwh, len(running))
        if e.battery.present:
            self.stored = min(max(by_charge / e.battery.one_way, 0.0), self.dearest)
        value = min(max(by_heat, 0.0), self.heat_most(e))
        return flow._replace(use=1.0 if s.sink else 0.0, stored_eur_per_kwh=value)

    def heat_most(self, e: Economics) -> float:
        """What a kWh of heat can be worth at all."""
        return self.dearest / heat.COP_RANGE[0] if e.heat.heat_pump else e.heat.boiler_eur_per_kwh

    @property
    def planned(self) -> bool:
        """The plan's values are in use."""
        return self.at is not None
