"""One year of every rule in every price world, against perfect foresight with the same actuators.

    tools/bench economics                                  the committed table (all worlds)
    tools/bench economics --worlds dyn-3.5-35 --no-tuned   one world
    tools/bench economics --weeks dyn-3.5-35               three weeks in full detail, with the real plant

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
PLAN_S, PLAN_MB = 1.0, 150.0
DAYS = 365
LIMITS = (("starts of a miner", "starts_per_miner", 8.0), ("blocks", "blocks", 6.0))
"""What plant and relay allow on one day."""

OUR_RULES = ("marginal", "plan, perfect", "plan, noisy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--worlds", nargs="*", default=None, help="names; default: all")
    parser.add_argument("--out", type=Path, default=OUT, help="where table, JSON and plots go")
    parser.add_argument("--csv", default=None, help="real series in place of the synthetic year")
    parser.add_argument("--no-tuned", action="store_true", help="leave out the tuned peers")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at the same time")
    parser.add_argument("--weeks", metavar="WORLD", help="three weeks of it in full detail instead")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Runs, writes table, JSON and plots, and judges."""
    from tools.bench_parts.economics import plan_cost, report, runner
    from tools.bench_parts.economics.worlds import WORLDS

    if args.weeks:
        return _weeks(args)
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
    return judged(worlds, plan_cost.measure(), short=args.short)


def _weeks(args: argparse.Namespace) -> dict[str, Any]:
    from tools.bench_parts.economics import twin_weeks

    found = twin_weeks.compare(args.weeks)
    table = twin_weeks.table(found)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"weeks-{args.weeks}.md").write_text(f"Machine: {machine()}\n\n{table}\n", encoding="utf-8")
    if not getattr(args, "json", False):
        print(table)
    figures: dict[str, float] = {}
    budgets: dict[str, Any] = {}
    for season, rules in found.items():
        for rule, both in rules.items():
            figures[f"{season}: {rule}, EUR in detail"] = both["twin"].eur
            figures[f"{season}: {rule}, EUR in quarter hours"] = both["model"].eur
            budgets[f"{season}: {rule}, difference of the bill"] = budget(
                twin_weeks.SAME_WITHIN, twin_weeks.deviation(rules, rule)
            )
    return result("economics-weeks", figures, budgets)


def judged(
    worlds: dict[str, Any], plan_cost: tuple[float, float] | None = None, *, short: bool = False
) -> dict[str, Any]:
    """Figures, and the budgets of the design. A short run has no year to judge."""
    from tools.bench_parts.economics.report import capture

    figures: dict[str, float] = {}
    budgets: dict[str, Any] = {}
    if plan_cost is not None:
        budgets["plan for 48 h, s of processor time"] = budget(PLAN_S, plan_cost[0])
        budgets["planner's process, MB at most"] = budget(PLAN_MB, plan_cost[1])
    for name, world in worlds.items():
        rows = world["rows"]
        for rule in (*OUR_RULES, "PF-same", "PF without miners"):
            figures[f"{name}: {rule}, EUR against none"] = rows[rule]["against_none_eur"]
        unmet = max(rows[rule]["unmet_kwh"] for rule in OUR_RULES)
        budgets[f"{name}: unmet heat, kWh"] = budget(0.0, unmet)
        for limit, key, most in LIMITS:
            a_day = max(rows[rule][key] for rule in OUR_RULES) / DAYS
            if not short:
                budgets[f"{name}: {limit} a day, mean of the year"] = budget(most, a_day)
        budgets[f"{name}: marginal against none, EUR"] = budget(5.0, rows["marginal"]["against_none_eur"])
        if short or -rows["PF-same"]["against_none_eur"] <= WORTH_EUR:
            continue
        for rule, least in (("plan, perfect", 0.90), ("plan, noisy", 0.65)):
            lost = 1.0 - (capture(world, rule) or 0.0)
            budgets[f"{name}: lost of PF-same by {rule}"] = budget(1.0 - least, lost)
    return result("economics", figures, budgets)
