"""The planner in the program: it learns from scans, asks with what came from outside, never delays."""

from dataclasses import replace
from pathlib import Path

import pytest

from plc.blocks.core import NS_PER_S, Reading, Tick
from plc.devices import expecting_devices
from plc.energy.forecast import Forecast
from plc.energy.parameters import Economics, HeatSource
from plc.energy.plan_problem import from_plain, to_plain
from plc.energy.tariff import QUARTER_S, SpotPrices
from plc.exchange import Exchange
from plc.link.commands import Forecast as Received
from plc.link.commands import Market
from plc.planning import HORIZON_QUARTERS, Questions, heat_model, planner_services, received
from plc.plant.interface import (
    EnergyInputs,
    ImageInputs,
    ImageOutputs,
    MinerInputs,
    PlantInputs,
    PlantOutputs,
    PlantStatus,
    WallTime,
)
from plc.plant.parameters import Parameters
from plc.scan.clock import MonotonicClock
from plc.site import load_site

NOON = 1_750_000_000 - 1_750_000_000 % QUARTER_S


class House:
    """A program that scans once a second."""

    def __init__(self) -> None:
        self.exchange = Exchange()
        self.questions = Questions(Parameters(), self.exchange)
        self.unix_s = NOON

    def scan(
        self,
        seconds: int,
        *,
        synchronised: bool = True,
        pv_w: float | None = 6000.0,
        miner_w: float = 0.0,
        load_w: float = 1000.0,
        demand_w: float | None = 0.0,
        buffer_degc: float | None = 36.0,
        buffer_k_per_s: float = 0.0,
        state: str = "STANDBY",
        curve: tuple[tuple[float, ...], tuple[float, ...]] = ((), ()),
    ):
        """load_w without miners; demand_w: heat the house takes; the buffer changes by buffer_k_per_s."""
        outputs = PlantOutputs(ImageOutputs(), PlantStatus(state, "auto", values=(("load_w", demand_w),)))
        for _ in range(seconds):
            now_ns = self.unix_s * NS_PER_S
            pv = Reading() if pv_w is None else Reading.good(pv_w, now_ns)
            warm = Reading() if buffer_degc is None else Reading.good(buffer_degc, now_ns)
            if buffer_degc is not None:
                buffer_degc += buffer_k_per_s
            inputs = PlantInputs(
                ImageInputs(
                    True,
                    True,
                    t_outdoor_degc=Reading.good(5.0, now_ns),
                    t_buffer_top_degc=warm,
                    t_buffer_bottom_degc=warm,
                ),
                wall=WallTime(self.unix_s, 3600, synchronised),
                energy=EnergyInputs(pv_w=pv, load_w=Reading.good(load_w + miner_w, now_ns)),
                miners=(
                    MinerInputs(
                        power_estimated_w=Reading.good(miner_w, now_ns), curve_w=curve[0], curve_ths=curve[1]
                    ),
                    MinerInputs(),
                ),
            )
            tick = Tick(now_ns, NS_PER_S)
            self.exchange.scanned(tick, inputs, outputs)
            self.questions.scanned(tick, inputs, outputs)
            self.unix_s += 1


def test_without_a_clock_there_is_nothing_to_ask():
    house = House()
    assert house.questions.present() is None
    house.scan(5, synchronised=False)
    assert house.questions.present() is None


def test_the_question_covers_two_days_and_survives_the_pipe():
    house = House()
    house.scan(1000)
    question = house.questions.present()
    assert len(question.problem.quarters) == HORIZON_QUARTERS
    assert question.problem.first_unix_s == house.unix_s - 1 - (house.unix_s - 1) % QUARTER_S
    assert from_plain(to_plain(question.problem)) == question.problem


def test_a_miner_is_planned_by_the_curve_that_it_tells_and_else_by_that_of_the_site():
    mining = Parameters().economics.mining
    better, worse = (tuple(factor * ths for ths in mining.curve_ths) for factor in (1.3, 0.7))

    def planned(curve_w=(), curve_ths=()):
        """What is earned by the least of one miner, and by both at their most."""
        house = House()
        house.scan(2, curve=(curve_w, curve_ths))
        levels = house.questions.present().problem.levels
        return [
            level.eur_per_h + mining.wear_eur_per_kwh * level.power_kw for level in (levels[1], levels[-1])
        ]

    one, both = planned()
    assert planned(mining.curve_w, mining.curve_ths) == [one, both]
    assert planned(mining.curve_w, better[:1]) == [one, both], "numbers that do not fit together"
    assert planned(mining.curve_w, better) == pytest.approx([1.3 * one, 1.15 * both])
    assert planned(mining.curve_w, worse) == pytest.approx([one, 0.85 * both]), "the other one is better"


def test_the_load_that_is_learned_leaves_the_miners_out():
    plain, mining = House(), House()
    plain.scan(2 * QUARTER_S + 5)
    mining.scan(2 * QUARTER_S + 5, miner_w=3000.0)
    loads = [[q.load_kw for q in h.questions.present().problem.quarters] for h in (plain, mining)]
    assert loads[0] == pytest.approx(loads[1])


COP = 0.42 * (43.5 + 273.15) / 38.5
"""At 5 degC outside, flow 40.5 degC, charged with 3 K more."""


def loads(house: House) -> list[float]:
    return [q.load_kw for q in house.questions.present().problem.quarters]


def learned(**scans: object) -> list[float]:
    """What is expected of the load after two quarter hours like this."""
    house = House()
    house.scan(2 * QUARTER_S + 5, **scans)
    return loads(house)


HEAT_PUMP_W = 4000.0 / COP


