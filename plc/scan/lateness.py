"""Why a scan began late: judged at once, because next winter nobody can.

At the begin of every scan the thread notes what it has cost so far; a scan that is a period late compares.
The kernel tells apart what a histogram cannot: time in which the thread computed, time in which it could have
run and another program had the core (run delay, sched(7) statistics), and how often it gave the core away of
its own will - a thread that waits for the interpreter lock wakes every switch interval to ask for it. What
none of this explains is a wake-up that came late: the kernel, a driver or, in a virtual machine, the host.

The judgement is a majority: a cause is named when it explains at least half of the delay.
"""

from __future__ import annotations

import os
import resource
import threading
import time
from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from plc.blocks.core import NS_PER_MS
from plc.scan.clock import Turn


class Cause(StrEnum):
    """What made a scan late. The first five are parts of the cycle before it."""

    READ = "read"
    LOGIC = "logic"
    WRITE = "write"
    HANDOVER = "handover"
    GARBAGE = "garbage"
    LOCK = "interpreter_lock"  # another thread of this program held it
    CORE = "core_taken"  # another program had it
    MACHINE = "machine_stopped"  # or this process was


PARTS = (Cause.READ, Cause.LOGIC, Cause.WRITE, Cause.HANDOVER, Cause.GARBAGE)
MAY_WAIT = (Cause.READ, Cause.WRITE, Cause.HANDOVER)
"""Parts that call the driver or the kernel and may sleep there."""


class Cost(NamedTuple):
    """What a thread has cost since it began.

    cpu_ns:    time it computed.
    waited_ns: time it was ready and had no core; 0 where the kernel does not count it.
    gave_up:   times it gave the core away to wait for something.
    """

    cpu_ns: int
    waited_ns: int
    gave_up: int

    def since(self, before: Cost) -> Cost:
        """The difference."""
        return Cost(
            self.cpu_ns - before.cpu_ns, self.waited_ns - before.waited_ns, self.gave_up - before.gave_up
        )


class ThreadCost:
    """Call it in the thread to be measured, always the same one; some microseconds."""

    def __init__(self) -> None:
        self._file: int | None = None

    def __call__(self) -> Cost:
        if self._file is None:
            self._file = self._open()
        waited = int(os.pread(self._file, 64, 0).split()[1]) if self._file >= 0 else 0
        return Cost(time.thread_time_ns(), waited, resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw)

    @staticmethod
    def _open() -> int:
        try:
            return os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
        except OSError:  # a kernel without these statistics: run delay is then "machine_stopped"
            return -1


def cause_of(late_ns: int, parts_ns: Sequence[int], cost: Cost, switch_ns: int) -> Cause:
    """The cause of one late scan.

    parts_ns: what the parts of the scan before took, in the order of PARTS. cost: of that whole cycle.
    switch_ns: switch interval of the interpreter.
    """
    half = late_ns // 2
    longest = max(range(len(PARTS)), key=lambda index: parts_ns[index])
    if cost.waited_ns >= half:
        return Cause.CORE
    if cost.cpu_ns >= half:
        return PARTS[longest]
    if cost.gave_up * switch_ns >= half:
        return Cause.LOCK
    if parts_ns[longest] >= half and PARTS[longest] in MAY_WAIT and cost.gave_up >= 2:  # one is the rest
        return PARTS[longest]
    return Cause.MACHINE


class LateScans:
    """Lost cycles by cause, and the last late scans one by one.

    lost: periods that passed without a scan, by cause.
    """

    KEPT = 50

    def __init__(self, period_ns: int, switch_ns: int, cost: ThreadCost | None = None) -> None:
        self._period_ns = period_ns
        self._switch_ns = switch_ns
        self._cost = cost or ThreadCost()
        self._before: Cost | None = None
        self._began_ns = 0
        self.lost: dict[Cause, int] = dict.fromkeys(Cause, 0)
        self._last: deque[tuple[Turn, Cause]] = deque(maxlen=self.KEPT)

    def began(self, turn: Turn, parts_ns: Sequence[int]) -> None:
        """A scan begins; parts_ns as in `cause_of`."""
        now, before = self._cost(), self._before
        self._before, self._began_ns = now, turn.now_ns
        if turn.lost and before is not None:
            cause = cause_of(turn.late_ns, parts_ns, now.since(before), self._switch_ns)
            self.lost[cause] += turn.lost
            self._last.append((turn, cause))

    def report(self) -> dict[str, Any]:
        """Plain data; call it outside the scan. at_ns: monotonic time at which the late scan began."""
        last = list(self._last)
        return {
            "lost_by_cause": {str(cause): count for cause, count in self.lost.items() if count},
            "last_cause": str(last[-1][1]) if last else "",
            "last_late": [
                {
                    "at_ns": turn.now_ns,
                    "ago_s": round((self._began_ns - turn.now_ns) / 1e9, 1),
                    "late_ms": round(turn.late_ns / NS_PER_MS, 2),
                    "lost": turn.lost,
                    "cause": str(cause),
                }
                for turn, cause in last
            ],
        }
