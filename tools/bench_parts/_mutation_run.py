"""Runs tests on damaged modules, each in a fork of its own.

Two ways to put a damage in. Inside a function: pytest has collected the tests once, the fork gives the
living functions their spoiled code and runs the tests that reach the line, quickest first; that takes
milliseconds. In a table, which is built while its module is imported: the fork forgets the program, puts
the spoiled module in front of the import of the real one, and lets pytest begin anew.

Which test reaches which line is found by running every test once, alone, under a tracer.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.bench_parts._mutants import ROOT, Mutant, Source, path_of

OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--tb=no")
SLOWER = 4.0
LEAST_LIMIT_S = 3.0
"""A damaged test may take SLOWER times as long as it took while it was traced; then it counts as noticed."""

IMPORT_LIMIT_S = 60
CO_OPTIMIZED = 1
TOO_LONG = "did not come to an end"
SAME = "the same code"
NOT_LOADED = "not loaded"


def each(
    tasks: Iterable[Any], jobs: int, do: Callable[[Any], str], done: Callable[[Any, str | None], None]
) -> None:
    """Does every task in a fork; `done` gets its answer, or None when the fork died of a limit."""
    with tempfile.TemporaryDirectory(prefix="thermiq-mutation-") as folder:
        running: dict[int, Any] = {}

        def collect() -> None:
            child, _ = os.wait()
            answer = Path(folder, str(child))
            done(running.pop(child), answer.read_text(encoding="utf-8") if answer.exists() else None)
            answer.unlink(missing_ok=True)

        for task in tasks:
            if len(running) >= jobs:
                collect()
            child = os.fork()
            if child == 0:
                _in_child(lambda task=task: do(task), folder)
            running[child] = task
        while running:
            collect()


def _in_child(do: Callable[[], str], folder: str) -> None:
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        answer = do()
        part = Path(folder, f"{os.getpid()}.part")
        part.write_text(answer, encoding="utf-8")
        part.rename(Path(folder, str(os.getpid())))
    finally:
        os._exit(0)


def with_tests(files: list[str], work: Callable[[list[Any]], None]) -> None:
    """Collects the tests of these files in a fork and calls `work` there with them."""

    class Loop:
        def pytest_runtestloop(self, session: Any) -> bool:
            work(session.items)
            return True

    child = os.fork()
    if child == 0:
        status = 1
        try:
            import pytest

            quiet_hypothesis()
            out = os.dup(1)
            with open(os.devnull, "w") as null:
                os.dup2(null.fileno(), 1)
                os.chdir(ROOT)
                status = int(pytest.main([*OPTIONS, "-s", *files], plugins=[Loop()]))
            os.dup2(out, 1)
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise SystemExit(f"the tests of {' '.join(files)} cannot be collected, or the run broke off")


def quiet_hypothesis() -> None:
    """The same examples every time, no data base, and no search for the smallest counter-example."""
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")


# which test reaches which line


def trace(item: Any, longest_s: float) -> str:
    """Runs one test under a tracer: {"passed", "cpu_s", "lines": {module: [line]}} as text."""
    modules = {
        str(path): f"{path.parent.name}/{path.stem}"
        for folder in ("blocks", "plant")
        for path in (ROOT / "plc" / folder).glob("*.py")
    }
    seen: dict[str, set[int]] = {name: set() for name in modules}
    left: dict[int, tuple[types.CodeType, set[int]]] = {}

    def local(frame: Any, event: str, _: object) -> Any:
        if event == "line":
            line = frame.f_lineno
            seen[frame.f_code.co_filename].add(line)
            left[id(frame.f_code)][1].discard(line)
        return local

    def call(frame: Any, *_: object) -> Any:
        code = frame.f_code
        if code.co_filename not in seen:
            return None
        if id(code) not in left:
            left[id(code)] = (code, {line for *_, line in code.co_lines() if line})
        return local if left[id(code)][1] else None

    signal.setitimer(signal.ITIMER_VIRTUAL, longest_s)
    began_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    sys.settrace(call)
    failed = _run(item, None)
    sys.settrace(None)
    cpu_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime - began_s
    lines = {modules[name]: sorted(numbers) for name, numbers in seen.items() if numbers}
    return json.dumps({"passed": not failed, "cpu_s": round(cpu_s, 3), "lines": lines})


def _run(item: Any, following: Any) -> bool:
    """Runs one collected test; True when it failed."""
    from _pytest.runner import runtestprotocol

    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


# damage inside a function


def outer_functions(code: types.CodeType) -> Iterator[types.CodeType]:
    """The functions of a module and of its classes, without those inside other functions."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_flags & CO_OPTIMIZED:
                yield constant
            else:
                yield from outer_functions(constant)


