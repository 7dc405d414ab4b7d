"""The smaller parts on their own: frost, season, hot water, power, proof test, exercise, first out."""

import pytest

from plc.blocks.core import NS_PER_S, Reading, Tick
from plc.energy.marginal import Decision
from plc.plant.calendar import cold_month, hour_of_day, in_hours, in_window, weekday
from plc.plant.decision import EnergyDecision
from plc.plant.dhw import ChargeProof, HotWater
from plc.plant.exercise import Exercise
from plc.plant.facts import Facts
from plc.plant.frost import FrostGuard
from plc.plant.heat import HeatProof
from plc.plant.interface import ImageInputs, MinerInputs, PlantInputs, WallTime
from plc.plant.parameters import Parameters
from plc.plant.power import PowerControl
from plc.plant.proof_test import ProofTest
from plc.plant.season import Season, SeasonSelect
from plc.plant.states import SequenceState
from plc.plant.watch import FirstOut
from tests.plant.language import parameters

WEDNESDAY_13 = 1_700_049_600  # 15 November 2023, 12:00 UTC
HEALTHY = ImageInputs(True, True)


def ticks(seconds, dt_s=1.0):
    for n in range(round(seconds / dt_s)):
        yield Tick(round(n * dt_s * NS_PER_S), round(dt_s * NS_PER_S))


# calendar


def test_the_calendar_knows_hour_weekday_and_cold_months():
    wall = WallTime(WEDNESDAY_13, 3600, True)
    assert (hour_of_day(wall), weekday(wall), cold_month(wall)) == (13, 2, True)
    july = WallTime(1_689_000_000, 7200, True)
    assert not cold_month(july)
    unknown = WallTime(WEDNESDAY_13, 3600, False)
    assert (hour_of_day(unknown), weekday(unknown), cold_month(unknown)) == (None, None, True)


@pytest.mark.parametrize(
    ("hour", "begin", "end", "inside"),
    [
        (22, 22, 6, True),
        (5, 22, 6, True),
        (6, 22, 6, False),
        (12, 22, 6, False),
        (3, 1, 5, True),
        (5, 5, 5, False),
    ],
)
def test_hours_may_cross_midnight(hour, begin, end, inside):
    assert in_hours(hour, begin, end) is inside
    assert not in_hours(None, begin, end)


@pytest.mark.parametrize(
    ("offset_h", "inside"), [(-1, False), (0, True), (2, True), (3, False), (24, False), (7 * 24, True)]
)
def test_a_weekly_window_has_a_begin_and_an_end(offset_h, inside):
    wall = WallTime(WEDNESDAY_13 + offset_h * 3600, 3600, True)
    assert in_window(wall, 2, 13, 3) is inside


def test_a_weekly_window_may_cross_midnight_and_the_week():
    sunday_23 = WallTime(1_700_434_800 - 3600, 3600, True)
    assert weekday(sunday_23) == 6
    assert in_window(sunday_23, 6, 22, 4)
    assert in_window(WallTime(sunday_23.unix_s + 2 * 3600, 3600, True), 6, 22, 4)
    assert in_window(WallTime(sunday_23.unix_s, 3600, False), 6, 22, 4) is None


# frost


def frost(seconds=1.0, guard=None, *, cold=False, **facts):
    guard = guard or FrostGuard(Parameters())
    f = Facts(
        **{
            "t_outdoor": -5.0,
            "t_glycol": 20.0,
            "t_charge": 20.0,
            "t_bottom": 20.0,
            "rv1_at_a": True,
            "path_open": True,
            **facts,
        }
    )
    for tick in ticks(seconds):
        guard.step(tick, f, cold_month=cold)
    return f


def test_cold_glycol_guards_w2_only_while_it_is_exposed():
    assert not frost(t_glycol=-5.0).frost_guard
    assert frost(t_glycol=-5.0, rv1_at_a=False).frost_guard
    assert frost(t_glycol=-5.0, p5_pct=50.0).frost_guard
    assert not frost(t_glycol=6.0, rv1_at_a=False).frost_guard


def test_cold_water_circulates_in_intervals():
    guard = FrostGuard(Parameters())
    runs = 0
    f = Facts(t_outdoor=-5.0, t_charge=5.0, t_bottom=30.0, rv1_at_a=True, path_open=True)
    for tick in ticks(3600.0):
        guard.step(tick, f, cold_month=False)
        runs += f.frost_circulate
    assert runs == 600, "5 minutes in every 30"
    assert f.frost


