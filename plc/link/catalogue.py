"""The topic catalogue: everything that is published, stated once.

Made from the signal table of the plant, from what its status and inputs consist of, and from the parameters
that may be changed from afar. Publisher, `meta`, Home Assistant, Telegraf, Grafana and the reference page
read this list; nobody else knows a topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from plc.blocks.param import Param
from plc.link.counters import COUNTERS
from plc.link.payload import Value
from plc.link.texts import text_for
from plc.link.view import BAD, FORCED, GOOD, SIM, UNKNOWN, Sample, View, of_reading
from plc.plant.arbitration import HAND_ACTUATORS
from plc.plant.interface import EnergyInputs, MinerInputs, MinerState, PlantStatus
from plc.plant.modes import Mode
from plc.plant.season import Season
from plc.plant.sequence import SequenceState
from plc.plant.signals import SIGNALS, Kind, Signal


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
LAMP_INTERVAL_S = 5.0  # lamps and horn may blink; their rhythm is no news

RESOLUTION: dict[str, tuple[int, float]] = {
    "degC": (1, 0.2), "pct": (1, 1.0), "W": (0, 25.0), "kWh": (3, 0.01), "TH/s": (1, 0.5), "s": (0, 10.0),
    "h": (1, 0.1), "ms": (2, 0.5), "K": (1, 0.2), "ct/kWh": (2, 0.05), "EUR/h": (4, 0.002), "EUR": (2, 0.01),
    "": (3, 0.0),
}  # fmt: skip
"""Unit -> decimals on the wire and dead-band: the useful resolution of the sensors, not of a float."""

_UNIT_OF_SUFFIX = {
    "degc": "degC", "pct": "pct", "w": "W", "kwh": "kWh", "ths": "TH/s", "s": "s", "h": "h", "ms": "ms",
    "k": "K", "ct_per_kwh": "ct/kWh", "eur_per_h": "EUR/h", "eur": "EUR",
}  # fmt: skip

UNPUBLISHED = {"heartbeat"}
"""The dead-man signal changes with every half period: that it lives says `<root>/heartbeat`."""


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
class RemoteParameter:
    """A parameter that may be changed from afar. kind: bool, int, float or an enumeration."""

    path: str
    kind: Any
    facts: Param
    value: Any


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogue of one site depends on.

    labels: signal -> German and English text of wiring.yaml. figures, actuators: what the plant publishes,
    asked from a plant itself. energy: the house is measured. miners: how many are driven.
    """

    labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    actuators: tuple[str, ...] = ()
    parameters: tuple[RemoteParameter, ...] = ()
    energy: bool = True
    miners: int = 2


def unit_of(name: str) -> str:
    """The unit in a name (`p4_setpoint_pct`), as written on MQTT."""
    for suffix, unit in sorted(_UNIT_OF_SUFFIX.items(), key=lambda item: -len(item[0])):
        if name.endswith(f"_{suffix}"):
            return unit
    return ""


def catalogue(facts: Facts) -> tuple[Entry, ...]:
    """Every entry of a site, in a fixed order."""
    found = [
        *_cabinet(facts),
        *_program(),
        *_figures(facts),
        *_interlocks(facts),
        *_scan(),
        *_counters(facts),
    ]
    if facts.energy:
        found += _energy()
    for number in range(1, facts.miners + 1):
        found += _miner(number)
    found += [_parameter(parameter) for parameter in facts.parameters]
    return tuple(found)


def _number(group: str, name: str, read: Callable[[View], Sample], **more: Any) -> Entry:
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


def _other(group: str, name: str, kind: Type, read: Callable[[View], Sample], **more: Any) -> Entry:
    if "de" not in more:
        more["de"], more["en"] = text_for(group, name)
    return Entry(group, name, kind, read, **more)


def _cabinet(facts: Facts) -> Iterable[Entry]:
    for signal in SIGNALS:
        if signal.name in UNPUBLISHED:
            continue
        de, en = facts.labels.get(signal.name, (signal.name, signal.name))
        read = _signal_reader(signal)
        if signal.kind in (Kind.AI, Kind.AO):
            yield _number(signal.group, signal.name, read, unit=signal.unit, de=de, en=en)
        else:
            slow = LAMP_INTERVAL_S if signal.kind is Kind.DO and signal.group == "operator" else 0.0
            yield _other(signal.group, signal.name, Type.BOOLEAN, read, de=de, en=en, min_interval_s=slow)


