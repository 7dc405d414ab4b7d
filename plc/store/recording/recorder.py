"""Writes the flight recording: the scan encodes a change, a thread puts it into files.

The ring lies in the run-time directory (memory, no wear): one file per minute, the youngest eleven
kept. A killed process therefore leaves a recording that is complete to within a second; the next start
moves it to the disk. On a trip, a fault, a command or a stop the ring is copied to the disk at once.

In the scan: some 20 microseconds, no lock, no file. What waits for the thread is bounded; if the thread
falls behind, records are dropped, the gap is noted, and the next minute starts with a complete state.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from plc.blocks.core import NS_PER_S, State, Tick
from plc.plant.interface import PlantInputs, PlantOutputs
from plc.store.atomic import write_atomic
from plc.store.recording import frames
from plc.store.recording.layout import Layout, Row, pack

log = logging.getLogger(__name__)

SEGMENT_NS = 60 * NS_PER_S
KEEP_SEGMENTS = 11  # ten whole minutes and the one being written
WAITING_MAX = 4096  # records the thread may be behind: over a minute at the usual period
WRITE_EVERY_S = 1.0
KEEP_FILES = 20
"""Recordings on the disk, each below 2 MB."""

SKIPPED_OUTPUTS = frozenset({"retain", "status.values"})
"""Figures derived from inputs and state for display; replay compares decisions, not their decoration."""

SUFFIX = ".thermiq-recording"


def layouts() -> tuple[Layout, Layout]:
    """The rows of inputs and of outputs."""
    return Layout(PlantInputs), Layout(PlantOutputs, SKIPPED_OUTPUTS)


class Recorder:
    """The recorder of one run.

    header: versions, hashes and parameters, written at the head of every file.
    state:  takes the complete state of the plant out; called in the scan once a minute.

    dropped: scans that found the queue full. lost: scans that could not be written.
    """

    def __init__(self, ring: Path, disk: Path | None, header: State, state: Callable[[], State]) -> None:
        self._inputs, self._outputs = layouts()
        self._kinds = self._inputs.kinds + self._outputs.kinds
        described = {"inputs": self._inputs.describe(), "outputs": self._outputs.describe()}
        self._header = frames.MAGIC + frames.json_frame(frames.HEADER, {**header, **described})
        self._ring, self._disk, self._state = ring, disk, state
        self._row: Row = [None] * len(self._kinds)  # what the last record ended with
        self._last_inputs: PlantInputs | None = None  # what the row was made of, None before the first
        self._last_outputs: PlantOutputs | None = None
        self._segment_end_ns = 0
        self._waiting: deque[bytes | _Segment] = deque()
        self._saves: deque[tuple[str, threading.Event]] = deque(maxlen=8)
        self._wake, self._ended = threading.Event(), False
        self._number = 0
        self.dropped = 0
        self.lost = 0
        self._broken = False
        self.failed = ""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    # In the scan.

    def begin(self, now_ns: int) -> None:
        """A plant was built: the next record belongs to a new segment that starts with its state."""
        self._row = [None] * len(self._kinds)
        self._last_inputs = self._last_outputs = None
        self._segment_end_ns = now_ns + SEGMENT_NS
        self._waiting.append(_Segment(self._state()))

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Takes one scan. Every minute a new segment is opened behind it."""
        row = self._row
        places = self._inputs.renew(row, inputs, self._last_inputs)
        places += self._outputs.renew(row, outputs, self._last_outputs, len(self._inputs.kinds))
        self._last_inputs, self._last_outputs = inputs, outputs
        if len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
            self._segment_end_ns = 0  # the chain of changes is broken: begin again as soon as there is room
            return
        if self._segment_end_ns:
            self._waiting.append(pack(tick, row, places, self._kinds))
        if tick.now_ns >= self._segment_end_ns:
            self.begin(tick.now_ns)

    def save(self, reason: str) -> threading.Event:
        """Asks for a copy of the ring on the disk; the event is set when it is there, or has failed."""
        done = threading.Event()
        self._saves.append((reason, done))
        self._wake.set()
        return done

    # Outside the scan.

    def start(self) -> None:
        """Creates the ring; a ring that cannot be written leaves the plant without a recorder, not off."""
        try:
            self._ring.mkdir(parents=True, exist_ok=True)
            for left_over in self._ring.glob(f"*{SUFFIX}"):
                left_over.unlink()
        except OSError as error:
            self.failed = str(error)
        self._thread.start()

    def stop(self, reason: str) -> None:
        """Writes what is waiting and keeps a copy. Bounded: never longer than two seconds."""
        if self._thread.is_alive():
            self.save(reason)
            self._ended = True
            self._wake.set()
            self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            self._wake.wait(WRITE_EVERY_S)
            self._wake.clear()
            self._write()
            while self._saves:
                reason, done = self._saves.popleft()
                self._copy(reason)
                done.set()
            if self._ended and not self._saves:
                return

    def _write(self) -> None:
        try:
            self._drain()
            if not self._broken:
                self.failed = ""
        except OSError as error:
            self.failed = str(error)
        except Exception as error:
            # A recorder of faults must outlive its own; what it had in hand is gone, so it begins anew.
            log.exception("recorder: nothing written until the next complete state")
            self._broken = True
            self.failed = f"{type(error).__name__}: {error}"

    def _drain(self) -> None:
        """Everything that waits. Raises the last OSError, after it has tried the rest."""
        records: list[bytes] = []
        problem: OSError | None = None
        while self._waiting:
            item = self._waiting.popleft()
            if not isinstance(item, _Segment):
                records.append(item)
                continue
            problem = self._append(records) or problem
            records = []
            problem = self._open(item.state) or problem
        problem = self._append(records) or problem
        if problem is not None:
            raise problem

    def _open(self, state: State) -> OSError | None:
        self._number += 1
        missed = self.dropped + self.lost
        content = self._header + frames.json_frame(frames.KEY, {"state": state, "dropped": missed})
        try:
            # First: on a full disk its room is what the new one needs.
            old = self._ring / f"{self._number - KEEP_SEGMENTS:010d}{SUFFIX}"
            old.unlink(missing_ok=True)
            self._current.write_bytes(content)
        except OSError as error:
            self._broken = True
            return error
        self._broken = False
        return None

    @property
    def _current(self) -> Path:
        return self._ring / f"{self._number:010d}{SUFFIX}"

    def _append(self, records: list[bytes]) -> OSError | None:
        """One frame. What follows a failed write would be changes of a scan that nobody has: it is left out
        until the next segment begins with a complete state."""
        if not records:
            return None
        if self._broken:
            self.lost += len(records)
            return None
        try:
            with self._current.open("ab") as file:
                file.write(frames.frame(frames.RECORDS, b"".join(records)))
        except OSError as error:
            self._broken = True
            self.lost += len(records)
            return error
        return None

    def _copy(self, reason: str) -> None:
        if self._disk is not None:
            error = keep(self._ring, self._disk, reason)
            self.failed = error or self.failed


