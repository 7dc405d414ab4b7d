"""What the plant says about itself in a scan. Tuples of names are only built again when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plc.plant.interface import PlantStatus

if TYPE_CHECKING:
    from plc.plant.interlock import Interlock
    from plc.plant.plant import Plant


class StatusBuilder:
    """Reads the plant, decides nothing. Keeps only what it can rebuild, so it has no state to save."""

    __slots__ = (
        "_blocked_by",
        "_causes",
        "_first_out",
        "_hand",
        "_hand_of",
        "_locks",
        "_plant",
        "_protected_by",
        "_protections",
    )

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._locks: tuple[Interlock, ...] = plant.locks()
        self._causes: list[tuple[str, ...] | None] = [None] * len(self._locks)
        self._blocked_by: tuple[tuple[str, tuple[str, ...]], ...] = ()
        self._first_out: tuple[tuple[str, str], ...] = ()
        self._protections: list[str] = [""] * len(self._locks)
        self._protected_by: tuple[tuple[str, str], ...] = ()
        self._hand_of: int = 0
        self._hand: tuple[tuple[str, str], ...] = ()

    def build(self) -> PlantStatus:
        plant = self._plant
        f, alarms, power = plant.facts, plant.alarms, plant.miners.power
        self._refresh()
        return PlantStatus(
            state=plant.sequence.value.value,
            mode=plant.mode.mode.value,
            reason=plant.sequence.reason,
            season=plant.season.now.value,
            route=plant.routing.name,
            requested_power_w=f.request_w,
            granted_power_w=f.granted_w,
            limited_by=power.limited_by,
            power_source=plant.arbitration.source,
            hp_block_ground=plant.hp_block.ground,
            hp_block_status=plant.hp_block.relay.status.value,
            hp_block_wish="free" if f.block_vetoed else "block" if f.block_requested else "auto",
            hp_block_source=plant.arbitration.block_source,
            hp_block_limited_by=plant.hp_block.limited_by,
            blocked_by=self._blocked_by,
            first_out=self._first_out,
            protected_by=self._protected_by,
            alarms=alarms.listed,
            alarms_unacked=alarms.unacked,
            alarms_shelved=alarms.shelved,
            first_alarm=alarms.first,
            hand=self._hand if f.hand_active else (),
            decision=plant.decision.engine.reasons(),
            values=self._values(),
        )

    def _refresh(self) -> None:
        """Looks whether any interlock names other causes than in the last scan."""
        causes = self._causes
        changed = False
        for index, lock in enumerate(self._locks):
            if lock.causes is not causes[index]:
                causes[index] = lock.causes
                changed = True
        if changed:
            self._blocked_by = tuple(
                (lock.rules.actuator, lock.causes) for lock in self._locks if lock.causes
            )
            self._first_out = tuple(
                (lock.rules.actuator, lock.first_out) for lock in self._locks if lock.first_out
            )
        protections = [lock.protected_by for lock in self._locks]
        if protections != self._protections:
            self._protections = protections
            self._protected_by = tuple(
                (lock.rules.actuator, lock.protected_by) for lock in self._locks if lock.protected_by
            )
        if self._plant.facts.hand_active:
            self._hand = tuple((name, str(entry[0])) for name, entry in self._plant.arbitration.hand.items())

    def _values(self) -> tuple[tuple[str, float | None], ...]:
        """Named figures that are not signals of the cabinet."""
        plant = self._plant
        f = plant.facts
        return (
            ("oil_degc", f.t_oil),
            ("power_w", f.power_w),
            ("heat_w", f.heat_w),
            ("load_w", f.load_w),
            ("thermal_limit_w", plant.miners.power.thermal_w),
            ("rv1_position_pct", plant.routing.rv1.position_pct),
            ("rv2_position_pct", plant.routing.rv2.position_pct),
            ("outdoor_mean_degc", f.outdoor_mean),
            ("buffer_target_degc", plant.season.buffer_target_degc(f)),
            ("hp_blocked_s", plant.hp_block.relay.used_ns / 1e9),
            *plant.decision.engine.values(),
            *plant.counters.pairs,
        )
