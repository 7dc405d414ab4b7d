"""Analogue signals: hysteresis, limit, ramp, moving mean, PI controller, linear scaling.

A missing value is None and never a zero. Each block says what it does with it: a hysteresis and a
controller hold their output, a mean leaves the time out, a scaling passes it on.
"""

from __future__ import annotations

from math import fsum
from typing import ClassVar

from plc.blocks.core import NS_PER_S, Block, Tick, ns


def limit(low: float, value: float, high: float) -> float:
    """IEC LIMIT(MN, IN, MX): the value, not below low and not above high; low wins when they cross."""
    return max(low, min(value, high))


class Hysteresis(Block):
    """Two-point switch.

    on_at above off_at: on at or above on_at, off at or below off_at (cooling, "too hot").
    on_at below off_at: on at or below on_at, off at or above off_at (heating, "too cold").
    value: None holds the output; whether that may last is for the caller's permissives to say.
    """

    __slots__ = ("off_at", "on_at", "q")

    STATE: ClassVar[tuple[str, ...]] = ("q",)

    def __init__(self, on_at: float, off_at: float, *, q: bool = False) -> None:
        """q: output before the first decision. ValueError when the two limits are equal."""
        if on_at == off_at:
            raise ValueError(f"Hysteresis: on_at and off_at are both {on_at}")
        self.on_at = on_at
        self.off_at = off_at
        self.q = q

    def step(self, tick: Tick, *, value: float | None) -> bool:
        if value is not None:
            if self.on_at > self.off_at:
                if value >= self.on_at:
                    self.q = True
                elif value <= self.off_at:
                    self.q = False
            elif value <= self.on_at:
                self.q = True
            elif value >= self.off_at:
                self.q = False
        return self.q


class Ramp(Block):
    """Rate limiter: value follows target with up_per_s and down_per_s, both in units per second, > 0.

    It starts at `value` and ramps from there; preset() jumps. target None holds.
    """

    __slots__ = ("_down_per_s", "_up_per_s", "value")

    STATE: ClassVar[tuple[str, ...]] = ("value",)

    def __init__(self, up_per_s: float, down_per_s: float, *, value: float = 0.0) -> None:
        """value: start. ValueError when a rate is not above 0."""
        if not up_per_s > 0 or not down_per_s > 0:
            raise ValueError(f"Ramp: up_per_s {up_per_s}, down_per_s {down_per_s}, must be > 0")
        self._up_per_s = up_per_s
        self._down_per_s = down_per_s
        self.value = value

    def preset(self, value: float) -> None:
        """Puts the output to a value without a ramp."""
        self.value = value

    def step(self, tick: Tick, *, target: float | None) -> float:
        if target is None:
            return self.value
        if target > self.value:
            self.value = min(target, self.value + self._up_per_s * tick.dt_ns / NS_PER_S)
        elif target < self.value:
            self.value = max(target, self.value - self._down_per_s * tick.dt_ns / NS_PER_S)
        return self.value


