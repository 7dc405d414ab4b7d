"""Parameters changed from afar: which, to what, instead of what. Reversible, and never older than the file.

A stored change names the value of the site file that it replaced. When that value in the file is another
one, somebody has decided anew at the source: the stored change is dropped and reported. The plant takes a
change first, in one of its scans; only what it has taken is stored, and counts at the next start as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from plc.plant.changes import WrongValueError, changed, plain, remote_parameters, value_at
from plc.plant.parameters import Parameters


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


class RemoteParameters:
    """All stored changes of a site.

    parameters: of the site file. stored: what the last run kept.
    """

    def __init__(self, parameters: Parameters, stored: Mapping[str, Any]) -> None:
        self._base = parameters
        self.stored: dict[str, Stored] = {}
        self.dropped: list[Dropped] = []
        for path, entry in stored.items():
            self._take_back(path, entry)

    @property
    def effective(self) -> Parameters:
        """The parameters of the file with the stored changes in them."""
        return changed(self._base, {path: entry.value for path, entry in self.stored.items()})

    def current(self) -> dict[str, Any]:
        """Path -> value in force, of every parameter that may be changed."""
        return {
            path: self.stored[path].value if path in self.stored else self.of_file(path)
            for path in remote_parameters()
        }

    def of_file(self, path: str) -> Any:
        """The value of the site file."""
        return plain(value_at(self._base, path))

    def wanted(self, value: Any) -> tuple[str, Any]:
        """Path and new value as a command asks for it; none means back to the site file.

        Raises WrongValueError for what the plant could not take either.
        """
        if not isinstance(value, dict) or set(value) != {"name", "value"}:
            raise WrongValueError("expected exactly name and value")
        path, new = value["name"], value["value"]
        if not isinstance(path, str) or path not in remote_parameters():
            raise WrongValueError(f"{str(path)[:60]!r} may not be changed from afar")
        new = self.of_file(path) if new is None else new
        changed(self._base, {**{p: entry.value for p, entry in self.stored.items()}, path: new})
        return path, new

    def taken(self, path: str, value: Any, *, source: str, unix_s: int) -> None:
        """The plant has this value in force: it is stored, or forgotten when it is the file's own."""
        if value == self.of_file(path):
            self.stored.pop(path, None)
        else:
            self.stored[path] = Stored(path, value, self.of_file(path), source, unix_s)

    def kept(self) -> dict[str, Any]:
        """What the next run takes as `stored`."""
        return {
            path: {
                "value": entry.value,
                "replaced": entry.replaced,
                "source": entry.source,
                "unix_s": entry.unix_s,
            }
            for path, entry in self.stored.items()
        }

    def _take_back(self, path: str, entry: Any) -> None:
        try:
            value, before = entry["value"], entry["replaced"]
            source, unix_s = str(entry["source"]), int(entry["unix_s"])
        except (KeyError, TypeError, ValueError):
            self.dropped.append(Dropped(path, None, "unreadable"))
            return
        if path not in remote_parameters():
            self.dropped.append(Dropped(path, value, "not remote in this version"))
            return
        if before != self.of_file(path):
            self.dropped.append(Dropped(path, value, "the site file has changed"))
            return
        try:
            changed(self.effective, {path: value})
        except WrongValueError as error:
            self.dropped.append(Dropped(path, value, str(error)))
        else:
            self.stored[path] = Stored(path, value, before, source, unix_s)
