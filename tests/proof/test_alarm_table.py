"""The alarm list against a list of its own, written from the control narrative and not from the table.

Per alarm: priority, how it clears, its delays, facts that raise it, and for each part of its condition facts
with which it must stay silent.
"""

import pytest

from plc.plant.alarm_table import ALARMS, Latch
from plc.plant.facts import Facts
from tests.support.facts import HEALTHY

A, K, L = Latch.AUTO, Latch.ACK, Latch.LATCHED
BLIND_DIO = ({"io_settled": False}, {"dio_healthy": False})
BLIND_AIO = ({"io_settled": False}, {"aio_healthy": False})
CHAIN = ("A-001", "A-004", "A-012")

# id: (priority, latch, on delay, off delay, suppressed by, facts that raise it, facts that must silence it)
SPECIFICATION = {
    "A-001": (1, L, 0.0, 1.0, (), [{"estop1_ok": False}, {"estop2_ok": False}], BLIND_DIO),
    "A-004": (1, L, 0.0, 1.0, (), [{"temp_max_ok": False}], BLIND_DIO),
    "A-012": (1, L, 0.0, 1.0, (), [{"contactor_welded": True}], ()),
    "A-003": (1, L, 0.0, 1.0, CHAIN, [{"trip_flow": True}], ()),
    "A-002": (
        1, L, 0.0, 1.0, CHAIN, [{"chain_tripped": True, "first_out": "unknown"}],
        ({"chain_tripped": False}, {"first_out": "flow"}),
    ),
    "A-005": (1, L, 0.0, 1.0, (), [{"trip_oil": True}], ()),
    "A-007": (1, L, 0.0, 1.0, (), [{"trip_cooling": True}], ()),
    "A-008": (1, L, 0.0, 1.0, (), [{"trip_heat": True}], ()),
    "A-025": (1, L, 0.0, 1.0, (), [{"trip_valve": True}], ()),
    "A-006": (2, A, 5.0, 30.0, ("A-005",), [{"oil_warn": True}], ()),
    "A-010": (2, A, 5.0, 1.0, (), [{"reset_wanted": True}], ({"miner_powered": True},)),
    "A-011": (2, L, 2.0, 1.0, ("A-001", "A-002", "A-003", "A-004"), [{"contactor_fault": True}], ()),
    "A-021": (2, L, 0.0, 1.0, ("A-003",), [{"trip_p3": True}], ()),
    "A-020": (2, L, 0.0, 1.0, ("A-021",), [{"trip_start": True}], ()),
    "A-022": (2, K, 2.0, 10.0, (), [{"p4_ssm_ok": False}], BLIND_DIO),
    "A-023": (2, K, 2.0, 10.0, (), [{"p5_ssm_ok": False}], BLIND_DIO),
    "A-030": (2, K, 2.0, 10.0, (), [{"cooler_ok": False}], BLIND_DIO),
    "A-040": (2, L, 10.0, 60.0, (), [{"glycol_alarm": True}], ()),
    "A-041": (2, L, 60.0, 60.0, (), [{"buffer_cold": True}, {"circuit_cold": True}], ()),
    "A-042": (2, A, 0.0, 60.0, ("A-041",), [{"top_cold": True}], ()),
    "A-055B": (2, A, 0.0, 10.0, (), [{"miner1_dead": True}, {"miner2_dead": True}], ()),
    "A-060": (2, K, 1.0, 10.0, (), [{"b1_valid": False}], BLIND_AIO),
    "A-070": (2, L, 0.0, 1.0, (), [{"block_overtime": True}], ()),
    "A-081": (2, L, 0.0, 1.0, (), [{"trip_modules": True}], ()),
    "A-082": (2, L, 0.0, 1.0, (), [{"config_invalid": True}], ()),
    "A-085": (2, L, 0.0, 1.0, (), [{"k12_failed": True}], ()),
    "A-091": (2, A, 1.0, 5.0, (), [{"key_fault": True}], ()),
    "A-013": (3, A, 0.0, 1.0, (), [{"cycles_of_day_used": True}], ()),
    "A-024": (3, L, 0.0, 1.0, (), [{"route_implausible": True}], ()),
    "A-027": (3, L, 0.0, 1.0, (), [{"dhw_in_vain": True}], ()),
    "A-031": (3, A, 0.0, 60.0, ("A-030",), [{"recool_weak": True}], ()),
    "A-043": (3, A, 10.0, 60.0, (), [{"top_above_max": True}], ()),
    "A-050": (3, A, 0.0, 10.0, (), [{"energy_stale": True}], ()),
    "A-051": (3, A, 60.0, 10.0, (), [{"meter_dead": True}], ()),
    "A-053": (3, A, 60.0, 10.0, (), [{"mqtt_down": True}], ()),
    "A-055": (3, A, 0.0, 10.0, ("A-055B",), [{"miner_stale": True}], ()),
    "A-056": (3, A, 60.0, 60.0, (), [{"miner_fault": True}, {"miner_weak": True}], ()),
    "A-057": (3, L, 10.0, 10.0, (), [{"miner_auth": True}], ()),
    "A-059": (3, A, 60.0, 10.0, (), [{"clock_free": True}], ()),
    "A-060B": (3, K, 1.0, 10.0, (), [{"sensor_fault": True}], BLIND_AIO),
    "A-060C": (3, K, 900.0, 10.0, (), [{"dhw_unknown": True}], ()),
    "A-061": (3, A, 600.0, 60.0, (), [{"sensors_disagree": True}], ()),
    "A-062": (3, A, 10.0, 60.0, (), [{"mqtt_refused": True}], ()),
    "A-080": (3, L, 0.0, 1.0, (), [{"scan_overrun": True}], ()),
    "A-084": (3, A, 60.0, 60.0, (), [{"system_limits": True}], ()),
    "A-093": (3, K, 0.0, 60.0, (), [{"retained_refused": True}], ()),
    "A-014": (4, A, 0.0, 1.0, (), [{"cycles_service": True}], ()),
    "A-026": (4, A, 0.0, 1.0, (), [{"strokes_service": True}], ()),
    "A-044": (4, A, 0.0, 60.0, (), [{"buffer_held": True}], ()),
    "A-052": (4, A, 300.0, 60.0, (), [{"energy_mismatch": True}], ()),
    "A-054": (4, A, 60.0, 10.0, ("A-053",), [{"optimiser_silent": True}], ()),
    "A-058": (4, A, 60.0, 10.0, (), [{"prices_missing": True}], ()),
    "A-063": (4, A, 60.0, 60.0, (), [{"certificate_ends": True}], ()),
    "A-071": (4, A, 1.0, 5.0, (), [{"grid_block": True}], ()),
    "A-083": (4, A, 0.0, 60.0, (), [{"restarted": True}], ()),
    "A-090": (4, A, 28800.0, 1.0, (), [{"key_maint": True}], ()),
    "A-092": (4, A, 0.0, 1.0, (), [{"hand_active": True}], ()),
}  # fmt: skip
BY_ID = {alarm.id: alarm for alarm in ALARMS}


def test_there_are_exactly_these_alarms():
    assert set(BY_ID) == set(SPECIFICATION)


@pytest.mark.parametrize("name", SPECIFICATION)
def test_an_alarm_is_what_the_narrative_says(name):
    priority, latch, on_s, off_s, suppressed_by, raising, silencing = SPECIFICATION[name]
    alarm = BY_ID[name]
    assert (alarm.priority, alarm.latch) == (priority, latch)
    assert (alarm.on_s, alarm.off_s) == (on_s, off_s)
    assert alarm.suppressed_by == suppressed_by
    assert not alarm.holds(Facts(**HEALTHY)), "silent in a healthy plant"
    for facts in raising:
        assert alarm.holds(Facts(**{**HEALTHY, **facts})), facts
        for silence in silencing:
            assert not alarm.holds(Facts(**{**HEALTHY, **facts, **silence})), (facts, silence)
