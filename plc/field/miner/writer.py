"""Carries decisions out: one write at a time, booked when it may have arrived, and why.

The reconciler has the first word; while it has nothing to write, the recovery ladder may.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from plc.blocks.core import ns
from plc.field.miner.decision import Act, Decision, nothing
from plc.field.miner.levels import Ladder
from plc.field.miner.model import ApiError, Failure, MinerApi
from plc.field.miner.observe import Observer, View
from plc.field.miner.poll import Poller
from plc.field.miner.reconcile import Reconciler
from plc.field.miner.recovery import Recovery
from plc.field.miner.session import LOST, Session
from plc.field.miner.settings import Limits
from plc.field.miner.snapshot import Write
from plc.plant.interface import MinerWish

log = logging.getLogger(__name__)

INVALID_S = 300.0
REFUSALS = frozenset({Failure.AUTH, Failure.UNIMPLEMENTED, Failure.INVALID, Failure.DEFERRED})
"""Answers that prove that nothing was changed."""


class StartGate:
    """Keeps the starts of all miners apart. Shared by their threads; the lock is held for one comparison."""

    def __init__(self, stagger_s: float) -> None:
        self._stagger_ns = ns(stagger_s)
        self._lock = threading.Lock()
        self._last: tuple[str, int] | None = None

    def may(self, name: str, now_ns: int) -> bool:
        """Another miner's start is long enough ago."""
        with self._lock:
            return self._last is None or self._last[0] == name or now_ns - self._last[1] >= self._stagger_ns

    def take(self, name: str, now_ns: int) -> bool:
        """Books a start if it may happen now; one step, so that two never start at once."""
        with self._lock:
            last = self._last
            if last is not None and last[0] != name and now_ns - last[1] < self._stagger_ns:
                return False
            self._last = (name, now_ns)
            return True


class Writer:
    """Decides and writes for one miner; belongs to the driver's thread."""

    def __init__(
        self,
        name: str,
        api: MinerApi,
        session: Session,
        poller: Poller,
        view: View,
        observer: Observer,
        reconciler: Reconciler,
        recovery: Recovery,
        gate: StartGate,
        limits: Limits,
        now_ns: Callable[[], int],
    ) -> None:
        self.waiting_for = "no_wish"
        self.journal: deque[Write] = deque(maxlen=16)
        self.recovery = recovery
        self._name, self._session, self._poller, self._view = name, session, poller, view
        self._observer, self._reconciler, self._gate = observer, reconciler, gate
        self._limits, self._now_ns = limits, now_ns
        self._set_target = api.set_power_target
        self._calls: dict[Act, Callable[[], None]] = {
            Act.PAUSE: api.pause,
            Act.RESUME: api.resume,
            Act.RESTART: api.restart,
            Act.REBOOT: api.reboot,
        }

    def act(self, wish: MinerWish, ladder: Ladder) -> bool:
        """Writes at most once; True when something was written. Raises ApiError when the link is lost."""
        decision = self._decide(wish, ladder, self._now_ns())
        if decision.act is Act.RESUME and not self._gate.take(self._name, self._now_ns()):
            decision = nothing("stagger")
        self.waiting_for = decision.reason if decision.act is Act.NONE else ""
        if decision.act is Act.NONE:
            return False
        self._write(decision)
        return True

    def _decide(self, wish: MinerWish, ladder: Ladder, now_ns: int) -> Decision:
        reconciler = self._reconciler
        may_stagger = self._gate.may(self._name, now_ns)
        decision = reconciler.decide(wish, self._view, self._observer, ladder, now_ns, may_stagger)
        if not reconciler.run_wanted:
            self.recovery.reset()
        elif decision.act is Act.NONE:
            rung = self.recovery.decide(self._view, self._observer, reconciler.resuming_since_ns, now_ns)
            if rung.act is not Act.NONE or rung.reason != "no_trouble":
                decision = rung
        held = decision.act not in (Act.NONE, Act.PAUSE) and now_ns < reconciler.hold_until_ns
        return nothing("deferred") if held else decision

    def _write(self, decision: Decision) -> None:
        make = self._calls.get(decision.act) or (lambda: self._set_target(decision.watt))
        failure: Failure | None = None
        try:
            self._session.call(decision.act.value, make)
        except ApiError as error:
            failure = error.failure
            self._refused(failure)
            if failure in LOST:
                raise
        finally:
            self._book(decision, failure)

    def _book(self, decision: Decision, failure: Failure | None) -> None:
        """A write counts when it may have arrived. A pause always counts, so that refusals add up."""
        now_ns, act = self._now_ns(), decision.act
        result = failure.value if failure else "ok"
        self.journal.append(Write(now_ns, act.value, decision.watt, decision.reason, result))
        log.info("%s: %s %s (%s): %s", self._name, act.value, decision.watt or "", decision.reason, result)
        if failure in REFUSALS and act is not Act.PAUSE:
            return
        if act is Act.TARGET:
            self._view.read_back = False
        if decision.rung:
            self.recovery.written(decision, now_ns)
        self._reconciler.written(decision, now_ns)
        if act is not Act.PAUSE:
            self._observer.changed(now_ns)

    def _refused(self, failure: Failure) -> None:
        if failure is Failure.INVALID:  # its range is not what we believe: ask again, do not insist
            self._poller.constraints()
            self._reconciler.hold_until_ns = self._now_ns() + ns(INVALID_S)
        elif failure not in LOST:
            self._reconciler.hold_until_ns = self._now_ns() + ns(self._limits.deferred_s)
