"""Virtual energy meters: the same moment of the house in the formats of different makers.

Registers: Modbus reference, topic energy meters, for the models that the tests and the demo use.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

Power = Callable[[], float]
"""Active power in W, import > 0; asked once per request."""


@dataclass
class VirtualMeter:
    """One three-phase meter. model: a key of MODELS.

    frozen repeats the last image; overrides put raw words at addresses.
    """

    model: str
    power_w: Power
    import_kwh: float = 1234.5
    export_kwh: float = 67.8
    frozen: bool = False
    overrides: dict[int, int] = field(default_factory=dict)
    noise: random.Random = field(default_factory=lambda: random.Random(11))
    _image: dict[int, int] = field(default_factory=dict)

    def read(self, function: int, start: int, count: int) -> list[int] | int:
        """Registers of the meter's own function code; anything else is refused."""
        wanted, build = MODELS[self.model]
        if function != wanted:
            return 1
        if not (self.frozen and self._image):
            self._image = build(self, self.power_w())
        image = self._image | self.overrides
        return [image.get(address, 0) & 0xFFFF for address in range(start, start + count)]


def _words_f32(value: float) -> tuple[int, int]:
    raw = struct.pack(">f", value)
    return int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")


def _words_i32(value: float) -> tuple[int, int]:
    raw = struct.pack(">i", round(value))
    return int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")


def _put(image: dict[int, int], address: int, pair: tuple[int, int]) -> None:
    image[address], image[address + 1] = pair


def _phases(meter: VirtualMeter, watts: float) -> list[tuple[float, float, float]]:
    """Voltage, current and power per phase."""
    volts = [230.0 + meter.noise.uniform(-1, 1) for _ in range(3)]
    return [(v, abs(watts) / 3 / v, watts / 3) for v in volts]


def eastron(meter: VirtualMeter, watts: float) -> dict[int, int]:
    """SDM630 and SDM72DM-V2: floats, high word first, input registers."""
    image: dict[int, int] = {}
    for number, (volts, amps, share) in enumerate(_phases(meter, watts)):
        _put(image, 2 * number, _words_f32(volts))
        _put(image, 6 + 2 * number, _words_f32(amps))
        _put(image, 12 + 2 * number, _words_f32(share))
    for address, value in ((52, watts), (70, 50.0), (72, meter.import_kwh), (74, meter.export_kwh)):
        _put(image, address, _words_f32(value))
    return image


def sdm120(meter: VirtualMeter, watts: float) -> dict[int, int]:
    """SDM120, single-phase."""
    image: dict[int, int] = {}
    volts = 230.0 + meter.noise.uniform(-1, 1)
    for address, value in (
        (0, volts), (6, abs(watts) / volts), (12, watts), (70, 50.0),
        (72, meter.import_kwh), (74, meter.export_kwh),
    ):  # fmt: skip
        _put(image, address, _words_f32(value))
    return image


def em340(meter: VirtualMeter, watts: float) -> dict[int, int]:
    """Carlo Gavazzi EM340: 32-bit integers, low word first."""
    image: dict[int, int] = {}

    def put(address: int, value: float) -> None:
        high, low = _words_i32(value)
        _put(image, address, (low, high))

    for number, (volts, amps, share) in enumerate(_phases(meter, watts)):
        put(2 * number, volts * 10)
        put(12 + 2 * number, amps * 1000)
        put(18 + 2 * number, share * 10)
    put(40, watts * 10)
    image[51] = 500
    put(52, meter.import_kwh * 10)
    put(78, meter.export_kwh * 10)
    return image


def eltako(meter: VirtualMeter, watts: float) -> dict[int, int]:
    """Eltako DSZ15: Eastron addresses, but integers."""
    image: dict[int, int] = {}
    for number, (volts, amps, share) in enumerate(_phases(meter, watts)):
        _put(image, 2 * number, _words_i32(volts * 100))
        _put(image, 6 + 2 * number, _words_i32(amps * 1000))
        _put(image, 12 + 2 * number, _words_i32(share))
    _put(image, 52, _words_i32(watts))
    _put(image, 72, _words_i32(meter.import_kwh * 100))
    _put(image, 74, _words_i32(meter.export_kwh * 100))
    return image


def orno516(meter: VirtualMeter, watts: float) -> dict[int, int]:
    """ORNO OR-WE-516: floats in kW, holding registers."""
    image: dict[int, int] = {}
    for number, (volts, amps, share) in enumerate(_phases(meter, watts)):
        _put(image, 14 + 2 * number, _words_f32(volts))
        _put(image, 22 + 2 * number, _words_f32(amps))
        _put(image, 30 + 2 * number, _words_f32(share / 1000))
    for address, value in (
        (20, 50.0), (28, watts / 1000), (256, meter.import_kwh + meter.export_kwh),
        (264, meter.import_kwh), (272, meter.export_kwh),
    ):  # fmt: skip
        _put(image, address, _words_f32(value))
    return image


MODELS: dict[str, tuple[int, Callable[[VirtualMeter, float], dict[int, int]]]] = {
    "eastron-sdm630": (4, eastron),
    "eastron-sdm72dm-v2": (4, eastron),
    "eastron-sdm120": (4, sdm120),
    "carlo-gavazzi-em340": (4, em340),
    "eltako-dsz15": (4, eltako),
    "orno-we-516": (3, orno516),
}
"""Function code and image of each model."""
