"""The scan thread before everything else on the machine that is not the driver itself.

Round robin at a low real-time priority, for this thread alone, where the account is allowed to (systemd's
LimitRTPRIO, root); elsewhere the scan runs as any other thread and the statistics show what that costs. The
bridge of the driver runs at 54 and must stay far above. A scan that never comes back cannot take the machine
with it: the kernel keeps a share of the time for others, and the output watchdog has long acted.

What is given up: a thread that holds the interpreter while the machine is busy has no such priority, so the
scan can still wait for it.
"""

from __future__ import annotations

import ctypes
import os

PRIORITY = 5
TIMER_SLACK_NS = 1_000  # the kernel's own 50 us would be half of the lateness of an idle machine
_PR_SET_TIMERSLACK = 29


def prefer_this_thread() -> bool:
    """Called by the scan thread; True when it has real-time priority now. Threads it starts have not."""
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(TIMER_SLACK_NS), 0, 0, 0)
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True