def test_a_circuit_that_a_whole_run_does_not_warm_is_told_until_it_is_warm():
    guard, f = FrostGuard(Parameters()), Facts(t_outdoor=-5.0, t_charge=5.0, t_bottom=30.0, rv1_at_a=True)

    def leap(seconds, charge):
        f.t_charge = charge
        for tick in ticks(seconds):
            guard.step(tick, f, cold_month=False)
        return f.circuit_cold

    assert not leap(230.0, 5.0), "the run has not ended"
    assert leap(30.0, 5.0)
    assert leap(1500.0, 5.0), "also until the next run"
    assert leap(600.0, 12.0), "warm, but not for long"
    assert not leap(400.0, 12.0)


def test_a_circuit_that_each_run_warms_is_in_order_however_it_cools_down_in_between():
    guard, f, told = FrostGuard(Parameters()), Facts(t_outdoor=-5.0, t_bottom=30.0, rv1_at_a=True), False
    for tick in ticks(7200.0):
        since_s = (tick.now_ns // NS_PER_S) % 1800
        f.t_charge = 25.0 if 60 <= since_s < 900 else 6.0
        guard.step(tick, f, cold_month=False)
        told = told or f.circuit_cold
    assert not told


def test_frost_needs_cold_weather_or_the_cold_half_of_the_year_without_a_sensor():
    assert not frost(t_outdoor=10.0, t_charge=5.0).frost
    assert not frost(t_outdoor=None, t_charge=5.0).frost
    assert frost(t_outdoor=None, t_charge=5.0, cold=True).frost


def test_frost_clears_late_and_with_hysteresis():
    guard = FrostGuard(Parameters())
    f = Facts(t_outdoor=-5.0, t_charge=5.0, t_bottom=30.0, rv1_at_a=True, path_open=True)
    for tick in ticks(5.0):
        guard.step(tick, f, cold_month=False)
    f.t_charge = 20.0
    for tick in ticks(890.0):
        guard.step(tick, f, cold_month=False)
    assert f.frost
    for tick in ticks(20.0):
        guard.step(tick, f, cold_month=False)
    assert not f.frost


# season


def seasons(*days):
    select = SeasonSelect(Parameters())
    found = []
    for mean in days:
        f = Facts(t_outdoor=mean)
        for tick in ticks(86400.0, 450.0):
            select.step(tick, f)
        found.append(select.now)
    return found


def test_the_first_day_decides_and_later_days_need_a_stay():
    assert seasons(0.0) == [Season.WINTER]
    assert seasons(20.0) == [Season.SUMMER]
    assert seasons(14.0, 14.0) == [Season.TRANSITION] * 2
    assert seasons(10.0, 10.0, 14.0, 14.0)[-1] is Season.TRANSITION


def test_a_warm_afternoon_changes_nothing():
    select = SeasonSelect(Parameters())
    f = Facts(t_outdoor=8.0)
    for tick in ticks(86400.0, 450.0):
        select.step(tick, f)
    f.t_outdoor = 18.0
    for tick in ticks(4 * 3600.0, 450.0):
        select.step(tick, f)
    assert select.now is Season.WINTER


def test_without_outdoor_temperature_the_heat_pump_is_needed():
    f = Facts(t_top=60.0, t_bottom=50.0)
    SeasonSelect(Parameters()).step(Tick(0, NS_PER_S), f)
    assert f.top_below_release
    assert not f.top_above_block
    assert f.load_w is None


@pytest.mark.parametrize(
    ("top", "bottom", "covers"),
    [(41.0, 30.0, True), (41.0, 40.0, True), (39.0, 30.0, False), (39.0, 38.7, False)],
    ids=["layers of a heat pump", "warm throughout", "hardly above", "hardly above, mixed"],
)
def test_cold_return_water_at_the_bottom_does_not_hide_what_the_top_still_gives(top, bottom, covers):
    """5 degC outside: curve 40.5, release 38.5 degC; a quarter hour of 3 kW is 0.66 K of the buffer."""
    f = Facts(t_outdoor=5.0, t_top=top, t_bottom=bottom)
    SeasonSelect(Parameters()).step(Tick(0, NS_PER_S), f)
    assert f.buffer_covers is covers


def test_the_heating_curve_is_limited_on_both_sides():
    select = SeasonSelect(Parameters())
    assert select.curve_degc(15.0) == 35.0
    assert select.curve_degc(5.0) == pytest.approx(40.5)
    assert select.curve_degc(-60.0) == 55.0
    assert select.curve_degc(40.0) == 30.0


# hot water


@pytest.mark.parametrize(
    ("present", "tank", "oil", "wanted", "blocks"),
    [
        (False, 30.0, 55.0, False, False),
        (False, None, 55.0, False, False),
        (True, 40.0, 52.0, True, True),
        (True, 40.0, 47.0, False, True),
        (True, 50.0, 58.0, False, False),
        (True, None, 58.0, False, True),
        (True, 40.0, None, False, True),
    ],
)
def test_hot_water_is_wanted_when_cold_and_the_oil_can_help(present, tank, oil, wanted, blocks):
    water = HotWater(parameters(dhw={"present": present}))
    reading = Reading() if tank is None else Reading.good(tank, 0)
    f = Facts(t_oil=oil)
    water.step(Tick(0, NS_PER_S), PlantInputs(HEALTHY, t_dhw_degc=reading), f)
    assert (f.dhw_wanted, f.dhw_blocks) == (wanted, blocks)


def hot_water(*steps, heated=True):
    """Block and facts after a line of (tank, oil); the tank is None without a reading."""
    water, f = HotWater(parameters(dhw={"present": True}), heated=heated), Facts()
    for tank, oil in steps:
        f.t_oil = oil
        reading = Reading() if tank is None else Reading.good(tank, 0)
        water.step(Tick(0, NS_PER_S), PlantInputs(HEALTHY, t_dhw_degc=reading), f)
    return f


def test_charging_goes_on_until_the_tank_is_warm_or_the_oil_no_longer_hotter():
    assert hot_water((44.0, 53.0), (44.5, 49.0)).dhw_wanted, "8 K to begin, 4 K to go on"
    assert not hot_water((44.0, 53.0), (44.5, 48.0)).dhw_wanted
    assert not hot_water((44.0, 49.0)).dhw_wanted, "never begun"
    assert hot_water((44.0, 53.0), (48.5, 58.0)).dhw_wanted, "4 K above the demand"
    assert not hot_water((44.0, 53.0), (49.0, 58.0)).dhw_wanted
    assert not hot_water((44.0, 53.0), (None, 58.0)).dhw_wanted, "nobody knows"


def test_without_a_way_to_the_tank_its_sensor_still_frees_the_heat_pump():
    f = hot_water((40.0, 55.0), heated=False)
    assert (f.dhw_wanted, f.dhw_blocks) == (False, True)
    assert not hot_water((50.0, 55.0), heated=False).dhw_blocks


def test_a_silent_tank_sensor_is_named_and_frees_the_heat_pump():
    f = hot_water((50.0, 55.0), (None, 55.0))
    assert (f.dhw_unknown, f.dhw_cold, f.dhw_wanted, f.dhw_blocks) == (True, False, False, True)
    assert not hot_water((None, 55.0), (50.0, 55.0)).dhw_unknown


CHARGING = {"route_is_dhw": True, "route_ready": True, "power_w": 3000.0}


def charge(*parts, **facts):
    """Whether the proof fails within a line of (seconds, tank at the begin, tank at the end)."""
    found, f = ChargeProof(), Facts(**{**CHARGING, **facts})
    failed = False
    for seconds, begin, end in parts:
        for tick in ticks(seconds, 10.0):
            f.t_dhw = None if begin is None else begin + (end - begin) * tick.now_ns / NS_PER_S / seconds
            failed = found.step(tick, f, min_power_w=1000.0) or failed
    return failed


def test_a_tank_that_gains_nothing_while_it_is_charged_fails_its_proof():
    assert charge((2720.0, 42.0, 42.0))
    assert not charge((2690.0, 42.0, 42.0)), "not yet"
    assert charge((5400.0, 42.0, 42.9)), "slower than any tank"
    assert not charge((20_000.0, 42.0, 50.5)), "a large tank with little power"
    assert not charge((2000.0, 45.0, 45.0), (100.0, 45.0, 44.0), (2000.0, 44.0, 44.0)), "somebody tapped"
    assert charge((2000.0, 45.0, 45.0), (100.0, 45.0, 44.0), (2800.0, 44.0, 44.0)), (
        "and nothing came after it"
    )


@pytest.mark.parametrize(
    "facts", [{"route_is_dhw": False}, {"route_ready": False}, {"power_w": 900.0}, {"power_known": False}]
)
def test_a_tank_that_is_not_surely_charged_proves_nothing(facts):
    assert not charge((6000.0, 42.0, 42.0), **facts)


def test_a_tank_of_which_nobody_knows_begins_its_proof_anew():
    assert not charge((2000.0, 42.0, 42.0), (60.0, None, None), (2000.0, 42.0, 42.0))


def test_after_a_charge_in_vain_the_tank_is_the_heat_pumps_until_somebody_has_looked():
    water, f = HotWater(parameters(dhw={"present": True})), Facts(t_oil=55.0, **CHARGING)
    inputs = PlantInputs(HEALTHY, t_dhw_degc=Reading.good(42.0, 0))
    for tick in ticks(2800.0, 10.0):
        water.step(tick, inputs, f)
        if f.dhw_in_vain:
            break
    assert (f.dhw_in_vain, f.dhw_wanted) == (True, False)
    f.dhw_in_vain_latched, f.route_is_dhw = True, False
    water.step(Tick(0, NS_PER_S), inputs, f)
    assert (f.dhw_in_vain, f.dhw_wanted, f.dhw_blocks) == (False, False, True)
    f.dhw_in_vain_latched = False
    water.step(Tick(0, NS_PER_S), inputs, f)
    assert f.dhw_wanted


# heat on its way


@pytest.mark.parametrize(
    ("charge", "missing"),
    [(52.0, False), (41.0, True)],  # the tank takes it; P3 stands, the water has come down to the tank
)
def test_heat_to_the_hot_water_is_judged_against_the_tank_and_not_against_a_hot_buffer(charge, missing):
    heat = HeatProof(Parameters())
    f = Facts(
        power_w=4000.0, t_oil=56.0, t_charge=charge, t_bottom=51.0, t_dhw=40.0, p4_pct=60.0,
        route_is_dhw=True, route_ready=True, contactor_closed=True, contactor_on_s=600.0,
    )  # fmt: skip
    for tick in ticks(60.0):
        heat.step(tick, f, (MinerInputs(), MinerInputs()))
    assert f.heat_expected
    assert f.heat_missing is missing


def test_disinfection_belongs_to_the_heat_pump():
    water = HotWater(parameters(dhw={"present": True}))
    f = Facts(t_oil=58.0)
    inputs = PlantInputs(HEALTHY, t_dhw_degc=Reading.good(40.0, 0), wall=WallTime(WEDNESDAY_13, 3600, True))
    water.step(Tick(0, NS_PER_S), inputs, f)
    assert f.disinfection
    assert not f.dhw_wanted


# power


def power(seconds, control=None, *, available=(True, True), stale=False, **facts):
    control = control or PowerControl(Parameters())
    f = Facts(**{"request_w": 6400.0, "t_oil": 45.0, **facts})
    for tick in ticks(seconds):
        control.step(tick, f, running=True, api_stale=stale, available=available)
    return control


def test_power_begins_at_the_least_and_rises_in_a_ramp():
    control = power(1.0)
    assert (control.granted_w, control.limited_by) == (pytest.approx(2400.0), "ramp")
    power(600.0, control)
    assert control.granted_w == pytest.approx(5400.0)
    power(300.0, control)
    assert (control.granted_w, control.limited_by) == (6400.0, "")
    assert control.target_w == [3200.0, 3200.0]


@pytest.mark.parametrize(
    ("why", "kwargs", "granted"),
    [
        ("one_miner", {"available": (True, False)}, 3200.0),
        ("oil_cold", {"oil_viscous": True}, 2400.0),
        ("no_miner", {"available": (False, False)}, 0.0),
        ("no_request", {"request_w": 0.0}, 0.0),
        ("miner_stale", {"stale": True}, 2400.0),
    ],
)
def test_each_limit_is_named(why, kwargs, granted):
    control = power(1.0, **({"available": (True, True)} if why == "miner_stale" else kwargs))
    power(1800.0, control, **kwargs)
    assert (control.limited_by, control.granted_w) == (why, pytest.approx(granted))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"sink_available": False}, "no_sink"),
        ({"sink_available": True}, "not_running"),
        ({"sink_available": False, "hard_latched": True}, "not_running"),
        ({"sink_available": False, "auto": False}, "not_running"),
        ({"sink_available": False, "request_w": 0.0}, "no_request"),
    ],
)
def test_a_plant_that_waits_names_a_missing_sink_because_nothing_else_does(facts, why):
    control = PowerControl(Parameters())
    f = Facts(**{"request_w": 6400.0, "auto": True, **facts})
    control.step(Tick(0, NS_PER_S), f, running=False, api_stale=False, available=(True, True))
    assert control.limited_by == why


