"""Trips as data: what stops the miners, how fast, and which alarm says so.

Follows the plant reference, topic interlocks, as corrected by the design: a missing safety chain is a trip
only while an enable or a contactor is on, a planned loss of flow is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plc.plant.interlock import Predicate
from plc.plant.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Trip:
    """One trip. delay_s is looked up in the parameters, so that the table needs no numbers."""

    name: str
    alarm: str
    hard: bool
    holds: Predicate
    delay_s: Callable[[Parameters], float] = lambda _: 0.0
    de: str = ""
    en: str = ""


TRIPS: tuple[Trip, ...] = (
    Trip(
        "safety_chain_open",
        "A-002",
        True,
        lambda f: not f.safety_ok and f.miner_powered and f.dio_healthy,
        de="Sicherheitskreis offen",
        en="safety chain open",
    ),
    Trip(
        "temp_max",
        "A-004",
        True,
        lambda f: not f.temp_max_ok and f.dio_healthy and f.io_settled,
        de="Temperaturbegrenzer ausgelöst",
        en="temperature limiter tripped",
    ),
    Trip(
        "flow_lost",
        "A-003",
        True,
        lambda f: not f.flow_ok and (f.miner_powered or f.flow_fell) and f.dio_healthy,
        de="Durchfluss verloren",
        en="flow lost",
    ),
    Trip(
        "oil_trip",
        "A-005",
        True,
        lambda f: f.oil_trip,
        lambda p: p.oil.trip_delay_s,
        de="Öl zu heiß",
        en="oil too hot",
    ),
    Trip(
        "cooling_lost",
        "A-007",
        True,
        lambda f: f.cooling_lost,
        lambda p: p.oil.cooling_lost_s,
        de="Öl erwärmt sich wie ohne Kühlung",
        en="oil heats up as without cooling",
    ),
    Trip(
        "heat_missing",
        "A-008",
        True,
        lambda f: f.heat_missing,
        lambda p: p.heat_proof.for_s,
        de="Wärme kommt nicht an",
        en="heat does not arrive",
    ),
    Trip(
        "chips_hot",
        "A-008",
        True,
        lambda f: f.chips_hot,
        lambda p: p.heat_proof.chip_for_s,
        de="Chips zu heiß",
        en="chips too hot",
    ),
    Trip(
        "oil_sensor",
        "A-060",
        True,
        lambda f: not f.oil_valid and f.miner_powered,
        de="Öltemperatur unbekannt",
        en="oil temperature unknown",
    ),
    Trip(
        "p3_no_flow",
        "A-021",
        True,
        lambda f: f.p3_on and not f.flow_ok and f.p3_needed,
        lambda p: p.safety.flow_proof_s,
        de="P3 ein, kein Durchfluss",
        en="P3 on, no flow",
    ),
    Trip(
        "contactor_welded",
        "A-012",
        True,
        lambda f: f.contactor_welded,
        de="Schütz klebt",
        en="contactor welded",
    ),
    Trip(
        "valve_conflict",
        "A-025",
        True,
        lambda f: f.valve_conflict,
        de="Beide Richtungen eines Ventils",
        en="both directions of a valve",
    ),
    Trip(
        "start_timeout",
        "A-020",
        True,
        lambda f: f.start_timeout,
        de="Anfahren dauert zu lange",
        en="start takes too long",
    ),
    Trip(
        "io_modules_running",
        "A-081",
        True,
        lambda f: f.miner_powered and not (f.dio_healthy and f.aio_healthy),
        de="E/A-Modul fehlt bei laufendem Miner",
        en="I/O module missing while a miner is on",
    ),
    Trip(
        "io_modules",
        "A-081",
        True,
        lambda f: f.io_settled and not (f.dio_healthy and f.aio_healthy),
        lambda p: p.fallback.sensor_hold_s,
        de="E/A-Modul fehlt",
        en="I/O module missing",
    ),
    Trip(
        "p4_fault",
        "A-022",
        False,
        lambda f: not f.p4_ssm_ok and f.dio_healthy,
        lambda p: p.safety.flow_off_s,
        de="Störung P4",
        en="fault of P4",
    ),
    Trip(
        "buffer_sensors",
        "A-060",
        False,
        lambda f: f.t_top is None and f.t_bottom is None,
        lambda p: p.fallback.sensor_hold_s,
        de="Beide Pufferfühler fehlen",
        en="both buffer sensors missing",
    ),
    Trip(
        "energy_blind",
        "A-050",
        False,
        lambda f: f.energy_dead,
        lambda p: p.fallback.hold_without_energy_s,
        de="Wechselrichterdaten fehlen",
        en="inverter data missing",
    ),
    Trip(
        "oil_limit",
        "A-006",
        False,
        lambda f: f.thermal_exhausted,
        de="Öl zu warm trotz kleinster Leistung",
        en="oil too warm in spite of least power",
    ),
    Trip(
        "grid_operator",
        "A-071",
        False,
        lambda f: f.grid_stop,
        de="Signal des Netzbetreibers",
        en="grid operator's signal",
    ),
)


FULL_SPEED_TRIPS = frozenset({"temp_max", "oil_trip", "cooling_lost", "contactor_welded"})
"""Trips after which the pumps run at full speed: heat has to go, whatever it costs."""

ALARM_OF = {trip.name: trip.alarm for trip in TRIPS}
