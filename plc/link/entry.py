"""One entry of the topic catalogue, and the facts of a site that the catalogue is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from plc.link.texts import text_for
from plc.link.view import Sample, View


class Type(StrEnum):
    """What a consumer may expect to read."""

    NUMBER = "number"
    COUNTER = "counter"  # a number that only rises
    BOOLEAN = "boolean"
    ENUM = "enum"
    TEXT = "text"


ANALOGUE_HEARTBEAT_S = 60.0
HEARTBEAT_S = 300.0
ANALOGUE_INTERVAL_S = 1.0

RESOLUTION: dict[str, tuple[int, float]] = {
    "degC": (1, 0.2), "pct": (1, 1.0), "W": (0, 25.0), "kWh": (3, 0.01), "TH/s": (1, 0.5), "s": (0, 10.0),
    "h": (1, 0.1), "ms": (2, 0.5), "K": (1, 0.2), "ct/kWh": (2, 0.05), "EUR/h": (4, 0.002), "EUR": (2, 0.01),
    "d": (1, 1.0), "": (3, 0.0),
}  # fmt: skip
"""Unit -> decimals on the wire and dead-band: the useful resolution of the sensors, not of a float."""

_UNIT_OF_SUFFIX = {
    "degc": "degC", "pct": "pct", "w": "W", "kwh": "kWh", "ths": "TH/s", "s": "s", "h": "h", "ms": "ms",
    "k": "K", "ct_per_kwh": "ct/kWh", "eur_per_h": "EUR/h", "eur": "EUR",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One topic under state/.

    read: takes the value out of a view. source: group whose `online` topic says whether it is alive, "" for
    the program itself. options: of an enum. diagnostic: for the person who looks for a fault. writable: the
    path of the parameter behind it.
    """

    group: str
    name: str
    type: Type
    read: Callable[[View], Sample] = field(compare=False)
    unit: str = ""
    de: str = ""
    en: str = ""
    options: tuple[str, ...] = ()
    source: str = ""
    diagnostic: bool = False
    dead_band: float = 0.0
    decimals: int = 0
    heartbeat_s: float = HEARTBEAT_S
    min_interval_s: float = 0.0
    writable: str = ""
    minimum: float | None = None
    maximum: float | None = None

    @property
    def path(self) -> str:
        """`<group>/<name>`: the last two levels of the topic."""
        return f"{self.group}/{self.name}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogue of one site depends on.

    labels: signal -> German and English text of wiring.yaml. figures, decision, actuators: what the plant
    publishes, asked from a plant itself; decision: those figures that say whether mining pays; words: what
    says why. parameters: those that may be changed, with the value of the site file. energy: the house is
    measured. hot_water: the tank is. miners: how many are driven.
    """

    labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    decision: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    actuators: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    energy: bool = True
    hot_water: bool = False
    miners: int = 2


def unit_of(name: str) -> str:
    """The unit in a name (`p4_setpoint_pct`), as written on MQTT."""
    for suffix, unit in sorted(_UNIT_OF_SUFFIX.items(), key=lambda item: -len(item[0])):
        if name.endswith(f"_{suffix}"):
            return unit
    return ""


def a_number(group: str, name: str, read: Callable[[View], Sample], **more: Any) -> Entry:
    """A number with the resolution of its unit; `more` are fields of Entry."""
    unit = more.pop("unit", None) or unit_of(name)
    decimals, band = RESOLUTION.get(unit, (2, 0.0))
    if "de" not in more:
        more["de"], more["en"] = text_for(group, name)
    settled: dict[str, Any] = {
        "dead_band": band,
        "decimals": decimals,
        "heartbeat_s": ANALOGUE_HEARTBEAT_S,
        "min_interval_s": ANALOGUE_INTERVAL_S,
        **more,
    }
    return Entry(group, name, settled.pop("type", Type.NUMBER), read, unit, **settled)


def a_word(group: str, name: str, kind: Type, read: Callable[[View], Sample], **more: Any) -> Entry:
    """A boolean, an enumeration or a text; published when it changes."""
    if "de" not in more:
        more["de"], more["en"] = text_for(group, name)
    return Entry(group, name, kind, read, **more)
