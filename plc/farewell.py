"""An ordered end: the miners are asked to pause before their supply goes.

A miner that loses power in full work is harmed a little each time, and starts at its last saved target
when supply returns. So after SIGTERM the plant scans on for a moment while the drivers send the pause;
then the outputs drop, answer or not. The moment is short against every supervisor's patience, and a
second signal, a fault or a trip does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable

from plc.blocks.core import NS_PER_S
from plc.exchange import Exchange

GRACE_NS = NS_PER_S
"""One second: several answers of a healthy miner, a third of what an ordered stop may take."""


class Farewell:
    """What the scan asks to know whether it shall stop: the flag, and the pause before it takes effect."""

    def __init__(self, stop: Callable[[], bool], exchange: Exchange, now_ns: Callable[[], int]) -> None:
        self._stop, self._exchange, self._now_ns = stop, exchange, now_ns
        self._since_ns: int | None = None

    def __call__(self) -> bool:
        if not self._stop():
            return False
        last = self._exchange.last.latest
        if last is None or not (last.outputs.image.m1_enable or last.outputs.image.m2_enable):
            return True
        if self._since_ns is None:
            self._since_ns = self._now_ns()
            self._exchange.parting = True
        return self._now_ns() - self._since_ns >= GRACE_NS
