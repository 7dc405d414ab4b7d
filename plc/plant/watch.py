"""Supervision: conditions that lead to an alarm or a fallback, but not to a movement in the same scan.

Each is a named fact with its own memory where it needs time. Ages are judged here, against the clock of
the scan: a dead thread cannot say itself that it is dead.
"""

from __future__ import annotations

from plc.blocks.core import Block, Reading, Tick, ns
from plc.blocks.timers import TOF, TON
from plc.plant.facts import Facts
from plc.plant.hashing import WeakHashing
from plc.plant.interface import (
    EnergyInputs,
    ImageInputs,
    MinerCondition,
    MinerInputs,
    MinerState,
    PlantInputs,
)
from plc.plant.parameters import Parameters
from plc.plant.route_proof import RouteProof
from plc.plant.states import SequenceState

FIRST_OUT_NS = ns(0.5)
RESTART_NOTICE_S = 60.0
MISMATCH_W = 500.0
DISAGREE_BUFFER_K = 3.0
AUTH = frozenset({MinerCondition.AUTH_REJECTED, MinerCondition.SECRET_MISSING})
CANNOT_COMMAND = AUTH | {
    MinerCondition.FIRMWARE_UNSUPPORTED,
    MinerCondition.NO_COMMON_POWER,
    MinerCondition.PAUSE_IGNORED,
}
"""A miner that nobody can command must not get supply."""

FAULTS = frozenset(
    {MinerCondition.RECOVERY_EXHAUSTED, MinerCondition.THERMAL_STOP, MinerCondition.PAUSE_IGNORED}
)


class FirstOut(Block):
    """Which input of the safety chain fell first: looked for 500 ms before and after the chain opened.

    step(tick, image) -> "estop", "temp_max", "flow", "unknown", or "" while the chain is closed or the
    search goes on. Without an answer in time the chain itself or its wiring is the cause.
    """

    __slots__ = ("_fell_ns", "_open_ns", "result")

    STATE = ("_fell_ns", "_open_ns", "result")

    NAMES = ("estop", "temp_max", "flow")

    def __init__(self) -> None:
        self._fell_ns = [-1, -1, -1]  # time since each fell, -1 while it is closed
        self._open_ns = -1
        self.result = ""

    def step(self, tick: Tick, image: ImageInputs) -> str:
        closed = (image.estop1_ok and image.estop2_ok, image.temp_max_ok, image.flow_ok)
        fell = self._fell_ns
        for index, is_closed in enumerate(closed):
            fell[index] = -1 if is_closed else fell[index] + tick.dt_ns if fell[index] >= 0 else 0
        if image.safety_ok:
            self._open_ns = -1
            self.result = ""
            return ""
        self._open_ns = self._open_ns + tick.dt_ns if self._open_ns >= 0 else 0
        if not self.result:
            self.result = self._judge()
        return self.result

    def _judge(self) -> str:
        """The one that is open longest, unless it had been open long before the chain opened."""
        best, name = -1, ""
        for index, since_ns in enumerate(self._fell_ns):
            if since_ns > best and since_ns - self._open_ns <= FIRST_OUT_NS:
                best, name = since_ns, self.NAMES[index]
        if name:
            return name
        return "unknown" if self._open_ns >= FIRST_OUT_NS else ""


