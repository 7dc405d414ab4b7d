"""The cabinet of the example site, and ways to take it apart."""

from __future__ import annotations

import functools
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plc.image.pictory import Pictory, parse_pictory
from plc.image.pictory_export import pictory_json
from plc.image.problem import Problem
from plc.image.process_image import ProcessImage
from plc.image.wiring import Wiring
from plc.image.wiring_file import load_wiring

WALDA = Path(__file__).parents[2] / "io_map" / "walda"
WIRING_TEXT = (WALDA / "wiring.yaml").read_text(encoding="utf-8")

Rsc = dict[str, Any]


def copy_site(tmp_path: Path) -> Path:
    """A site folder of one's own."""
    folder = tmp_path / "site"
    shutil.copytree(WALDA, folder)
    return folder


def replaced(text: str, old: str, new: str) -> str:
    """The text with one place changed; a place that is not there is a mistake of the test."""
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def in_entry(text: str, name: str, old: str, new: str) -> str:
    """The text with something changed inside one signal."""
    start = text.index(f"\n  {name}:\n")
    return text[:start] + replaced(text[start:], old, new)


def without_entry(text: str, name: str) -> str:
    """The text without one signal."""
    start = text.index(f"\n  {name}:\n") + 1
    end = start
    lines = text[start:].splitlines(keepends=True)
    for index, line in enumerate(lines):
        if index and not line.startswith("    "):
            break
        end += len(line)
    return text[:start] + text[end:]


def line_of(text: str, part: str, after: str = "") -> int:
    """Line of a text in a file, counted from 1; `after` skips to an earlier place first."""
    start = text.index(after) if after else 0
    return text.count("\n", 0, text.index(part, start)) + 1


def read_wiring(tmp_path: Path, text: str) -> tuple[Wiring | None, list[Problem]]:
    """The map from a text."""
    path = tmp_path / "wiring.yaml"
    path.write_text(text, encoding="utf-8")
    return load_wiring(path)


def wiring_of(text: str, tmp_path: Path) -> Wiring:
    """A map that must be right."""
    wiring, problems = read_wiring(tmp_path, text)
    assert wiring is not None, problems
    return wiring


@functools.cache
def walda() -> Wiring:
    """The map of the example site; nobody may change it."""
    wiring, problems = load_wiring(WALDA / "wiring.yaml")
    assert wiring is not None, problems
    return wiring


def rsc_of(wiring: Wiring) -> Rsc:
    """The configuration that belongs to a map, to be changed."""
    content: Rsc = json.loads(pictory_json(wiring, "test"))
    return content


def pictory_of(content: Rsc) -> Pictory:
    """The parsed form of a configuration without faults of its own."""
    pictory, problems = parse_pictory(json.dumps(content).encode(), "config.rsc")
    assert pictory is not None
    assert problems == []
    return pictory


def device(content: Rsc, name: str) -> Rsc:
    """A device of a configuration by name."""
    found: Rsc = next(entry for entry in content["Devices"] if entry["name"] == name)
    return found


def entry(content: Rsc, module: str, section: str, name: str) -> list[Any]:
    """An entry of a device by name."""
    found: list[Any] = next(io for io in device(content, module)[section].values() if io[0] == name)
    return found


class Bench:
    """An image file with the modules' side in hand: what the terminals carry and what the outputs do."""

    def __init__(
        self, tmp_path: Path, wiring: Wiring | None = None, change: Callable[[Rsc], None] | None = None
    ) -> None:
        self.wiring = wiring or walda()
        content = rsc_of(self.wiring)
        if change is not None:
            change(content)
        self.rsc = tmp_path / "config.rsc"
        self.rsc.write_text(json.dumps(content), encoding="utf-8")
        self.path = tmp_path / "image.bin"
        self.path.write_bytes(bytes(4096))
        self.offset = {entry["name"]: int(entry["offset"]) for entry in content["Devices"]}
        self.inputs(status=1)
        self.analogue()

    def open(self, **options: Any) -> ProcessImage:
        """The image as the controller opens it."""
        return ProcessImage.open(self.wiring, self.path, self.rsc, **options)

    def poke(self, offset: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    def peek(self, offset: int, length: int) -> bytes:
        return self.path.read_bytes()[offset : offset + length]

    def inputs(self, word: int = 0, *, status: int = 1, errors: int = 0, dio_status: int = 0) -> None:
        """Base status, error counter, DIO inputs and DIO status."""
        base = next(module.name for module in self.wiring.modules if module.position == 0)
        self.poke(self.offset[base], struct.pack("<BBH", status, 5, errors))
        self.poke(self.offset["dio01"], struct.pack("<HHH", word, 0, dio_status))

    def analogue(
        self,
        ai: tuple[int, int, int, int] = (12000, 12000, 12000, 12000),
        rtd: tuple[int, int] = (500, 500),
        ai_status: tuple[int, int, int, int] = (0, 0, 0, 0),
        rtd_status: tuple[int, int] = (0, 0),
        ao_status: tuple[int, int] = (0, 0),
    ) -> None:
        """Everything that an AIO puts into the image."""
        data = struct.pack("<4h4B2h2B2B", *ai, *ai_status, *rtd, *rtd_status, *ao_status)
        if "aio01" in self.offset:
            self.poke(self.offset["aio01"], data)

    def discrete_outputs(self) -> int:
        """The output word of the DIO."""
        return int.from_bytes(self.peek(self.offset["dio01"] + 70, 2), "little")

    def millivolts(self) -> tuple[int, int]:
        """Both analogue outputs."""
        first, second = struct.unpack("<2h", self.peek(self.offset["aio01"] + 20, 4))
        return first, second
