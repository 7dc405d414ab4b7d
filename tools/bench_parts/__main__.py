"""`tools/bench PART`: runs one part, prints its figures and budgets.

A part is a module here with `run(args) -> result`: `name`, `machine`, `figures` (name -> number), `budgets`
(name -> limit, value, ok) and `ok`. With --json that object is the last line; the exit status is 0 only if
`ok`. A part may offer `add_arguments(parser)`; `args.short` asks for its short form, and `ALL` names the
arguments that it gets as a part of `all`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import tools.bench_parts
from tools.bench_parts.result import budget, result

TITLE = 44
ALL_MINUTES = 30.0
LONGEST_PART_S = 1500.0

FIRST = ("scan", "crash", "logic", "bus", "plan", "soak")
"""What measures time comes before what only computes: a warm machine is another machine."""

PROBE_S = 1.5
NOISY_CORES = 0.2
"""Others may use so much when a part begins. More, and a figure of time says something about them: the run is
no result then, whatever the figures are."""


def parts() -> dict[str, ModuleType]:
    """Every module of this folder that can run, by name."""
    found = {}
    for info in sorted(pkgutil.iter_modules(tools.bench_parts.__path__), key=lambda info: info.name):
        if info.name.startswith("_") or info.name == "usual_program":
            continue
        module = importlib.import_module(f"tools.bench_parts.{info.name}")
        if hasattr(module, "run"):
            found[info.name] = module
    return found


def arguments(known: dict[str, ModuleType]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/bench", description="Measures against the budgets.")
    commands = parser.add_subparsers(dest="part", required=True, metavar="PART")
    for name, module in [*known.items(), ("all", None)]:
        text = (module.__doc__ or "").strip().splitlines()[0] if module else "the short form of every part"
        part = commands.add_parser(name, help=text, description=text)
        part.add_argument("--json", action="store_true", help="one object as the last line")
        part.add_argument("--short", action="store_true", help="less time, less certainty")
        if module is not None and hasattr(module, "add_arguments"):
            module.add_arguments(part)
    return parser.parse_args()


def show(found: dict[str, Any]) -> None:
    print(f"{found['name']} on {found['machine']}")
    for name, value in found["figures"].items():
        print(f"  {name:{TITLE}} {value:>14,.6g}")
    for name, entry in found["budgets"].items():
        verdict = "ok" if entry["ok"] else "EXCEEDED"
        print(f"  budget {name:{TITLE - 7}} {entry['value']:>14,.6g}  limit {entry['limit']:,.6g}  {verdict}")


def cores_used_by_others(seconds: float = PROBE_S) -> float:
    """How many cores work while this program sleeps: other programs, and other machines on the same host."""
    before = _ticks()
    time.sleep(seconds)
    busy, everything = (late - early for late, early in zip(_ticks(), before, strict=True))
    return round((os.cpu_count() or 1) * busy / max(1, everything), 2)


def _ticks() -> tuple[int, int]:
    """Ticks of all cores together so far: at work or stolen by the host, and all."""
    user, nice, system, idle, waiting, *others = map(int, Path("/proc/stat").read_text().split()[1:9])
    busy = user + nice + system + sum(others)
    return busy, busy + idle + waiting


def in_a_process(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """One part in a process group of its own, so that a part that crashes or hangs costs only itself.

    Raises RuntimeError when it ends without a result.
    """
    command = [sys.executable, "-m", "tools.bench_parts", name, "--short", "--json", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        said, _ = process.communicate(timeout=LONGEST_PART_S)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"not ready after {LONGEST_PART_S / 60.0:.0f} min") from None
    finally:
        with contextlib.suppress(ProcessLookupError):  # whatever it has started and left behind
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    lines = said.strip().splitlines()
    try:
        found: dict[str, Any] = json.loads(lines[-1])
        return {key: found[key] for key in ("name", "machine", "figures", "budgets", "ok")}
    except (IndexError, ValueError, KeyError, TypeError):
        raise RuntimeError(f"ended with {process.returncode} and without a result") from None


def run_all(
    known: Mapping[str, ModuleType],
    one: Callable[[str, Sequence[str]], dict[str, Any]] = in_a_process,
    busy: Callable[[], float] = cores_used_by_others,
) -> dict[str, Any]:
    """Each part in its short form; the names of figures and budgets get the part in front."""
    figures: dict[str, Any] = {}
    budgets: dict[str, Any] = {}
    minutes = noise = 0.0
    for name in sorted(known, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name)):
        others = busy()
        began = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            found = one(name, getattr(known[name], "ALL", ()))
        except (OSError, RuntimeError) as error:  # the other parts are still worth knowing
            print(f"{name} broke off: {error}", file=sys.stderr, flush=True)
            found = result(name, {}, {"broke_off": budget(0, 1)})
        took = (time.monotonic() - began) / 60.0
        minutes, noise = minutes + took, max(noise, others)
        show(found)
        figures |= {f"{name}.wall_minutes": round(took, 2), f"{name}.cores_used_by_others": others}
        figures |= {f"{name}.{key}": value for key, value in found["figures"].items()}
        budgets |= {f"{name}.{key}": value for key, value in found["budgets"].items()}
        sys.stdout.flush()
    budgets["machine_too_noisy_cores_used_by_others"] = budget(NOISY_CORES, noise)
    budgets["wall_minutes"] = budget(ALL_MINUTES, round(minutes, 2))
    return result("all", figures, budgets)


def main() -> int:
    known = parts()
    args = arguments(known)
    found = run_all(known) if args.part == "all" else known[args.part].run(args)
    if args.json:
        print(json.dumps(found))
    elif args.part != "all":
        show(found)
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
