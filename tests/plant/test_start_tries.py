"""A start that takes too long: tried again by itself, but not for ever."""

from plc.blocks.core import NS_PER_S, Tick
from plc.plant.start_tries import StartTries
from tests.plant.language import Rig, parameters


def test_the_third_time_within_an_hour_waits_for_a_person():
    tries = StartTries()

    def minutes(count, latched):
        return [tries.step(Tick(0, 60 * NS_PER_S), latched) for _ in range(count)][-1]

    assert minutes(1, ["start_timeout"])
    minutes(9, [])
    assert minutes(1, ["start_timeout"])
    minutes(9, [])
    assert not minutes(1, ["start_timeout"])
    assert not minutes(20, ["start_timeout"]), "it stays"
    assert minutes(45, ["start_timeout"]), "an hour after the first the next try is free"


def test_with_another_trip_beside_it_nothing_is_forgotten():
    assert not StartTries().step(Tick(0, NS_PER_S), ["oil_trip", "start_timeout"])
    assert not StartTries().step(Tick(0, NS_PER_S), [])


def test_the_plant_goes_back_to_standby_and_starts_again_with_the_alarm_standing():
    rig = Rig(
        parameters(request={"power_w": 2400.0}, miners={"min_off_s": 300.0, "start_timeout_s": 60.0}),
        scan_ms=500,
    )
    rig.given(mode_auto=True, t_oil_degc=56.0)  # too warm to start
    assert rig.until(900.0, "PRECIRC") > 0.0
    rig.until(100.0, "FAULT")
    assert "A-020" in rig.outputs.status.alarms
    rig.until(30.0, "STANDBY")
    assert "A-020" in rig.outputs.status.alarms, "nobody has seen it yet"
    rig.until(100.0, "PRECIRC")
    rig.until(100.0, "FAULT")
    rig.until(30.0, "STANDBY")
    rig.until(100.0, "PRECIRC")
    rig.until(100.0, "FAULT")
    rig.leap(100.0).expect("the third time", state="FAULT")
    rig.given(ack_pb=True, t_oil_degc=40.0).scan()
    rig.given(ack_pb=False).until(10.0, "STANDBY")
    rig.leap(2.0).given(ack_pb=True).scan()
    assert "A-020" not in rig.outputs.status.alarms
