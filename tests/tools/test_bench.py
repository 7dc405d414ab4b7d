"""The benchmark's own machinery; what it measures is never asserted here."""

from __future__ import annotations

import argparse
import os
from types import SimpleNamespace

import pytest

from tools.bench_parts import logic
from tools.bench_parts.__main__ import cores_used_by_others, in_a_process, parts, run_all
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
    asked = []

    def one(name: str, arguments: object) -> dict[str, object]:
        asked.append((name, tuple(arguments)))  # type: ignore[arg-type]
        if name == "bad":
            raise RuntimeError("not ready after 25 min")
        return result(name, {"x": 1}, {"y": budget(2, 1)})

    known = {"bad": SimpleNamespace(), "good": SimpleNamespace(), "scan": SimpleNamespace(ALL=("--faults",))}
    found = run_all(known, one, busy=lambda: 0.0)  # type: ignore[arg-type]
    assert asked == [("scan", ("--faults",)), ("bad", ()), ("good", ())]
    assert not found["ok"]
    assert not found["budgets"]["bad.broke_off"]["ok"]
    assert found["figures"]["good.x"] == 1
    assert found["budgets"]["good.y"]["ok"]


def test_a_noisy_machine_is_no_result_however_good_the_figures() -> None:
    known = {"good": SimpleNamespace()}
    for cores, ok in ((0.0, True), (1.4, False)):
        found = run_all(
            known,  # type: ignore[arg-type]
            lambda name, _: result(name, {}, {"y": budget(2, 1)}),
            busy=lambda cores=cores: cores,
        )
        assert found["ok"] is ok
        assert found["figures"]["good.cores_used_by_others"] == cores


def test_the_parts_of_the_whole_are_run_and_end_in_processes_of_their_own() -> None:
    found = in_a_process("logic", ["--scans", "50"])
    assert found["figures"]["scans"] == 50
    with pytest.raises(RuntimeError, match="without a result"):
        in_a_process("nothing", [])


def test_who_uses_the_machine_is_a_number_of_cores() -> None:
    assert 0.0 <= cores_used_by_others(0.05) <= (os.cpu_count() or 1)
