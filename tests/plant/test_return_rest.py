"""The miner that hot oil took away: how long it rests, and what calls it back."""

import pytest

from plc.blocks.core import NS_PER_S, Tick
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters
from plc.plant.power import PowerControl
from plc.plant.return_rest import LONGEST_S, ReturnRest
from tests.plant.language import parameters

REST_S = Parameters().miners.return_rest_s
STEP_S = 10.0
TICK = Tick(0, round(STEP_S * NS_PER_S))
ON_THE_BUFFER = Facts()


def rested_s(rest, facts=ON_THE_BUFFER, *, more=True, running=True, at_most_s=2.0 * LONGEST_S):
    """Seconds until the second miner may come back."""
    for n in range(1, round(at_most_s / STEP_S) + 1):
        if not rest.step(TICK, facts, running=running, more=more):
            return n * STEP_S
    return None


def pass_s(rest, seconds, facts=ON_THE_BUFFER, *, more=True):
    for _ in range(round(seconds / STEP_S)):
        rest.step(TICK, facts, running=True, more=more)


# the block


def test_each_rest_is_twice_as_long_as_the_one_before_up_to_four_hours():
    rest = ReturnRest(Parameters())
    found = []
    for _ in range(6):
        rest.begin(ON_THE_BUFFER)
        found.append(rested_s(rest))
        pass_s(rest, 1800.0)  # it runs, the oil gets hot again
    assert found == [REST_S, 2 * REST_S, 4 * REST_S, LONGEST_S, LONGEST_S, LONGEST_S]


def test_no_rest_without_a_miner_that_was_taken():
    assert rested_s(ReturnRest(Parameters())) == STEP_S


def test_after_its_time_the_rest_goes_on_while_one_miner_is_all_that_the_oil_bears():
    rest = ReturnRest(Parameters())
    rest.begin(ON_THE_BUFFER)
    assert rested_s(rest, more=False) is None
    assert rested_s(rest, more=True) == STEP_S


@pytest.mark.parametrize(
    ("taken", "now", "ends"),
    [
        ({}, {"buffer_room": True}, True),
        ({"buffer_room": True}, {"buffer_room": True}, False),  # this room had not helped
        ({}, {"route_is_dhw": True}, True),
        ({"route_is_dhw": True}, {}, True),
        ({"route_is_dhw": True, "buffer_room": True}, {"route_is_dhw": True, "buffer_room": True}, False),
        ({}, {"route_is_recool": True}, True),
        ({}, {"recool_allowed": True}, True),  # the end of the quiet hours: the oil may be hotter now
        ({}, {"t_top": None, "t_bottom": None}, False),  # nobody knows: no room
        ({}, {"request_w": 2000.0, "m2_ready": False}, False),
    ],
)
def test_room_again_or_another_sink_ends_the_rest_and_makes_the_next_one_short(taken, now, ends):
    rest = ReturnRest(Parameters())
    for _ in range(2):
        rest.begin(Facts(**taken))
    assert rest.step(TICK, Facts(**now), running=True, more=False) is not ends
    rest.begin(Facts(**taken))
    assert rested_s(rest, Facts(**taken)) == (REST_S if ends else 4 * REST_S)


def test_room_that_goes_and_comes_again_ends_the_rest():
    rest = ReturnRest(Parameters())
    rest.begin(Facts(buffer_room=True))
    assert rest.step(TICK, Facts(buffer_room=False), running=True, more=False)
    assert not rest.step(TICK, Facts(buffer_room=True), running=True, more=False)


def test_a_plant_that_stopped_starts_as_if_nothing_had_been():
    rest = ReturnRest(Parameters())
    fresh = rest.state()
    rest.begin(ON_THE_BUFFER)
    assert not rest.step(TICK, ON_THE_BUFFER, running=False, more=False)
    assert rest.state() == fresh


def test_a_return_that_went_well_for_four_hours_makes_the_next_rest_short():
    for well_s, next_s in ((LONGEST_S - 60.0, 2 * REST_S), (LONGEST_S + 60.0, REST_S)):
        rest = ReturnRest(Parameters())
        rest.begin(ON_THE_BUFFER)
        rested_s(rest)
        pass_s(rest, well_s)
        rest.begin(ON_THE_BUFFER)
        assert rested_s(rest) == next_s


def test_a_hot_hour_while_recooling_never_costs_more_than_one_short_rest():
    recooling = Facts(route_is_recool=True, recool_allowed=True)
    rest = ReturnRest(Parameters())
    for _ in range(5):
        rest.begin(recooling)
        assert rested_s(rest, recooling) == REST_S


def test_a_restored_rest_goes_on_where_it_was_also_with_other_parameters_in_force():
    rest = ReturnRest(Parameters())
    rest.begin(Facts(buffer_room=True, route_is_dhw=True))
    pass_s(rest, 600.0, Facts(buffer_room=True, route_is_dhw=True))
    other = ReturnRest(parameters(buffer={"target_offset_k": 7.0}))
    other.restore(rest.state())
    assert rested_s(other, Facts(buffer_room=True, route_is_dhw=True)) == REST_S - 600.0


# in the power control

