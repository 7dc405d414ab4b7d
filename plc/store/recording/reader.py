"""Reads a recording scan by scan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plc.blocks.core import State, Tick
from plc.plant.interface import PlantInputs
from plc.store.recording import frames
from plc.store.recording.layout import Row, decode
from plc.store.recording.recorder import layouts


class RecordingError(Exception):
    """Not a recording, or one that this version cannot read; the text says which and why."""


@dataclass(slots=True)
class Scan:
    """One recorded scan. state is the complete state before it where the recording has one, else None."""

    tick: Tick
    inputs: PlantInputs
    outputs: Row
    state: State | None = None


@dataclass(slots=True)
class Recording:
    """An opened recording: what it was made with, and its scans."""

    header: dict[str, Any]
    output_paths: list[str]
    notes: list[dict[str, Any]] = field(default_factory=list)
    _data: bytes = b""

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Raises RecordingError with a sentence, OSError when the file cannot be read."""
        data = path.read_bytes()
        if not data.startswith(frames.MAGIC):
            raise RecordingError(f"{path}: not a recording of this program")
        first = next(frames.frames(data), None)
        if first is None or first[0] != frames.HEADER:
            raise RecordingError(f"{path}: the header is damaged")
        header = json.loads(first[1])
        inputs, outputs = layouts()
        missing = sorted(set(header["inputs"]) ^ set(inputs.describe()))
        missing += sorted(set(header["outputs"]) ^ set(outputs.describe()))
        if missing:
            raise RecordingError(
                f"{path}: made by {header.get('version', 'another version')} with other signals, "
                f"first difference {missing[0]}; use that version to replay it"
            )
        return cls(header, outputs.leaf_paths, [], data)

    def scans(self) -> Iterator[Scan]:
        """Every scan of every whole frame, oldest first."""
        inputs, outputs = layouts()
        width = len(inputs.kinds)
        both = _Both(inputs.kinds + outputs.kinds, inputs.types + outputs.types)
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
                    tick, at = decode(body, at, row, both)  # type: ignore[arg-type]
                    yield Scan(tick, inputs.value(row[:width]), row[width:], state)
                    state = None


@dataclass(slots=True)
class _Both:
    """Inputs and outputs side by side, as one record has them."""

    kinds: list[str]
    types: list[Any]
