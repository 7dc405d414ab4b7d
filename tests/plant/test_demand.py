"""What the sequence waits for: when a buffer takes heat, and when recooling may begin."""

import pytest

from plc.blocks.core import NS_PER_S, Tick
from plc.plant.demand import Demand
from plc.plant.facts import Facts
from plc.plant.interface import WallTime
from plc.plant.states import SequenceState as S
from tests.plant.language import parameters

NOON = WallTime(1_700_049_600, 0, True)
MIDNIGHT = WallTime(NOON.unix_s + 12 * 3600, 0, True)
COOLING = {"cooler_ok": True, "p5_ssm_ok": True, "t_glycol": 20.0}


class Bench:
    """A demand with its facts: buffer and oil as given, some seconds in a state."""

    def __init__(self, **groups):
        self.demand = Demand(parameters(**groups))
        self.f = Facts(t_top=45.0, t_bottom=38.0, t_oil=50.0, **COOLING)

    def leap(self, seconds, state=S.HEAT_BUFFER, wall=NOON, **facts):
        for name, value in facts.items():
            setattr(self.f, name, value)
        for n in range(round(seconds)):
            tick = Tick(n * NS_PER_S, NS_PER_S)
            self.demand.step(tick, self.f, state=state, state_ns=0, wall=wall)
        return self.f


def test_a_buffer_that_was_full_takes_heat_again_when_it_has_room_and_not_a_tenth_of_a_kelvin_earlier():
    bench = Bench()
    assert bench.leap(60.0).buffer_takes_heat
    assert not bench.leap(130.0, t_top=55.5, t_bottom=49.0).buffer_takes_heat
    f = bench.leap(3600.0, S.STANDBY, t_top=52.0, t_bottom=40.0)
    assert not f.buffer_full
    assert not f.buffer_takes_heat, "between resume and full the memory counts"
    assert not f.sink_available
    assert bench.leap(310.0, S.STANDBY, t_top=49.5).sink_available


def test_a_buffer_that_was_never_full_takes_heat_up_to_full():
    f = Bench().leap(600.0, S.STANDBY, t_top=54.5, t_bottom=50.0)
    assert f.buffer_takes_heat
    assert f.sink_available


def test_a_buffer_on_which_the_oil_passed_its_limit_is_spent_until_it_has_room():
    bench = Bench()
    hot = {"t_top": 53.0, "t_bottom": 51.0, "t_oil": 60.5, "oil_above_limit": True}
    assert not bench.leap(70.0, **hot).buffer_takes_heat
    f = bench.leap(900.0, S.RECOOL, t_oil=52.0, oil_above_limit=False)
    assert f.oil_calm
    assert not f.buffer_takes_heat, "no way back onto the same hot buffer"
    assert bench.leap(310.0, S.STANDBY, t_top=49.0).buffer_takes_heat


def test_oil_that_got_hot_elsewhere_says_nothing_about_the_buffer():
    f = Bench().leap(300.0, S.RECOOL, t_oil=60.5, oil_above_limit=True)
    assert f.buffer_takes_heat


def test_in_great_cold_a_buffer_below_the_heating_curve_has_room_although_it_is_above_resume():
    """The heat pump holds the top above 50 degC all winter; the miners must not be shut out by it."""
    bench = Bench()
    bench.leap(130.0, t_top=55.5, t_bottom=49.0)
    assert not bench.leap(600.0, S.STANDBY, t_top=51.0, top_below_curve=False).sink_available
    assert bench.leap(310.0, S.STANDBY, top_below_curve=True).sink_available


FULL = {"t_top": 55.5, "t_bottom": 49.0}
HELD = {"t_top": 52.0, "t_bottom": 32.0}


def test_a_buffer_out_of_which_the_house_has_drawn_everything_takes_heat_although_its_top_is_kept_warm():
    bench = Bench()
    bench.leap(130.0, **FULL, load_w=30_000.0)
    # 5 K of 1000 l are 5.8 kWh: four times that is what 30 kW draw in 46 minutes.
    assert not bench.leap(2760.0, S.STANDBY, **HELD).buffer_takes_heat
    f = bench.leap(60.0, S.STANDBY)
    assert (f.buffer_takes_heat, f.sink_available, f.buffer_held) == (True, True, False)
    assert bench.leap(2800.0, S.STANDBY).buffer_held, "twice as much: worth a word"
    f = bench.leap(130.0, **FULL)
    assert (f.buffer_takes_heat, f.buffer_held) == (False, False), "full again, from the beginning"
    assert not bench.leap(2700.0, S.STANDBY, **HELD).buffer_takes_heat


