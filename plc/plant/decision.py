"""The decision engine in the scan: what it is told, and what its answer may do.

The engine proposes a power and says whether the heat pump should wait. Everything above it in the order of
precedence (protection, key, grid operator, remote leases) still decides first; its proposal is only the
automatic request. Whatever is missing is told as missing: in every case doubt speaks against mining.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S, Block, Reading, Tick, ns
from plc.energy.engine import EnergyEngine
from plc.energy.situation import EnergySituation, MinerSituation
from plc.plant.facts import Facts
from plc.plant.interface import MinerInputs, MinerState, PlantInputs
from plc.plant.parameters import Parameters
from plc.plant.season import SeasonSelect

PERIOD_NS = NS_PER_S


class EnergyDecision(Block):
    """Asks the engine once a second.

    step(tick, inputs, facts, season=) -> automatic request in W; writes block_valuable into the facts.
    With `request.automatic` off the fixed value of the site counts, and the engine still says what it would
    do: the owner sees the difference.
    """

    __slots__ = ("_elapsed_ns", "_p", "_stale_ns", "engine", "request_w")

    STATE = ("_elapsed_ns", "engine", "request_w")

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self._stale_ns = ns(parameters.fallback.deye_stale_s)
        self.engine = EnergyEngine(parameters.economics)
        self._elapsed_ns = PERIOD_NS
        self.request_w = 0.0

    def step(self, tick: Tick, inputs: PlantInputs, f: Facts, *, season: SeasonSelect) -> float:
        self._elapsed_ns += tick.dt_ns
        if self._elapsed_ns >= PERIOD_NS:
            asked = Tick(tick.now_ns, self._elapsed_ns)
            self._elapsed_ns = 0
            decision = self.engine.step(asked, situation=self._situation(tick.now_ns, inputs, f, season))
            self.request_w = decision.total_w
        f.block_valuable = self.engine.hold_back
        return self.request_w if self._p.request.automatic else self._p.request.power_w

    @property
    def miners(self) -> int:
        """On how many miners the automatic request reckons, 0 = on any: each has a start that was priced."""
        if not self._p.request.automatic:
            return 0
        return len([power for power in self.engine.decision.power_w if power > 0.0])

    def _situation(self, now_ns: int, inputs: PlantInputs, f: Facts, season: SeasonSelect) -> EnergySituation:
        energy, wall, market = inputs.energy, inputs.wall, inputs.market
        target = season.buffer_target_degc(f)
        full = self._p.buffer.full_degc
        wanted = self._p.buffer.resume_degc if target is None else min(target, full - 1.0)
        return EnergySituation(
            unix_s=wall.unix_s,
            utc_offset_s=wall.utc_offset_s,
            synchronised=wall.synchronised,
            pv_w=energy.pv_w.aged(now_ns, self._stale_ns),
            load_w=energy.load_w.aged(now_ns, self._stale_ns),
            grid_w=self._grid(now_ns, inputs),
            battery_soc_pct=energy.battery_soc_pct.aged(now_ns, self._stale_ns),
            miners=(
                self._miner(inputs.miners[0], now_ns, available=not f.miner1_dead),
                self._miner(inputs.miners[1], now_ns, available=not f.miner2_dead),
            ),
            t_top_degc=f.t_top,
            t_mean_degc=None if f.t_top is None or f.t_bottom is None else (f.t_top + f.t_bottom) / 2.0,
            heat_load_w=f.load_w,
            wanted_degc=wanted,
            full_degc=full,
            sink=f.buffer_takes_heat or f.route_is_dhw,  # the tank is one while it is charged
            recool=f.recool_allowed,
            flow_degc=None if f.t_outdoor is None else season.curve_degc(f.t_outdoor),
            outdoor_degc=f.t_outdoor,
            winter=f.winter,
            held=f.hp_blocked,
            may_block=f.block_possible,
            pool_ok=market.pool_ok and not any(m.state is MinerState.NO_WORK for m in inputs.miners),
            spot=market.spot,
            hash_price=market.hash_price,
            plan=market.plan,
        )

    def _grid(self, now_ns: int, inputs: PlantInputs) -> Reading:
        """Meter and inverter: the one that shows less surplus counts (more import)."""
        inverter = inputs.energy.grid_w.aged(now_ns, self._stale_ns)
        meter = inputs.energy.grid_meter_w.aged(now_ns, self._stale_ns)
        if meter.ok and inverter.ok and (meter.value or 0.0) > (inverter.value or 0.0):
            return meter
        return inverter

    def _miner(self, miner: MinerInputs, now_ns: int, *, available: bool) -> MinerSituation:
        stale_ns = ns(self._p.miners.api_stale_s)
        power = miner.power_metered_w.fresh(now_ns, stale_ns)
        if power is None:
            power = miner.power_estimated_w.fresh(now_ns, stale_ns)
        p = self._p.miners
        low = miner.power_min_w.usable
        high = miner.power_max_w.usable
        return MinerSituation(
            available=available,
            power_w=power,
            lowest_w=p.power_min_w if low is None else max(low, p.power_min_w),
            highest_w=p.power_max_w if high is None else min(high, p.power_max_w),
            curve_w=miner.curve_w,
            curve_ths=miner.curve_ths,
        )
