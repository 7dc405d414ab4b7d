"""What the polls of a miner mean: state in our words, reboots, throttling, no work, drift. Pure.

`View` is the newest that is known of the miner, each part with the time it was read; `Observer` turns a
sequence of views into facts that need memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc.blocks.core import ns
from plc.field.miner.model import (
    RUNNING,
    Boards,
    Configuration,
    Constraints,
    Cooling,
    Details,
    Pools,
    Stats,
    Status,
    Tuner,
    TunerView,
)
from plc.field.miner.settings import Limits
from plc.plant.interface import MinerCondition, MinerState

SAME_W = 1.0
HASHING_SHARE = 0.05  # of the nominal hashrate: less is no work at all
THERMAL_MEMORY_NS = ns(3600)
THERMAL_MARGIN_K = 5.0
NO_HASH_NS = ns(600)
OFF_TARGET_SHARE = 0.10


@dataclass(slots=True)
class View:
    """Newest known parts and when they were read; None until the first answer."""

    details: Details | None = None
    details_ns: int = 0
    stats: Stats | None = None
    stats_ns: int = 0
    tuner: TunerView | None = None
    tuner_ns: int = 0
    configuration: Configuration | None = None
    configuration_ns: int = 0
    constraints: Constraints | None = None
    constraints_ns: int = 0
    boards: Boards | None = None
    boards_ns: int = 0
    pools: Pools | None = None
    pools_ns: int = 0
    read_back: bool = False  # configuration and tuner were read since the last target write
    metered_w: float | None = None  # from an energy meter of this miner, if there is one

    @property
    def status(self) -> Status:
        return self.details.status if self.details else Status.UNKNOWN

    @property
    def active_w(self) -> float | None:
        return self.tuner.active_w if self.tuner else None

    @property
    def saved_w(self) -> float | None:
        """The saved target; where the firmware does not tell it, the active one stands in."""
        saved = self.configuration.saved_w if self.configuration else None
        return self.active_w if saved is None else saved

    @property
    def estimated_w(self) -> float | None:
        return self.stats.estimated_w if self.stats else None


class Observer:
    """Facts with memory about one miner. Call `update` after each poll."""

    def __init__(self, limits: Limits, cooling: Cooling) -> None:
        self.reboots = 0
        self.rebooted = False  # since the last time somebody looked (`take_reboot`)
        self.no_work = False
        self.throttled = False
        self.not_hashing = False  # says it mines, but neither hashrate nor consumption
        self.off_target = False
        self.running_since_ns: int | None = None
        self._limits = limits
        self._cooling = cooling
        self._first: Configuration | None = None
        self._uptimes: tuple[int, int] | None = None
        self._dead_since_ns: int | None = None
        self._hot_ns: int | None = None
        self._thermal_stop = False
        self._idle_since_ns: int | None = None
        self._off_target_since_ns: int | None = None
        self._changed_ns = 0

    def update(self, view: View, now_ns: int) -> None:
        """Takes a fresh view. Parts that were not read again are judged as they were."""
        if view.details is None:
            return
        self._see_uptimes(view.details)
        self._see_running(view, now_ns)
        self._see_pools(view, now_ns)
        self._see_heat(view, now_ns)
        self._see_power(view, now_ns)
        if self._first is None and view.configuration is not None:
            self._first = view.configuration

    def changed(self, now_ns: int) -> None:
        """We wrote: consumption is not judged before it has settled."""
        self._changed_ns = now_ns
        self._off_target_since_ns = self._idle_since_ns = None
        self.not_hashing = self.off_target = False

    def take_reboot(self) -> bool:
        """True once after a reboot or a restart of the mining process was seen."""
        seen, self.rebooted = self.rebooted, False
        return seen

    def thermal(self, now_ns: int) -> bool:
        """Hot or throttled within the hour before it stopped: the firmware's protection, leave it alone.

        The firmware rests for whole hours, so a stop that began like this stays one until it ends.
        """
        return self._thermal_stop or self._lately_hot(now_ns)

    def _lately_hot(self, now_ns: int) -> bool:
        return self._hot_ns is not None and now_ns - self._hot_ns < THERMAL_MEMORY_NS

    def state(self, view: View) -> MinerState:
        """The miner in the plant's words (status first, then tuner; miner reference, topic status)."""
        status = view.status
        tuner = view.tuner.state if view.tuner else Tuner.UNKNOWN
        if status is Status.PAUSED:
            return MinerState.PAUSED
        if status is Status.NOT_STARTED:
            return MinerState.BOOTING
        if self.no_work:
            return MinerState.NO_WORK
        if status is Status.SUSPENDED or tuner is Tuner.ERROR:
            return MinerState.FAULT
        if status not in RUNNING:
            return MinerState.UNKNOWN
        return MinerState.TUNING if tuner in (Tuner.TUNING, Tuner.PREHEAT) else MinerState.MINING

    def conditions(self, view: View, now_ns: int) -> list[MinerCondition]:
        found = []
        if self.throttled:
            found.append(MinerCondition.THROTTLED)
        if view.status is Status.SUSPENDED and not self.no_work and self.thermal(now_ns):
            found.append(MinerCondition.THERMAL_STOP)
        if self.off_target:
            found.append(MinerCondition.POWER_OFF_TARGET)
        if self.drift(view):
            found.append(MinerCondition.CONFIG_DRIFT)
        if view.boards is not None and view.boards.with_sensor == 0 and view.status in RUNNING:
            found.append(MinerCondition.NO_BOARD_SENSOR)
        return found

    def drift(self, view: View) -> tuple[str, ...]:
        """What differs from the site file or from the first configuration seen. Never written back."""
        now, first = view.configuration, self._first
        if now is None:
            return ()
        found = []
        if now.cooling is not self._cooling:
            found.append(f"cooling is {now.cooling.value}, expected {self._cooling.value}")
        if now.power_mode is False:
            found.append("tuner is not in power-target mode")
        if first is not None:
            for name in ("hot_degc", "dangerous_degc", "target_degc", "dps_enabled", "dps_shutdown"):
                before, after = getattr(first, name), getattr(now, name)
                if before != after:
                    found.append(f"{name} was {before}, is {after}")
        return tuple(found)

    # ---- single facts

    def _see_uptimes(self, details: Details) -> None:
        uptimes = (details.system_uptime_s, details.process_uptime_s)
        if self._uptimes is not None and (uptimes[0] < self._uptimes[0] or uptimes[1] < self._uptimes[1]):
            self.rebooted = True
            self.reboots += 1
            self._hot_ns = None if uptimes[0] < self._uptimes[0] else self._hot_ns
        self._uptimes = uptimes

    def _see_running(self, view: View, now_ns: int) -> None:
        if view.status not in RUNNING:
            self.running_since_ns = None
        elif self.running_since_ns is None:
            self.running_since_ns = now_ns

    def _see_pools(self, view: View, now_ns: int) -> None:
        dead = view.pools is not None and view.pools.enabled > 0 and view.pools.alive == 0
        if not dead:
            self._dead_since_ns = None
            self.no_work = False
            return
        if self._dead_since_ns is None:
            self._dead_since_ns = now_ns
        suspended = view.status is Status.SUSPENDED
        self.no_work = suspended or now_ns - self._dead_since_ns >= ns(self._limits.no_work_s)

    def _see_heat(self, view: View, now_ns: int) -> None:
        saved, active = view.saved_w, view.active_w
        lowered = saved is not None and active is not None and active < saved - SAME_W and view.read_back
        self.throttled = lowered and view.status is not Status.NOT_STARTED
        hot_degc = view.configuration.hot_degc if view.configuration else None
        hottest = view.boards.chip_degc if view.boards else None
        hot = hot_degc is not None and hottest is not None and hottest >= hot_degc - THERMAL_MARGIN_K
        tuner_error = view.tuner is not None and view.tuner.state is Tuner.ERROR
        if self.throttled or hot or tuner_error:
            self._hot_ns = now_ns
        suspended = view.status is Status.SUSPENDED
        self._thermal_stop = suspended and (self._thermal_stop or self._lately_hot(now_ns))

    def _see_power(self, view: View, now_ns: int) -> None:
        """Mining without hashing, and consumption beside the target: both only after a settled while."""
        tuner = view.tuner.state if view.tuner else Tuner.UNKNOWN
        settled = now_ns - self._changed_ns >= ns(self._limits.settle_s)
        if view.status not in RUNNING or tuner is Tuner.PREHEAT or not settled:
            self._idle_since_ns = self._off_target_since_ns = None
            self.not_hashing = self.off_target = False
            return
        self.not_hashing, self._idle_since_ns = _lasting(
            not self.no_work and _idle(view, self._limits), self._idle_since_ns, now_ns, NO_HASH_NS
        )
        self.off_target, self._off_target_since_ns = _lasting(
            not self.no_work and not self.not_hashing and _beside(view),
            self._off_target_since_ns,
            now_ns,
            ns(self._limits.off_target_s),
        )


def _lasting(now_so: bool, since_ns: int | None, now_ns: int, for_ns: int) -> tuple[bool, int | None]:
    if not now_so:
        return False, None
    since = now_ns if since_ns is None else since_ns
    return now_ns - since >= for_ns, since


def hashing(view: View) -> bool:
    """A hashrate worth the name."""
    stats = view.stats
    if stats is None or stats.hashrate_ths is None:
        return False
    return stats.hashrate_ths > HASHING_SHARE * (stats.nominal_ths or 0.0)


def _idle(view: View, limits: Limits) -> bool:
    """No hashrate and no consumption to speak of; unknown is not idle."""
    stats = view.stats
    if stats is None or stats.hashrate_ths is None or stats.estimated_w is None:
        return False
    return not hashing(view) and stats.estimated_w < limits.idle_w


def _beside(view: View) -> bool:
    """Against the lower of active and saved target, so that a saved but never applied target shows."""
    power = view.estimated_w if view.metered_w is None else view.metered_w
    targets = [target for target in (view.active_w, view.saved_w) if target]
    return power is not None and bool(targets) and abs(power - min(targets)) > OFF_TARGET_SHARE * min(targets)
