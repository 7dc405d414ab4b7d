"""From the raw value of an analogue input to a reading that knows how far it can be trusted.

Pure and deterministic: the time is an argument. A value that cannot be trusted is held for a moment
and then gone; it never becomes a zero and never an old number that looks new. Limits of the 4-20 mA
signal after NAMUR NE 43 (RevPi reference, topic temperatures with one AIO module).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from plc.blocks.core import NS_PER_S, Origin, Quality, Reading, ns

BREAK_BELOW_UA = 3600
"""Below 3.6 mA the loop is open: a transmitter cannot live on less."""

FAULT_ABOVE_UA = 21_000
"""Above 21 mA the transmitter itself signals a fault, or the loop is shorted."""

_RATE_WINDOW_NS = ns(0.2)
"""The rate is judged over at least this time: one step of resolution in a short scan is no jump."""


class Fault(StrEnum):
    """Why a channel is not good now."""

    NONE = "none"
    NEVER = "never_read"
    MODULE = "module_not_healthy"
    STATUS = "module_reports_range_error"
    BREAK = "wire_break"
    OVERCURRENT = "sensor_fault_current"
    RANGE = "implausible_value"
    RATE = "implausible_change"
    FROZEN = "frozen_value"


_NONE, _GOOD, _ANY = Fault.NONE, Quality.GOOD, float("inf")

Conversion = Callable[[int], float | Fault]
"""Raw value -> engineering unit, or the fault that the raw value itself shows."""


def current_4_20_ma(low: float, high: float) -> Conversion:
    """Micro-ampere -> value; low at 4 mA, high at 20 mA, straight on to the NE 43 limits."""
    slope = (high - low) / 16_000

    def convert(raw_ua: int) -> float | Fault:
        if raw_ua < BREAK_BELOW_UA:
            return Fault.BREAK
        if raw_ua > FAULT_ABOVE_UA:
            return Fault.OVERCURRENT
        return low + (raw_ua - 4000) * slope

    return convert


def voltage_0_10_v(low: float, high: float) -> Conversion:
    """Millivolt -> value; low at 0 V, high at 10 V. A broken wire reads 0 V and cannot be told from low."""
    slope = (high - low) / 10_000

    def convert(raw_mv: int) -> float | Fault:
        return low + raw_mv * slope

    return convert


def rtd(raw_tenths: int) -> float | Fault:
    """Resistance thermometer: 0.1 degC -> degC."""
    return raw_tenths / 10


class AnalogueInput:
    """One channel with its memory.

    convert: raw value -> engineering unit. minimum, maximum: plausible range, inclusive.
    max_rate_per_s: fastest plausible change against the last good value, None = any. hold_ns: a bad
    sensor keeps its last good value for so long. frozen_ns: the same raw value for so long is a dead
    sensor, 0 = not checked. origin: measured, or sim where everything is simulated.
    """

    __slots__ = (
        "_convert",
        "_frozen_ns",
        "_good_ns",
        "_good_value",
        "_hold_ns",
        "_max_rate",
        "_maximum",
        "_minimum",
        "_origin",
        "_raw",
        "_raw_since_ns",
        "fault",
    )

    def __init__(
        self,
        convert: Conversion,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        max_rate_per_s: float | None = None,
        hold_ns: int = 0,
        frozen_ns: int = 0,
        origin: Origin = Origin.MEASURED,
    ) -> None:
        self._convert = convert
        self._minimum = -_ANY if minimum is None else minimum
        self._maximum = _ANY if maximum is None else maximum
        self._max_rate = max_rate_per_s
        self._hold_ns = hold_ns
        self._frozen_ns = frozen_ns
        self._origin = origin
        self._good_value: float | None = None
        self._good_ns = 0
        self._raw: int | None = None
        self._raw_since_ns = 0
        self.fault = Fault.NEVER

    def step(self, raw: int, *, status: int, healthy: bool, now_ns: int) -> Reading:
        """The reading of this scan.

        status: status byte of the channel, 0 = fine. healthy: the module talks to us; while it does
        not, the raw value is the last one before the fault and says nothing.
        """
        if not healthy:
            return self._without(Fault.MODULE, now_ns)
        if raw != self._raw:
            self._raw = raw
            self._raw_since_ns = now_ns
        value = self._convert(raw)
        if value.__class__ is Fault:
            return self._without(value, now_ns)
        if status:
            return self._without(Fault.STATUS, now_ns)
        if not self._minimum <= value <= self._maximum:  # type: ignore[operator]
            return self._without(Fault.RANGE, now_ns)
        if self._max_rate is not None and self._jumped(value, now_ns):  # type: ignore[arg-type]
            return self._without(Fault.RATE, now_ns)
        if self._frozen_ns and now_ns - self._raw_since_ns >= self._frozen_ns:
            return self._without(Fault.FROZEN, now_ns)
        self.fault = _NONE
        self._good_value = value  # type: ignore[assignment]
        self._good_ns = now_ns
        return Reading(value, _GOOD, self._origin, now_ns)  # type: ignore[arg-type]

    def _jumped(self, value: float, now_ns: int) -> bool:
        """True for a change that nature cannot do since the last good value.

        The allowed change grows with the time since then, so a sensor that was really replaced is
        believed again after a while, and a loose contact that jumps to and fro never is.
        """
        if self._good_value is None or self._max_rate is None:
            return False
        elapsed_ns = now_ns - self._good_ns
        if elapsed_ns < _RATE_WINDOW_NS:
            elapsed_ns = _RATE_WINDOW_NS
        change = value - self._good_value
        allowed = self._max_rate * (elapsed_ns / NS_PER_S)
        return change > allowed or -change > allowed

    def _without(self, fault: Fault, now_ns: int) -> Reading:
        self.fault = fault
        if self._good_value is None:
            return Reading(None, Quality.NEVER, self._origin, 0)
        if now_ns - self._good_ns <= self._hold_ns:
            return Reading(self._good_value, Quality.HELD, self._origin, self._good_ns)
        return Reading(None, Quality.BAD, self._origin, self._good_ns)
