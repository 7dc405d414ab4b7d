"""Pumps: on/off by relay (P3) and speed by 0-10 V (P4, P5).

The 0-10 V input belongs to the control module on the pump, and the mode chosen in the pump's menu
decides what a voltage means. Most of all it decides what 0 V means, and 0 V is what a dead controller
gives (plant reference, topic pumps P4 and P5):

| curve        | 0 V                           | stop     | running                                   |
|--------------|-------------------------------|----------|-------------------------------------------|
| `off_0_10`   | stop                          | below 1 V| 3-10 V = min..max; 1-3 V min if running   |
| `no_off`     | minimum speed, never stops    | -        | 0-10 V = min..max                         |
| `cb_2_10`    | cable break: speed of the menu| 1-2.5 V  | 2.5-3 V min; 3-10 V = min..max            |
| `solar_10_0` | MAXIMUM speed                 | over 9.3 V| 8.5-9.3 V min; 8.5-0.5 V = min..max      |

To start, `off_0_10` needs 2-3 V where 1 V is enough to keep running, and `solar_10_0` 8.8 V or less. The
range 0.2-2.9 V of `off_0_10` is neither stop nor start for certain, so no setpoint ever maps into it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from plc.blocks.budget import StartsPerHour
from plc.blocks.core import NS_PER_S, Block, Tick
from plc.blocks.duty import MinTimes, RunHours, StartCounter
from plc.blocks.timers import TON


class Curve(StrEnum):
    """What the pump's module makes of 0-10 V; chosen in the pump's menu."""

    OFF_0_10 = "off_0_10"
    NO_OFF = "no_off"
    CB_2_10 = "cb_2_10"
    SOLAR_10_0 = "solar_10_0"


_STOP_V = {Curve.OFF_0_10: 0.0, Curve.NO_OFF: 0.0, Curve.CB_2_10: 1.7, Curve.SOLAR_10_0: 10.0}
_SPAN_V = {Curve.OFF_0_10: 7.0, Curve.NO_OFF: 10.0, Curve.CB_2_10: 7.0, Curve.SOLAR_10_0: 8.0}
"""Volts between 0 % and 100 % of the working range."""


def volts(setpoint_pct: float, curve: Curve) -> float:
    """Output voltage for a setpoint in percent of the working range.

    setpoint_pct: 0 (or less, or not a number) = stop; above 0 up to 100 = minimum to maximum speed;
    larger values count as 100. `no_off` has no stop: 0 gives 0 V, which is minimum speed.
    """
    if not setpoint_pct > 0.0:
        return _STOP_V[curve]
    pct = min(setpoint_pct, 100.0)
    if curve is Curve.NO_OFF:
        return pct / 10.0
    if curve is Curve.SOLAR_10_0:
        return 8.5 - 8.0 * pct / 100.0
    return 3.0 + 7.0 * pct / 100.0


def module_speed_pct(
    voltage: float, curve: Curve, *, running: bool, cable_break_pct: float | None = 100.0
) -> float | None:
    """What the pump's module does with a voltage: speed in percent of min..max, None = stopped.

    running: the pump turns now; decides in the hysteresis between stop and start. cable_break_pct:
    reaction of `cb_2_10` below 1 V as set in the menu (factory: maximum; None = off).
    The inverse of `volts`, for the virtual plant, for tests and for check-out.
    """
    if curve is Curve.NO_OFF:
        return _between(voltage * 10.0)
    if curve is Curve.SOLAR_10_0:
        if voltage > 9.3 or (voltage > 8.8 and not running):
            return None
        return _between((8.5 - voltage) / 8.0 * 100.0)
    if curve is Curve.CB_2_10:
        if voltage < 1.0:
            return cable_break_pct
        if voltage < 2.5:
            return None
    elif voltage < 1.0 or (voltage < 2.0 and not running):
        return None
    return _between((voltage - 3.0) / 7.0 * 100.0)


def _between(pct: float) -> float:
    return min(100.0, max(0.0, pct))


class PumpStatus(StrEnum):
    """What the pump does and, when that is not what was asked, why."""

    OFF = "off"
    ON = "on"
    PROTECT = "protect"  # runs because a protection asks for it
    MIN_ON = "min_on"  # not wanted any more, minimum on time runs
    WAIT_MIN_OFF = "wait_min_off"  # wanted, minimum off time runs
    WAIT_STARTS = "wait_starts"  # wanted, starts of this hour are used up
    NO_PROOF = "no_proof"  # commanded, but nothing shows that it pumps
    TRIPPED = "tripped"  # forced off


class OnOffPump(Block):
    """Pump behind a relay, with proof of flow.

    request: wanted. protect: must run (also beyond the starts per hour: cooling is worth more than the
    pump). trip: must not run; stronger than protect and than the minimum on time. Nothing shortens the
    minimum off time, and it counts as over when the program starts, so a hot oil tank gets its pump
    with the first scan.
    proof: flow shown by the switch; None = no proof exists, then nothing is supervised.

    on (result of step): the relay. proved: on and flow shown. no_proof: on for proof_s, or flow lost for
    proof_lost_s after it was proved, until flow shows or the pump is off. The pump stays on then:
    whether anything must trip is for the plant to decide, and flow cannot return to a pump that stands.

    Minimum times count from the relay, not from the flow: a switch that sticks closed would otherwise
    never let the minimum off time begin. Times of P3: plant reference, topic pump P3.
    """

    __slots__ = (
        "_lost",
        "_missing",
        "_starts",
        "_times",
        "hours",
        "no_proof",
        "on",
        "proved",
        "starts",
        "status",
    )

    STATE: ClassVar[tuple[str, ...]] = (
        "_times",
        "_starts",
        "_missing",
        "_lost",
        "hours",
        "starts",
        "on",
        "proved",
        "no_proof",
        "status",
    )

    def __init__(
        self,
        *,
        min_on_s: float = 120.0,
        min_off_s: float = 10.0,
        max_starts_per_h: int = 10,
        proof_s: float = 20.0,
        proof_lost_s: float = 2.0,
    ) -> None:
        self._times = MinTimes(min_on_s, min_off_s, off_served=True)
        self._starts = StartsPerHour(max_starts_per_h)
        self._missing = TON(proof_s)
        self._lost = TON(proof_lost_s)
        self.hours = RunHours()
        self.starts = StartCounter()
        self.on = False
        self.proved = False
        self.no_proof = False
        self.status = PumpStatus.OFF

    def step(
        self,
        tick: Tick,
        *,
        request: bool,
        trip: bool = False,
        protect: bool = False,
        proof: bool | None = None,
    ) -> bool:
        was_on = self.on
        start_ok = self._starts.advance(tick) or was_on or protect
        wanted = request or protect
        self.on = on = self._times.step_unproved(tick, request=wanted and start_ok, trip=trip)
        if on and not was_on:
            self._starts.book()
        self.hours.step(tick, running=on)
        self.starts.step(tick, running=on)
        self._supervise(tick, on, proof)
        self.status = self._judge(wanted=wanted, trip=trip, protect=protect, start_ok=start_ok)
        return on

    def _supervise(self, tick: Tick, on: bool, proof: bool | None) -> None:
        if not on or proof is None:
            self.proved = self.no_proof = False
            self._missing.step(tick, in_=False)
            self._lost.step(tick, in_=False)
            return
        if proof:
            self.proved = True
        missing = self._missing.step(tick, in_=not proof and not self.proved)
        lost = self._lost.step(tick, in_=not proof and self.proved)
        if lost:
            self.proved = False
        self.no_proof = not proof and (missing or lost or self.no_proof)

    def _judge(self, *, wanted: bool, trip: bool, protect: bool, start_ok: bool) -> PumpStatus:
        if self.on:
            if self.no_proof:
                return PumpStatus.NO_PROOF
            if protect:
                return PumpStatus.PROTECT
            return PumpStatus.ON if wanted else PumpStatus.MIN_ON
        if trip:
            return PumpStatus.TRIPPED
        if not wanted:
            return PumpStatus.OFF
        return PumpStatus.WAIT_MIN_OFF if start_ok else PumpStatus.WAIT_STARTS


class VoltagePump(Block):
    """Pump with a 0-10 V speed input: setpoint in percent with slew limit and minimum times.

    setpoint_pct: wanted speed, 0 = stop; above 0 it is at least min_pct.
    protect_pct:  at least this speed and not off, 0 = no protection asks.
    trip:         0 at once; stronger than protection and minimum on time.

    pct (result of step): 0 or min_pct..100. A start goes to min_pct in one step, because below 3 V the
    pump may stand still or not; from there it moves with the slew limit, which is given in V/s and
    converted with the curve. A stop goes to 0 in one step for the same reason. Minimum off counts as over
    when the program starts (see OnOffPump). on: pct above 0. With `no_off` the pump turns at minimum
    speed even at 0 %.

    Min times count from our own output: the pump's fault relay is closed when the pump has no supply and
    proves nothing. Source: plant reference, topic pumps P4 and P5.
    """

    __slots__ = (
        "_max_step_pct_per_s",
        "_times",
        "curve",
        "hours",
        "min_pct",
        "on",
        "pct",
        "starts",
        "status",
    )

    STATE: ClassVar[tuple[str, ...]] = ("_times", "hours", "starts", "on", "pct", "status")

    def __init__(
        self,
        *,
        min_pct: float,
        curve: Curve = Curve.OFF_0_10,
        slew_v_per_s: float = 1.0,
        min_on_s: float = 60.0,
        min_off_s: float = 30.0,
    ) -> None:
        """min_pct above 0 up to 100, slew_v_per_s above 0; ValueError otherwise."""
        if not 0.0 < min_pct <= 100.0 or not slew_v_per_s > 0.0:
            raise ValueError(f"VoltagePump: min_pct is {min_pct}, slew_v_per_s is {slew_v_per_s}")
        self.curve = curve
        self.min_pct = min_pct
        self._max_step_pct_per_s = slew_v_per_s / _SPAN_V[curve] * 100.0
        self._times = MinTimes(min_on_s, min_off_s, off_served=True)
        self.hours = RunHours()
        self.starts = StartCounter()
        self.on = False
        self.pct = 0.0
        self.status = PumpStatus.OFF

    def step(self, tick: Tick, *, setpoint_pct: float, trip: bool = False, protect_pct: float = 0.0) -> float:
        was_on = self.on
        protect = protect_pct > 0.0
        wanted = setpoint_pct > 0.0 or protect
        self.on = on = self._times.step_unproved(tick, request=wanted, trip=trip)
        self.hours.step(tick, running=on)
        self.starts.step(tick, running=on)
        if not on:
            self.pct = 0.0
            self.status = (
                PumpStatus.TRIPPED if trip else PumpStatus.WAIT_MIN_OFF if wanted else PumpStatus.OFF
            )
            return 0.0
        if was_on:
            goal = min(100.0, max(setpoint_pct, protect_pct, self.min_pct))
            most = self._max_step_pct_per_s * tick.dt_ns / NS_PER_S
            self.pct = min(max(goal, self.pct - most), self.pct + most)
        else:
            self.pct = self.min_pct
        self.status = PumpStatus.PROTECT if protect else PumpStatus.ON if wanted else PumpStatus.MIN_ON
        return self.pct
