"""Does a miner earn what its power should earn? Less than 70 % of the hash rate for half an hour (A-056).

A dead hash board takes its share of the power with it as a rule, so hash rate is held against the curve of
the site at the power that the miner really draws. Plant reference, alarm A-056.
"""

from __future__ import annotations

from plc.blocks.core import Block, Reading, Tick
from plc.blocks.timers import TON
from plc.energy.revenue import Curve
from plc.plant.interface import MinerInputs, MinerState
from plc.plant.parameters import Parameters

LEAST_SHARE = 0.7
FOR_S = 1800.0


class WeakHashing(Block):
    """step(tick, miner) -> True while it hashes too little. Unknown hash rate or power accuse nobody."""

    __slots__ = ("_curve", "_fresh_s", "_least_w", "_weak")

    STATE = ("_weak",)

    def __init__(self, parameters: Parameters) -> None:
        mining = parameters.economics.mining
        self._curve = Curve(mining.curve_w, mining.curve_ths)
        self._fresh_s = parameters.miners.api_dead_s
        self._least_w = parameters.miners.power_min_w / 2.0
        self._weak = TON(FOR_S)

    def step(self, tick: Tick, miner: MinerInputs) -> bool:
        rate = self._fresh(miner.hashrate_ths, tick.now_ns)
        power = self._fresh(miner.power_metered_w, tick.now_ns)
        if power is None:
            power = self._fresh(miner.power_estimated_w, tick.now_ns)
        weak = (
            miner.state is MinerState.MINING
            and rate is not None
            and power is not None
            and power >= self._least_w
            and rate < LEAST_SHARE * self._curve.ths(power)
        )
        return self._weak.step(tick, in_=weak)

    def _fresh(self, reading: Reading, now_ns: int) -> float | None:
        aged = reading.aged(now_ns, round(self._fresh_s * 1e9))
        return aged.value if aged.ok else None
