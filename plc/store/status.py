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
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plc.store.atomic import write_atomic

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


class StatusFile:
    """Writes what `compose` returns, in its own thread; composing costs the scan nothing.

    compose: builds the status from mailboxes; called in this thread only.
    """

    name = "status"

    def __init__(self, directory: Path, compose: Callable[[], Mapping[str, Any]]) -> None:
        self.path = directory / FILE
        self._compose = compose
        self._ended = threading.Event()
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def start(self) -> None:
        """Begins to write; the first file appears at once."""
        self._thread.start()

    def stop(self) -> None:
        """Asks to end; the last file is written on the way out, with the final figures."""
        self._ended.set()

    def join(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def health(self) -> Mapping[str, object]:
        """Empty problem while the last write succeeded."""
        return {"problem": self._problem}

    def _run(self) -> None:
        self._write()
        while not self._ended.wait(INTERVAL_S):
            self._write()
        self._write()

    def _write(self) -> None:
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
