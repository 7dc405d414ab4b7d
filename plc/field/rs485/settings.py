"""RS485 in the site file: ports, the devices on them, and the rules between the two.

The limits of one device are in its device file; here stands what differs between two houses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from plc.blocks.param import Param
from plc.field.rs485.devicerules import Fault
from plc.field.rs485.devicetype import DeviceType, LineSpec, Parity
from plc.field.rs485.known_load import KNOWN_LOAD
from plc.field.rs485.options import DeviceOptions

MINERS = 2


@dataclass(frozen=True, slots=True)
class SerialDevice:
    """One device on an RS485 port."""

    name: Annotated[str, Param("", None, None, "what it is called in messages and on MQTT")]
    type: Annotated[str, Param("", None, None, "device file, or deye to find the family out")]
    slave_id: Annotated[int, Param("", 1, 247, "Modbus address as set in the device", source="commissioning")]
    role: Annotated[str, Param("", None, None, "what it measures here; empty = its only role, or none")] = ""
    miner: Annotated[int, Param("", 0, MINERS, "number of the miner that a miner_meter measures")] = 0
    scale: Annotated[
        dict[str, float], Param("", None, None, "accepted factor per group, from `deye verify`")
    ] = field(default_factory=dict)
    reverse: Annotated[
        tuple[str, ...], Param("", None, None, "values or groups whose sign is turned around")
    ] = ()
    choose: Annotated[
        dict[str, str], Param("", None, None, "which register stands for a value, e.g. grid_w: grid_side")
    ] = field(default_factory=dict)
    report_only: Annotated[
        tuple[str, ...], Param("", None, None, "checks that only leave a message on this site")
    ] = ()
    fuse_w: Annotated[float, Param("W", 3000, 200_000, "power that the main fuse carries")] = 25_000.0
    rated_w: Annotated[float | None, Param("W", 500, 200_000, "rated power, if the unit does not tell")] = (
        None
    )
    serial: Annotated[
        str, Param("", None, None, "serial number of the commissioned unit; another one is not believed")
    ] = ""
    period_s: Annotated[dict[str, float], Param("s", None, None, "other poll periods, per block")] = field(
        default_factory=dict
    )

    def options(self, kind: DeviceType) -> DeviceOptions:
        """The same for the driver."""
        return DeviceOptions(
            slave=self.slave_id,
            role=self.role_in(kind),
            miner=self.miner,
            scale=dict(self.scale),
            reverse=self.reverse,
            choose=dict(self.choose),
            report_only=self.report_only,
            fuse_w=self.fuse_w,
            rated_w=self.rated_w,
            serial=self.serial,
            period_s=dict(self.period_s),
        )

    def role_in(self, kind: DeviceType) -> str:
        """The role on this site: the one that is named, or the only one that the kind has."""
        return self.role or (next(iter(kind.roles)) if len(kind.roles) == 1 else "")


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One RS485 port. We are its only master, or with `listen` we send nothing at all."""

    port: Annotated[str, Param("", None, None, "/dev/serial/by-id/..., which survives replugging")]
    baud: Annotated[int, Param("1/s", 1200, 115200, "baud rate of all devices on it")] = 9600
    parity: Annotated[Parity, Param("", None, None, "parity of all devices on it")] = Parity.NONE
    stop_bits: Annotated[int, Param("", 1, 2, "stop bits")] = 1
    listen: Annotated[bool, Param("", None, None, "another master owns the bus: listen, never send")] = False
    devices: Annotated[tuple[SerialDevice, ...], Param("", None, None, "devices on this port")] = ()

    @property
    def line(self) -> LineSpec:
        """Line settings for the driver."""
        return LineSpec(self.baud, self.parity, self.stop_bits)


def kinds_of(ports: Sequence[SerialPort]) -> list[str]:
    """Names of the device files that the ports need."""
    return sorted({device.type for port in ports for device in port.devices})


