from __future__ import annotations

from itertools import pairwise
from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.blocks.pump import Curve
from plc.plant.interface import MinerState
from tests.twin.rigs import heat, house, run
from tools.twin.physics.buffer import mix_inversions
from tools.twin.physics.building import Building
from tools.twin.physics.defaults import Defaults
from tools.twin.physics.dhw import TAPPING, HotWater
from tools.twin.physics.exchanger import conductance_w_per_k
from tools.twin.physics.heatpump import HeatPump, capacity_w, cop
from tools.twin.physics.hydraulics import VirtualPump, VirtualValve
from tools.twin.physics.miner import Miner
from tools.twin.physics.pv_battery import Electricity, household_w
from tools.twin.physics.sensors import Sensor, SensorFault
from tools.twin.physics.weather import DAY_S, SyntheticYear

D = Defaults()
untimed = settings(deadline=None)  # how fast the machine is today is no property of the physics
temperatures = st.floats(min_value=-20.0, max_value=120.0)
flows = st.floats(min_value=1.0, max_value=5000.0)


class TestExchanger:
    @untimed
    @given(flows, flows, st.floats(min_value=1.0, max_value=5000.0))
    def test_no_outlet_passes_the_other_inlet(self, hot: float, cold: float, ua: float) -> None:
        g = conductance_w_per_k(hot, cold, ua)
        assert 0.0 < g <= min(hot, cold) * (1.0 + 1e-9)

    @pytest.mark.parametrize(("hot", "cold"), [(0.0, 800.0), (800.0, 0.0), (0.0, 0.0)])
    def test_no_heat_without_flow(self, hot: float, cold: float) -> None:
        assert conductance_w_per_k(hot, cold, 1500.0) == 0.0

    def test_equal_flows_are_the_limit_of_almost_equal_flows(self) -> None:
        equal = conductance_w_per_k(800.0, 800.0, 1500.0)
        assert equal == pytest.approx(conductance_w_per_k(800.0, 800.01, 1500.0), rel=1e-4)


class TestBuffer:
    @untimed
    @given(st.lists(temperatures, min_size=6, max_size=6))
    def test_mixing_conserves_energy_and_orders_the_layers(self, nodes: list[float]) -> None:
        mixed = mix_inversions(nodes)
        assert fsum(mixed) == pytest.approx(fsum(nodes), abs=1e-9)
        assert all(upper >= lower - 1e-9 for upper, lower in pairwise(mixed))
        assert max(mixed) <= max(nodes) + 1e-9
        assert min(mixed) >= min(nodes) - 1e-9

    def test_no_node_gets_hotter_than_its_hottest_source(self) -> None:
        model = house(p4_pct=70.0, power_w=6400.0)
        hottest = 0.0
        for _ in range(360):
            run(model, 10.0)
            hottest = max(hottest, model.water.t_charge_degc, model.oil.t_oil_degc)
            assert model.buffer.t_degc[0] <= hottest + 1e-6
            assert model.buffer.t_degc == sorted(model.buffer.t_degc, reverse=True)


class TestHouse:
    def test_steady_state_heat_leaves_where_it_should(self) -> None:
        model = house(p4_pct=100.0, p5_pct=100.0, power_w=6400.0, fan=True, to_cooler=True, air_degc=10.0)
        run(model, 6 * 3600.0, 5.0)
        assert model.q_w1_w + model.oil.loss_w == pytest.approx(6400.0, rel=1e-3)
        assert model.cooler.q_air_w + model.water.loss_w == pytest.approx(model.q_w1_w, rel=1e-3)

    def test_cooler_cannot_reach_air_temperature(self) -> None:
        model = house(p5_pct=100.0, fan=True, air_degc=10.0)
        model.cooler.t_glycol_degc = 40.0
        run(model, 3600.0)
        assert model.cooler.t_glycol_degc >= 10.0

    def test_no_heat_moves_without_flow(self) -> None:
        model = house(power_w=6400.0, p3=True, p4_pct=0.0)
        run(model, 60.0)
        assert model.q_w1_w == model.q_w2_w == model.q_coil_w == 0.0

    def test_hot_water_coil_is_reached_through_rv2_only(self) -> None:
        model = house(p4_pct=70.0, power_w=6400.0, oil_degc=60.0, water_degc=60.0)
        run(model, 60.0)
        assert model.q_coil_w == 0.0
        model.field.rv2_b = True
        run(model, 90.0)
        assert model.q_coil_w > 500.0

    def test_two_runs_are_identical(self) -> None:
        def trace() -> list[object]:
            model = house(p4_pct=70.0, power_w=6400.0)
            run(model, 300.0, 0.1)
            return [model.oil.t_oil_degc, list(model.buffer.t_degc), model.sensors["t_oil_degc"].value_degc]

        assert trace() == trace()


