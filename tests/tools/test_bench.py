"""The benchmark's own machinery; what it measures is never asserted here."""

from __future__ import annotations

import argparse
from types import SimpleNamespace

from tools.bench_parts import logic
from tools.bench_parts.__main__ import parts, run_all
from tools.bench_parts.result import budget, percentile, result


def test_every_part_says_what_it_measures() -> None:
    found = parts()
    assert {"bus", "crash", "logic", "scan", "soak", "year"} <= found.keys()
    assert "surroundings" not in found
    assert all((module.__doc__ or "").strip() for module in found.values())


def test_a_result_is_ok_only_within_all_budgets() -> None:
    inside, outside = budget(10, 10), budget(10, 10.1)
    assert result("x", {}, {"a": inside})["ok"]
    assert not result("x", {}, {"a": inside, "b": outside})["ok"]


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0


def test_the_logic_part_measures_a_plant_that_works() -> None:
    found = logic.run(argparse.Namespace(short=True, scans=200))
    assert found["name"] == "logic"
    assert found["figures"]["scans"] == 200
    assert found["figures"]["records_dropped"] == 0
    assert set(found["budgets"]) == {"median_us", "p99_us"}


def test_a_part_that_breaks_off_does_not_take_the_others_with_it() -> None:
    def breaks(args: argparse.Namespace) -> dict[str, object]:
        assert args.short
        raise SystemExit("the controller did not start")

    def measures(args: argparse.Namespace) -> dict[str, object]:
        return result("good", {"x": 1}, {"y": budget(2, 1)})

    parts_then = {"bad": SimpleNamespace(run=breaks), "good": SimpleNamespace(run=measures)}
    found = run_all(parts_then)  # type: ignore[arg-type]
    assert not found["ok"]
    assert not found["budgets"]["bad.broke_off"]["ok"]
    assert found["figures"]["good.x"] == 1
    assert found["budgets"]["good.y"]["ok"]
