"""Loads the device files: one YAML file per kind of Modbus device, found by its file name.

The program's own files are in `plc/field/devices`; a site adds or replaces kinds with a folder `devices`
beside its site.yaml. Every fault comes with file, line, what was found, what is allowed and the next step.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from plc.field.rs485 import settings
from plc.field.rs485.devicerules import faults
from plc.field.rs485.devicetype import DeviceType
from plc.field.rs485.settings import SerialPort
from plc.image.marked_yaml import Node, load
from plc.image.problem import Problem, did_you_mean, in_order
from plc.image.typed import build

OWN_FOLDER = Path(__file__).parent / "field" / "devices"


def load_device_file(path: Path) -> tuple[DeviceType | None, tuple[Problem, ...]]:
    """One device file, or all its problems. The same file is read once per process."""
    try:
        facts = path.stat()
    except OSError:
        return _load(path)
    return _load_once(path, facts.st_mtime_ns, facts.st_size)


@functools.lru_cache(maxsize=64)
def _load_once(path: Path, mtime_ns: int, size: int) -> tuple[DeviceType | None, tuple[Problem, ...]]:
    del mtime_ns, size  # part of the key: a file that was changed is read again
    return _load(path)


def _load(path: Path) -> tuple[DeviceType | None, tuple[Problem, ...]]:
    node, problems = load(path)
    if node is None:
        return None, tuple(problems)
    kind, refused = build(DeviceType, node, str(path), problems)
    if kind is not None and not refused:
        for fault in faults(kind):
            line = node.at(fault.path).line
            problems.append(Problem(str(path), line, fault.found, fault.allowed, fault.next_step))
    return (None if problems else kind), in_order(problems)


def device_paths(site_folder: Path | None = None) -> dict[str, Path]:
    """Kind -> file; a file of the site hides the program's own file of the same name."""
    paths = {path.stem: path for path in _files(OWN_FOLDER)}
    if site_folder is not None:
        paths |= {path.stem: path for path in _files(site_folder / "devices")}
    return paths


def load_kinds(
    names: Sequence[str], site_folder: Path | None = None
) -> tuple[Mapping[str, DeviceType], tuple[Problem, ...]]:
    """The named kinds; `deye` brings all its families along, because which one it is shows at run time."""
    paths = device_paths(site_folder)
    wanted = set(names)
    if "deye" in wanted:
        wanted |= {name for name in paths if name.startswith("deye-")}
    kinds: dict[str, DeviceType] = {}
    problems: list[Problem] = []
    for name in sorted(wanted & set(paths)):
        kind, found = load_device_file(paths[name])
        problems += found
        if kind is not None:
            kinds[name] = kind
    return kinds, in_order(problems)


def rs485_problems(ports: Sequence[SerialPort], node: Node, file: str) -> list[Problem]:
    """What is wrong between the ports of a site file and the device files; for the site reader."""
    folder = Path(file).parent
    known = device_paths(folder)
    found = []
    for index, port in enumerate(ports):
        for place, device in enumerate(port.devices):
            if device.type not in known:
                at = node.at((index, "devices", place, "type"))
                hint = did_you_mean(device.type, known) or "take one of these, or add a device file"
                found.append(Problem(file, at.line, f'type "{device.type}"', ", ".join(sorted(known)), hint))
    kinds, problems = load_kinds(settings.kinds_of(ports), folder)
    for fault in settings.faults(ports, kinds):
        line = node.at(fault.path).line
        found.append(Problem(file, line, fault.found, fault.allowed, fault.next_step))
    return [*found, *problems]


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.yaml"))