def _signal_reader(signal: Signal) -> Callable[[View], Sample]:
    name = signal.name

    def analogue(view: View) -> Sample:
        return of_reading(getattr(view.inputs.image, name))

    def discrete(view: View) -> Sample:
        image = view.inputs.image
        if not image.dio_healthy:
            return UNKNOWN  # the program sees the fail value; that is not what the contact says
        return Sample(getattr(image, name), SIM if view.simulated else GOOD)

    def output(view: View) -> Sample:
        return Sample(getattr(view.outputs.image, name), SIM if view.simulated else GOOD)

    return {Kind.AI: analogue, Kind.DI: discrete}.get(signal.kind, output)


_OPTIONS = {"state": SequenceState, "mode": Mode, "season": Season}


def _program() -> Iterable[Entry]:
    """What the plant says about itself: every text and number of its status under its own name."""
    for item in fields(PlantStatus):
        kind = str(item.type)
        read = _status_reader(item.name)
        if kind == "str" and item.name in _OPTIONS:
            options = tuple(str(member.value) for member in _OPTIONS[item.name])
            yield _other("plc", item.name, Type.ENUM, read, options=options)
        elif kind == "str":
            yield _other("plc", item.name, Type.TEXT, read)
        elif kind == "float":
            yield _number("plc", item.name, read)
    yield _other("plc", "forced", Type.TEXT, lambda view: Sample(", ".join(_forced(view))))
    yield _other("plc", "wall_clock_ok", Type.BOOLEAN, lambda view: Sample(view.inputs.wall.synchronised))
    yield _other("plc", "version", Type.TEXT, lambda view: Sample(view.extra.get("version")), diagnostic=True)
    yield _other(
        "plc", "unconfirmed", Type.TEXT, lambda view: Sample(view.extra.get("unconfirmed")), diagnostic=True
    )
    for name in ("dio", "aio"):
        yield _other("module", f"{name}_ok", Type.BOOLEAN, _module_reader(f"{name}_healthy"), diagnostic=True)
    yield _number("alarm", "active", lambda view: Sample(float(len(view.outputs.status.alarms))), decimals=0)
    yield _number(
        "alarm",
        "unacknowledged",
        lambda view: Sample(float(len(view.outputs.status.alarms_unacked))),
        decimals=0,
    )
    yield _other("alarm", "list", Type.TEXT, lambda view: Sample(", ".join(view.outputs.status.alarms)))
    yield _other(
        "alarm", "shelved", Type.TEXT, lambda view: Sample(", ".join(view.outputs.status.alarms_shelved))
    )


def _status_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(getattr(view.outputs.status, name))


def _module_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(getattr(view.inputs.image, name))


def _forced(view: View) -> list[str]:
    """What a person holds: actuators in hand and readings that are not the sensor's."""
    image = view.inputs.image
    hand = [f"{name}={value}" for name, value in view.outputs.status.hand]
    analogue = [signal.name for signal in SIGNALS if signal.kind is Kind.AI]
    return hand + [name for name in analogue if of_reading(getattr(image, name)).quality == FORCED]


def _figures(facts: Facts) -> Iterable[Entry]:
    """Named figures of the plant: found by name, because a figure may be new in this version."""
    for name in facts.figures:
        kind = Type.COUNTER if name.endswith("_kwh") else Type.NUMBER
        yield _number("process", name, _figure_reader(name), type=kind)


