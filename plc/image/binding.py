"""From the wiring map to places in the image: worked out once, so that a scan only looks up.

All places are relative to the module; where a module begins is the access library's business and is
checked against our own count when the image is connected.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from plc.blocks.core import NEVER, Origin, Reading, ns
from plc.image.analogue import AnalogueInput, Conversion, Fault, current_4_20_ma, rtd, voltage_0_10_v
from plc.image.modules import BASE_TYPES, ModuleType
from plc.image.wiring import Module, Sensor, Wire, Wiring
from plc.plant.interface import ImageInputs
from plc.plant.signals import Kind

# Places in the unpacked record of an AIO: 4 inputs, their status, 2 RTDs, their status, output status.
AIO_RECORD = "<4h4B2h2B2B"
_AI, _AI_STATUS, _RTD, _RTD_STATUS, AO_STATUS = 0, 4, 8, 10, 12


class Substitute:
    """An analogue input that is not wired: the value of the wiring map, or none for ever."""

    __slots__ = ("_reading", "fault")

    def __init__(self, value: float | None) -> None:
        self._reading = NEVER if value is None else Reading.good(value, 0, Origin.SUBSTITUTE)
        self.fault = Fault.NONE

    def step(self, raw: int, *, status: int, healthy: bool, now_ns: int) -> Reading:  # noqa: ARG002
        """The same value in every scan, as fresh as the scan."""
        return self._reading if self._reading is NEVER else self._reading._replace(taken_ns=now_ns)


@dataclass(frozen=True, slots=True)
class Binding:
    """Places of all inputs, in the order of the fields of ImageInputs.

    dio, aio: modules that signals are connected to; a slot is an index into them.
    discrete: (slot, mask, value of the masked bits that means True). The slot after the last module is
    a word of zeros, from which substitutes read their constant.
    discrete_lost: the values while a module is lost: False, substitutes stay.
    readings: (slot, place of the value, place of its status, channel).
    used_outputs: numbers of the connected analogue outputs per AIO.
    """

    dio: tuple[Module, ...]
    aio: tuple[Module, ...]
    discrete: tuple[tuple[int, int, int], ...]
    discrete_lost: tuple[bool, ...]
    readings: tuple[tuple[int, int, int, AnalogueInput | Substitute], ...]
    channels: dict[str, AnalogueInput | Substitute]
    used_outputs: tuple[tuple[int, ...], ...]


def used_modules(wiring: Wiring) -> tuple[Module, ...]:
    """The base module and every module that a signal is connected to."""
    used = {wire.channel.module for wire in wiring.wired() if wire.channel is not None}
    return tuple(module for module in wiring.modules if module.type in BASE_TYPES or module.name in used)


def bind(wiring: Wiring, hold_ns: int, origin: Origin) -> Binding:
    """Works out all places. hold_ns: a bad analogue value is held for so long; origin: of good ones."""
    dio = tuple(module for module in used_modules(wiring) if module.type is ModuleType.DIO)
    aio = tuple(module for module in used_modules(wiring) if module.type is ModuleType.AIO)
    names = [item.name for item in fields(ImageInputs)]
    wires = [wiring.signals[name] for name in names if name in wiring.signals]
    discrete = [wire for wire in wires if wire.signal.kind is Kind.DI]
    analogue = [wire for wire in wires if wire.signal.kind is Kind.AI]
    if names[2:] != [wire.name for wire in (*discrete, *analogue)]:
        raise TypeError("ImageInputs: fields must be dio_healthy, aio_healthy, discrete inputs, readings")
    channels = {wire.name: _channel(wire, hold_ns, origin) for wire in analogue}
    return Binding(
        dio=dio,
        aio=aio,
        discrete=tuple(_discrete(wire, dio) for wire in discrete),
        discrete_lost=tuple(bool(wire.substitute) and not wire.present for wire in discrete),
        readings=tuple((*_analogue(wire, aio), channels[wire.name]) for wire in analogue),
        channels=channels,
        used_outputs=tuple(_outputs_of(wiring, module) for module in aio),
    )


def _slot(wire: Wire, modules: tuple[Module, ...]) -> int:
    return next(i for i, module in enumerate(modules) if wire.channel and module.name == wire.channel.module)


def _discrete(wire: Wire, dio: tuple[Module, ...]) -> tuple[int, int, int]:
    if not wire.present or wire.channel is None:
        return len(dio), 0, 0 if wire.substitute else 1
    mask = 1 << (wire.channel.number - 1)
    return _slot(wire, dio), mask, 0 if wire.invert else mask


def _analogue(wire: Wire, aio: tuple[Module, ...]) -> tuple[int, int, int]:
    if not wire.present or wire.channel is None:
        return 0, _AI, _AI_STATUS
    value, status = (_RTD, _RTD_STATUS) if wire.channel.terminal == "RTD" else (_AI, _AI_STATUS)
    number = wire.channel.number - 1
    return _slot(wire, aio), value + number, status + number


def _outputs_of(wiring: Wiring, module: Module) -> tuple[int, ...]:
    wires = wiring.wired(Kind.AO)
    return tuple(wire.channel.number for wire in wires if wire.channel and wire.channel.module == module.name)


def _channel(wire: Wire, hold_ns: int, origin: Origin) -> AnalogueInput | Substitute:
    if not wire.present or wire.channel is None:
        return Substitute(None if wire.substitute is None else float(wire.substitute))
    return AnalogueInput(
        _conversion(wire),
        minimum=wire.signal.minimum,
        maximum=wire.signal.maximum,
        max_rate_per_s=wire.signal.max_rate_per_s,
        hold_ns=hold_ns,
        frozen_ns=ns(wire.frozen_after_s),
        origin=origin,
    )


def _conversion(wire: Wire) -> Conversion:
    if wire.sensor in (Sensor.PT100, Sensor.PT1000):
        return rtd
    low, high = wire.span or (0.0, 0.0)
    return current_4_20_ma(low, high) if wire.sensor is Sensor.MA_4_20 else voltage_0_10_v(low, high)