def faults(ports: Sequence[SerialPort], kinds: Mapping[str, DeviceType]) -> list[Fault]:
    """Rules between ports, devices and device files; paths count from the list of ports."""
    return [*_port_faults(ports), *_device_faults(ports, kinds), *_feed_faults(ports, kinds)]


def _port_faults(ports: Sequence[SerialPort]) -> Iterator[Fault]:
    paths: dict[str, int] = {}
    names: set[str] = set()
    for index, port in enumerate(ports):
        if port.port in paths:
            yield Fault(
                (index, "port"),
                f"{port.port} a second time",
                "every port once: one thread owns it",
                "move its devices to the first entry",
            )
        paths[port.port] = index
        slaves: set[int] = set()
        for place, device in enumerate(port.devices):
            at = (index, "devices", place)
            if device.slave_id in slaves:
                yield Fault(
                    (*at, "slave_id"),
                    f"slave_id {device.slave_id} a second time on this port",
                    "every address once per port",
                    "change the address in one of the devices and here",
                )
            if device.name in names:
                yield Fault(
                    (*at, "name"),
                    f'the name "{device.name}" a second time',
                    "a name once",
                    "rename one of them",
                )
            slaves.add(device.slave_id)
            names.add(device.name)


def _device_faults(ports: Sequence[SerialPort], kinds: Mapping[str, DeviceType]) -> Iterator[Fault]:
    for index, port in enumerate(ports):
        for place, device in enumerate(port.devices):
            kind = kinds.get(device.type)
            if kind is not None:
                family = next((k for name, k in sorted(kinds.items()) if name.startswith("deye-")), kind)
                known = family if device.type == "deye" else kind
                yield from _choices_of(device, known, (index, "devices", place))


def _choices_of(device: SerialDevice, kind: DeviceType, at: tuple[str | int, ...]) -> Iterator[Fault]:
    groups = {value.group for value in kind.values.values() if value.group}
    options = {f"{name}: {option}" for name, found in kind.choices.items() for option in found}
    given: tuple[tuple[str, Sequence[str], set[str]], ...] = (
        ("role", [device.role] if device.role else [], set(kind.roles)),
        ("scale", list(device.scale), groups),
        ("reverse", device.reverse, groups | set(kind.values)),
        ("choose", [f"{name}: {option}" for name, option in device.choose.items()], options),
        ("report_only", device.report_only, {*kind.checks, *([KNOWN_LOAD] if kind.identity else [])}),
        ("period_s", list(device.period_s), set(kind.blocks)),
    )
    for key, words, known in given:
        for word in words:
            if word not in known:
                allowed = ", ".join(sorted(known)) or "nothing for this type"
                yield Fault(
                    (*at, key), f'{key} "{word}" for type {device.type}', allowed, "take one of these"
                )
    for key, numbers in (("scale", device.scale), ("period_s", device.period_s)):
        for name, number in numbers.items():
            if number <= 0:
                yield Fault((*at, key), f"{key} {name}: {number:g}", "a number above 0", "repair the number")


def _feed_faults(ports: Sequence[SerialPort], kinds: Mapping[str, DeviceType]) -> Iterator[Fault]:
    fed: dict[str, str] = {}
    for index, port in enumerate(ports):
        for place, device in enumerate(port.devices):
            kind = kinds.get("deye-3p-lv" if device.type == "deye" else device.type)
            if kind is None:
                continue
            at = (index, "devices", place, "role")
            for target in kind.roles.get(device.role_in(kind), {}):
                if target.startswith("miner.") and device.miner == 0:
                    yield Fault(at, f'"{device.name}" measures a miner', "miner: 1 or 2", "say which miner")
                name = f"{target} {device.miner}" if target.startswith("miner.") else target
                if name in fed:
                    yield Fault(
                        at,
                        f'"{device.name}" and "{fed[name]}" both give {name}',
                        "one source for each value",
                        "give one of them another role",
                    )
                fed[name] = device.name
