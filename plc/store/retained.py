"""Retained data: what the plant must still know after a restart.

Two generations (`retain.a`, `retain.b`) are written in turn, each with a checksum, a sequence number
and a layout version. A torn, foreign or future file is refused by name and the older good one is
used; with no good one the plant starts as a new one would, which is its most cautious start.

The writer is a thread of its own: a full, slow or read-only disk shows in `health()` and never
reaches the scan. What is given up: changes younger than the write interval are lost in a crash. The
plant allows for that: a start without the clean-stop mark books the worst case.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plc.blocks.core import State
from plc.store.atomic import write_atomic
from plc.store.directories import usable_directory

GENERATIONS = ("retain.a", "retain.b")
MAGIC = "thermiq-retain"
Migration = Callable[[State], State]

WRITE_INTERVAL_S = 60.0
"""Least time between two routine writes: about 20 MB a day at the usual size of 12 kB."""

RETRY_S = 30.0
"""After a failed write: soon enough to catch a freed disk, rare enough not to hammer a dying one."""


@dataclass(frozen=True, slots=True)
class Record:
    """One good generation."""

    path: Path
    sequence: int
    written_unix_s: float
    clean_stop: bool
    state: State


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a start found: the newest good record, and everything that was refused, with the reason."""

    record: Record | None
    problems: tuple[str, ...] = ()

    @property
    def state(self) -> State | None:
        return self.record.state if self.record else None

    @property
    def clean_stop(self) -> bool:
        """False as well when nothing was found: a plant without memory assumes the worst."""
        return self.record is not None and self.record.clean_stop


class BadRecordError(Exception):
    """A generation that must not be used."""


def encode(state: State, *, layout: int, sequence: int, clean_stop: bool, written_unix_s: float) -> bytes:
    """One generation as bytes: a header line with the checksum of the payload line.

    Raises ValueError for a number that is not finite and TypeError for anything but plain data:
    a file that only this program could read back is worth nothing in five years.
    """
    payload = json.dumps(state, sort_keys=True, allow_nan=False).encode()
    header = {
        "file": MAGIC,
        "layout": layout,
        "sequence": sequence,
        "clean_stop": clean_stop,
        "written_unix_s": round(written_unix_s, 3),
    }
    digest = _digest(header, payload)
    return json.dumps({**header, "sha256": digest}, sort_keys=True).encode() + b"\n" + payload + b"\n"


def decode(path: Path, data: bytes, *, layout: int, migrations: Mapping[int, Migration]) -> Record:
    """The record in data, migrated step by step to `layout`. Raises BadRecordError with the reason."""
    head, _, payload = data.partition(b"\n")
    try:
        header: dict[str, Any] = json.loads(head)
        claimed = header.pop("sha256")
        found_layout, sequence = int(header["layout"]), int(header["sequence"])
        clean_stop, written = bool(header["clean_stop"]), float(header["written_unix_s"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRecordError(f"{path}: not a retained-data file ({type(error).__name__})") from error
    payload = payload.removesuffix(b"\n")
    if header.get("file") != MAGIC or claimed != _digest(header, payload):
        raise BadRecordError(f"{path}: checksum differs: torn or altered")
    if found_layout > layout:
        raise BadRecordError(
            f"{path}: layout {found_layout} is newer than {layout}: written by a newer program"
        )
    state: State = json.loads(payload)
    for step in range(found_layout, layout):
        if step not in migrations:
            raise BadRecordError(
                f"{path}: layout {found_layout} is too old, no way from {step} to {step + 1}"
            )
        state = migrations[step](state)
    return Record(path, sequence, written, clean_stop, state)


def _digest(header: Mapping[str, Any], payload: bytes) -> str:
    text = json.dumps(header, sort_keys=True).encode()
    return hashlib.sha256(text + b"\n" + payload).hexdigest()


def load(
    directories: tuple[Path, ...], site: str, *, layout: int, migrations: Mapping[int, Migration]
) -> Loaded:
    """The newest good record of a site over all directories, and what was refused on the way."""
    problems: list[str] = []
    good: list[Record] = []
    for directory in directories:
        for generation in GENERATIONS:
            path = directory / site / generation
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(f"{path}: {error.strerror or error}")
                continue
            try:
                good.append(decode(path, data, layout=layout, migrations=migrations))
            except BadRecordError as error:
                problems.append(str(error))
    if not good:
        return Loaded(None, tuple(problems))
    newest = max(good, key=lambda record: (record.written_unix_s, record.sequence))
    places = sorted({str(record.path.parent) for record in good})
    if len(places) > 1:
        problems.append(f"data in {', '.join(places)}: using the newest, {newest.path}")
    return Loaded(newest, tuple(problems))


class RetainedStore:
    """Writes the latest offered state from its own thread; the scan only assigns an attribute."""

    def __init__(
        self,
        directories: tuple[Path, ...],
        site: str,
        *,
        layout: int,
        migrations: Mapping[int, Migration] | None = None,
        wall: Callable[[], float] = time.time,
        interval_s: float = WRITE_INTERVAL_S,
    ) -> None:
        self._directories, self._site, self._layout = directories, site, layout
        self._migrations = dict(migrations or {})
        self._wall, self._interval_s = wall, interval_s
        self._lock = threading.Lock()  # between the writer and stop(); the scan never takes it
        self._wake, self._ended = threading.Event(), False
        self._latest: State | None = None
        self._written: State | None = None
        self._sequence = 0
        self._failed = ""
        self._thread = threading.Thread(target=self._run, name="retained", daemon=True)

    def load(self) -> Loaded:
        """Reads before the first write, and continues its sequence."""
        loaded = load(self._directories, self._site, layout=self._layout, migrations=self._migrations)
        if loaded.record:
            self._sequence = loaded.record.sequence
        return loaded

    def start(self) -> None:
        self._thread.start()

    def offer(self, state: State, *, urgent: bool = False) -> None:
        """Hands over the latest state, which the caller must not change afterwards.

        urgent writes without waiting for the interval: for facts that a crash may not lose.
        """
        self._latest = state
        if urgent:
            self._wake.set()

    def health(self) -> str:
        """Empty while the last write succeeded, else what went wrong."""
        return self._failed

    def mark_running(self, state: State) -> bool:
        """First write of a run: from now on a death leaves no clean-stop mark behind."""
        return self._write(state, clean_stop=False)

    def stop(self, state: State | None, *, clean: bool) -> bool:
        """Ends the writer and leaves the last word with the clean-stop mark."""
        self._ended = True
        self._wake.set()
        final = state if state is not None else self._latest
        return final is None or self._write(final, clean_stop=clean)

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait(RETRY_S if self._failed else self._interval_s)
            self._wake.clear()
            latest = self._latest
            if latest is not None and latest != self._written and not self._ended:
                self._write(latest, clean_stop=False)

    def _write(self, state: State, *, clean_stop: bool) -> bool:
        with self._lock:
            directory = usable_directory(tuple(d / self._site for d in self._directories))
            if directory is None:
                self._failed = f"no writable state directory among {', '.join(map(str, self._directories))}"
                return False
            sequence = self._sequence + 1
            try:
                data = encode(
                    state,
                    layout=self._layout,
                    sequence=sequence,
                    clean_stop=clean_stop,
                    written_unix_s=self._wall(),
                )
                write_atomic(directory / GENERATIONS[sequence % 2], data, mode=0o600)
            except (OSError, ValueError, TypeError) as error:
                self._failed = f"{directory}: {error}"
                return False
            self._sequence, self._written, self._failed = sequence, state, ""
            return True
