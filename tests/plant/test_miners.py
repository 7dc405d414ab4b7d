"""Which miner may have supply, and what an interface that is silent or refuses means."""

import pytest

from plc.blocks.core import NS_PER_S, Reading, Tick
from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interface import MinerCondition, MinerInputs, MinerState
from plc.plant.miners import MinerUnit
from plc.plant.parameters import Parameters
from tests.plant.rigs import heating_rig, standby_rig


def miner(rig, power_w=3000.0, **fields):
    power = Reading.good(power_w, rig.now_ns)
    return MinerInputs(MinerState.MINING, rig.now_ns, power_estimated_w=power, **fields)


def leap(rig, seconds, first, second):
    """Time passes with both miners answering as given, renewed every ten seconds."""
    for _ in range(round(seconds / 10)):
        rig.given(miners=(first(), second())).leap(10.0)


@pytest.mark.parametrize(
    "condition",
    [
        MinerCondition.AUTH_REJECTED,
        MinerCondition.SECRET_MISSING,
        MinerCondition.FIRMWARE_UNSUPPORTED,
        MinerCondition.NO_COMMON_POWER,
        MinerCondition.PAUSE_IGNORED,
    ],
)
def test_a_miner_that_nobody_can_command_loses_its_supply(condition):
    rig = heating_rig()
    bad = MinerInputs(MinerState.UNKNOWN, conditions=(condition,))
    leap(rig, 100.0, lambda: bad, lambda: miner(rig))
    rig.expect("the other one goes on", m1_enable=False, m2_enable=True, state="HEAT_BUFFER")
    leap(rig, 400.0, lambda: bad, lambda: miner(rig))
    rig.expect("and it stays off", m1_enable=False)


def test_a_planned_stop_pauses_first_and_opens_without_load():
    rig = heating_rig()
    leap(rig, 30.0, lambda: miner(rig), lambda: miner(rig))
    rig.given(grid_block=True, miners=(miner(rig), miner(rig))).leap(5.0)
    rig.expect("asked to pause", state="COOLDOWN", m1_enable=True, m2_enable=True)
    assert not rig.outputs.miners[0].run
    rig.given(miners=(miner(rig, 20.0), miner(rig))).leap(1.0)
    rig.expect("each opens when its own power has gone", m1_enable=False, m2_enable=True)
    rig.leap(60.0).expect("or after its time", m2_enable=False)


def paused(rig):
    power = Reading.good(15.0, rig.now_ns)
    return MinerInputs(MinerState.PAUSED, rig.now_ns, power_estimated_w=power)


def wish(rig, watts):
    """Somebody asks for this power for an hour; the least of all requests counts."""
    rig.command("power_request", watts, ttl_s=3600.0).leap(0.1)


def test_a_gap_in_the_request_pauses_the_miners_and_keeps_their_supply():
    """A cloud of two minutes must not cost a contactor cycle, a boot and a new tuning."""
    rig = heating_rig(fallback={"request_ttl_s": 3600.0})
    leap(rig, 30.0, lambda: miner(rig), lambda: miner(rig))
    wish(rig, 0.0)
    leap(rig, 120.0, lambda: paused(rig), lambda: paused(rig))
    rig.expect("paused", state="HEAT_BUFFER", m1_enable=True, m2_enable=True)
    assert not any(wanted.run for wanted in rig.outputs.miners)
    wish(rig, 6400.0)
    leap(rig, 10.0, lambda: paused(rig), lambda: paused(rig))
    rig.expect("and on again", state="HEAT_BUFFER", m1_enable=True, m2_enable=True)
    assert all(wanted.run for wanted in rig.outputs.miners)


def test_a_pause_ends_with_the_request_time_and_the_minimum_on_time():
    rig = heating_rig(fallback={"request_ttl_s": 3600.0}, miners={"min_on_s": 300.0})
    leap(rig, 300.0, lambda: miner(rig), lambda: miner(rig))
    wish(rig, 0.0)
    leap(rig, 170.0, lambda: paused(rig), lambda: paused(rig))
    rig.expect("waits", m1_enable=True, m2_enable=True)
    leap(rig, 20.0, lambda: paused(rig), lambda: paused(rig))
    rig.expect("nobody came back", state="COOLDOWN", m1_enable=False, m2_enable=False)


def test_a_miner_that_does_not_obey_its_pause_loses_its_supply():
    rig = heating_rig(fallback={"request_ttl_s": 3600.0})
    leap(rig, 30.0, lambda: miner(rig), lambda: miner(rig))
    wish(rig, 0.0)
    leap(rig, 70.0, lambda: miner(rig), lambda: paused(rig))
    rig.expect("after the soft stop", m1_enable=False, m2_enable=True)


