"""The transitions as data: from where, to where, why, when.

Every delay is inside a named condition of the facts (`request_stands`, `buffer_full` ...), so a transition is
only a look at names; its reason in the decision log is its name. Follows the plant reference, topic state
machine, as corrected by the design.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc.plant.interlock import Predicate
from plc.plant.states import EVERY, RUN_STATES, WAITING, SequenceState

S = SequenceState


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow. reason: its name in the decision log. holds: condition over the facts of this scan."""

    sources: tuple[SequenceState, ...]
    target: SequenceState
    reason: str
    holds: Predicate
    de: str
    en: str


def _except(*states: SequenceState) -> tuple[SequenceState, ...]:
    return tuple(state for state in EVERY if state not in states)


TRANSITIONS: tuple[Transition, ...] = (
    # Persons first: whoever turns the key to maintenance stands in front of the machine.
    Transition(
        _except(S.MAINT, S.INIT),
        S.MAINT,
        "key_maint",
        lambda f: f.key_maint,
        "Schlüsselschalter auf Wartung",
        "key switch at maintenance",
    ),
    Transition(
        _except(S.FAULT, S.MAINT),
        S.FAULT,
        "hard_trip",
        lambda f: f.hard_trip or f.hard_latched,
        "Abschaltung",
        "hard trip",
    ),
    Transition(
        (S.INIT,),
        S.MAINT,
        "key_maint",
        lambda f: f.io_settled and f.key_maint,
        "Schlüsselschalter auf Wartung",
        "key switch at maintenance",
    ),
    Transition(
        (S.INIT,), S.OFF, "io_settled", lambda f: f.io_settled, "E/A-Module gültig", "I/O modules valid"
    ),
    Transition(
        (S.MAINT,),
        S.FAULT,
        "trip_latched",
        lambda f: not f.key_maint and f.hard_latched,
        "Wartung beendet, Störung steht an",
        "maintenance over, a trip is latched",
    ),
    Transition(
        (S.MAINT,), S.OFF, "maint_over", lambda f: not f.key_maint, "Wartung beendet", "maintenance over"
    ),
    Transition(
        (S.FAULT,),
        S.STANDBY,
        "acknowledged",
        lambda f: not f.hard_trip and not f.hard_latched and f.miners_stopped and f.min_off_over,
        "Ursache weg, quittiert, Mindestpause um",
        "cause gone, acknowledged, minimum off time over",
    ),
    Transition((S.OFF,), S.STANDBY, "auto", lambda f: f.auto, "Automatik", "automatic"),
    # Off: an ordered stop first, then OFF. The enables fall at once, because the key says so.
    Transition(
        (S.PRECIRC, *RUN_STATES),
        S.COOLDOWN,
        "off_requested",
        lambda f: not f.auto,
        "Aus angefordert",
        "off requested",
    ),
    Transition(WAITING, S.OFF, "off_requested", lambda f: not f.auto, "Aus angefordert", "off requested"),
    Transition(
        (S.COOLDOWN,),
        S.OFF,
        "off_requested",
        lambda f: not f.auto and f.miners_stopped and f.cooled_down,
        "Aus angefordert, nachgekühlt",
        "off requested, cooled down",
    ),
    # Soft trips: an ordered stop.
    Transition(
        (S.PRECIRC, *RUN_STATES), S.COOLDOWN, "soft_trip", lambda f: f.soft_trip, "Sanfter Stopp", "soft trip"
    ),
    # Start.
    Transition(
        WAITING,
        S.PRECIRC,
        "request",
        lambda f: (
            f.request_stands
            and f.safety_ok
            and f.sink_available
            and f.min_off_over
            and f.miner_available
            and not f.soft_trip
        ),
        "Leistung angefordert",
        "power requested",
    ),
    Transition(
        (S.PRECIRC,),
        S.COOLDOWN,
        "request_gone",
        lambda f: f.request_w <= 0.0,
        "Anforderung zurückgenommen",
        "request withdrawn",
    ),
    Transition(
        (S.PRECIRC,),
        S.RAMP,
        "circulation_proven",
        lambda f: (
            f.route_ready
            and f.p3_proven
            and f.p4_proven
            and f.p5_ready
            and f.oil_cool_enough
            and f.oil_valid
            and f.safety_ok
        ),
        "Umwälzung nachgewiesen",
        "circulation proven",
    ),
    Transition(
        (S.RAMP,),
        S.RECOOL,
        "heat_flows",
        lambda f: f.heat_flows and f.route_is_recool,
        "Leistung erreicht, Rückkühlung",
        "power reached, recooling",
    ),
    Transition(
        (S.RAMP,),
        S.HEAT_DHW,
        "heat_flows",
        lambda f: f.heat_flows and f.route_is_dhw,
        "Leistung erreicht, Warmwasser",
        "power reached, hot water",
    ),
    Transition(
        (S.RAMP,), S.HEAT_BUFFER, "heat_flows", lambda f: f.heat_flows, "Leistung erreicht", "power reached"
    ),
    # Stop because nobody wants or can use the heat.
    Transition(
        RUN_STATES,
        S.COOLDOWN,
        "request_gone",
        lambda f: f.request_gone and f.min_on_over,
        "keine Anforderung mehr",
        "no request any more",
    ),
    Transition(
        RUN_STATES,
        S.COOLDOWN,
        "no_miner",
        lambda f: not f.miner_available,
        "kein Miner verfügbar",
        "no miner available",
    ),
    # Where the heat goes.
    Transition(
        (S.RAMP, S.HEAT_BUFFER, S.HEAT_DHW),
        S.RECOOL,
        "oil_hot",
        lambda f: f.oil_wants_recool and f.recool_for_protection and not f.route_is_recool,
        "Öl heiß, Rückkühlung schützt",
        "oil hot, recooling protects",
    ),
    # Hot water before a full buffer: the tank is a sink of its own, and heat for it is never too much.
    Transition(
        (S.HEAT_BUFFER,),
        S.HEAT_DHW,
        "dhw_demand",
        lambda f: f.dhw_wanted,
        "Warmwasserbedarf",
        "hot water demand",
    ),
    Transition(
        (S.HEAT_BUFFER,),
        S.RECOOL,
        "buffer_full",
        lambda f: f.buffer_full and f.recool_allowed,
        "Puffer voll, Rückkühlung erlaubt",
        "buffer full, recooling allowed",
    ),
    Transition(
        (S.RAMP, S.HEAT_BUFFER),
        S.COOLDOWN,
        "buffer_full",
        lambda f: f.buffer_full and not f.recool_allowed and not f.route_is_recool,
        "Puffer voll, keine Senke",
        "buffer full, no sink",
    ),
    Transition(
        (S.HEAT_DHW,),
        S.HEAT_BUFFER,
        "dhw_unknown",
        lambda f: f.dhw_unknown,
        "Warmwasserfühler ohne Wert",
        "hot water sensor without a value",
    ),
    Transition(
        (S.HEAT_DHW,),
        S.HEAT_BUFFER,
        "dhw_in_vain",
        lambda f: f.dhw_in_vain,
        "Warmwasser wird nicht warm",
        "hot water does not get warm",
    ),
    Transition(
        (S.HEAT_DHW,),
        S.HEAT_BUFFER,
        "dhw_satisfied",
        lambda f: not f.dhw_wanted,
        "Warmwasser geladen oder Öl nicht mehr heißer",
        "hot water charged, or the oil no longer hotter",
    ),
    Transition(
        (S.RECOOL,),
        S.HEAT_BUFFER,
        "recool_lost",
        lambda f: not f.recool_possible and f.buffer_takes_heat,
        "Rückkühlung ausgefallen, Puffer nimmt auf",
        "recooling lost, buffer takes the heat",
    ),
    Transition(
        (S.RAMP, S.RECOOL),
        S.COOLDOWN,
        "recool_lost",
        # RV1 on its way home and out once more is still recooling: a stroke long nothing else would end it.
        lambda f: (f.route_is_recool or f.route_retry) and not f.recool_possible,
        "Rückkühlung ausgefallen, Puffer voll",
        "recooling lost, buffer full",
    ),
    Transition(
        (S.RECOOL,),
        S.HEAT_BUFFER,
        "buffer_room",
        lambda f: f.buffer_room and f.recool_min_over,
        "Puffer nimmt wieder auf",
        "buffer has room again",
    ),
    Transition(
        (S.RECOOL,),
        S.HEAT_BUFFER,
        "oil_calm",
        lambda f: f.recool_min_over and not f.recool_allowed and f.oil_calm and f.buffer_takes_heat,
        "Öl abgekühlt, Rückkühlung nur zum Schutz",
        "oil has cooled, recooling was only for protection",
    ),
    Transition(
        (S.RECOOL,),
        S.COOLDOWN,
        "recool_not_wanted",
        lambda f: f.recool_min_over and not f.recool_allowed and f.oil_calm and not f.buffer_takes_heat,
        "Puffer voll, Rückkühlung nur zum Schutz",
        "buffer full, recooling was only for protection",
    ),
    Transition(
        (S.COOLDOWN,),
        S.STANDBY,
        "cooled_down",
        lambda f: f.miners_stopped and f.cooled_down,
        "nachgekühlt",
        "cooled down",
    ),
    Transition((S.STANDBY,), S.FROST, "frost", lambda f: f.frost, "Frostschutz", "frost protection"),
    Transition((S.FROST,), S.STANDBY, "frost_over", lambda f: not f.frost, "Frost vorbei", "frost over"),
)


def transition_table(transitions: tuple[Transition, ...] = TRANSITIONS) -> list[dict[str, str]]:
    """The arrows as data for documents: one row per arrow, in order of evaluation."""
    return [
        {
            "from": " ".join(arrow.sources) if len(arrow.sources) < len(EVERY) - 2 else "any",
            "to": arrow.target.value,
            "reason": arrow.reason,
            "de": arrow.de,
            "en": arrow.en,
        }
        for arrow in transitions
    ]
