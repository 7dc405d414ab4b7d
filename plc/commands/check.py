"""`check`: is this site folder fit to run, and is it the cabinet that PiCtory describes?"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from plc.exits import Exit
from plc.image.check import compare
from plc.image.pictory import Pictory, load_pictory
from plc.image.problem import Problem, in_order
from plc.image.process_image import too_short
from plc.image.wiring_file import load_wiring
from plc.price_table import described
from plc.site import PICTORY, WIRING, Site, SiteError, load_site
from plc.site_reader import Language


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser(
        "check",
        help="validate a site folder and its match with PiCtory",
        description="Reports every fault with file, line, what was found, what is allowed and the next step. "
        "Exit code 3: the folder is wrong; 4: the folder and PiCtory describe different cabinets.",
    )
    command.add_argument("site", type=Path, help="site folder, e.g. io_map/walda")
    command.add_argument("--pictory", type=Path, help="PiCtory file to compare with (default: the site's)")
    command.add_argument("--image", type=Path, help="also check that this image file is long enough")
    command.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    command.set_defaults(handler=check_command)


def check_command(arguments: argparse.Namespace) -> int:
    """Prints the result; returns the exit code."""
    site, problems = _site(arguments.site)
    pictory, differences = _pictory(arguments.site, arguments.pictory, arguments.image)
    code = Exit.SITE_INVALID if problems else Exit.WIRING_DIFFERS if differences else Exit.OK
    say: Callable[[str], object] = sys.stdout.write
    if arguments.json:
        say(json.dumps(_as_json(site, pictory, problems, differences, code), ensure_ascii=False) + "\n")
    elif code is Exit.OK and site is not None and pictory is not None:
        say(_report(site, pictory))
    else:
        for problem in (*problems, *differences):
            sys.stderr.write(f"{problem}\n")
        sys.stderr.write(
            f"{len(problems)} faults in the site folder, {len(differences)} differences to PiCtory\n"
        )
    return int(code)


def _site(folder: Path) -> tuple[Site | None, tuple[Problem, ...]]:
    try:
        return load_site(folder), ()
    except SiteError as error:
        return None, error.problems


def _pictory(
    folder: Path, given: Path | None, image: Path | None
) -> tuple[Pictory | None, tuple[Problem, ...]]:
    """The PiCtory file and its differences to the map; a map that cannot be read is not compared."""
    if not folder.is_dir():
        return None, ()
    pictory, problems = load_pictory(given if given is not None else folder / PICTORY)
    wiring, _ = load_wiring(folder / WIRING)
    if pictory is not None and wiring is not None:
        problems += compare(wiring, pictory)
    if pictory is not None and image is not None:
        problems += _image(image, pictory)
    return pictory, in_order(problems)


def _image(image: Path, pictory: Pictory) -> list[Problem]:
    try:
        size = os.stat(image).st_size
    except OSError as error:
        found = f"no readable file ({error.strerror})"
        return [Problem(str(image), 0, found, "a process image", "make one: truncate -s 4096 FILE")]
    if image.is_file() and size < pictory.length:
        return [too_short(str(image), size, pictory)]
    return []


def _report(site: Site, pictory: Pictory) -> str:
    german = site.language is Language.DE
    rows = [("signal", "channel", "terminal", "device", "PiCtory", "text")]
    for wire in site.wiring.signals.values():
        channel = str(wire.channel) if wire.channel is not None else "not wired"
        text = wire.text_de if german else wire.text_en
        rows.append((wire.name, channel, wire.terminal, wire.device, wire.io_name, text))
    free = ", ".join(str(channel) for channel in site.wiring.free_channels()) or "none"
    lines = [*_table(rows), "", f"free channels: {free}", ""]
    lines.append(
        f"unconfirmed facts ({len(site.unconfirmed)}), to be seen on site and listed under `confirmed:`"
    )
    lines += _table([("  " + fact.name, fact.value, fact.text) for fact in site.unconfirmed])
    ports = ", ".join(host for _, host in site.addresses()) or "none"
    lines += ["", f"talks to: {ports}"]
    prices = _prices(site)
    if prices is not None:  # no fault of the folder: it may be written an hour after the start
        lines.append(f"prices: {'' if prices[0] else 'not usable now, '}{prices[1]}")
    lines += [f"PiCtory: {pictory.file}, SHA-256 {pictory.sha256[:16]}"]
    lines.append(f"{site.name}: {len(site.wiring.signals)} signals agree with PiCtory")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _prices(site: Site) -> tuple[bool, str] | None:
    """The file of spot prices as it lies there now; None where the site names none."""
    source = site.section("prices")
    return None if source is None else described(site.folder / source.file, ZoneInfo(site.timezone))


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _as_json(
    site: Site | None,
    pictory: Pictory | None,
    problems: tuple[Problem, ...],
    differences: tuple[Problem, ...],
    code: Exit,
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": "check",
        "ok": code is Exit.OK,
        "exit_code": int(code),
        "problems": [problem.as_dict() for problem in problems],
        "differences": [problem.as_dict() for problem in differences],
        "pictory_sha256": pictory.sha256 if pictory is not None else None,
    }
    if site is not None:
        result |= {
            "site": site.site_id,
            "files": site.files,
            "signals": {
                wire.name: str(wire.channel) if wire.channel else None
                for wire in site.wiring.signals.values()
            },
            "free_channels": [str(channel) for channel in site.wiring.free_channels()],
            "unconfirmed": [
                {"name": fact.name, "value": fact.value, "text": fact.text} for fact in site.unconfirmed
            ],
            "addresses": dict(site.addresses()),
        }
        prices = _prices(site)
        if prices is not None:
            result["prices"] = {"ok": prices[0], "text": prices[1]}
    return result
