"""Everything that is generated from the topic catalogue, by kind: file name -> text."""

from __future__ import annotations

from collections.abc import Sequence

from plc.link.entry import Entry
from plc.link.grafana import dashboards
from plc.link.lovelace import dashboard
from plc.link.reference import reference
from plc.link.telegraf import telegraf


def of_kind(
    kind: str, entries: Sequence[Entry], *, site_id: str, name: str, base_topic: str, german: bool
) -> dict[str, str]:
    """The documents of one kind. Raises KeyError for a kind that does not exist."""
    return {
        "mqtt": lambda: {"mqtt.md": reference(entries)},
        "telegraf": lambda: {"thermiq.conf": telegraf(entries, base_topic)},
        "grafana": lambda: dashboards(entries),
        "home_assistant": lambda: {"dashboard.yaml": dashboard(entries, site_id, name, german=german)},
    }[kind]()