@pytest.mark.parametrize(
    "heating",
    [
        {"demand_w": 4000.0, "load_w": 1000.0 + HEAT_PUMP_W},
        {"demand_w": 4000.0, "load_w": 1000.0, "buffer_k_per_s": -4.0 / 1.163 / 3600.0},
        {"demand_w": 0.0, "load_w": 1000.0 + 2 * HEAT_PUMP_W, "buffer_k_per_s": 8.0 / 1.163 / 3600.0},
        {"demand_w": 5900.0, "load_w": 1000.0 + HEAT_PUMP_W, "miner_w": 2000.0, "state": "HEAT_BUFFER"},
        {"demand_w": 4000.0, "load_w": 1000.0 + HEAT_PUMP_W, "miner_w": 2000.0, "state": "RECOOL"},
    ],
    ids=[
        "steady",
        "held back, out of the buffer",
        "warms the buffer",
        "beside miners",
        "beside recooled miners",
    ],
)
def test_the_load_that_is_learned_leaves_the_heat_pump_out(heating):
    """The plan adds it again; it counted the heat pump twice."""
    if heating["demand_w"] == 0.0:
        heating = {**heating, "demand_w": 0.001}
    assert learned(**heating) == pytest.approx(learned(), abs=0.01)


@pytest.mark.parametrize("gap", [{"demand_w": None}, {"demand_w": 4000.0, "buffer_degc": None}])
def test_a_load_with_an_unknown_share_of_the_heat_pump_teaches_nothing(gap):
    fresh = House()
    fresh.scan(5)
    known = loads(fresh)
    unlearned = learned(load_w=9000.0, **gap)
    assert unlearned[:4] == pytest.approx(known[2:6])


def test_with_a_boiler_all_of_the_load_is_the_household():
    boiler = replace(Parameters(), economics=replace(Economics(), heat=HeatSource(heat_pump=False)))
    house = House()
    house.questions.use(boiler)
    house.scan(2 * QUARTER_S + 5, demand_w=4000.0)
    assert loads(house) == pytest.approx(learned())


def test_a_quarter_hour_that_was_hardly_measured_teaches_nothing():
    blind, short = House(), House()
    blind.scan(2 * QUARTER_S + 5, pv_w=None)
    short.scan(QUARTER_S // 3, pv_w=9000.0)
    short.scan(2 * QUARTER_S - QUARTER_S // 3 + 5, pv_w=None)
    first, second = ([q.pv_kw for q in h.questions.present().problem.quarters] for h in (blind, short))
    assert first == pytest.approx(second)


def test_prices_and_forecasts_from_outside_are_used_where_they_reach():
    house = House()
    house.scan(10)
    house.exchange.market.put(
        Market(spot=SpotPrices(NOON, (0.1,) * 96), forecasts=(Received("pv_w", NOON, (7000.0,) * 4),))
    )
    quarters = house.questions.present().problem.quarters
    assert [q.pv_kw for q in quarters[:4]] == [7.0] * 4
    assert quarters[5].pv_kw != 7.0


def test_a_forecast_that_begins_elsewhere_is_shifted_onto_our_clock():
    own = Forecast(NOON, (1.0, 1.0, 1.0), (2.0,) * 3, (3.0,) * 3)
    late = received(own, (Received("outdoor_degc", NOON + QUARTER_S, (9.0,)),))
    early = received(own, (Received("load_w", NOON - QUARTER_S, (5000.0, 6000.0)),))
    assert late.outdoor_degc == (3.0, 9.0, 3.0)
    assert early.load_kw == (6.0, 2.0, 2.0)
    assert received(own, ()) is None


def test_market_and_plan_reach_the_plant_and_are_built_only_when_they_change():
    exchange = Exchange()
    image, wall = ImageInputs(True, True), WallTime()
    scan = PlantInputs(image).scan
    first = exchange.gather(0, image, wall, scan).market
    assert exchange.gather(1, image, wall, scan).market is first
    exchange.market.put(Market(spot=SpotPrices(NOON, (0.1,))))
    second = exchange.gather(2, image, wall, scan).market
    assert second.spot.at(NOON) == 0.1
    assert exchange.gather(3, image, wall, scan).market is second


def test_the_model_of_the_house_repeats_no_number():
    p = Parameters()
    p = replace(p, buffer=replace(p.buffer, volume_l=1234.0), hp_block=replace(p.hp_block, by_value=True))
    assert heat_model(p).volume_l == 1234.0
    assert heat_model(p).by_value


def test_a_site_that_lists_devices_expects_them_to_answer():
    site = load_site(Path("io_map/walda"))
    listed = expecting_devices(site).parameters
    assert listed.miners.api_expected
    assert listed.fallback.energy_expected
    bare = replace(site, sections={**site.sections, "devices.miners": (), "devices.rs485": ()})
    assert expecting_devices(bare).parameters == site.parameters


def test_a_site_that_decides_by_itself_is_told_when_its_planner_falls_silent():
    site = load_site(Path("io_map/walda"))
    automatic = replace(
        site, parameters=replace(site.parameters, request=replace(site.parameters.request, automatic=True))
    )
    exchange = Exchange()
    (planner,) = planner_services(
        automatic, MonotonicClock(100_000_000), exchange, lambda: automatic.parameters
    )
    assert exchange.health["optimiser_ok"]() is planner.ok() is None, "nothing to ask yet"


def test_with_a_fixed_request_there_is_no_planner_that_could_fall_silent():
    site = load_site(Path("io_map/walda"))
    fixed = replace(
        site, parameters=replace(site.parameters, request=replace(site.parameters.request, automatic=False))
    )
    exchange = Exchange()
    planner_services(fixed, MonotonicClock(100_000_000), exchange, lambda: fixed.parameters)
    assert exchange.health.get("optimiser_ok", lambda: None)() is None
