"""The committed year of the benchmark: its aims, and the page that quotes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.bench_parts.economics import judged, report
from tools.bench_parts.economics.worlds import WORLDS

DOCS = Path(__file__).resolve().parents[2] / "docs/explanation"


@pytest.fixture(scope="module")
def worlds() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "economics-results/result.json").read_text(encoding="utf-8"))
    return found


def test_every_world_is_in_it(worlds: dict[str, Any]) -> None:
    assert list(worlds) == [world.name for world in WORLDS]


def test_it_keeps_the_aims(worlds: dict[str, Any]) -> None:
    """No loss against doing nothing, nine tenths of perfect foresight, no unmet heat, starts and blocks."""
    budgets = judged(worlds)["budgets"]
    assert len([name for name in budgets if "lost of PF-same" in name]) >= 16
    assert {name: entry for name, entry in budgets.items() if not entry["ok"]} == {}


def test_the_page_shows_the_table_as_it_was_computed(worlds: dict[str, Any]) -> None:
    assert report.table(worlds) in (DOCS / "economics.md").read_text(encoding="utf-8")
