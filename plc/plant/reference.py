"""Reference pages made from the tables of the plant: states, transitions, interlocks, alarms, parameters.

Pure text functions. The pages in `docs/reference` are their output, and a test compares; so a rule cannot
change without its page.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from plc.blocks.param import Ordered, Param
from plc.plant.alarm_table import ALARMS
from plc.plant.alarm_texts import TEXTS
from plc.plant.interlock import cause_table
from plc.plant.interlocks import TABLES
from plc.plant.parameters import Parameters
from plc.plant.states import EVERY, SequenceState
from plc.plant.transitions import transition_table
from plc.plant.trip_table import TRIPS

GENERATED = "<!-- generated from the tables of plc/plant; do not edit -->\n\n"

STATES: dict[SequenceState, tuple[str, str]] = {
    SequenceState.INIT: ("Anlauf: E/A-Module werden gültig", "starting up: I/O modules become valid"),
    SequenceState.OFF: ("aus; Schutzfunktionen wirken", "off; protections act"),
    SequenceState.STANDBY: ("bereit, wartet auf Anforderung", "ready, waits for a request"),
    SequenceState.PRECIRC: ("Umwälzung wird nachgewiesen", "circulation is being proven"),
    SequenceState.RAMP: ("Schütze schließen, Leistung steigt", "contactors close, power rises"),
    SequenceState.HEAT_BUFFER: ("Wärme in den Puffer", "heat into the buffer"),
    SequenceState.HEAT_DHW: ("Wärme ins Warmwasser", "heat into hot water"),
    SequenceState.RECOOL: ("Wärme an die Luft", "heat into the air"),
    SequenceState.COOLDOWN: ("Miner aus, Nachlauf", "miners off, pumps run on"),
    SequenceState.FROST: ("bereit, Frostschutz aktiv", "ready, frost protection active"),
    SequenceState.FAULT: ("Störung, wartet auf Quittierung", "fault, waits for an acknowledge"),
    SequenceState.MAINT: ("Wartung, verriegelt nach dem Nachlauf", "maintenance, locked after cool-down"),
}
"""What each state means, German and English."""


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    lines.extend(f"| {' | '.join(row)} |" for row in rows)
    return "\n".join(lines) + "\n"


def states_page() -> str:
    """States and transitions, in order of evaluation."""
    states = _table(("state", "German", "English"), [(state.value, *STATES[state]) for state in EVERY])
    arrows = _table(
        ("from", "to", "reason", "German", "English"),
        [tuple(row[key] for key in ("from", "to", "reason", "de", "en")) for row in transition_table()],
    )
    return (
        f"# States and transitions\n\n{GENERATED}{states}\n"
        "In each scan the first transition that holds is taken, at most one, in this order:\n\n"
        f"{arrows}"
    )


def interlocks_page() -> str:
    """The cause-and-effect matrix and the trips."""
    matrix = _table(
        ("actuator", "effect", "cause", "German", "English"),
        [tuple(row[key] for key in ("actuator", "effect", "cause", "de", "en")) for row in cause_rows()],
    )
    trips = _table(
        ("trip", "class", "alarm", "delay s", "German", "English"),
        [
            (
                trip.name,
                "hard" if trip.hard else "soft",
                trip.alarm,
                f"{trip.delay_s(Parameters()):g}",
                trip.de,
                trip.en,
            )
            for trip in TRIPS
        ],
    )
    return (
        f"# Interlocks\n\n{GENERATED}"
        "Effect `off` switches off and keeps off, `blocks_start` only keeps off, `on` is a protection.\n"
        "The first line that holds is reported as the first cause.\n\n"
        f"{matrix}\n## Trips\n\n"
        "A hard trip leads to FAULT in the same scan and is latched; a soft trip is an ordered stop.\n\n"
        f"{trips}"
    )


def cause_rows() -> list[dict[str, str]]:
    """The cause-and-effect matrix of all actuators."""
    return cause_table(TABLES)


def causes_csv() -> str:
    """The same as semicolon separated text for a spreadsheet."""
    header = ("actuator", "effect", "cause", "de", "en")
    lines = [";".join(header), *(";".join(row[key] for key in header) for row in cause_rows())]
    return "\n".join(lines) + "\n"


def alarms_page() -> str:
    """Every alarm: when, how it clears, what to do, in both languages."""
    rows: list[tuple[str, ...]] = []
    for alarm in sorted(ALARMS, key=lambda alarm: alarm.id):
        text = TEXTS[alarm.id]
        rows.append(
            (
                alarm.id,
                str(alarm.priority),
                alarm.latch.value,
                f"{alarm.on_s:g} / {alarm.off_s:g}",
                " ".join(alarm.suppressed_by),
                f"{text.cause_de}<br>{text.cause_en}",
                f"{text.effect_de}<br>{text.effect_en}",
                f"{text.action_de}<br>{text.action_en}",
            )
        )
    header = ("id", "P", "clears", "on / off s", "suppressed by", "cause", "effect", "what to do")
    return (
        f"# Alarms\n\n{GENERATED}"
        "P 1 critical (horn, acknowledge at the cabinet) to 4 notice. `auto` clears with its cause,\n"
        "`ack` with its cause and an acknowledge in either order, `latched` by an acknowledge after its\n"
        "cause has gone.\n\n"
        f"{_table(header, rows)}"
    )


def parameters_page() -> str:
    """Every parameter with unit, default, limits and whether it may be changed from afar."""
    parts = [f"# Parameters\n\n{GENERATED}"]
    for group in fields(Parameters()):
        parts.append(_section(group.name, getattr(Parameters(), group.name)))
    return "\n".join(parts).rstrip("\n") + "\n"


def _section(name: str, group: Any) -> str:
    """One group, and after it the groups inside it."""
    text = f"## {name}\n\n{(type(group).__doc__ or '').splitlines()[0]}\n"
    rows = _rows(group)
    if rows:
        text += f"\n{_table(('name', 'default', 'range', 'unit', 'remote', 'meaning'), rows)}"
    rules: tuple[Ordered, ...] = getattr(type(group), "RULES", ())
    if rules:
        text += "\n" + "".join(f"- {' < '.join(rule.names)}: {rule.why}\n" for rule in rules)
    for field in fields(group):
        inner = getattr(group, field.name)
        if is_dataclass(inner):
            text += f"\n{_section(f'{name}.{field.name}', inner)}"
    return text


def _rows(group: Any) -> list[tuple[str, ...]]:
    hints = get_type_hints(type(group), include_extras=True)
    rows: list[tuple[str, ...]] = []
    for field in fields(group):
        param = next((fact for fact in get_args(hints[field.name]) if isinstance(fact, Param)), None)
        if param is None:
            continue  # a group inside the group, which has a section of its own
        limits = "" if param.minimum is None else f"{param.minimum:g} .. {param.maximum:g}"
        default = getattr(group, field.name)
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        text = param.text + (" (to be confirmed on site)" if param.source == "commissioning" else "")
        rows.append((field.name, shown, limits, param.unit, "yes" if param.remote else "", text))
    return rows


PAGES = {
    "states.md": states_page,
    "interlocks.md": interlocks_page,
    "alarms.md": alarms_page,
    "parameters.md": parameters_page,
}
"""File in docs/reference -> function that makes it."""
