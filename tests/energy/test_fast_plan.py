"""The vectorised plan of the benchmark is the plan of the controller."""

from __future__ import annotations

import pytest

from plc.energy import plan
from tests.energy.problems import random_problem

np = pytest.importorskip("numpy")

from tools.bench_parts.economics import fast_plan  # noqa: E402 - needs numpy


def test_both_plans_agree_on_200_random_questions() -> None:
    worst = 0.0
    for seed in range(200):
        problem = random_problem(seed, quarters=3)
        heat, charge = (np.array(levels) for levels in plan.grids(problem.plant))
        ways = fast_plan.AT_WILL if problem.phases == 2 else fast_plan.ALWAYS_FREE
        solver = fast_plan.Solver(problem.plant, problem.levels, heat, charge, ways)
        after = fast_plan.end(
            solver,
            np.array([problem.end_heat_eur]),
            np.array([problem.end_heat_kwh]),
            np.array([problem.end_charge_eur]),
        )
        kept = fast_plan.solve(solver, fast_plan.Batch.of([problem.quarters]), after, plan.HANDED_OVER)
        own = plan.solve(problem)
        assert len(kept) == len(own)
        for mine, theirs in zip(own, kept, strict=True):
            worst = max(worst, float(np.abs(np.array(mine) - fast_plan.planes(theirs)[0]).max()))
    assert worst < 1e-9


def test_horizons_in_one_batch_do_not_touch_each_other() -> None:
    problems = [
        random_problem(3, quarters=4)._replace(quarters=random_problem(n, 4).quarters) for n in (3, 4, 5)
    ]
    plant = problems[0].plant
    heat, charge = (np.array(levels) for levels in plan.grids(plant))
    solver = fast_plan.Solver(plant, problems[0].levels, heat, charge, fast_plan.AT_WILL)
    usual = [
        np.array([getattr(p, n) for p in problems])
        for n in ("end_heat_eur", "end_heat_kwh", "end_charge_eur")
    ]
    after = fast_plan.end(solver, *usual)
    together = fast_plan.solve(solver, fast_plan.Batch.of([p.quarters for p in problems]), after, 2)
    for index, problem in enumerate(problems):
        alone = plan.solve(problem, keep=2)
        assert np.allclose(fast_plan.planes(together[0])[index], np.array(alone[0]), atol=1e-9)
