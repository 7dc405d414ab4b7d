"""`export`: everything that is generated from the map of a site."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plc.documents.sheets import documents
from plc.exits import Exit, ExitError
from plc.image.documents import labels, terminal_list
from plc.image.pictory_export import pictory_json
from plc.linking import link_documents
from plc.plant.reference import causes_csv
from plc.site import Site, load_site
from plc.site_schema import schemas


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of document. make: file name -> text, one or several files."""

    text: str
    make: Callable[[Site], dict[str, str]]


EXPORTS: dict[str, Export] = {
    "pictory": Export(
        "config.rsc to import into PiCtory",
        lambda site: {"config.rsc": pictory_json(site.wiring, site.site_id)},
    ),
    "terminals": Export("terminal list, CSV", lambda site: {"terminals.csv": terminal_list(site.wiring)}),
    "labels": Export("labels of the cabinet, CSV", lambda site: {"labels.csv": labels(site.wiring)}),
    "causes": Export(
        "cause-and-effect matrix, CSV",
        lambda site: {"causes.csv": causes_csv()},  # noqa: ARG005
    ),
    "sheets": Export("all documents of the cabinet to print, HTML and CSV, German and English", documents),
    "mqtt": Export("reference of topics and commands, Markdown", lambda site: link_documents(site, "mqtt")),
    "telegraf": Export("configuration of Telegraf", lambda site: link_documents(site, "telegraf")),
    "grafana": Export("dashboards of Grafana, JSON", lambda site: link_documents(site, "grafana")),
    "home_assistant": Export(
        "dashboard of Home Assistant, YAML", lambda site: link_documents(site, "home_assistant")
    ),
    "schema": Export("JSON Schemas of wiring.yaml and site.yaml", lambda site: schemas()),  # noqa: ARG005
}
"""Every document that can be made; a new kind is one line here."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser(
        "export",
        help="documents and files made from the site folder",
        description="; ".join(f"{name}: {export.text}" for name, export in EXPORTS.items()),
    )
    command.add_argument("site", type=Path, help="site folder, e.g. io_map/walda")
    command.add_argument("what", choices=sorted(EXPORTS), help="kind of document")
    command.add_argument(
        "-o", "--output", type=Path, help="file, or folder when it exists or several files are made"
    )
    command.set_defaults(handler=export_command)


def export_command(arguments: argparse.Namespace) -> int:
    """Writes the documents; returns the exit code. Raises SiteError (exit 3)."""
    files = EXPORTS[arguments.what].make(load_site(arguments.site))
    if arguments.output is None:
        sys.stdout.write(_on_screen(files))
        return int(Exit.OK)
    for path, text in _targets(files, arguments.output).items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ExitError(Exit.USAGE, f"{path} cannot be written: {error.strerror}") from error
        sys.stderr.write(f"{path}\n")
    return int(Exit.OK)


def _targets(files: dict[str, str], output: Path) -> dict[Path, str]:
    if len(files) > 1 or output.is_dir():
        return {output / name: text for name, text in files.items()}
    return {output: next(iter(files.values()))}


def _on_screen(files: dict[str, str]) -> str:
    """One file as it is; several JSON files as one object with the file names as keys."""
    if len(files) == 1:
        return next(iter(files.values()))
    if not all(name.endswith(".json") for name in files):
        raise ExitError(Exit.USAGE, f"{len(files)} files: give a folder with -o")
    return json.dumps({name: json.loads(text) for name, text in files.items()}, indent=2) + "\n"
