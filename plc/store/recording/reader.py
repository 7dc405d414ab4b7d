"""Reads a recording scan by scan.

Also one of an older version, as long as this one still has every input that it recorded: an input that came
later has its default, an output that one of the two does not know is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plc.blocks.core import State, Tick
from plc.plant.interface import PlantInputs
from plc.store.recording import frames
from plc.store.recording.layout import Layout, Row, decode
from plc.store.recording.recorder import layouts


class RecordingError(Exception):
    """Not a recording, or one that this version cannot read; the text says which and why."""


@dataclass(slots=True)
class Scan:
    """One recorded scan. state is the complete state before it where the recording has one, else None.

    outputs: in the order of this version's layout, None where the recording does not have them.
    """

    tick: Tick
    inputs: PlantInputs
    outputs: Row
    state: State | None = None


@dataclass(slots=True)
class Recording:
    """An opened recording: what it was made with, and its scans.

    output_paths: the outputs of this version. unrecorded: places of those that the recording does not have.
    """

    header: dict[str, Any]
    output_paths: list[str]
    unrecorded: frozenset[int] = frozenset()
    notes: list[dict[str, Any]] = field(default_factory=list)
    _data: bytes = b""

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Raises RecordingError with a sentence, OSError when the file cannot be read."""
        data = path.read_bytes()
        if frames.MAGIC not in data:  # the first of several may be damaged
            raise RecordingError(f"{path}: not a recording of this program")
        first = next(frames.frames(data), None)
        if first is None or first[0] != frames.HEADER:
            raise RecordingError(f"{path}: the header is damaged")
        header = json.loads(first[1])
        inputs, outputs = layouts()
        strange = sorted(set(header["inputs"]) - set(inputs.describe()))
        if strange:
            raise RecordingError(
                f"{path}: made by {header.get('version', 'another version')} with other signals, "
                f"first difference {strange[0]}; use that version to replay it"
            )
        known = set(header["outputs"])
        missing = frozenset(at for at, text in enumerate(outputs.describe()) if text not in known)
        return cls(header, outputs.leaf_paths, missing, [], data)

    @property
    def damaged_bytes(self) -> int:
        """How much of the file could not be read; its scans are missing."""
        return frames.damaged_bytes(self._data)

    def scans(self) -> Iterator[Scan]:
        """Every scan of every whole frame, oldest first."""
        inputs, outputs = layouts()
        took, gave = _Recorded(self.header["inputs"], inputs), _Recorded(self.header["outputs"], outputs)
        width = len(took.kinds)
        both = _Both(took.kinds + gave.kinds, took.types + gave.types)
        row: Row = []
        state: State | None = None
        for kind, body in frames.frames(self._data):
            if kind == frames.KEY:
                state = json.loads(body)["state"]
                row = [None] * len(both.kinds)
            elif kind == frames.NOTE:
                self.notes.append(json.loads(body))
            elif kind == frames.RECORDS and row:
                at = 0
                while at < len(body):
                    tick, at = decode(body, at, row, both)
                    yield Scan(tick, took.value(row[:width]), gave.ordered(row[width:]), state)
                    state = None


class _Recorded:
    """One half of a record as the recording has it: paths, kinds, and the types that this version knows."""

    def __init__(self, described: list[str], layout: Layout) -> None:
        types = dict(zip(layout.leaf_paths, layout.types, strict=True))
        self.paths = [text.rpartition(":")[0] for text in described]
        self.kinds = [text.rpartition(":")[2] for text in described]
        self.types = [types.get(path, object) for path in self.paths]
        self._layout = layout
        self._row: Row = []
        self._value: Any = None
        self._groups: dict[str, list[int]] = {}  # field of the value -> places of its leaves
        for place, path in enumerate(self.paths):
            self._groups.setdefault(path.replace("[", ".").partition(".")[0], []).append(place)
        places = {text: place for place, text in enumerate(described)}
        self._order = [places.get(text) for text in layout.describe()]

    def value(self, row: Row) -> Any:
        """The value of a row. Fields whose leaves are those of the row before are not built again."""
        before, self._row = self._row, row
        if not before:
            self._value = self._layout.value(row, self.paths)
            return self._value
        places = [
            place
            for group in self._groups.values()
            if any(row[place] is not before[place] for place in group)
            for place in group
        ]
        if places:
            paths, leaves = [self.paths[place] for place in places], [row[place] for place in places]
            self._value = replace(self._value, **self._layout.fields(leaves, paths))
        return self._value

    def ordered(self, row: Row) -> Row:
        """The row in the order of this version, None where it has nothing."""
        return [None if place is None else row[place] for place in self._order]


@dataclass(slots=True)
class _Both:
    """Inputs and outputs side by side, as one record has them."""

    kinds: list[str]
    types: list[Any]
