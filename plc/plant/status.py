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
        "_first_out",
        "_hand",
        "_locks",
        "_plant",
        "_protected_by",
        "_seen",
    )

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._locks: tuple[Interlock, ...] = plant.locks()
        self._seen: list[tuple[tuple[str, ...], str, str]] = []
        self._blocked_by: tuple[tuple[str, tuple[str, ...]], ...] = ()
        self._first_out: tuple[tuple[str, str], ...] = ()
        self._protected_by: tuple[tuple[str, str], ...] = ()
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
        """Looks whether any interlock names another cause than in the last scan."""
        seen = [(lock.causes, lock.first_out, lock.protected_by) for lock in self._locks]
        if seen != self._seen:
            self._seen = seen
            names = [lock.rules.actuator for lock in self._locks]
            told = list(zip(names, seen, strict=True))
            self._blocked_by = tuple((name, causes) for name, (causes, _, _) in told if causes)
            self._first_out = tuple((name, first) for name, (_, first, _) in told if first)
            self._protected_by = tuple((name, cause) for name, (_, _, cause) in told if cause)
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
