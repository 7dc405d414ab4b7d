"""The topic catalogue: everything that is published, stated once.

Made from the signal table of the plant, from what its status and inputs consist of, and from the parameters
that may be changed from afar. Publisher, `meta`, Home Assistant, Telegraf, Grafana and the reference page
read this list; nobody else knows a topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from enum import StrEnum
from typing import Any, get_type_hints

from plc.blocks.block_relay import BlockStatus
from plc.link.entry import HEARTBEAT_S, Entry, Facts, Type, a_number, a_word
from plc.link.payload import Value
from plc.link.program_entries import connection_entries, scan_entries
from plc.link.view import FORCED, GOOD, SIM, UNKNOWN, Sample, View, of_reading
from plc.plant.arbitration import BLOCK_WISHES, HAND_ACTUATORS
from plc.plant.changes import RemoteParameter, remote_parameters
from plc.plant.counters import COUNTERS, OF_HOUSE
from plc.plant.interface import EnergyInputs, MinerInputs, MinerState, PlantStatus
from plc.plant.modes import Mode
from plc.plant.season import Season
from plc.plant.sequence import SequenceState
from plc.plant.signals import SIGNALS, Kind, Signal

LAMP_INTERVAL_S = 5.0  # lamps and horn may blink; their rhythm is no news

UNPUBLISHED = {"heartbeat"}
"""The dead-man signal changes with every half period: that it lives says `<root>/heartbeat`."""


def catalogue(facts: Facts) -> tuple[Entry, ...]:
    """Every entry of a site, in a fixed order."""
    found = [
        *_cabinet(facts),
        *_program(),
        *_figures(facts),
        *_interlocks(facts),
        *scan_entries(),
        *connection_entries(),
        *_counters(facts),
    ]
    if facts.hot_water:
        found.append(a_number("temperature", "t_dhw_degc", lambda view: of_reading(view.inputs.t_dhw_degc)))
    if facts.energy:
        found += _energy()
    for number in range(1, facts.miners + 1):
        found += _miner(number)
    found += [_parameter(remote_parameters()[path], value) for path, value in facts.parameters.items()]
    return tuple(found)


def _cabinet(facts: Facts) -> Iterable[Entry]:
    for signal in SIGNALS:
        if signal.name in UNPUBLISHED:
            continue
        de, en = facts.labels.get(signal.name, (signal.name, signal.name))
        read = _signal_reader(signal)
        if signal.kind in (Kind.AI, Kind.AO):
            yield a_number(signal.group, signal.name, read, unit=signal.unit, de=de, en=en)
        else:
            slow = LAMP_INTERVAL_S if signal.kind is Kind.DO and signal.group == "operator" else 0.0
            yield a_word(signal.group, signal.name, Type.BOOLEAN, read, de=de, en=en, min_interval_s=slow)


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


_OPTIONS: dict[str, tuple[str, ...]] = {
    **{
        name: tuple(str(member.value) for member in kind)
        for name, kind in (
            ("state", SequenceState),
            ("mode", Mode),
            ("season", Season),
            ("hp_block_status", BlockStatus),
        )
    },
    "hp_block_wish": BLOCK_WISHES,
}
"""Words of the status that come from a closed list."""


def _program() -> Iterable[Entry]:
    """What the plant says about itself: every text and number of its status under its own name."""
    for name, kind in get_type_hints(PlantStatus).items():
        read = _status_reader(name)
        if kind is str and name in _OPTIONS:
            yield a_word("plc", name, Type.ENUM, read, options=_OPTIONS[name])
        elif kind is str:
            yield a_word("plc", name, Type.TEXT, read)
        elif kind is float:
            yield a_number("plc", name, read)
    yield a_word("plc", "forced", Type.TEXT, lambda view: Sample(", ".join(_forced(view))))
    yield a_word("plc", "wall_clock_ok", Type.BOOLEAN, lambda view: Sample(view.inputs.wall.synchronised))
    yield a_word("plc", "version", Type.TEXT, lambda view: Sample(view.extra.get("version")), diagnostic=True)
    yield a_word(
        "plc", "unconfirmed", Type.TEXT, lambda view: Sample(view.extra.get("unconfirmed")), diagnostic=True
    )
    for name in ("dio", "aio"):
        yield a_word("module", f"{name}_ok", Type.BOOLEAN, _module_reader(f"{name}_healthy"), diagnostic=True)
    yield a_number("alarm", "active", lambda view: Sample(float(len(view.outputs.status.alarms))), decimals=0)
    yield a_number(
        "alarm",
        "unacknowledged",
        lambda view: Sample(float(len(view.outputs.status.alarms_unacked))),
        decimals=0,
    )
    yield a_word("alarm", "list", Type.TEXT, lambda view: Sample(", ".join(view.outputs.status.alarms)))
    yield a_word(
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
        if name not in COUNTERS:
            group = "decision" if name in facts.decision else "process"
            yield a_number(group, name, _figure_reader(name))
    for name in facts.words:
        yield a_word("decision", name, Type.TEXT, _word_reader(name))


def _figure_reader(name: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        for found, value in view.outputs.status.values:
            if found == name:
                return UNKNOWN if value is None else Sample(value)
        return UNKNOWN

    return read


def _word_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(dict(view.outputs.status.decision).get(name, ""))


def _interlocks(facts: Facts) -> Iterable[Entry]:
    for name in facts.actuators:
        yield a_word("blocked", name, Type.TEXT, _blocked_reader(name), diagnostic=True)
        yield a_word("first_out", name, Type.TEXT, _first_out_reader(name), diagnostic=True)
    for name in HAND_ACTUATORS:
        yield a_word("hand", name, Type.TEXT, _hand_reader(name), diagnostic=True)


def _blocked_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(", ".join(dict(view.outputs.status.blocked_by).get(name, ())))


def _first_out_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(dict(view.outputs.status.first_out).get(name, ""))


def _hand_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: Sample(dict(view.outputs.status.hand).get(name, "auto"))


def _energy() -> Iterable[Entry]:
    names = tuple(item.name for item in fields(EnergyInputs))
    yield a_word(
        "energy",
        "online",
        Type.BOOLEAN,
        lambda view: Sample(_alive(view.inputs.energy, names)),
        diagnostic=True,
    )
    for name in names:
        yield a_number("energy", name, _energy_reader(name), source="energy")


def _alive(record: object, names: Iterable[str]) -> bool:
    return any(getattr(record, name).ok for name in names)


def _energy_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: of_reading(getattr(view.inputs.energy, name))


def _counters(facts: Facts) -> Iterable[Entry]:
    for name in COUNTERS:
        if facts.energy or name not in OF_HOUSE:
            yield a_number("counter", name, _figure_reader(name), type=Type.COUNTER)


ONLINE_NS = 60_000_000_000
"""A miner that has not answered for a minute is not there; the plant's own patience is its parameter."""