def test_a_request_that_reckons_on_one_miner_starts_one():
    """Its second start was never priced; without a word the power alone decides."""
    one = power(1.0, request_w=3200.0, request_miners=1)
    assert (one.granted_w, one.run) == (pytest.approx(1200.0), [True, False])
    power(600.0, one, request_w=3200.0, request_miners=1)
    assert (one.granted_w, one.target_w) == (3200.0, [3200.0, 0.0])
    assert power(600.0, request_w=3200.0, request_miners=2).run == [True, True]
    assert power(600.0, request_w=3200.0).run == [True, True]
    assert power(600.0, request_w=2900.0, request_miners=2, available=(False, True)).run == [False, True]


def test_oil_above_its_limit_takes_power_away_at_once_and_gives_it_back_slowly():
    control = power(1200.0)
    power(120.0, control, t_oil=60.5, oil_above_limit=True, recool_allowed=True)
    assert control.limited_by == "oil_limit"
    assert control.granted_w == pytest.approx(6400.0 - 600.0, abs=10.0)
    power(60.0, control, t_oil=59.0, recool_allowed=True)
    assert control.granted_w == pytest.approx(5800.0, abs=10.0)
    power(180.0, control, t_oil=50.0)
    assert control.granted_w == 6400.0


def test_where_nobody_wants_to_recool_power_is_reduced_before_the_fan_would_start():
    assert power(1200.0, t_oil=57.5, recool_allowed=False).limited_by == "oil_limit"
    assert power(1200.0, t_oil=57.5, recool_allowed=True).limited_by == ""


