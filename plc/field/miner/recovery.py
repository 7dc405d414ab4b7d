"""The recovery ladder: a miner that shall mine and does not. Resume, then restart, then reboot, then say so.

Each step waits before the next; a restart of the mining process at most once an hour, a reboot at most
once a day. While all pools are dead, and after a stop because of heat, nothing is tried: a restart would
not bring work, and would defeat the firmware's own thermal protection.
"""

from __future__ import annotations

from plc.blocks.core import ns
from plc.field.miner.decision import Act, Decision, nothing
from plc.field.miner.ledger import Ledger
from plc.field.miner.model import RUNNING, Status
from plc.field.miner.observe import Observer, View, hashing
from plc.field.miner.settings import Limits

BOOT_FACTOR = 2.0  # process start and reboot take longer than a resume


class Recovery:
    """Ladder of one miner. `step` names the next rung, `exhausted` that the last one did not help."""

    def __init__(self, limits: Limits, ledger: Ledger) -> None:
        self.step = Act.RESUME
        self.exhausted = False
        self._limits = limits
        self._ledger = ledger
        self._since_ns: int | None = None
        self._acted_ns: int | None = None

    @property
    def active(self) -> bool:
        """A rung was used and the miner is not back yet."""
        return self._acted_ns is not None

    def reset(self) -> None:
        """It mines, or it is not wanted: the next trouble begins at the first rung."""
        self.step = Act.RESUME
        self.exhausted = False
        self._since_ns = self._acted_ns = None

    def written(self, decision: Decision, now_ns: int) -> None:
        """Books a rung that was used."""
        self._acted_ns = now_ns
        if decision.act is Act.RESTART:
            self._ledger.restart(now_ns)
            self.step = Act.REBOOT
        elif decision.act is Act.REBOOT:
            self._ledger.reboot(now_ns)
            self.exhausted = True
            self.step = Act.RESTART
        else:
            self.step = Act.RESTART

    def decide(self, view: View, observer: Observer, resuming_since_ns: int | None, now_ns: int) -> Decision:
        """Called while mining is wanted and possible. Decision NONE when there is no trouble."""
        trouble = self._trouble(view, observer, resuming_since_ns)
        if trouble is None:
            if self._proven(view):
                self.reset()
            return nothing("no_trouble")
        if observer.no_work:
            self._since_ns = now_ns
            return nothing("no_work")
        if view.status is Status.SUSPENDED and observer.thermal(now_ns):
            self._since_ns = now_ns
            return nothing("thermal")
        if self._since_ns is None:
            self._since_ns = now_ns
        if now_ns - max(self._since_ns, self._acted_ns or 0) < ns(self._wait_s(view)):
            return nothing(trouble)
        return self._climb(view, trouble, now_ns)

    def _trouble(self, view: View, observer: Observer, resuming_since_ns: int | None) -> str | None:
        if view.status is Status.PAUSED:
            return "resume_ignored" if resuming_since_ns is not None else None
        if view.status is Status.NOT_STARTED:
            return "not_started"
        if view.status is Status.SUSPENDED:
            return "suspended"
        return "not_hashing" if observer.not_hashing else None

    def _proven(self, view: View) -> bool:
        """Hashing in an answer younger than the last rung: NORMAL alone proves nothing."""
        fresh = self._acted_ns is None or view.stats_ns > self._acted_ns
        return view.status in RUNNING and fresh and hashing(view)

    def _wait_s(self, view: View) -> float:
        slow = view.status is Status.NOT_STARTED or self.step is Act.REBOOT
        return self._limits.recover_s * (BOOT_FACTOR if slow else 1.0)

    def _climb(self, view: View, trouble: str, now_ns: int) -> Decision:
        if self.step is Act.RESUME:
            if view.status not in (Status.PAUSED, Status.NOT_STARTED):
                return Decision(Act.RESUME, trouble, rung=True)
            self.step = Act.RESTART  # a resume was sent already, or cannot help
        if self.step is Act.RESTART:
            return (
                Decision(Act.RESTART, trouble, rung=True)
                if self._ledger.may_restart(now_ns)
                else nothing("restart_limit")
            )
        if self._ledger.may_reboot(now_ns):
            return Decision(Act.REBOOT, trouble, rung=True)
        self.exhausted = True
        self.step = Act.RESTART
        return nothing("reboot_limit")