MINER_WEAR = ("writes_24h", "writes_left", "starts_24h")
"""What a driver spends of its daily limits: target writes (protection does not count) and starts."""


def _miner(number: int) -> Iterable[Entry]:
    group, index = f"miner{number}", number - 1

    def online(view: View) -> Sample:
        return Sample(_answers(view, index))

    def state(view: View) -> Sample:
        return Sample(view.inputs.miners[index].state.value)

    yield a_word(group, "online", Type.BOOLEAN, online, diagnostic=True)
    options = tuple(member.value for member in MinerState)
    yield a_word(group, "state", Type.ENUM, state, options=options, source=group)
    for item in fields(MinerInputs):
        if str(item.type) == "Reading" and item.name not in ("power_min_w", "power_max_w", "saved_target_w"):
            yield a_number(group, item.name, _miner_reader(index, item.name), source=group)
    yield a_number(
        group, "wish_power_w", lambda view: Sample(view.outputs.miners[index].power_w), diagnostic=True
    )
    yield a_word(
        group, "wish_run", Type.BOOLEAN, lambda view: Sample(view.outputs.miners[index].run), diagnostic=True
    )
    yield a_word(
        group,
        "curve_source",
        Type.ENUM,
        lambda view: Sample("miner" if view.inputs.miners[index].curve_w else "site"),
        options=("miner", "site"),
        diagnostic=True,
    )
    for name in MINER_WEAR:
        yield a_number(
            group, name, _extra_reader(f"{group}/{name}"), decimals=0, dead_band=0.0, diagnostic=True
        )
    yield a_word(
        group,
        "conditions",
        Type.TEXT,
        lambda view: Sample(", ".join(view.inputs.miners[index].conditions)),
        diagnostic=True,
    )


def _extra_reader(key: str) -> Callable[[View], Sample]:
    return lambda view: Sample(view.extra.get(key))


def _answers(view: View, index: int) -> bool:
    answered_ns = view.inputs.miners[index].answered_ns
    return answered_ns is not None and view.tick.now_ns - answered_ns <= ONLINE_NS


def _miner_reader(index: int, name: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        return of_reading(getattr(view.inputs.miners[index], name).aged(view.tick.now_ns, ONLINE_NS))

    return read


def _parameter(parameter: RemoteParameter, value: Value) -> Entry:
    name = parameter.path.replace(".", "_")
    text = f"{parameter.path}: {parameter.facts.text}"
    key = f"parameter:{parameter.path}"
    common: dict[str, Any] = {"de": text, "en": text, "writable": parameter.path}

    def read(view: View) -> Sample:
        return Sample(view.extra.get(key, value))

    if parameter.kind is bool:
        return a_word("parameter", name, Type.BOOLEAN, read, **common)
    if isinstance(parameter.kind, type) and issubclass(parameter.kind, StrEnum):
        options = tuple(str(member.value) for member in parameter.kind)
        return a_word("parameter", name, Type.ENUM, read, options=options, **common)
    wide = (parameter.facts.maximum or 0.0) >= 10.0
    decimals = 0 if parameter.kind is int else 2 if wide else 4
    return a_number(
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
