"""`replay`: a recording through this version of the program."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from plc.black_box import black_box, chart, words
from plc.exits import Exit, ExitError
from plc.replay import Difference, Result, replay
from plc.store.recording.layout import Layout
from plc.store.recording.reader import Recording, RecordingError
from plc.store.recording.recorder import SUFFIX, layouts


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser(
        "replay",
        help="run a recording through this version",
        description="Replays recorded inputs and reports the first scan that comes out otherwise (exit 7).",
    )
    command.add_argument("file", type=Path, help="recording, e.g. 000001-trip.thermiq-recording")
    command.add_argument("--json", action="store_true", help="one JSON object as the last line")
    command.add_argument("--csv", type=Path, metavar="PATH", help="also write every scan as a table")
    command.add_argument(
        "--plot", type=Path, metavar="PATH", help="also draw it: temperatures, contacts, SVG"
    )
    command.add_argument(
        "--summary", action="store_true", help="also say how it ended and what changed before"
    )
    command.set_defaults(handler=handle)


def handle(arguments: argparse.Namespace) -> int:
    """Exit 0: identical. 7: differs. 2: no recording, or one that this version cannot read."""
    try:
        recording = Recording.open(arguments.file)
    except RecordingError as error:
        raise ExitError(Exit.USAGE, str(error)) from error
    except OSError as error:
        raise ExitError(
            Exit.USAGE, f"{arguments.file}: {error.strerror}; next: give a file that ends in {SUFFIX}"
        ) from error
    try:
        if arguments.csv:
            _write_csv(recording, arguments.csv)
        if arguments.plot:
            arguments.plot.write_text(chart(recording), encoding="utf-8")
    except OSError as error:
        raise ExitError(Exit.USAGE, f"{error.filename}: cannot be written: {error.strerror}") from error
    if arguments.summary:
        print("\n".join(words(black_box(recording), arguments.file)))
    try:
        result = replay(recording)
    except ValueError as error:
        raise ExitError(
            Exit.USAGE,
            f"{arguments.file}: what this recording begins with does not fit this version: {error}",
        ) from error
    print(_words(recording, result))
    if arguments.json:
        print(json.dumps(_as_json(result, recording.damaged_bytes), sort_keys=True))
    return Exit.REPLAY_DIFFERS if result.difference else Exit.OK


def _words(recording: Recording, result: Result) -> str:
    made = f"made by version {recording.header.get('version', '?')}, site {recording.header.get('site', '?')}"
    if not result.scans:
        return f"{made}: no complete scan in this file{_damage(recording)}"
    length = f"{result.scans} scans, {result.seconds:.1f} s, {result.states} complete states compared"
    verdict = "identical" if result.difference is None else "DIFFERS"
    lines = [f"{made}: {length}: {verdict}{_damage(recording)}"]
    if result.difference is not None:
        lines += _difference_lines(result.difference)
    if result.program:
        lines += ["changed in the program since:", *(f"  {change}" for change in result.program)]
    return "\n".join(lines)


def _damage(recording: Recording) -> str:
    """A recording that lacks something says so: `identical` is about the scans that are there."""
    found = recording.damaged_bytes
    return f"\n{found} bytes of the file are torn or damaged, the scans in them are missing" if found else ""


def _difference_lines(found: Difference) -> list[str]:
    where = f"scan {found.scan}, at {found.now_ns / 1e9:.3f} s"
    if found.values:
        lines = [f"first difference in {where}:"]
    else:
        lines = [
            "every output and every reason is the same, but the memory is not: "
            f"it came apart in the minute before {where}:"
        ]
    lines += [f"  {path}: recorded {was!r}, now {now!r}" for path, (was, now) in sorted(found.values.items())]
    lines += [f"  memory {path}" for path in found.state_paths]
    lines += [
        f"  {actuator} is blocked by {', '.join(causes)}" for actuator, causes in found.blocked_by.items()
    ]
    return lines


def _as_json(result: Result, damaged_bytes: int) -> dict[str, Any]:
    found = result.difference
    return {
        "scans": result.scans,
        "states": result.states,
        "seconds": result.seconds,
        "damaged_bytes": damaged_bytes,
        "identical": found is None,
        "program": result.program,
        "difference": None
        if found is None
        else {
            "scan": found.scan,
            "now_ns": found.now_ns,
            "values": {path: list(pair) for path, pair in found.values.items()},
            "state": found.state_paths,
            "blocked_by": found.blocked_by,
            "first_out": found.first_out,
            "context": found.context,
        },
    }


def _write_csv(recording: Recording, path: Path) -> None:
    """One line per scan: time, the inputs of the cabinet, the outputs."""
    inputs: Layout
    inputs, outputs = layouts()
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["now_s", *inputs.leaf_paths, *outputs.leaf_paths])
        for scan in recording.scans():
            table.writerow([scan.tick.now_ns / 1e9, *inputs.row(scan.inputs), *scan.outputs])
