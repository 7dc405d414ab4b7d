"""Heat as the witness of the valves, and hash rate as the witness of the miners."""

import pytest

from plc.blocks.core import NEVER, NS_PER_S, Reading, Tick
from plc.plant.facts import Facts
from plc.plant.hashing import WeakHashing
from plc.plant.interface import MinerInputs, MinerState
from plc.plant.parameters import Parameters
from plc.plant.route_proof import RouteProof
from plc.plant.states import SequenceState as S
from tests.plant.language import Rig, parameters

RECOOLING = {"rv1_at_b": True, "p5_proven": True, "power_w": 6400.0, "t_glycol": 15.0, "t_outdoor": 14.0}
HOT = {"t_oil": 58.0, "oil_calm": False}


class Bench:
    def __init__(self):
        self.proof = RouteProof()
        self.f = Facts(**RECOOLING, **HOT)

    def leap(self, seconds, state=S.RECOOL, **facts):
        for name, value in facts.items():
            setattr(self.f, name, value)
        for n in range(round(seconds)):
            self.proof.step(Tick(n * NS_PER_S, NS_PER_S), self.f, state=state, min_power_w=1000.0)
        return self.f


def test_a_valve_that_shows_no_heat_is_driven_home_once_and_reported_the_second_time():
    bench = Bench()
    assert not bench.leap(595).route_retry
    f = bench.leap(10)
    assert (f.route_retry, f.route_implausible) == (True, False)
    assert bench.leap(60, rv1_at_b=False).route_retry, "until it has arrived"
    assert not bench.leap(1, rv1_at_a=True).route_retry
    assert not bench.leap(590, rv1_at_a=False, rv1_at_b=True).route_implausible
    f = bench.leap(20)
    assert (f.route_retry, f.route_implausible) == (False, True)


def test_heat_in_the_glycol_clears_the_suspicion():
    bench = Bench()
    bench.leap(605)
    bench.leap(1, rv1_at_a=True)
    bench.leap(30, t_glycol=20.0, rv1_at_a=False)
    f = bench.leap(610, t_glycol=15.0)
    assert (f.route_retry, f.route_implausible) == (True, False), "a new suspicion begins with a new try"


def test_a_silence_of_another_day_begins_with_a_new_try():
    bench = Bench()
    assert bench.leap(605).route_retry
    bench.leap(1, S.HEAT_BUFFER, t_oil=45.0, oil_calm=True)
    f = bench.leap(610, **HOT)
    assert (f.route_retry, f.route_implausible) == (True, False)


@pytest.mark.parametrize(
    "facts",
    [
        {"p5_proven": False},
        {"rv1_at_b": False},
        {"power_w": 500.0},
        {"t_glycol": None},
        {"t_outdoor": None},
        {"t_oil": None},
        {"oil_calm": True},
    ],
)
def test_without_heat_or_sensors_nothing_is_said(facts):
    f = Bench().leap(1300, **facts)
    assert (f.route_retry, f.route_implausible) == (False, False)


def test_a_try_ends_with_the_state_that_asked_for_it():
    bench = Bench()
    assert bench.leap(605).route_retry
    assert not bench.leap(1, S.COOLDOWN).route_retry


def test_the_plant_drives_rv1_home_and_out_again_and_blocks_recooling_with_the_alarm():
    rig = Rig(
        parameters(
            request={"power_w": 6400.0},
            miners={"min_off_s": 300.0, "ramp_timeout_s": 300.0},
            cooler={"economic": True, "quiet": False},
        )
    )
    rig.given(t_buffer_top_degc=56.0, t_buffer_bottom_degc=50.0, t_outdoor_degc=16.0, t_glycol_degc=17.0)
    rig.given(mode_auto=True, t_oil_degc=54.0, t_charge_degc=50.0)
    rig.until(1500.0, "RECOOL")
    rig.given(t_oil_degc=56.0)
    rig.leap(100.0).expect("towards the cooler", route="recool", cooler_on=True)
    began = rig.now_ns
    while rig.outputs.status.route == "recool":
        rig.scan()
        assert rig.now_ns - began < 620 * NS_PER_S
    rig.expect("home, with the fan off before the valve moves", rv1_a=True, cooler_on=False)
    rig.expect("miners go on", state="RECOOL", m1_enable=True)
    rig.leap(300.0).expect("out again", route="recool", cooler_on=True)
    assert "A-024" not in rig.outputs.status.alarms
    rig.leap(600.0)
    assert "A-024" in rig.outputs.status.alarms
    rig.expect("no sink any more", state="COOLDOWN")
    rig.given(ack_pb=True).scan()
    rig.given(ack_pb=False).leap(5.0)
    assert "A-024" not in rig.outputs.status.alarms, "it can clear"


def hashing(rate, power=3200.0, state=MinerState.MINING, seconds=1860):
    weak = WeakHashing(Parameters())
    result = False
    for n in range(0, seconds, 10):
        now = n * NS_PER_S
        miner = MinerInputs(
            state,
            now,
            hashrate_ths=NEVER if rate is None else Reading.good(rate, now),
            power_estimated_w=NEVER if power is None else Reading.good(power, now),
        )
        result = weak.step(Tick(now, 10 * NS_PER_S), miner)
    return result


def test_two_thirds_of_the_hash_rate_for_half_an_hour_is_a_dead_board():
    assert hashing(60.0)
    assert not hashing(60.0, seconds=1700)
    assert not hashing(66.0), "above 70 % of 92 TH/s"
    assert not hashing(40.0, power=1200.0), "less power gives less"


@pytest.mark.parametrize(
    "given",
    [
        {"rate": None},
        {"rate": 10.0, "power": None},
        {"rate": 0.0, "power": 20.0},
        {"rate": 10.0, "state": MinerState.TUNING},
        {"rate": 10.0, "state": MinerState.NO_WORK},
    ],
)
def test_what_is_not_known_or_not_meant_accuses_nobody(given):
    assert not hashing(**given)
