"""What must hold in every scan, whatever the inputs are. Independent of the program's own tables.

    watch = Invariants(parameters)
    rig.watchers.append(watch)

Looks only at inputs and outputs of the plant, never inside it, so that it cannot make the same mistake.
"""

from __future__ import annotations

import copy
import math

from plc.plant.interface import PlantInputs, PlantOutputs
from plc.plant.parameters import Parameters

S_NS = 1_000_000_000
LONGEST_SCAN_NS = S_NS
SLACK_NS = 2 * LONGEST_SCAN_NS
"""What is measured from outside begins and ends a scan later than inside."""

DAY_NS = 86_400 * S_NS
FAULT_ALARM_NS = 10 * S_NS
RUNNING = {"RAMP", "HEAT_BUFFER", "HEAT_DHW", "RECOOL", "COOLDOWN"}
NEEDS_FLOW = (RUNNING - {"COOLDOWN"}) | {"PRECIRC"}
ROUTES = {"buffer": "AA", "dhw": "AB", "recool": "BA", "frost_w2": "BA"}
"""End positions of RV1 and RV2, from the route table of the plant reference."""


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
        self.free_since_ns: int | None = None
        self.blocked: tuple[tuple[int, int], ...] = ()  # (begin, end) by us or the grid operator, of a day
        self.fault_since_ns: int | None = None
        self.acknowledged = False
        self.asked = True  # a request came after the last hard trip
        self.strokes = [self._anywhere(self.p.rv1.run_s), self._anywhere(self.p.rv2.run_s)]
        self.closed_for_ns = 0
        self.p3_stopped_ns: int | None = None
        self.previous_ns = 0
        self.p5_since_ns: int | None = None
        self.hot_since_ns: int | None = None
        self.dry_since_ns: int | None = None
        self.last_safe: bool | None = None
        self.mute_since_ns: list[int | None] = [None, None]
        self.stuck_since_ns: list[int | None] = [None, None]

    @staticmethod
    def _anywhere(run_s: float) -> tuple[float, float]:
        """Least and greatest way from A, in seconds of stroke: nobody knows after a start."""
        return 0.0, run_s

    def copy(self) -> Invariants:
        """As it is now, to go on from twice."""
        other = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list):
                setattr(other, name, list(value))
        return other

    def __call__(self, inputs: PlantInputs, outputs: PlantOutputs, now_ns: int) -> None:
        self.scans += 1
        if self.began_ns is None:
            self.began_ns = now_ns
        self.now_ns = now_ns
        self._valves(outputs)
        self._enables(inputs, outputs)
        self._oil(inputs, outputs)
        self._starts(inputs, outputs)
        self._minimum_off(inputs, outputs)
        self._sequence(inputs, outputs)
        self._cooling(inputs, outputs)
        self._fan(inputs, outputs)
        self._heat_pump(inputs, outputs)
        self._budgets(inputs, outputs)
        self._no_answer(inputs, outputs)
        self._fault(inputs, outputs)
        self._analogue(outputs)
        self._heartbeat(inputs, outputs)
        self.last = outputs

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            raise BrokenError(what)

    def _since(self, since_ns: int | None, holds: bool) -> int | None:
        """Since when something holds without a gap, None while it does not."""
        if not holds:
            return None
        return self.now_ns if since_ns is None else since_ns

    def _lasts(self, since_ns: int | None, limit_s: float) -> bool:
        return since_ns is not None and self.now_ns - since_ns > limit_s * S_NS + SLACK_NS

    def _valves(self, out: PlantOutputs) -> None:
        image = out.image
        self.require(not (image.rv1_a and image.rv1_b), "both directions of RV1")
        self.require(not (image.rv2_a and image.rv2_b), "both directions of RV2")
        if self.last is None:
            return
        went_s = (self.now_ns - self.previous_ns) / S_NS
        then = self.last.image
        for index, to_a, to_b, p in (
            (0, then.rv1_a, then.rv1_b, self.p.rv1),
            (1, then.rv2_a, then.rv2_b, self.p.rv2),
        ):
            way = went_s * (to_b - to_a)
            low, high = self.strokes[index]
            self.strokes[index] = (min(max(low + way, 0.0), p.run_s), min(max(high + way, 0.0), p.run_s))

    def _stands(self, index: int, position: str) -> bool:
        """The valve has been driven all the way, give or take the slack."""
        low, high = self.strokes[index]
        run_s = (self.p.rv1, self.p.rv2)[index].run_s
        return high <= SLACK_NS / S_NS if position == "A" else low >= run_s - SLACK_NS / S_NS

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

    def _oil(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        oil = inputs.image.t_oil_degc
        hot = oil.ok and oil.value >= self.p.oil.trip_degc
        self.hot_since_ns = self._since(self.hot_since_ns, hot)
        on = out.image.m1_enable or out.image.m2_enable
        self.require(
            not (on and self._lasts(self.hot_since_ns, self.p.oil.trip_delay_s)), "enable with hot oil"
        )

    def _starts(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        """Each single enable: on a route that is ready. After a hard trip: only on a request since."""
        now = (out.image.m1_enable, out.image.m2_enable)
        then = (self.last.image.m1_enable, self.last.image.m2_enable) if self.last else (False, False)
        if any(on and not was for on, was in zip(now, then, strict=True)):
            for index, position in enumerate(ROUTES[out.status.route]):
                self.require(self._stands(index, position), f"start with RV{index + 1} not at {position}")
            fresh = self.asked or out.status.power_source == "automatic"
            self.require(fresh, "start on a request from before the trip")
        if any(command.name == "power_request" for command in inputs.commands):
            self.asked = True
        state, before = out.status.state, self.last.status.state if self.last else "INIT"
        if state == "FAULT" and before not in ("FAULT", "MAINT", "INIT"):
            self.asked = False

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

    def _sequence(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        """Enables come only in RAMP or later, and after a FAULT only through PRECIRC and RAMP."""
        state = out.status.state
        if state in ("FAULT", "INIT", "OFF", "MAINT"):
            self.sequence_since_trip = False
        elif state == "PRECIRC":
            self.sequence_since_trip = True
        if state == "HEAT_DHW":
            self.require(self.p.dhw.present and inputs.t_dhw_degc.ok, "hot water from nobody knows where")
        on = out.image.m1_enable or out.image.m2_enable
        self.require(not on or self.sequence_since_trip, "enable without a start sequence")
        if self.last is not None and on and not (self.last.image.m1_enable or self.last.image.m2_enable):
            self.require(state in RUNNING - {"COOLDOWN"}, f"first enable in {state}")

    def _cooling(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        read, image = inputs.image, out.image
        closed = read.dio_healthy and (read.k10_fb or read.k11_fb)
        if self.last is not None and self.last.image.p3_on and not image.p3_on:
            self.require(not closed, "P3 stops under a closed contactor")
            self.p3_stopped_ns = self.now_ns
        if closed:
            # Nothing shortens the minimum off time of P3, also not a contactor that closes by itself.
            stopped_ns = None if self.p3_stopped_ns is None else self.now_ns - self.p3_stopped_ns
            resting = stopped_ns is not None and stopped_ns <= self.p.p3.min_off_s * S_NS + SLACK_NS
            self.require(image.p3_on or resting, "contactor closed without P3")
            # P4 has a minimum off time of its own after it has stopped.
            waited = self.last is not None and self.now_ns - self.began_ns > self.p.p4.min_off_s * S_NS
            if waited and self.closed_for_ns > self.p.p4.min_off_s * S_NS:
                self.require(image.p4_setpoint_pct >= self.p.p4.min_pct, "contactor closed without P4")
            self.closed_for_ns += self.now_ns - self.previous_ns
        else:
            self.closed_for_ns = 0
        self.previous_ns = self.now_ns
        if self.last is None or self.last_safe is None:
            self.last_safe = read.safety_ok
            return
        fell, self.last_safe = self.last_safe and not read.safety_ok and read.dio_healthy, read.safety_ok
        ran = self.last.image.p3_on and self.last.status.state in RUNNING
        if fell and ran and out.status.state in RUNNING | {"FAULT"} and not inputs.commands:
            self.require(image.p3_on, "P3 stops with SAFETY_OK")

    def _fan(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        runs = out.image.p5_setpoint_pct >= self.p.p5.min_pct
        self.p5_since_ns = self._since(self.p5_since_ns, runs)
        if out.image.cooler_on:
            self.require(out.image.p5_setpoint_pct >= self.p.p5.min_pct, "fan without P5")
            self.require(inputs.image.cooler_ok, "fan with a cooler fault")
            self.require(out.image.p3_on, "fan without P3")
            self.require(not out.image.rv1_a, "fan while RV1 drives to A")
            self.require(self._stands(0, "B"), "fan without RV1 at B")
            proven_ns = 0 if self.p5_since_ns is None else self.now_ns - self.p5_since_ns + SLACK_NS
            first = self.last is None or not self.last.image.cooler_on
            least_ns = self.p.cooler.p5_before_fan_s * S_NS
            self.require(not first or proven_ns >= least_ns, "fan before P5 is proven")

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
        self.require(
            inputs.image.t_buffer_bottom_degc.value >= self.p.frost.water_min_degc, "K7 with a cold buffer"
        )
        if self.p.dhw.present and "dhw" not in (out.status.route, self.last and self.last.status.route):
            tank = inputs.t_dhw_degc
            self.require(tank.ok, "K7 without a tank temperature")
            self.require(tank.value >= self.p.dhw.demand_degc, "K7 over a cold tank")
        if self.blocked_since_ns is None:
            self.blocked_since_ns = self.now_ns
        self.require(
            self.now_ns - self.blocked_since_ns <= self.p.hp_block.block_max_s * S_NS, "K7 beyond its longest"
        )

    def _budgets(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        """K7 within its day, and free in between; the grid operator's time counts as ours."""
        p, own = self.p.hp_block, out.image.hp_block
        begins = own and not (self.last is not None and self.last.image.hp_block)
        if begins:
            free_ns = self.now_ns - (self.began_ns if self.free_since_ns is None else self.free_since_ns)
            least_ns = max(p.free_min_s, p.hp_min_run_s) * S_NS
            self.require(free_ns + SLACK_NS >= least_ns, "K7 without its free time")
        any_block = own or inputs.image.grid_block
        day_ns = self.now_ns - DAY_NS
        blocked = tuple((begin, end) for begin, end in self.blocked if end > day_ns)
        if any_block and self.free_since_ns is None and blocked:
            blocked = (*blocked[:-1], (blocked[-1][0], self.now_ns))
        elif any_block:
            blocked = (*blocked, (self.now_ns, self.now_ns))
        self.blocked = blocked
        self.free_since_ns = None if any_block else self._since(self.free_since_ns, True)
        if own:
            used_ns = sum(end - max(begin, day_ns) for begin, end in blocked)
            self.require(used_ns <= p.max_s_per_day * S_NS + SLACK_NS, "K7 beyond its time of the day")
            begun = sum(begin > day_ns for begin, _ in blocked)
            self.require(not begins or begun <= p.max_blocks_per_day, "K7 beyond its blocks of the day")

    def _no_answer(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        """A device that does not do as it is told is given up or named, within its time."""
        read, image, safety = inputs.image, out.image, self.p.safety
        pairs = ((image.m1_enable, read.k10_fb), (image.m2_enable, read.k11_fb))
        for index, (enable, closed) in enumerate(pairs):
            known = read.dio_healthy
            mute = self._since(self.mute_since_ns[index], known and enable and not closed)
            stuck = self._since(self.stuck_since_ns[index], known and closed and not enable)
            self.mute_since_ns[index], self.stuck_since_ns[index] = mute, stuck
            self.require(not self._lasts(mute, safety.contactor_feedback_s), "enable without an answer")
            named = "A-012" in out.status.alarms
            self.require(named or not self._lasts(stuck, safety.contactor_feedback_s), "welded without A-012")
        dry = image.p3_on and not read.flow_ok and read.dio_healthy and out.status.state in NEEDS_FLOW
        self.dry_since_ns = self._since(self.dry_since_ns, dry)
        patience_s = safety.flow_proof_s + safety.flow_off_s
        self.require(not self._lasts(self.dry_since_ns, patience_s), "P3 without flow goes on")

    def _fault(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        """Until somebody acknowledges, FAULT has a name."""
        acknowledged = inputs.image.ack_pb or any(command.name == "ack" for command in inputs.commands)
        silent = out.status.state == "FAULT" and not out.status.alarms
        if acknowledged:
            self.acknowledged = True
        elif out.status.state != "FAULT":
            self.acknowledged = False
        self.fault_since_ns = self._since(self.fault_since_ns, silent and not self.acknowledged)
        since = self.fault_since_ns
        self.require(since is None or self.now_ns - since <= FAULT_ALARM_NS, "FAULT without an alarm")

    def _analogue(self, out: PlantOutputs) -> None:
        for value, p in ((out.image.p4_setpoint_pct, self.p.p4), (out.image.p5_setpoint_pct, self.p.p5)):
            self.require(math.isfinite(value), "set point is not a number")
            self.require(value == 0.0 or p.min_pct <= value <= 100.0, f"set point {value} outside its range")

    def _heartbeat(self, inputs: PlantInputs, out: PlantOutputs) -> None:
        healthy = inputs.image.dio_healthy and inputs.image.aio_healthy
        self.require(healthy or not out.image.heartbeat, "heartbeat in a sick scan")
