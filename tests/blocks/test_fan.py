"""Fan: permissive, minimum times, starts, trip and protection."""

from __future__ import annotations

from plc.blocks.core import ns
from plc.blocks.fan import Fan, FanStatus
from tests.blocks.ticks import Clock


def ready(**parameters: float) -> tuple[Clock, Fan]:
    """A fan whose minimum off time since the start of the program is over."""
    clock, fan = Clock(scan_ms=1000), Fan(**parameters)  # type: ignore[arg-type]
    clock.run(fan, 181, request=False, permissive=False)
    return clock, fan


def test_a_fan_waits_for_its_minimum_off_time_after_the_start_of_the_program() -> None:
    clock, fan = Clock(), Fan()
    clock.run(fan, 179.9, request=True)
    assert (fan.on, fan.status) == (False, FanStatus.WAIT_MIN_OFF)
    assert fan.step(clock.tick(), request=True) is True


def test_permissive_must_have_been_there_for_its_time() -> None:
    clock, fan = ready()
    clock.run(fan, 15, request=True, permissive=True)
    assert (fan.on, fan.status) == (False, FanStatus.WAIT_PERMISSIVE)
    assert fan.step(clock.tick(), request=True, permissive=True) is True
    assert clock.run(fan, 600, request=True, permissive=False) is True, "a permissive is for the start"


def test_minimum_on_holds_and_trip_overrides_it() -> None:
    clock, fan = ready()
    clock.run(fan, 20, request=True)
    clock.run(fan, 30, request=False)
    assert (fan.on, fan.status) == (True, FanStatus.MIN_ON)
    assert fan.step(clock.tick(), request=True, trip=True, protect=True) is False
    assert fan.status is FanStatus.TRIPPED
    assert clock.run(fan, 179, request=True, protect=True) is False, "nothing overrides minimum off"
    assert fan.step(clock.tick(), request=True) is True


def test_starts_per_hour_bind_requests_only() -> None:
    clock, fan = ready(min_on_s=1.0, min_off_s=1.0, max_starts_per_h=2)
    for _ in range(2):
        clock.run(fan, 20, request=True)
        clock.run(fan, 20, request=False)
    clock.run(fan, 60, request=True)
    assert (fan.on, fan.status) == (False, FanStatus.WAIT_STARTS)
    assert clock.run(fan, 1, request=False, protect=True) is True
    assert fan.status is FanStatus.PROTECT


def test_protection_does_not_replace_the_permissive() -> None:
    clock, fan = ready()
    assert clock.run(fan, 60, request=False, permissive=False, protect=True) is False
    assert fan.status is FanStatus.WAIT_PERMISSIVE


def test_fan_counts_hours_and_starts() -> None:
    clock, fan = ready()
    clock.run(fan, 216, request=True)
    assert (fan.starts.count, fan.hours.run_ns) == (1, ns(200.0))
