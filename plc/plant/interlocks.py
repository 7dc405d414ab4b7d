"""The interlock tables of the plant: which named condition keeps which actuator off, or on.

Order is precedence: the first entry that holds is reported as the first cause. Follows the plant
reference, topic interlocks, with the corrections of the design (P3 has no term on the safety chain,
protections act in every state except the maintenance lock-out).
"""

from __future__ import annotations

from plc.plant.interlock import Condition, Predicate, Rules


def _c(name: str, holds: Predicate, de: str, en: str) -> Condition:
    return Condition(name, holds, de, en)


def _locked(holds: Predicate) -> Condition:
    """Maintenance lock-out, which only manual operation of this very actuator lifts."""
    return _c("maint_locked", holds, "Wartung verriegelt", "maintenance lock-out")


CONTACTOR_CLOSED = _c(
    "contactor_closed", lambda f: f.contactor_closed, "Minerschütz ist zu", "a miner contactor is closed"
)
OIL_HOT = _c("oil_hot", lambda f: f.oil_hot, "Öl heiß", "oil hot")

P3 = Rules(
    "p3",
    trip=(_locked(lambda f: f.maint_locked and f.hand_p3 != "on"),),
    protect=(
        CONTACTOR_CLOSED,
        _c("enable_on", lambda f: f.enable_on, "Minerfreigabe ist ein", "a miner is enabled"),
        OIL_HOT,
    ),
)

P4 = Rules(
    "p4",
    trip=(_locked(lambda f: f.maint_locked and f.hand_p4 != "on"),),
    protect=(
        *P3.protect,
        _c("frost_guard", lambda f: f.frost_guard, "Frostschutz W2", "frost guard of W2"),
        _c("frost_circulate", lambda f: f.frost_circulate, "Frostumwälzung", "frost circulation"),
    ),
)

