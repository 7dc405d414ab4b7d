"""The ThermIQ machine: one scan from top to bottom.

    safety inputs -> trips -> mode -> demand -> sequence -> routes -> pumps, fan -> miners -> outputs

Pure: everything a scan depends on is an argument, and the complete memory is plain data, so a recording
of inputs replays bit for bit. Follows the plant reference, topic control narrative, as corrected by the
design of this program.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_MS, NS_PER_S, Block, State, Tick
from plc.blocks.fan import Fan
from plc.blocks.panel import Heartbeat, Horn, Lamp, LampMode
from plc.blocks.signal import Hysteresis
from plc.plant import interlocks
from plc.plant.arbitration import Requests
from plc.plant.demand import Demand
from plc.plant.facts import Facts
from plc.plant.interface import (
    Event,
    ImageOutputs,
    MinerWish,
    PlantInputs,
    PlantOutputs,
    PlantStatus,
)
from plc.plant.interlock import Interlock
from plc.plant.miners import MinerUnit
from plc.plant.modes import Mode, ModeSelect
from plc.plant.parameters import Parameters
from plc.plant.power import PowerControl
from plc.plant.pumps import Pumps
from plc.plant.routes import DEFAULT_ROUTES, Route
from plc.plant.routing import Routing
from plc.plant.sensing import Sensing
from plc.plant.sequence import RUN_STATES, WAITING, Sequence, SequenceState
from plc.plant.trips import Trips

S = SequenceState

FULL_SPEED_TRIPS = frozenset({"temp_max", "oil_trip", "cooling_lost", "contactor_welded"})
"""Trips after which the pumps run at full speed: heat has to go, whatever it costs."""


class Plant(Block):
    """The whole plant as one block.

    parameters, routes: of the site. retained: what survived the last run (see `retained`); None after a first
    start or when no good file was found. clean_start: the last run ended in order; without it the worst is
    assumed about contactors and heat pump block.
    """

    __slots__ = (
        "_cooler",
        "_cooler_lock",
        "_demand",
        "_events",
        "_facts",
        "_fan_hysteresis",
        "_heartbeat",
        "_horn",
        "_lamp_fault",
        "_lamp_run",
        "_last_close_ns",
        "_mode",
        "_p",
        "_power",
        "_pumps",
        "_requests",
        "_routing",
        "_sensing",
        "_sequence",
        "_trips",
        "m1",
        "m2",
    )

    STATE = (
        "_cooler",
        "_cooler_lock",
        "_demand",
        "_facts",
        "_fan_hysteresis",
        "_heartbeat",
        "_horn",
        "_lamp_fault",
        "_lamp_run",
        "_last_close_ns",
        "_mode",
        "_power",
        "_pumps",
        "_requests",
        "_routing",
        "_sensing",
        "_sequence",
        "_trips",
        "m1",
        "m2",
    )

    def __init__(
        self,
        parameters: Parameters,
        routes: tuple[Route, ...] = DEFAULT_ROUTES,
        retained: State | None = None,
        clean_start: bool = True,
    ) -> None:
        p = parameters
        self._p = p
        self._facts = Facts()
        self._sensing = Sensing(p)
        self._trips = Trips(p)
        self._mode = ModeSelect()
        self._requests = Requests(p)
        self._demand = Demand(p)
        self._sequence = Sequence()
        self._routing = Routing(p, routes)
        self._pumps = Pumps(p)
        c = p.cooler
        self._fan_hysteresis = Hysteresis(c.on_degc, c.off_degc)
        self._cooler_lock = Interlock(interlocks.COOLER)
        self._cooler = Fan(
            min_on_s=c.min_on_s,
            min_off_s=c.min_off_s,
            max_starts_per_h=c.max_starts_per_h,
            permissive_s=0.0,
        )
        self._power = PowerControl(p)
        self.m1 = MinerUnit(p, interlocks.M1)
        self.m2 = MinerUnit(p, interlocks.M2)
        self._last_close_ns = 0
        self._heartbeat = Heartbeat(p.scan.heartbeat_half_period_ms * NS_PER_MS / NS_PER_S)
        self._horn = Horn()
        self._lamp_fault = Lamp()
        self._lamp_run = Lamp()
        self._events: list[Event] = []

    def step(self, inputs: PlantInputs, tick: Tick) -> PlantOutputs:
        """One scan."""
        f = self._facts
        self._events.clear()
        self._sensing.step(tick, inputs, f)
        self._proofs(f)
        self._step_mode(tick, inputs, f)
        f.hard_trip, f.hard_latched = self._step_trips(tick, f)
        self._demand.step(
            tick, f, state=self._sequence.value, state_ns=self._sequence.state_ns, wall=inputs.wall
        )
        self._step_sequence(tick, f)
        state = self._sequence.value
        self._routing.step(tick, f, state=state)
        self._pumps.step(
            tick,
            f,
            state=state,
            route=self._routing.route,
            pumps_full=not FULL_SPEED_TRIPS.isdisjoint(self._trips.latched),
        )
        self._step_cooler(tick, f, state)
        self._step_miners(tick, inputs, f, state)
        return self._outputs(tick, f, state)

    def _proofs(self, f: Facts) -> None:
        """What the devices of the last scan say about themselves."""
        f.enable_on = self.m1.enable or self.m2.enable
        f.miners_stopped = not f.enable_on and not f.contactor_closed
        # Right after a start a contactor may still be falling from the last run, and flow is not proven
        # yet; one that stays closed is found by its feedback supervision.
        f.miner_powered = f.enable_on or (f.contactor_closed and f.io_settled)
        f.contactor_fault = self.m1.contactor.no_feedback or self.m2.contactor.no_feedback
        f.contactor_welded = self.m1.welded or self.m2.welded
        f.m1_ready = self.m1.ready
        f.m2_ready = self.m2.ready
        f.min_off_over = f.m1_ready or f.m2_ready
        f.miner_available = not (self.m1.failed and self.m2.failed)
        f.min_on_over = max(self.m1.on_s, self.m2.on_s) >= self._p.miners.min_on_s or not f.contactor_closed

    def _step_mode(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        f.request_w = self._requests.step(tick, inputs.commands)
        if f.request_w < self._p.miners.power_min_w:
            f.request_w = 0.0
        before = self._mode.mode
        mode = self._mode.step(
            auto=inputs.image.mode_auto,
            maint=inputs.image.mode_maint,
            healthy=f.dio_healthy,
            remote_off=self._requests.remote_off(tick),
        )
        f.key_auto = self._mode.key is Mode.AUTO
        f.key_maint = self._mode.key is Mode.MAINT
        f.key_off = self._mode.key is Mode.OFF
        f.key_fault = self._mode.key is Mode.KEY_FAULT
        f.auto = mode is Mode.AUTO
        f.grid_stop = f.grid_block and self._p.miners.off_on_grid_block
        state = self._sequence.value
        f.maint_locked = state is S.MAINT and f.miners_stopped and (f.maint_locked or f.cooled_down)
        if mode is not before:
            self._event(tick, "mode", "changed", before.value, mode.value)

    def _step_trips(self, tick: Tick, f: Facts) -> tuple[bool, bool]:
        first = self._trips.first
        self._trips.step(tick, f, acknowledge=f.ack or self._requests.ack)
        f.soft_trip = bool(self._trips.soft)
        if self._trips.first != first:
            if self._trips.first:
                self._requests.drop()
                self._event(tick, "trip", "tripped", reason=self._trips.first)
            else:
                self._event(tick, "trip", "cleared", before=first)
        return self._trips.hard, bool(self._trips.latched)

    def _step_sequence(self, tick: Tick, f: Facts) -> None:
        self._sequence.step(tick, f)
        if self._sequence.changed:
            reason = self._sequence.reason
            if reason == "hard_trip":
                reason = self._trips.first
            elif reason == "soft_trip":
                reason = self._trips.soft
            self._event(
                tick,
                "sequence",
                self._sequence.reason,
                self._sequence.previous.value,
                self._sequence.value.value,
                reason,
            )

    def _step_cooler(self, tick: Tick, f: Facts, state: SequenceState) -> None:
        hot = f.t_oil is not None and self._fan_hysteresis.step(tick, value=f.t_oil)
        wanted = self._routing.route.fan and hot and (state in RUN_STATES or state is S.COOLDOWN)
        lock = self._cooler_lock
        lock.step(f, wanted=wanted, running=f.fan_on)
        f.fan_on = self._cooler.step(
            tick,
            request=lock.on,
            permissive=f.fan_on or not lock.causes,
            trip=lock.tripped,
            protect=f.oil_above_limit and self._routing.route.fan and state in RUN_STATES,
        )

    def _step_miners(self, tick: Tick, inputs: PlantInputs, f: Facts, state: SequenceState) -> None:
        available = (not self.m1.failed, not self.m2.failed)
        self._power.step(
            tick,
            f,
            running=state in RUN_STATES and f.auto,
            quiet=self._demand.quiet,
            api_stale=False,
            available=available,
            first=0 if self.m1.contactor.hours.run_ns <= self.m2.contactor.hours.run_ns else 1,
        )
        f.granted_w = self._power.granted_w
        self._last_close_ns += tick.dt_ns
        stagger_over = self._last_close_ns >= self._p.miners.stagger_s * NS_PER_S
        image = inputs.image
        for index, unit, feedback in ((0, self.m1, image.k10_fb), (1, self.m2, image.k11_fb)):
            was_on = unit.enable
            unit.step(
                tick,
                f,
                wanted=self._power.run[index],
                may_close=stagger_over,
                feedback=feedback,
                miner=inputs.miners[index],
                acknowledge=f.ack,
            )
            if unit.enable and not was_on:
                self._last_close_ns = 0
                stagger_over = False
            if unit.enable is not was_on:
                self._event(
                    tick,
                    f"m{index + 1}_enable",
                    "on" if unit.enable else "off",
                    reason=unit.interlock.first_out or self._sequence.reason,
                )

    def _outputs(self, tick: Tick, f: Facts, state: SequenceState) -> PlantOutputs:
        trips = self._trips
        fault = state is S.FAULT or bool(trips.latched)
        healthy = f.dio_healthy and f.aio_healthy
        image = ImageOutputs(
            p3_on=f.p3_on,
            cooler_on=f.fan_on,
            rv1_a=self._routing.rv1.a,
            rv1_b=self._routing.rv1.b,
            rv2_a=self._routing.rv2.a,
            rv2_b=self._routing.rv2.b,
            hp_block=False,
            m1_enable=self.m1.enable,
            m2_enable=self.m2.enable,
            heartbeat=self._heartbeat.step(tick, healthy=healthy),
            horn=self._horn.step(tick, alarm=fault, silence=f.ack or trips.acknowledged),
            lamp_fault=self._lamp_fault.step(tick, mode=_fault_lamp(fault, trips.acknowledged)),
            lamp_run=self._lamp_run.step(tick, mode=_run_lamp(state)),
            reset_lamp=self._reset_wanted(f),
            p4_setpoint_pct=f.p4_pct,
            p5_setpoint_pct=f.p5_pct,
        )
        return PlantOutputs(
            image=image,
            status=self._status(f, state),
            miners=(self._wish(0, f), self._wish(1, f)),
            events=tuple(self._events) if self._events else (),
        )

    def _reset_wanted(self, f: Facts) -> bool:
        """A-010: everything that the safety relay looks at is in order, only the reset is missing."""
        return (
            not f.safety_ok
            and f.dio_healthy
            and f.estop1_ok
            and f.estop2_ok
            and f.temp_max_ok
            and (f.flow_ok or not self._p.safety.flow_latches)
        )

    def _wish(self, index: int, f: Facts) -> MinerWish:
        run = self._power.run[index] and not f.hard_trip and not f.hard_latched
        return MinerWish(
            run=run,
            power_w=self._power.target_w[index] if run else 0.0,
            urgent=not run and (f.hard_trip or f.hard_latched or not f.auto),
        )

    def _status(self, f: Facts, state: SequenceState) -> PlantStatus:
        locks = self._locks()
        return PlantStatus(
            state=state.value,
            mode=self._mode.mode.value,
            route=self._routing.name,
            requested_power_w=f.request_w,
            granted_power_w=f.granted_w,
            limited_by=self._power.limited_by,
            blocked_by=tuple((lock.rules.actuator, lock.causes) for lock in locks if lock.causes),
            first_out=tuple((lock.rules.actuator, lock.first_out) for lock in locks if lock.first_out),
            alarms=tuple(self._trips.latched),
            values=(
                ("t_oil_degc", f.t_oil),
                ("t_buffer_top_degc", f.t_top),
                ("power_w", f.power_w),
                ("heat_w", f.heat_w),
                ("rv1_position_pct", self._routing.rv1.position_pct),
                ("rv2_position_pct", self._routing.rv2.position_pct),
            ),
        )

    def _locks(self) -> tuple[Interlock, ...]:
        pumps = self._pumps
        return (
            pumps.p3_lock,
            pumps.p4_lock,
            pumps.p5_lock,
            self._cooler_lock,
            self.m1.interlock,
            self.m2.interlock,
        )

    def _event(
        self, tick: Tick, subject: str, code: str, before: str = "", after: str = "", reason: str = ""
    ) -> None:
        self._events.append(Event(tick.now_ns, subject, code, before, after, reason))


def _fault_lamp(fault: bool, acknowledged: bool) -> LampMode:
    if not fault:
        return LampMode.OFF
    return LampMode.STEADY if acknowledged else LampMode.FLASH


def _run_lamp(state: SequenceState) -> LampMode:
    if state in RUN_STATES or state is S.PRECIRC:
        return LampMode.STEADY
    return LampMode.SLOW if state in WAITING or state is S.COOLDOWN else LampMode.OFF