def _figure_reader(name: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        for found, value in view.outputs.status.values:
            if found == name:
                return UNKNOWN if value is None else Sample(value)
        return UNKNOWN

    return read


def _interlocks(facts: Facts) -> Iterable[Entry]:
    for name in facts.actuators:
        yield _other("blocked", name, Type.TEXT, _blocked_reader(name), diagnostic=True)
        yield _other("first_out", name, Type.TEXT, _first_out_reader(name), diagnostic=True)
    for name in HAND_ACTUATORS:
        yield _other("hand", name, Type.TEXT, _hand_reader(name), diagnostic=True)


def _blocked_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(", ".join(dict(view.outputs.status.blocked_by).get(name, ())))


def _first_out_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(dict(view.outputs.status.first_out).get(name, ""))


def _hand_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(dict(view.outputs.status.hand).get(name, "auto"))


def _scan() -> Iterable[Entry]:
    for name in ("lost_cycles", "late_scans", "restarts"):
        yield _number("scan", name, _scan_reader(name), decimals=0, diagnostic=True)
    yield _number("scan", "period_ms", _scan_reader("period_ms"), diagnostic=True)
    for name in ("execution", "lateness"):
        yield _number("scan", f"{name}_p99_ms", _p99_reader(name), diagnostic=True)


def _scan_reader(name: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        value = view.scan.get(name)
        return UNKNOWN if value is None else Sample(float(value))

    return read


def _p99_reader(name: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        p99_us = view.scan.get(name, {}).get("last_1000", {}).get("p99_us")
        return UNKNOWN if p99_us is None else Sample(p99_us / 1000.0)

    return read


def _energy() -> Iterable[Entry]:
    names = tuple(item.name for item in fields(EnergyInputs))
    yield _other(
        "energy",
        "online",
        Type.BOOLEAN,
        lambda view: Sample(_alive(view.inputs.energy, names)),
        diagnostic=True,
    )
    for name in names:
        yield _number("energy", name, _energy_reader(name), source="energy")


def _alive(record: object, names: Iterable[str]) -> bool:
    return any(getattr(record, name).ok for name in names)


def _energy_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: of_reading(getattr(view.inputs.energy, name))


def _counters(facts: Facts) -> Iterable[Entry]:
    for name, of_house in COUNTERS.items():
        if facts.energy or not of_house:
            yield _number("counter", name, _counter_reader(name), type=Type.COUNTER)


def _counter_reader(name: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        value = view.counters.get(name)
        return UNKNOWN if value is None else Sample(value)

    return read


ONLINE_NS = 60_000_000_000
"""A miner that has not answered for a minute is not there; the plant's own patience is its parameter."""


def _miner(number: int) -> Iterable[Entry]:
    group, index = f"miner{number}", number - 1

    def online(view: View) -> Sample:
        return Sample(_answers(view, index))

    def state(view: View) -> Sample:
        return Sample(view.inputs.miners[index].state.value)

    yield _other(group, "online", Type.BOOLEAN, online, diagnostic=True)
    options = tuple(member.value for member in MinerState)
    yield _other(group, "state", Type.ENUM, state, options=options, source=group)
    for item in fields(MinerInputs):
        if str(item.type) == "Reading" and item.name not in ("power_min_w", "power_max_w", "saved_target_w"):
            yield _number(group, item.name, _miner_reader(index, item.name), source=group)
    yield _number(
        group, "wish_power_w", lambda view: Sample(view.outputs.miners[index].power_w), diagnostic=True
    )
    yield _other(
        group, "wish_run", Type.BOOLEAN, lambda view: Sample(view.outputs.miners[index].run), diagnostic=True
    )
    yield _other(
        group,
        "conditions",
        Type.TEXT,
        lambda view: Sample(", ".join(view.inputs.miners[index].conditions)),
        diagnostic=True,
    )


def _answers(view: View, index: int) -> bool:
    answered_ns = view.inputs.miners[index].answered_ns
    return answered_ns is not None and view.tick.now_ns - answered_ns <= ONLINE_NS


def _miner_reader(index: int, name: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        return of_reading(getattr(view.inputs.miners[index], name).aged(view.tick.now_ns, ONLINE_NS))

    return read


def _parameter(parameter: RemoteParameter) -> Entry:
    name = parameter.path.replace(".", "_")
    text = f"{parameter.path}: {parameter.facts.text}"
    value: Value = parameter.value
    key = f"parameter:{parameter.path}"
    common: dict[str, Any] = {"de": text, "en": text, "writable": parameter.path}

    def read(view: View) -> Sample:
        return Sample(view.extra.get(key, value))

    if parameter.kind is bool:
        return _other("parameter", name, Type.BOOLEAN, read, **common)
    if isinstance(parameter.kind, type) and issubclass(parameter.kind, StrEnum):
        options = tuple(str(member.value) for member in parameter.kind)
        return _other("parameter", name, Type.ENUM, read, options=options, **common)
    wide = (parameter.facts.maximum or 0.0) >= 10.0
    decimals = 0 if parameter.kind is int else 2 if wide else 4
    return _number(
        "parameter",
        name,
        read,
        unit=parameter.facts.unit,
        decimals=decimals,
        dead_band=0.0,
        minimum=parameter.facts.minimum,
        maximum=parameter.facts.maximum,
        heartbeat_s=HEARTBEAT_S,
        **common,
    )


__all__ = ["BAD", "Entry", "Facts", "RemoteParameter", "Type", "catalogue", "unit_of"]
