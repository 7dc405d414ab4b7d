"""Mutation: one line of the plant is spoiled at a time, and a test must notice.

What is damaged stands in `_mutants`, how it is run in `_mutation_run`. The files on disk are never touched.
Results are written to a folder as they come; a second run with the same folder goes on where the first
ended: what was noticed stays noticed while the module is unchanged, survivors are tried again.

    tools/bench mutation --parts rules --keep /tmp/mutation
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tools.bench_parts._mutants import ROOT, Mutant, Source
from tools.bench_parts._mutation_kept import Kept, source_key, test_key
from tools.bench_parts._mutation_run import (
    NOT_LOADED,
    SAME,
    TOO_LONG,
    Living,
    each,
    notice,
    notice_anew,
    trace,
    with_tests,
)
from tools.bench_parts.result import budget, result

LEAST_PCT = 90.0
SHORT_EVERY = 25
"""The short form takes every 25th mutant of the rules: it proves the runner, not the tests."""

SHORT_LONGEST_S = 0.3
PROGRESS_EVERY = 50
FAVOURITES = 3
"""Tests that noticed most in a module are tried first, when they reach the line."""

RULES = (
    "plant/interlocks",
    "plant/interlock",
    "plant/trip_table",
    "plant/trips",
    "plant/transitions",
    "plant/sequence",
    "plant/alarm_table",
    "plant/alarms",
)
"""Interlocks, sequence and alarms: here at least 90 % must be noticed and every survivor is explained."""

DATA = frozenset({"alarm_texts", "facts", "interface", "parameters", "reference", "signals", "status"})
"""Texts, field lists and generated documents: no rule in them."""

RULE_TESTS = (
    "tests/proof/test_interlock_table.py",
    "tests/proof/test_trip_table.py",
    "tests/proof/test_trip_engine.py",
    "tests/proof/test_alarm_table.py",
    "tests/proof/test_alarm_engine.py",
    "tests/proof/test_transition_details.py",
    "tests/plant/test_cause_and_effect.py",
    "tests/plant/test_transitions.py",
    "tests/plant/test_sequence.py",
    "tests/plant/test_trips.py",
    "tests/plant/test_alarms.py",
)
"""Tests of the rules alone: what is noticed by these needs no plant to be found."""

TABLE_TESTS: dict[str, tuple[str, ...]] = {
    "plant/alarms": ("tests/proof/test_alarm_engine.py",),
    "plant/interlock": ("tests/proof/test_interlock_table.py",),
    "plant/interlocks": ("tests/proof/test_interlock_table.py",),
    "plant/trip_table": ("tests/proof/test_trip_table.py", "tests/proof/test_trip_engine.py"),
    "plant/transitions": ("tests/plant/test_transitions.py", "tests/proof/test_transition_details.py"),
    "plant/alarm_table": ("tests/proof/test_alarm_table.py",),
}
"""What judges a damaged table, each with an import of its own. Other modules: all files of the part."""


def group(name: str) -> tuple[str, ...]:
    """The modules of a part."""
    if name == "rules":
        return RULES
    names = (f"{name}/{path.stem}" for path in sorted((ROOT / "plc" / name).glob("*.py")))
    return tuple(
        module
        for module in names
        if module not in RULES and module.split("/")[1] not in DATA | {"__init__", "param"}
    )


def test_files(part: str) -> list[str]:
    """The tests that judge a part."""
    if part == "rules":
        return [file for file in RULE_TESTS if (ROOT / file).exists()]
    folders = ("blocks",) if part == "blocks" else ("plant", "proof")
    found = [path for folder in folders for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))]
    return [str(path.relative_to(ROOT)) for path in found]


def find_reach(
    kept: Kept, files: list[str], modules: tuple[str, ...], longest_s: float, jobs: int
) -> dict[str, dict[str, Any]]:
    """What every test reaches in these modules; runs those that are not known yet, each once.

    Raises SystemExit when one fails without any damage: every mutant would count as noticed.
    """
    sources = {module: source_key(module) for module in modules}

    def work(items: list[Any]) -> None:
        def done(item: Any, answer: str | None) -> None:
            found = json.loads(answer) if answer else {"passed": True, "cpu_s": None, "lines": {}}
            lines = {module: found["lines"].get(module, []) for module in modules}
            key = test_key(item.nodeid.split("::")[0])
            kept.book_reach({"test": item.nodeid, "key": key, "sources": sources, **found, "lines": lines})

        todo = [item for item in items if kept.fresh(item.nodeid, modules) is None]
        print(f"{len(todo)} of {len(items)} tests to be traced", file=sys.stderr, flush=True)
        each(todo, jobs, lambda item: trace(item, longest_s), done)

    with_tests(files, work)
    kept.read()  # the fork wrote it
    names = [test for test in kept.reach if test.split("::")[0] in files]
    known = {test: entry for test in names if (entry := kept.fresh(test, modules))}
    failing = [test for test, entry in known.items() if not entry["passed"]]
    if failing:
        raise SystemExit(f"these tests fail without any damage: {' '.join(failing)}")
    return known


class Run:
    """One run over some modules."""

    def __init__(self, kept: Kept, reach: dict[str, dict[str, Any]], jobs: int) -> None:
        self.kept = kept
        self.reach = reach
        self.jobs = jobs
        self.tried = 0

    def done(self, mutant: Mutant, answer: str | None) -> None:
        by = TOO_LONG if answer is None else answer
        self.kept.book(mutant, by)
        self.tried += 1
        if self.tried % PROGRESS_EVERY == 0:
            print(f"{self.tried} tried", file=sys.stderr, flush=True)

    def inside(self, sources: dict[str, Source], todo: list[Mutant], files: list[str]) -> None:
        """Damage inside of functions, all with one collection of the tests."""

        def work(items: list[Any]) -> None:
            living = Living()
            likely: dict[str, Counter[str]] = {module: Counter() for module in sources}

            def do(mutant: Mutant) -> str:
                tests = self.reaching(mutant, items, likely[mutant.module])
                return notice(living, sources[mutant.module], mutant, tests)

            def done(mutant: Mutant, answer: str | None) -> None:
                likely[mutant.module][answer or ""] += 1
                self.done(mutant, answer)

            each(todo, self.jobs, do, done)

        with_tests(files, work)

    def reaching(self, mutant: Mutant, items: list[Any], likely: Counter[str]) -> list[tuple[Any, float]]:
        """The tests that run the line of a mutant: likely ones first, then the quickest."""
        found = [
            (item, entry["cpu_s"])
            for item in items
            if (entry := self.reach.get(item.nodeid)) and mutant.line in entry["lines"][mutant.module]
        ]
        favourites = [test for test, _ in likely.most_common(FAVOURITES)]
        return sorted(found, key=lambda test: (test[0].nodeid not in favourites, test[1]))

    def anew(self, sources: dict[str, Source], todo: list[Mutant], files: list[str]) -> None:
        """Damage in tables, each with an import of its own."""

        def judges(module: str) -> list[str]:
            wanted = TABLE_TESTS.get(module, tuple(files))
            return [file for file in wanted if (ROOT / file).exists()]

        def check(module: str) -> str:
            unspoiled = Mutant(module, -1, 0, "", "as it is", inside=False)
            return notice_anew(unspoiled, sources[module].whole(), judges(module))

        def sound(module: str, by: str | None) -> None:
            if by != "":
                raise SystemExit(f"the tests of {module} fail without any damage: {by}")

        each(sorted({mutant.module for mutant in todo}), self.jobs, check, sound)
        each(
            todo,
            self.jobs,
            lambda mutant: notice_anew(
                mutant, sources[mutant.module].spoiled(mutant.number), judges(mutant.module)
            ),
            self.done,
        )


ALL = ("--jobs", "2")
"""What `tools/bench all` asks for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", nargs="+", choices=("rules", "plant", "blocks"), default=["rules"])
    parser.add_argument("--modules", nargs="+", help='only these, as "plant/trips"')
    parser.add_argument("--every", type=int, default=1, help="only every n-th mutant")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--longest", type=float, default=2.0, help="leave out tests that take more seconds")
    parser.add_argument("--keep", type=Path, help="folder for the results, to go on from")


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.short:
        args.parts, args.modules, args.every, args.longest = ["rules"], None, SHORT_EVERY, SHORT_LONGEST_S
    with tempfile.TemporaryDirectory(prefix="thermiq-mutation-") as folder:
        kept = Kept(args.keep or Path(folder))
        tried = [mutant for part in args.parts for mutant in _part(args, kept, part)]
        return judge(tried, Kept(kept.folder))


