"""Does a miner earn what its power should earn? Less than 70 % of the hash rate for half an hour (A-056).

A dead hash board takes its share of the power with it as a rule, so hash rate is held against the curve of
the site at the power that the miner really draws. Plant reference, alarm A-056.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick, ns
from plc.blocks.timers import TON
from plc.energy.revenue import Curve
from plc.plant.interface import MinerInputs, MinerState
from plc.plant.parameters import Parameters

LEAST_SHARE = 0.7
FOR_S = 1800.0


class WeakHashing(Block):
    """step(tick, miner) -> True while it hashes too little. Unknown hash rate or power accuse nobody."""

    __slots__ = ("_curve", "_fresh_ns", "_least_w", "_weak")

    STATE = ("_weak",)

    def __init__(self, parameters: Parameters) -> None:
        mining = parameters.economics.mining
        self._curve = Curve(mining.curve_w, mining.curve_ths)
        self._fresh_ns = ns(parameters.miners.api_dead_s)
        self._least_w = parameters.miners.power_min_w / 2.0
        self._weak = TON(FOR_S)

    def step(self, tick: Tick, miner: MinerInputs) -> bool:
        return self._weak.step(
            tick, in_=miner.state is MinerState.MINING and self._earns_too_little(miner, tick.now_ns)
        )

    def _earns_too_little(self, miner: MinerInputs, now_ns: int) -> bool:
        rate = miner.hashrate_ths.fresh(now_ns, self._fresh_ns)
        power = miner.power_metered_w.fresh(now_ns, self._fresh_ns)
        if power is None:
            power = miner.power_estimated_w.fresh(now_ns, self._fresh_ns)
        if rate is None or power is None or power < self._least_w:
            return False
        return rate < LEAST_SHARE * self._curve.ths(power)
