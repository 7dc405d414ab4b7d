"""What can be wrong with the sensor of the hot water tank in a site folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from plc.devicefiles import device_paths, load_kinds
from plc.field.rs485.devicetype import DeviceType
from plc.field.rs485.settings import SerialPort, kinds_of
from plc.hot_water import HotWaterSensor
from plc.image.marked_yaml import Node
from plc.image.problem import Problem, did_you_mean

SECTION = "devices.hot_water"


def problems(root: Node, file: str, *, present: bool, sections: Mapping[str, Any]) -> Iterator[Problem]:
    """The tank's sensor against the rest of site.yaml."""
    settings: HotWaterSensor | None = sections[SECTION]
    if settings is None or not (settings.modbus or settings.topic):
        if present or settings is not None:
            yield Problem(
                file,
                _line(root, "parameters", "dhw", "present") if present else _line(root, *SECTION.split(".")),
                "dhw.present: true, and nothing measures the tank"
                if present
                else f"{SECTION} without a source",
                f"{SECTION} with `modbus: <device>.<value>` or `topic: ...`",
                "name the source of the tank's temperature, or write dhw.present: false",
            )
        return
    if not present:
        yield Problem(
            file,
            _line(root, *SECTION.split(".")),
            f"{SECTION}, and dhw.present: false: nobody looks at it",
            "both or neither",
            "write parameters.dhw.present: true, or remove the section",
        )
    if settings.modbus:
        yield from _modbus_problems(settings.modbus, root, file, sections["devices.rs485"] or ())
    if settings.topic:
        yield from _topic_problems(settings.topic, root, file, sections)


def _modbus_problems(name: str, root: Node, file: str, ports: Sequence[SerialPort]) -> Iterator[Problem]:
    line = _line(root, *SECTION.split("."), "modbus")
    folder = Path(file).parent
    kinds, _ = load_kinds([kind for kind in kinds_of(ports) if kind in device_paths(folder)], folder)
    known = {
        f"{device.name}.{value}"
        for port in ports
        for device in port.devices
        if device.type in kinds
        for value in _temperatures(kinds[device.type])
    }
    if name not in known:
        yield Problem(
            file,
            line,
            f'modbus: "{name}"',
            ", ".join(sorted(known))
            or "a temperature (unit degC) of a device in devices.rs485; there is none",
            did_you_mean(name, sorted(known)) or "take one of these, or add a device file with the value",
        )


def _temperatures(kind: DeviceType) -> Iterator[str]:
    return (name for name, value in kind.values.items() if value.unit == "degC")


def _topic_problems(topic: str, root: Node, file: str, sections: Mapping[str, Any]) -> Iterator[Problem]:
    line = _line(root, *SECTION.split("."), "topic")
    if "+" in topic or "#" in topic:
        yield Problem(file, line, f'topic: "{topic}"', "one topic without + and #", "name the one topic")
    if sections["devices.mqtt"] is None:
        yield Problem(
            file, line, f"{SECTION}.topic without a broker", "devices.mqtt: {host: ...}", "add the broker"
        )


def _line(root: Node, *path: str) -> int:
    return root.at(path).line
