"""Slope of a temperature over a sliding window, for the two detectors that protect against lost cooling."""

from __future__ import annotations

from plc.blocks.core import Block, Tick, ns

SAMPLES = 10


class Slope(Block):
    """Mean slope over a window, from samples averaged in tenths of it so that noise and steps of the
    converter do not count.

    window_s: length of the window, > 0.
    step(tick, value=) -> K/s, or None until the window is full. A missing value empties the window: a
    slope across a gap would be a guess.
    """

    __slots__ = ("_count", "_elapsed_ns", "_sample_ns", "_samples", "_total", "slope_per_s", "window_s")

    STATE = ("slope_per_s", "_samples", "_elapsed_ns", "_total", "_count")

    def __init__(self, *, window_s: float) -> None:
        self.window_s = window_s
        self._sample_ns = ns(window_s / SAMPLES)
        self._samples: list[float] = []
        self._elapsed_ns = 0
        self._total = 0.0
        self._count = 0
        self.slope_per_s: float | None = None

    def step(self, tick: Tick, *, value: float | None) -> float | None:
        if value is None:
            self._samples.clear()
            self._elapsed_ns = 0
            self._total = 0.0
            self._count = 0
            self.slope_per_s = None
            return None
        self._total += value
        self._count += 1
        self._elapsed_ns += tick.dt_ns
        if self._elapsed_ns >= self._sample_ns:
            self._sample(self._elapsed_ns // self._sample_ns)
        return self.slope_per_s

    def _sample(self, passed: int) -> None:
        """Closes a sample; a long scan fills every sample that it spans with the same mean."""
        self._elapsed_ns -= passed * self._sample_ns
        mean = self._total / self._count
        self._samples.extend([mean] * min(passed, SAMPLES + 1))
        del self._samples[: -(SAMPLES + 1)]
        self._total = 0.0
        self._count = 0
        if len(self._samples) > SAMPLES:
            self.slope_per_s = (self._samples[-1] - self._samples[0]) / self.window_s
