"""The thread of one miner: poll, reconcile, publish, sleep; for ever, whatever the miner does.

Time that matters to the miner comes from the clock that is handed in; time-outs on the wire are wall time.
The thread never touches a contactor: it publishes facts, and the plant decides.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from plc.blocks.core import NEVER, Origin, Reading, ns
from plc.field.miner import levels, secret
from plc.field.miner.ledger import Ledger
from plc.field.miner.model import ApiError, Constraints, Failure, MinerApi
from plc.field.miner.observe import Observer, View
from plc.field.miner.poll import Poller
from plc.field.miner.reconcile import Reconciler
from plc.field.miner.recovery import Recovery
from plc.field.miner.report import Reporter, summary
from plc.field.miner.session import LOST, Link, Session
from plc.field.miner.settings import MinerSettings, Tls
from plc.field.miner.snapshot import MinerSnapshot
from plc.field.miner.writer import StartGate, Writer
from plc.plant.interface import MinerWish

log = logging.getLogger(__name__)

BACK_OFF_S = (1.0, 2.0, 3.0)  # short: a new connection costs little, and heat waits for it
FAILURES_TO_OFFLINE = 3
OFFLINE_AFTER_NS = ns(12)
AFTER_WRITE_S = 1.0
WISH_LOOK_S = 0.25  # how soon an urgent wish is seen; the scan wakes nobody up
GOODBYE_S = 1.0
MIN_TURN_WALL_S = 0.02  # a clock that runs away must not make this loop spin


class Clock(Protocol):
    """Where poll periods, ages and write limits come from."""

    def now_ns(self) -> int:
        """Monotonic time."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Waits in this time; True when the event was set."""


