"""The whole process before everything else on the machine that is not the driver itself, the scan first.

Round robin at low real-time priorities, where the account is allowed to (systemd's LimitRTPRIO, root);
elsewhere the threads run as any others and the statistics show what that costs. The bridge of the driver
runs at 54 and must stay far above. A scan that never comes back cannot take the machine with it: the kernel
keeps a share of the time for others, and the output watchdog has long acted.

Why not the scan thread alone: who holds the interpreter lock holds up the scan. A thread of ordinary
priority that the kernel takes off its core in that moment, because a backup wants to run, keeps the lock
until it gets a core again; 6 to 12 ms were measured on a busy machine (docs/explanation/determinism.md).
So the threads beside the scan come before the other processes too, and below the scan. Together they use
some percent of a core.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

PRIORITY = 5
BACKGROUND_PRIORITY = 1
TIMER_SLACK_NS = 1_000  # the kernel's own 50 us would be half of the lateness of an idle machine
_PR_SET_TIMERSLACK = 29


def prefer_this_process() -> bool:
    """Called before threads are started: every thread there is and every later one; True when it worked.

    A thread inherits from the one that starts it. So do child processes: whoever starts one asks for
    `SCHED_RESET_ON_FORK` before (the planner's host does).
    """
    try:
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(ProcessLookupError):  # it has ended in between
                os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(BACKGROUND_PRIORITY))
    except OSError:
        return False
    return True


def prefer_this_thread() -> bool:
    """Called by the scan thread; True when it has real-time priority now. Threads it starts have not."""
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(TIMER_SLACK_NS), 0, 0, 0)
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True
