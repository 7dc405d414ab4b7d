"""A line a minute: bounded, honest about missing values, harmless when the disk is not."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from plc.blocks.core import NS_PER_S, Quality, Reading, Tick
from plc.plant.interface import PlantInputs, PlantOutputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.store import slow_log
from plc.store.slow_log import HEADER, SlowLog
from tests.test_replay import inputs


def scan(number: int) -> tuple[Tick, PlantInputs, PlantOutputs]:
    taken, tick = inputs(number), Tick(number * NS_PER_S // 10, NS_PER_S // 10)
    return tick, taken, Plant(Parameters()).step(taken, tick)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / slow_log.FILE).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_one_line_a_minute_whatever_the_scan_period(tmp_path: Path) -> None:
    log = SlowLog(tmp_path)
    _, taken, outputs = scan(1)
    for number in range(3 * 600 + 1):
        log.scanned(Tick(number * NS_PER_S // 10, NS_PER_S // 10), taken, outputs)
    log.write()
    found = rows(tmp_path)
    assert [row["now_s"] for row in found] == ["0.0", "60.0", "120.0", "180.0"]
    assert tuple(found[0]) == HEADER
    assert float(found[0]["t_oil_degc"]) > 30


def test_a_value_that_is_not_good_is_an_empty_cell(tmp_path: Path) -> None:
    tick, taken, outputs = scan(1)
    bad = replace(taken.image, t_oil_degc=Reading(40.0, Quality.BAD))
    log = SlowLog(tmp_path)
    log.scanned(tick, replace(taken, image=bad, wall=replace(taken.wall, synchronised=False)), outputs)
    log.write()
    row = rows(tmp_path)[0]
    assert row["t_oil_degc"] == ""
    assert row["pv_w"] == ""
    assert row["unix_s"] == "", "an unsynchronised clock gives no time"


def test_it_never_grows_beyond_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_log, "ROTATE_BYTES", 2_000)
    tick, taken, outputs = scan(1)
    log = SlowLog(tmp_path)
    for number in range(100):
        log.scanned(Tick(number * slow_log.EVERY_NS, tick.dt_ns), taken, outputs)
        log.write()
    assert len(list(tmp_path.iterdir())) == 5
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5 * 3_500
    assert rows(tmp_path), "every file has its own header"


def test_a_disk_that_refuses_costs_only_the_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    log = SlowLog(tmp_path / "file")
    log.scanned(*scan(1))
    log.write()
    assert "lines lost" in log.problem
