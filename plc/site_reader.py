"""Reads site.yaml: types and limits, order rules, load checks, routes, sections, unconfirmed facts.

Everything wrong with the file is collected, nothing is thrown; what cannot be read counts with its
default so that the checks that follow still find the other faults.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from plc import site_economics, site_hot_water
from plc.blocks.param import Param, Path, broken_rules, walk_params
from plc.image.marked_yaml import Node
from plc.image.problem import Problem, did_you_mean
from plc.image.typed import build
from plc.plant.parameters import Parameters
from plc.plant.routes import DEFAULT_ROUTES, Route, RouteTableError, table
from plc.site_sections import SECTIONS, Section


class Language(StrEnum):
    """Language of texts for people."""

    DE = "de"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this site is."""

    id: Annotated[str, Param("", None, None, "short name in topics and files: letters, digits, - and _")]
    name: Annotated[str, Param("", None, None, "name for people")] = ""
    timezone: Annotated[str, Param("", None, None, "IANA time zone of schedules and tariffs")] = (
        "Europe/Berlin"
    )
    language: Annotated[Language, Param("", None, None, "language of texts")] = Language.DE


FACTS: dict[str, str] = {
    "pump_menu_p4": "P4: constant speed and the 0-10 V mode named as curve are set in the pump's menu",
    "pump_menu_p5": "P5: constant speed and the 0-10 V mode named as curve are set in the pump's menu",
    "heat_pump_menu": "heat pump: input I1 is EVU block 1, not inverted, and the aux heater stays off",
    "heat_pump_setpoint": "heat pump: holds the buffer below buffer.resume_degc, or miner heat finds no room",
    "i1_exclusive": "heat pump: only K7 and the grid operator's contact feed I1, I4 is not connected",
    "watchdog_relay": "K12 is in the coil path of K10 and K11 and drops without edges, tested",
    "valve_ends": "RV1 and RV2: end position A leads to the buffer, tested",
    "aio_bridges": "AIO: wire bridges of the current inputs are in place",
}
"""Facts that no file can state and that somebody must have seen; listed as unconfirmed until then."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A fact of the site that nobody has confirmed yet. value: what the program assumes meanwhile."""

    name: str
    text: str
    value: str = ""


