"""Runs a recording through this version of the plant, scan by scan, and finds the first difference.

The plant is pure, so the same inputs give the same outputs bit for bit, on any machine. A difference
therefore means that the program has changed, and it names the scan where the change first shows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from plc.blocks.core import NS_PER_S, State
from plc.plant.interface import PlantOutputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.plant.routes import Route
from plc.plant.tables import table_changes, table_names
from plc.replay_state import fitted
from plc.store.plain import plain, rebuild
from plc.store.recording.layout import Row
from plc.store.recording.reader import Recording, Scan
from plc.store.recording.recorder import layouts

CONTEXT_SCANS = 5
"""Scans shown before a difference: half a second, enough to see the edge that caused it."""

STATE_PATHS = 10
"""Places of the memory that are named: one change spreads, and the first ones tell enough."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first scan that came out otherwise. values: path -> (recorded, now).

    Without values no output and no reason differed: only the memory did, as of the complete state that stands
    before this scan; state_paths says where, and it came apart at some scan since the state before it.
    """

    scan: int
    now_ns: int
    values: dict[str, tuple[Any, Any]]
    first_out: dict[str, str]
    blocked_by: dict[str, list[str]]
    state_paths: list[str] = field(default_factory=list)
    context: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """scans: how many were compared; states: how many complete states were compared on the way.

    program: what is different in the program's tables and in the form of its memory since the recording was
    made, whether or not it made a difference.
    """

    scans: int
    states: int
    seconds: float
    difference: Difference | None
    program: list[str] = field(default_factory=list)


def plant_of(header: dict[str, Any]) -> Plant:
    """A plant with the parameters and routes that the recording was made with."""
    parameters = rebuild(Parameters, header["parameters"])
    routes = rebuild(tuple[Route, ...], header["routes"])
    return Plant(parameters, routes)


class Replay:
    """One run through a recording."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        _, self._layout = layouts()
        self._now = table_names()
        self._before = recording.header.get("tables", {})
        self._plant = plant_of(recording.header)
        self._context: deque[dict[str, Any]] = deque(maxlen=CONTEXT_SCANS)
        self._apart: Difference | None = None  # the memory differs, nothing that can be seen does yet
        self._program = table_changes(self._before, self._now)
        self._scans = self._states = self._first_ns = self._last_ns = 0

    def run(self) -> Result:
        """Until the first scan whose outputs or reasons differ, or the end.

        A state in the middle is compared with the plant's own. One that differs does not end the replay: it
        says only that something happened in the minute before, and the scan in which it shows is still to
        come. After a gap in the recording the plant continues from the recorded state.
        """
        for scan in self._recording.scans():
            if scan.state is not None:
                self._state(scan, scan.state)
            elif self._scans == 0:
                break
            self._first_ns = self._first_ns or scan.tick.now_ns
            self._last_ns = scan.tick.now_ns
            found = self._compare(scan, self._plant.step(scan.inputs, scan.tick))
            self._scans += 1
            if found is not None:
                return self._result(found)
            self._context.append(self._sight(scan))
        return self._result(self._apart)

    def _result(self, difference: Difference | None) -> Result:
        seconds = (self._last_ns - self._first_ns) / NS_PER_S
        return Result(self._scans, self._states, seconds, difference, self._program)

    def _state(self, scan: Scan, recorded: State) -> None:
        """A complete state: the plant's own must be the same, or begins here."""
        follows = self._scans > 0 and scan.tick.now_ns - scan.tick.dt_ns == self._last_ns
        if not follows or scan.inputs.scan.restarted:
            fresh = plant_of(self._recording.header)
            state, notes = fitted(fresh, recorded, self._before, self._now)
            fresh.restore(state)
            self._plant = fresh
            self._program += [note for note in notes if note not in self._program]
            return
        self._states += 1
        state, _ = fitted(self._plant, recorded, self._before, self._now)
        if self._apart is None and (found := _state_difference(state, self._plant.state(), "")):
            self._apart = Difference(
                self._scans, scan.tick.now_ns, {}, {}, {}, found[:STATE_PATHS], list(self._context)
            )

    def _compare(self, scan: Scan, outputs: PlantOutputs) -> Difference | None:
        now: Row = self._layout.row(outputs)
        unrecorded = self._recording.unrecorded
        values = {
            path: (plain(recorded), plain(present))
            for place, (path, recorded, present) in enumerate(
                zip(self._layout.leaf_paths, scan.outputs, now, strict=True)
            )
            if recorded != present and place not in unrecorded
        }
        if not values:
            return None
        status = outputs.status
        return Difference(
            self._scans,
            scan.tick.now_ns,
            values,
            dict(status.first_out),
            {actuator: list(causes) for actuator, causes in status.blocked_by},
            self._apart.state_paths if self._apart else [],
            [*self._context, self._sight(scan)],
        )

    def _sight(self, scan: Scan) -> dict[str, Any]:
        """What a person wants to see of a scan: time, inputs, and what was put out."""
        recorded = dict(zip(self._layout.leaf_paths, scan.outputs, strict=True))
        return {
            "now_ns": scan.tick.now_ns,
            "inputs": plain(scan.inputs.image),
            "outputs": {path: plain(value) for path, value in recorded.items() if path.startswith("image.")},
            "state": recorded["status.state"],
        }


def replay(recording: Recording) -> Result:
    """Runs a recording through this version. Raises ValueError when its memory cannot be this plant's."""
    return Replay(recording).run()


def _state_difference(recorded: Any, present: Any, path: str) -> list[str]:
    """Paths at which two states differ; both are plain data."""
    if isinstance(recorded, dict) and isinstance(present, dict):
        found = []
        for key in sorted(set(recorded) | set(present)):
            found += _state_difference(recorded.get(key), present.get(key), f"{path}.{key}" if path else key)
        return found
    if isinstance(recorded, list) and isinstance(present, list) and len(recorded) == len(present):
        found = []
        for index, (one, other) in enumerate(zip(recorded, present, strict=True)):
            found += _state_difference(one, other, f"{path}[{index}]")
        return found
    return [] if recorded == present else [f"{path}: recorded {recorded}, now {present}"]
