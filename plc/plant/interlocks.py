"""The interlock tables of the plant: which named condition keeps which actuator off, or on.

Order is precedence: the first entry that holds is reported as the first cause. Follows the plant
reference, topic interlocks, with the corrections of the design (P3 has no term on the safety chain,
protections act in every state except the maintenance lock-out).
"""

from __future__ import annotations

from plc.plant.facts import Facts
from plc.plant.interlock import Condition, Predicate, Rules


def _c(name: str, holds: Predicate, de: str, en: str) -> Condition:
    return Condition(name, holds, de, en)


MAINT_LOCKED = _c("maint_locked", lambda f: f.maint_locked, "Wartung verriegelt", "maintenance lock-out")
CONTACTOR_CLOSED = _c(
    "contactor_closed", lambda f: f.contactor_closed, "Minerschütz ist zu", "a miner contactor is closed"
)
OIL_HOT = _c("oil_hot", lambda f: f.oil_hot, "Öl heiß", "oil hot")
FROST = _c("frost", lambda f: f.frost, "Frostschutz", "frost protection")

P3 = Rules(
    "p3",
    trip=(MAINT_LOCKED,),
    protect=(
        CONTACTOR_CLOSED,
        _c("enable_on", lambda f: f.enable_on, "Minerfreigabe ist ein", "a miner is enabled"),
        OIL_HOT,
    ),
)

P4 = Rules("p4", trip=(MAINT_LOCKED,), protect=(*P3.protect, FROST))

P5 = Rules(
    "p5",
    start=(
        _c("not_recool", lambda f: not f.route_is_recool, "Weg ist nicht Rückkühlung", "route is not recool"),
        _c("rv1_not_b", lambda f: not f.rv1_at_b, "RV1 nicht in B", "RV1 not at B"),
    ),
    trip=(
        MAINT_LOCKED,
        _c(
            "glycol_cold",
            lambda f: f.glycol_cold,
            "Glykol zu kalt für W2",
            "glycol too cold for W2",
        ),
        _c("p5_fault", lambda f: not f.p5_ssm_ok, "Störung P5", "fault of P5"),
    ),
)

COOLER = Rules(
    "cooler",
    start=(
        _c("p5_not_proven", lambda f: not f.p5_proven, "P5 läuft noch nicht", "P5 not running long enough"),
        _c(
            "glycol_not_warm",
            lambda f: not f.glycol_above_start,
            "Glykol noch zu kalt",
            "glycol not warm enough",
        ),
    ),
    trip=(
        MAINT_LOCKED,
        _c("cooler_fault", lambda f: not f.cooler_ok, "Rückkühler gestört", "cooler fault"),
        _c("p5_off", lambda f: f.p5_pct <= 0.0, "P5 steht", "P5 is off"),
        _c("rv1_not_b", lambda f: not f.rv1_at_b, "RV1 nicht in B", "RV1 not at B"),
        _c("oil_not_ok", lambda f: not f.oil_ok, "Öl nicht in Ordnung", "oil not ok"),
        _c("p3_off", lambda f: not f.p3_on, "P3 steht", "P3 is off"),
        _c("glycol_cold", lambda f: f.glycol_below_stop, "Glykol zu kalt", "glycol too cold"),
        _c(
            "nothing_to_cool",
            lambda f: f.miners_stopped and f.oil_cold_for_fan,
            "Miner aus und Öl kühl",
            "miners off and oil cool",
        ),
    ),
)

_MINER_TRIPS = (
    _c("hard_trip", lambda f: f.hard_trip or f.hard_latched, "Abschaltung", "hard trip"),
    _c("safety_chain_open", lambda f: not f.safety_ok, "Sicherheitskreis offen", "safety chain open"),
    _c("flow_missing", lambda f: not f.flow_ok, "kein Durchfluss", "no flow"),
    _c("temp_max", lambda f: not f.temp_max_ok, "Temperaturbegrenzer", "temperature limiter"),
    _c("modules", lambda f: not (f.dio_healthy and f.aio_healthy), "E/A-Modul fehlt", "I/O module missing"),
    _c("oil_unknown", lambda f: not f.oil_valid, "Öltemperatur unbekannt", "oil temperature unknown"),
    _c("p3_off", lambda f: not f.p3_on, "P3 steht", "P3 is off"),
    _c("p4_low", lambda f: not f.p4_at_minimum, "P4 unter Mindestwert", "P4 below its minimum"),
    _c("path_unknown", lambda f: not f.path_open, "Ventilstellung unbekannt", "valve position unknown"),
    _c("maintenance", lambda f: f.key_maint or f.key_fault, "Wartung", "maintenance"),
    _c("not_auto", lambda f: not f.auto, "nicht Automatik", "not automatic"),
)

_MINER_START = (
    _c("route_not_ready", lambda f: not f.route_ready, "Weg nicht fertig", "route not ready"),
    _c("oil_too_warm", lambda f: not f.oil_cool_enough, "Öl zu warm zum Start", "oil too warm to start"),
    _c("soft_trip", lambda f: f.soft_trip, "sanfter Stopp", "soft trip"),
)

M1 = Rules(
    "m1",
    start=(
        *_MINER_START,
        _c("min_off", lambda f: not f.m1_ready, "Mindestpause läuft", "minimum off time runs"),
    ),
    trip=_MINER_TRIPS,
)
M2 = Rules(
    "m2",
    start=(
        *_MINER_START,
        _c("min_off", lambda f: not f.m2_ready, "Mindestpause läuft", "minimum off time runs"),
    ),
    trip=_MINER_TRIPS,
)

HP_BLOCK = Rules("hp_block", trip=())

TABLES: tuple[Rules, ...] = (P3, P4, P5, COOLER, M1, M2, HP_BLOCK)


def starts_blocked(f: Facts) -> bool:
    """True while no start sequence could end in an enable; for the lamp and the status."""
    return any(condition.holds(f) for condition in _MINER_TRIPS)