class TestMiner:
    def booted(self) -> Miner:
        miner = Miner(D, 30.0)
        for _ in range(900):
            miner.step(1.0, True)
        return miner

    def test_boot_tuning_then_power_follows_the_target(self) -> None:
        miner = Miner(D, 30.0)
        seen = {}
        for second in range(1, 901):
            miner.step(1.0, True)
            seen[second] = (miner.state, miner.power_w)
        assert seen[100][0] is MinerState.BOOTING
        assert seen[100][1] < 20.0
        assert seen[300][0] is MinerState.TUNING
        assert 800.0 < seen[479][1] <= 960.0
        assert seen[900] == (MinerState.MINING, pytest.approx(3200.0, rel=0.01))

    def test_pause_falls_in_seconds_and_resume_rises_in_minutes(self) -> None:
        miner = self.booted()
        assert miner.pause()
        for _ in range(30):
            miner.step(1.0, True)
        assert miner.power_w < 30.0
        assert miner.hashrate_ths == 0.0
        assert miner.resume()
        for _ in range(75):
            miner.step(1.0, True)
        assert 1500.0 < miner.power_w < 2500.0

    def test_supply_lost_is_power_lost_in_one_step_and_the_target_survives(self) -> None:
        miner = self.booted()
        miner.set_target(2000.0)
        miner.step(0.1, False)
        assert miner.power_w == 0.0
        assert not miner.answers
        assert not miner.pause()
        for _ in range(900):
            miner.step(1.0, True)
        assert miner.power_w == pytest.approx(2000.0, rel=0.01)

    def test_a_pause_does_not_survive_a_power_cut(self) -> None:
        miner = self.booted()
        miner.pause()
        miner.step(1.0, False)
        for _ in range(900):
            miner.step(1.0, True)
        assert miner.power_w > 3000.0

    def test_interface_answers_before_mining_and_never_when_silenced(self) -> None:
        miner = Miner(D, 30.0)
        miner.step(1.0, True)
        assert not miner.answers
        for _ in range(60):
            miner.step(1.0, True)
        assert miner.answers
        miner.silent = True
        assert not miner.set_target(1500.0)
        assert miner.target_w == 3200.0

    def test_faults_at_run_time(self) -> None:
        miner = self.booted()
        miner.ignores_pause = True
        assert miner.pause()
        assert miner.state is MinerState.MINING
        miner.lost_share = 1.0 / 3.0
        for _ in range(60):
            miner.step(1.0, True)
        assert miner.power_w == pytest.approx(3200.0 * 2.0 / 3.0, rel=0.01)
        miner.no_work = True
        for _ in range(60):
            miner.step(1.0, True)
        assert miner.state is MinerState.NO_WORK
        assert miner.power_w < 20.0

    def test_chip_is_25_k_over_the_oil_at_full_power(self) -> None:
        model = house(p4_pct=70.0, power_w=6400.0)
        run(model, 1800.0)
        assert model.miners[0].t_chip_degc - model.oil.t_oil_degc == pytest.approx(24.6, abs=1.0)


class TestPumpsAndValves:
    @pytest.mark.parametrize(
        ("curve", "volts", "before", "after"),
        [
            (Curve.OFF_0_10, 0.5, True, 0.0),
            (Curve.OFF_0_10, 1.5, False, 0.0),  # not enough to start
            (Curve.OFF_0_10, 1.5, True, 0.10),  # enough to keep running
            (Curve.OFF_0_10, 7.9, False, 0.70),
            (Curve.OFF_0_10, 10.0, False, 1.0),
            (Curve.NO_OFF, 0.0, False, 0.10),
            (Curve.CB_2_10, 0.0, True, 1.0),  # taken for a broken cable
            (Curve.CB_2_10, 1.7, True, 0.0),
            (Curve.CB_2_10, 10.0, False, 1.0),
            (Curve.SOLAR_10_0, 0.0, False, 1.0),  # a dead controller means full speed
            (Curve.SOLAR_10_0, 10.0, True, 0.0),
            (Curve.SOLAR_10_0, 9.0, False, 0.0),
            (Curve.SOLAR_10_0, 9.0, True, 0.10),
        ],
    )
    def test_pump_module_does_what_its_menu_says(
        self, curve: Curve, volts: float, before: bool, after: float
    ) -> None:
        pump = VirtualPump(curve, 0.10, 2.0)
        pump.running = before
        for _ in range(40):
            pump.step(0.1, volts)
        assert pump.flow == pytest.approx(after)

    def test_pump_ramps_in_two_seconds(self) -> None:
        pump = VirtualPump(Curve.OFF_0_10, 0.10, 2.0)
        for _ in range(10):
            pump.step(0.1, 10.0)
        assert pump.flow == pytest.approx(0.5)

    def test_a_stopped_pump_opens_its_fault_contact(self) -> None:
        pump = VirtualPump(Curve.OFF_0_10, 0.10, 2.0)
        assert pump.ssm_ok
        pump.stopped = True
        assert not pump.ssm_ok
        assert pump.step(5.0, 10.0) == 0.0

    def test_valve_takes_75_s_and_holds_without_power(self) -> None:
        valve = VirtualValve(75.0)
        for _ in range(375):
            valve.step(0.1, False, True)
        assert valve.position == pytest.approx(0.5)
        valve.step(100.0, False, False)
        assert valve.position == pytest.approx(0.5)
        valve.step(60.0, False, True)
        assert valve.position == 1.0

    def test_both_directions_move_nothing_and_are_remembered(self) -> None:
        valve = VirtualValve(75.0, 0.5)
        valve.step(1.0, True, True)
        assert valve.position == 0.5
        assert valve.both_seen

    def test_a_jammed_valve_stays(self) -> None:
        valve = VirtualValve(75.0)
        valve.jammed = True
        assert valve.step(75.0, False, True) == 0.0


