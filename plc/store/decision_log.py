"""The decision log: every transition with its reason code, for the winter after next.

Records hold codes and numbers, never sentences; `why`, MQTT and the documents own the texts. Only
transitions are written, never repetitions: a quiet day is a few dozen lines. The log rotates at a fixed
size, is written by a thread of its own, and a disk that is full or read-only costs the log, not the plant.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plc.blocks.core import Tick
from plc.plant.interface import SAFE_OUTPUTS, ImageOutputs, PlantInputs, PlantOutputs
from plc.store.plain import plain
from plc.store.writer import PeriodicWriter

FILE = "decisions.jsonl"
ROTATE_BYTES = 1_000_000
KEEP_OLD = 4
"""Five files of a megabyte: some years of normal operation, a bad week of a chattering input."""

WAITING_MAX = 2000
WRITE_EVERY_S = 1.0

SWITCHED = ("p3_on", "cooler_on", "hp_block", "m1_enable", "m2_enable")
DRIVEN = ("p4_setpoint_pct", "p5_setpoint_pct")
"""Outputs whose switching is a decision; a changed speed of a running pump is not."""

Entry = dict[str, Any]


class DecisionLog(PeriodicWriter):
    """Hand-over of events and of switching outputs; a service with one thread."""

    name = "decision_log"
    every_s = WRITE_EVERY_S

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self._folder = folder
        self._outputs: ImageOutputs = SAFE_OUTPUTS
        self._waiting: deque[Entry] = deque(maxlen=WAITING_MAX)
        self._problem = "" if folder else "no writable state directory"
        self._written = 0

    # In the scan.

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Takes the events of one scan; in almost every scan there is nothing to take."""
        if outputs.events:
            for event in outputs.events:
                self._take(inputs, plain(event))
        before, self._outputs = self._outputs, outputs.image
        if outputs.image != before:
            self._switched(tick, inputs, before, outputs)

    def restarted(self, now_ns: int, cause: str) -> None:
        """The plant is a new one, its outputs are the safe image."""
        self._outputs = SAFE_OUTPUTS
        self._waiting.append({"now_ns": now_ns, "subject": "plant", "code": "restarted", "reason": cause})

    def _switched(self, tick: Tick, inputs: PlantInputs, before: ImageOutputs, outputs: PlantOutputs) -> None:
        status = outputs.status
        told = {event.subject for event in outputs.events}  # the plant gives its own reason for these
        for name in (*SWITCHED, *DRIVEN):
            was, now = bool(getattr(before, name)), bool(getattr(outputs.image, name))
            if was is not now and name not in told:
                actuator = name.removesuffix("_on").removesuffix("_enable").removesuffix("_setpoint_pct")
                reason = dict(status.first_out).get(actuator, "") if not now else ""
                entry = {
                    "now_ns": tick.now_ns,
                    "subject": name,
                    "code": "on" if now else "off",
                    "reason": reason or status.reason,
                    "values": [["granted_power_w", status.granted_power_w]],
                    "after": status.state,
                }
                self._take(inputs, entry)

    def _take(self, inputs: PlantInputs, entry: Entry) -> None:
        entry["unix_s"] = inputs.wall.unix_s if inputs.wall.synchronised else None
        self._waiting.append(entry)

    # Outside the scan.

    def health(self) -> Mapping[str, object]:
        return {"problem": self._problem, "entries": self._written}

    def write(self) -> None:
        """Everything that waits, appended; called in the thread of the log."""
        if self._folder is None or not self._waiting:
            return
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in entries)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / FILE
            if path.exists() and path.stat().st_size + len(lines) > ROTATE_BYTES:
                rotate(path)
            with path.open("a", encoding="utf-8") as file:
                file.write(lines)
            self._written += len(entries)
            self._problem = ""
        except OSError as error:
            self._problem = f"{len(entries)} entries lost: {error}"


def rotate(path: Path) -> None:
    """decisions.jsonl -> .1 -> .2 ...; the oldest goes."""
    for number in range(KEEP_OLD, 0, -1):
        source = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        if source.exists():
            source.replace(path.with_name(f"{path.name}.{number}"))


def newest_first(folder: Path) -> Iterator[Entry]:
    """Every readable entry, newest first; a torn last line is passed over."""
    paths = [folder / FILE, *(folder / f"{FILE}.{number}" for number in range(1, KEEP_OLD + 1))]
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in reversed(lines):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry
