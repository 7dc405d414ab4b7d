"""config.rsc: what PiCtory says about the modules, read with care and written from the wiring map.

The file is parsed here and not taken from the library that accesses the image, because the parameters
of the modules (`mem`) and negative numbers come out of it wrong, and because a file of another cabinet
must be explained instead of raising. Structure after the RevPi reference, topic config.rsc.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plc.image.modules import PRODUCT_NAMES, Io, Section
from plc.image.problem import Problem

_MAX_BYTES = 10_000_000
_EXPORT_AGAIN = "export config.rsc from PiCtory again (File, Save as), or give another file with --pictory"
_VIRTUAL_FIRST = 64


@dataclass(frozen=True, slots=True)
class Device:
    """One device of the file. offset: first byte in the image; position: place on the rail."""

    position: int
    product_type: int
    device_type: str
    name: str
    offset: int
    inp_variant: int
    out_variant: int
    ios: tuple[Io, ...]
    raw: dict[str, Any]

    @property
    def title(self) -> str:
        """`DIO "dio01" at position 32`."""
        product = PRODUCT_NAMES.get(self.product_type, f"product type {self.product_type}")
        return f'{product} "{self.name}" at position {self.position}'

    @property
    def length(self) -> int:
        """Bytes that the device takes in the image, module parameters included."""
        return max((_end(io) for io in self.ios), default=0)

    def span(self, section: Section) -> tuple[int, int]:
        """First byte and length of a section in the image; length 0 when there is none."""
        starts = [io.offset + (io.bit or 0) // 8 for io in self.ios if io.section is section]
        ends = [_end(io) for io in self.ios if io.section is section]
        return (self.offset + min(starts), max(ends) - min(starts)) if starts else (self.offset, 0)

    def find(self, section: Section, offset: int, bit: int | None) -> Io | None:
        """The entry at a place, whatever its name."""
        for io in self.ios:
            if io.section is section and io.offset == offset and io.bit == bit:
                return io
        return None

    def parameter(self, offset: int) -> int | None:
        """A module parameter as a number; None when it is missing or no number."""
        io = self.find(Section.MEM, offset, None)
        try:
            return int(io.default) if io is not None else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Pictory:
    """The whole file."""

    file: str
    sha256: str
    text: str
    devices: tuple[Device, ...]
    inp_total: int | None
    out_total: int | None
    raw: dict[str, Any]

    @property
    def length(self) -> int:
        """Bytes of the image that the devices need."""
        return max((device.offset + device.length for device in self.devices), default=0)

    def at(self, position: int) -> Device | None:
        """The device at a position."""
        return next((device for device in self.devices if device.position == position), None)

    def names(self) -> Iterator[tuple[str, Device]]:
        """Every name of an input or output with its device."""
        for device in self.devices:
            for io in device.ios:
                if io.section is not Section.MEM:
                    yield io.name, device

    def line_of(self, name: str) -> int:
        """Line in which a name stands, 1 when it does not (a file of PiCtory has one line only)."""
        at = self.text.find(f'"{name}"')
        return self.text.count("\n", 0, at) + 1 if at >= 0 else 1


def load_pictory(path: Path) -> tuple[Pictory | None, list[Problem]]:
    """The content of a config.rsc, or what prevents reading it; never raises on any content."""
    file = str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return None, [Problem(file, 0, f"no readable file ({reason})", "a PiCtory export", _EXPORT_AGAIN)]
    return parse_pictory(raw, file)


def parse_pictory(raw: bytes, file: str) -> tuple[Pictory | None, list[Problem]]:
    """The same from bytes; `file` is only used in problems."""
    text, content, problem = _json(raw, file)
    if problem is not None:
        return None, [problem]
    if not isinstance(content, dict) or not isinstance(content.get("Devices"), list):
        return None, [Problem(file, 1, 'no list "Devices"', "a PiCtory export", _EXPORT_AGAIN)]
    problems: list[Problem] = []
    devices: list[Device] = []
    taken: set[int] = set()
    for index, entry in enumerate(content["Devices"]):
        device = _device(entry, index, text, file, problems, taken)
        if device is not None:
            devices.append(device)
            taken.add(device.position)
    told = content.get("Summary")
    summary: dict[str, Any] = told if isinstance(told, dict) else {}
    pictory = Pictory(
        file,
        hashlib.sha256(raw).hexdigest(),
        text,
        tuple(sorted(devices, key=lambda d: d.offset)),
        _integer(summary.get("inpTotal")),
        _integer(summary.get("outTotal")),
        content,
    )
    return pictory, problems


def _json(raw: bytes, file: str) -> tuple[str, Any, Problem | None]:
    if len(raw) > _MAX_BYTES:
        return "", None, Problem(file, 0, f"{len(raw)} bytes", "a PiCtory export", _EXPORT_AGAIN)
    if not raw.strip():
        return "", None, Problem(file, 1, "an empty file", "a PiCtory export", _EXPORT_AGAIN)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = f"byte 0x{raw[error.start]:02x}, which is not UTF-8"
        return "", None, Problem(file, line, found, "JSON in UTF-8", _EXPORT_AGAIN)
    try:
        return text, json.loads(text), None
    except json.JSONDecodeError as error:
        return (
            text,
            None,
            Problem(file, error.lineno, f"no valid JSON: {error.msg}", "a PiCtory export", _EXPORT_AGAIN),
        )
    except (RecursionError, ValueError) as error:
        return text, None, Problem(file, 1, f"no valid JSON: {error}", "a PiCtory export", _EXPORT_AGAIN)


def _device(
    entry: Any, index: int, text: str, file: str, problems: list[Problem], taken: set[int]
) -> Device | None:
    if not isinstance(entry, dict):
        problems.append(
            Problem(file, 1, f"device {index} is no object", "an object per device", _EXPORT_AGAIN)
        )
        return None
    name = str(entry.get("name", f"device {index}"))
    line = max(1, text.count("\n", 0, max(0, text.find(f'"{name}"'))) + 1)
    numbers = {key: _integer(entry.get(key)) for key in ("productType", "offset", "position")}
    if entry.get("position") == "adap.":  # virtual devices of very old files
        numbers["position"] = next(n for n in range(_VIRTUAL_FIRST, 10_000) if n not in taken)
    bad = [key for key, value in numbers.items() if value is None]
    if bad:
        found = f'device "{name}" with {bad[0]} = {entry.get(bad[0], "nothing")!r}'
        problems.append(Problem(file, line, found, "a whole number", _EXPORT_AGAIN))
        return None
    ios: list[Io] = []
    for section in Section:
        listed = entry.get(section.value)
        for item in listed.values() if isinstance(listed, dict) else ():
            io = _io(section, item)
            if io is None:
                found = f'device "{name}": a broken entry in "{section}": {str(item)[:60]}'
                problems.append(Problem(file, line, found, "8 fields per entry", _EXPORT_AGAIN))
            else:
                ios.append(io)
    return Device(
        position=numbers["position"] or 0,
        product_type=numbers["productType"] or 0,
        device_type=str(entry.get("type", "")),
        name=name,
        offset=numbers["offset"] or 0,
        inp_variant=_integer(entry.get("inpVariant")) or 0,
        out_variant=_integer(entry.get("outVariant")) or 0,
        ios=tuple(ios),
        raw=entry,
    )


def _io(section: Section, item: Any) -> Io | None:
    if not isinstance(item, list) or len(item) < 8:
        return None
    bits, offset = _integer(item[2]), _integer(item[3])
    if bits is None or offset is None or bits < 1 or offset < 0 or offset > 65535:
        return None
    bit = _integer(item[7])
    default = "" if item[1] is None else str(item[1])
    return Io(section, str(item[0]), bits, offset, bit if bits == 1 else None, default, bool(item[4]))


def _integer(value: object) -> int | None:
    """A whole number as PiCtory writes it: 113, "113"; 113.0 counts, 113.5 and words do not."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return int(str(value))
    except ValueError:
        return None


def _end(io: Io) -> int:
    return io.offset + (io.bit // 8 + 1 if io.bit is not None else (io.bits + 7) // 8)