class MinerDriver:
    """Service of one miner (start, stop, join, health).

    wish: read at every turn; None or no wish yet means "read only, write nothing".
    publish: gets a MinerSnapshot after every turn. site_range_w: limits of the plant, narrowed by the
    settings and by the firmware. metered: an energy meter of this miner. clean_start False: the process
    before died, so the write limits are booked as used.
    """

    def __init__(
        self,
        name: str,
        settings: MinerSettings,
        clock: Clock,
        wish: Callable[[], MinerWish | None],
        publish: Callable[[MinerSnapshot], None],
        *,
        api: MinerApi | None = None,
        gate: StartGate | None = None,
        site_range_w: tuple[float, float] = (0.0, 1e9),
        metered: Callable[[], Reading] = lambda: NEVER,
        origin: Origin = Origin.MEASURED,
        clean_start: bool = True,
    ) -> None:
        now_ns = clock.now_ns()
        self.name = name
        self._settings, self._limits, self._clock = settings, settings.limits, clock
        self._wish, self._publish, self._metered = wish, publish, metered
        self._api = api or _grpc_api(settings)
        self._site_range_w = site_range_w
        self._view = View()
        self._ladder = levels.Ladder(())
        ledger = Ledger(self._limits, now_ns, clean_start=clean_start)
        self._observer = Observer(self._limits, settings.cooling)
        self._reconciler = Reconciler(self._limits, ledger, now_ns)
        self._session = Session(self._api, settings.user, lambda: secret.load(settings.secret), clock.now_ns)
        self._poller = Poller(self._api, self._session, self._view, clock.now_ns)
        self._writer = Writer(
            name, self._api, self._session, self._poller, self._view, self._observer, self._reconciler,
            Recovery(self._limits, ledger), gate or StartGate(self._limits.stagger_s), self._limits,
            clock.now_ns,
        )  # fmt: skip
        self._reporter = Reporter(
            origin, self._session, self._poller, self._view, self._observer, self._reconciler, ledger,
            self._writer,
        )  # fmt: skip
        self._answered_ns: int | None = None
        self._failures = self._crashes = self._cycles = 0
        self._last_crash = ""
        self._seen: tuple[bool, bool] | None = None  # (run, urgent) of the wish that this turn began with
        self._stop = threading.Event()
        self._pace = threading.Event()  # never set: waits in wall time
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.snapshot = MinerSnapshot()

    # ---- service

    def start(self) -> None:
        """Begins to work; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Asks to end: the call in flight is cut, a pause is tried for a second. Returns at once."""
        self._stop.set()
        self._api.cut()

    def join(self, seconds: float) -> bool:
        """True when the thread has ended."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def health(self) -> Mapping[str, object]:
        """How it is, in plain data: link, the four powers, budgets, what it waits for."""
        age_s = (self._clock.now_ns() - self.snapshot.taken_ns) / 1e9
        return {"alive": self._thread.is_alive(), "age_s": round(age_s, 1), **summary(self.snapshot)}

    # ---- the thread

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._sleep(self.turn())
        finally:
            self._goodbye()

    def turn(self) -> float:
        """One turn that cannot fail; returns the seconds until the next."""
        try:
            wait_s = self.cycle()
        except Exception as error:  # noqa: BLE001 - a miner's thread never dies, whatever it met
            self._crashed(error)
            self._session.lost()
            if not self._stop.is_set():
                self._session.rebuild()
            wait_s = BACK_OFF_S[-1]
        try:
            self._report()
        except Exception as error:  # noqa: BLE001
            self._crashed(error)
        return wait_s

    def _crashed(self, error: Exception) -> None:
        """Counts every fault of ours, logs each kind once: a lasting one must not fill the disk."""
        self._crashes += 1
        kind = f"{type(error).__name__}: {error}"
        if kind != self._last_crash:
            self._last_crash = kind
            log.error("%s: fault of the driver, goes on with a new connection", self.name, exc_info=error)

    def _sleep(self, seconds: float) -> None:
        """Waits in clock time; an urgent wish that is not fulfilled yet ends the wait."""
        self._pace.wait(MIN_TURN_WALL_S)
        due_ns = self._clock.now_ns() + ns(seconds)
        while not self._stop.is_set() and (left_ns := due_ns - self._clock.now_ns()) > 0:
            self._clock.wait(self._stop, min(WISH_LOOK_S, left_ns / 1e9))
            wish = self._wish()
            if wish is not None and wish.urgent and (wish.run, wish.urgent) != self._seen:
                return

    def _goodbye(self) -> None:
        """Best effort: the enables fall anyway, a paused miner only takes it better."""
        if self._session.logged_in:
            try:
                self._api.rebuild()
                self._api.pause(deadline_s=GOODBYE_S)
            except ApiError as error:
                log.info("%s: no pause at the end (%s)", self.name, error.failure.value)
        self._api.close()

    # ---- one cycle

    def cycle(self) -> float:
        """Poll and reconcile once; returns the seconds until the next."""
        self._cycles += 1
        wish = self._wish()
        self._seen = (wish.run, wish.urgent) if wish else None
        try:
            urgent = self._urgent_stop_first()
            if self._session.version is None:
                self._connect()
            if self._session.link is Link.UNSUPPORTED:
                self._writer.waiting_for = "firmware"
                self._session.version = None
                return 60.0
            self._poller.core()
            self._answered()
            self._poller.slow()
            self._observe()
            if self._act(self._wish()) or urgent:
                return AFTER_WRITE_S
            self._curve()
            return self._limits.poll_s
        except ApiError as error:
            return self._failed(error)

    def _connect(self) -> None:
        before = self._reporter.api_version
        version = self._session.check_version()
        if before and str(version) != before:
            log.warning("%s: interface version %s, was %s", self.name, version, before)
        self._reporter.api_version = str(version)
        if version.supported:
            self._poller.connect()
            self._reconciler.reconnected()

    def _answered(self) -> None:
        now_ns = self._clock.now_ns()
        self._failures = 0
        self._answered_ns = now_ns
        if self._session.link is not Link.ONLINE:
            log.info("%s: online, interface %s", self.name, self._session.version)
            self._session.link = Link.ONLINE

    def _failed(self, error: ApiError) -> float:
        """No answer, or none that can be used: back off, and with a lost connection take a new one."""
        self._failures += 1
        self._writer.waiting_for = "answer"
        age_ns = self._clock.now_ns() - (self._answered_ns or 0)
        if self._failures >= FAILURES_TO_OFFLINE or self._answered_ns is None or age_ns >= OFFLINE_AFTER_NS:
            if self._session.link is Link.ONLINE:
                log.warning("%s: lost (%s)", self.name, error)
            self._session.lost()
        if error.failure is Failure.AUTH:
            return self._limits.poll_s
        if error.failure in LOST and self._session.link is not Link.ONLINE and not self._stop.is_set():
            self._session.rebuild()
        return BACK_OFF_S[min(self._failures, len(BACK_OFF_S)) - 1]

    def _curve(self) -> None:
        before = self._poller.efficiency.words
        self._poller.curve()
        if (after := self._poller.efficiency.words) != before:
            log.info("%s: efficiency curve: %s", self.name, after)

    def _observe(self) -> None:
        now_ns = self._clock.now_ns()
        metered = self._metered()
        self._view.metered_w = metered.value if metered.aged(now_ns, ns(15)).ok else None
        self._observer.update(self._view, now_ns)
        if self._observer.take_reboot():
            log.warning("%s: rebooted or restarted; asserting the wish again", self.name)
            self._reconciler.reconnected(rebooted=True)
        low, high = self._site_range_w
        self._ladder = levels.build(
            self._view.constraints or Constraints(None, None, None),
            max(low, self._settings.power_min_w),
            min(high, self._settings.power_max_w),
            self._settings.levels_w,
        )

    def _urgent_stop_first(self) -> bool:
        """An urgent stop does not wait for a poll: the pause goes out on what is known."""
        wish = self._wish()
        if wish is None or wish.run or not wish.urgent or self._session.link is not Link.ONLINE:
            return False
        return self._act(wish)

    def _act(self, wish: MinerWish | None) -> bool:
        if wish is None:
            self._writer.waiting_for = "no_wish"
            return False
        return self._writer.act(wish, self._ladder)

    def _report(self) -> None:
        self.snapshot = self._reporter.make(
            now_ns=self._clock.now_ns(),
            answered_ns=self._answered_ns,
            metered=self._metered(),
            ladder=self._ladder,
            cycles=self._cycles,
            crashes=self._crashes,
        )
        self._publish(self.snapshot)


def _grpc_api(settings: MinerSettings) -> MinerApi:
    """The real thing; imported here, because gRPC costs memory and time that a site without miners saves."""
    from plc.field.miner.api import GrpcMiner

    ca_file = Path(settings.ca_file) if settings.tls is Tls.CA else None
    return GrpcMiner(settings.address, ca_file)
