"""Virtual Deye inverters: register contents of each family from one moment of the house.

Registers: Modbus reference, topics three-phase map and single-phase map. Unmapped registers inside the
range answer 0, as real units do. `faults of content` are attributes that tests and scenarios switch.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tools.twin.modbus_devices.house import House, Provider

CODES = {"3p-lv": 0x0005, "3p-hv": 0x0006, "1p": 0x0003, "1p-10w": 0x0003}

NIGHT_V = (29.0, 9.0)  # strings of a real unit at night (Modbus reference, topic real frame)


@dataclass
class VirtualDeye:
    """One inverter. family: 3p-lv, 3p-hv, 1p or 1p-10w.

    scale_battery, scale_ac, scale_pv: factor by which this unit counts differently from its family.
    frozen: repeats the last image. blank: None, 0 or 0xFFFF in every register above 100.
    torn_high_words: high words of AC powers that are late by one update. no_clamps: external CT reads 0.
    refuses: (first, last) register range that answers with exception 2.
    dark_strings: at night the strings read exactly 0 V, so that their whole block is zeros.
    """

    family: str
    provider: Provider
    serial: str = "2207311234"
    rated_w: float = 12_000.0
    strings: int = 2
    firmware: int = 0x1234
    device_code: int | None = None
    scale_battery: float = 1.0
    scale_ac: float = 1.0
    scale_pv: float = 1.0
    frozen: bool = False
    blank: int | None = None
    torn_high_words: int | None = None
    no_clamps: bool = False
    run_state: int = 2
    refuses: tuple[int, int] | None = None
    dark_strings: bool = False
    noise: random.Random = field(default_factory=lambda: random.Random(7))
    overrides: dict[int, int] = field(default_factory=dict)
    _image: dict[int, int] = field(default_factory=dict)

    def read(self, function: int, start: int, count: int) -> list[int] | int:
        """Holding registers only; function 4 is refused as on the real unit."""
        if function != 3:
            return 1
        if self.refuses and start <= self.refuses[1] and start + count > self.refuses[0]:
            return 2
        if not (self.frozen and self._image):
            self._image = self._build(self.provider())
        words = [self._image.get(address, 0) for address in range(start, start + count)]
        if self.blank is not None and start > 22:
            words = [self.blank] * count
        return words

    def _build(self, house: House) -> dict[int, int]:
        image = self._identity()
        if self.family.startswith("3p"):
            self._three_phase(image, house)
        else:
            self._single_phase(image, house)
        image.update(self.overrides)
        return {address: word & 0xFFFF for address, word in image.items()}

    def _identity(self) -> dict[int, int]:
        three = self.family.startswith("3p")
        image = {0: CODES[self.family] if self.device_code is None else self.device_code, 1: 1, 2: 0x0104}
        text = self.serial.ljust(10)[:10].encode("ascii")
        for place in range(5):
            image[3 + place] = int.from_bytes(text[2 * place : 2 * place + 2], "big")
        for address in (10, 11, 12, 13, 14, 15, 16, 17, 18):
            image[address] = self.firmware
        rated = round(self.rated_w * 10)
        image[20 if three else 16] = rated & 0xFFFF
        image[21 if three else 17] = rated >> 16
        image[22 if three else 18] = self.strings << 8 | (3 if three else 1)
        return image

    def _three_phase(self, image: dict[int, int], house: House) -> None:
        high_voltage = self.family == "3p-hv"
        pack_v = house.battery_v * 8 if high_voltage else house.battery_v
        counts_per_v = 10 if high_voltage else 100
        step_w = 10 if high_voltage else 1
        volts = [house.grid_v + self.noise.uniform(-0.8, 0.8) for _ in range(3)]
        inverter, load = round(house.inverter_w), round(house.load_w)
        grid = load - inverter
        backup = round(min(house.backup_load_w, house.load_w))
        image |= dict.fromkeys(range(210, 223), 0xFFFF)  # no information from the battery's own electronics
        image |= {500: self.run_state, 540: 1400, 541: 1450, 551: 1, 552: 0b0000_0101}
        self._energies(image, house, {"pv": 534, "imp": 522, "exp": 524, "day_pv": 529})
        image |= {
            586: 1250,
            587: round((pack_v + self.noise.uniform(-0.05, 0.05)) * counts_per_v),
            588: round(house.battery_soc_pct),
            590: round(house.battery_w / step_w * self.scale_battery),
            591: round(house.battery_w / pack_v * 100),
            592: 280,
            609: 5000,
        }
        for phase in range(3):
            image[598 + phase] = round(volts[phase] * 10)
            image[613 + phase] = round(grid / 3 / volts[phase] * 100)
            image[627 + phase] = image[644 + phase] = round(volts[phase] * 10)
        for low, high, watts in (
            (607, 703, backup - inverter), (619, 708, 0 if self.no_clamps else grid), (625, 690, grid),
            (636, 694, inverter), (643, 699, backup), (653, 659, load), (667, 671, 0),
        ):  # fmt: skip
            counts = round(watts * self.scale_ac)
            image[low] = counts
            image[high] = counts >> 16 if self.torn_high_words is None else self.torn_high_words
        self._strings_of(image, house, step_w)

    def _strings_of(self, image: dict[int, int], house: House, step_w: int) -> None:
        share = house.pv_w / self.strings
        for number in range(self.strings):
            volts = 600.0 + self.noise.uniform(-3, 3) if house.pv_w > 0 else self._night_v(number)
            power, voltage, current = (
                (672 + number, 676 + 2 * number, 677 + 2 * number)
                if number < 4
                else (723 + number, 715 + number, 719 + number)
            )
            image[power] = round(share / step_w * self.scale_pv)
            image[voltage] = round(volts * 10)
            image[current] = round(share / volts * 10) if volts else 0

    def _night_v(self, number: int) -> float:
        return 0.0 if self.dark_strings else NIGHT_V[number % 2]

    def _single_phase(self, image: dict[int, int], house: House) -> None:
        step_w = 10 if self.family == "1p-10w" else 1
        volts = house.grid_v + self.noise.uniform(-0.8, 0.8)
        inverter, load = round(house.inverter_w), round(house.load_w)
        grid = load - inverter
        image |= dict.fromkeys(range(312, 324), 0xFFFF)
        image |= {59: self.run_state, 79: 5000, 90: 1400, 91: 1450}
        self._energies(image, house, {"pv": 96, "exp": 81, "day_pv": 108})
        total_import = round(house.total_import_kwh * 10)
        image |= {78: total_import & 0xFFFF, 80: total_import >> 16}
        ac = self.scale_ac / step_w
        clamps = 0 if self.no_clamps else grid
        image |= {
            150: round(volts * 10), 154: round((volts + self.noise.uniform(-0.2, 0.2)) * 10),
            157: round(volts * 10), 160: round(grid / volts * 100), 162: round(clamps / volts * 100),
            164: round(inverter / volts * 100), 167: round((grid - 0) * ac), 169: round(grid * ac),
            170: round(clamps * ac), 172: round(clamps * ac), 173: inverter, 175: inverter,
            176: round(load * ac), 178: round(load * ac), 182: 1250,
            183: round((house.battery_v + self.noise.uniform(-0.05, 0.05)) * 100),
            184: round(house.battery_soc_pct), 190: round(house.battery_w * self.scale_battery),
            191: round(house.battery_w / house.battery_v * (10 if self.family == "1p-10w" else 100)),
            192: 5000, 193: 5000, 194: 1,
        }  # fmt: skip
        share = house.pv_w / self.strings
        for number in range(self.strings):
            string_v = 350.0 + self.noise.uniform(-3, 3) if house.pv_w > 0 else self._night_v(number)
            image[186 + number] = round(share * self.scale_pv)
            image[109 + 2 * number] = round(string_v * 10)
            image[110 + 2 * number] = round(share / string_v * 10) if string_v else 0

    def _energies(self, image: dict[int, int], house: House, places: dict[str, int]) -> None:
        image[places["day_pv"]] = round(house.day_pv_kwh * 10)
        for name, kwh in (
            ("pv", house.total_pv_kwh), ("imp", house.total_import_kwh), ("exp", house.total_export_kwh)
        ):  # fmt: skip
            if name in places:
                counts = round(kwh * 10)
                image[places[name]] = counts & 0xFFFF
                image[places[name] + 1] = counts >> 16
