"""A small PiCtory export to try the tool with: Core, DIO and AIO, in any order of offsets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CORE, DIO, AIO = "95", "96", "103"


class _Sections(dict[str, dict[str, list[Any]]]):
    def add(
        self,
        section: str,
        name: str,
        bits: int,
        offset: int,
        default: int = 0,
        bit: str = "",
        exported: bool = False,
    ) -> None:
        entries = self.setdefault(section, {})
        number = sum(len(part) for part in self.values())
        entries[str(len(entries))] = [
            name, str(default), str(bits), str(offset), exported, f"{number:04d}", "", bit,
        ]  # fmt: skip


def core() -> _Sections:
    io = _Sections()
    for name, bits, offset in (
        ("RevPiStatus", 8, 0),
        ("RevPiIOCycle", 8, 1),
        ("RS485ErrorCnt", 16, 2),
        ("Core_Temperature", 8, 4),
        ("Core_Frequency", 8, 5),
    ):
        io.add("inp", name, bits, offset)
    io.add("out", "RevPiLED", 8, 6)
    io.add("out", "RS485ErrorLimit1", 16, 7, 10)
    io.add("out", "RS485ErrorLimit2", 16, 9, 1000)
    io.setdefault("mem", {})
    return io


def dio(
    suffix: str = "", defaults: dict[str, int] | None = None, exported: tuple[str, ...] = ()
) -> _Sections:
    io = _Sections()
    defaults = defaults or {}
    for n in range(16):
        io.add("inp", f"I_{n + 1}{suffix}", 1, 0, bit=str(n))
    io.add("inp", f"Output_Status{suffix}", 16, 2)
    io.add("inp", f"Status{suffix}", 16, 4)
    for n in range(16):
        io.add("inp", f"Counter_{n + 1}{suffix}", 32, 6 + 4 * n)
    for n in range(16):
        name = f"O_{n + 1}{suffix}"
        io.add("out", name, 1, 70, defaults.get(name, 0), str(n), name in exported)
    for n in range(16):
        io.add("out", f"PWM_{n + 1}{suffix}", 8, 72 + n)
    for n in range(16):
        io.add("mem", f"InputMode_{n + 1}{suffix}", 8, 88 + n)
    for name, bits, offset in (
        ("InputDebounce", 16, 104),
        ("OutputPushPull", 16, 106),
        ("OutputOpenLoadDetect", 16, 108),
        ("OutputPWMActive", 16, 110),
        ("OutputPWMFrequency", 8, 112),
    ):
        io.add("mem", name + suffix, bits, offset)
    return io


def aio(defaults: dict[str, int] | None = None) -> _Sections:
    io = _Sections()
    defaults = defaults or {}
    for n in range(4):
        io.add("inp", f"InputValue_{n + 1}", 16, 2 * n)
    for n in range(4):
        io.add("inp", f"InputStatus_{n + 1}", 8, 8 + n)
    for n in range(2):
        io.add("inp", f"RTDValue_{n + 1}", 16, 12 + 2 * n)
    for n in range(2):
        io.add("inp", f"RTDStatus_{n + 1}", 8, 16 + n)
    for n in range(2):
        io.add("inp", f"OutputStatus_{n + 1}", 8, 18 + n)
    for n in range(2):
        name = f"OutputValue_{n + 1}"
        io.add("out", name, 16, 20 + 2 * n, defaults.get(name, 0))
    io.add("mem", "InputRange_1", 8, 24, 1)
    return io


def write(
    path: Path,
    *,
    dio_first: bool = False,
    defaults: dict[str, int] | None = None,
    exported: tuple[str, ...] = (),
    extra_dios: int = 0,
) -> Path:
    """Core at 0, DIO at 11, AIO at 124; with `dio_first` a module left of the base moves everything."""
    modules = [
        ("0", "BASE", CORE, "core", core(), 11),
        ("32", "LEFT_RIGHT", DIO, "dio01", dio("", defaults, exported), 113),
        ("33", "LEFT_RIGHT", AIO, "aio01", aio(defaults), 89),
    ]
    modules += [
        (str(34 + n), "LEFT_RIGHT", DIO, f"dio{n + 2:02d}", dio(f"_i{n + 2:02d}"), 113)
        for n in range(extra_dios)
    ]
    if dio_first:
        modules.insert(0, ("31", "LEFT_RIGHT", DIO, "dio99", dio("_i99"), 113))
    devices, offset = [], 0
    for position, kind, product, name, io, length in modules:
        devices.append(
            {
                "GUID": f"virtual-{position}",
                "id": f"device_{name}",
                "type": kind,
                "productType": product,
                "position": position,
                "name": name,
                "bmk": name,
                "inpVariant": 0,
                "outVariant": 0,
                "comment": "",
                "offset": offset,
                **io,
                "extend": {},
            }
        )
        offset += length
    content = {
        "App": {
            "name": "PiCtory",
            "version": "2.0",
            "saveTS": "20250101000000",
            "language": "en",
            "layout": {},
        },
        "Summary": {"inpTotal": 0, "outTotal": 0},
        "Devices": devices,
        "Connections": [],
    }
    path.write_text(json.dumps(content))
    return path
