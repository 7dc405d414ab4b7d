"""What a mutation run knows already, in a folder: the reach of the tests, and the verdicts as they came."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from tools.bench_parts._mutants import ROOT, Mutant, path_of


class Kept:
    """What a run knows already: the reach of the tests and the verdicts, in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._reach_file, self._verdict_file = folder / "reach.jsonl", folder / "verdicts.jsonl"
        self.read()

    def read(self) -> None:
        self.reach = {entry["test"]: entry for entry in _lines(self._reach_file)}
        self.verdicts = {(entry["key"], entry["number"]): entry for entry in _lines(self._verdict_file)}

    def fresh(self, test: str, modules: tuple[str, ...]) -> dict[str, Any] | None:
        """What is known of a test, None when it or one of these modules has changed since."""
        entry = self.reach.get(test)
        if not entry or entry["key"] != test_key(test.split("::")[0]):
            return None
        return entry if all(entry["sources"].get(name) == source_key(name) for name in modules) else None

    def book_reach(self, entry: dict[str, Any]) -> None:
        self.reach[entry["test"]] = entry
        _append(self._reach_file, entry)

    def verdict(self, mutant: Mutant) -> dict[str, Any] | None:
        return self.verdicts.get((source_key(mutant.module), mutant.number))

    def book(self, mutant: Mutant, by: str | None) -> dict[str, Any]:
        key = source_key(mutant.module)
        entry = {"key": key, "number": mutant.number, "mutant": str(mutant), "by": by}
        self.verdicts[key, mutant.number] = entry
        _append(self._verdict_file, entry)
        return entry


def _lines(path: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def _append(path: Path, entry: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


@functools.cache
def source_key(module: str) -> str:
    return _digest([path_of(module)])


@functools.cache
def test_key(file: str) -> str:
    return _digest([ROOT / file])


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
