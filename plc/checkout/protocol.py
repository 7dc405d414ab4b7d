"""The protocol of a check-out: one JSON file, written after every step, from which the next start goes on.

A protocol belongs to one map and one PiCtory file. When either has changed, it is put aside and a new one
begins: what was proven, was proven about another cabinet.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plc import __version__
from plc.checkout.talk import Outcome, Result
from plc.image.wiring import Wire
from plc.site import PICTORY, WIRING, Site
from plc.store.atomic import write_atomic

FILE = "checkout.json"
FIELDS = {"result", "found", "measured", "comments", "at", "person"} | {
    *("channel", "terminal", "device", "text_de", "text_en"),
}
"""Of every step; a file that lacks one was not written by this program."""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Protocol:
    """Results by step. Raises OSError when it cannot be written: a check-out without protocol is none."""

    def __init__(
        self,
        folder: Path,
        site: Site,
        person: str,
        pictory_sha256: str,
        *,
        simulated: bool,
        now: Callable[[], str] = _now,
    ) -> None:
        self.path = folder / FILE
        self._now = now
        self._person = person
        self.head: dict[str, Any] = {
            "name": "checkout",
            "site": site.site_id,
            "site_name": site.name,
            "version": __version__,
            "map": site.files[WIRING],
            "pictory": pictory_sha256,
            "site_pictory": site.files.get(PICTORY, ""),
            "simulated": simulated,
        }
        self.started = now()
        self.steps: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def resume(self) -> int:
        """Takes over an earlier protocol of the same cabinet; returns how many steps have passed already."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            same = all(
                found["head"][key] == self.head[key] for key in ("site", "map", "pictory", "simulated")
            )
            steps, started = dict(found["steps"]), str(found["started"])
            same = same and all(step.keys() >= FIELDS for step in steps.values())
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            same = False
        if not same:
            self.put_aside()
            return 0
        self.steps, self.started = steps, started
        return sum(1 for step in self.steps.values() if step["result"] == Result.PASS)

    def put_aside(self) -> None:
        """Keeps the old file and its printed page under a name with the present time."""
        stamp = self._now().replace(":", "").replace("+0000", "Z")
        for path in (self.path, self.path.with_suffix(".html")):
            if path.exists():
                path.rename(path.with_name(f"{path.stem}-{stamp}{path.suffix}"))

    def passed(self, key: str) -> bool:
        """Whether this step needs no repetition."""
        return self.steps.get(key, {}).get("result") == Result.PASS

    def record(self, key: str, wire: Wire | None, outcome: Outcome, comments: list[str]) -> None:
        """One step; on disk when this returns."""
        self.steps[key] = {
            "result": outcome.result.value,
            "found": outcome.found,
            "measured": outcome.measured,
            "comments": list(comments),
            "at": self._now(),
            "person": self._person,
            "channel": str(wire.channel) if wire is not None else "",
            "terminal": wire.terminal if wire is not None else "",
            "device": wire.device if wire is not None else "",
            "text_de": wire.text_de if wire is not None else "",
            "text_en": wire.text_en if wire is not None else "",
        }
        self.write([])

    def write(self, order: list[str]) -> dict[str, Any]:
        """Writes and returns the whole; steps of `order` that are not done yet count as open."""
        steps = {key: self.steps[key] for key in order if key in self.steps} or self.steps
        open_steps = [key for key in order if key not in self.steps]
        complete = bool(order) and not open_steps
        data = {
            "head": self.head,
            "person": self._person,
            "started": self.started,
            "written": self._now(),
            "steps": steps,
            "open": open_steps,
            "ok": complete and all(step["result"] == Result.PASS for step in steps.values()),
        }
        text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        write_atomic(self.path, text.encode())
        return data
