"""The judge of the year, and the pace of its simulation."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from tools.bench_parts import year
from tools.twin.pace import MOVING_S, REST_S, SCAN_S, STEADY_S, Pace


def test_the_pace_follows_the_plant_from_rest_to_steady_heating() -> None:
    loop, pace = year.closed_loop(datetime(2026, 1, 10, tzinfo=UTC), 1.0), Pace()
    seen: dict[str, set[float]] = {}
    while loop.t_s < 2400.0:
        step = pace.next_s(loop)
        seen.setdefault(loop.state, set()).add(step)
        loop.step(step)
        drives = loop.image.rv1_a or loop.image.rv1_b or loop.image.rv2_a or loop.image.rv2_b
        assert not (drives and pace.next_s(loop) > MOVING_S)
    assert REST_S in seen["STANDBY"]
    assert max(seen["PRECIRC"] | seen["RAMP"]) == MOVING_S
    assert SCAN_S in seen["RAMP"], "contactors close here"
    assert STEADY_S in seen["HEAT_BUFFER"]


def test_a_year_is_twelve_months_and_the_short_form_four_seasons() -> None:
    assert sum(days for _, days, _ in year.jobs(None)) == pytest.approx(365.0)
    seasons = [(1, 2.0), (4, 2.0), (7, 2.0), (10, 2.0)]
    assert [(start.month, days) for start, days, _ in year.jobs(2.0)] == seasons


def test_a_single_month_can_be_looked_at_alone() -> None:
    assert [(start.month, start.day, days) for start, days, _ in year.jobs(None, [7])] == [(7, 1, 31.0)]
    assert [(start.month, days, tell) for start, days, tell in year.jobs(1.5, [2, 7], tell=True)] == [
        (2, 1.5, True),
        (7, 1.5, True),
    ]


def test_each_finding_exceeds_its_own_budget() -> None:
    good = year.Piece(days=10.0, residual=1e-9, alarms=Counter({"A-006": 2}))
    hours = [year.Hour(1, 6, True, "")]
    assert year.judge([good], hours, 1.0)["ok"]
    for spoiled, name in (
        (year.Piece(days=10.0, broken="both directions of RV1"), "invariants_broken"),
        (year.Piece(days=10.0, cold_min=61.0), "cold_minutes"),
        (year.Piece(days=10.0, alarms=Counter({"A-006": 11})), "alarms_per_day"),
        (year.Piece(days=10.0, most_closings=9), "closings_in_24_h"),
        (year.Piece(days=10.0, blocked_h_per_day=6.2), "blocked_h_in_24_h"),
        (year.Piece(days=10.0, residual=1e-3), "energy_residual"),
    ):
        budgets = year.judge([spoiled], hours, 1.0)["budgets"]
        assert [key for key, entry in budgets.items() if not entry["ok"]] == [name]
    differs = year.judge([good], [year.Hour(1, 6, False, "RAMP 200 s later")], 1.0)
    assert not differs["budgets"]["seasons_that_differ_at_the_full_rate"]["ok"]


def test_the_same_hour_may_differ_by_seconds_but_not_in_what_happened() -> None:
    full = [(100.0, "STANDBY->PRECIRC"), (120.0, "PRECIRC->RAMP")]
    assert year._difference([(110.0, "STANDBY->PRECIRC"), (135.0, "PRECIRC->RAMP")], full) == ""
    assert "RAMP->FAULT" in year._difference([(100.0, "STANDBY->PRECIRC"), (120.0, "RAMP->FAULT")], full)
    assert "at 300 s" in year._difference([(300.0, "STANDBY->PRECIRC")], full)
    assert "0 transitions" in year._difference([], full)
