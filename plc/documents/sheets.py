"""Signal sheets, I/O list and cause-and-effect matrix of one site, in both languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from plc.documents.diagram import Box, chain
from plc.documents.loops import LOOPS, Loop
from plc.documents.page import origin_of, page, root_of, table
from plc.image.documents import labels, terminal_list
from plc.image.wiring import Wire
from plc.plant.alarm_table import ALARMS
from plc.plant.alarm_texts import TEXTS
from plc.plant.reference import cause_rows
from plc.plant.signals import Kind
from plc.site import Site

LANGUAGES = ("de", "en")

_WORDS: dict[str, tuple[str, str]] = {
    "sheets": ("Signalblätter", "signal sheets"),
    "io": ("E/A-Liste", "I/O list"),
    "terminals": ("Klemmenplan", "terminal list"),
    "labels": ("Beschriftung", "labels"),
    "causes": ("Ursache-Wirkungs-Tabelle", "cause-and-effect matrix"),
    "signal": ("Signal", "signal"),
    "kind": ("Art", "kind"),
    "channel": ("Kanal", "channel"),
    "terminal": ("Klemme", "terminal"),
    "device": ("Gerät", "device"),
    "text": ("Bedeutung", "meaning"),
    "relay": ("Relais", "relay"),
    "contact": ("Kontakt / Fühler", "contact / sensor"),
    "range": ("Bereich", "range"),
    "proof": ("bewiesen durch", "proved by"),
    "topic": ("MQTT-Topic", "MQTT topic"),
    "outputs": ("Befehle", "commands"),
    "inputs": ("Rückmeldungen und Messwerte", "feedback and measurements"),
    "interlocks": ("Verriegelungen, in Reihenfolge", "interlocks, in order"),
    "alarms": ("Alarme", "alarms"),
    "topics": ("MQTT", "MQTT"),
    "actuator": ("Stellglied", "actuator"),
    "entry": ("Eintrag", "entry"),
    "alarm": ("Alarm", "alarm"),
    "effect": ("Wirkung", "effect"),
    "cause": ("Ursache", "cause"),
    "action": ("was zu tun ist", "what to do"),
    "off": ("schaltet ab", "switches off"),
    "blocks_start": ("verhindert Start", "blocks start"),
    "on": ("schaltet ein", "switches on"),
    "within": ("in", "within"),
    "free": ("nicht angeschlossen", "not wired"),
}

_LISTS: dict[str, Callable[[Site], str]] = {
    "terminals": lambda site: terminal_list(site.wiring),
    "labels": lambda site: labels(site.wiring),
}


def documents(site: Site) -> dict[str, str]:
    """Every document: file name -> text."""
    files = {f"{name}.csv": make(site) for name, make in _LISTS.items()}
    for language in LANGUAGES:
        de = language == "de"
        origin = origin_of(site)

        def finished(
            key: str, body: str, de: bool = de, language: str = language, origin: str = origin
        ) -> str:
            return page(f"{site.name}: {_w(key, de)}", body, language=language, origin=origin)

        rows = _io_rows(site, de)
        files[f"io_list.{language}.html"] = finished("io", table(rows[0], rows[1:]))
        files[f"io_list.{language}.csv"] = _csv(rows)
        causes = _cause_rows(de)
        files[f"causes.{language}.html"] = finished("causes", table(causes[0], causes[1:]))
        files[f"causes.{language}.csv"] = _csv(causes)
        files[f"sheets.{language}.html"] = finished("sheets", _overview(site, de) + _sheets(site, de))
        files[f"sheets.{language}.csv"] = _csv(_sheet_rows(site, de))
        for name, make in _LISTS.items():
            parsed = list(csv.reader(io.StringIO(make(site))))
            files[f"{name}.{language}.html"] = finished(name, table(parsed[0], parsed[1:]))
    return files


def _w(key: str, de: bool) -> str:
    return _WORDS[key][0 if de else 1]


def _csv(rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _text(wire: Wire, de: bool) -> str:
    return wire.text_de if de else wire.text_en


def topic(wire: Wire) -> str:
    """Last levels of the topic of a signal, below the root of the site."""
    return "heartbeat" if wire.name == "heartbeat" else f"state/{wire.signal.group}/{wire.name}"


def _range(wire: Wire) -> str:
    if wire.signal.kind is Kind.AO:
        return f"0-10 V, {wire.curve.value}"
    if wire.span is not None:
        return f"{wire.span[0]:g} .. {wire.span[1]:g} °C"
    return f"{wire.wires} L" if wire.sensor is not None else ""


def _proof(wire: Wire, de: bool) -> str:
    proof = wire.proved_by
    return "" if proof is None else f"{proof.signal} {_w('within', de)} {proof.within_s:g} s"


def _signal_row(wire: Wire, de: bool) -> tuple[str, ...]:
    return (
        wire.name,
        wire.signal.kind.value.upper(),
        str(wire.channel) if wire.channel else _w("free", de),
        wire.terminal,
        wire.device,
        _text(wire, de),
        wire.relay,
        str(wire.contact or wire.sensor or ""),
        _range(wire),
        _proof(wire, de),
        topic(wire),
    )


_COLUMNS = (
    "signal", "kind", "channel", "terminal", "device", "text", "relay", "contact", "range", "proof", "topic",
)  # fmt: skip


def _io_rows(site: Site, de: bool) -> list[tuple[str, ...]]:
    header = tuple(_w(key, de) for key in _COLUMNS)
    return [header, *(_signal_row(wire, de) for wire in site.wiring.signals.values())]


def _cause_rows(de: bool, tables: tuple[str, ...] | None = None) -> list[tuple[str, ...]]:
    header = tuple(_w(key, de) for key in ("actuator", "effect", "cause", "text"))
    language = "de" if de else "en"
    rows = [
        (row["actuator"], _w(row["effect"], de), row["cause"], row[language])
        for row in cause_rows()
        if tables is None or row["actuator"] in tables
    ]
    return [header, *rows]


def _alarm_rows(ids: Sequence[str], de: bool) -> list[tuple[str, ...]]:
    known = {alarm.id: alarm for alarm in ALARMS}
    cause, effect, action = (_w(key, de) for key in ("cause", "effect", "action"))
    rows: list[tuple[str, ...]] = [(_w("alarm", de), "P", cause, effect, action)]
    for name in ids:
        text: Any = TEXTS[name]
        words = [getattr(text, f"{part}_{'de' if de else 'en'}") for part in ("cause", "effect", "action")]
        priority = str(known[name].priority) if name in known else ""
        rows.append((name, priority, *words))
    return rows


def _topics(site: Site, loop: Loop) -> list[str]:
    names = [topic(site.wiring.signals[name]) for name in (*loop.outputs, *loop.inputs)]
    names += [f"state/{group}/{name}" for name in loop.actuators for group in ("blocked", "first_out")]
    return names + [f"alarm/{name.lower().replace('-', '_')}" for name in loop.alarms]


def _sheets(site: Site, de: bool) -> str:
    return "".join(_sheet(site, loop, de) for loop in LOOPS)


def _sheet(site: Site, loop: Loop, de: bool) -> str:
    wires = site.wiring.signals
    parts = [f"<section id={loop.key}><h2>{loop.de if de else loop.en}</h2>\n", path_of(site, loop, de)]
    header = tuple(_w(key, de) for key in _COLUMNS)
    for key, names in (("outputs", loop.outputs), ("inputs", loop.inputs)):
        parts.append(f"<h3>{_w(key, de)}</h3>")
        parts.append(table(header, [_signal_row(wires[name], de) for name in names]))
    if loop.tables:
        rows = _cause_rows(de, loop.tables)
        parts += [f"<h3>{_w('interlocks', de)}</h3>", table(rows[0], rows[1:])]
    alarms = _alarm_rows(loop.alarms, de)
    parts += [f"<h3>{_w('alarms', de)}</h3>", table(alarms[0], alarms[1:])]
    parts += [
        f"<h3>{_w('topics', de)} {escape(root_of(site))}/</h3><p>",
        ", ".join(_topics(site, loop)),
        "</p></section>\n",
    ]
    return "".join(parts)


def _sheet_rows(site: Site, de: bool) -> list[tuple[str, ...]]:
    """The same as one flat table; what a kind of entry does not have stays empty."""
    head = ("actuator", "kind", "entry", "terminal", "text", "relay", "contact", "proof", "action")
    rows: list[tuple[str, ...]] = [tuple(_w(key, de) for key in head)]
    for loop in LOOPS:
        for key, names in (("outputs", loop.outputs), ("inputs", loop.inputs)):
            for name in names:
                wire = site.wiring.signals[name]
                place = f"{wire.channel or _w('free', de)} {wire.terminal}".strip()
                contact = str(wire.contact or wire.sensor or "")
                row = (loop.key, _w(key, de), name, place, _text(wire, de))
                rows.append((*row, wire.relay, contact, _proof(wire, de), ""))
        if loop.tables:
            causes = _cause_rows(de, loop.tables)[1:]
            rows += [(loop.key, row[1], row[2], "", row[3], "", "", "", "") for row in causes]
        for alarm in _alarm_rows(loop.alarms, de)[1:]:
            rows.append((loop.key, _w("alarms", de), alarm[0], "", alarm[2], "", "", "", alarm[4]))
        rows += [(loop.key, "MQTT", name, "", "", "", "", "", "") for name in _topics(site, loop)]
    return rows


def path_of(site: Site, loop: Loop, de: bool) -> str:
    """The way of each command: channel, terminal and relay, device; dashed, what answers."""
    drawings = []
    for name in loop.outputs:
        wire = site.wiring.signals[name]
        boxes = [
            Box(name, str(wire.channel or "-"), _text(wire, de)),
            Box(wire.device or "-", wire.terminal, wire.relay),
        ]
        proof = wire.proved_by.signal if wire.proved_by is not None else ""
        answers = [proof] if proof else [entry for entry in loop.inputs if _answers(loop.key, entry)]
        for answer in answers:
            seen = site.wiring.signals[answer]
            boxes.append(
                Box(seen.device, seen.terminal, _text(seen, de), dashed=True),
            )
            boxes.append(Box(answer, str(seen.channel or "-"), _proof(wire, de), dashed=True))
        drawings.append(chain(boxes))
    return "".join(drawings)


def _answers(loop: str, signal: str) -> bool:
    """Whether an input of the loop shows the state of the loop's own device."""
    return signal.startswith(f"{loop}_")


