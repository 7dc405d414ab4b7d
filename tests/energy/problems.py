"""Questions for a plan: random ones that cover every branch, and a plain winter day."""

from __future__ import annotations

import random

from plc.energy.plan_problem import Level, Plant, Problem, Quarter

LEVELS = (
    Level(0.0, 0.0, 0),
    Level(1.2, 0.057, 1),
    Level(2.4, 0.114, 2),
    Level(4.4, 0.185, 2),
    Level(6.4, 0.228, 2),
)
USUAL = Plant(
    e_max_kwh=29.0,
    loss=0.0006,
    into_buffer=0.95,
    recool=False,
    fan_kw=0.25,
    boiler_eur=None,
    s_min_kwh=1.0,
    s_max_kwh=10.0,
    battery_kw=5.0,
    one_way=0.95,
    battery_wear_eur=0.03,
    cap_kw=100.0,
    limit_kw=20.0,
    start_eur=0.03,
    block_eur=0.005,
)


def random_problem(seed: int, quarters: int = 12) -> Problem:
    """Any house, any weather, any prices; every optional part present in some of them."""
    draw = random.Random(seed)
    plant = USUAL._replace(
        e_max_kwh=draw.uniform(8.0, 40.0),
        recool=draw.random() < 0.5,
        boiler_eur=draw.uniform(0.08, 0.2) if draw.random() < 0.3 else None,
        cap_kw=draw.choice([0.0, 3.0, 100.0]),
        limit_kw=draw.choice([4.0, 20.0]),
        battery_kw=draw.choice([0.0, 2.0, 5.0]),
    )
    if draw.random() < 0.2:
        plant = plant._replace(s_min_kwh=0.0, s_max_kwh=0.0, battery_kw=0.0)

    def quarter() -> Quarter:
        target = draw.uniform(-3.0, plant.e_max_kwh)
        return Quarter(
            pv_kw=draw.choice([0.0, draw.uniform(0.0, 12.0)]),
            load_kw=draw.uniform(0.1, 5.0),
            demand_kw=draw.choice([0.0, draw.uniform(0.0, 8.0)]),
            cop=draw.uniform(1.6, 5.0),
            capacity_kw=draw.uniform(5.0, 13.0),
            target_kwh=target,
            release_kwh=target - draw.uniform(0.5, 4.0),
            may_block=draw.random() < 0.6,
            import_eur=draw.uniform(-0.05, 0.6),
            feed_in_eur=draw.uniform(0.0, 0.1),
            reserve_kwh=draw.choice([0.0, draw.uniform(0.0, 10.0)]),
        )

    return Problem(
        900 * draw.randrange(1_900_000, 2_000_000),
        tuple(quarter() for _ in range(quarters)),
        LEVELS,
        plant,
        draw.uniform(0.0, 0.15),
        draw.uniform(0.0, plant.e_max_kwh),
        draw.uniform(0.0, 0.3),
    )


def winter_day(quarters: int = 96, **changes: object) -> Problem:
    """4 kW of heat, no sun, a price of 30 ct."""
    usual = Quarter(0.0, 0.5, 4.0, 3.0, 11.0, 10.0, 7.7, True, 0.30, 0.078)
    return Problem(900 * 1_944_444, (usual._replace(**changes),) * quarters, LEVELS, USUAL, 0.1, 14.0, 0.25)
