"""What must hold in every scan, whatever the inputs are. Independent of the program's own tables.

    watch = Invariants(parameters)
    rig.watchers.append(watch)

Looks only at inputs and outputs of the plant, never inside it, so that it cannot make the same mistake.
"""

from __future__ import annotations

import math

from plc.plant.interface import PlantInputs, PlantOutputs
from plc.plant.parameters import Parameters

S_NS = 1_000_000_000
LONGEST_SCAN_NS = S_NS
RUNNING = {"RAMP", "HEAT_BUFFER", "HEAT_DHW", "RECOOL", "COOLDOWN"}


class BrokenError(AssertionError):
    """An invariant does not hold."""


class Invariants:
    """Call with each scan's inputs and outputs; raises BrokenError with the name of what broke."""

    def __init__(self, p: Parameters) -> None:
        self.p = p
        self.scans = 0
        self.last: PlantOutputs | None = None
        self.began_ns: int | None = None
        self.now_ns = 0
        self.off_since: list[int | None] = [None, None]
        self.restart()

    def restart(self) -> None:
        """A new plant object: minimum off begins again."""
        self.last = None
        self.began_ns = None
        self.off_since = [None, None]
        self.flow_lost_ns: int | None = None
        self.flow_seen_ns: int | None = None
        self.sequence_since_trip = True
        self.blocked_since_ns: int | None = None
        self.heartbeat_sick = 0

    def __call__(self, inputs: PlantInputs, outputs: PlantOutputs, now_ns: int) -> None:
        self.scans += 1
        if self.began_ns is None:
            self.began_ns = now_ns
        self.now_ns = now_ns
        self._valves(outputs)
        self._enables(inputs, outputs)
        self._minimum_off(inputs, outputs)
        self._sequence(outputs)
        self._cooling(inputs, outputs)
        self._fan(inputs, outputs)
        self._heat_pump(inputs, outputs)
        self._analogue(outputs)
        self._heartbeat(inputs, outputs)
        self.last = outputs

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            raise BrokenError(what)

    def _valves(self, out: PlantOutputs) -> None:
        image = out.image
        self.require(not (image.rv1_a and image.rv1_b), "both directions of RV1")
        self.require(not (image.rv2_a and image.rv2_b), "both directions of RV2")

    def _enables(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        image, read = out.image, inputs.image
        if read.flow_ok:
            self.flow_lost_ns = None
        elif self.flow_lost_ns is None:
            self.flow_lost_ns = self.now_ns
        if not (image.m1_enable or image.m2_enable):
            return
        self.require(read.dio_healthy and read.aio_healthy, "enable without healthy modules")
        self.require(read.safety_ok, "enable without SAFETY_OK")
        self.require(read.temp_max_ok, "enable without TEMP_MAX_OK")
        lost_ns = 0 if self.flow_lost_ns is None else self.now_ns - self.flow_lost_ns
        self.require(lost_ns <= self.p.safety.flow_off_s * S_NS, "enable without flow")
        self.require(image.p3_on, "enable without P3")
        self.require(image.p4_setpoint_pct >= self.p.p4.min_pct, "enable without P4 at minimum")
        self.require(out.status.state in RUNNING, f"enable in {out.status.state}")
        self.require(read.mode_auto and not read.mode_maint, "enable without key at AUTO")
        outlets = [miner.t_outlet_degc for miner in inputs.miners]
        oil = read.t_oil_degc
        self.require(oil.ok or any(outlet.ok for outlet in outlets), "enable without oil temperature")
        fresh = self.last is None or not (self.last.image.m1_enable or self.last.image.m2_enable)
        if fresh and oil.ok:
            self.require(oil.value < self.p.oil.start_max_degc, "first enable with warm oil")

    def _minimum_off(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        enables = (out.image.m1_enable, out.image.m2_enable)
        closed = (inputs.image.k10_fb, inputs.image.k11_fb)
        least_ns = self.p.miners.min_off_s * S_NS
        for index in (0, 1):
            was_on = self.last is not None and (self.last.image.m1_enable, self.last.image.m2_enable)[index]
            if enables[index] and not was_on:
                since = self.off_since[index] if self.off_since[index] is not None else self.began_ns
                # The first scan of a plant books its own dt, so it may be early by the longest scan.
                waited_ns = self.now_ns - since + LONGEST_SCAN_NS
                self.require(waited_ns >= least_ns, f"minimum off time of miner {index + 1}")
            if inputs.image.dio_healthy and closed[index]:
                self.off_since[index] = self.now_ns

    def _sequence(self, out: PlantOutputs) -> None:
        """Enables come only in RAMP or later, and after a FAULT only through PRECIRC and RAMP."""
        state = out.status.state
        if state in ("FAULT", "INIT", "OFF", "MAINT"):
            self.sequence_since_trip = False
        elif state == "PRECIRC":
            self.sequence_since_trip = True
        on = out.image.m1_enable or out.image.m2_enable
        self.require(not on or self.sequence_since_trip, "enable without a start sequence")
        if self.last is not None and on and not (self.last.image.m1_enable or self.last.image.m2_enable):
            self.require(state in RUNNING - {"COOLDOWN"}, f"first enable in {state}")

    def _cooling(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        read, image = inputs.image, out.image
        if read.dio_healthy and (read.k10_fb or read.k11_fb):
            self.require(image.p3_on, "contactor closed without P3")
            # P4 has a minimum off time of its own after it has stopped.
            waited = self.last is not None and self.now_ns - self.began_ns > self.p.p4.min_off_s * S_NS
            if waited and self.closed_for_ns > self.p.p4.min_off_s * S_NS:
                self.require(image.p4_setpoint_pct >= self.p.p4.min_pct, "contactor closed without P4")
            self.closed_for_ns += self.now_ns - self.previous_ns
        else:
            self.closed_for_ns = 0
        self.previous_ns = self.now_ns

    closed_for_ns = 0
    previous_ns = 0

    def _fan(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        if out.image.cooler_on:
            self.require(out.image.p5_setpoint_pct >= self.p.p5.min_pct, "fan without P5")
            self.require(inputs.image.cooler_ok, "fan with a cooler fault")
            self.require(out.image.p3_on, "fan without P3")
            self.require(not out.image.rv1_a, "fan while RV1 drives to A")

    def _heat_pump(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        if not out.image.hp_block:
            self.blocked_since_ns = None
            return
        self.require(out.status.state not in ("INIT", "OFF", "MAINT", "FAULT"), f"K7 in {out.status.state}")
        self.require(inputs.wall.synchronised, "K7 without a clock")
        for name in ("t_buffer_top_degc", "t_buffer_bottom_degc", "t_outdoor_degc"):
            self.require(getattr(inputs.image, name).ok, f"K7 without {name}")
        self.require(
            inputs.image.t_outdoor_degc.value >= self.p.hp_block.outdoor_min_degc, "K7 in great cold"
        )
        if self.blocked_since_ns is None:
            self.blocked_since_ns = self.now_ns
        self.require(
            self.now_ns - self.blocked_since_ns <= self.p.hp_block.block_max_s * S_NS, "K7 beyond its longest"
        )

    def _analogue(self, out: PlantOutputs) -> None:
        for value, p in ((out.image.p4_setpoint_pct, self.p.p4), (out.image.p5_setpoint_pct, self.p.p5)):
            self.require(math.isfinite(value), "set point is not a number")
            self.require(value == 0.0 or p.min_pct <= value <= 100.0, f"set point {value} outside its range")

    def _heartbeat(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        healthy = inputs.image.dio_healthy and inputs.image.aio_healthy
        self.require(healthy or not out.image.heartbeat, "heartbeat in a sick scan")
