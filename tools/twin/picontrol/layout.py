"""What config.rsc says about the process image, read the way the piControl driver reads it.

Deliberately not revpimodio2 and not the controller's own reader: this side decides where a module's
output block lies, and a shared mistake would stay invisible.

Facts: RevPi platform reference, topics config.rsc and driver; piControl source, piConfig.c.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGE_LEN = 4096
NOT_CONNECTED = 0x8000  # added to the module type of a configured module that did not answer at start
SOFTWARE_MODULES_FROM = 0x6001  # virtual devices: always active, nobody has to answer
NAME_LEN = 31  # a longer name is cut, so FIND_VARIABLE cannot tell two long names apart

INPUT, OUTPUT, MEMORY = "inp", "out", "mem"


class ConfigError(ValueError):
    """config.rsc cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One IO of PiCtory. `offset` is absolute in the image; `bit` is 0 for whole bytes."""

    name: str
    section: str
    offset: int
    bit: int
    bits: int
    default: int
    exported: bool

    @property
    def length(self) -> int:
        return max(1, self.bits // 8)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of bytes in the image."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.offset <= address < self.end


@dataclass(frozen=True, slots=True)
class Device:
    """One module: address is PiCtory's position (0 = base)."""

    address: int
    product_type: int
    name: str
    is_base: bool
    offset: int
    inputs: Block
    outputs: Block
    memory: Block
    first_entry: int
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole arrangement, in the order in which the driver numbers the modules."""

    devices: tuple[Device, ...]

    def base(self) -> Device | None:
        return next((device for device in self.devices if device.is_base), None)

    def at(self, address: int) -> Device | None:
        return next((device for device in self.devices if device.address == address), None)

    def variables(self) -> list[Variable]:
        return [variable for device in self.devices for variable in device.variables]

    def find(self, name: str) -> Variable | None:
        return next((variable for variable in self.variables() if variable.name[:NAME_LEN] == name), None)

    def exported_outputs(self) -> list[Variable]:
        return [v for v in self.variables() if v.section == OUTPUT and v.exported]

    def defaults(self) -> bytearray:
        """The image after a driver reset: PiCtory defaults, everything else 0."""
        image = bytearray(IMAGE_LEN)
        for variable in self.variables():
            if variable.default == 0:
                continue
            if variable.bits == 1:
                image[variable.offset] |= 1 << variable.bit
            elif variable.bits in (8, 16, 32) and variable.offset + variable.length <= IMAGE_LEN:
                mask = (1 << variable.bits) - 1
                value = (variable.default & mask).to_bytes(variable.length, "little")
                image[variable.offset : variable.offset + variable.length] = value
        return image


def load(path: Path) -> Layout:
    """Read config.rsc. Raises ConfigError for a file that is missing, no JSON, or has no devices."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from error
    try:
        entries = content["Devices"]
        devices = [_device(entry) for entry in entries]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"{path}: is not a PiCtory file: {error!r}") from error
    if not devices:
        raise ConfigError(f"{path}: has no devices")
    return Layout(tuple(_numbered(sorted(devices, key=_driver_order))))


def _driver_order(device: Device) -> tuple[int, int]:
    """Base first, then to the right as found, then to the left, then what only exists in the file."""
    if device.is_base:
        return 0, 0
    if device.product_type >= SOFTWARE_MODULES_FROM:
        return 3, device.address
    if device.address >= 32:
        return 1, device.address
    return 2, -device.address


def _numbered(devices: list[Device]) -> list[Device]:
    numbered, first = [], 0
    for device in devices:
        numbered.append(
            Device(
                device.address,
                device.product_type,
                device.name,
                device.is_base,
                device.offset,
                device.inputs,
                device.outputs,
                device.memory,
                first,
                device.variables,
            )
        )
        first += len(device.variables)
    return numbered


def _device(entry: dict[str, Any]) -> Device:
    base = int(entry["offset"])
    variables = tuple(
        _variable(section, base, fields)
        for section in (INPUT, OUTPUT, MEMORY)
        for fields in dict(entry.get(section) or {}).values()
    )
    for variable in variables:
        if not 0 <= variable.offset < IMAGE_LEN:
            raise ValueError(f"{variable.name} lies at byte {variable.offset}, outside the image")
    return Device(
        address=_number(str(entry["position"])),
        product_type=int(entry["productType"]),
        name=str(entry.get("name", "")),
        is_base=entry.get("type") == "BASE",
        offset=base,
        inputs=_block(variables, INPUT, base),
        outputs=_block(variables, OUTPUT, base),
        memory=_block(variables, MEMORY, base),
        first_entry=0,
        variables=variables,
    )


def _block(variables: tuple[Variable, ...], section: str, base: int) -> Block:
    """First byte and sum of bits, as the driver counts them (14 wired of 16 bits still are 2 bytes)."""
    own = [variable for variable in variables if variable.section == section]
    if not own:
        return Block(base, 0)
    offset = min(variable.offset for variable in own)
    return Block(offset, sum(variable.bits for variable in own) // 8)


def _variable(section: str, base: int, fields: list[Any]) -> Variable:
    bits = int(fields[2])
    offset = base + int(fields[3])
    bit = _number(str(fields[7])) if bits == 1 else 0
    return Variable(
        name=str(fields[0]),
        section=section,
        offset=offset + bit // 8,
        bit=bit % 8,
        bits=bits,
        default=_number(str(fields[1])),
        exported=str(fields[4]).lower() == "true",
    )


def _number(text: str) -> int:
    """A number as the driver takes it; what it cannot read is 0 there, and so it is here."""
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return int(text)  # "007": base 0 refuses leading zeros
    except ValueError:
        return 0
