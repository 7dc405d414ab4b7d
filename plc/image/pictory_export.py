"""A complete config.rsc from the wiring map, ready to import into PiCtory.

Map and file agree by construction: names, input filter, ranges, sensors. Everything else stays at
PiCtory's own defaults; every output default is 0, because a start of the driver applies it.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

from plc.image import modules
from plc.image.modules import CATALOGUE, Io, ModuleType, Section
from plc.image.wiring import Module, Sensor, Wire, Wiring

_NAMESPACE = uuid.UUID("6f1b7f52-7a55-4d5c-9a0e-5d2f0c8f3a11")
_LAYOUT = {
    "north": {"size": 70, "initClosed": False, "initHidden": False},
    "south": {
        "size": 420,
        "initClosed": False,
        "initHidden": False,
        "children": {"layout1": {"east": {"size": 500, "initClosed": False, "initHidden": False}}},
    },
    "east": {"size": 70, "initClosed": True, "initHidden": False, "children": {}},
    "west": {"size": 200, "initClosed": False, "initHidden": False, "children": {"layout1": {}}},
}


def pictory_json(wiring: Wiring, site: str) -> str:
    """The text of config.rsc; the same wiring always gives the same text."""
    offset = 0
    devices: list[dict[str, Any]] = []
    order = _from_left_to_right(wiring)
    for index, module in enumerate(order):
        same = sum(1 for other in order[: index + 1] if other.type is module.type)
        suffix = f"_i{index + 1:02d}" if same > 1 else ""
        ios = expected_ios(wiring, module, suffix)
        devices.append(_device(module, site, offset, same, ios))
        offset += CATALOGUE[module.type].length
    totals = {
        section: sum(_bytes(device, section) for device in devices) for section in (Section.INP, Section.OUT)
    }
    head = {
        "App": {
            "name": "PiCtory",
            "version": "2.10.0",
            "saveTS": "20260101000000",
            "language": "en",
            "layout": _LAYOUT,
        },
        "Summary": {"inpTotal": totals[Section.INP], "outTotal": totals[Section.OUT]},
    }
    return _text(head, devices)


def expected_ios(wiring: Wiring, module: Module, suffix: str = "") -> tuple[Io, ...]:
    """The entries of a module as the map wants them; what it says nothing about as PiCtory's defaults."""
    wanted: dict[str, Io] = {}
    for wire in wiring.wired():
        if wire.channel is not None and wire.channel.module == module.name:
            io = wire.channel.io
            wanted[io.name] = replace(io, name=wire.io_name or io.name + suffix)
    settings = {name: str(value) for name, (value, _) in expected_settings(wiring, module).items()}
    result = []
    for io in CATALOGUE[module.type].ios:
        if io.section is not Section.MEM and io.name in wanted:
            result.append(wanted[io.name])
        elif io.section is Section.MEM and io.name in settings:
            result.append(replace(io, name=io.name + suffix, default=settings[io.name]))
        else:
            result.append(replace(io, name=io.name + suffix))
    return tuple(result)


def expected_settings(wiring: Wiring, module: Module) -> dict[str, tuple[int, str]]:
    """Module parameters that the map decides: name in the catalogue -> (value, why)."""
    if module.type is ModuleType.DIO:
        return _dio_settings(wiring, module)
    if module.type is ModuleType.AIO:
        return _aio_settings(wiring, module)
    return {}


def _dio_settings(wiring: Wiring, module: Module) -> dict[str, tuple[int, str]]:
    result = {"InputDebounce": (modules.DEBOUNCE[module.debounce], f"debounce: {module.debounce}")}
    for wire in _on(wiring, module):
        if wire.channel is not None and wire.channel.terminal == "DI":
            result[f"InputMode_{wire.channel.number}"] = (0, f"{wire.name} is a plain input, no counter")
    result["OutputPushPull"] = (0, "high-side outputs for relay coils")
    result["OutputPWMActive"] = (0, "no PWM on an output that switches a relay")
    return result


