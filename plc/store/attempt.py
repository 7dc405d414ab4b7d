"""The two marks by which the launcher of the bundle judges this start.

Without the launcher (systemd, a terminal) there is no attempt number, and nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plc.store.atomic import write_atomic

HEALTHY_AFTER_S = 60.0
"""Good scans for this long make a release healthy: longer than any start-up work, shorter than the
window in which the launcher counts failures."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start under the launcher. number is None when there is no launcher."""

    folder: Path | None
    number: int | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Attempt:
        text, folder = environment.get("THERMIQ_ATTEMPT", ""), environment.get("THERMIQ_STATE_DIR", "")
        if not text.isdecimal() or not folder:
            return cls(None, None)
        return cls(Path(folder), int(text))

    def mark_healthy(self) -> None:
        """Scans have been good for a while. Never raises: a full disk must not stop a good plant."""
        self._mark("healthy", {})

    def mark_exit(self, code: int, *, asked: bool) -> None:
        """The program ends now; asked = somebody wanted it (SIGTERM, key, end of simulation)."""
        self._mark("exit", {"code": code, "asked": asked})

    def _mark(self, name: str, content: dict[str, object]) -> None:
        if self.folder is None:
            return
        try:
            write_atomic(self.folder / name, json.dumps({"attempt": self.number, **content}).encode())
        except OSError:
            return
