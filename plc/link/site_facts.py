"""What the link needs to know about its site, and what it may call there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plc.link.entry import Entry
from plc.link.greeting import Greeting
from plc.link.inbox import Ports
from plc.link.payload import Value
from plc.link.settings import Mqtt
from plc.plant.interface import Event


@dataclass(slots=True)
class Site:
    """What the link needs to know about its site, and what it may call.

    greeting: made from what earlier runs have left. scan_report: the statistics. self_report: the same with
    the health of every thread, bus and connection. extra: values that change
    rarely (versions, parameters). password: reads the secret. keep: stores a small record under a name.
    """

    site_id: str
    root: str
    settings: Mqtt
    entries: tuple[Entry, ...]
    greeting: Greeting
    ports: Ports
    password: Callable[[], str]
    scan_report: Callable[[], Mapping[str, Any]]
    self_report: Callable[[], Mapping[str, Any]]
    extra: Callable[[], Mapping[str, Value]]
    keep: Callable[[str, Mapping[str, Any]], object]
    german: bool = True
    simulated: bool = False
    boot: str = ""
    notices: tuple[Event, ...] = ()