def test_a_recooling_threshold_above_the_limit_does_not_put_off_the_reduction():
    late = parameters(cooler={"recool_oil_degc": 62.0})
    control = power(1200.0, PowerControl(late), t_oil=60.5, oil_above_limit=True)
    assert control.limited_by == "oil_limit"


def test_below_the_limit_of_the_oil_reducing_ends_at_the_least_power_and_stops_nobody():
    control = PowerControl(Parameters())
    f = Facts(request_w=6400.0, t_oil=57.5)
    for tick in ticks(3600.0):
        control.step(tick, f, running=True, api_stale=False, available=(True, True))
    assert (control.granted_w, control.run) == (1200.0, [True, False])
    assert not f.thermal_exhausted
    f.t_oil, f.oil_above_limit = 60.5, True
    for tick in ticks(300.0):
        control.step(tick, f, running=True, api_stale=False, available=(True, True))
    assert f.thermal_exhausted, "oil above its limit although only the least power is left"


def test_power_that_cannot_be_reduced_further_asks_for_a_stop():
    control = power(1200.0)
    f = Facts(request_w=6400.0, t_oil=61.0, oil_above_limit=True)
    for tick in ticks(1300.0):
        control.step(tick, f, running=True, api_stale=False, available=(True, True))
    assert f.thermal_exhausted


