"""What is said first on every connection: what there is, what there is no more, how to show it.

`meta`, then Home Assistant's discovery, then deletions of what an earlier version has left on the broker. The
snapshot of all values follows, and `status online` comes last, so that nobody shows half a plant as complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from plc.link.entry import Entry, Type
from plc.link.payload import json_of
from plc.link.publish import Message

SCHEMA = 1


def meta(entries: Iterable[Entry], facts: Mapping[str, Any], *, german: bool) -> str:
    """The catalogue as one JSON."""
    signals = {}
    for entry in entries:
        signal: dict[str, Any] = {
            "type": entry.type.value,
            "text": entry.de if german else entry.en,
            "heartbeat_s": entry.heartbeat_s,
        }
        if entry.unit:
            signal["unit"] = entry.unit
        if entry.type in (Type.NUMBER, Type.COUNTER):
            signal["dead_band"] = entry.dead_band
            signal["decimals"] = entry.decimals
        if entry.options:
            signal["options"] = list(entry.options)
        if entry.writable:
            signal["parameter"] = entry.writable
        signals[f"state/{entry.path}"] = signal
    return json_of({"schema": SCHEMA, **facts, "signals": signals})


class Greeting:
    """Messages of one site.

    left: what an earlier run has published (`kept`), {} at a first start: retained topics that are not there
    any more are deleted, entities are announced once without content, which removes them.
    """

    def __init__(
        self,
        root: str,
        meta_payload: str,
        topics: Iterable[str],
        discovery: tuple[str, dict[str, Any]] | None,
        left: Mapping[str, Any],
    ) -> None:
        self._root, self._meta = root, meta_payload
        self._topics = set(topics)
        self._discovery = discovery
        before = [topic for topic in left.get("topics", ()) if isinstance(topic, str)]
        self._gone = sorted(set(before) - self._topics)
        self._gone_components = self._missing(left)
        old = left.get("discovery")
        self._old_discovery = old if isinstance(old, str) and old != self._discovery_topic else ""

    @property
    def _discovery_topic(self) -> str:
        return self._discovery[0] if self._discovery else ""

    def _components(self) -> dict[str, str]:
        if self._discovery is None:
            return {}
        return {name: body["platform"] for name, body in self._discovery[1]["components"].items()}

    def _missing(self, left: Mapping[str, Any]) -> dict[str, str]:
        before = left.get("components", {})
        if not isinstance(before, dict) or self._discovery is None:
            return {}
        now = self._components()
        return {
            name: platform
            for name, platform in before.items()
            if name not in now and isinstance(platform, str)
        }

    def messages(self) -> list[Message]:
        """In order; all retained."""
        found = [Message(f"{self._root}/meta", self._meta)]
        if self._discovery is not None:
            topic, body = self._discovery
            if self._gone_components:
                farewell = {name: {"platform": platform} for name, platform in self._gone_components.items()}
                found.append(
                    Message(topic, json_of({**body, "components": {**body["components"], **farewell}}))
                )
            found.append(Message(topic, json_of(body)))
        if self._old_discovery:
            found.append(Message(self._old_discovery, ""))
        found += [Message(topic, "") for topic in self._gone]
        return found

    def discovery(self) -> Message | None:
        """Once more, for a Home Assistant that has just started."""
        return Message(self._discovery_topic, json_of(self._discovery[1])) if self._discovery else None

    def kept(self) -> dict[str, Any]:
        """What the next run has to know about this one."""
        return {
            "topics": sorted(self._topics),
            "components": self._components(),
            "discovery": self._discovery_topic,
        }