def _part(args: argparse.Namespace, kept: Kept, part: str) -> list[Mutant]:
    """Tries what has no verdict yet; returns all mutants of the part."""
    modules = [module for module in group(part) if not args.modules or module in args.modules]
    sources = {module: Source(module) for module in modules}
    wanted = [mutant for module in modules for mutant in sources[module].mutants()][:: args.every]
    if not wanted:
        return []
    files = test_files(part)
    reach = find_reach(kept, files, tuple(modules), args.longest, args.jobs)
    reached = {
        (module, line)
        for entry in reach.values()
        for module, lines in entry["lines"].items()
        for line in lines
    }
    todo = [mutant for mutant in wanted if not (kept.verdict(mutant) or {}).get("by")]
    living = {mutant for mutant in todo if mutant.inside and (mutant.module, mutant.line) in reached}
    some = Run(kept, reach, args.jobs)
    some.inside(sources, [mutant for mutant in todo if mutant in living], files)
    kept.read()
    rest = [mutant for mutant in todo if mutant not in living or _by(kept, mutant) == NOT_LOADED]
    at_import = [mutant for mutant in rest if not mutant.inside or mutant.module in TABLE_TESTS]
    for mutant in rest:
        if mutant not in at_import:  # no test of this part runs its line
            some.done(mutant, "")
    some.anew(sources, at_import, files)
    return wanted


def _by(kept: Kept, mutant: Mutant) -> str:
    verdict = kept.verdict(mutant)
    return str(verdict["by"]) if verdict else ""


def judge(tried: list[Mutant], kept: Kept) -> dict[str, Any]:
    """Score per module and together, survivors by name. Same code as the original is no mutant."""
    for mutant in tried:
        if not _by(kept, mutant):
            print(f"survived {mutant}", flush=True)
    figures: dict[str, Any] = {}
    total: Counter[str] = Counter()
    for module in dict.fromkeys(mutant.module for mutant in tried):
        verdicts = [_by(kept, mutant) for mutant in tried if mutant.module == module]
        count = sum(by != SAME for by in verdicts)
        noticed = sum(by not in ("", SAME) for by in verdicts)
        figures[f"{module} mutants"], figures[f"{module} noticed"] = count, noticed
        figures[f"{module} score_pct"] = round(100.0 * noticed / max(1, count), 1)
        total["count"] += count
        total["noticed"] += noticed
    missed = 100.0 * (total["count"] - total["noticed"]) / max(1, total["count"])
    figures["mutants"], figures["noticed"] = total["count"], total["noticed"]
    figures["score_pct"] = round(100.0 - missed, 1)
    return result("mutation", figures, {"missed_pct": budget(100.0 - LEAST_PCT, round(missed, 1))})
