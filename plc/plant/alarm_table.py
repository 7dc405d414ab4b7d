"""The alarms as data: when, how urgent, how they clear. Texts are in `alarm_texts`.

Ids and priorities follow the plant reference, topic alarm list. Where that list gives one id two
priorities, the less urgent half keeps the id and the other carries a B. Delays are part of an alarm's
definition and not of the process, so they stand here and not among the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plc.plant.interlock import Predicate


class Latch(StrEnum):
    """How an alarm goes away."""

    AUTO = "auto"  # with its cause
    ACK = "ack"  # with its cause, once somebody has acknowledged it, before or after
    LATCHED = "latched"  # only when acknowledged after the cause is gone


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    priority: 1 critical (horn, local acknowledge only, cannot be shelved) .. 4 notice.
    on_s, off_s: the cause must be there / gone for so long. suppressed_by: alarms of which this one is only
    a consequence; while one of them stands, this one does not appear.
    """

    id: str
    priority: int
    latch: Latch
    holds: Predicate
    on_s: float = 0.0
    off_s: float = 1.0
    suppressed_by: tuple[str, ...] = ()


A, K, L = Latch.AUTO, Latch.ACK, Latch.LATCHED
_CHAIN = ("A-001", "A-004", "A-012")
"""Whatever of these opened the safety chain is the cause; what follows from it is none."""

ALARMS: tuple[Alarm, ...] = (
    Alarm("A-001", 1, L, lambda f: f.io_settled and f.dio_healthy and not (f.estop1_ok and f.estop2_ok)),
    Alarm("A-004", 1, L, lambda f: f.io_settled and f.dio_healthy and not f.temp_max_ok),
    Alarm("A-012", 1, L, lambda f: f.contactor_welded),
    Alarm("A-003", 1, L, lambda f: f.trip_flow, suppressed_by=_CHAIN),
    Alarm(
        "A-002",
        1,
        L,
        lambda f: f.chain_tripped and f.first_out == "unknown",
        suppressed_by=_CHAIN,
    ),
    Alarm("A-005", 1, L, lambda f: f.trip_oil),
    Alarm("A-007", 1, L, lambda f: f.trip_cooling),
    Alarm("A-008", 1, L, lambda f: f.trip_heat),
    Alarm("A-025", 1, L, lambda f: f.trip_valve),
    Alarm("A-006", 2, A, lambda f: f.oil_warn, 5.0, 30.0, ("A-005",)),
    Alarm("A-010", 2, A, lambda f: f.reset_wanted and not f.miner_powered, 5.0, 1.0),
    Alarm(
        "A-011", 2, L, lambda f: f.contactor_fault, 2.0, suppressed_by=("A-001", "A-002", "A-003", "A-004")
    ),
    Alarm("A-021", 2, L, lambda f: f.trip_p3, suppressed_by=("A-003",)),
    Alarm("A-020", 2, L, lambda f: f.trip_start, suppressed_by=("A-021",)),
    Alarm("A-022", 2, K, lambda f: f.io_settled and f.dio_healthy and not f.p4_ssm_ok, 2.0, 10.0),
    Alarm("A-023", 2, K, lambda f: f.io_settled and f.dio_healthy and not f.p5_ssm_ok, 2.0, 10.0),
    Alarm("A-030", 2, K, lambda f: f.io_settled and f.dio_healthy and not f.cooler_ok, 2.0, 10.0),
    Alarm("A-040", 2, L, lambda f: f.glycol_alarm, 10.0, 60.0),
    Alarm("A-041", 2, L, lambda f: f.buffer_cold or f.circuit_cold, 60.0, 60.0),
    Alarm("A-042", 2, A, lambda f: f.top_cold, 0.0, 60.0, ("A-041",)),
    Alarm("A-055B", 2, A, lambda f: f.miner1_dead or f.miner2_dead, 0.0, 10.0),
    Alarm("A-060", 2, K, lambda f: f.io_settled and f.aio_healthy and not f.b1_valid, 1.0, 10.0),
    Alarm("A-070", 2, L, lambda f: f.block_overtime),
    Alarm("A-081", 2, L, lambda f: f.trip_modules),
    Alarm("A-082", 2, L, lambda f: f.config_invalid),
    Alarm("A-085", 2, L, lambda f: f.k12_failed),
    Alarm("A-091", 2, A, lambda f: f.key_fault, 1.0, 5.0),
    Alarm("A-013", 3, A, lambda f: f.cycles_of_day_used),
    Alarm("A-024", 3, L, lambda f: f.route_implausible),
    Alarm("A-027", 3, L, lambda f: f.dhw_in_vain),
    Alarm("A-031", 3, A, lambda f: f.recool_weak, 0.0, 60.0, ("A-030",)),
    Alarm("A-043", 3, A, lambda f: f.top_above_max, 10.0, 60.0),
    Alarm("A-050", 3, A, lambda f: f.energy_stale, 0.0, 10.0),
    Alarm("A-051", 3, A, lambda f: f.meter_dead, 60.0, 10.0),
    Alarm("A-053", 3, A, lambda f: f.mqtt_down, 60.0, 10.0),
    Alarm("A-055", 3, A, lambda f: f.miner_stale, 0.0, 10.0, ("A-055B",)),
    Alarm("A-056", 3, A, lambda f: f.miner_fault or f.miner_weak, 60.0, 60.0),
    Alarm("A-057", 3, L, lambda f: f.miner_auth, 10.0, 10.0),
    Alarm("A-059", 3, A, lambda f: f.clock_free, 60.0, 10.0),
    Alarm("A-060B", 3, K, lambda f: f.io_settled and f.aio_healthy and f.sensor_fault, 1.0, 10.0),
    Alarm("A-060C", 3, K, lambda f: f.dhw_unknown, 900.0, 10.0),
    Alarm("A-061", 3, A, lambda f: f.sensors_disagree, 600.0, 60.0),
    Alarm("A-062", 3, A, lambda f: f.mqtt_refused, 10.0, 60.0),
    Alarm("A-080", 3, L, lambda f: f.scan_overrun),
    Alarm("A-084", 3, A, lambda f: f.system_limits, 60.0, 60.0),
    Alarm("A-093", 3, K, lambda f: f.retained_refused, 0.0, 60.0),
    Alarm("A-014", 4, A, lambda f: f.cycles_service),
    Alarm("A-026", 4, A, lambda f: f.strokes_service),
    Alarm("A-044", 4, A, lambda f: f.buffer_held, 0.0, 60.0),
    Alarm("A-052", 4, A, lambda f: f.energy_mismatch, 300.0, 60.0),
    Alarm("A-054", 4, A, lambda f: f.optimiser_silent, 60.0, 10.0, ("A-053",)),
    Alarm("A-058", 4, A, lambda f: f.prices_missing, 60.0, 10.0),
    Alarm("A-063", 4, A, lambda f: f.certificate_ends, 60.0, 60.0),
    Alarm("A-071", 4, A, lambda f: f.grid_block, 1.0, 5.0),
    Alarm("A-083", 4, A, lambda f: f.restarted, 0.0, 60.0),
    Alarm("A-090", 4, A, lambda f: f.key_maint, 28800.0, 1.0),
    Alarm("A-092", 4, A, lambda f: f.hand_active),
)