P5 = Rules(
    "p5",
    start=(
        _c("not_recool", lambda f: not f.route_is_recool, "Weg ist nicht Rückkühlung", "route is not recool"),
        _c("rv1_not_b", lambda f: not f.rv1_at_b, "RV1 nicht in B", "RV1 not at B"),
    ),
    trip=(
        _locked(lambda f: f.maint_locked and f.hand_p5 != "on"),
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
        _locked(lambda f: f.maint_locked and f.hand_cooler != "on"),
        _c("cooler_fault", lambda f: not f.cooler_ok, "Rückkühler gestört", "cooler fault"),
        _c("p5_off", lambda f: f.p5_pct <= 0.0, "P5 steht", "P5 is off"),
        _c("rv1_not_b", lambda f: not f.rv1_at_b, "RV1 nicht in B", "RV1 not at B"),
        _c("oil_not_ok", lambda f: not f.oil_ok, "Öl nicht in Ordnung", "oil not ok"),
        _c("p3_off", lambda f: not f.p3_on, "P3 steht", "P3 is off"),
        _c("glycol_cold", lambda f: f.glycol_below_stop, "Glykol zu kalt", "glycol too cold"),
        _c(
            "nothing_to_cool",
            lambda f: f.miners_stopped and f.oil_cold_for_fan and not f.exercise,
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
    _c("k12_failed", lambda f: f.k12_failed, "Prüfung K12 nicht bestanden", "proof test of K12 failed"),
)

M1 = Rules(
    "m1",
    start=(
        *_MINER_START,
        _c("min_off", lambda f: not f.m1_ready, "Mindestpause läuft", "minimum off time runs"),
        _c("not_commandable", lambda f: f.miner1_unfit, "Miner nicht führbar", "miner cannot be commanded"),
        _c("saved_high", lambda f: f.m1_saved_high, "startet mit zu viel Leistung", "would start too high"),
    ),
    trip=_MINER_TRIPS,
)
M2 = Rules(
    "m2",
    start=(
        *_MINER_START,
        _c("min_off", lambda f: not f.m2_ready, "Mindestpause läuft", "minimum off time runs"),
        _c("not_commandable", lambda f: f.miner2_unfit, "Miner nicht führbar", "miner cannot be commanded"),
        _c("saved_high", lambda f: f.m2_saved_high, "startet mit zu viel Leistung", "would start too high"),
    ),
    trip=_MINER_TRIPS,
)

_BLOCK_NEVER = (
    # A buffer that is cold at its bottom may still be warm at its top, and frost needs no cold weather then.
    _c("frost", lambda f: f.frost or f.buffer_cold, "Frost oder Puffer zu kalt", "frost or buffer too cold"),
    _c("fault", lambda f: f.hard_trip or f.hard_latched, "Störung", "fault"),
    _c("not_auto", lambda f: not f.auto, "nicht Automatik", "not automatic"),
    _c("init", lambda f: not f.io_settled, "Anlauf", "starting up"),
    _c("modules", lambda f: not (f.dio_healthy and f.aio_healthy), "E/A-Modul fehlt", "I/O module missing"),
    _c(
        "buffer_sensors",
        lambda f: f.t_top is None or f.t_bottom is None,
        "Pufferfühler fehlt",
        "a buffer sensor is missing",
    ),
    _c("outdoor_unknown", lambda f: f.t_outdoor is None, "Außenfühler fehlt", "outdoor sensor missing"),
    _c("outdoor_cold", lambda f: f.too_cold_to_block, "außen zu kalt", "too cold outside"),
    _c("top_cold", lambda f: f.top_cold_for_block, "Puffer oben kühl", "buffer top cool"),
    _c("disinfection", lambda f: f.disinfection, "Desinfektion", "disinfection"),
    _c("dhw_demand", lambda f: f.dhw_blocks, "Warmwasser kalt oder unbekannt", "hot water cold or unknown"),
    _c("clock", lambda f: f.clock_free, "Uhr nicht synchron", "clock not synchronised"),
    _c("overtime", lambda f: f.block_overtime, "zu lange gesperrt", "blocked for too long"),
    _c("remote_free", lambda f: f.block_vetoed, "Fernvorgabe: frei", "remote request: free"),
)

HP_BLOCK_HEAT = Rules(
    "hp_block",
    start=(
        _c("summer", lambda f: f.summer, "Sommer", "summer"),
        _c(
            "top_not_hot",
            lambda f: not f.top_above_block,
            "Puffer nicht warm genug",
            "buffer not warm enough",
        ),
        _c(
            "heat_small",
            lambda f: not (f.heat_covers or f.buffer_covers),
            "Minerwärme deckt die Last nicht",
            "miner heat does not cover the load",
        ),
    ),
    trip=(
        *_BLOCK_NEVER,
        _c("miners_off", lambda f: f.miners_stopped, "Miner aus", "miners off"),
        _c("no_heat", lambda f: f.heat_absent, "Miner ohne Wärme", "miners without heat"),
    ),
)

NO_VALUE = "no_value"

HP_BLOCK_VALUE = Rules(
    "hp_block_value",
    start=(
        _c(
            "buffer_short",
            lambda f: not f.buffer_covers,
            "Puffer reicht nicht",
            "buffer does not last",
        ),
    ),
    trip=(
        *_BLOCK_NEVER,
        _c(NO_VALUE, lambda f: not f.block_valuable, "lohnt nicht", "not worth it"),
    ),
)

NO_REQUEST = "no_request"

HP_BLOCK_REQUEST = Rules(
    "hp_block_request",
    start=HP_BLOCK_VALUE.start,
    trip=(
        *_BLOCK_NEVER,
        _c(NO_REQUEST, lambda f: not f.block_requested, "keine Vorgabe", "no request"),
    ),
)

TABLES: tuple[Rules, ...] = (
    P3,
    P4,
    P5,
    COOLER,
    M1,
    M2,
    HP_BLOCK_HEAT,
    HP_BLOCK_VALUE,
    HP_BLOCK_REQUEST,
)
