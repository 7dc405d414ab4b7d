"""Mutation: one line of the plant is spoiled at a time, and a test must notice.

Three kinds of damage: a condition, trip, transition or alarm is taken out of its table; a comparison, `and`,
`or` or `not` is turned round; an `is` becomes `is not`. The files on disk are never touched: every mutant is
a fork of a process that has the test tools loaded, and the spoiled module is put in front of the import of
the real one. Tests that are quick to notice come first, the first failure ends the run.

    tools/bench mutation --modules interlocks trips
"""

from __future__ import annotations

import argparse
import ast
import copy
import multiprocessing
import os
import signal
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench_parts.result import budget, result

ROOT = Path(__file__).resolve().parents[2]
LEAST_PCT = 90.0
SHORT_EVERY = 25
"""The short form takes every 25th mutant: it proves the runner, not the tests."""

PROGRESS_EVERY = 20
LONGEST_S = 180
"""A mutant whose tests do not come to an end is noticed, too."""

TESTS: dict[str, tuple[str, ...]] = {
    "interlocks": ("tests/plant/test_cause_and_effect.py",),
    "transitions": ("tests/plant/test_transitions.py", "tests/proof/test_transition_details.py"),
    "sequence": ("tests/plant/test_transitions.py", "tests/plant/test_sequence.py"),
    "trip_table": (
        "tests/plant/test_cause_and_effect.py::test_the_trips_are_exactly_these_and_of_this_class",
        "tests/plant/test_cause_and_effect.py::test_a_trip_acts_after_its_delay_and_not_without_its_condition",
        "tests/proof/test_trip_table.py",
        "tests/plant/test_trips.py",
    ),
    "trips": (
        "tests/plant/test_cause_and_effect.py::test_the_trips_are_exactly_these_and_of_this_class",
        "tests/plant/test_cause_and_effect.py::test_a_trip_acts_after_its_delay_and_not_without_its_condition",
        "tests/proof/test_trip_table.py",
        "tests/plant/test_trips.py",
    ),
    "interlock": ("tests/plant/test_cause_and_effect.py",),
    "alarm_table": ("tests/proof/test_alarm_table.py", "tests/plant/test_alarms.py"),
    "alarms": ("tests/plant/test_alarms.py", "tests/proof/test_alarm_engine.py"),
}
"""Module of plc/plant -> tests that must notice, quickest first. Files that do not exist are left out."""

TABLE_ENTRIES = frozenset({"_c", "_locked", "Condition", "Trip", "Transition", "Alarm", "Rules"})
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One damage: where, what, and the whole module with it."""

    module: str
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"plc/plant/{self.module}.py:{self.line}: {self.what}"


def mutants(module: str) -> list[Mutant]:
    """Every single damage of a module, in the order of its lines."""
    source = (ROOT / "plc" / "plant" / f"{module}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    found = []
    for number, _ in enumerate(_places(tree)):
        spoiled = copy.deepcopy(tree)
        place = list(_places(spoiled))[number]
        line, what = place.spoil()
        found.append(Mutant(module, line, what, ast.unparse(ast.fix_missing_locations(spoiled))))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.what))


def unspoiled(module: str) -> Mutant:
    """The module as it is: its tests must pass."""
    source = (ROOT / "plc" / "plant" / f"{module}.py").read_text(encoding="utf-8")
    return Mutant(module, 0, "as it is", source)


@dataclass(slots=True)
class _Place:
    """Something in a tree that can be spoiled."""

    node: Any
    index: int
    kind: str

    def spoil(self) -> tuple[int, str]:
        node, index = self.node, self.index
        if self.kind == "entry":
            entry = node.elts.pop(index)
            return entry.lineno, f"without {ast.unparse(entry)[:60]}"
        before = ast.unparse(node)[:50]
        if self.kind == "compare":
            node.ops[index] = OPPOSITE[type(node.ops[index])]()
        elif self.kind == "bool":
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        else:
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        return node.lineno, f"{before} -> {ast.unparse(node)[:50]}"


def _places(tree: ast.AST) -> Iterator[_Place]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple):
            for index, entry in enumerate(node.elts):
                if _is_entry(entry):
                    yield _Place(node, index, "entry")
        elif isinstance(node, ast.Compare):
            for index, operator in enumerate(node.ops):
                if type(operator) in OPPOSITE:
                    yield _Place(node, index, "compare")
        elif isinstance(node, ast.BoolOp):
            yield _Place(node, 0, "bool")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield _Place(node, 0, "not")


def _is_entry(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TABLE_ENTRIES


class _Spoiled:
    """Finder and loader that answers for one module with the source of a mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = f"plc.plant.{mutant.module}"

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        import importlib.machinery

        del path, target
        return importlib.machinery.ModuleSpec(name, self) if name == self._name else None  # type: ignore[arg-type]

    def create_module(self, spec: object) -> None:
        del spec

    def exec_module(self, module: types.ModuleType) -> None:
        exec(compile(self._mutant.source, f"<mutant {self._mutant}>", "exec"), module.__dict__)