class _Segment:
    """A complete state, in the queue between two records; `Block.state` made it a copy of its own."""

    __slots__ = ("state",)

    def __init__(self, state: State) -> None:
        self.state = state


def keep(ring: Path, disk: Path, reason: str) -> str:
    """Joins the segments of a ring into one file on the disk; returns what went wrong, or "".

    The name counts up instead of carrying a time: the clock may be wrong at the very moment in
    question, and the records carry their own times.
    """
    try:
        segments = sorted(ring.glob(f"*{SUFFIX}"))
        if not segments:
            return ""
        disk.mkdir(parents=True, exist_ok=True)
        present = sorted(disk.glob(f"*{SUFFIX}"))
        number = int(present[-1].name.split("-")[0]) + 1 if present else 1
        for old in present[: max(0, len(present) - KEEP_FILES + 1)]:
            old.unlink()
        # Behind a magic: the end of the last segment may be torn, and readers go on at the next one.
        note = frames.MAGIC + frames.json_frame(frames.NOTE, {"reason": reason})
        data = b"".join(segment.read_bytes() for segment in segments) + note
        write_atomic(disk / f"{number:06d}-{reason}{SUFFIX}", data)
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def rescue(ring: Path, disk: Path) -> bool:
    """Moves the ring of a run that died to the disk; True when there was one.

    A run that ended by itself removes its ring with `discard`, so whatever is found is evidence.
    """
    if not any(ring.glob(f"*{SUFFIX}")):
        return False
    return keep(ring, disk, "died") == ""


def discard(ring: Path) -> None:
    """Removes the ring after an orderly end."""
    for segment in ring.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError):
            os.unlink(segment)
