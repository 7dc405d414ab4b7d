"""Fan of the dry cooler: relay on/off with permissive, minimum times and starts per hour."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from plc.blocks.budget import StartsPerHour
from plc.blocks.core import Block, Tick
from plc.blocks.duty import MinTimes, RunHours, StartCounter
from plc.blocks.timers import TON


class FanStatus(StrEnum):
    """What the fan does and, when that is not what was asked, why."""

    OFF = "off"
    ON = "on"
    PROTECT = "protect"  # runs because a protection asks for it
    MIN_ON = "min_on"  # not wanted any more, minimum on time runs
    WAIT_PERMISSIVE = "wait_permissive"  # wanted, a condition of the start is missing or too young
    WAIT_MIN_OFF = "wait_min_off"
    WAIT_STARTS = "wait_starts"
    TRIPPED = "tripped"


class Fan(Block):
    """On/off fan.

    request: wanted. permissive: all conditions of a START are true; they must have been for permissive_s
    (the glycol pump runs before the fan). A permissive that goes away does not stop a running fan; what
    must stop it is a trip. trip: off at once, stronger than everything. protect: must run; also beyond
    the starts per hour, but not without permissive, because a fan without glycol flow cools nothing.
    Nothing shortens the minimum off time, which runs from the start of the program.

    on (result of step): the relay; times count from it, the fan has no run feedback.
    Source: plant reference, topic dry cooler.
    """

    __slots__ = ("_permissive", "_starts", "_times", "hours", "on", "starts", "status")

    STATE: ClassVar[tuple[str, ...]] = ("_permissive", "_starts", "_times", "hours", "on", "starts", "status")

    def __init__(
        self,
        *,
        min_on_s: float = 180.0,
        min_off_s: float = 180.0,
        max_starts_per_h: int = 6,
        permissive_s: float = 15.0,
    ) -> None:
        self._permissive = TON(permissive_s)
        self._times = MinTimes(min_on_s, min_off_s)
        self._starts = StartsPerHour(max_starts_per_h)
        self.hours = RunHours()
        self.starts = StartCounter()
        self.on = False
        self.status = FanStatus.OFF

    def step(
        self,
        tick: Tick,
        *,
        request: bool,
        permissive: bool = True,
        trip: bool = False,
        protect: bool = False,
    ) -> bool:
        was_on = self.on
        wanted = request or protect
        permitted = self._permissive.step(tick, in_=permissive) or was_on
        start_ok = self._starts.advance(tick) or was_on or protect
        self.on = on = self._times.step_unproved(tick, request=wanted and permitted and start_ok, trip=trip)
        if on and not was_on:
            self._starts.book()
        self.hours.step(tick, running=on)
        self.starts.step(tick, running=on)
        if on:
            self.status = FanStatus.PROTECT if protect else FanStatus.ON if wanted else FanStatus.MIN_ON
        elif trip:
            self.status = FanStatus.TRIPPED
        elif not wanted:
            self.status = FanStatus.OFF
        elif not permitted:
            self.status = FanStatus.WAIT_PERMISSIVE
        else:
            self.status = FanStatus.WAIT_MIN_OFF if start_ok else FanStatus.WAIT_STARTS
        return on
