"""What happened to each release: which one is current, which were good, which starts failed.

The started program replaces this process, so nobody watches it. It leaves two marks instead, next to
the ledger: `healthy` after a while of good scans, and `exit` with code and reason just before it ends.
The next start reads them. A start that left no exit mark in the same boot was killed by a signal; after
a reboot nobody knows, and a power cut says nothing about a release.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from plc.store.atomic import write_atomic

NAME = "releases.json"

MAX_FAILURES = 3
"""Failures within FAILURE_WINDOW_S that end a release: two may be bad luck at boot, three are a pattern."""

FAILURE_WINDOW_S = 600.0
"""Longer than three starts with their healthy time, shorter than a day's worth of unrelated mishaps."""

NOT_THE_PROGRAM = frozenset({0, 2, 3, 4, 5, 6, 7, 8})
"""Exit codes that speak of site, wiring, image or usage: another release would fail the same way."""


@dataclass
class Attempt:
    """One start. at_s counts from boot, so a stepping wall clock cannot fake or hide a crash loop."""

    number: int
    release: str
    boot: str
    at_s: float


@dataclass
class Ledger:
    """The memory of the launcher."""

    current_release: str = ""
    current_site: str = ""
    good: list[str] = field(default_factory=list)  # newest last
    rejected: dict[str, str] = field(default_factory=dict)  # release or release+site -> why
    failures: list[Attempt] = field(default_factory=list)
    attempt: Attempt | None = None
    notice: str = ""

    @classmethod
    def load(cls, folder: Path) -> Ledger:
        """The ledger of a state directory; a damaged one counts as none, the releases stay on disk."""
        try:
            data = json.loads((folder / NAME).read_text(encoding="utf-8"))
            data["failures"] = [Attempt(**item) for item in data["failures"]]
            data["attempt"] = Attempt(**data["attempt"]) if data["attempt"] else None
            return cls(**data)
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError):
            return cls(notice=f"{NAME} was damaged; starting a new one")

    def save(self, folder: Path) -> None:
        write_atomic(folder / NAME, json.dumps(asdict(self), indent=1, sort_keys=True).encode())


def marks(folder: Path) -> tuple[Path, Path]:
    """Where the running program leaves its healthy mark and its exit mark."""
    return folder / "healthy", folder / "exit"


def judge(ledger: Ledger, folder: Path, *, boot: str, now_s: float) -> None:
    """Books the result of the last start and forgets failures outside the window."""
    attempt, ledger.attempt = ledger.attempt, None
    if attempt is not None:
        healthy = _mark(marks(folder)[0], attempt)
        ended = _mark(marks(folder)[1], attempt)
        if healthy is not None:
            remember_good(ledger, attempt.release)
        if _failed(attempt, healthy, ended, boot):
            attempt.at_s = now_s
            ledger.failures.append(attempt)
    ledger.failures = [f for f in ledger.failures if f.boot == boot and now_s - f.at_s <= FAILURE_WINDOW_S]


def remember_good(ledger: Ledger, release: str) -> None:
    """Moves a release to the newest place of the good ones."""
    ledger.good = [known for known in ledger.good if known != release] + [release]


def worn_out(ledger: Ledger) -> bool:
    """True when the current release has failed too often to be started again."""
    mine = [f for f in ledger.failures if f.release == ledger.current_release]
    return len(mine) >= MAX_FAILURES


def _failed(attempt: Attempt, healthy: dict | None, ended: dict | None, boot: str) -> bool:
    if ended is None:
        return attempt.boot == boot
    if ended.get("code") not in NOT_THE_PROGRAM:
        return True
    # An end with 0 that nobody asked for, before the program was ever healthy, is a failure too.
    return ended.get("code") == 0 and healthy is None and not ended.get("asked")


def _mark(path: Path, attempt: Attempt) -> dict | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("attempt") == attempt.number else None
