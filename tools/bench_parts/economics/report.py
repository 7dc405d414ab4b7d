"""The table, the JSON and the plots of the economics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MONTHS = "JFMAMJJASOND"
SHOWN = ("none", "surplus", "marginal", "plan, noisy", "PF-same")


def table(worlds: dict[str, Any]) -> str:
    """Cost against `none` in EUR per year, negative is better, as Markdown."""
    names = list(worlds)
    rules = list(next(iter(worlds.values()))["rows"])
    lines = ["| Rule | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for rule in rules:
        if rule == "none":
            cells = [f"({worlds[name]['none_eur']:.0f})" for name in names]
        else:
            cells = [f"{worlds[name]['rows'][rule]['against_none_eur']:+.0f}" for name in names]
        lines.append(f"| {rule} | " + " | ".join(cells) + " |")
    for rule in ("marginal", "plan, perfect", "plan, noisy"):
        cells = [_percent(capture(worlds[name], rule)) for name in names]
        lines.append(f"| captured of PF-same: {rule} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def details(world: dict[str, Any]) -> str:
    """Energy, starts and blocks of the rules of one world."""
    columns = (
        ("against_none_eur", "EUR"), ("starts_per_miner", "starts"), ("miner_kwh", "kWh"),
        ("from_pv_kwh", "PV"), ("from_battery_kwh", "battery"), ("from_grid_kwh", "grid"),
        ("heat_used_kwh", "heat used"),
        ("dumped_kwh", "dumped"), ("blocks", "blocks"), ("blocked_h", "blocked h"), ("shell", "shell"),
        ("unmet_kwh", "unmet"),
    )  # fmt: skip
    lines = [
        "| Rule | " + " | ".join(title for _, title in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for rule, row in world["rows"].items():
        lines.append(f"| {rule} | " + " | ".join(f"{row[key]:.0f}" for key, _ in columns) + " |")
    return "\n".join(lines)


def capture(world: dict[str, Any], rule: str) -> float | None:
    """Share of what PF-same gains over none; None where it gains nothing worth a share."""
    best = -world["rows"]["PF-same"]["against_none_eur"]
    return -world["rows"][rule]["against_none_eur"] / best if best > 1.0 else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100.0 * share:.0f} %"


def write(folder: Path, worlds: dict[str, Any], machine: str) -> None:
    """table.md, result.json, months.png, week.png."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [f"Machine: {machine}", "", table(worlds)]
    for name, world in worlds.items():
        parts += ["", f"## {name}: {world['text']}", "", details(world)]
    (folder / "table.md").write_text("\n".join(parts) + "\n", encoding="utf-8")
    rounded = json.loads(json.dumps(worlds), parse_float=lambda text: round(float(text), 3))
    for world in rounded.values():
        for row in world["rows"].values():
            row.pop("week", None)
    (folder / "result.json").write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    plots(folder, worlds)


def plots(folder: Path, worlds: dict[str, Any]) -> None:
    """Cost per month of some rules, and one week of our rule in detail."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(worlds), 1, figsize=(9, 2.4 * len(worlds)), squeeze=False)
    for axis, (name, world) in zip(axes[:, 0], worlds.items(), strict=True):
        for index, rule in enumerate(SHOWN):
            months = world["rows"][rule]["months_eur"]
            axis.bar([m + 0.16 * index for m in range(12)], months, width=0.16, label=rule)
        axis.set_title(f"{name}: {world['text']}", fontsize=8)
        axis.set_xticks(range(12), MONTHS)
        axis.set_ylabel("EUR per month", fontsize=8)
    axes[0, 0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(folder / "months.png", dpi=70)
    plt.close(figure)
    name = next((n for n in worlds if n.startswith("dyn-3.5")), next(iter(worlds)))
    _week(folder, plt, worlds[name], name)


def _week(folder: Path, plt: Any, world: dict[str, Any], name: str) -> None:
    figure, axes = plt.subplots(4, 1, figsize=(10, 9), sharex=True)
    for rule, style in (("marginal", "--"), ("plan, noisy", "-")):
        week = world["rows"].get(rule, {}).get("week")
        if not week:
            plt.close(figure)
            return
        hours = [n / 4.0 for n in range(len(week))]
        columns = list(zip(*week, strict=True))
        axes[1].plot(hours, columns[2], style, label=f"miners, {rule}")
        axes[2].plot(hours, columns[4], style, label=f"heat, {rule}")
        axes[2].plot(hours, columns[5], style, alpha=0.5, label=f"charge, {rule}")
        if style == "-":
            axes[0].plot(hours, columns[0], label="sun")
            axes[0].plot(hours, columns[1], label="house")
            axes[3].plot(hours, [100.0 * v for v in columns[6]], label="import ct/kWh")
            axes[3].fill_between(
                hours, 0, [10.0 * v for v in columns[7]], alpha=0.4, label="heat pump held back"
            )
    for axis, unit in zip(axes, ("kW", "kW", "kWh", "ct"), strict=True):
        axis.set_ylabel(unit)
        axis.legend(fontsize=7)
    axes[0].set_title(f"{name}: a week in March")
    figure.tight_layout()
    figure.savefig(folder / "week.png", dpi=70)
    plt.close(figure)
