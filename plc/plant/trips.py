"""The trip engine: delays, latch, first cause.

A hard trip clears the enables in the same scan and leads to FAULT; it is latched until its cause is gone
and a person has acknowledged afterwards. A soft trip is an ordered stop with cool-down and clears by itself.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick, ns
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters
from plc.plant.trip_table import ALARM_OF, TRIPS, Trip


class Trips(Block):
    """Evaluates the trips and latches the hard ones.

    step(tick, facts, acknowledge=) -> True while a hard trip is present or latched.

    Outputs: hard (present now), latched (names in order of appearance, until acknowledged and gone),
    soft (first soft trip present, "" if none), first (name of the first hard trip since the last
    acknowledgement).
    """

    __slots__ = (
        "_counting",
        "_delay_ns",
        "_holds",
        "_named",
        "_since_ns",
        "_trips",
        "first",
        "hard",
        "latched",
        "present",
        "soft",
    )

    STATE = ("_counting", "_since_ns", "latched", "first", "hard", "soft", "present", "_named")

    def __init__(self, parameters: Parameters, trips: tuple[Trip, ...] = TRIPS) -> None:
        self._trips = trips
        self._holds = tuple(trip.holds for trip in trips)
        self._counting = False
        self._delay_ns = tuple(ns(trip.delay_s(parameters)) for trip in trips)
        self._since_ns = [-1] * len(trips)
        self.latched: list[str] = []
        self.present: list[str] = []
        self.first = ""
        self.hard = False
        self.soft = ""
        self._named = False

    def step(self, tick: Tick, facts: Facts, *, acknowledge: bool) -> bool:
        self.hard = False
        self.soft = ""
        if self.present:
            self.present = []
        seen = [holds(facts) for holds in self._holds]
        if True in seen or self._counting:
            self._count(tick, seen)
        f = facts
        f.hard_trip = self.hard
        if acknowledge and not self.hard:
            # Only after the cause is gone: nobody shall be surprised by a plant that starts because
            # something cooled down an hour after the button was pressed.
            self.latched = []
            self.first = ""
        f.hard_latched = bool(self.latched)
        f.soft_trip = self.soft != ""
        self._name(f)
        return self.hard or f.hard_latched

    def retain(self, latched: list[str]) -> None:
        """A trip that nobody has acknowledged does not go away with a restart."""
        known = {trip.name for trip in self._trips if trip.hard}
        self.latched = [name for name in latched if name in known]
        self.first = self.latched[0] if self.latched else ""
        self._named = True

    def latched_alarms(self) -> tuple[str, ...]:
        """Alarm ids of the latched trips."""
        return tuple(ALARM_OF[name] for name in self.latched if name in ALARM_OF)

    def _name(self, f: Facts) -> None:
        """The latched trips as facts, for the alarms that belong to them."""
        latched = self.latched
        if not latched and not self._named:
            return
        f.chain_tripped = "safety_chain_open" in latched
        f.trip_flow = "flow_lost" in latched or (f.chain_tripped and f.first_out == "flow")
        f.trip_oil = "oil_trip" in latched
        f.trip_cooling = "cooling_lost" in latched
        f.trip_heat = "heat_missing" in latched or "chips_hot" in latched
        f.trip_start = "start_timeout" in latched
        f.trip_p3 = "p3_no_flow" in latched
        f.trip_valve = "valve_conflict" in latched
        f.trip_modules = "io_modules" in latched or "io_modules_running" in latched
        self._named = bool(latched)

    def _count(self, tick: Tick, seen: list[bool]) -> None:
        """Runs the delays of the trips that hold."""
        since = self._since_ns
        self._counting = True in seen
        for index, holds in enumerate(seen):
            if not holds:
                since[index] = -1
                continue
            since[index] = since[index] + tick.dt_ns if since[index] >= 0 else 0
            if since[index] >= self._delay_ns[index]:
                self._tripped(self._trips[index])

    def _tripped(self, trip: Trip) -> None:
        self.present.append(trip.name)
        if not trip.hard:
            self.soft = self.soft or trip.name
            return
        self.hard = True
        self.first = self.first or trip.name
        if trip.name not in self.latched:
            self.latched.append(trip.name)