class TestHeatPump:
    def step(self, pump: HeatPump, *, seconds: int, contact: bool = False, node1: float = 30.0) -> None:
        for _ in range(seconds):
            pump.step(1.0, contact, 0.0, 0.0, node1, 50.0, 70.0)

    @untimed
    @given(st.floats(min_value=20.0, max_value=75.0), st.floats(min_value=-25.0, max_value=40.0))
    def test_cop_stays_within_what_machines_show(self, t_flow: float, t_out: float) -> None:
        assert 1.6 <= cop(t_flow, t_out, 0.42) <= 5.0

    @pytest.mark.parametrize(("t_out", "kw"), [(-20, 8.5), (-15, 8.5), (-7, 9.5), (2, 11), (7, 12), (30, 13)])
    def test_capacity_table(self, t_out: float, kw: float) -> None:
        assert capacity_w(t_out) == pytest.approx(kw * 1000.0)

    def test_block_acts_after_ten_seconds_and_beats_the_minimum_run(self) -> None:
        pump = HeatPump(D)
        self.step(pump, seconds=5)
        assert pump.on
        self.step(pump, seconds=8, contact=True)
        assert pump.on
        self.step(pump, seconds=5, contact=True)
        assert not pump.on
        assert pump.blocked

    def test_minimum_run_and_minimum_off(self) -> None:
        pump = HeatPump(D)
        self.step(pump, seconds=2)
        self.step(pump, seconds=300, node1=60.0)
        assert pump.on  # would like to stop
        self.step(pump, seconds=310, node1=60.0)
        assert not pump.on
        self.step(pump, seconds=500)
        assert not pump.on  # would like to start
        self.step(pump, seconds=120)
        assert pump.on
        assert pump.starts == 2

    def test_defrosting_costs_a_tenth(self) -> None:
        dry, wet = HeatPump(D), HeatPump(D)
        for _ in range(5):
            dry.step(1.0, False, 0.0, 0.0, 30.0, 50.0, 70.0)
            wet.step(1.0, False, 0.0, 0.0, 30.0, 50.0, 90.0)
        assert wet.q_buffer_w == pytest.approx(0.9 * dry.q_buffer_w)


