"""What was written to a miner and when: the limits of writes, starts, restarts and reboots.

Pure bookkeeping on monotonic time with sliding windows of 24 h. A write that may have reached the miner
is booked even when its answer was lost: the limits protect the tuner, not our conscience.
"""

from __future__ import annotations

from collections import deque

from plc.blocks.core import ns
from plc.field.miner.settings import Limits

DAY_NS = ns(86400)


class Ledger:
    """Books of one miner. Windows hold at most as many entries as the limits allow, protection included.

    start_ns: when this process started. clean_start False (the process before died): one restart, one
    reboot and a quarter of the writes are booked as used, because nobody knows.
    """

    def __init__(self, limits: Limits, start_ns: int, *, clean_start: bool = True) -> None:
        self.limits = limits
        self.last_target_ns: int | None = None
        self.last_protection_ns: int | None = None
        self.protection_writes = 0
        self._targets: deque[int] = deque()
        self._starts: deque[int] = deque()
        self._restart_ns: int | None = None
        self._reboot_ns: int | None = None
        if not clean_start:
            self._restart_ns = self._reboot_ns = start_ns
            self._targets.extend([start_ns] * (limits.writes_per_day // 4))

    # ---- target writes

    def target(self, now_ns: int, *, protection: bool = False) -> None:
        """Books a target write."""
        self.last_target_ns = now_ns
        if protection:
            self.last_protection_ns = now_ns
            self.protection_writes += 1
        else:
            self._targets.append(now_ns)

    def writes_24h(self, now_ns: int) -> int:
        return _recent(self._targets, now_ns)

    def writes_left(self, now_ns: int) -> int:
        return max(0, self.limits.writes_per_day - self.writes_24h(now_ns))

    def may_raise(self, now_ns: int) -> bool:
        """A higher target leaves the reserve alone, so that going down never fails for lack of writes."""
        spaced = _passed(self.last_target_ns, now_ns, self.limits.up_spacing_s)
        return spaced and self.can_afford_raise(now_ns)

    def can_afford_raise(self, now_ns: int) -> bool:
        return self.writes_left(now_ns) > self.limits.writes_kept

    def may_lower(self, now_ns: int) -> bool:
        spaced = _passed(self.last_target_ns, now_ns, self.limits.down_spacing_s)
        return spaced and self.writes_left(now_ns) > 0

    def may_protect(self, now_ns: int) -> bool:
        return _passed(self.last_protection_ns, now_ns, self.limits.protection_spacing_s)

    # ---- starts and recovery

    def start(self, now_ns: int) -> None:
        """Books a pause -> resume."""
        self._starts.append(now_ns)

    def starts_24h(self, now_ns: int) -> int:
        return _recent(self._starts, now_ns)

    def may_start(self, now_ns: int) -> bool:
        return self.starts_24h(now_ns) < self.limits.starts_hard

    def restart(self, now_ns: int) -> None:
        self._restart_ns = now_ns

    def may_restart(self, now_ns: int) -> bool:
        return _passed(self._restart_ns, now_ns, self.limits.restart_every_s)

    def reboot(self, now_ns: int) -> None:
        self._reboot_ns = now_ns

    def may_reboot(self, now_ns: int) -> bool:
        return _passed(self._reboot_ns, now_ns, self.limits.reboot_every_s)


def _recent(times: deque[int], now_ns: int) -> int:
    while times and now_ns - times[0] >= DAY_NS:
        times.popleft()
    return len(times)


def _passed(since_ns: int | None, now_ns: int, seconds: float) -> bool:
    return since_ns is None or now_ns - since_ns >= ns(seconds)
