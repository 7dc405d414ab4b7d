"""The slow log: one line of figures a minute, for months, when the recorder's ten minutes are too short.

Whether a pump got slower over a winter or a sensor drifts no recording shows. A value that is not good
is an empty cell, never a number. Written by a thread of its own; bounded; a full disk costs the log alone.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from plc.blocks.core import NS_PER_S, Quality, Reading, Tick
from plc.plant.interface import PlantInputs, PlantOutputs
from plc.plant.signals import SIGNALS, Kind
from plc.store.decision_log import rotate
from plc.store.writer import PeriodicWriter

FILE = "slow.csv"
EVERY_NS = 60 * NS_PER_S
ROTATE_BYTES = 8_000_000
"""Five files of it: about half a year at some 200 bytes a line."""

WAITING_MAX = 512
WRITE_EVERY_S = 5.0

READINGS = tuple(signal.name for signal in SIGNALS if signal.kind is Kind.AI)
DISCRETE = tuple(signal.name for signal in SIGNALS if signal.kind is Kind.DI)
OUTPUTS = tuple(
    signal.name for signal in SIGNALS if signal.kind in (Kind.DO, Kind.AO) and signal.name != "heartbeat"
)
ENERGY = ("pv_w", "battery_soc_pct", "battery_w", "grid_w", "load_w")
STATUS = ("state", "mode", "route", "requested_power_w", "granted_power_w", "limited_by", "alarms")
HEADER = ("unix_s", "now_s", *STATUS, *READINGS, *ENERGY, *DISCRETE, *OUTPUTS)


class SlowLog(PeriodicWriter):
    """scanned() in the scan: one comparison, once a minute three references. folder None: nothing is kept."""

    name = "slow_log"
    every_s = WRITE_EVERY_S

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self._folder = folder
        self._next_ns = 0
        self._waiting: deque[tuple[Tick, PlantInputs, PlantOutputs]] = deque(maxlen=WAITING_MAX)
        self.problem = "" if folder is not None else "no writable state directory"

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Keeps what this scan saw when a minute has passed; inputs and outputs never change afterwards."""
        if tick.now_ns >= self._next_ns:
            self._next_ns = tick.now_ns + EVERY_NS
            self._waiting.append((tick, inputs, outputs))

    def write(self) -> None:
        """Everything that waits, appended; called in the thread of the log."""
        if self._folder is None or not self._waiting:
            return
        buffer = io.StringIO()
        table = csv.writer(buffer, lineterminator="\n")
        table.writerows(line(*self._waiting.popleft()) for _ in range(len(self._waiting)))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / FILE
            if path.exists() and path.stat().st_size > ROTATE_BYTES:
                rotate(path)
            new = not path.exists()
            with path.open("a", encoding="utf-8") as file:
                if new:
                    file.write(",".join(HEADER) + "\n")
                file.write(buffer.getvalue())
            self.problem = ""
        except OSError as error:
            self.problem = f"lines lost: {error}"


def line(tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> list[object]:
    """One line of the log, in the order of HEADER."""
    status, image, energy = outputs.status, inputs.image, inputs.energy
    told: Mapping[str, object] = {name: getattr(status, name) for name in STATUS}
    cells: list[object] = [
        inputs.wall.unix_s if inputs.wall.synchronised else "",
        round(tick.now_ns / NS_PER_S, 1),
        *(" ".join(value) if isinstance(value, tuple) else value for value in told.values()),
    ]
    cells += [_figure(getattr(image, name)) for name in READINGS]
    cells += [_figure(getattr(energy, name)) for name in ENERGY]
    cells += [int(getattr(image, name)) for name in DISCRETE]
    cells += [round(float(getattr(outputs.image, name)), 1) for name in OUTPUTS]
    return cells


def _figure(reading: Reading) -> object:
    good = reading.quality in (Quality.GOOD, Quality.HELD) and reading.value is not None
    return round(reading.value, 2) if good and reading.value is not None else ""