def test_a_buffer_that_the_miners_heat_again_is_not_held_by_something_else():
    bench = Bench()
    bench.leap(130.0, **FULL, load_w=30_000.0)
    bench.leap(2900.0, S.STANDBY, **HELD)
    f = bench.leap(9000.0, S.HEAT_BUFFER)
    assert (f.buffer_takes_heat, f.buffer_held) == (True, False)


def test_a_buffer_that_empties_as_it_should_is_not_held():
    bench = Bench()
    bench.leap(130.0, **FULL, load_w=30_000.0)
    bench.leap(2700.0, S.STANDBY, **HELD)
    assert bench.leap(310.0, S.STANDBY, t_top=49.0).buffer_takes_heat
    f = bench.leap(6000.0, S.STANDBY, t_top=52.0)
    assert (f.buffer_takes_heat, f.buffer_held) == (True, False), "not full since"


def test_nobody_empties_a_buffer_in_summer_or_without_an_outdoor_temperature():
    bench = Bench()
    bench.leap(130.0, **FULL)
    assert not bench.leap(5000.0, S.STANDBY, **HELD, load_w=0.0).buffer_takes_heat
    assert not bench.leap(5000.0, S.STANDBY, load_w=None).buffer_takes_heat
    assert not bench.leap(5000.0, S.STANDBY, load_w=30_000.0, t_top=None, t_bottom=None).buffer_takes_heat
    assert not bench.leap(60.0, S.STANDBY, **HELD).buffer_takes_heat, "nothing was counted meanwhile"


def test_a_buffer_of_which_nobody_knows_takes_nothing_and_is_not_remembered_as_full():
    bench = Bench()
    assert not bench.leap(600.0, t_top=None, t_bottom=None).buffer_takes_heat
    assert bench.leap(10.0, t_top=53.0, t_bottom=45.0).buffer_takes_heat


@pytest.mark.parametrize("lost", [{"t_top": None, "t_bottom": 44.5}, {"t_top": 50.5, "t_bottom": None}])
def test_with_one_sensor_lost_the_buffer_is_used_less_far(lost):
    """Spread 6 K: the other sensor stands for both, and full is 5 K lower."""
    bench = Bench()
    assert bench.leap(130.0, **lost).buffer_full
    assert not bench.leap(400.0, t_top=46.0, t_bottom=None).buffer_takes_heat, "resume is lower, too"
    assert bench.leap(310.0, t_top=44.0).buffer_takes_heat


def test_the_memory_of_a_full_buffer_is_part_of_the_state():
    bench = Bench()
    bench.leap(130.0, t_top=55.5, t_bottom=49.0)
    other = Bench()
    other.demand.restore(bench.demand.state())
    assert not other.leap(60.0, t_top=52.0, t_bottom=45.0).buffer_takes_heat


@pytest.mark.parametrize(
    ("economic", "winter", "wall", "above_limit", "allowed", "protects"),
    [
        (True, False, NOON, False, True, True),
        (False, False, NOON, False, False, False),
        (False, False, NOON, True, False, True),
        (True, True, NOON, False, False, False),
        (True, True, NOON, True, False, True),
        (True, False, MIDNIGHT, False, False, False),
        (True, False, MIDNIGHT, True, False, True),
    ],
)
def test_heat_goes_outside_for_revenue_where_allowed_and_for_protection_only_above_the_limit(
    economic, winter, wall, above_limit, allowed, protects
):
    bench = Bench(cooler={"economic": economic})
    f = bench.leap(70.0, wall=wall, t_oil=58.0, winter=winter, oil_above_limit=above_limit)
    assert f.oil_wants_recool
    assert (f.recool_allowed, f.recool_for_protection) == (allowed, protects)


@pytest.mark.parametrize(
    "fact", [{"cooler_ok": False}, {"p5_ssm_ok": False}, {"t_glycol": 4.0}, {"frost_guard": True}]
)
def test_without_the_means_no_recooling_even_for_protection(fact):
    f = Bench(cooler={"economic": True}).leap(70.0, t_oil=61.0, oil_above_limit=True, **fact)
    assert (f.recool_possible, f.recool_allowed, f.recool_for_protection) == (False, False, False)
