"""One year of every rule in every price world, against perfect foresight with the same actuators.

    tools/bench economics                    the committed table (all worlds)
    tools/bench economics --worlds dyn-3.5-35 --no-tuned

Method and reading: docs/explanation/economics.md. Needs numpy and matplotlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tools.bench_parts.result import budget, machine, result

OUT = Path("build/economics")
SHORT_QUARTERS = 96 * 45
WORTH_EUR = 50.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--worlds", nargs="*", default=None, help="names; default: all")
    parser.add_argument("--out", type=Path, default=OUT, help="where table, JSON and plots go")
    parser.add_argument("--csv", default=None, help="real series in place of the synthetic year")
    parser.add_argument("--no-tuned", action="store_true", help="leave out the tuned peers")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at the same time")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Runs, writes table, JSON and plots, and judges."""
    from tools.bench_parts.economics import report, runner
    from tools.bench_parts.economics.worlds import WORLDS

    names = args.worlds or [world.name for world in WORLDS]
    quarters = None
    if args.short:
        names, quarters = (args.worlds or ["dyn-3.5-35"]), SHORT_QUARTERS
    worlds = runner.all_worlds(
        names,
        csv=args.csv,
        tuned=not (args.no_tuned or args.short),
        quarters=quarters,
        jobs=args.jobs,
        done=lambda found: report.write(args.out, found, machine()),
    )
    report.write(args.out, worlds, machine())
    if not getattr(args, "json", False):
        print(report.table(worlds))
    return judged(worlds, short=args.short)


def judged(worlds: dict[str, Any], *, short: bool = False) -> dict[str, Any]:
    """Figures, and the budgets of the design. A short run has no year to judge."""
    from tools.bench_parts.economics.report import capture

    figures: dict[str, float] = {}
    budgets: dict[str, Any] = {}
    for name, world in worlds.items():
        rows = world["rows"]
        for rule in ("marginal", "plan, perfect", "plan, noisy", "PF-same", "PF without miners"):
            figures[f"{name}: {rule}, EUR against none"] = rows[rule]["against_none_eur"]
        unmet = max(rows[rule]["unmet_kwh"] for rule in ("marginal", "plan, perfect", "plan, noisy"))
        budgets[f"{name}: unmet heat, kWh"] = budget(0.0, unmet)
        budgets[f"{name}: marginal against none, EUR"] = budget(5.0, rows["marginal"]["against_none_eur"])
        if short or -rows["PF-same"]["against_none_eur"] <= WORTH_EUR:
            continue
        for rule, least in (("plan, perfect", 0.90), ("plan, noisy", 0.65)):
            lost = 1.0 - (capture(world, rule) or 0.0)
            budgets[f"{name}: lost of PF-same by {rule}"] = budget(1.0 - least, lost)
    return result("economics", figures, budgets)
