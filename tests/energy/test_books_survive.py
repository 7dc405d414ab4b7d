"""What the decisions cost and earned is published, and a restart of the program loses none of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from plc.blocks.core import NS_PER_S, Reading
from plc.plant.interface import EnergyInputs
from plc.plant.plant import Plant
from tests.plant.language import Rig
from tests.plant.rigs import standby_rig

DAY_S = 86_400


def figures(rig: Rig) -> dict[str, float]:
    assert rig.outputs is not None
    return {name: value for name, value in rig.outputs.status.values if value is not None}


def house(rig: Rig, seconds: int) -> None:
    """A house that buys 2 kW, measured every second."""
    for _ in range(seconds):
        good = {
            "pv_w": 0.0, "battery_soc_pct": 10.0, "battery_w": 0.0, "grid_w": 2000.0, "load_w": 2000.0,
        }  # fmt: skip
        rig.energy = EnergyInputs(**{name: Reading.good(value, rig.now_ns) for name, value in good.items()})
        rig.leap(1.0)


@pytest.fixture
def rig() -> Rig:
    found = standby_rig()
    house(found, 90)
    return found


def test_the_bill_of_today_and_of_the_month_is_published(rig: Rig) -> None:
    found = figures(rig)
    spent = 2.0 * 90.0 / 3600.0 * 0.30
    for period in ("day", "month"):
        assert found[f"{period}_cost_with_eur"] == pytest.approx(spent, rel=0.05)
        assert found[f"{period}_cost_without_eur"] == pytest.approx(spent, rel=0.05)
        assert found[f"{period}_mined_eur"] == found[f"{period}_heat_kwh"] == 0.0
    assert found["last_day_cost_with_eur"] == 0.0


def test_a_restart_goes_on_where_the_books_were(rig: Rig) -> None:
    before = figures(rig)["day_cost_with_eur"]
    assert rig.outputs is not None
    rig.plant = Plant(rig.parameters, retained=json.loads(json.dumps(rig.outputs.retain)))
    rig.outputs = None
    rig.leap(1.0)
    assert figures(rig)["day_cost_with_eur"] == pytest.approx(before, abs=0.0005)
    house(rig, 30)
    assert figures(rig)["day_cost_with_eur"] > before + 0.003


def test_yesterday_is_closed_by_the_calendar_even_if_the_program_was_down_at_midnight(rig: Rig) -> None:
    before = figures(rig)["day_cost_with_eur"]
    assert rig.outputs is not None
    rig.plant = Plant(rig.parameters, retained=json.loads(json.dumps(rig.outputs.retain)))
    rig.outputs = None
    rig.wall = replace(rig.wall, unix_s=rig.wall.unix_s + DAY_S)
    rig.leap(2.0)
    found = figures(rig)
    assert found["last_day_cost_with_eur"] == pytest.approx(before, abs=0.001)
    assert found["day_cost_with_eur"] < 0.001
    assert found["month_cost_with_eur"] == pytest.approx(before, abs=0.001)
    assert rig.now_ns > NS_PER_S
