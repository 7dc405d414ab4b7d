"""Trips as data: what stops the miners, how fast, and which alarm says so.

A hard trip clears the enables in the same scan and leads to FAULT; it is latched until its cause is gone
and a person has acknowledged. A soft trip is an ordered stop with cool-down and clears by itself.
Follows the plant reference, topic interlocks, as corrected by the design: a missing safety chain is a trip
only while an enable or a contactor is on, a planned loss of flow is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plc.blocks.core import Block, Tick, ns
from plc.plant.facts import Facts
from plc.plant.interlock import Predicate
from plc.plant.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Trip:
    """One trip. delay_s is looked up in the parameters, so that the table needs no numbers."""

    name: str
    alarm: str
    hard: bool
    holds: Predicate
    delay_s: Callable[[Parameters], float] = lambda _: 0.0
    de: str = ""
    en: str = ""


TRIPS: tuple[Trip, ...] = (
    Trip(
        "safety_chain_open",
        "A-002",
        True,
        lambda f: not f.safety_ok and f.miner_powered and f.dio_healthy,
        de="Sicherheitskreis offen",
        en="safety chain open",
    ),
    Trip(
        "temp_max",
        "A-004",
        True,
        lambda f: not f.temp_max_ok and f.dio_healthy and f.io_settled,
        de="Temperaturbegrenzer ausgelöst",
        en="temperature limiter tripped",
    ),
    Trip(
        "flow_lost",
        "A-003",
        True,
        lambda f: not f.flow_ok and f.miner_powered and f.dio_healthy,
        de="Durchfluss verloren",
        en="flow lost",
    ),
    Trip(
        "oil_trip",
        "A-005",
        True,
        lambda f: f.oil_trip,
        lambda p: p.oil.trip_delay_s,
        de="Öl zu heiß",
        en="oil too hot",
    ),
    Trip(
        "cooling_lost",
        "A-007",
        True,
        lambda f: f.cooling_lost,
        lambda p: p.oil.cooling_lost_s,
        de="Öl erwärmt sich wie ohne Kühlung",
        en="oil heats up as without cooling",
    ),
    Trip(
        "heat_missing",
        "A-008",
        True,
        lambda f: f.heat_missing,
        lambda p: p.heat_proof.for_s,
        de="Wärme kommt nicht an",
        en="heat does not arrive",
    ),
    Trip(
        "chips_hot",
        "A-008",
        True,
        lambda f: f.chips_hot,
        lambda p: p.heat_proof.chip_for_s,
        de="Chips zu heiß",
        en="chips too hot",
    ),
    Trip(
        "oil_sensor",
        "A-060",
        True,
        lambda f: not f.oil_valid and f.miner_powered,
        de="Öltemperatur unbekannt",
        en="oil temperature unknown",
    ),
    Trip(
        "p3_no_flow",
        "A-021",
        True,
        lambda f: f.p3_on and not f.flow_ok and f.p3_needed,
        lambda p: p.safety.flow_proof_s,
        de="P3 ein, kein Durchfluss",
        en="P3 on, no flow",
    ),
    Trip(
        "contactor_welded",
        "A-012",
        True,
        lambda f: f.contactor_welded,
        de="Schütz klebt",
        en="contactor welded",
    ),
    Trip(
        "valve_conflict",
        "A-025",
        True,
        lambda f: f.valve_conflict,
        de="Beide Richtungen eines Ventils",
        en="both directions of a valve",
    ),
    Trip(
        "start_timeout",
        "A-020",
        True,
        lambda f: f.start_timeout,
        de="Anfahren dauert zu lange",
        en="start takes too long",
    ),
    Trip(
        "io_modules_running",
        "A-081",
        True,
        lambda f: f.miner_powered and not (f.dio_healthy and f.aio_healthy),
        de="E/A-Modul fehlt bei laufendem Miner",
        en="I/O module missing while a miner is on",
    ),
    Trip(
        "io_modules",
        "A-081",
        True,
        lambda f: f.io_settled and not (f.dio_healthy and f.aio_healthy),
        lambda p: p.fallback.sensor_hold_s,
        de="E/A-Modul fehlt",
        en="I/O module missing",
    ),
    Trip(
        "p4_fault",
        "A-022",
        False,
        lambda f: not f.p4_ssm_ok and f.dio_healthy,
        lambda p: p.safety.flow_off_s,
        de="Störung P4",
        en="fault of P4",
    ),
    Trip(
        "buffer_sensors",
        "A-060",
        False,
        lambda f: f.t_top is None and f.t_bottom is None,
        lambda p: p.fallback.sensor_hold_s,
        de="Beide Pufferfühler fehlen",
        en="both buffer sensors missing",
    ),
    Trip(
        "energy_blind",
        "A-050",
        False,
        lambda f: f.energy_dead,
        lambda p: p.fallback.hold_without_energy_s,
        de="Wechselrichterdaten fehlen",
        en="inverter data missing",
    ),
    Trip(
        "oil_limit",
        "A-006",
        False,
        lambda f: f.thermal_exhausted,
        de="Öl zu warm trotz kleinster Leistung",
        en="oil too warm in spite of least power",
    ),
    Trip(
        "grid_operator",
        "A-071",
        False,
        lambda f: f.grid_stop,
        de="Signal des Netzbetreibers",
        en="grid operator's signal",
    ),
)


FULL_SPEED_TRIPS = frozenset({"temp_max", "oil_trip", "cooling_lost", "contactor_welded"})
"""Trips after which the pumps run at full speed: heat has to go, whatever it costs."""

ALARM_OF = {trip.name: trip.alarm for trip in TRIPS}


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
