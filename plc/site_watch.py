"""Would the program start again with the site files as they lie on the disk now? (A-082)

Somebody edits a file on a quiet afternoon, nothing happens, and the plant goes on with what it read at its
start. The fault shows at the next power cut, in winter, when the program ends with exit code 3 instead of
heating. So a changed file is checked when it changes, by the same `check` that a person would call, in a
process of its own and of the lowest priority; the scan knows nothing of it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from plc.exits import Exit
from plc.field.planner import children_are_ordinary
from plc.scan.service import OneThread
from plc.site import PICTORY, SITE, WIRING

log = logging.getLogger(__name__)

EVERY_S = 60.0
CHECK_WITHIN_S = 120.0
ROOT = Path(__file__).resolve().parents[1]
UNFIT = (int(Exit.SITE_INVALID), int(Exit.WIRING_DIFFERS))

Signature = tuple[tuple[int, int] | None, ...]


def check(folder: Path) -> int:
    """Exit code of `check` for a folder. Raises OSError or subprocess.TimeoutExpired when nobody can tell."""
    done = subprocess.run(
        ("nice", "-n", "19", sys.executable, "-P", "-m", "plc", "check", str(folder.resolve()), "--json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=CHECK_WITHIN_S,
        check=False,
    )
    return done.returncode


class SiteWatch(OneThread):
    """Service (start, stop, join, health). ok(): the files are as at the start, or would do as well."""

    name = "site"

    def __init__(self, folder: Path, *, judge: Callable[[Path], int] = check) -> None:
        super().__init__()
        self._folder, self._judge = folder, judge
        self._good = self._seen = self._signature()
        self._judged: Signature = ()
        self._code = 0

    def ok(self) -> bool:
        """Called from the scan, never waits."""
        return self._code not in UNFIT

    def health(self) -> Mapping[str, object]:
        """Whether the files have changed since the start, and the exit code that a start would have."""
        return {"ok": self.ok(), "changed": self._seen != self._good, "exit_code": self._code}

    def turn(self) -> None:
        """One look; the files are judged when they have stood still between two looks."""
        now = self._signature()
        settled, self._seen = now == self._seen, now
        if now == self._good:
            self._judged = ()
            self._say(0)
        elif settled and now != self._judged:
            self._say(self._judge(self._folder))
            self._judged = now

    def _say(self, code: int) -> None:
        if code != self._code:
            log.warning("site files on the disk: a start would end with exit code %d", code)
        self._code = code

    def _signature(self) -> Signature:
        return tuple(_stamp(self._folder / name) for name in (WIRING, SITE, PICTORY))

    def _work(self) -> None:
        children_are_ordinary()
        while not self._stop.wait(EVERY_S):
            try:
                self.turn()
            except (OSError, subprocess.SubprocessError) as error:
                log.warning("site files on the disk cannot be checked: %s", error)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
