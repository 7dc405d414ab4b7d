"""What the decision engine is told in a scan: one flat tuple that the plant fills from its inputs.

A missing number is None or a reading that is not ok, never a zero. What each gap means is written where
the number is used; in every case doubt speaks against mining.
"""

from __future__ import annotations

from typing import NamedTuple

from plc.blocks.core import NEVER, Reading
from plc.energy.plan_values import PlanValues
from plc.energy.revenue import HashPrice
from plc.energy.tariff import SpotPrices


class MinerSituation(NamedTuple):
    """One miner.

    available: it can be commanded and nothing but price keeps it from running. power_w: what it draws now,
    metered or estimated by itself; None = nobody knows. lowest_w, highest_w: range of its power target.
    curve_w, curve_ths: efficiency curve of its own interface; empty = the fallback curve of the site.
    """

    available: bool = False
    power_w: float | None = None
    lowest_w: float = 1200.0
    highest_w: float = 3200.0
    curve_w: tuple[float, ...] = ()
    curve_ths: tuple[float, ...] = ()


class EnergySituation(NamedTuple):
    """Everything the decision depends on. Signs: grid > 0 is import, load includes the miners.

    Time: unix_s, utc_offset_s (local minus UTC), synchronised. Readings: pv_w, load_w, grid_w,
    battery_soc_pct, already judged for age by the plant.

    Heat: t_top_degc, t_mean_degc of the buffer; heat_load_w what the house takes now by its heating curve (0
    = nobody will use the heat, None = unknown); wanted_degc up to which heat is surely used, full_degc where
    nothing more goes in; sink: the buffer takes heat; recool: the dry cooler may be used for revenue alone.
    flow_degc, outdoor_degc: for the heat pump's COP. winter: season of the battery reserve.

    held: the heat pump is held back now, by us or by the grid operator. may_block: its relay could do it.

    pool_ok False: the miners have no work to do, so they earn nothing. spot, hash_price, plan: latest data,
    each with its own validity.
    """

    unix_s: int = 0
    utc_offset_s: int = 0
    synchronised: bool = False
    pv_w: Reading = NEVER
    load_w: Reading = NEVER
    grid_w: Reading = NEVER
    battery_soc_pct: Reading = NEVER
    miners: tuple[MinerSituation, ...] = (MinerSituation(), MinerSituation())
    t_top_degc: float | None = None
    t_mean_degc: float | None = None
    heat_load_w: float | None = None
    wanted_degc: float = 50.0
    full_degc: float = 55.0
    sink: bool = False
    recool: bool = False
    flow_degc: float | None = None
    outdoor_degc: float | None = None
    winter: bool = True
    held: bool = False
    may_block: bool = True
    pool_ok: bool = True
    spot: SpotPrices = SpotPrices()
    hash_price: HashPrice | None = None
    plan: PlanValues | None = None

    @property
    def local_s(self) -> int:
        """Seconds since local midnight."""
        return (self.unix_s + self.utc_offset_s) % 86400