class Watch(Block):
    """Writes the supervision facts.

    step(tick, inputs, facts, state=, miners_on_ns=): miners_on_ns is the time since each contactor closed.
    """

    __slots__ = (
        "_boot_ns",
        "_cold_top",
        "_deye_dead_ns",
        "_deye_stale_ns",
        "_given_up_ns",
        "_hashing",
        "_p",
        "_restarted",
        "_retry_ns",
        "_route",
        "_silent_dead_ns",
        "_silent_stale_ns",
        "_weak",
        "first_out",
        "stale",
    )

    STATE = (
        "_cold_top",
        "_hashing",
        "_given_up_ns",
        "_restarted",
        "_route",
        "_weak",
        "first_out",
        "stale",
    )

    def __init__(self, parameters: Parameters) -> None:
        p = parameters
        self._p = p
        self._boot_ns = ns(p.miners.boot_s)
        self._silent_stale_ns = ns(p.miners.api_stale_s)
        self._silent_dead_ns = ns(p.miners.api_dead_s)
        self._retry_ns = ns(p.miners.dead_retry_s)
        self._deye_stale_ns = ns(p.fallback.deye_stale_s)
        self._deye_dead_ns = ns(p.fallback.deye_dead_s)
        self.first_out = FirstOut()
        self._weak = TON(p.cooler.weak_for_s)
        self._cold_top = TON(p.buffer.comfort_alarm_s)
        self._route = RouteProof()
        self._hashing = (WeakHashing(p), WeakHashing(p))
        self._restarted = TOF(RESTART_NOTICE_S)
        self.stale = [False, False]
        self._given_up_ns = [0, 0]

    def step(
        self,
        tick: Tick,
        inputs: PlantInputs,
        f: Facts,
        *,
        state: SequenceState,
        miners_on_ns: tuple[int, int],
    ) -> None:
        f.first_out = self.first_out.step(tick, inputs.image)
        f.reset_wanted = (
            not f.safety_ok
            and f.dio_healthy
            and f.io_settled
            and f.estop1_ok
            and f.estop2_ok
            and f.temp_max_ok
            and (inputs.image.flow_ok or not self._p.safety.flow_latches)
        )
        self._temperatures(tick, f)
        self._route.step(tick, f, state=state, min_power_w=self._p.heat_proof.min_power_w)
        self._energy(tick, inputs.energy, f)
        self._miners(tick, inputs.miners, f, miners_on_ns)
        self._program(tick, inputs, f)

    def _temperatures(self, tick: Tick, f: Facts) -> None:
        p = self._p
        f.sensor_fault = (
            f.t_top is None
            or f.t_charge is None
            or f.t_bottom is None
            or f.t_glycol is None
            or f.t_outdoor is None
        )
        f.sensors_disagree = (
            f.t_top is not None and f.t_bottom is not None and f.t_top < f.t_bottom - DISAGREE_BUFFER_K
        ) or f.outlet_below_oil
        f.glycol_alarm = (
            f.t_glycol is not None
            and f.t_glycol < p.frost.glycol_alarm_degc
            and (f.rv1_at_b or f.p5_pct > 0.0)
        )
        f.buffer_cold = f.t_bottom is not None and f.t_bottom < p.frost.water_min_degc
        cold = f.t_top is not None and f.t_top < p.buffer.comfort_min_degc and not f.hp_blocked
        f.top_cold = self._cold_top.step(tick, in_=cold)
        over_air = (
            f.t_oil is not None
            and f.t_outdoor is not None
            and (f.t_oil - f.t_outdoor > p.cooler.weak_approach_k)
        )
        f.recool_weak = self._weak.step(tick, in_=f.fan_on and over_air and f.oil_warn)

    def _energy(self, tick: Tick, energy: EnergyInputs, f: Facts) -> None:
        newest = max(energy.grid_w.taken_ns, energy.pv_w.taken_ns)
        expected = self._p.fallback.energy_expected
        f.energy_used = f.energy_used or expected or energy.grid_w.ok or energy.pv_w.ok
        age_ns = tick.now_ns - newest
        f.energy_stale = f.energy_used and age_ns > self._deye_stale_ns
        f.energy_dead = f.energy_used and age_ns > self._deye_dead_ns
        f.energy_mismatch = _differs(energy.grid_w, energy.grid_meter_w)

    def _miners(
        self, tick: Tick, miners: tuple[MinerInputs, MinerInputs], f: Facts, on_ns: tuple[int, int]
    ) -> None:
        """Silence counts from the closing of the contactor: a miner without supply cannot answer."""
        p = self._p.miners
        dead = [False, False]
        for index, miner in enumerate(miners):
            silent_ns = on_ns[index]
            patience_ns = self._boot_ns
            if miner.answered_ns is not None and tick.now_ns - miner.answered_ns < silent_ns:
                silent_ns = max(0, tick.now_ns - miner.answered_ns)
                patience_ns = self._silent_stale_ns
            self.stale[index] = p.api_expected and silent_ns > patience_ns
            if p.api_expected and silent_ns > self._silent_dead_ns:
                power = miner.power_metered_w.usable
                dead[index] = power is None or power >= p.idle_w  # one that draws nothing has stopped
        f.miner_stale = self.stale[0] or self.stale[1]
        f.miner1_dead = self._dead(tick, 0, dead[0], was=f.miner1_dead, closed=f.contactor1_closed)
        f.miner2_dead = self._dead(tick, 1, dead[1], was=f.miner2_dead, closed=f.contactor2_closed)
        first, second = miners
        hashing1, hashing2 = self._hashing
        weak1 = hashing1.step(tick, first)
        f.miner_weak = hashing2.step(tick, second) or weak1
        told = (*first.conditions, *second.conditions)
        f.miner_fault = (
            first.state is MinerState.FAULT or second.state is MinerState.FAULT or not FAULTS.isdisjoint(told)
        )
        f.miner_auth = not AUTH.isdisjoint(told)
        f.miner1_unfit = not CANNOT_COMMAND.isdisjoint(first.conditions)
        f.miner2_unfit = not CANNOT_COMMAND.isdisjoint(second.conditions)

    def _dead(self, tick: Tick, index: int, dead: bool, *, was: bool, closed: bool) -> bool:
        """A miner that was given up stays so for a while: without supply it cannot answer, and to close its
        contactor every few minutes just to ask would wear it out.
        """
        if closed or not was:
            self._given_up_ns[index] = 0
            return dead
        self._given_up_ns[index] += tick.dt_ns
        return self._given_up_ns[index] < self._retry_ns

    def _program(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        health = inputs.health
        f.mqtt_down = health.mqtt_ok is False
        f.mqtt_refused = health.account_ok is False
        f.certificate_ends = health.certificates_ok is False
        f.optimiser_silent = health.optimiser_ok is False
        f.meter_dead = health.meter_ok is False
        f.prices_missing = health.prices_ok is False
        f.system_limits = health.system_ok is False
        f.retained_refused = health.retained_ok is False
        f.config_invalid = health.config_ok is False
        f.clock_free = not inputs.wall.synchronised
        f.scan_overrun = inputs.scan.overrun
        f.restarted = self._restarted.step(tick, in_=inputs.scan.restarted != "")


def _differs(inverter: Reading, meter: Reading) -> bool:
    return (
        inverter.ok
        and meter.ok
        and inverter.value is not None
        and meter.value is not None
        and abs(inverter.value - meter.value) > MISMATCH_W
    )
