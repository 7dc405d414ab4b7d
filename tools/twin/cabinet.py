"""The virtual cabinet: relays, contactors and contacts between the program and the house.

It is wired like the real one (plant reference, topics safety chain, watchdogs, I/O list):

    coil K10 = K12 (watchdog relay) . safety relay . [flow relay] . K8 (enable of the program)

`flow_latches` true: E-stops, TEMP MAX and FLOW act on one relay with manual reset. False: FLOW acts on
a second relay that starts by itself, its contacts in series; the program reads the first one only.
Nothing here belongs to the program, and the program can only remove power from a coil.
"""

from __future__ import annotations

from plc.plant.interface import ImageOutputs
from tools.twin.plant_model import PlantModel

TEMP_MAX_DEGC = 68.0
TEMP_MAX_TAU_S = 5.0
K12_DROP_S = 2.0
FLOW_CLOSES, FLOW_OPENS = 0.60, 0.50  # share of nominal flow
FLOW_CLOSE_S = 1.0


class SafetyRelay:
    """Dual-channel relay: drops at once, comes back with a reset and a closed feedback loop only."""

    __slots__ = ("_manual", "_pressed", "on")

    def __init__(self, *, manual: bool) -> None:
        self._manual = manual
        self._pressed = False
        self.on = False

    def step(self, chain: bool, feedback_loop: bool, reset: bool = False) -> bool:
        """chain: all inputs closed. feedback_loop: both contactors open. reset: button (falling edge)."""
        released = self._pressed and not reset
        self._pressed = reset
        if not chain:
            self.on = False
        elif not self.on and feedback_loop and (released or not self._manual):
            self.on = True
        return self.on


class Cabinet:
    """Terminals of the cabinet. Inputs of the program are attributes with the signals' names.

    drive(): what the program's outputs do to the house, before the house moves. sense(): what the
    contacts say afterwards. Operator and faults set the plain attributes between two steps.
    """

    __slots__ = (
        "_beat", "_flow_for_s", "_limiter_degc", "_model", "_out", "_since_beat_s", "ack_pb", "cooler_fault",
        "estop1_ok", "estop2_ok", "flow_latches", "flow_ok", "flow_relay", "flow_stuck_closed",
        "flow_stuck_open", "grid_block", "horn", "k10_fb", "k10_welded", "k11_fb", "k11_welded", "k12",
        "lamp_fault", "mode_auto", "mode_maint", "reset_lamp", "reset_pb", "safety_relay", "temp_max_ok",
    )  # fmt: skip

    def __init__(self, model: PlantModel, *, flow_latches: bool) -> None:
        self._model = model
        self.flow_latches = flow_latches
        self.safety_relay = SafetyRelay(manual=True)
        self.flow_relay = SafetyRelay(manual=False)
        self._beat = False
        self._since_beat_s = K12_DROP_S
        self._flow_for_s = 0.0
        self._limiter_degc = model.oil.t_oil_degc
        self.k12 = False
        # what the operator does
        self.estop1_ok = self.estop2_ok = True
        self.mode_auto = self.mode_maint = False
        self.ack_pb = self.reset_pb = False
        # what is broken, and what others do
        self.k10_welded = self.k11_welded = False
        self.flow_stuck_closed = self.flow_stuck_open = False
        self.cooler_fault = False
        self.grid_block = False
        # what the contacts say
        self.flow_ok = False
        self.temp_max_ok = True
        self.k10_fb = self.k11_fb = False
        self.horn = self.lamp_fault = self.reset_lamp = False

    @property
    def safety_ok(self) -> bool:
        """The contact of the relay with the manual reset."""
        return self.safety_relay.on

    @property
    def cooler_ok(self) -> bool:
        return not self.cooler_fault

    @property
    def p4_ssm_ok(self) -> bool:
        return self._model.p4.ssm_ok

    @property
    def p5_ssm_ok(self) -> bool:
        return self._model.p5.ssm_ok

    def drive(self, dt_s: float, out: ImageOutputs, p4_v: float, p5_v: float) -> None:
        """Relays and contactors for the next dt_s."""
        power = self._chain(dt_s, out.heartbeat)
        field = self._model.field
        # A welded contact opens only when somebody repairs it; it welds while it is closed.
        self.k10_fb = (power and out.m1_enable) or (self.k10_welded and self.k10_fb)
        self.k11_fb = (power and out.m2_enable) or (self.k11_welded and self.k11_fb)
        field.k10, field.k11 = self.k10_fb, self.k11_fb
        field.p3 = out.p3_on
        field.p4_v, field.p5_v = p4_v, p5_v
        field.fan = out.cooler_on and not self.cooler_fault
        field.rv1_a, field.rv1_b = out.rv1_a, out.rv1_b
        field.rv2_a, field.rv2_b = out.rv2_a, out.rv2_b
        field.hp_contact = out.hp_block or self.grid_block
        self.horn, self.lamp_fault, self.reset_lamp = out.horn, out.lamp_fault, out.reset_lamp

    def _chain(self, dt_s: float, heartbeat: bool) -> bool:
        """Power for the coils: watchdog relay and safety relays in series."""
        if heartbeat is not self._beat:
            self._beat = heartbeat
            self._since_beat_s = 0.0
        else:
            self._since_beat_s += dt_s
        self.k12 = self._since_beat_s < K12_DROP_S
        chain = self.estop1_ok and self.estop2_ok and self.temp_max_ok
        loop = not self.k10_fb and not self.k11_fb
        if self.flow_latches:
            return self.safety_relay.step(chain and self.flow_ok, loop, self.reset_pb) and self.k12
        flow = self.flow_relay.step(self.flow_ok, loop)
        return self.safety_relay.step(chain, loop, self.reset_pb) and flow and self.k12

    def sense(self, dt_s: float) -> None:
        """Flow switch and temperature limiter after the house has moved."""
        flow = self._model.p3.flow
        if flow > (FLOW_OPENS if self.flow_ok else FLOW_CLOSES):
            self._flow_for_s += dt_s
            self.flow_ok = self.flow_ok or self._flow_for_s >= FLOW_CLOSE_S
        else:
            self._flow_for_s = 0.0
            self.flow_ok = False
        if self.flow_stuck_closed:
            self.flow_ok = True
        elif self.flow_stuck_open:
            self.flow_ok = False
        share = dt_s / (TEMP_MAX_TAU_S + dt_s)
        self._limiter_degc += (self._model.oil.t_oil_degc - self._limiter_degc) * share
        if self._limiter_degc >= TEMP_MAX_DEGC:
            self.temp_max_ok = False  # latches; reset at the device

    def reset_temp_max(self) -> None:
        """The button at the limiter; it does not hold while the oil is still hot."""
        if self._limiter_degc < TEMP_MAX_DEGC - 8.0:
            self.temp_max_ok = True
