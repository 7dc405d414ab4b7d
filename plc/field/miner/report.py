"""Puts together what a miner's driver publishes, from everything that knows a part of it."""

from __future__ import annotations

from plc.blocks.core import Origin, Reading
from plc.field.miner.ledger import Ledger
from plc.field.miner.levels import Ladder
from plc.field.miner.observe import Observer, View
from plc.field.miner.poll import Poller
from plc.field.miner.reconcile import Reconciler
from plc.field.miner.session import Link, Session
from plc.field.miner.snapshot import Diagnostics, MinerSnapshot, Readings
from plc.field.miner.writer import Writer
from plc.plant.interface import MinerCondition, MinerInputs, MinerState

_LINK_CONDITION = {
    Link.NO_SECRET: MinerCondition.SECRET_MISSING,
    Link.AUTH_FAULT: MinerCondition.AUTH_REJECTED,
    Link.UNSUPPORTED: MinerCondition.FIRMWARE_UNSUPPORTED,
}


class Reporter:
    """Makes snapshots. Readings outlive an outage: a miner without supply still has its saved target."""

    def __init__(
        self,
        origin: Origin,
        session: Session,
        poller: Poller,
        view: View,
        observer: Observer,
        reconciler: Reconciler,
        ledger: Ledger,
        writer: Writer,
    ) -> None:
        self.api_version = ""
        self._readings = Readings(origin)
        self._session, self._poller, self._view, self._observer = session, poller, view, observer
        self._reconciler, self._ledger, self._writer = reconciler, ledger, writer

    def make(
        self,
        *,
        now_ns: int,
        answered_ns: int | None,
        metered: Reading,
        ladder: Ladder,
        cycles: int,
        crashes: int,
    ) -> MinerSnapshot:
        """One immutable picture of now."""
        self._readings.take(self._view)
        self._readings.range(ladder.lowest, ladder.highest, self._view.constraints_ns)
        self._readings.requested(self._reconciler.commanded_w, self._reconciler.commanded_ns)
        inputs = self._inputs(now_ns, answered_ns, metered, ladder)
        return MinerSnapshot(now_ns, inputs, self._diagnostics(now_ns, ladder, cycles, crashes))

    def _inputs(self, now_ns: int, answered_ns: int | None, metered: Reading, ladder: Ladder) -> MinerInputs:
        get, online = self._readings.get, self._session.link is Link.ONLINE
        return MinerInputs(
            state=self._observer.state(self._view) if online else MinerState.UNKNOWN,
            answered_ns=answered_ns,
            power_active_w=get("active"),
            power_estimated_w=get("estimated"),
            power_metered_w=metered,
            hashrate_ths=get("hashrate"),
            t_chip_degc=get("chip"),
            t_outlet_degc=get("outlet"),
            power_min_w=get("min"),
            power_max_w=get("max"),
            power_requested_w=get("requested"),
            saved_target_w=get("saved"),
            ready_to_open=online and self._reconciler.ready_to_open(self._view, ladder, now_ns),
            conditions=self._conditions(now_ns, ladder, online),
            curve_w=self._poller.efficiency.profile.power_w,
            curve_ths=self._poller.efficiency.profile.ths,
        )

    def _conditions(self, now_ns: int, ladder: Ladder, online: bool) -> tuple[MinerCondition, ...]:
        found: list[MinerCondition] = []
        if self._session.link in _LINK_CONDITION:
            found.append(_LINK_CONDITION[self._session.link])
        if self._reconciler.pausing.ignored:
            found.append(MinerCondition.PAUSE_IGNORED)
        if online:
            found += self._observer.conditions(self._view, now_ns)
            facts = {
                MinerCondition.NO_COMMON_POWER: ladder.lowest is None,
                MinerCondition.TARGET_IGNORED: self._reconciler.target_ignored,
                MinerCondition.FOREIGN_WRITE: self._reconciler.foreign,
                MinerCondition.RECOVERY_EXHAUSTED: self._writer.recovery.exhausted,
            }
            found += [condition for condition, so in facts.items() if so]
        if self._ledger.writes_left(now_ns) == 0:
            found.append(MinerCondition.WRITES_EXHAUSTED)
        if self._ledger.starts_24h(now_ns) > self._ledger.limits.starts_soft:
            found.append(MinerCondition.STARTS_HIGH)
        return tuple(found)

    def _diagnostics(self, now_ns: int, ladder: Ladder, cycles: int, crashes: int) -> Diagnostics:
        view, session, ledger, recovery = self._view, self._session, self._ledger, self._writer.recovery
        details, pools, limits = view.details, view.pools, view.constraints
        return Diagnostics(
            link=session.link,
            error=session.last_error,
            api_version=self.api_version,
            bos_version=details.bos_version if details else "",
            model=details.model if details else "",
            serial=details.serial if details else "",
            status=view.status.value,
            status_raw=details.status_raw if details else 0,
            tuner=view.tuner.state.value if view.tuner else "unknown",
            waiting_for=self._writer.waiting_for,
            levels_w=ladder.watts,
            firmware_default_w=limits.default_w if limits else None,
            firmware_min_w=limits.min_w if limits else None,
            firmware_max_w=limits.max_w if limits else None,
            writes_24h=ledger.writes_24h(now_ns),
            writes_left=ledger.writes_left(now_ns),
            protection_writes=ledger.protection_writes,
            starts_24h=ledger.starts_24h(now_ns),
            recovery=recovery.step.value if recovery.active else "",
            reboots=self._observer.reboots,
            uptime_s=details.system_uptime_s if details else None,
            drift=self._observer.drift(view),
            missing=tuple(sorted(session.missing)),
            pools_enabled=pools.enabled if pools else None,
            pools_alive=pools.alive if pools else None,
            new_errors=self._poller.new_errors,
            errors=self._poller.errors,
            curve=self._poller.efficiency.words,
            curves_refused=self._poller.efficiency.refused,
            calls=tuple(sorted(session.calls.items())),
            logins=session.logins,
            rebuilds=session.rebuilds,
            crashes=crashes,
            cycles=cycles,
            writes=tuple(self._writer.journal),
        )


def summary(snapshot: MinerSnapshot) -> dict[str, object]:
    """A snapshot in a few plain facts, for status files and people."""
    inputs, facts = snapshot.inputs, snapshot.diagnostics
    return {
        "link": facts.link.value,
        "state": inputs.state.value,
        "conditions": [condition.value for condition in inputs.conditions],
        "requested_w": inputs.power_requested_w.value,
        "active_w": inputs.power_active_w.value,
        "estimated_w": inputs.power_estimated_w.value,
        "metered_w": inputs.power_metered_w.value,
        "saved_target_w": inputs.saved_target_w.value,
        "ready_to_open": inputs.ready_to_open,
        "waiting_for": facts.waiting_for,
        "levels_w": list(facts.levels_w),
        "api_version": facts.api_version,
        "calls": dict(facts.calls),
        "logins": facts.logins,
        "rebuilds": facts.rebuilds,
        "reboots": facts.reboots,
        "writes_24h": facts.writes_24h,
        "writes_left": facts.writes_left,
        "protection_writes": facts.protection_writes,
        "starts_24h": facts.starts_24h,
        "recovery": facts.recovery,
        "drift": list(facts.drift),
        "curve": facts.curve,
        "curves_refused": facts.curves_refused,
        "error": facts.error,
        "crashes": facts.crashes,
    }
