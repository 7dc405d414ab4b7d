"""Getting a miner to pause, and proving that it did. Pure, with memory.

A pause is sent at once and repeated; when the repeats have no effect, or the miner says PAUSED and still
draws power, it counts as ignored: then only the contactor helps, and the plant is told.
"""

from __future__ import annotations

from plc.blocks.core import ns
from plc.field.miner.decision import Act, Decision, nothing
from plc.field.miner.model import Status
from plc.field.miner.observe import View
from plc.field.miner.settings import Limits

UNSEEN_S = 30.0  # paused for so long counts as without power where nothing measures it
SLOW = 3.0  # repeats of an ignored pause are so much rarer


class Pausing:
    """Pause of one miner. ignored: repeated without effect. pending: sent, not yet obeyed."""

    def __init__(self, limits: Limits) -> None:
        self.ignored = False
        self._limits = limits
        self._tries = 0
        self._sent_ns: int | None = None
        self._paused_since_ns: int | None = None

    @property
    def pending(self) -> bool:
        return self._sent_ns is not None

    def see(self, view: View, now_ns: int) -> None:
        """Takes note of a fresh view."""
        if view.status is not Status.PAUSED:
            self._paused_since_ns = None
        elif self._paused_since_ns is None:
            self._paused_since_ns = now_ns

    def sent(self, now_ns: int) -> None:
        """Books a pause that was sent, or tried."""
        self._sent_ns = now_ns
        self._tries += 1

    def forget(self) -> None:
        """It is not wanted any more, or it worked."""
        self._sent_ns = None
        self._tries = 0
        self.ignored = False

    def decide(self, view: View, now_ns: int) -> Decision:
        """Pause now, or wait for the one before."""
        known = view.metered_w is not None or view.estimated_w is not None
        if view.status is Status.UNKNOWN and known and not self._draws(view):
            return nothing("stopped")  # an unknown status that draws nothing is left alone
        every_s = self._limits.repeat_s * (SLOW if self.ignored else 1.0)
        if self._sent_ns is not None and now_ns - self._sent_ns < ns(every_s):
            return nothing("pausing")
        if view.status in (Status.NOT_STARTED, Status.SUSPENDED):
            self._tries = 0  # nothing runs: this pause only waits for what may come
        if self._tries > self._limits.pause_repeats:
            self.ignored = True
        return Decision(Act.PAUSE, "stop" if self._sent_ns is None else "repeat")

    def prove(self, view: View, now_ns: int) -> Decision:
        """PAUSED is not proof of zero power: the meter or the estimate has to agree."""
        since = self._paused_since_ns
        if not self._draws(view):
            self.forget()
        elif since is not None and now_ns - since >= ns(self._limits.repeat_s * self._limits.pause_repeats):
            self.ignored = True
            return nothing("paused_with_power")
        return nothing("paused")

    def without_power(self, view: View, now_ns: int) -> bool:
        """Paused, and as far as anybody can tell without power."""
        if view.status is not Status.PAUSED or self._draws(view):
            return False
        if view.metered_w is not None or view.estimated_w is not None:
            return True
        return self._paused_since_ns is not None and now_ns - self._paused_since_ns >= ns(UNSEEN_S)

    def _draws(self, view: View) -> bool:
        powers = [power for power in (view.metered_w, view.estimated_w) if power is not None]
        return any(power >= self._limits.idle_w for power in powers)
