"""Garbage collection in the slack of the cycle instead of in the middle of it.

An automatic collection runs in whichever thread happens to allocate, and a full one over the objects of
protobuf, pydantic and the site takes tens of milliseconds on the target. So: everything alive after start
is frozen out of the collector, automatic collection is switched off, and the scan collects the young
generations itself when the next deadline is far enough away.

What is given up: a cycle of garbage lives until the scan has slack. If it never has, COUNT_LIMIT forces a
collection: a late scan is counted and seen, a process that grows until the kernel kills it is not.
"""

from __future__ import annotations

import gc

from plc.blocks.core import NS_PER_MS


class SlackCollector:
    """Call it once per scan with the time that is left."""

    YOUNG_EVERY = 10  # scans; a handful of young objects each, some ten microseconds
    MIDDLE_EVERY = 100  # scans
    OLD_EVERY = 36_000  # scans, an hour at 100 ms; only what survived since start is walked through
    SLACK_NS = 5 * NS_PER_MS  # young and middle generations need less than this
    OLD_SLACK_NS = 15 * NS_PER_MS
    COUNT_LIMIT = 200_000  # objects allocated and not freed since the last young collection

    def __init__(self) -> None:
        self._scan = 0
        self._old_due = False

    def take_over(self) -> None:
        """Freezes what start-up left behind and switches automatic collection off."""
        gc.collect()
        gc.freeze()
        gc.disable()

    def __call__(self, slack_ns: int) -> None:
        """Collects what is due and fits."""
        self._scan += 1
        if self._scan % self.OLD_EVERY == 0:
            self._old_due = True
        if self._old_due and slack_ns >= self.OLD_SLACK_NS:
            self._old_due = False
            gc.collect()
        elif self._scan % self.YOUNG_EVERY == 0:
            if slack_ns >= self.SLACK_NS:
                gc.collect(1 if self._scan % self.MIDDLE_EVERY == 0 else 0)
            elif gc.get_count()[0] > self.COUNT_LIMIT:
                gc.collect(1)
