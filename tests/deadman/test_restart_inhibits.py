"""Layer 5: what a restart may do. A program that crashes again and again must not clatter the contactors.

In virtual time with the real plant and the virtual house; the same promise on real processes would take
a quarter of an hour each.
"""

from collections.abc import Callable

import pytest

from tests.scenarios.language import given
from tools.twin.closed_loop import ClosedLoop

MIN_OFF_S = 900.0
WATCHED_S = 3600.0


def forget_everything(loop: ClosedLoop) -> None:
    loop.retained = {}


def forget_nothing(_loop: ClosedLoop) -> None:
    pass


def lie_about_the_past(loop: ClosedLoop) -> None:
    """Data of a machine that has been off for a day: a file may lengthen an inhibit, never shorten it."""
    day = 24 * 3600 * 10**9

    def older(value: object) -> object:
        if isinstance(value, dict):
            return {key: older(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(older(inner) for inner in value)
        return value + day if isinstance(value, int) and value >= 10**9 else value  # times, not counts

    loop.retained = older(loop.retained)  # type: ignore[assignment]


def at_full_power() -> ClosedLoop:
    """The program dies here; the house still wants all the heat it can get."""
    loop = given("restart-while-heating", "flow latches").leap_to_cause().loop
    assert loop.image.m1_enable or loop.image.m2_enable
    return loop


def crash(loop: ClosedLoop, files: Callable[[ClosedLoop], None]) -> None:
    loop.kill()
    files(loop)
    loop.start()


def enables_within(loop: ClosedLoop, seconds: float) -> bool:
    return loop.run(seconds, until=lambda now: now.image.m1_enable or now.image.m2_enable)


@pytest.mark.parametrize("files", [forget_everything, forget_nothing, lie_about_the_past])
def test_crash_loop_never_brings_the_miners_back(files: Callable[[ClosedLoop], None]) -> None:
    loop = at_full_power()
    end_s = loop.t_s + WATCHED_S
    while loop.t_s < end_s:
        crash(loop, files)
        assert not enables_within(loop, MIN_OFF_S - 20.0)


@pytest.mark.parametrize("files", [forget_everything, forget_nothing])
def test_program_that_stays_up_brings_them_back_after_the_minimum_off_time(
    files: Callable[[ClosedLoop], None],
) -> None:
    """The counterpart: it is the inhibit that holds the miners above, not a plant without a wish."""
    loop = at_full_power()
    crash(loop, files)
    assert not enables_within(loop, MIN_OFF_S - 1.0)
    assert enables_within(loop, 1200.0)


def test_crashes_use_up_the_contactor_cycles_of_the_day() -> None:
    """Each crash at work costs a cycle, booked by the restart: a day of crashes ends with the miners off."""
    loop = at_full_power()
    cycles = 0
    while enables_within(loop, 2400.0):
        cycles += 1
        loop.run(60.0)
        crash(loop, forget_nothing)
        assert cycles <= loop.parameters.miners.max_cycles_per_day
    assert cycles < loop.parameters.miners.max_cycles_per_day
