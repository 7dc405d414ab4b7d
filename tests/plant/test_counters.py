"""Energy counters: per direction, only upwards, nothing invented, over restarts."""

import json

import pytest

from plc.blocks.core import NS_PER_S, Reading, Tick
from plc.plant.counters import COUNTERS, EnergyCounters
from plc.plant.facts import Facts
from plc.plant.interface import EnergyInputs, ImageInputs, MinerInputs, PlantInputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from tests.plant.rigs import standby_rig


class Meter:
    """A counter block that is shown one second after the other."""

    def __init__(self):
        self.block = EnergyCounters(Parameters())
        self.now_ns = 0

    def run(self, seconds, *, house=None, miners=(None, None), dt_ms=1000, age_s=0, **facts):
        for _ in range(seconds * 1000 // dt_ms):
            self.now_ns += dt_ms * 1_000_000

            def at(watts):
                return Reading.good(float(watts), self.now_ns - age_s * NS_PER_S)

            inputs = PlantInputs(
                ImageInputs(True, True),
                energy=EnergyInputs(**{name: at(watts) for name, watts in (house or {}).items()}),
                miners=tuple(
                    MinerInputs() if watts is None else MinerInputs(power_estimated_w=at(watts))
                    for watts in miners
                ),
            )
            self.block.step(Tick(self.now_ns, dt_ms * 1_000_000), inputs, Facts(**facts))
        return self.block.kwh


@pytest.mark.parametrize("dt_ms", [100, 1000, 20_000])
def test_energy_does_not_depend_on_the_length_of_the_scan(dt_ms):
    kwh = Meter().run(360, house={"pv_w": 10_000}, dt_ms=dt_ms)
    assert kwh["pv_kwh"] == pytest.approx(1.0, rel=1e-9)


def test_each_direction_has_its_own_counter():
    meter = Meter()
    meter.run(1800, house={"grid_w": -1000, "battery_w": -500, "load_w": 800})
    kwh = meter.run(1800, house={"grid_w": 600, "battery_w": 200, "load_w": 800})
    assert kwh["grid_export_kwh"] == pytest.approx(0.5)
    assert kwh["grid_import_kwh"] == pytest.approx(0.3)
    assert kwh["battery_charge_kwh"] == pytest.approx(0.25)
    assert kwh["battery_discharge_kwh"] == pytest.approx(0.1)
    assert kwh["load_kwh"] == pytest.approx(0.8)
    assert kwh["pv_kwh"] == 0.0


def test_the_independent_meter_counts_before_the_inverter():
    kwh = Meter().run(3600, house={"grid_w": 9999, "grid_meter_w": 1000})
    assert kwh["grid_import_kwh"] == pytest.approx(1.0)


def test_each_miner_is_counted_and_what_was_bought_for_them():
    kwh = Meter().run(3600, house={"grid_w": 500}, miners=(2000, 1000))
    assert (kwh["miner1_kwh"], kwh["miner2_kwh"], kwh["miner_kwh"]) == pytest.approx((2.0, 1.0, 3.0))
    assert kwh["miner_grid_kwh"] == pytest.approx(0.5), "the rest came from the roof or the battery"
    alone = Meter().run(3600, house={"grid_w": 5000}, miners=(2000, None))
    assert (alone["miner_kwh"], alone["miner_grid_kwh"]) == pytest.approx((2.0, 2.0))


def test_heat_is_split_by_where_it_went():
    meter = Meter()
    meter.run(1800, heat_w=3000.0)
    kwh = meter.run(1800, heat_w=1000.0, route_is_recool=True)
    assert (kwh["heat_kwh"], kwh["heat_used_kwh"], kwh["heat_dumped_kwh"]) == pytest.approx((2.0, 1.5, 0.5))


def test_what_nobody_knows_is_not_counted():
    meter = Meter()
    meter.run(3600, heat_w=None)
    meter.run(3600, house={"pv_w": 4000}, miners=(3000, 3000), age_s=700)
    assert set(meter.block.kwh.values()) == {0.0}


def test_a_meter_that_trembles_around_zero_turns_no_counter_back():
    meter, before = Meter(), dict.fromkeys(COUNTERS, 0.0)
    for watts in (3, -4, 0, 5, -2) * 20:
        after = dict(meter.run(1, house={"grid_w": watts, "pv_w": -1}, heat_w=-50.0))
        assert all(after[name] >= before[name] for name in COUNTERS)
        before = after
    assert before["pv_kwh"] == before["heat_kwh"] == 0.0


def test_counts_survive_a_restart_and_begin_at_zero_with_data_of_a_program_that_did_not_count():
    rig = standby_rig()
    rig.given(energy=EnergyInputs(pv_w=Reading.good(3600.0, rig.now_ns))).leap(10.0)
    counted = rig.plant.counters.kwh["pv_kwh"]
    assert counted == pytest.approx(0.010, abs=0.0011), "Wh resolution"
    retained = json.loads(json.dumps(rig.outputs.retain))
    again = Plant(rig.parameters, retained=retained)
    assert again.counters.kwh["pv_kwh"] == pytest.approx(counted, abs=0.0011), "a second at most is missing"
    assert dict(again.counters.pairs) == again.counters.kwh
    del retained["counters"]
    assert Plant(rig.parameters, retained=retained).counters.kwh["pv_kwh"] == 0.0


@pytest.mark.parametrize("value", [None, -1.0, float("nan"), float("inf"), True, "12"])
def test_what_cannot_be_a_count_begins_at_zero(value):
    block = EnergyCounters(Parameters())
    block.retain({"pv_kwh": value, "load_kwh": 12})
    assert (block.kwh["pv_kwh"], block.kwh["load_kwh"]) == (0.0, 12.0)
    assert dict(block.pairs) == block.kwh