@pytest.mark.parametrize("change", [{"estop1_ok": False}, {"mode_auto": False}], ids=["trip", "key"])
def test_a_pause_ends_at_once_when_the_run_does(change):
    rig = heating_rig(fallback={"request_ttl_s": 3600.0})
    leap(rig, 30.0, lambda: miner(rig), lambda: miner(rig))
    wish(rig, 0.0)
    leap(rig, 60.0, lambda: paused(rig), lambda: paused(rig))
    rig.given(**change).leap(1.0)
    rig.expect("no supply without a reason to wait", m1_enable=False, m2_enable=False)


def test_a_trip_opens_at_once_whatever_power_flows():
    rig = heating_rig()
    leap(rig, 30.0, lambda: miner(rig), lambda: miner(rig))
    rig.given(estop1_ok=False).leap(0.1).expect("no pause", m1_enable=False, m2_enable=False)
    assert rig.outputs.miners[0].urgent


def test_a_silent_interface_stops_its_miner_softly_when_the_site_has_one():
    rig = heating_rig(miners={"api_expected": True, "api_dead_s": 600.0})
    leap(rig, 30.0, lambda: miner(rig), lambda: miner(rig))
    last = miner(rig)
    leap(rig, 50.0, lambda: last, lambda: miner(rig))
    assert "A-055" not in rig.outputs.status.alarms
    leap(rig, 200.0, lambda: last, lambda: miner(rig))
    assert "A-055" in rig.outputs.status.alarms
    rig.expect("stale: keep, do not raise", m1_enable=True)
    leap(rig, 430.0, lambda: last, lambda: miner(rig))
    rig.expect("dead: this one stops, the other goes on", m1_enable=False, m2_enable=True)
    assert "A-055B" in rig.outputs.status.alarms


def test_without_an_interface_silence_means_nothing():
    rig = heating_rig()
    rig.leap(900.0).expect("the site has no driver yet", m1_enable=True, m2_enable=True)


def test_contactors_close_one_after_the_other():
    rig = standby_rig(request={"power_w": 6400.0}, miners={"min_off_s": 300.0})
    rig.until(600.0, "RAMP")
    rig.leap(0.1)
    first = rig.now_ns
    assert rig.outputs.image.m1_enable != rig.outputs.image.m2_enable
    while not (rig.outputs.image.m1_enable and rig.outputs.image.m2_enable):
        rig.scan()
    assert (rig.now_ns - first) / 1e9 == pytest.approx(30.0, abs=0.3)


def unit() -> MinerUnit:
    return MinerUnit(Parameters(), interlocks.M1)


def seen(unit: MinerUnit, **fields) -> None:
    unit.step(
        Tick(1, NS_PER_S // 10),
        Facts(),
        wanted=False,
        may_close=False,
        feedback=False,
        miner=MinerInputs(**fields),
        acknowledge=False,
    )


def test_a_miner_whose_saved_target_nobody_knows_counts_with_its_highest_power():
    assert unit().starts_with_w == Parameters().miners.power_max_w


def test_the_saved_target_is_remembered_while_the_miner_is_dark_and_over_a_restart():
    first = unit()
    seen(first, saved_target_w=Reading.good(1200.0, 0))
    seen(first)
    assert first.starts_with_w == 1200.0
    second = unit()
    second.retain(first.retained())
    assert second.starts_with_w == 1200.0


def test_no_supply_for_a_miner_that_would_start_above_what_the_oil_can_take():
    rig = heating_rig()
    rig.given(miners=(miner(rig), miner(rig))).leap(1.0)
    rig.expect("both run", m1_enable=True, m2_enable=True)
    pair, facts = rig.plant.miners, rig.plant.facts
    pair.units[0].enable = False
    pair.power.thermal_w = pair.power.target_w[1] + 2000.0
    pair.units[0].saved_w = 3200.0
    rig.leap(0.1)
    assert facts.m1_saved_high
    assert "saved_high" in pair.units[0].interlock.causes
    pair.units[0].saved_w = 1200.0
    pair.units[0].enable = False
    pair.power.thermal_w = pair.power.target_w[1] + 2000.0
    rig.leap(0.1)
    assert not facts.m1_saved_high


def test_taking_power_away_because_of_hot_oil_is_urgent():
    rig = heating_rig()
    rig.given(miners=(miner(rig), miner(rig))).leap(1.0)
    assert not any(wish.urgent for wish in rig.outputs.miners)
    oil = rig.parameters.oil.limit_degc + 1.0
    rig.given(t_oil_degc=oil, miners=(miner(rig), miner(rig))).leap(60.0)
    assert rig.outputs.status.limited_by == "oil_limit"
    assert all(wish.urgent for wish in rig.outputs.miners if wish.run)
