"""The loops of the plant: which signals, interlocks and alarms belong to one actuator or one function.

The only table here that is written by hand. A test holds it against the signal catalogue, the interlocks
and the alarms, so that a new one cannot be forgotten on the sheets.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loop:
    """One sheet.

    outputs, inputs: signals, what commands and what is seen. tables: interlock tables. alarms: ids.
    actuators: names under which the plant publishes what blocks it.
    """

    key: str
    de: str
    en: str
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    actuators: tuple[str, ...] = ()


LOOPS: tuple[Loop, ...] = (
    Loop(
        "p3",
        "P3 Minerkreis (Öl)",
        "P3 miner loop (oil)",
        ("p3_on",),
        ("flow_ok", "t_oil_degc"),
        ("p3",),
        ("A-003", "A-005", "A-006", "A-008", "A-021", "A-060"),
        ("p3",),
    ),
    Loop(
        "p4",
        "P4 Heizungswasser",
        "P4 heating water",
        ("p4_setpoint_pct",),
        ("p4_ssm_ok", "t_oil_degc", "t_charge_degc", "t_buffer_bottom_degc"),
        ("p4",),
        ("A-007", "A-022", "A-041", "A-060B", "A-061"),
        ("p4",),
    ),
    Loop(
        "p5",
        "P5 Glykol",
        "P5 glycol",
        ("p5_setpoint_pct",),
        ("p5_ssm_ok", "t_glycol_degc"),
        ("p5",),
        ("A-023", "A-040"),
        ("p5",),
    ),
    Loop(
        "cooler",
        "Rückkühler",
        "dry cooler",
        ("cooler_on",),
        ("cooler_ok", "t_glycol_degc", "t_outdoor_degc"),
        ("cooler",),
        ("A-030", "A-031"),
        ("cooler",),
    ),
    Loop(
        "rv1",
        "RV1 Puffer / Rückkühlung",
        "RV1 buffer / dry cooler",
        ("rv1_a", "rv1_b"),
        ("t_charge_degc", "t_glycol_degc"),
        (),
        ("A-020", "A-024", "A-025", "A-026"),
    ),
    Loop(
        "rv2",
        "RV2 Puffer / Warmwasser",
        "RV2 buffer / hot water",
        ("rv2_a", "rv2_b"),
        ("t_buffer_top_degc",),
        (),
        ("A-024", "A-025", "A-026", "A-027", "A-043", "A-060C"),
    ),
    Loop(
        "miner1",
        "Miner 1, Schütz K10",
        "miner 1, contactor K10",
        ("m1_enable",),
        ("k10_fb", "safety_ok", "flow_ok"),
        ("m1",),
        (
            *("A-011", "A-012", "A-013", "A-014", "A-020", "A-055", "A-055B", "A-056", "A-057"),
            "A-085",
        ),
        ("m1",),
    ),
    Loop(
        "miner2",
        "Miner 2, Schütz K11",
        "miner 2, contactor K11",
        ("m2_enable",),
        ("k11_fb", "safety_ok", "flow_ok"),
        ("m2",),
        (
            *("A-011", "A-012", "A-013", "A-014", "A-020", "A-055", "A-055B", "A-056", "A-057"),
            "A-085",
        ),
        ("m2",),
    ),
    Loop(
        "heat_pump",
        "Sperre der Wärmepumpe, K7",
        "heat pump block, K7",
        ("hp_block",),
        ("grid_block", "t_buffer_top_degc", "t_outdoor_degc"),
        ("hp_block", "hp_block_value", "hp_block_request"),
        ("A-042", "A-044", "A-058", "A-059", "A-060C", "A-070", "A-071"),
        ("hp_block",),
    ),
    Loop(
        "safety",
        "Sicherheitskette und Lebenszeichen",
        "safety chain and heartbeat",
        ("heartbeat", "reset_lamp"),
        ("safety_ok", "estop1_ok", "estop2_ok", "flow_ok", "temp_max_ok"),
        (),
        ("A-001", "A-002", "A-003", "A-004", "A-010", "A-080", "A-081", "A-083", "A-085"),
    ),
    Loop(
        "panel",
        "Bedienung und Anzeige",
        "operation and display",
        ("horn", "lamp_fault", "lamp_run", "reset_lamp"),
        ("ack_pb", "mode_auto", "mode_maint"),
        (),
        ("A-090", "A-091", "A-092"),
    ),
)

WITHOUT_LOOP = ("A-050", "A-051", "A-052", "A-053", "A-054", "A-062", "A-063", "A-082", "A-084", "A-093")
"""Alarms of computer, network and meters: no terminal of the cabinet belongs to them."""