def test_a_small_request_runs_one_miner_and_does_not_flap():
    control = power(10.0, request_w=1500.0)
    assert control.run == [True, False]
    assert control.target_w == [1500.0, 0.0]
    power(600.0, control, request_w=2500.0)
    assert sum(control.run) == 1, "two need a little more than twice the least"
    power(600.0, control, request_w=2700.0)
    assert sum(control.run) == 2
    power(600.0, control, request_w=2450.0)
    assert sum(control.run) == 2


# proof test of K12


def proof(drops_after_s):
    test = ProofTest(parameters(scan={"watchdog_relay": True}))
    f = Facts(contactor_closed=True)
    withheld = 0.0
    for tick in ticks(10.0, 0.1):
        running = test.step(tick, f, may_test=True, acknowledge=False)
        withheld += 0.1 if running else 0.0
        if drops_after_s is not None and withheld > drops_after_s:
            f.contactor_closed = False
    return test, f, withheld


def test_the_watchdog_relay_passes_when_the_contactors_drop_in_time():
    test, f, _ = proof(2.0)
    assert (test.passed, f.k12_failed) == (1, False)


def test_a_relay_that_holds_fails_the_test_and_stays_failed_until_acknowledged():
    test, f, withheld = proof(None)
    assert f.k12_failed
    assert withheld == pytest.approx(3.0, abs=0.15)
    f.contactor_closed, f.miners_stopped = False, True
    test.step(Tick(0, NS_PER_S), f, may_test=False, acknowledge=True)
    assert not f.k12_failed


