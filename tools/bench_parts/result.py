"""The one form in which every part of the benchmark answers."""

from __future__ import annotations

import os
import platform
from typing import Any


def machine() -> str:
    """What the figures were measured on; a figure without it means nothing."""
    python = platform.python_version()
    return f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {python}"


def budget(limit: float, value: float) -> dict[str, Any]:
    """One budget: a value that must not be above its limit."""
    return {"limit": limit, "value": value, "ok": value <= limit}


def result(name: str, figures: dict[str, Any], budgets: dict[str, Any]) -> dict[str, Any]:
    """The object that a part returns."""
    return {
        "name": name,
        "machine": machine(),
        "figures": figures,
        "budgets": budgets,
        "ok": all(entry["ok"] for entry in budgets.values()),
    }


def percentile(ordered: list[float], share: float) -> float:
    """The value below which this share of a sorted, non-empty list lies."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
