"""P3, P4 and P5: what the state wants, what the interlocks allow, what the protection demands."""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.blocks.pump import Curve as PumpCurve
from plc.blocks.pump import OnOffPump, VoltagePump
from plc.blocks.signal import PI
from plc.blocks.timers import TON
from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interlock import Interlock
from plc.plant.parameters import Parameters
from plc.plant.parameters import VoltagePump as VoltagePumpParameters
from plc.plant.routes import Law, Route
from plc.plant.states import RUN_STATES, SequenceState

S = SequenceState

FULL_PCT = 100.0


def _voltage_pump(p: VoltagePumpParameters) -> VoltagePump:
    return VoltagePump(
        min_pct=p.min_pct,
        curve=PumpCurve.OFF_0_10,  # the shape of the output is the image's business, here only its slew
        slew_v_per_s=p.slew_v_per_s,
        min_on_s=p.min_on_s,
        min_off_s=p.min_off_s,
    )


class Pumps(Block):
    """The three pumps.

    step(tick, facts, state=, route=, pumps_full=) writes p3_on, p4_pct, p5_pct and their proofs into the
    facts. pumps_full: a trip asks for full speed (TEMP MAX, oil, lost cooling, welded contactor).
    """

    __slots__ = (
        "_p",
        "_p3_ran",
        "_p4_ran",
        "_p5_ran",
        "p3",
        "p3_lock",
        "p4",
        "p4_lock",
        "p5",
        "p5_lock",
        "pi4",
        "pi5",
    )

    STATE = (
        "_p3_ran",
        "_p4_ran",
        "_p5_ran",
        "p3",
        "p3_lock",
        "p4",
        "p4_lock",
        "p5",
        "p5_lock",
        "pi4",
        "pi5",
    )

    def __init__(self, parameters: Parameters) -> None:
        p = parameters
        self._p = p
        self.p3 = OnOffPump(
            min_on_s=p.p3.min_on_s,
            min_off_s=p.p3.min_off_s,
            max_starts_per_h=p.p3.max_starts_per_h,
            proof_s=p.safety.flow_proof_s,
            proof_lost_s=p.safety.flow_off_s,
        )
        self.p4 = _voltage_pump(p.p4)
        self.p5 = _voltage_pump(p.p5)
        self.pi4 = PI(p.p4.kp_pct_per_k, p.p4.ti_s, p.p4.min_pct, FULL_PCT, reverse=True)
        self.pi5 = PI(p.p5.kp_pct_per_k, p.p5.ti_s, p.p5.min_pct, FULL_PCT, reverse=True)
        self.p3_lock = Interlock(interlocks.P3)
        self.p4_lock = Interlock(interlocks.P4)
        self.p5_lock = Interlock(interlocks.P5)
        self._p3_ran = TON(p.p3.precirc_s)
        self._p4_ran = TON(p.p4.precirc_s)
        self._p5_ran = TON(p.cooler.p5_before_fan_s)

    def step(
        self,
        tick: Tick,
        f: Facts,
        *,
        state: SequenceState,
        route: Route,
        pumps_full: bool,
        exercise_p3: bool,
    ) -> None:
        self._step_p3(tick, f, state, exercise=exercise_p3 or f.exercise)
        self._step_p4(tick, f, state, route, pumps_full=pumps_full)
        self._step_p5(tick, f, state, route)
        f.p5_ready = f.p5_proven or route.p5 is Law.OFF

    def _step_p3(self, tick: Tick, f: Facts, state: SequenceState, *, exercise: bool) -> None:
        wanted = state is S.PRECIRC or state in RUN_STATES or self._cooling_down(f, state)
        # A latching flow switch drops the safety relay when P3 stops, and only a person can reset that.
        wanted = wanted or (
            self._p.safety.flow_latches and f.key_auto and state is not S.INIT and state is not S.MAINT
        )
        wanted = _by_hand(f.hand_p3, wanted or exercise)
        self.p3_lock.step(f, wanted=wanted, running=f.p3_on)
        f.p3_on = self.p3.step(
            tick,
            request=self.p3_lock.on,
            trip=self.p3_lock.tripped,
            protect=self.p3_lock.protected and not self.p3_lock.tripped,
            proof=f.flow_ok,
        )
        f.p3_proven = self._p3_ran.step(tick, in_=f.p3_on) and f.flow_steady

    def _cooling_down(self, f: Facts, state: SequenceState) -> bool:
        """COOLDOWN itself, and what FAULT and the way into maintenance do in its place."""
        if state is S.COOLDOWN:
            return True
        return state in (S.FAULT, S.MAINT) and not (f.miners_stopped and f.cooled_down)

    def _step_p4(self, tick: Tick, f: Facts, state: SequenceState, route: Route, *, pumps_full: bool) -> None:
        p = self._p.p4
        law = route.p4
        setpoint = 0.0
        track: float | None = f.p4_pct
        if state is S.PRECIRC or state in RUN_STATES:
            track = None if law in (Law.PI, Law.PI_PROTECT) else f.p4_pct
            setpoint = self.pi4.step(tick, sp=self._p.oil.set_degc, pv=f.t_oil, track=track)
            if f.t_oil is None or law is Law.FULL:
                setpoint = FULL_PCT
            elif law is not Law.PI:
                setpoint = max(setpoint if law is Law.PI_PROTECT else 0.0, p.protect_pct)
        else:
            self.pi4.step(tick, sp=self._p.oil.set_degc, pv=f.t_oil, track=track)
            if self._cooling_down(f, state):
                setpoint = FULL_PCT if pumps_full else p.protect_pct
            elif f.exercise or f.hand_p4 == "on":
                setpoint = p.stroke_pct
        if f.hand_p4 == "off":
            setpoint = 0.0
        self.p4_lock.step(f, wanted=setpoint > 0.0, running=f.p4_pct > 0.0)
        f.p4_pct = self.p4.step(
            tick,
            setpoint_pct=setpoint if self.p4_lock.on else 0.0,
            trip=self.p4_lock.tripped,
            protect_pct=self._protect_p4(f, state, pumps_full=pumps_full),
        )
        f.p4_at_minimum = f.p4_pct >= p.min_pct
        f.p4_proven = self._p4_ran.step(tick, in_=f.p4_at_minimum)

    def _protect_p4(self, f: Facts, state: SequenceState, *, pumps_full: bool) -> float:
        """Speed that a protection demands. While the controller holds the oil, only above the limit more
        than its minimum: everywhere else nobody controls, so the protective speed it is.
        """
        if not self.p4_lock.protected or self.p4_lock.tripped:
            return 0.0
        if pumps_full or f.oil_above_limit:
            return FULL_PCT
        if state in RUN_STATES:
            return self._p.p4.min_pct
        if not (f.contactor_closed or f.enable_on or f.oil_hot):
            return self._p.frost.guard_p4_pct if f.frost_guard else self._p.frost.p4_pct
        return self._p.p4.protect_pct

    def _step_p5(self, tick: Tick, f: Facts, state: SequenceState, route: Route) -> None:
        running = state is S.PRECIRC or state in RUN_STATES or state is S.COOLDOWN
        wanted = _by_hand(f.hand_p5, (running and route.p5 is not Law.OFF) or f.exercise)
        self.p5_lock.step(f, wanted=wanted, running=f.p5_pct > 0.0)
        setpoint = 0.0
        if self.p5_lock.on:
            track = None if f.p5_pct > 0.0 else self._p.p5.min_pct
            setpoint = self.pi5.step(tick, sp=self._p.oil.set_degc, pv=f.t_oil, track=track)
            if f.t_oil is None or route.p5 is Law.FULL or f.oil_above_limit:
                setpoint = FULL_PCT
        f.p5_pct = self.p5.step(tick, setpoint_pct=setpoint, trip=self.p5_lock.tripped)
        f.p5_proven = self._p5_ran.step(tick, in_=f.p5_pct > 0.0)


def _by_hand(hand: str, automatic: bool) -> bool:
    """A person's wish instead of the automatic one; the interlocks come afterwards for both."""
    return automatic if not hand else hand == "on"