def _overview(site: Site, de: bool) -> str:
    """The subsystems as small drawings: who is connected to whom, in the order of the flow."""

    def box(name: str, text_de: str = "", text_en: str = "") -> Box:
        return Box(name, "", text_de if de else text_en)

    def signal(name: str) -> Box:
        wire = site.wiring.signals[name]
        return Box(wire.device, f"{name}", _text(wire, de))

    parts = {
        ("Minerkreis (Öl)", "miner loop (oil)"): [
            box("Miner 1, 2", "Tauchbecken", "immersion tank"),
            signal("t_oil_degc"),
            signal("flow_ok"),
            box("W1", "Wärmetauscher", "heat exchanger"),
            signal("p3_on"),
        ],
        ("Heizungswasser", "heating water"): [
            signal("p4_setpoint_pct"),
            box("W1", "Wärmetauscher", "heat exchanger"),
            signal("t_charge_degc"),
            signal("rv1_a"),
            signal("rv2_a"),
            box("Puffer" if de else "buffer"),
            signal("t_buffer_bottom_degc"),
        ],
        ("Rückkühlung (Glykol)", "recooling (glycol)"): [
            signal("rv1_b"),
            box("W2", "Wärmetauscher", "heat exchanger"),
            signal("p5_setpoint_pct"),
            signal("cooler_on"),
            signal("t_glycol_degc"),
        ],
        ("Sicherheitskette der Minerschütze", "safety chain of the miners' contactors"): [
            signal("estop1_ok"),
            signal("estop2_ok"),
            signal("temp_max_ok"),
            signal("flow_ok"),
            signal("safety_ok"),
            signal("heartbeat"),
            signal("m1_enable"),
            signal("k10_fb"),
        ],
    }
    drawn = [f"<h3>{names[0 if de else 1]}</h3>{chain(boxes)}" for names, boxes in parts.items()]
    return "".join(drawn)
