"""A dashboard for Home Assistant, made from the topic catalogue with built-in cards only.

The plant at a glance, then one view per question: temperatures, energy, miners, why something does not run.
Read-only: it contains no card that commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from plc.link.discovery import entity_id, identity_of
from plc.link.entry import Entry, Type

Card = dict[str, Any]

GLANCE = ("plc/state", "plc/mode", "plc/season", "plc/route", "plc/limited_by", "alarm/list")
POWERS = ("plc/requested_power_w", "plc/granted_power_w", "process/power_w", "process/heat_w")
GAUGES = (
    ("temperature/t_oil_degc", 10, 70, 58, 63),
    ("temperature/t_buffer_top_degc", 10, 70, 57, 62),
    ("temperature/t_glycol_degc", -20, 60, 50, 55),
)
"""Topic, range, and where yellow and red begin (warning and trip of the plant's defaults)."""

TITLES = {
    True: (
        "Überblick", "Temperaturen", "Energie", "Miner", "Warum?", "Sicherheit", "Leistung", "Alarme",
        "Lohnt es sich?",
    ),
    False: (
        "Overview", "Temperatures", "Energy", "Miners", "Why?", "Safety", "Power", "Alarms", "Does it pay?",
    ),
}  # fmt: skip


def dashboard(entries: Iterable[Entry], site_id: str, name: str, *, german: bool) -> str:
    """The dashboard as YAML."""
    known = {entry.path: entry for entry in entries if entry.group != "parameter"}
    identity = identity_of(site_id)

    def ids(paths: Iterable[str]) -> list[str]:
        return [_id(identity, known[path]) for path in paths if path in known]

    def group(*names: str, kind: tuple[Type, ...] | None = None) -> list[str]:
        return ids(p for p, e in known.items() if e.group in names and (kind is None or e.type in kind))

    overview, temperatures, energy, miners, why, safety, power, alarms, pays = TITLES[german]
    numbers = (Type.NUMBER,)
    views = [
        _view(
            overview,
            "mdi:home-thermometer",
            _entities(name, ids(GLANCE)),
            *_gauges(known, identity),
            _entities(power, ids(POWERS)),
            _entities(safety, group("safety")),
            _history(temperatures, group("temperature"), 24),
        ),
        _view(
            temperatures,
            "mdi:thermometer",
            _history(temperatures, group("temperature"), 72),
            _entities(temperatures, group("temperature")),
        ),
        _view(
            energy,
            "mdi:solar-power",
            _history(energy, group("energy", kind=numbers), 24),
            _entities(energy, group("energy")),
            _entities(energy, group("counter")),
            _entities(pays, group("decision")),
        ),
        _view(
            miners,
            "mdi:pickaxe",
            _entities("Miner 1", group("miner1")),
            _entities("Miner 2", group("miner2")),
        ),
        _view(
            why,
            "mdi:help-circle",
            _entities(why, [*ids(["plc/reason", "plc/limited_by", "plc/power_source"]), *group("blocked")]),
            _entities(alarms, group("alarm")),
            _entities(
                "PLC", [*group("scan", "module"), *ids(["plc/version", "plc/unconfirmed", "plc/forced"])]
            ),
        ),
    ]
    return (
        "# Generated from the topic catalogue; made again by `python -m plc export SITE home_assistant`.\n"
        + yaml.safe_dump({"title": name, "views": views}, sort_keys=False, allow_unicode=True, width=110)
    )


def _id(identity: str, entry: Entry) -> str:
    platform = "binary_sensor" if entry.type is Type.BOOLEAN else "sensor"
    return entity_id(identity, entry.path.replace("/", "_"), platform)


def _view(title: str, icon: str, *cards: Card) -> Card:
    return {"title": title, "icon": icon, "cards": [card for card in cards if card.get("entities", [1])]}


def _entities(title: str, entities: list[str]) -> Card:
    return {"type": "entities", "title": title, "entities": entities}


def _history(title: str, entities: list[str], hours: int) -> Card:
    return {"type": "history-graph", "title": title, "hours_to_show": hours, "entities": entities}


def _gauges(known: dict[str, Entry], identity: str) -> list[Card]:
    return [
        {
            "type": "gauge",
            "entity": _id(identity, known[path]),
            "min": low,
            "max": high,
            "severity": {"green": low, "yellow": warn, "red": bad},
        }
        for path, low, high, warn, bad in GAUGES
        if path in known
    ]
