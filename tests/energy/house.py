"""A house for the tests: sensible numbers, any of which a test replaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plc.blocks.core import Reading, Tick, ns
from plc.energy.cost import House, Slice, stack
from plc.energy.engine import EnergyEngine
from plc.energy.marginal import Decision, Heat, MinerOffer, decide
from plc.energy.parameters import Economics
from plc.energy.plan_problem import Quarter
from plc.energy.plan_values import PlanValues
from plc.energy.revenue import Curve, eur_per_th_hour
from plc.energy.situation import EnergySituation, MinerSituation
from tests.energy.problems import USUAL

NOON = 1_750_500_000 - 1_750_500_000 % 86_400 + 36_000
"""10:00 UTC, which is noon on a summer day in Berlin."""

ECONOMICS = Economics()
CURVE = Curve(ECONOMICS.mining.curve_w, ECONOMICS.mining.curve_ths)
OFFERS = (MinerOffer(CURVE, 1200.0, 3200.0), MinerOffer(CURVE, 1200.0, 3200.0))
WANTED = Heat(use=1.0, cop=3.0)


def economics(**groups: dict[str, Any]) -> Economics:
    """The defaults with some parameters changed: economics(mining={"fee": 0.0})."""
    return replace(
        ECONOMICS, **{name: replace(getattr(ECONOMICS, name), **values) for name, values in groups.items()}
    )


def slices(
    house: House,
    e: Economics = ECONOMICS,
    *,
    import_eur: float = 0.30,
    feed_in_eur: float = 0.078,
    stored_eur: float = 0.27,
    reserve_pct: float = 40.0,
) -> tuple[Slice, ...]:
    return stack(
        house,
        e.tariff,
        e.battery,
        import_eur_per_kwh=import_eur,
        feed_in_eur_per_kwh=feed_in_eur,
        stored_eur_per_kwh=stored_eur,
        reserve_pct=reserve_pct,
    )


def decision(
    house: House,
    e: Economics = ECONOMICS,
    *,
    heat: Heat = WANTED,
    offers: tuple[MinerOffer, ...] = OFFERS,
    present_w: tuple[float, ...] = (0.0, 0.0),
    **prices: float,
) -> Decision:
    earned = eur_per_th_hour(e.mining, None, unix_s=0, synchronised=True)
    return decide(e, offers, heat, slices(house, e, **prices), eur_per_th_hour=earned, present_w=present_w)


def situation(
    now_ns: int = 0, *, pv_w: float = 0.0, load_w: float = 500.0, **changes: Any
) -> EnergySituation:
    """load_w without miners; the miners' own power is added, as the inverter would measure it."""
    miners = changes.pop("miners", (MinerSituation(True, 0.0), MinerSituation(True, 0.0)))
    load_w += sum(miner.power_w or 0.0 for miner in miners)
    good: dict[str, Any] = {
        "unix_s": NOON + now_ns // ns(1),
        "utc_offset_s": 7200,
        "synchronised": True,
        "pv_w": Reading.good(pv_w, now_ns),
        "load_w": Reading.good(load_w, now_ns),
        "grid_w": Reading.good(load_w - pv_w, now_ns),
        "battery_soc_pct": Reading.good(100.0, now_ns),
        "miners": miners,
        "t_top_degc": 40.0,
        "t_mean_degc": 34.0,
        "heat_load_w": 4000.0,
        "sink": True,
        "flow_degc": 38.0,
        "outdoor_degc": 9.0,
    }
    return EnergySituation(**{**good, **changes})


def plan_values(
    heat: float,
    charge: float = 0.2,
    *,
    begin: int = NOON - NOON % 900,
    quarters: int = 4,
    start_eur: float = 0.0,
    runs_on_eur: float = 0.0,
    block_eur: float = 0.0,
) -> PlanValues:
    """A plan in which a kWh of heat and of charge are always worth the same. runs_on_eur: what it is worth
    that a miner runs already. The house of `situation`: 4 kW of demand, the top is held at 38 degC."""
    plant = USUAL._replace(recool=False, start_eur=start_eur, block_eur=block_eur)
    levels = (0.0, 30.0), (0.0, 10.0)
    plane = tuple(tuple(-heat * e - charge * s for s in levels[1]) for e in levels[0])
    planes = tuple(
        tuple(tuple(value - runs_on_eur * miners for value in row) for row in plane)
        for miners in range(3)
        for _ in range(2)
    )
    target = 4.0 * 1.163
    quarter = Quarter(0.0, 0.5, 4.0, 3.0, 11.0, target, target - 2.0, True, 0.30, 0.078)
    return PlanValues(
        begin, begin, 30.0, 1.163, plant, 2, *levels, (quarter,) * quarters, (planes,) * quarters
    )


class Run:
    """An engine and a clock: run(seconds, ...) steps it and lets the miners follow the decision."""

    def __init__(self, e: Economics = ECONOMICS, *, dt_s: float = 1.0, follow: bool = True) -> None:
        self.engine = EnergyEngine(e)
        self.now_ns = 0
        self.dt_ns = ns(dt_s)
        self.follow = follow
        self.power_w = (0.0, 0.0)
        self.starts = 0

    def __call__(self, seconds: float, **changes: Any) -> Decision:
        for _ in range(round(ns(seconds) / self.dt_ns)):
            self.now_ns += self.dt_ns
            changes["miners"] = changes.get("units") or tuple(
                MinerSituation(True, power) for power in self.power_w
            )
            given = {name: value for name, value in changes.items() if name != "units"}
            before = self.engine.decision.total_w
            self.engine.step(Tick(self.now_ns, self.dt_ns), situation=situation(self.now_ns, **given))
            self.starts += before == 0.0 < self.engine.decision.total_w
            if self.follow:
                self.power_w = self.engine.decision.power_w  # type: ignore[assignment]
        return self.engine.decision
