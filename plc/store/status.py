"""status.json: what the running program says about itself, for people and tools on the same machine.

Written from a thread of its own into the runtime directory (memory, not flash), at most once a second of
wall time, always complete or not at all. Live view, `why` and `report` read it; nothing controls with it.
A reader tells a dead program from a quiet one by `written_unix_s`, not by the presence of the file.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plc.store.atomic import write_atomic
from plc.store.writer import PeriodicWriter

log = logging.getLogger(__name__)

INTERVAL_S = 1.0
FILE = "status.json"


def runtime_directory(environment: Mapping[str, str]) -> Path:
    """Where files live that a reboot may lose: ours by order, the supervisor's, the system's, the user's."""
    for name in ("THERMIQ_RUNTIME_DIR", "RUNTIME_DIRECTORY"):
        given = environment.get(name, "").split(":")[0]
        if given:
            return Path(given)
    system = Path("/run/thermiq")
    if os.access(system if system.exists() else system.parent, os.W_OK | os.X_OK):
        return system
    own = environment.get("XDG_RUNTIME_DIR")
    return Path(own) / "thermiq" if own else Path(tempfile.gettempdir()) / f"thermiq-{os.getuid()}"


class StatusFile(PeriodicWriter):
    """Writes what `compose` returns, in its own thread; composing costs the scan nothing.

    The first file appears at once, the last one has the final figures.

    compose: builds the status from mailboxes; called in this thread only.
    """

    name = "status"
    every_s = INTERVAL_S

    def __init__(self, directory: Path, compose: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self.path = directory / FILE
        self._compose = compose
        self._problem = ""

    def health(self) -> Mapping[str, object]:
        """Empty problem while the last write succeeded."""
        return {"problem": self._problem}

    def _run(self) -> None:
        self._turn()
        super()._run()

    def write(self) -> None:
        """One file, complete or not at all."""
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            status = {**self._compose(), "written_unix_s": round(time.time(), 3)}
            text = json.dumps(status, allow_nan=False, separators=(",", ":"))
            write_atomic(self.path, text.encode(), durable=False)
            self._problem = ""
        except (OSError, ValueError, TypeError) as error:
            if not self._problem:  # once per outage, not once per second
                log.warning("%s: not written: %s", self.path, error)
            self._problem = str(error)
