"""Virtual time for block tests: nothing here sleeps or looks at a clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plc.blocks.core import NS_PER_MS, NS_PER_S, Block, Tick

SCAN_MS = 100
TEN_DAYS_NS = 10 * 86_400 * NS_PER_S


class Clock:
    """Hands out ticks; dt is the scan period unless a call says otherwise."""

    def __init__(self, now_ns: int = 0, scan_ms: int = SCAN_MS) -> None:
        self.now_ns = now_ns
        self.scan_ms = scan_ms

    def tick(self, dt_ms: int | None = None) -> Tick:
        dt_ns = (self.scan_ms if dt_ms is None else dt_ms) * NS_PER_MS
        self.now_ns += dt_ns
        return Tick(self.now_ns, dt_ns)

    def run(self, block: Block, seconds: float, **inputs: Any) -> Any:
        """Steps a block with constant inputs for a time; returns the last result."""
        result = None
        for tick in self.ticks(seconds):
            result = block.step(tick, **inputs)
        return result

    def ticks(self, seconds: float) -> Iterator[Tick]:
        for _ in range(round(seconds * 1000 / self.scan_ms)):
            yield self.tick()

    def until(self, block: Block, done: Any, *, limit_s: float, **inputs: Any) -> float:
        """Steps until done(block); returns the seconds after the first step. Fails at the limit."""
        start_ns = self.now_ns + self.scan_ms * NS_PER_MS
        for tick in self.ticks(limit_s):
            block.step(tick, **inputs)
            if done(block):
                return (tick.now_ns - start_ns) / NS_PER_S
        raise AssertionError(f"not reached within {limit_s} s")
