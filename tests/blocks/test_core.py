"""Time, readings and the memory of blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plc.blocks.core import NEVER, Block, Origin, Quality, Reading, State, Tick, ns
from plc.blocks.pump import OnOffPump
from plc.blocks.timers import TON


def test_seconds_become_exact_nanoseconds() -> None:
    assert ns(0.1) == 100_000_000
    assert ns(0.1 + 0.2) == 300_000_000
    assert Tick(0, 250_000_000).dt_s == 0.25


def test_a_reading_grows_stale_with_age_and_keeps_its_number() -> None:
    reading = Reading.good(21.5, taken_ns=1000)
    assert reading.aged(now_ns=1500, stale_after_ns=500).ok
    old = reading.aged(now_ns=1501, stale_after_ns=500)
    assert (old.ok, old.quality, old.value) == (False, Quality.STALE, 21.5)
    assert reading.age_ns(400) == 0, "a clock that was set back makes nothing younger than new"


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.BAD, Quality.NEVER])
def test_only_good_and_held_values_are_usable(quality: Quality) -> None:
    assert not Reading(20.0, quality).ok
    assert not Reading(20.0, quality).aged(10**12, 1).quality < quality


@pytest.mark.parametrize("value", [None, 0.0, 20.0])
@pytest.mark.parametrize("quality", list(Quality))
@pytest.mark.parametrize("age_ns", [0, 500, 501])
def test_a_fresh_value_is_one_that_is_usable_after_ageing(
    value: float | None, quality: Quality, age_ns: int
) -> None:
    reading = Reading(value, quality, taken_ns=1000)
    assert reading.usable == (value if reading.ok else None)
    aged = reading.aged(1000 + age_ns, 500)
    assert reading.fresh(1000 + age_ns, 500) == (aged.value if aged.ok else None)
    assert not NEVER.ok
    assert not Reading(None, Quality.GOOD).ok
    assert Reading(20.0, Quality.HELD, Origin.SUBSTITUTE).ok


def test_a_state_of_another_block_is_refused_and_changes_nothing() -> None:
    class Other(Block):
        __slots__ = ("x",)
        STATE = ("x",)

        def __init__(self) -> None:
            self.x = 1

    timer = TON(1.0)
    timer.step(Tick(1, 1), in_=True)
    before = timer.state()
    with pytest.raises(ValueError, match="TON"):
        timer.restore(Other().state())
    assert timer.state() == before


def spoiled(key: str, value: object) -> Callable[[State], None]:
    return lambda state: state.__setitem__(key, value)


@pytest.mark.parametrize(
    "spoil",
    [
        spoiled("status", "unheard_of"),
        spoiled("on", "yes"),
        spoiled("on", 1),
        spoiled("_times", 5),
        spoiled("hours", None),
        lambda state: state["hours"].pop("run_ns"),
        lambda state: state["_lost"].__setitem__("q", None),
    ],
)
def test_a_spoiled_state_is_refused_as_a_whole(spoil: Callable[[State], None]) -> None:
    pump, other = OnOffPump(), OnOffPump()
    other.step(Tick(1, 1), request=True, proof=True)
    before, state = pump.state(), other.state()
    spoil(state)
    with pytest.raises(ValueError, match="OnOffPump: not a state of this block"):
        pump.restore(state)
    assert pump.state() == before
