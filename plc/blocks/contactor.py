"""Contactor with feedback contact (K10, K11): the enable is a wish, the feedback is what happened."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from plc.blocks.core import Block, Tick
from plc.blocks.duty import MinTimes, RunHours, StartCounter
from plc.blocks.timers import TON


class ContactorStatus(StrEnum):
    """Enable and feedback, seen together."""

    OFF = "off"
    CLOSING = "closing"  # enabled, feedback not there yet
    ON = "on"
    OPENING = "opening"  # not enabled, feedback still there
    NO_FEEDBACK = "no_feedback"  # enabled, feedback missing for too long: enable withdrawn, latched
    WELDED = "welded"  # not enabled, feedback on for too long: the load cannot be switched off


class Contactor(Block):
    """Enable of a contactor whose coil also runs through the hardware safety chain.

    request:  the load is wanted.
    trip:     enable off at once, stronger than the minimum on time.
    feedback: contact of the contactor, True = closed.
    feedback_known: False while the input module is not healthy; then nothing is judged, the minimum off
              time does not pass and no start is made, because "open" and "nobody knows" are different.
    reset:    clears NO_FEEDBACK (a retry); a request that goes away clears it too.

    enable (result of step): the output. closed: what the feedback says (last known). status.
    cycles: closings of the contact, whoever caused them. hours: time closed.

    Minimum on and off times count from the feedback. The minimum off time begins anew with the program,
    and it begins anew when the contactor opens without our will (safety chain): a reset of the safety
    relay can never restart the load by itself. A gap of the feedback shorter than feedback_s with the
    enable on is contact bounce and changes nothing but is in `cycles`. `no_feedback` and `welded` are
    the conditions of alarms A-011 and A-012. Source: plant reference, topic contactors K10 and K11.
    """

    __slots__ = (
        "_missing",
        "_stuck",
        "_times",
        "closed",
        "cycles",
        "enable",
        "hours",
        "no_feedback",
        "status",
    )

    STATE: ClassVar[tuple[str, ...]] = (
        "_missing",
        "_stuck",
        "_times",
        "closed",
        "cycles",
        "enable",
        "hours",
        "no_feedback",
        "status",
    )

    def __init__(
        self, *, feedback_s: float = 1.0, min_on_s: float = 1800.0, min_off_s: float = 900.0
    ) -> None:
        self._missing = TON(feedback_s)
        self._stuck = TON(feedback_s)
        self._times = MinTimes(min_on_s, min_off_s)
        self.cycles = StartCounter()
        self.hours = RunHours()
        self.enable = False
        self.closed = False
        self.no_feedback = False
        self.status = ContactorStatus.OFF

    @property
    def welded(self) -> bool:
        return self.status is ContactorStatus.WELDED

    @property
    def wait_ns(self) -> int:
        """Minimum off time left before a start, in ns."""
        return self._times.wait_ns

    def step(
        self,
        tick: Tick,
        *,
        request: bool,
        feedback: bool,
        trip: bool = False,
        feedback_known: bool = True,
        reset: bool = False,
    ) -> bool:
        if reset or not request:
            self.no_feedback = False
        if feedback_known:
            self.closed = feedback
        self.cycles.step(tick, running=self.closed)
        self.hours.step(tick, running=self.closed)
        if not feedback_known:
            return self._blind(request=request, trip=trip)
        missing = self._missing.step(tick, in_=self.enable and not feedback)
        if missing:
            self.no_feedback = True
        bridged = self.enable and not missing and self._times.measured
        self.enable = self._times.step(
            tick,
            request=request,
            measured=feedback or bridged,
            trip=trip or self.no_feedback,
        )
        stuck = self._stuck.step(tick, in_=feedback and not self.enable)
        self.status = self._judge(feedback=feedback, stuck=stuck)
        return self.enable

    def _blind(self, *, request: bool, trip: bool) -> bool:
        """Without feedback a running load may go on or be stopped, but nothing starts and no time passes."""
        if trip or not request:
            self.enable = self._times.command = False
        self.status = self._judge(feedback=self.closed, stuck=self.welded)
        return self.enable

    def _judge(self, *, feedback: bool, stuck: bool) -> ContactorStatus:
        if stuck:
            return ContactorStatus.WELDED  # before everything else: this load cannot be switched off
        if self.no_feedback:
            return ContactorStatus.NO_FEEDBACK
        if self.enable:
            return ContactorStatus.ON if feedback else ContactorStatus.CLOSING
        return ContactorStatus.OPENING if feedback else ContactorStatus.OFF
