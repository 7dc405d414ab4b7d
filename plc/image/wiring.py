"""wiring.yaml: what is connected to which terminal of this cabinet.

The map is the truth about the cabinet, in the words of the person who wired it: terminal as printed
on the module, designation, contact, text. Names of signals, their kind and their limits belong to
the signal catalogue of the plant; nothing of them is repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from plc.blocks.param import Param
from plc.blocks.pump import Curve
from plc.image import modules
from plc.image.modules import BASE_TYPES, ModuleType
from plc.plant.signals import Kind, Signal


class Contact(StrEnum):
    """Contact that is wired to an input, for the person with the drawing in hand."""

    NC = "NC"
    NO = "NO"


class Debounce(StrEnum):
    """Input filter of a DIO, for all its inputs together."""

    OFF = "off"
    US_25 = "25_us"
    US_750 = "750_us"
    MS_3 = "3_ms"


class Sensor(StrEnum):
    """What is connected to an analogue input."""

    PT100 = "pt100"
    PT1000 = "pt1000"
    MA_4_20 = "4_20_ma"
    V_0_10 = "0_10_v"


def _fact(text: str, low: float | None = None, high: float | None = None, unit: str = "") -> Param:
    return Param(unit, low, high, text)


@dataclass(frozen=True, slots=True)
class Module:
    """One module on the rail."""

    name: Annotated[str, _fact("name used in channels, dio01.DI4")]
    type: Annotated[ModuleType, _fact("kind of module")]
    position: Annotated[
        int, _fact("PiCtory position: base 0, right of it 32 33 ..., left of it 31 30 ...", 0, 63)
    ]
    debounce: Annotated[Debounce, _fact("input filter of a DIO")] = Debounce.MS_3

    @property
    def product_type(self) -> int:
        """PiCtory product type."""
        return modules.CATALOGUE[self.type].product_type


@dataclass(frozen=True, slots=True)
class Text:
    """What the terminal is called."""

    de: Annotated[str, _fact("German")] = ""
    en: Annotated[str, _fact("English")] = ""


@dataclass(frozen=True, slots=True)
class ProvedBy:
    """The input that must answer when this output acts."""

    signal: Annotated[str, _fact("input that shows the effect")]
    within_s: Annotated[float, _fact("answer expected within", 0, 3600, "s")]


@dataclass(frozen=True, slots=True)
class Terminal:
    """What every terminal has."""

    channel: Annotated[str | None, _fact("module and terminal as printed on it, dio01.DI4")] = None
    io_name: Annotated[str | None, _fact("name in PiCtory, checked against it")] = None
    device: Annotated[str, _fact("IEC 81346 designation")] = ""
    terminal: Annotated[str, _fact("terminal in the cabinet")] = ""
    text: Annotated[Text, _fact("text on the label")] = field(default_factory=Text)
    note: Annotated[str, _fact("remark for the person at the cabinet")] = ""


@dataclass(frozen=True, slots=True)
class DiEntry(Terminal):
    """A discrete input."""

    contact: Annotated[Contact | None, _fact("contact that is wired")] = None
    invert: Annotated[bool, _fact("true: 0 at the terminal means that the name is true")] = False
    present: Annotated[bool, _fact("false: not wired; then `substitute` counts")] = True
    substitute: Annotated[bool | None, _fact("value while it is not present")] = None


@dataclass(frozen=True, slots=True)
class DoEntry(Terminal):
    """A discrete output."""

    relay: Annotated[str, _fact("relay or contactor behind it")] = ""
    proved_by: Annotated[ProvedBy | None, _fact("input that shows the effect")] = None


@dataclass(frozen=True, slots=True)
class AiEntry(Terminal):
    """An analogue input."""

    sensor: Annotated[Sensor | None, _fact("what is connected")] = None
    wires: Annotated[int, _fact("leads of a resistance thermometer", 2, 4)] = 3
    span: Annotated[tuple[float, float] | None, _fact("value at 4 mA and 20 mA (0 V and 10 V)")] = None
    frozen_after_s: Annotated[
        float, _fact("the same raw value for so long means a dead sensor; 0 = not checked", 0, 604800, "s")
    ] = 0.0
    present: Annotated[bool, _fact("false: not wired; then `substitute` counts")] = True
    substitute: Annotated[float | None, _fact("value while it is not present; none = no value")] = None


@dataclass(frozen=True, slots=True)
class AoEntry(Terminal):
    """An analogue output."""

    curve: Annotated[Curve, _fact("what the pump makes of 0-10 V, as set in its menu")] = Curve.OFF_0_10
    proved_by: Annotated[ProvedBy | None, _fact("input that shows the effect")] = None


ENTRY: dict[Kind, type[Terminal]] = {Kind.DI: DiEntry, Kind.DO: DoEntry, Kind.AI: AiEntry, Kind.AO: AoEntry}


@dataclass(frozen=True, slots=True)
class Channel:
    """A terminal of a module: `dio01.DI4` is (dio01, DI, 4)."""

    module: str
    terminal: str
    number: int

    def __str__(self) -> str:
        return f"{self.module}.{self.terminal}{self.number}"

    @property
    def io(self) -> modules.Io:
        """Where it lies inside its module."""
        return modules.io_of(self.terminal, self.number)


@dataclass(frozen=True, slots=True)
class Wire:
    """One signal of the plant as it is connected here; fields that its kind does not have are empty."""

    signal: Signal
    line: int
    channel: Channel | None
    io_name: str
    device: str
    terminal: str
    text_de: str
    text_en: str
    note: str = ""
    present: bool = True
    substitute: float | bool | None = None
    contact: Contact | None = None
    invert: bool = False
    relay: str = ""
    proved_by: ProvedBy | None = None
    sensor: Sensor | None = None
    wires: int = 3
    span: tuple[float, float] | None = None
    frozen_after_s: float = 0.0
    curve: Curve = Curve.OFF_0_10

    @property
    def name(self) -> str:
        """Name of the signal."""
        return self.signal.name


@dataclass(frozen=True, slots=True)
class Wiring:
    """The whole map. `signals` holds every signal of the catalogue, in its order."""

    file: str
    sha256: str
    modules: tuple[Module, ...]
    signals: dict[str, Wire]

    def module(self, name: str) -> Module:
        """The module of that name; KeyError when there is none."""
        for module in self.modules:
            if module.name == name:
                return module
        raise KeyError(name)

    @property
    def base(self) -> Module:
        """The Core or Connect."""
        return next(module for module in self.modules if module.type in BASE_TYPES)

    def wired(self, *kinds: Kind) -> Iterator[Wire]:
        """Signals that have a terminal, in the order of the catalogue."""
        for wire in self.signals.values():
            if wire.channel is not None and (not kinds or wire.signal.kind in kinds):
                yield wire

    def free_channels(self) -> tuple[Channel, ...]:
        """Terminals that nothing is connected to, module by module."""
        used = {str(wire.channel) for wire in self.wired()}
        every = (
            Channel(module.name, terminal, number)
            for module in self.modules
            for terminal, kind in modules.TERMINALS.items()
            if kind.module is module.type
            for number in range(1, kind.count + 1)
        )
        return tuple(channel for channel in every if str(channel) not in used)
