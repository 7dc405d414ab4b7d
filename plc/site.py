"""One validated object for a whole site folder: everything that differs between two houses.

`load_site` either returns a `Site` in which nothing is left to doubt, or raises SiteError with every
fault at once: file, line, what was found, what is allowed, what to do next. Whether the folder agrees
with PiCtory is checked where the process image is opened, and by the command `check`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plc.exits import Exit, ExitError
from plc.image.marked_yaml import load
from plc.image.problem import Problem, in_order
from plc.image.wiring import Wiring
from plc.image.wiring_file import load_wiring
from plc.plant.parameters import Parameters
from plc.plant.routes import Route
from plc.site_reader import Identity, Language, SiteReader, Unconfirmed
from plc.site_sections import SECTIONS, Section

WIRING = "wiring.yaml"
SITE = "site.yaml"
PICTORY = "config.rsc"


@dataclass(frozen=True, slots=True)
class Site:
    """Everything about one site, validated. `files` maps the file names to their SHA-256."""

    folder: Path
    identity: Identity
    wiring: Wiring
    parameters: Parameters
    routes: tuple[Route, ...]
    sections: dict[str, Any]
    unconfirmed: tuple[Unconfirmed, ...]
    files: dict[str, str]

    @property
    def site_id(self) -> str:
        """Short name in topics and file names."""
        return self.identity.id

    @property
    def name(self) -> str:
        """Name for people."""
        return self.identity.name or self.identity.id

    @property
    def timezone(self) -> str:
        """IANA name of the site's time zone."""
        return self.identity.timezone

    @property
    def language(self) -> Language:
        """Language of texts for people."""
        return self.identity.language

    @property
    def pictory_path(self) -> Path:
        """The PiCtory export of this cabinet."""
        return self.folder / PICTORY

    def section(self, name: str) -> Any:
        """A section of SECTIONS by name, `devices.miners`: an object, a tuple of them, or None."""
        return self.sections[name]

    def hosts(self) -> dict[str, str]:
        """Every network host that the site talks to, by the place in site.yaml."""
        return {
            f"{where}.host" if index == 0 else f"{where}.host{index}": host
            for section, where, entry in self._entries()
            for index, host in enumerate(section.hosts(entry))
        }

    def serial_ports(self) -> dict[str, str]:
        """Every serial port that the site opens, by the place in site.yaml."""
        return {
            f"{where}.port" if index == 0 else f"{where}.port{index}": port
            for section, where, entry in self._entries()
            for index, port in enumerate(section.ports(entry))
        }

    def addresses(self) -> list[tuple[str, str]]:
        """Hosts and serial ports together: whom a simulation could reach by mistake."""
        return [*self.hosts().items(), *self.serial_ports().items()]

    def _entries(self) -> Iterator[tuple[Section, str, Any]]:
        for section in SECTIONS:
            value = self.sections[section.name]
            if section.many:
                for index, entry in enumerate(value):
                    yield section, f"{section.name}[{index}]", entry
            elif value is not None:
                yield section, section.name, value


class SiteError(ExitError):
    """The site folder cannot be used; `problems` says everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = in_order(problems)
        count = len(self.problems)
        lines = [str(problem) for problem in self.problems]
        super().__init__(
            Exit.SITE_INVALID,
            "\n".join([*lines, f"{count} fault{'s' if count > 1 else ''} in the site folder"]),
        )


def load_site(folder: Path) -> Site:
    """The site, or SiteError with all faults of wiring.yaml and site.yaml."""
    folder = Path(folder)
    if not folder.is_dir():
        raise SiteError(
            [Problem(str(folder), 0, "no folder", "a site folder", "give the folder, e.g. io_map/walda")]
        )
    wiring, problems = load_wiring(folder / WIRING)
    root, site_problems = load(folder / SITE)
    problems += site_problems
    reader = SiteReader(str(folder / SITE), root, problems) if root is not None else None
    if reader is None or wiring is None or problems:
        raise SiteError(problems)
    return Site(
        folder=folder,
        identity=reader.identity,
        wiring=wiring,
        parameters=reader.parameters,
        routes=reader.routes,
        sections=reader.sections,
        unconfirmed=reader.unconfirmed,
        files={name: _sha256(folder / name) for name in (WIRING, SITE, PICTORY) if (folder / name).is_file()},
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