class MovingMean(Block):
    """Mean over the last window_s, from time-weighted samples of sample_s each.

    value: None for a time without value; that time is left out of the mean, not counted as zero.
    mean (result of step): None until there is any value. coverage: share of the window that had values,
    0..1; a mean over a fifth of a day is not the mean of a day, the caller decides what it needs.
    The mean changes once per sample; the sample under way is not in it, except before the first is full.
    """

    __slots__ = ("_elapsed_ns", "_n", "_sample_ns", "_samples", "_valid_ns", "_weighted", "coverage", "mean")

    STATE: ClassVar[tuple[str, ...]] = (
        "_elapsed_ns",
        "_samples",
        "_valid_ns",
        "_weighted",
        "coverage",
        "mean",
    )

    def __init__(self, window_s: float, sample_s: float) -> None:
        """ValueError unless 0 < sample_s <= window_s."""
        if not 0 < sample_s <= window_s:
            raise ValueError(f"MovingMean: sample_s {sample_s}, window_s {window_s}")
        self._sample_ns = ns(sample_s)
        self._n = max(1, round(window_s / sample_s))
        self._samples: list[float | None] = []  # oldest first, at most _n
        self._elapsed_ns = 0
        self._valid_ns = 0
        self._weighted = 0.0
        self.mean: float | None = None
        self.coverage = 0.0

    def step(self, tick: Tick, *, value: float | None) -> float | None:
        if value is not None:
            self._valid_ns += tick.dt_ns
            self._weighted += value * tick.dt_ns
        self._elapsed_ns += tick.dt_ns
        if self._elapsed_ns >= self._sample_ns:
            self._close_sample()
        elif not self._samples and self._valid_ns:
            self.mean = self._weighted / self._valid_ns
        return self.mean

    def _close_sample(self) -> None:
        sample = self._weighted / self._valid_ns if self._valid_ns else None
        times = min(self._n, self._elapsed_ns // self._sample_ns)  # a long scan fills several samples
        self._samples += [sample] * times
        del self._samples[: -self._n]
        self._elapsed_ns %= self._sample_ns
        self._valid_ns = 0
        self._weighted = 0.0
        known = [sample for sample in self._samples if sample is not None]
        self.mean = fsum(known) / len(known) if known else None
        self.coverage = len(known) / self._n


class PI(Block):
    """PI controller with limits, anti-windup and bumpless hand-over.

    sp, pv: set point and process value in the same unit; pv None holds the output, and control goes on
             from there without a jump when the value comes back.
    reverse: False = output rises when pv is below sp (heating); True = output rises when pv is above sp
             (cooling: hotter oil, faster pump).
    track:   a value that something else writes to the actuator now (hand, protection, start). The output
             follows it and the integral is set so that control takes over without a jump.
    out (result of step): low..high. kp in output units per input unit, ti_s in seconds.
    kp, ti_s, low, high may be changed while running.

    Anti-windup: the integral does not move further into a limit that the output has reached.
    """

    __slots__ = ("_held", "high", "integral", "kp", "low", "out", "reverse", "ti_s")

    STATE: ClassVar[tuple[str, ...]] = ("_held", "integral", "out")

    def __init__(self, kp: float, ti_s: float, low: float, high: float, *, reverse: bool = False) -> None:
        """ValueError unless kp > 0, ti_s > 0 and low < high."""
        if not kp > 0 or not ti_s > 0 or not low < high:
            raise ValueError(f"PI: kp {kp}, ti_s {ti_s}, low {low}, high {high}")
        self.kp = kp
        self.ti_s = ti_s
        self.low = low
        self.high = high
        self.reverse = reverse
        self.integral = low
        self.out = low
        self._held = False  # the output was held: the integral does not belong to it

    def step(self, tick: Tick, *, sp: float, pv: float | None, track: float | None = None) -> float:
        if track is not None:
            self.out = limit(self.low, track, self.high)
        if pv is None:
            self._held = True
            return self.out
        proportional = self.kp * (pv - sp if self.reverse else sp - pv)
        if track is not None or self._held:
            self._held = False
            self.integral = self.out - proportional
            return self.out
        before = self.integral
        step = proportional * tick.dt_ns / NS_PER_S / self.ti_s
        self.integral = before + step
        raw = proportional + self.integral
        if raw > self.high and step > 0:
            self.integral = max(before, self.high - proportional)
        elif raw < self.low and step < 0:
            self.integral = min(before, self.low - proportional)
        self.out = limit(self.low, raw, self.high)
        return self.out


class Scale(Block):
    """Straight line through (x0, y0) and (x1, y1). value None gives None. Not limited."""

    __slots__ = ("_slope", "_x0", "_y0")

    def __init__(self, x0: float, x1: float, y0: float, y1: float) -> None:
        """ValueError when x0 and x1 are equal."""
        if x0 == x1:
            raise ValueError(f"Scale: x0 and x1 are both {x0}")
        self._x0 = x0
        self._y0 = y0
        self._slope = (y1 - y0) / (x1 - x0)

    def step(self, tick: Tick, *, value: float | None) -> float | None:
        return None if value is None else self._y0 + (value - self._x0) * self._slope
