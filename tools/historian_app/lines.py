"""From messages to line protocol. Pure; the same measurements and tags that the Telegraf configuration makes.

`state` holds numbers, `switch` booleans, `text` words, all with the tags site, group and signal and the field
`value`: one type per measurement, because InfluxDB refuses a field that changes its type. A retained message
is of unknown age and is not history; the outage replay brings its own time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

NS_PER_S = 1_000_000_000
MEASUREMENT = {"number": "state", "counter": "state", "boolean": "switch", "enum": "text", "text": "text"}


class Lines:
    """take(topic, payload, retained, now_ns) -> lines. Learns the types of a site from its `meta`."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, str]] = {}

    def take(self, topic: str, payload: bytes, *, retained: bool, now_ns: int) -> list[str]:
        """The lines of one message; none for what is no history."""
        levels = topic.split("/")
        if len(levels) < 3:
            return []
        site, kind = levels[1], levels[2]
        try:
            text = payload.decode("utf-8")
            if kind == "meta":
                self._learn(site, text)
            elif kind == "history":
                return list(self._replayed(site, text))
            elif retained:
                return []
            elif kind in ("state", "quality") and len(levels) == 5:
                line = self._of(site, kind, levels[3], levels[4], text, now_ns)
                return [line] if line else []
            elif kind == "event" and len(levels) == 4:
                content = json.loads(text)
                subject, code = str(content["subject"]), str(content["event_type"])
                return [f"event,{_tags(site, levels[3], subject)} value={_string(code)} {now_ns}"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []  # somebody else's message, or a damaged one
        return []

    def _learn(self, site: str, text: str) -> None:
        signals = json.loads(text)["signals"]
        self._types[site] = {
            topic.removeprefix("state/"): str(facts["type"]) for topic, facts in signals.items()
        }

    def _of(self, site: str, kind: str, group: str, signal: str, text: str, now_ns: int) -> str:
        if kind == "quality":
            return f"quality,{_tags(site, group, signal)} value={_string(text)} {now_ns}"
        if text == "None":
            return ""
        measurement = MEASUREMENT.get(self._types.get(site, {}).get(f"{group}/{signal}", ""), "")
        if not measurement:
            measurement = "switch" if text in ("true", "false") else "state" if _is_number(text) else "text"
        value: Any = text
        if measurement == "state":
            value = float(text)
        elif measurement == "switch":
            value = {"true": True, "false": False}[text]
        return _line(measurement, site, group, signal, value, now_ns)

    def _replayed(self, site: str, text: str) -> Iterator[str]:
        for point in json.loads(text)["points"]:
            at_ns = int(point["ts"]) * NS_PER_S
            for path, value in point["values"].items():
                group, _, signal = path.partition("/")
                measurement = "switch" if isinstance(value, bool) else "state"
                yield _line(measurement, site, group, signal, value, at_ns)


def _line(measurement: str, site: str, group: str, signal: str, value: Any, at_ns: int) -> str:
    if isinstance(value, bool):
        field = "true" if value else "false"
    elif isinstance(value, str):
        field = _string(value)
    else:
        field = repr(float(value))
    return f"{measurement},{_tags(site, group, signal)} value={field} {at_ns}"


def _tags(site: str, group: str, signal: str) -> str:
    return f"site={_tag(site)},group={_tag(group)},signal={_tag(signal)}"


def _tag(text: str) -> str:
    return text.replace("\\", "").replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=") or "-"


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
