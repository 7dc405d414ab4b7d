"""First rung of the scan: inputs become named facts, with debounce and second opinion.

Does not decide anything. While the input module is not healthy, contactors count as they were last seen:
"open" would be a guess in the dangerous direction, and pumps stop on it.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S, Block, Tick, ns
from plc.blocks.logic import R_TRIG
from plc.blocks.timers import TOF, TON
from plc.plant.facts import Facts
from plc.plant.heat import HeatProof, HotOil
from plc.plant.interface import ImageInputs, MinerInputs, PlantInputs
from plc.plant.parameters import Parameters

DISAGREE_K = 10.0
"""A miner outlet this much colder than the oil around it cannot be true (A-061)."""


class Sensing(Block):
    """Writes the measured part of the facts.

    step(tick, inputs, facts): facts still carry the commands of the last scan, which some conditions need.
    """

    __slots__ = (
        "_ack",
        "_contactor_ns",
        "_flow_off",
        "_flow_on",
        "_flow_steady",
        "_fresh_ns",
        "_heat",
        "_hot",
        "_p",
        "_settle",
    )

    STATE = (
        "_settle",
        "_flow_on",
        "_flow_off",
        "_flow_steady",
        "_ack",
        "_contactor_ns",
        "_heat",
        "_hot",
    )

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self._fresh_ns = ns(parameters.miners.api_stale_s)
        self._settle = TON(parameters.safety.io_settle_s)
        self._flow_on = TON(parameters.safety.flow_on_s)
        self._flow_off = TOF(parameters.safety.flow_off_s)
        self._flow_steady = TON(parameters.p3.precirc_flow_s)
        self._ack = R_TRIG()
        self._contactor_ns = 0
        self._heat = HeatProof(parameters)
        self._hot = HotOil(parameters)

    def step(self, tick: Tick, inputs: PlantInputs, facts: Facts) -> None:
        image = inputs.image
        self._discrete(tick, image, facts)
        self._contactors(tick, image, facts)
        facts.power_w = miner_power_w(
            inputs.miners, facts, self._p, now_ns=tick.now_ns, fresh_ns=self._fresh_ns
        )
        self._temperatures(image, inputs.miners, facts, tick.now_ns)
        _thresholds(self._p, facts)
        facts.oil_ok = facts.flow_ok and facts.oil_valid and not facts.oil_trip and facts.temp_max_ok

        self._heat.step(tick, facts, inputs.miners)
        facts.oil_hot = self._hot.step(tick, facts)

    def _discrete(self, tick: Tick, image: ImageInputs, f: Facts) -> None:
        f.dio_healthy = image.dio_healthy
        f.aio_healthy = image.aio_healthy
        # INIT ends after this time whatever the sensors say; afterwards a lost module is a trip of its own.
        settled = self._settle.step(tick, in_=image.dio_healthy and image.aio_healthy)
        f.io_settled = f.io_settled or settled
        f.safety_ok = image.safety_ok
        f.estop1_ok = image.estop1_ok
        f.estop2_ok = image.estop2_ok
        f.temp_max_ok = image.temp_max_ok
        f.cooler_ok = image.cooler_ok
        f.p4_ssm_ok = image.p4_ssm_ok
        f.p5_ssm_ok = image.p5_ssm_ok
        f.grid_block = image.grid_block
        # Where the flow switch opens the contactors by itself, they are open before the loss is debounced.
        f.flow_fell = not image.flow_ok and (f.flow_fell or f.miner_powered)
        f.flow_ok = self._flow_off.step(tick, in_=self._flow_on.step(tick, in_=image.flow_ok))
        f.flow_steady = self._flow_steady.step(tick, in_=f.flow_ok)
        f.ack = self._ack.step(tick, clk=image.ack_pb)

    def _contactors(self, tick: Tick, image: ImageInputs, f: Facts) -> None:
        if image.dio_healthy:
            f.contactor1_closed = image.k10_fb
            f.contactor2_closed = image.k11_fb
            f.contactor_closed = image.k10_fb or image.k11_fb
        self._contactor_ns = self._contactor_ns + tick.dt_ns if f.contactor_closed else 0
        f.contactor_on_s = self._contactor_ns / NS_PER_S

    def _temperatures(
        self, image: ImageInputs, miners: tuple[MinerInputs, MinerInputs], f: Facts, now_ns: int
    ) -> None:
        f.t_oil = image.t_oil_degc.usable
        f.b1_valid = f.t_oil is not None
        outlet = _hottest_outlet(miners, now_ns, self._fresh_ns)
        # A running miner is never colder than the oil around it: one of the two sensors drifts.
        f.outlet_below_oil = (
            f.t_oil is not None
            and outlet is not None
            and f.power_w > self._p.heat_proof.min_power_w
            and outlet < f.t_oil - DISAGREE_K
        )
        if f.t_oil is None:
            f.t_oil = outlet  # second opinion: the hottest board outlet stands in the same oil
        f.oil_valid = f.t_oil is not None
        f.t_top = image.t_buffer_top_degc.usable
        f.t_bottom = image.t_buffer_bottom_degc.usable
        f.t_charge = image.t_charge_degc.usable
        f.t_glycol = image.t_glycol_degc.usable
        f.t_outdoor = image.t_outdoor_degc.usable


def _thresholds(p: Parameters, f: Facts) -> None:
    """Comparisons that more than one rule refers to. Without a reading each takes its careful side."""
    oil = f.t_oil
    f.oil_trip = oil is not None and oil >= p.oil.trip_degc
    f.oil_warn = oil is not None and oil >= p.oil.warn_degc
    f.oil_above_limit = oil is not None and oil >= p.oil.limit_degc
    f.oil_cool_enough = oil is not None and oil < p.oil.start_max_degc
    f.oil_viscous = oil is None or oil < p.oil.min_run_degc
    f.oil_cold_for_fan = oil is not None and oil < p.oil.protect_degc - p.miners.overrun_k
    glycol = f.t_glycol
    f.glycol_cold = glycol is not None and glycol < p.frost.glycol_min_degc
    f.glycol_below_stop = glycol is not None and glycol < p.cooler.glycol_stop_degc
    if glycol is not None:
        f.glycol_above_start = glycol > p.cooler.glycol_start_degc
    else:
        # Blind on the glycol side: only in weather in which it cannot be dangerously cold.
        f.glycol_above_start = f.t_outdoor is not None and f.t_outdoor >= p.cooler.blind_outdoor_degc
    f.top_above_max = f.t_top is not None and f.t_top >= p.buffer.max_degc


def miner_power_w(
    miners: tuple[MinerInputs, MinerInputs], f: Facts, p: Parameters, *, now_ns: int, fresh_ns: int
) -> float:
    """Electric power of both miners: metered, else estimated by the miner, else what the closed contactor
    allows. Never too small by a missing reading: a protection reads this. power_known says whether all of
    it was told by somebody, which is what a proof needs.
    """
    total = 0.0
    f.power_known = True
    for miner, closed in ((miners[0], f.contactor1_closed), (miners[1], f.contactor2_closed)):
        watts = miner.power_metered_w.fresh(now_ns, fresh_ns)
        if watts is None and closed:
            watts = miner.power_estimated_w.fresh(now_ns, fresh_ns)
            if watts is None:
                watts = p.miners.power_max_w
                f.power_known = False
        if watts is not None:
            total += watts
    return total


def _hottest_outlet(miners: tuple[MinerInputs, MinerInputs], now_ns: int, limit_ns: int) -> float | None:
    hottest: float | None = None
    for miner in miners:
        outlet = miner.t_outlet_degc.fresh(now_ns, limit_ns)
        if outlet is not None and (hottest is None or outlet > hottest):
            hottest = outlet
    return hottest
