"""Pumps and valves as machines: what they do with a voltage, a relay and time.

Pump modules follow the four 0-10 V modes of the pump's manual (plant reference, topic pumps); valves
turn 90 degrees in their running time, hold without power and have no feedback.
"""

from __future__ import annotations

from plc.blocks.pump import Curve


class VirtualPump:
    """P4 or P5: flow as a share of nominal, from volts, with start hysteresis and a 2 s ramp.

    stopped: fault, the motor stands although it is told to run; the module opens its SSM contact.
    blocked: no water moves (closed valve, air, broken coupling) and the module notices nothing.
    """

    __slots__ = ("_curve", "_min", "_ramp_s", "blocked", "flow", "running", "stopped")

    def __init__(self, curve: Curve, min_flow: float, ramp_s: float) -> None:
        self._curve = curve
        self._min = min_flow
        self._ramp_s = ramp_s
        self.flow = 0.0
        self.running = False
        self.stopped = self.blocked = False

    @property
    def ssm_ok(self) -> bool:
        """Closed when healthy (also without power): it does not prove that the motor runs."""
        return not self.stopped

    def step(self, dt_s: float, volts: float) -> float:
        """Share of nominal flow after dt_s."""
        wanted = 0.0 if self.stopped or self.blocked else self._wanted(volts)
        flow = self.flow
        if flow != wanted:
            change = dt_s / self._ramp_s
            if wanted > flow:
                flow = wanted if wanted - flow <= change else flow + change
            else:
                flow = wanted if flow - wanted <= change else flow - change
            self.flow = flow
        return flow

    def _wanted(self, volts: float) -> float:
        curve = self._curve
        if curve is Curve.OFF_0_10:
            self.running = volts >= 1.0 if self.running else volts >= 2.0
            share = (volts - 3.0) / 7.0
        elif curve is Curve.NO_OFF:
            self.running = True
            share = volts / 10.0
        elif curve is Curve.CB_2_10:
            if volts < 1.0:  # taken for a broken cable: full speed, as the module leaves the factory
                self.running = True
                return 1.0
            self.running = volts >= 2.5
            share = (volts - 3.0) / 7.0
        else:
            self.running = volts <= 9.3 if self.running else volts <= 8.8
            share = 1.0 if volts < 0.5 else (8.5 - volts) / 8.0
        if not self.running:
            return 0.0
        return min(1.0, max(self._min, share))


class VirtualRelayPump:
    """P3: on or off; flow as a share of nominal with a 2 s ramp."""

    __slots__ = ("_ramp_s", "flow", "stopped")

    def __init__(self, ramp_s: float) -> None:
        self._ramp_s = ramp_s
        self.flow = 0.0
        self.stopped = False

    def step(self, dt_s: float, on: bool) -> float:
        """Share of nominal flow after dt_s."""
        if on and not self.stopped:
            if self.flow < 1.0:
                self.flow = min(1.0, self.flow + dt_s / self._ramp_s)
        elif self.flow > 0.0:
            self.flow = max(0.0, self.flow - dt_s / self._ramp_s)
        return self.flow


class VirtualValve:
    """RV1 or RV2: position 0 = A .. 1 = B. Both relays at once is what must never happen.

    jammed: fault, the ball does not move. both_seen: both directions were energised at least once.
    """

    __slots__ = ("_run_s", "both_seen", "jammed", "position", "strokes")

    def __init__(self, run_s: float, position: float = 0.0) -> None:
        self._run_s = run_s
        self.position = position
        self.jammed = False
        self.both_seen = False
        self.strokes = 0.0  # full travels, as a measure of wear

    def step(self, dt_s: float, to_a: bool, to_b: bool) -> float:
        """Position after dt_s."""
        if to_a and to_b:
            self.both_seen = True
        elif (to_a or to_b) and not self.jammed:
            before = self.position
            if to_a:
                self.position = max(0.0, before - dt_s / self._run_s)
            else:
                self.position = min(1.0, before + dt_s / self._run_s)
            self.strokes += abs(self.position - before)
        return self.position
