"""Parameters changed from afar: which, to what, instead of what. Reversible, and never older than the file.

A stored change names the value of the site file that it replaced. When that value in the file is another
one, somebody has decided anew at the source: the stored change is dropped and reported. Changes take effect
when the plant is built, at the next start, so that a run has one set of parameters from begin to end.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from plc.link.commands import WrongValueError
from plc.link.entry import RemoteParameter

T = TypeVar("T")


class Stored(NamedTuple):
    """One change. replaced: the value of the site file at that time."""

    path: str
    value: Any
    replaced: Any
    source: str
    unix_s: int


class Dropped(NamedTuple):
    """A stored change that does not count any more, and why."""

    path: str
    value: Any
    reason: str


def plain(value: Any) -> Any:
    """A parameter value as JSON knows it."""
    return value.value if isinstance(value, Enum) else value


def checked(parameter: RemoteParameter, value: Any) -> Any:
    """The value in the parameter's type. Raises WrongValueError outside type and limits."""
    kind, facts = parameter.kind, parameter.facts
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            names = ", ".join(str(member.value) for member in kind)
            raise WrongValueError(f"{parameter.path}: one of {names}") from None
    if kind is bool:
        if not isinstance(value, bool):
            raise WrongValueError(f"{parameter.path}: true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise WrongValueError(f"{parameter.path}: a number")
    if kind is int and value != int(value):
        raise WrongValueError(f"{parameter.path}: a whole number")
    low, high = facts.minimum, facts.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise WrongValueError(f"{parameter.path}: from {low:g} to {high:g} {facts.unit}".rstrip())
    return kind(value)


def replaced(tree: T, path: str, value: Any) -> T:
    """A copy of a tree of frozen dataclasses with one leaf changed."""
    name, _, rest = path.partition(".")
    inner = replaced(getattr(tree, name), rest, value) if rest else value
    return dataclasses.replace(tree, **{name: inner})  # type: ignore[type-var]


class RemoteParameters:
    """All stored changes of a site.

    offered: the parameters that may be changed, with the values of the file. rules: what is wrong with a
    complete set of parameters (order rules), "" when nothing is. stored: what the last run kept.
    """

    def __init__(
        self,
        offered: Iterable[RemoteParameter],
        parameters: Any,
        stored: Mapping[str, Any],
        rules: Callable[[Any], str],
    ) -> None:
        self._offered = {parameter.path: parameter for parameter in offered}
        self._base = parameters
        self._rules = rules
        self.stored: dict[str, Stored] = {}
        self.dropped: list[Dropped] = []
        for path, entry in stored.items():
            self._take_back(path, entry)

    @property
    def effective(self) -> Any:
        """The parameters of the file with the stored changes in them."""
        return self._with(self.stored)

    def current(self) -> dict[str, Any]:
        """Path -> value from the next start on, of every parameter that may be changed."""
        return {
            path: plain(self.stored[path].value if path in self.stored else parameter.value)
            for path, parameter in self._offered.items()
        }

    def change(self, value: Any, *, source: str, unix_s: int) -> str:
        """One change as a command brings it; returns its path. Raises WrongValueError and changes nothing."""
        if not isinstance(value, dict) or set(value) != {"name", "value"}:
            raise WrongValueError("expected exactly name and value")
        path = value["name"]
        if not isinstance(path, str) or path not in self._offered:
            raise WrongValueError(f"{str(path)[:60]!r} may not be changed from afar")
        wanted = dict(self.stored)
        if value["value"] is None:
            wanted.pop(path, None)
        else:
            parameter = self._offered[path]
            new = checked(parameter, value["value"])
            wanted[path] = Stored(path, new, plain(parameter.value), source, unix_s)
        fault = self._rules(self._with(wanted))
        if fault:
            raise WrongValueError(fault)
        self.stored = wanted
        return path

    def kept(self) -> dict[str, Any]:
        """What the next run takes as `stored`."""
        return {
            path: {
                "value": plain(entry.value),
                "replaced": entry.replaced,
                "source": entry.source,
                "unix_s": entry.unix_s,
            }
            for path, entry in self.stored.items()
        }

    def _with(self, stored: Mapping[str, Stored]) -> Any:
        tree = self._base
        for path, entry in stored.items():
            tree = replaced(tree, path, entry.value)
        return tree

    def _take_back(self, path: str, entry: Any) -> None:
        parameter = self._offered.get(path)
        try:
            value, before = entry["value"], entry["replaced"]
            source, unix_s = str(entry["source"]), int(entry["unix_s"])
        except (KeyError, TypeError, ValueError):
            self.dropped.append(Dropped(path, None, "unreadable"))
            return
        if parameter is None:
            self.dropped.append(Dropped(path, value, "not remote in this version"))
        elif before != plain(parameter.value):
            self.dropped.append(Dropped(path, value, "the site file has changed"))
        else:
            try:
                new = Stored(path, checked(parameter, value), before, source, unix_s)
            except WrongValueError as error:
                self.dropped.append(Dropped(path, value, str(error)))
                return
            fault = self._rules(self._with({**self.stored, path: new}))
            if fault:
                self.dropped.append(Dropped(path, value, fault))
            else:
                self.stored[path] = new
