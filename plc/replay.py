"""Runs a recording through this version of the plant, scan by scan, and finds the first difference.

The plant is pure, so the same inputs give the same outputs bit for bit, on any machine. A difference
therefore means that the program has changed, and it names the scan where the change first shows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from plc.blocks.core import NS_PER_S
from plc.plant.interface import PlantOutputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.plant.routes import Route
from plc.store.plain import plain, rebuild
from plc.store.recording.layout import Layout, Row
from plc.store.recording.reader import Recording, Scan
from plc.store.recording.recorder import layouts

CONTEXT_SCANS = 5
"""Scans shown before a difference: half a second, enough to see the edge that caused it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first scan that came out otherwise. values: path -> (recorded, now)."""

    scan: int
    now_ns: int
    values: dict[str, tuple[Any, Any]]
    first_out: dict[str, str]
    blocked_by: dict[str, list[str]]
    state_paths: list[str] = field(default_factory=list)
    context: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """scans: how many were compared; states: how many complete states were compared on the way."""

    scans: int
    states: int
    seconds: float
    difference: Difference | None


def plant_of(header: dict[str, Any]) -> Plant:
    """A plant with the parameters and routes that the recording was made with."""
    parameters = rebuild(Parameters, header["parameters"])
    routes = rebuild(tuple[Route, ...], header["routes"])
    return Plant(parameters, routes)


def replay(recording: Recording) -> Result:
    """Replays until the first difference or the end.

    A state in the middle is compared with the plant's own; after a gap in the recording (the state does
    not follow from the scan before) the plant continues from the recorded one.
    """
    _, layout = layouts()
    plant = plant_of(recording.header)
    context: deque[dict[str, Any]] = deque(maxlen=CONTEXT_SCANS)
    scans = states = 0
    first_ns = last_ns = 0
    for scan in recording.scans():
        follows = scans > 0 and scan.tick.now_ns - scan.tick.dt_ns == last_ns
        if scan.state is not None:
            if follows and not _restarted(scan):
                found = _state_difference(scan.state, plant.state(), "")
                if found:
                    other = Difference(scans, scan.tick.now_ns, {}, {}, {}, found[:10], list(context))
                    return Result(scans, states, _seconds(first_ns, last_ns), other)
                states += 1
            else:
                plant = plant_of(recording.header)
                plant.restore(scan.state)
        elif scans == 0:
            break
        first_ns = first_ns or scan.tick.now_ns
        last_ns = scan.tick.now_ns
        outputs = plant.step(scan.inputs, scan.tick)
        difference = _compare(scans, scan, outputs, layout, context)
        scans += 1
        if difference is not None:
            return Result(scans, states, _seconds(first_ns, last_ns), difference)
        context.append(_sight(scan, layout))
    return Result(scans, states, _seconds(first_ns, last_ns), None)


def _restarted(scan: Scan) -> bool:
    return bool(scan.inputs.scan.restarted)


def _seconds(first_ns: int, last_ns: int) -> float:
    return (last_ns - first_ns) / NS_PER_S


def _compare(
    number: int, scan: Scan, outputs: PlantOutputs, layout: Layout, context: deque[dict[str, Any]]
) -> Difference | None:
    now: Row = layout.row(outputs)
    values = {
        path: (plain(recorded), plain(present))
        for path, recorded, present in zip(layout.leaf_paths, scan.outputs, now, strict=True)
        if recorded != present
    }
    if not values:
        return None
    status = outputs.status
    return Difference(
        number,
        scan.tick.now_ns,
        values,
        dict(status.first_out),
        {actuator: list(causes) for actuator, causes in status.blocked_by},
        context=[*context, _sight(scan, layout)],
    )


def _sight(scan: Scan, layout: Layout) -> dict[str, Any]:
    """What a person wants to see of a scan: time, inputs, and what was put out."""
    recorded = dict(zip(layout.leaf_paths, scan.outputs, strict=True))
    return {
        "now_ns": scan.tick.now_ns,
        "inputs": plain(scan.inputs.image),
        "outputs": {path: plain(value) for path, value in recorded.items() if path.startswith("image.")},
        "state": recorded["status.state"],
    }


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
