"""`report`: how the running program itself is doing: scan, threads, bus, broker, recorder."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plc.commands.why import DEAD_AFTER_S, read_status
from plc.exits import Exit, ExitError
from plc.site import load_site
from plc.store.directories import site_directory, state_directories
from plc.store.recording.recorder import SUFFIX, keep
from plc.store.status import FILE, runtime_directory


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser(
        "report",
        help="scan, bus and thread report of the running program",
        description="Prints what the running program measures about itself, from its status file.",
    )
    command.add_argument("site", type=Path, help="site folder, e.g. io_map/walda")
    command.add_argument("--json", action="store_true", help="one JSON object")
    command.add_argument(
        "--black-box", action="store_true", help="the newest recording instead: how that run ended, and why"
    )
    command.add_argument(
        "--keep", action="store_true", help="keep a recording of the last ten minutes now, and say where"
    )
    command.set_defaults(handler=handle)


def handle(arguments: argparse.Namespace) -> int:
    """Prints the report."""
    site_id = load_site(arguments.site).site_id
    if arguments.keep:
        return _keep(site_id)
    if arguments.black_box:
        return _black_box(site_id)
    status = read_status(runtime_directory(os.environ) / FILE, site_id)
    if arguments.json:
        wanted = (
            "site",
            "version",
            "pid",
            "simulated",
            "scan",
            "services",
            "states_visited",
            "written_unix_s",
        )
        sys.stdout.write(json.dumps({key: status.get(key) for key in wanted}, sort_keys=True) + "\n")
    else:
        sys.stdout.write("\n".join(lines(status)) + "\n")
    return Exit.OK


def _keep(site_id: str) -> int:
    """Copies the ring of the running program, which goes on and notices nothing."""
    ring = runtime_directory(os.environ) / "recording" / site_id
    if not any(ring.glob(f"*{SUFFIX}")):
        raise ExitError(Exit.USAGE, f"{ring}: nothing is being recorded; does the program run?")
    disk = site_directory(os.environ, site_id, "recordings")
    problem = "no writable state directory" if disk is None else keep(ring, disk, "command")
    if disk is None or problem:
        raise ExitError(Exit.USAGE, f"not kept: {problem}; try it with the account of the program")
    sys.stdout.write(f"{max(disk.glob(f'*-command{SUFFIX}'))}\n")
    return Exit.OK


def _black_box(site_id: str) -> int:
    """Summary of the newest recording that was kept, or of what a run that was killed has left."""
    ring = runtime_directory(os.environ) / "recording" / site_id
    if _left_behind(ring, site_id):
        # As the next start will keep it; until then it must not take the room of one that was kept.
        with tempfile.TemporaryDirectory() as folder:
            problem = keep(ring, Path(folder), "died")
            if problem:
                raise ExitError(Exit.USAGE, f"{ring}: {problem}")
            _summary(next(Path(folder).iterdir()))
        sys.stdout.write(f"not kept yet, it lies in {ring}: the next start keeps it, or --keep does now\n")
        return Exit.OK
    kept = [
        path
        for directory in state_directories(os.environ)
        for path in (directory / site_id / "recordings").glob(f"*{SUFFIX}")
    ]
    if not kept:
        raise ExitError(Exit.USAGE, f"no recording of {site_id} has been kept yet; --keep does it now")
    _summary(max(kept, key=lambda path: path.stat().st_mtime))
    return Exit.OK


def _left_behind(ring: Path, site_id: str) -> bool:
    """Whether a run has left its ring and nobody writes it any more: an orderly end removes it."""
    if not any(ring.glob(f"*{SUFFIX}")):
        return False
    try:
        status = read_status(runtime_directory(os.environ) / FILE, site_id)
    except ExitError:
        return True
    return time.time() - float(status.get("written_unix_s", 0.0)) > DEAD_AFTER_S


def _summary(path: Path) -> None:
    from plc.black_box import black_box, words
    from plc.store.recording.reader import Recording, RecordingError

    try:
        text = words(black_box(Recording.open(path)), path)
    except (RecordingError, OSError) as error:
        raise ExitError(Exit.USAGE, str(error)) from error
    sys.stdout.write("\n".join(text) + "\n")


def lines(status: Mapping[str, Any]) -> list[str]:
    """The report as text."""
    age_s = time.time() - float(status.get("written_unix_s", 0.0))
    alive = "running" if age_s <= DEAD_AFTER_S else f"NOT running, last sign {age_s:.0f} s ago"
    mark = " (simulated)" if status.get("simulated") else ""
    text = [f"{status.get('site')}{mark}: version {status.get('version')}, pid {status.get('pid')}, {alive}"]
    text += _section("scan", status.get("scan", {}), "")
    for name, health in sorted(status.get("services", {}).items()):
        text += _section(name, health, "")
    return text


def _section(name: str, value: Any, indent: str) -> list[str]:
    """Nested figures, one a line; numbers with as many digits as they deserve."""
    if isinstance(value, Mapping):
        if not value:
            return []
        text = [f"{indent}{name}"]
        for key, item in value.items():
            text += _section(str(key), item, indent + "  ")
        return text
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        text = [f"{indent}{name}"]
        for row in value:
            text += _row(row, indent + "  ")
        return text
    if isinstance(value, float):
        value = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return [f"{indent}{name}: {value}"]


def _row(row: Mapping[str, Any], indent: str) -> list[str]:
    """One line for a flat row of a list; one that has lists in it by its first value, the rest below."""
    if not any(isinstance(item, Mapping | list) and item for item in row.values()):
        return [indent + ", ".join(f"{key} {item}" for key, item in row.items())]
    (_, title), *rest = row.items()
    return _section(str(title), dict(rest), indent)
