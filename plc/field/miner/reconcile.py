"""What to write to a miner next, from the plant's wish and what the miner says. Pure, with memory.

One decision per poll, at most one write per decision, each with a reason. Nothing is written twice
because an answer was lost: what counts is what the miner reads back.

Order of a soft stop: lowest target (the miner starts there by itself when it gets supply again), pause.
An urgent stop pauses first. A stop is never put off: the plant has minimum times of its own and opens the
contactor after a while, under load if need be. The minimum on time here binds the pause that this module
decides by itself, when the wished power falls below the lowest level; until then that level hangs on.
Protection (an urgent wish for less) goes down at once, without spacing and budget; below the lowest
level it pauses.
"""

from __future__ import annotations

from plc.blocks.core import ns
from plc.field.miner.decision import Act, Decision, nothing
from plc.field.miner.ledger import Ledger
from plc.field.miner.levels import Ladder
from plc.field.miner.model import RUNNING, Status
from plc.field.miner.observe import SAME_W, Observer, View
from plc.field.miner.pausing import Pausing
from plc.field.miner.settings import Limits
from plc.plant.interface import MinerWish

STALE_READ_BACK = 3  # writes of one target that read back different: it is being ignored


class Reconciler:
    """Desired against actual state of one miner.

    `may_stagger` asks whether the other miner's start is long enough ago. After a write that reached
    the miner, or may have, the driver calls `written`.
    """

    def __init__(self, limits: Limits, ledger: Ledger, start_ns: int) -> None:
        self.commanded_w: int | None = None
        self.commanded_ns = 0
        self.target_tries = 0
        self.pausing = Pausing(limits)
        self.foreign = False
        self.hold_until_ns = 0  # the firmware refused a write: nothing but a pause before
        self._limits = limits
        self._ledger = ledger
        self._last_running_ns = start_ns  # unknown before: count the minimum off time from here
        self._on_since_ns: int | None = None  # running because it was wanted, since
        self._resume_ns: int | None = None
        self._resume_first_ns: int | None = None
        self._lower_since_ns: int | None = None
        self._small_since_ns: int | None = None
        self._confirmed = False  # the miner agreed once with what we commanded
        self._reassert = True
        self._wanted = False
        self._unspaced = True  # the next target write needs no spacing
        self._protect_stop = False  # being paused for protection, until it is
        self._protecting = False  # the last target write was a protective one

    # ---- facts for others

    @property
    def target_ignored(self) -> bool:
        return self.target_tries >= STALE_READ_BACK

    @property
    def resuming_since_ns(self) -> int | None:
        """When the resume was sent that has not been obeyed yet."""
        return self._resume_first_ns

    def ready_to_open(self, view: View, ladder: Ladder, now_ns: int) -> bool:
        """Paused, without power, and parked as far as the write budget allows."""
        if not self.pausing.without_power(view, now_ns) or not view.read_back:
            return False
        return self._park(ladder.lowest, view, now_ns) is None

    # ---- events

    def reconnected(self, *, rebooted: bool = False) -> None:
        """The miner was away: whatever it does now, it decided by itself.

        After a reboot its tuner begins anew, so the spacing of target writes protects nothing.
        """
        self._reassert = True
        self._unspaced = self._unspaced or rebooted
        self._on_since_ns = None
        self._protect_stop = False
        self.pausing.forget()
        self._forget_resume()

    def _forget_resume(self) -> None:
        self._resume_ns = self._resume_first_ns = None

    def written(self, decision: Decision, now_ns: int) -> None:
        """Books a write that reached the miner or may have reached it."""
        if decision.act is Act.TARGET:
            again = self.commanded_w == decision.watt
            self.target_tries = self.target_tries + 1 if again else 1
            self.commanded_w, self.commanded_ns = decision.watt, now_ns
            self._confirmed = self.foreign = False
            self._protecting = decision.protection
            self._unspaced = False
            self._lower_since_ns = None
            self._ledger.target(now_ns, protection=decision.protection)
        elif decision.act is Act.PAUSE:
            self.pausing.sent(now_ns)
            self._forget_resume()
        elif decision.act is Act.RESUME:
            if self._resume_ns is None:
                self._ledger.start(now_ns)
                self._resume_first_ns = now_ns
            self._resume_ns = now_ns
            self.pausing.forget()

    # ---- the decision

    @property
    def run_wanted(self) -> bool:
        """The last decision wanted the miner to mine."""
        return self._wanted

    def decide(
        self, wish: MinerWish, view: View, observer: Observer, ladder: Ladder, now_ns: int, may_stagger: bool
    ) -> Decision:
        self._read_back(view, now_ns)
        self._wanted = False
        if ladder.lowest is None:
            return self._stop(wish, view, observer, None, now_ns)
        level = ladder.at_most(wish.power_w)
        self._protect_stop = self._protect_stop and view.status is not Status.PAUSED
        if self._protect_stop:
            return self.pausing.decide(view, now_ns)
        self._wanted = self._run_wanted(wish, level, ladder.lowest, view, now_ns)
        if not self._wanted:
            return self._stop(wish, view, observer, ladder.lowest, now_ns)
        if view.status is Status.PAUSED:
            return self._resume(level, view, now_ns, may_stagger)
        self.pausing.forget()
        if view.status is Status.SUSPENDED or (view.status is Status.NOT_STARTED and not self._unspaced):
            return nothing("not_running")
        if view.status in RUNNING:
            self._forget_resume()
            if self._on_since_ns is None:
                self._on_since_ns = now_ns
        return self._adjust(level or ladder.lowest, wish.urgent, view, observer, now_ns)

    def _read_back(self, view: View, now_ns: int) -> None:
        if view.status in RUNNING or view.status is Status.UNKNOWN:
            self._last_running_ns = now_ns
        else:
            self._on_since_ns = None
        self.pausing.see(view, now_ns)
        saved = view.saved_w
        if self.commanded_w is None or saved is None or not view.read_back:
            return
        if abs(saved - self.commanded_w) <= SAME_W:
            self._confirmed, self.foreign, self.target_tries = True, False, 0
        elif self._confirmed:
            self.foreign = True  # it agreed before: somebody else wrote

    def _run_wanted(self, wish: MinerWish, level: int | None, lowest: int, view: View, now_ns: int) -> bool:
        """Little power is not worth a pause at once: the lowest level may hang on for a while."""
        if not wish.run:
            self._small_since_ns = None
            return False
        if level is not None:
            self._small_since_ns = None
            return True
        if wish.urgent or view.status is Status.PAUSED:
            return False
        if wish.power_w >= self._limits.pause_below * lowest:
            self._small_since_ns = None
            return True
        if self._small_since_ns is None:
            self._small_since_ns = now_ns
        return now_ns - self._small_since_ns < ns(self._limits.confirm_down_s)

    # ---- stopping

    def _stop(
        self, wish: MinerWish, view: View, observer: Observer, lowest: int | None, now_ns: int
    ) -> Decision:
        self._forget_resume()
        park = self._park(lowest, view, now_ns)
        if view.status is Status.PAUSED:
            return park or self.pausing.prove(view, now_ns)
        if not wish.urgent and lowest is not None and not self.pausing.pending:
            held = wish.run and self._on_since_ns is not None
            if held and now_ns - (self._on_since_ns or 0) < ns(self._limits.min_on_s):
                lower = self._adjust(lowest, False, view, observer, now_ns)
                return lower if lower.act is Act.TARGET else nothing("min_on")
            if park and view.status in RUNNING:
                return park
        return self.pausing.decide(view, now_ns)

    def _park(self, lowest: int | None, view: View, now_ns: int) -> Decision | None:
        """The saved target goes to the lowest level. No spacing: a paused miner does not tune."""
        saved = view.saved_w
        if lowest is None or saved is None or saved <= lowest + SAME_W:
            return None
        tried = self.commanded_w == lowest and now_ns - self.commanded_ns < ns(self._limits.down_spacing_s)
        refused = now_ns < self.hold_until_ns  # a target that is not taken must not keep the pause waiting
        if tried or refused or self.target_ignored or self._ledger.writes_left(now_ns) == 0:
            return None
        return Decision(Act.TARGET, "park", lowest)

    # ---- starting

    def _resume(self, level: int | None, view: View, now_ns: int, may_stagger: bool) -> Decision:
        if level is None:
            return nothing("below_lowest")
        if self._resume_ns is not None:
            waited = now_ns - self._resume_ns >= ns(self._limits.repeat_s)
            return Decision(Act.RESUME, "repeat") if waited else nothing("resuming")
        if now_ns - self._last_running_ns < ns(self._limits.min_off_s):
            return nothing("min_off")
        if not self._ledger.may_start(now_ns):
            return nothing("starts_per_day")
        if not may_stagger:
            return nothing("stagger")
        saved = view.saved_w
        if saved is None or abs(saved - level) > SAME_W:
            lower_start = saved is not None and saved < level
            if not lower_start or (self._ledger.can_afford_raise(now_ns) and not self.target_ignored):
                return self._target_before_start(level, now_ns)
        return Decision(Act.RESUME, "start")

    def _target_before_start(self, level: int, now_ns: int) -> Decision:
        """While paused nothing is tuned: no spacing, but the same target is not sent twice in a row."""
        again_s = self._limits.off_target_s if self.target_ignored else self._limits.down_spacing_s
        if self.commanded_w == level and now_ns - self.commanded_ns < ns(again_s):
            return nothing("read_back")
        if self._ledger.writes_left(now_ns) == 0:
            return nothing("writes_per_day")
        return Decision(Act.TARGET, "before_start", level)

    # ---- while running

    def _adjust(self, level: int, urgent: bool, view: View, observer: Observer, now_ns: int) -> Decision:
        saved = view.saved_w
        if saved is None:
            return nothing("target_unknown")
        if not view.read_back:
            return nothing("read_back")
        if urgent and view.active_w is not None:
            saved = max(saved, view.active_w)  # what is in force counts, not what was saved
        if abs(saved - level) <= SAME_W:
            self._lower_since_ns = None
            self._reassert = self._unspaced = False
            if self.commanded_w is None:  # it already is what we would have asked for
                self.commanded_w, self.commanded_ns = level, now_ns
            return nothing("agrees")
        ignored = self.target_ignored and self.commanded_w == level and not urgent
        if ignored and now_ns - self.commanded_ns < ns(self._limits.off_target_s):
            return nothing("target_ignored")
        if level > saved:
            self._lower_since_ns = None
            return self._raise(level, observer, now_ns)
        return self._lower(level, urgent, view, now_ns)

    def _raise(self, level: int, observer: Observer, now_ns: int) -> Decision:
        if observer.throttled:
            return nothing("throttled")
        if not self._ledger.can_afford_raise(now_ns):
            return nothing("writes_per_day")
        if not self._unspaced and not self._ledger.may_raise(now_ns):
            return nothing("spacing")
        return Decision(Act.TARGET, "raise", level)

    def _protect_by_pause(self, view: View, now_ns: int) -> Decision:
        """Goes on until the miner is paused, whatever is wished meanwhile."""
        self._protect_stop = True
        return self.pausing.decide(view, now_ns)

    def _lower(self, level: int, urgent: bool, view: View, now_ns: int) -> Decision:
        if self._lower_since_ns is None:
            self._lower_since_ns = now_ns
        if urgent:
            if now_ns < self.hold_until_ns:
                return self._protect_by_pause(view, now_ns)  # the firmware refuses the target just now
            if not self._ledger.may_protect(now_ns):
                return nothing("protection_spacing")
            if self._protecting and self.commanded_w is not None and self.commanded_w <= level:
                return self._protect_by_pause(view, now_ns)  # the level was lowered, without effect
            return Decision(Act.TARGET, "protection", level, protection=True)
        sure = self._reassert or self.foreign or self.commanded_w is None
        if not sure and now_ns - self._lower_since_ns < ns(self._limits.confirm_down_s):
            return nothing("confirm_lower")
        if self._ledger.writes_left(now_ns) == 0:
            return nothing("writes_per_day")
        if not self._unspaced and not self._ledger.may_lower(now_ns):
            return nothing("spacing")
        return Decision(Act.TARGET, "lower", level)
