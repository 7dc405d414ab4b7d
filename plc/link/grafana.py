"""Grafana dashboards, made from the topic catalogue: what is published can be seen, nobody draws it by hand.

InfluxQL against the measurements of Telegraf and of the historian. The data source is a variable, so nothing
in a dashboard names a server.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from plc.link.entry import Entry, Type

SOURCE = {"type": "influxdb", "uid": "${source}"}
UNITS = {
    "degC": "celsius", "W": "watt", "kWh": "kwatth", "pct": "percent", "s": "s", "h": "h", "ms": "ms",
}  # fmt: skip
HEIGHT, WIDTH = 8, 12
_SITE = '"site" =~ /^$site$/'
LONG_TERM = ("temperature", "energy", "process", "decision")


def dashboards(entries: Iterable[Entry]) -> dict[str, str]:
    """File name -> dashboard as JSON."""
    known = [entry for entry in entries if entry.group != "parameter"]
    made = {
        "thermiq-plant.json": _dashboard("thermiq-plant", "ThermIQ plant", _plant(known), "now-24h"),
        "thermiq-long-term.json": _dashboard("thermiq-long", "ThermIQ long term", _long(known), "now-90d"),
    }
    return {name: json.dumps(body, indent=1, ensure_ascii=False) + "\n" for name, body in made.items()}


def _plant(entries: list[Entry]) -> list[dict[str, Any]]:
    panels = [
        _panel(
            "States", "state-timeline", [_last("text", ["plc"], ["state", "mode", "route", "limited_by"])]
        ),
        _panel("Alarms", "timeseries", [_mean("alarm")]),
    ]
    for group in _groups(entries, Type.NUMBER):
        if group != "alarm":
            units = {entry.unit for entry in entries if entry.group == group and entry.type is Type.NUMBER}
            panels += [
                _panel(f"{group} [{unit}]" if unit else group, "timeseries", [_mean(group, names)], unit)
                for unit in sorted(units)
                if (names := _names(entries, group, unit))
            ]
    for group in _groups(entries, Type.BOOLEAN):
        panels.append(_panel(f"{group} on/off", "state-timeline", [_last("switch", [group])]))
    panels.append(_panel("Values that are not plainly good", "table", [_quality()]))
    return panels


def _long(entries: list[Entry]) -> list[dict[str, Any]]:
    panels = [_panel("Energy per day", "timeseries", [_per_day()], "kWh")]
    for group in _groups(entries, Type.NUMBER):
        if group in LONG_TERM:
            panels.append(_panel(f"{group}, quarter-hour means", "timeseries", [_quarter(group)]))
    return panels


def _groups(entries: list[Entry], kind: Type) -> list[str]:
    return list(dict.fromkeys(entry.group for entry in entries if entry.type is kind))


def _names(entries: list[Entry], group: str, unit: str) -> list[str]:
    return [e.name for e in entries if (e.group, e.unit, e.type) == (group, unit, Type.NUMBER)]


def _any_of(key: str, values: list[str]) -> str:
    return "(" + " OR ".join(f"\"{key}\" = '{value}'" for value in values) + ")"


def _mean(group: str, names: list[str] | None = None) -> str:
    """A gap of a minute is the heartbeat's, not a loss: the value before it still holds."""
    chosen = f" AND {_any_of('signal', names)}" if names else ""
    return (
        f'SELECT mean("value") FROM "raw"."state" WHERE {_SITE} AND "group" = \'{group}\'{chosen}'
        ' AND $timeFilter GROUP BY time($__interval), "signal" fill(previous)'
    )


def _last(measurement: str, groups: list[str], names: list[str] | None = None) -> str:
    chosen = f" AND {_any_of('signal', names)}" if names else ""
    where = f"{_SITE} AND {_any_of('group', groups)}{chosen}"
    return (
        f'SELECT last("value") FROM "raw"."{measurement}" WHERE {where}'
        ' AND $timeFilter GROUP BY time($__interval), "signal" fill(previous)'
    )


def _quality() -> str:
    return (
        f'SELECT last("value") FROM "raw"."quality" WHERE {_SITE} AND $timeFilter GROUP BY "group", "signal"'
    )


def _per_day() -> str:
    """Spread of a counter over a day; a counter only rises."""
    return (
        f'SELECT spread("value") FROM "forever"."counter" WHERE {_SITE} AND $timeFilter'
        ' GROUP BY time(1d), "signal" fill(none)'
    )


def _quarter(group: str) -> str:
    return (
        f'SELECT mean("mean") FROM "forever"."state" WHERE {_SITE} AND "group" = \'{group}\' AND $timeFilter'
        ' GROUP BY time($__interval), "signal" fill(none)'
    )


def _panel(title: str, kind: str, queries: list[str], unit: str = "") -> dict[str, Any]:
    return {
        "type": kind,
        "title": title,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": UNITS.get(unit, "short")}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "rawQuery": True,
                "query": query,
                "alias": "$tag_signal",
                "resultFormat": "table" if kind == "table" else "time_series",
            }
            for index, query in enumerate(queries)
        ],
    }


def _dashboard(uid: str, title: str, panels: list[dict[str, Any]], since: str) -> dict[str, Any]:
    placed = [
        {
            **panel,
            "id": index + 1,
            "gridPos": {
                "h": HEIGHT,
                "w": WIDTH,
                "x": WIDTH * (index % 2),
                "y": HEIGHT * (index // 2),
            },
        }
        for index, panel in enumerate(panels)
    ]
    return {
        "uid": uid,
        "title": title,
        "tags": ["thermiq"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": since, "to": "now"},
        "templating": {"list": [_source_variable(), _site_variable()]},
        "panels": placed,
    }


def _source_variable() -> dict[str, Any]:
    return {"name": "source", "label": "Source", "type": "datasource", "query": "influxdb"}


def _site_variable() -> dict[str, Any]:
    return {
        "name": "site",
        "label": "Site",
        "type": "query",
        "datasource": SOURCE,
        "query": 'SHOW TAG VALUES FROM "raw"."state" WITH KEY = "site"',
        "refresh": 2,
        "sort": 1,
    }