def is_noticed(mutant: Mutant) -> bool:
    """Runs the tests of its module on a mutant, in this process, which must be a fork of its own."""
    import pytest

    for name in [name for name in sys.modules if name == "plc" or name.startswith(("plc.", "tests"))]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Spoiled(mutant))  # type: ignore[arg-type]
    os.chdir(ROOT)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    signal.alarm(LONGEST_S)
    wanted = [test for test in TESTS[mutant.module] if (ROOT / test.split("::")[0]).exists()]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header"]
    return pytest.main([*options, *wanted]) != pytest.ExitCode.OK


def _in_a_fork(mutant: Mutant) -> tuple[Mutant, bool]:
    child = os.fork()
    if child == 0:
        noticed = True
        try:
            noticed = is_noticed(mutant)
        finally:
            os._exit(1 if noticed else 0)
    _, status = os.waitpid(child, 0)
    return mutant, status != 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--modules", nargs="+", choices=sorted(TESTS), default=sorted(TESTS))
    parser.add_argument("--every", type=int, default=1, help="only every n-th mutant")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")


def run(args: argparse.Namespace) -> dict[str, Any]:
    import hypothesis
    import pytest

    del hypothesis, pytest  # loaded here once, every fork has them
    every = SHORT_EVERY if args.short else args.every
    todo = [mutant for module in args.modules for mutant in mutants(module)][::every]
    with multiprocessing.get_context("fork").Pool(args.workers) as pool:
        for module, failed in pool.imap_unordered(_in_a_fork, [unspoiled(name) for name in args.modules]):
            if failed:  # every mutant would count as noticed
                raise SystemExit(f"the tests of {module.module} fail without any damage")
        verdicts = []
        for mutant, noticed in pool.imap_unordered(_in_a_fork, todo, chunksize=1):
            verdicts.append((mutant, noticed))
            if not noticed:
                print(f"survived {mutant}", flush=True)
            if len(verdicts) % PROGRESS_EVERY == 0:
                print(f"{len(verdicts)} of {len(todo)}", file=sys.stderr, flush=True)
    return judge(verdicts)


def judge(verdicts: list[tuple[Mutant, bool]]) -> dict[str, Any]:
    """Score per module and together."""
    figures: dict[str, Any] = {}
    for module in sorted({mutant.module for mutant, _ in verdicts}):
        own = [noticed for mutant, noticed in verdicts if mutant.module == module]
        figures[f"{module}_mutants"] = len(own)
        figures[f"{module}_noticed"] = sum(own)
        figures[f"{module}_score_pct"] = round(100.0 * sum(own) / len(own), 1)
    noticed = sum(noticed for _, noticed in verdicts)
    missed = 100.0 * (len(verdicts) - noticed) / max(1, len(verdicts))
    figures["mutants"], figures["score_pct"] = len(verdicts), round(100.0 - missed, 1)
    return result("mutation", figures, {"missed_pct": budget(100.0 - LEAST_PCT, round(missed, 1))})
