"""Heartbeat, lamp and horn."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.panel import Heartbeat, Horn, Lamp, LampMode
from tests.blocks.ticks import Clock


def bits(block: Heartbeat | Lamp | Horn, clock: Clock, scans: int, **inputs: object) -> str:
    return "".join("1" if block.step(clock.tick(), **inputs) else "0" for _ in range(scans))  # type: ignore[arg-type]


def test_heartbeat_has_an_edge_each_half_period_on_average() -> None:
    clock, heartbeat = Clock(), Heartbeat(0.25)
    assert bits(heartbeat, clock, 12, healthy=True) == "001100011000"
    wave = bits(heartbeat, clock, 1000, healthy=True)
    edges = sum(1 for left, right in pairwise(wave) if left != right)
    assert 398 <= edges <= 401


def test_heartbeat_stops_low_at_once_when_not_healthy() -> None:
    clock, heartbeat = Clock(), Heartbeat(0.2)
    bits(heartbeat, clock, 3, healthy=True)
    assert bits(heartbeat, clock, 50, healthy=False) == "0" * 50


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3000)), max_size=60))
def test_heartbeat_never_rises_in_an_unhealthy_scan_and_never_twice_in_one(
    pattern: list[tuple[bool, int]],
) -> None:
    clock, heartbeat = Clock(), Heartbeat(0.25)
    for healthy, dt_ms in pattern:
        out = heartbeat.step(clock.tick(dt_ms), healthy=healthy)
        assert healthy or not out


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (LampMode.OFF, "000000000000"),
        (LampMode.STEADY, "111111111111"),
        (LampMode.FLASH, "110011001100"),
        (LampMode.SLOW, "111110000011"),
    ],
)
def test_lamp_shows_its_mode_beginning_with_light(mode: LampMode, expected: str) -> None:
    assert bits(Lamp(flash_s=0.2, slow_s=0.5), Clock(), 12, mode=mode) == expected


def test_lamp_changes_its_mode_at_once() -> None:
    clock, lamp = Clock(), Lamp(flash_s=0.2, slow_s=0.5)
    bits(lamp, clock, 3, mode=LampMode.FLASH)
    assert lamp.out is False
    assert lamp.step(clock.tick(), mode=LampMode.SLOW) is True
    assert lamp.step(clock.tick(), mode=LampMode.OFF) is False


def test_horn_sounds_until_silenced_and_again_for_a_new_alarm() -> None:
    clock, horn = Clock(), Horn(max_s=60.0)
    assert bits(horn, clock, 5, alarm=True) == "11111"
    assert horn.step(clock.tick(), alarm=True, silence=True) is False
    assert bits(horn, clock, 5, alarm=True) == "00000"
    assert horn.silenced is True
    assert horn.step(clock.tick(), alarm=True, new_alarm=True) is True
    assert horn.step(clock.tick(), alarm=False) is False
    assert horn.silenced is False


def test_horn_gives_up_after_its_longest_time() -> None:
    clock, horn = Clock(), Horn(max_s=60.0)
    horn.step(clock.tick(), alarm=True)
    assert clock.run(horn, 59.9, alarm=True) is True
    assert horn.step(clock.tick(), alarm=True) is False
    assert clock.run(horn, 600.0, alarm=True) is False
    horn.step(clock.tick(), alarm=False)
    assert horn.step(clock.tick(), alarm=True) is True, "the next alarm sounds again"


@pytest.mark.parametrize(
    "build", [lambda: Heartbeat(0.0), lambda: Lamp(flash_s=0.0), lambda: Horn(max_s=0.0)]
)
def test_impossible_times_are_refused(build: object) -> None:
    with pytest.raises(ValueError, match="0"):
        build()  # type: ignore[operator]
