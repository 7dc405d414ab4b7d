"""What a recording says to a person: how it ended, what changed before, and a chart of it.

Made when somebody asks, never by the running program: decoding ten minutes costs seconds of computing that
the scan of the next run needs more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from plc.blocks.core import NS_PER_S
from plc.plant.signals import SIGNALS, Kind
from plc.store.plain import plain
from plc.store.recording.reader import Recording

CHANGES_SHOWN = 25
QUIET = {"image.heartbeat", "image.lamp_fault", "image.lamp_run", "image.reset_lamp"}
"""Outputs that blink: their changes are no news."""

FOLLOWED = (
    "status.state",
    "status.mode",
    "status.reason",
    "status.route",
    "status.alarms",
    "status.limited_by",
)
TEMPERATURES = tuple(s.name for s in SIGNALS if s.kind is Kind.AI)
CONTACTS = ("safety_ok", "flow_ok", "temp_max_ok", "k10_fb", "k11_fb", "mode_auto", "mode_maint")
SWITCHES = tuple(s.name for s in SIGNALS if s.kind is Kind.DO and f"image.{s.name}" not in QUIET)


@dataclass(slots=True)
class BlackBox:
    """changes: (seconds before the end, what, before, after). last: outputs and status of the last scan."""

    header: dict[str, Any]
    why: str
    scans: int
    seconds: float
    ended: str
    last: dict[str, Any] = field(default_factory=dict)
    changes: list[tuple[float, str, Any, Any]] = field(default_factory=list)


def black_box(recording: Recording) -> BlackBox:
    """Reads the whole recording once."""
    followed = {
        path: index
        for index, path in enumerate(recording.output_paths)
        if path in FOLLOWED or (path.startswith("image.") and not path.endswith("_pct") and path not in QUIET)
    }
    before: dict[str, Any] = {}
    changes: deque[tuple[int, str, Any, Any]] = deque(maxlen=CHANGES_SHOWN)
    scans = first_ns = last_ns = 0
    ended, last = "", []
    for scan in recording.scans():
        first_ns = first_ns or scan.tick.now_ns
        last_ns, last = scan.tick.now_ns, scan.outputs
        wall = scan.inputs.wall
        ended = datetime.fromtimestamp(wall.unix_s, UTC).isoformat() if wall.synchronised else "clock unknown"
        now = {path: scan.outputs[index] for path, index in followed.items()}
        now |= {f"input.{name}": getattr(scan.inputs.image, name) for name in CONTACTS}
        if before and now != before:
            changes += [
                (last_ns, path, plain(before[path]), plain(value))
                for path, value in now.items()
                if before[path] != value
            ]
        before = now
        scans += 1
    return BlackBox(
        recording.header,
        recording.notes[-1].get("reason", "") if recording.notes else "no note: the process died",
        scans,
        (last_ns - first_ns) / NS_PER_S,
        ended,
        {path: plain(value) for path, value in zip(recording.output_paths, last, strict=False)},
        [((last_ns - at_ns) / NS_PER_S, path, was, value) for at_ns, path, was, value in changes],
    )


def words(box: BlackBox, path: Path) -> list[str]:
    """The summary as text."""
    head = f"{path.name}: site {box.header.get('site')}, version {box.header.get('version')}"
    lines = [head, f"kept because of: {box.why}; {box.scans} scans, {box.seconds:.1f} s, ended {box.ended}"]
    if not box.scans:
        return [*lines, "no complete scan in this file"]
    last = box.last
    lines.append(
        f"at the end: {last['status.state']}, mode {last['status.mode']}, reason {last['status.reason']}, "
        f"route {last['status.route']}"
    )
    alarms = ", ".join(last["status.alarms"]) or "none"
    lines.append(f"alarms: {alarms}; first {last['status.first_alarm'] or '-'}")
    on = [name for name in SWITCHES if last[f"image.{name}"]]
    lines.append(f"outputs on: {', '.join(on) or 'none'}")
    lines.append("last changes:")
    lines += [f"  -{ago_s:6.1f} s  {what}: {was} -> {now}" for ago_s, what, was, now in box.changes]
    return lines


WIDTH, LEFT, TOP, CURVES, LANE = 1000, 150, 40, 300, 18
COLOURS = ("#c0392b", "#e67e22", "#b7950b", "#27ae60", "#2980b9", "#8e44ad")


def chart(recording: Recording) -> str:
    """SVG: temperatures as curves, contacts and outputs as lanes below, one point a second."""
    times: list[float] = []
    rows: list[tuple[list[float | None], list[bool]]] = []
    lanes = [*(f"input.{name}" for name in CONTACTS), *SWITCHES]
    places = {path: index for index, path in enumerate(recording.output_paths)}
    next_ns = 0
    for scan in recording.scans():
        if scan.tick.now_ns < next_ns:
            continue
        next_ns = scan.tick.now_ns + NS_PER_S
        image = scan.inputs.image
        times.append(scan.tick.now_ns / NS_PER_S)
        rows.append(
            (
                [getattr(image, name).value for name in TEMPERATURES],
                [
                    *(getattr(image, name) for name in CONTACTS),
                    *(bool(scan.outputs[places[f"image.{name}"]]) for name in SWITCHES),
                ],
            )
        )
    return _svg(times, rows, lanes)


def _svg(times: list[float], rows: list[tuple[list[float | None], list[bool]]], lanes: list[str]) -> str:
    height = TOP + CURVES + 20 + LANE * len(lanes) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="11"><rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    ]
    if times:
        span = max(times[-1] - times[0], 1.0)
        xs = [LEFT + (WIDTH - LEFT - 20) * (at - times[0]) / span for at in times]
        parts.append(f'<text x="{LEFT}" y="16">{len(times)} s until {times[-1]:.0f} s of the run</text>')
        parts += _curves(xs, [row[0] for row in rows])
        parts += _lanes(xs, [row[1] for row in rows], lanes)
    return "".join(parts) + "</svg>\n"


def _curves(xs: list[float], rows: list[list[float | None]]) -> Iterable[str]:
    """A missing value is a gap in its curve, never a line to 0."""
    values = [value for row in rows for value in row if value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    high = max(high, low + 1.0)
    for index, name in enumerate(TEMPERATURES):
        colour, path, pen = COLOURS[index % len(COLOURS)], [], "M"
        for x, row in zip(xs, rows, strict=True):
            value = row[index]
            if value is None:
                pen = "M"
                continue
            path.append(f"{pen}{x:.1f} {TOP + CURVES * (high - value) / (high - low):.1f}")
            pen = "L"
        yield f'<path d="{" ".join(path)}" fill="none" stroke="{colour}"/>'
        yield f'<text x="4" y="{TOP + 14 + 16 * index}" fill="{colour}">{escape(name)}</text>'
    yield f'<text x="{LEFT - 30}" y="{TOP + 4}">{high:.0f}</text>'
    yield f'<text x="{LEFT - 30}" y="{TOP + CURVES}">{low:.0f}</text>'


def _lanes(xs: list[float], rows: list[list[bool]], lanes: list[str]) -> Iterable[str]:
    for index, name in enumerate(lanes):
        y = TOP + CURVES + 20 + LANE * index
        yield f'<text x="4" y="{y + 11}">{escape(name)}</text>'
        start: float | None = None
        for x, row in [*zip(xs, rows, strict=True), (xs[-1], [False] * len(lanes))]:
            if row[index] and start is None:
                start = x
            elif not row[index] and start is not None:
                width = max(x - start, 1.0)
                yield f'<rect x="{start:.1f}" y="{y}" width="{width:.1f}" height="12" fill="#555"/>'
                start = None
