"""`tools/bench PART`: runs one part, prints its figures and budgets.

A part is a module here with `run(args) -> result`: `name`, `machine`, `figures` (name -> number), `budgets`
(name -> limit, value, ok) and `ok`. With --json that object is the last line; the exit status is 0 only if
`ok`. A part may offer `add_arguments(parser)`; `args.short` asks for its short form, and `ALL` names the
arguments that it gets as a part of `all`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import time
from types import ModuleType
from typing import Any

import tools.bench_parts
from tools.bench_parts.result import budget, result

TITLE = 44
ALL_MINUTES = 30.0


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


def run_all(known: dict[str, ModuleType]) -> dict[str, Any]:
    """Each part in its short form; the names of figures and budgets get the part in front."""
    figures: dict[str, Any] = {}
    budgets: dict[str, Any] = {}
    for name, module in known.items():
        parser = argparse.ArgumentParser()
        if hasattr(module, "add_arguments"):
            module.add_arguments(parser)
        wanted = parser.parse_args(getattr(module, "ALL", ()))
        began = time.monotonic()
        try:
            found = module.run(argparse.Namespace(short=True, **vars(wanted)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the other parts are still worth knowing
            print(f"{name} broke off: {type(error).__name__}: {error}", file=sys.stderr)
            found = result(name, {}, {"broke_off": budget(0, 1)})
        show(found)
        figures[f"{name}.wall_minutes"] = round((time.monotonic() - began) / 60.0, 2)
        figures |= {f"{name}.{key}": value for key, value in found["figures"].items()}
        budgets |= {f"{name}.{key}": value for key, value in found["budgets"].items()}
    minutes = sum(value for name, value in figures.items() if name.endswith(".wall_minutes"))
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