class SiteReader:
    """One pass over site.yaml; its attributes are only complete while `problems` stays empty."""

    def __init__(self, file: str, root: Node, problems: list[Problem]) -> None:
        self.file = file
        self.root = root
        self.problems = problems
        self.identity = self._identity()
        self.parameters = self._parameters()
        self.routes = self._routes()
        self.sections = {section.name: self._section(section) for section in SECTIONS}
        self.problems += site_hot_water.problems(
            root, file, present=self.parameters.dhw.present, sections=self.sections
        )
        self.problems += site_economics.price_file_problems(
            root, file, tariff=self.parameters.economics.tariff, sections=self.sections
        )
        self.unconfirmed = self._unconfirmed()
        self._unknown_keys()

    def _say(self, line: int, found: str, allowed: str, next_step: str) -> None:
        self.problems.append(Problem(self.file, line, found, allowed, next_step))

    def _part(self, *path: str) -> Node | None:
        node = self.root
        for key in path:
            if not isinstance(node.value, dict) or key not in node.value:
                return None
            node = node.value[key]
        return node

    def _unknown_keys(self) -> None:
        top = {"site", "parameters", "routes", "confirmed"} | {section.place[0] for section in SECTIONS}
        self._refuse_unknown(self.root, top)
        for parent in sorted({section.place[0] for section in SECTIONS if len(section.place) > 1}):
            node = self._part(parent)
            if node is not None and isinstance(node.value, dict):
                self._refuse_unknown(node, {s.place[1] for s in SECTIONS if s.place[0] == parent})
            elif node is not None and node.value is not None:
                self._say(
                    node.line, f"{parent} is no mapping", "a mapping", f"write the keys of {parent} below it"
                )

    def _refuse_unknown(self, node: Node, known: set[str]) -> None:
        for key, child in node.value.items():
            if key not in known:
                hint = did_you_mean(key, sorted(known))
                names = ", ".join(sorted(known))
                self._say(
                    child.key_line, f'the unknown key "{key}"', f"one of {names}", hint or "remove the key"
                )

    def _identity(self) -> Identity:
        node = self._part("site")
        fallback = Identity("unknown")
        if node is None:
            self._say(1, 'no section "site"', "site: {id: ...}", "add the section")
            return fallback
        identity, refused = build(Identity, node, self.file, self.problems, where="site")
        if identity is None:
            return fallback
        plain = identity.id.replace("-", "").replace("_", "")
        if ("id",) not in refused and not (plain.isascii() and plain.isalnum() and len(identity.id) <= 32):
            self._say(
                node.at(("id",)).line,
                f'site.id = "{identity.id}"',
                "up to 32 letters, digits, - or _",
                "shorten it: it becomes part of topics and file names",
            )
        if not _is_zone(identity.timezone):
            zones = zoneinfo.available_timezones()
            self._say(
                node.at(("timezone",)).line,
                f'site.timezone = "{identity.timezone}"',
                "an IANA time zone",
                did_you_mean(identity.timezone, zones) or "write Europe/Berlin",
            )
        return identity

    def _parameters(self) -> Parameters:
        node = self._part("parameters") or Node({}, 1, 1)
        default = Parameters()
        parameters, refused = build(
            Parameters, node, self.file, self.problems, default=default, where="parameters"
        )
        if parameters is None:
            return default
        for path, found, allowed in broken_rules(parameters, refused):
            self._say(node.at(path).line, found, allowed, "change one of the two values")
        self.problems += site_economics.problems(parameters.economics, node, self.file, refused)
        if not any(path[:1] == ("scan",) for path in refused):
            self._check_scan(parameters, node)
        return parameters

    def _check_scan(self, parameters: Parameters, node: Node) -> None:
        """The dead-man chain must see several scans in each of its periods, and the relay several edges."""
        scan = parameters.scan
        beat, watchdog = scan.heartbeat_half_period_ms, scan.watchdog_ms
        if beat < 2 * scan.period_ms:
            self._scan_says(
                node, "heartbeat_half_period_ms", beat, f"at least {2 * scan.period_ms} ms: two scans"
            )
        if beat * 4 > scan.watchdog_relay_drop_ms:
            limit = scan.watchdog_relay_drop_ms // 4
            self._scan_says(
                node, "heartbeat_half_period_ms", beat, f"at most {limit} ms: a quarter of the drop time"
            )
        if watchdog < 5 * scan.period_ms:
            self._scan_says(node, "watchdog_ms", watchdog, f"at least {5 * scan.period_ms} ms: five scans")

    def _scan_says(self, node: Node, name: str, value: int, allowed: str) -> None:
        step = f"change scan.{name}, scan.period_ms or, if K12 is set so, scan.watchdog_relay_drop_ms"
        self._say(node.at(("scan", name)).line, f"scan.{name} = {value}", allowed, step)

    def _routes(self) -> tuple[Route, ...]:
        node = self._part("routes")
        if node is None:
            return DEFAULT_ROUTES
        routes = self._list_of(Route, node, "routes")
        if routes is None:
            return DEFAULT_ROUTES
        try:
            table(routes)
        except RouteTableError as error:
            self._say(
                node.line,
                f"a route table that cannot be used: {error}",
                "buffer, recool and frost_w2, each once",
                "compare with the table of the example site",
            )
        return routes

    def _section(self, section: Section) -> Any:
        node = self._part(*section.place)
        if node is None:
            if section.required:
                self._say(1, f'no section "{section.name}"', section.name, "add the section")
            if section.many:
                return ()
            return section.kind() if not section.optional and _all_default(section.kind) else None
        if section.many:
            entries = self._list_of(section.kind, node, section.name) or ()
            if entries:
                self.problems += section.check(entries, node, self.file)
            return entries
        value, refused = build(section.kind, node, self.file, self.problems, where=section.name)
        self._rules(value, refused, node, section.name)
        if value is not None:
            self.problems += section.check(value, node, self.file)
        return value

    def _list_of(self, kind: type[Any], node: Node, where: str) -> tuple[Any, ...] | None:
        """A list of entries; None when one of them cannot be read."""
        if not isinstance(node.value, list):
            self._say(
                node.line, f"{where} is no list", "a list of entries, each beginning with -", "write a list"
            )
            return None
        entries = []
        for index, item in enumerate(node.value):
            name = f"{where}[{index}]"
            entry, refused = build(kind, item, self.file, self.problems, where=name)
            self._rules(entry, refused, item, name)
            entries.append(entry)
        return None if None in entries else tuple(entries)

    def _rules(self, value: Any, refused: frozenset[Path], node: Node, where: str) -> None:
        if value is not None:
            for path, found, allowed in broken_rules(value, refused):
                self._say(node.at(path).line, f"{where}: {found}", allowed, "change one of the two values")

    # ---- facts that nobody has confirmed

    def _unconfirmed(self) -> tuple[Unconfirmed, ...]:
        facts = {fact.name: fact for fact in self._facts()}
        node = self._part("confirmed")
        confirmed: set[str] = set()
        if node is not None and node.value is not None:
            if not isinstance(node.value, list):
                self._say(node.line, "confirmed is no list", "a list of names", "write `confirmed: []`")
            else:
                for item in node.value:
                    name = str(item.value)
                    confirmed.add(name)
                    if name not in facts:
                        self._say(
                            item.line,
                            f'confirmed: "{name}"',
                            "a name that `check` lists as unconfirmed",
                            did_you_mean(name, facts) or "take the name from the list of `check`",
                        )
        return tuple(fact for fact in facts.values() if fact.name not in confirmed)

    def _facts(self) -> Iterator[Unconfirmed]:
        """Everything that wants a look on site: parameters marked so, and facts that are no parameter."""
        yield from _open_params(self.parameters, "")
        for section in SECTIONS:
            value = self.sections[section.name]
            entries = value if section.many else [value]
            for index, entry in enumerate(entries):
                prefix = f"{section.name}[{index}]." if section.many else f"{section.name}."
                if entry is not None:
                    yield from _open_params(entry, prefix)
        for name, text in FACTS.items():
            yield Unconfirmed(name, text)


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder
        return False
    return True


def _open_params(value: Any, prefix: str) -> Iterator[Unconfirmed]:
    for name, _, param in walk_params(type(value)):
        if param.source == "commissioning":
            current = value
            for step in name.split("."):
                current = getattr(current, step)
            unit = f" {param.unit}" if param.unit else ""
            shown = str(current).lower() if isinstance(current, bool) else f"{current}"
            yield Unconfirmed(prefix + name, param.text, f"{shown}{unit}")


def _all_default(kind: type) -> bool:
    try:
        kind()
    except TypeError:
        return False
    return True