def _aio_settings(wiring: Wiring, module: Module) -> dict[str, tuple[int, str]]:
    result: dict[str, tuple[int, str]] = {}
    for wire in _on(wiring, module):
        if wire.channel is None:
            continue
        kind, n = wire.channel.terminal, wire.channel.number
        if kind == "AO":
            result[f"Output{n}Range"] = (modules.AIO_OUTPUT_0_10_V, f"{wire.name} drives a pump with 0-10 V")
            name = f"Output{n}"
        elif kind == "RTD":
            pt1000 = wire.sensor is Sensor.PT1000
            result[f"RTD{n}Type"] = (int(pt1000), f"{wire.name}: sensor {wire.sensor}")
            result[f"RTD{n}Wiring"] = (
                modules.RTD_WIRING_OF_WIRES[wire.wires],
                f"{wire.name}: {wire.wires} wires",
            )
            name = f"RTD{n}"
        else:
            current = wire.sensor is Sensor.MA_4_20
            code = modules.AIO_INPUT_0_24_MA if current else modules.AIO_INPUT_0_10_V
            result[f"Input{n}Range"] = (
                code,
                f"{wire.name}: sensor {wire.sensor}; wire break is judged by the program",
            )
            name = f"Input{n}"
        for part, value in (("Multiplier", 1), ("Divisor", 1), ("Offset", 0)):
            result[name + part] = (value, f"{wire.name} is scaled by the program, thresholds keep their unit")
    return result


def _on(wiring: Wiring, module: Module) -> list[Wire]:
    return [
        wire for wire in wiring.wired() if wire.channel is not None and wire.channel.module == module.name
    ]


def _from_left_to_right(wiring: Wiring) -> list[Module]:
    """Physical order: 31 is next to the base on its left, 30 further left, and so on."""
    left = sorted((m for m in wiring.modules if 0 < m.position < 32), key=lambda m: m.position)
    right = sorted((m for m in wiring.modules if m.position >= 32), key=lambda m: m.position)
    return [*left, wiring.base, *right]


def _device(module: Module, site: str, offset: int, instance: int, ios: tuple[Io, ...]) -> dict[str, Any]:
    product = CATALOGUE[module.type]
    device: dict[str, Any] = {
        "GUID": str(uuid.uuid5(_NAMESPACE, f"{site}/{module.name}")),
        "id": f"device_{product.catalogue_id}_{instance:03d}",
        "type": product.device_type,
        "productType": str(product.product_type),
        "position": str(module.position),
        "name": module.name,
        "bmk": product.title,
        "inpVariant": 0,
        "outVariant": 0,
        "comment": "",
        "offset": offset,
    }
    numbered = list(enumerate(ios))
    for section in Section:
        device[section.value] = {
            str(key): [
                io.name,
                io.default,
                str(io.bits),
                str(io.offset),
                io.exported,
                f"{index:04d}",
                "",
                "" if io.bit is None else str(io.bit),
            ]
            for key, (index, io) in enumerate((index, io) for index, io in numbered if io.section is section)
        }
    device["extend"] = {}
    return device


def _bytes(device: dict[str, Any], section: Section) -> int:
    """Bytes of a section, as PiCtory counts them in its summary."""
    entries = device[section.value].values()
    ends = [int(e[3]) + (int(e[7]) // 8 + 1 if e[7] else int(e[2]) // 8) for e in entries]
    return max(ends) - min(int(e[3]) for e in entries) if ends else 0


def _text(head: dict[str, Any], devices: list[dict[str, Any]]) -> str:
    """JSON with one entry per line, so that a difference can be read and has a line number."""
    lines = ["{"]
    lines += [f'"{key}": {json.dumps(value)},' for key, value in head.items()]
    lines.append('"Devices": [')
    for number, device in enumerate(devices):
        lines.append(" {")
        for key, value in device.items():
            end = "" if key == "extend" else ","
            if isinstance(value, dict) and value:
                lines.append(f'  "{key}": {{')
                rows = [f'   "{k}": {json.dumps(v)}' for k, v in value.items()]
                lines += [row + "," for row in rows[:-1]] + rows[-1:]
                lines.append(f"  }}{end}")
            else:
                lines.append(f'  "{key}": {json.dumps(value)}{end}')
        lines.append(" }," if number < len(devices) - 1 else " }")
    lines += ["],", '"Connections": []', "}"]
    return "\n".join(lines) + "\n"
