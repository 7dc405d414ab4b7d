"""Budgets in sliding windows: exact, bounded, wrong only on the side of using less."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from plc.blocks.budget import EventBudget, StartsPerHour, WindowBudget
from plc.blocks.core import NS_PER_S, ns
from tests.blocks.ticks import Clock


def test_window_budget_counts_and_forgets_exactly() -> None:
    clock, budget = Clock(scan_ms=1000), WindowBudget(100.0, 30.0)
    budget.step(clock.tick(), active=True)
    assert clock.run(budget, 29, active=True) is True
    assert budget.step(clock.tick(), active=False) is False  # 30 s used
    assert budget.left_ns == 0
    clock.run(budget, 70, active=False)
    assert budget.used_ns == ns(30.0)  # the first second is exactly 100 s old now
    budget.step(clock.tick(), active=False)
    assert budget.used_ns == ns(29.0)
    assert budget.ok
    clock.run(budget, 29, active=False)
    assert budget.used_ns == 0


def test_window_budget_over_a_day_remembers_intervals_not_scans() -> None:
    clock, budget = Clock(scan_ms=20_000), WindowBudget(86_400.0, 21_600.0)
    for _ in range(12):
        clock.run(budget, 7200, active=True)
        clock.run(budget, 7200, active=False)
    assert len(budget.state()["_edges_ns"]) <= 14
    assert budget.used_ns == ns(12 * 3600.0)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30)), min_size=1, max_size=150), st.integers(1, 200))
def test_window_budget_agrees_with_a_record_of_every_second(
    pattern: list[tuple[bool, int]], window_s: int
) -> None:
    clock, budget = Clock(), WindowBudget(float(window_s), 1e6)
    seconds: list[bool] = []
    was_active = False
    for active, dt_s in pattern:
        budget.step(clock.tick(dt_s * 1000), active=active)
        seconds += [was_active] * dt_s
        was_active = active
        assert budget.used_ns == seconds[-window_s:].count(True) * NS_PER_S


def test_window_budget_is_bounded_and_errs_on_the_side_of_using_less() -> None:
    clock, budget = Clock(scan_ms=1000), WindowBudget(86_400.0, 21_600.0)
    for _ in range(5000):  # active every other second: 5000 intervals
        budget.step(clock.tick(), active=True)
        budget.step(clock.tick(), active=False)
    assert len(budget.state()["_edges_ns"]) <= 2 * WindowBudget.MAX_INTERVALS
    assert budget.used_ns == ns(5000.0)
    clock.run(budget, 86_400 - 5000, active=False)  # half of them are out of the window by now or soon
    assert budget.used_ns >= ns(2500.0)
    clock.run(budget, 86_400, active=False)
    assert budget.used_ns == 0


def test_event_budget_frees_a_place_exactly_one_window_after_the_event() -> None:
    clock, budget = Clock(scan_ms=1000), EventBudget(10.0, 2)
    assert budget.step(clock.tick(), event=True) is True
    assert budget.step(clock.tick(), event=True) is False
    assert budget.wait_ns == ns(9.0)
    assert clock.run(budget, 8, event=False) is False
    assert budget.step(clock.tick(), event=False) is True
    assert (budget.count, budget.wait_ns) == (1, 0)


def test_events_beyond_the_limit_push_out_the_oldest() -> None:
    clock, budget = Clock(scan_ms=1000), EventBudget(10.0, 2)
    for _ in range(50):
        budget.step(clock.tick(), event=True)
    assert budget.count == 2
    assert clock.run(budget, 8, event=False) is False
    assert budget.step(clock.tick(), event=False) is True


def test_a_budget_of_nothing_allows_nothing() -> None:
    clock, events, time = Clock(), EventBudget(10.0, 0), WindowBudget(10.0, 0.0)
    assert events.step(clock.tick(), event=True) is False
    assert time.step(clock.tick(), active=False) is False
    assert events.wait_ns == ns(10.0)


def test_starts_per_hour_is_a_window_of_an_hour() -> None:
    clock, starts = Clock(scan_ms=1000), StartsPerHour(1)
    starts.step(clock.tick(), event=True)
    assert clock.run(starts, 3599, event=False) is False
    assert starts.step(clock.tick(), event=False) is True