def _identity(code: types.CodeType) -> tuple[Any, ...]:
    return (code.co_filename, code.co_qualname, code.co_firstlineno, tuple(code.co_positions()))


class Living:
    """The functions that are loaded, to be given other code."""

    def __init__(self) -> None:
        self._functions: dict[tuple[Any, ...], list[types.FunctionType]] = {}
        program = str(ROOT / "plc")
        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and thing.__code__.co_filename.startswith(program):
                self._functions.setdefault(_identity(thing.__code__), []).append(thing)
        gc.freeze()  # not before: frozen objects are not listed. A fork that collects copies no page of them

    def spoil(self, source: Source, mutant: Mutant) -> str:
        """Puts the damage in; says why when that is not possible: SAME or NOT_LOADED."""
        before, after = outer_functions(source.whole()), outer_functions(source.spoiled(mutant.number))
        differing = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        if not differing:
            return SAME
        changed = False
        for old, new in differing:
            for function in self._functions.get(_identity(old), ()):
                function.__code__ = new
                changed = True
        return "" if changed else NOT_LOADED


def notice(living: Living, source: Source, mutant: Mutant, tests: list[tuple[Any, float]]) -> str:
    """The name of the first of these (test, seconds) that fails on the damage, "" when none does."""
    if refused := living.spoil(source, mutant):
        return refused
    for index, (item, cpu_s) in enumerate(tests):
        signal.setitimer(signal.ITIMER_VIRTUAL, max(LEAST_LIMIT_S, SLOWER * cpu_s))
        following = tests[index + 1][0] if index + 1 < len(tests) else None
        if _run(item, following):
            return str(item.nodeid)
    return ""


# damage in a table


class _Spoiled:
    """Finder and loader that answers for one module with the code of a mutant."""

    def __init__(self, mutant: Mutant, code: types.CodeType) -> None:
        self._name = "plc." + mutant.module.replace("/", ".")
        self._path = str(path_of(mutant.module))
        self._code = code

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        import importlib.machinery

        del path, target
        if name != self._name:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=self._path)  # type: ignore[arg-type]

    def create_module(self, spec: object) -> None:
        del spec

    def exec_module(self, module: types.ModuleType) -> None:
        module.__file__ = self._path
        exec(self._code, module.__dict__)


def notice_anew(mutant: Mutant, code: types.CodeType, files: list[str]) -> str:
    """Like `notice`, with a fresh import of the program and of the tests."""
    import pytest

    for name in [name for name in sys.modules if name == "plc" or name.startswith(("plc.", "tests"))]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Spoiled(mutant, code))  # type: ignore[arg-type]
    os.chdir(ROOT)
    quiet_hypothesis()
    signal.setitimer(signal.ITIMER_VIRTUAL, IMPORT_LIMIT_S)
    failed: list[str] = []

    class First:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failed.append(report.nodeid)

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                failed.append(f"{report.nodeid} (import)")

    for file in files:  # one after the other: the quick judge needs no plant to be imported
        status = pytest.main([*OPTIONS, file], plugins=[First()])
        if status != pytest.ExitCode.OK:
            return failed[0] if failed else f"{file} ended with {int(status)}"
    return ""