HOT = {"t_oil": 57.5}
WARM = {"t_oil": 56.0}
COOL = {"t_oil": 52.0}


def run(control, seconds, *, available=(True, True), running=True, stale=False, dt_s=5.0, **facts):
    f = Facts(**{"request_w": 6400.0, **facts})
    tick = Tick(0, round(dt_s * NS_PER_S))
    for _ in range(round(seconds / dt_s)):
        control.step(tick, f, running=running, api_stale=stale, available=available)
    return control


def taken(**groups):
    """Two miners at full power, and hot oil until one is left."""
    control = run(PowerControl(parameters(**groups)), 1200.0, **COOL)
    assert control.run == [True, True]
    for _ in range(1000):
        if control.run != [True, True]:
            break
        run(control, 5.0, **HOT)
    assert (control.run, control.limited_by, control.rest.on) == ([True, False], "oil_limit", True)
    return control


def test_one_miner_rises_to_its_full_power_and_the_second_stays_away_for_the_rest():
    control = run(taken(), 900.0, **COOL)
    assert (control.run, control.granted_w, control.limited_by) == ([True, False], 3200.0, "oil_limit")
    run(control, REST_S - 960.0, **COOL)
    assert control.run == [True, False]
    run(control, 600.0, **COOL)
    assert (control.run, control.rest.on) == ([True, True], False)


def test_the_rest_says_why_also_while_the_minimum_off_time_of_the_second_miner_runs():
    control = run(taken(), 900.0, available=(True, False), **COOL)
    assert (control.granted_w, control.limited_by) == (3200.0, "oil_limit")


def test_a_miner_that_holds_the_oil_at_its_limit_alone_is_not_joined_by_a_second():
    control = run(taken(), 900.0, **COOL)
    run(control, 8 * 3600.0, **WARM)
    assert (control.run, control.granted_w) == ([True, False], 3200.0)


def test_protection_goes_on_during_the_rest_down_to_nothing_left_to_take():
    control = run(taken(), 900.0, **COOL)
    f = Facts(request_w=6400.0, t_oil=60.5, oil_above_limit=True)
    for _ in range(160):
        control.step(Tick(0, 5 * NS_PER_S), f, running=True, api_stale=False, available=(True, True))
    assert (control.granted_w, control.limited_by) == (1200.0, "oil_limit")
    assert f.thermal_exhausted


def test_a_request_that_falls_and_rises_again_does_not_shorten_the_rest():
    control = run(taken(), 600.0, **COOL)
    run(control, 300.0, request_w=2000.0, **COOL)
    assert control.limited_by in ("", "ramp")
    run(control, 60.0, request_w=0.0, **COOL)
    run(control, 300.0, **COOL)
    assert (control.run, control.limited_by) == ([True, False], "oil_limit")


@pytest.mark.parametrize(
    "how",
    [
        {"available": (True, False)},  # tripped, silent, or in its minimum off time
        {"request_w": 2000.0},
        {"request_w": 3000.0, "request_miners": 1},
        {"oil_viscous": True, "available": (True, False)},
        {"available": (True, False), **HOT},
    ],
)
def test_a_miner_that_anything_else_took_comes_back_at_once(how):
    control = run(PowerControl(Parameters()), 1200.0, **COOL)
    run(control, 60.0, **{**COOL, **how})
    run(control, 2400.0, **{**COOL, **{k: v for k, v in how.items() if k not in HOT}})
    assert (control.run, control.rest.on) == ([True, False], False)
    run(control, 300.0, **COOL)
    assert control.run == [True, True]


def test_the_first_start_after_a_stop_takes_both_miners():
    control = taken()
    run(control, 5.0, running=False, **COOL)
    run(control, 5.0, **COOL)
    assert (control.run, control.granted_w) == ([True, True], 2400.0)


def test_the_other_miner_takes_over_when_the_one_that_runs_is_lost_during_the_rest():
    control = run(taken(), 600.0, available=(False, True), **COOL)
    assert control.run == [False, True]
    assert control.rest.on


def test_miners_with_a_high_least_power_get_no_more_than_one_of_them_can_use():
    control = run(PowerControl(parameters(miners={"power_min_w": 2000.0})), 1200.0, **COOL)
    for _ in range(1000):
        if control.run != [True, True]:
            break
        run(control, 5.0, **HOT)
    run(control, 5.0, **WARM)
    assert control.rest.on
    assert control.granted_w == 3200.0


def test_oil_without_a_value_neither_ends_a_rest_nor_begins_one():
    control = run(taken(), 600.0, **COOL)
    run(control, 4 * 3600.0, t_oil=None)
    assert control.rest.on
    control = run(PowerControl(Parameters()), 1200.0, **COOL)
    run(control, 600.0, t_oil=None)
    assert not control.rest.on


def test_the_memory_of_the_power_control_nests_the_rest():
    control = run(taken(), 600.0, **COOL)
    other = PowerControl(Parameters())
    other.restore(control.state())
    for both in (control, other):
        run(both, REST_S - 900.0, **COOL)
        assert both.run == [True, False]
        run(both, 600.0, **COOL)
        assert both.run == [True, True]
    assert other.state() == control.state()