def test_the_test_runs_once_a_day_at_most_and_never_without_the_relay():
    test, f, _ = proof(1.0)
    f.contactor_closed = True
    assert not any(test.step(tick, f, may_test=True, acknowledge=False) for tick in ticks(80_000.0, 20.0))
    assert any(test.step(tick, f, may_test=True, acknowledge=False) for tick in ticks(8000.0, 20.0))
    absent = ProofTest(Parameters())
    assert not absent.step(Tick(0, NS_PER_S), f, may_test=True, acknowledge=False)


# exercise


def test_a_pump_that_stood_for_three_days_is_exercised_at_its_hour():
    exercise = Exercise(Parameters())
    night = WallTime(WEDNESDAY_13 + 9 * 3600, 3600, True)
    ten = WallTime(WEDNESDAY_13 - 3 * 3600, 3600, True)
    f = Facts(io_settled=True, path_open=True)

    def step(seconds, wall, dt_s=60.0):
        ran = 0.0
        for tick in ticks(seconds, dt_s):
            exercise.step(tick, f, state=SequenceState.STANDBY, wall=wall, valve_idle_ns=(0, 0))
            f.p3_on = exercise.run_p3
            ran += dt_s if f.p3_on else 0.0
        return ran

    assert step(73 * 3600.0, night) == 0.0
    assert step(300.0, ten, 1.0) == pytest.approx(60.0, abs=2.0)


def test_the_recooling_branch_is_exercised_as_a_whole_and_given_up_in_time():
    exercise = Exercise(Parameters())
    f = Facts(io_settled=True, path_open=True)
    ran = 0
    week = round(169 * 3600 * NS_PER_S)
    for tick in ticks(400.0):
        exercise.step(
            tick, f, state=SequenceState.STANDBY, wall=WallTime(), valve_idle_ns=(week if not ran else 0, 0)
        )
        ran += f.exercise
    assert 200 <= ran <= 245


# first out


def image(**kwargs):
    healthy = {"safety_ok": True, "estop1_ok": True, "estop2_ok": True, "temp_max_ok": True, "flow_ok": True}
    return ImageInputs(True, True, **{**healthy, **kwargs})


@pytest.mark.parametrize(
    ("story", "result"),
    [
        ([(3, {"estop1_ok": False}), (1, {"estop1_ok": False, "safety_ok": False})], "estop"),
        ([(2, {"safety_ok": False}), (2, {"safety_ok": False, "temp_max_ok": False})], "temp_max"),
        ([(1, {"flow_ok": False}), (3, {"flow_ok": False, "estop2_ok": False, "safety_ok": False})], "flow"),
        ([(10, {"safety_ok": False})], "unknown"),
        ([(4, {"safety_ok": False})], ""),
        ([(60, {"flow_ok": False}), (10, {"flow_ok": False, "safety_ok": False})], "unknown"),
    ],
)
def test_the_first_input_to_fall_within_half_a_second_is_the_cause(story, result):
    first = FirstOut()
    first.step(Tick(0, 10**8), image())
    for scans, given in story:
        for _ in range(scans):
            first.step(Tick(0, 10**8), image(**given))
    assert first.result == result


@pytest.mark.parametrize(
    ("takes_heat", "to_tank", "sink"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_the_decision_counts_the_hot_water_tank_as_a_sink_while_it_is_charged(takes_heat, to_tank, sink):
    seen = []

    class Engine:
        hold_back = False

        def step(self, tick, *, situation):
            seen.append(situation.sink)
            return Decision((0.0, 0.0))

    decision = EnergyDecision(Parameters())
    decision.engine = Engine()
    f = Facts(buffer_takes_heat=takes_heat, route_is_dhw=to_tank)
    inputs = PlantInputs(HEALTHY)
    decision.step(Tick(0, 10 * NS_PER_S), inputs, f, season=SeasonSelect(Parameters()))
    assert seen == [sink]