class TestHotWaterAndHouse:
    @pytest.mark.parametrize(("tapping", "kwh"), [("M", 5.845), ("L", 11.655)])
    def test_tapping_lists_have_the_sums_of_the_standard(self, tapping: str, kwh: float) -> None:
        assert fsum(draw for _, draw in TAPPING[tapping]) == pytest.approx(kwh)

    @pytest.mark.parametrize("dt_s", [1.0, 20.0])
    def test_a_day_draws_the_whole_list_across_midnight(self, dt_s: float) -> None:
        tank, drawn = HotWater(D, 60.0, "M"), 0.0
        for i in range(round((DAY_S + 7200) / dt_s)):
            tank.t_degc = 60.0
            local = 12 * 3600 + i * dt_s
            tank.tap(dt_s, int(local % DAY_S) // 60)
            drawn += tank.draw_w * dt_s
        noon_to_two = 0.315  # 12:45 twice; 14:30 is later
        assert drawn / 3.6e6 == pytest.approx(5.845 + noon_to_two, abs=0.02)

    def test_a_year_of_heat_and_of_heat_pump_hours_is_plausible(self) -> None:
        weather = SyntheticYear(1)
        building = Building(D, weather.t_out_degc(0.0))
        heat_kwh = hours = 0.0
        for hour in range(8760):
            t_out = weather.t_out_degc(hour * 3600.0)
            building.step(3600.0, t_out, 50.0)
            heat_kwh += building.demand_w / 1000.0
            hours += building.demand_w / capacity_w(t_out)
        assert 17_000.0 < heat_kwh < 22_000.0
        assert hours < 2500.0

    def test_a_cold_buffer_leaves_heat_unmet(self) -> None:
        building = Building(D, -10.0)
        building.step(1.0, -10.0, 29.0)
        assert building.flow_kg_per_s == 0.0
        assert building.unmet_j > 7000.0


class TestWeatherAndSun:
    def test_statistics_of_the_synthetic_year(self) -> None:
        weather = SyntheticYear(1)
        hours = [weather.t_out_degc(h * 3600.0) for h in range(8760)]
        assert fsum(hours) / 8760 == pytest.approx(9.5, abs=1.5)
        assert -20.0 < min(hours) < -3.0
        assert 25.0 < max(hours) < 40.0
        winter = fsum(hours[: 24 * 31]) / (24 * 31)
        assert -4.0 < winter < 4.0

    def test_pv_yields_a_thousand_hours(self) -> None:
        weather = SyntheticYear(1)
        sun = fsum(weather.at(q * 900.0).sun_w_per_m2 for q in range(35_040)) * 0.25 / 1000.0
        assert 0.84 * sun * 12.0 == pytest.approx(11_970.0, rel=0.2)

    def test_the_sky_depends_on_the_instant_only(self) -> None:
        one, other = SyntheticYear(7), SyntheticYear(7)
        other.at(5e6)
        assert one.at(1.234e7) == other.at(1.234e7)
        assert SyntheticYear(8).at(1.234e7) != one.at(1.234e7)

    def test_household_draws_its_year(self) -> None:
        year = fsum(household_w(D, h * 3600.0) for h in range(8766)) / 1000.0
        assert year == pytest.approx(4000.0, rel=0.01)

    @untimed
    @given(st.lists(st.floats(min_value=0.0, max_value=15_000.0), min_size=5, max_size=60))
    def test_soc_stays_within_its_limits_and_power_balances(self, loads: list[float]) -> None:
        house_power = Electricity(D, 0.5)
        for i, load in enumerate(loads):
            house_power.step(600.0, 900.0 if i % 3 else 0.0, load)
            assert 0.0 <= house_power.soc <= 1.0
            assert abs(house_power.battery_w) <= 5000.0
            balance = house_power.pv_w + house_power.battery_w + house_power.grid_w
            assert balance == pytest.approx(load, abs=1e-6)


class TestSensors:
    def settled(self, t_degc: float = 40.0) -> Sensor:
        sensor = Sensor(10.0, 0.0, 1, t_degc)
        for _ in range(100):
            sensor.step(0.1, t_degc)
        return sensor

    def test_lag(self) -> None:
        sensor = self.settled(40.0)
        for _ in range(100):
            sensor.step(0.1, 50.0)
        assert sensor.value_degc == pytest.approx(46.3, abs=0.25)

    def test_value_comes_in_tenths(self) -> None:
        value = self.settled().value_degc
        assert value is not None
        assert value == round(value, 1)

    def test_noise_depends_on_the_instant_and_not_on_the_steps_taken_to_get_there(self) -> None:
        fine, coarse = Sensor(10.0, 0.0, 1, 40.0), Sensor(10.0, 0.0, 1, 40.0)
        seen = set()
        for _ in range(60):
            for _ in range(100):
                fine.step(0.1, 40.0)
            coarse.step(10.0, 40.0)
            assert fine.value_degc == coarse.value_degc
            seen.add(coarse.value_degc)
        assert len(seen) > 1, "there is noise at all"

    @pytest.mark.parametrize("fault", [SensorFault.OPEN, SensorFault.SHORT])
    def test_a_broken_wire_is_no_number(self, fault: SensorFault) -> None:
        sensor = self.settled()
        sensor.fault = fault
        sensor.step(0.1, 40.0)
        assert sensor.value_degc is None

    def test_frozen_and_drifting(self) -> None:
        sensor = self.settled()
        sensor.fault = SensorFault.FROZEN
        before = sensor.value_degc
        for _ in range(600):
            sensor.step(1.0, 70.0)
        assert sensor.value_degc == before
        sensor.fault = SensorFault.DRIFT
        for _ in range(7200):
            sensor.step(1.0, 70.0)
        assert sensor.value_degc == pytest.approx(70.2, abs=0.2)


def test_miners_off_in_one_step_when_the_contactors_open() -> None:
    model = house(p4_pct=70.0, power_w=6400.0)
    run(model, 60.0)
    heat(model, 0.0)
    run(model, 0.1, 0.1)
    assert model.miners[0].power_w == model.miners[1].power_w == 0.0
