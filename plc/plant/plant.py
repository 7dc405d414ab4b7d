"""The ThermIQ machine: one scan from top to bottom.

    inputs -> safety -> trips -> mode and requests -> demand -> sequence
           -> routes -> pumps, fan -> miners, heat pump -> alarms -> outputs

Pure: everything a scan depends on is an argument, and the complete memory is plain data, so a recording
of inputs replays bit for bit. Follows the plant reference, topic control narrative, as corrected by the
design of this program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plc.blocks.core import Block, State, Tick
from plc.plant.alarms import Alarms
from plc.plant.arbitration import Arbitration
from plc.plant.calendar import cold_month
from plc.plant.changes import Changes
from plc.plant.cooler import DryCooler
from plc.plant.counters import EnergyCounters
from plc.plant.decision import EnergyDecision
from plc.plant.demand import Demand
from plc.plant.dhw import HotWater
from plc.plant.exercise import Exercise
from plc.plant.facts import Facts
from plc.plant.frost import FrostGuard
from plc.plant.hp_block import HeatPumpBlock
from plc.plant.interface import Event, ImageOutputs, PlantInputs, PlantOutputs
from plc.plant.interlock import Interlock
from plc.plant.miner_pair import MinerPair
from plc.plant.miners import MinerUnit
from plc.plant.modes import Mode, ModeSelect
from plc.plant.panel import Panel
from plc.plant.parameters import Parameters
from plc.plant.pumps import Pumps
from plc.plant.retain import Retained
from plc.plant.routes import DEFAULT_ROUTES, DHW, Route
from plc.plant.routing import Routing
from plc.plant.season import SeasonSelect
from plc.plant.sensing import Sensing
from plc.plant.sequence import Sequence
from plc.plant.start_tries import StartTries
from plc.plant.states import RUN_STATES, SequenceState
from plc.plant.status import StatusBuilder
from plc.plant.trip_table import FULL_SPEED_TRIPS
from plc.plant.trips import Trips
from plc.plant.watch import Watch

S = SequenceState

BLOCKS = (
    "alarms",
    "arbitration",
    "changes",
    "cooler",
    "counters",
    "decision",
    "demand",
    "exercise",
    "facts",
    "frost",
    "hot_water",
    "hp_block",
    "miners",
    "mode",
    "panel",
    "pumps",
    "retained",
    "routing",
    "season",
    "sensing",
    "sequence",
    "start_tries",
    "trips",
    "watch",
)


class Plant(Block):
    """The whole plant as one block.

    parameters, routes: of the site. retained: what survived the last run, the `retain` of its outputs; None
    at a first start or when no good file was found. clean_start: the last run ended in order; without it
    the worst is assumed about contactors and heat pump block. changes: what was changed in this run before,
    the `changes.values` of the plant that this one replaces. Raises ValueError for retained data of another
    layout, RouteTableError for a table that cannot work.
    """

    __slots__ = (*BLOCKS, "_events", "_p", "_routes", "_status")

    STATE = BLOCKS

    def __init__(
        self,
        parameters: Parameters,
        routes: tuple[Route, ...] = DEFAULT_ROUTES,
        retained: State | None = None,
        clean_start: bool = True,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        self._routes = routes
        self.changes = Changes(parameters, changes)
        self._events: list[Event] = []
        self._build(self.changes.parameters)
        self.retained.apply(self, retained, clean=clean_start)

    def _build(self, p: Parameters) -> None:
        """Every block but the changes themselves, without any memory."""
        self._p = p
        self.facts = Facts()
        self.sensing = Sensing(p)
        self.trips = Trips(p)
        self.start_tries = StartTries()
        self.mode = ModeSelect()
        self.arbitration = Arbitration(p)
        self.decision = EnergyDecision(p)
        self.counters = EnergyCounters(p)
        self.season = SeasonSelect(p)
        self.hot_water = HotWater(p, heated=any(route.name == DHW for route in self._routes))
        self.frost = FrostGuard(p)
        self.watch = Watch(p)
        self.demand = Demand(p)
        self.sequence = Sequence()
        self.exercise = Exercise(p)
        self.routing = Routing(p, self._routes)
        self.pumps = Pumps(p)
        self.cooler = DryCooler(p)
        self.miners = MinerPair(p)
        self.hp_block = HeatPumpBlock(p)
        self.alarms = Alarms()
        self.panel = Panel(p)
        self.retained = Retained()
        self._status = StatusBuilder(self)

    def _put(self, state: State) -> None:
        """A memory may belong to other parameters than those in force."""
        self.changes.restore(state["changes"])
        if self.changes.parameters != self._p:
            self._build(self.changes.parameters)
        self._p = self.changes.parameters
        super()._put(state)

    def step(self, inputs: PlantInputs, tick: Tick) -> PlantOutputs:
        """One scan."""
        self._events = []
        self._step_changes(inputs, tick)
        f = self.facts
        self.sensing.step(tick, inputs, f)
        self.miners.proofs(f)
        self._step_requests(tick, inputs, f)
        self._step_surroundings(tick, inputs, f)
        self._step_trips(tick, f)
        self._step_sequence(tick, inputs, f)
        self._step_actuators(tick, inputs, f)
        blocked = self.hp_block.step(tick, f)
        self.counters.step(tick, inputs, f)
        self._step_alarms(tick, f)
        return self._outputs(tick, f, blocked=blocked)

    def _step_changes(self, inputs: PlantInputs, tick: Tick) -> None:
        """Another parameter: another plant with the same memory, between two scans."""
        changes = self.changes
        if inputs.commands or changes.results:
            changes.step(tick, inputs.commands)
        if changes.parameters is not self._p:
            self._put(self.state())
            self._events.extend(changes.events)

    def _step_requests(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        """Key switch, remote wishes, requested power."""
        automatic_w = self.decision.step(tick, inputs, f, season=self.season)
        self.arbitration.step(
            tick, inputs.commands, f, automatic_w=automatic_w, block_refusal=self.hp_block.refusal
        )
        if f.request_w < self._p.miners.power_min_w:
            f.request_w = 0.0  # less than one miner can do is no request
        f.request_miners = self.decision.miners if self.arbitration.source == "automatic" else 0
        before = self.mode.mode
        mode = self.mode.step(
            auto=inputs.image.mode_auto,
            maint=inputs.image.mode_maint,
            healthy=f.dio_healthy,
            remote_off=self.arbitration.remote_off(tick),
        )
        key = self.mode.key
        if key is Mode.OFF:
            self.arbitration.forget_off()
        f.key_auto = key is Mode.AUTO
        f.key_maint = key is Mode.MAINT
        f.key_fault = key is Mode.KEY_FAULT
        f.auto = mode is Mode.AUTO
        f.grid_stop = f.grid_block and self._p.miners.off_on_grid_block
        f.maint_locked = (
            self.sequence.value is S.MAINT and f.miners_stopped and (f.maint_locked or f.cooled_down)
        )
        if mode is not before:
            self._event(tick, "mode", "changed", before.value, mode.value)

    def _step_surroundings(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        """Season, hot water, frost and everything that is only watched."""
        if self.arbitration.season is not None:
            self.season.override(*self.arbitration.season)
        self.season.step(tick, f)
        self.hot_water.step(tick, inputs, f)
        self.frost.step(tick, f, cold_month=cold_month(inputs.wall))
        first, second = self.miners.units
        self.watch.step(tick, inputs, f, state=self.sequence.value, miners_on_ns=(first.on_ns, second.on_ns))

    def _step_trips(self, tick: Tick, f: Facts) -> None:
        first = self.trips.first
        again = self.start_tries.step(tick, self.trips.latched)
        self.trips.step(tick, f, acknowledge=f.ack or self._remote_acknowledge() or again)
        if self.trips.first == first:
            return
        if self.trips.first:
            self.arbitration.drop()
            self._event(tick, "trip", "tripped", reason=self.trips.first)
        else:
            self._event(tick, "trip", "cleared", before=first)

    def _remote_acknowledge(self) -> bool:
        """From afar only for trips that have no alarm of priority 1."""
        if not self.arbitration.acknowledge:
            return False
        return all(self.alarms.may_acknowledge(name) for name in self.trips.latched_alarms())

    def _step_sequence(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        sequence = self.sequence
        self.demand.step(tick, f, state=sequence.value, state_ns=sequence.state_ns, wall=inputs.wall)
        sequence.step(tick, f)
        if not sequence.changed:
            return
        reason = {"hard_trip": self.trips.first, "soft_trip": self.trips.soft}.get(sequence.reason, "")
        self._event(
            tick,
            "sequence",
            sequence.reason,
            sequence.previous.value,
            sequence.value.value,
            reason or sequence.reason,
        )

    def _step_actuators(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        """Valves before pumps before fan before miners: each may rely on what stands above it."""
        state = self.sequence.value
        exercise, routing = self.exercise, self.routing
        exercise.step(
            tick,
            f,
            state=state,
            wall=inputs.wall,
            valve_idle_ns=(routing.rv1.idle_ns, routing.rv2.idle_ns),
        )
        routing.step(tick, f, state=state, stroke_rv2=exercise.rv2)
        route = routing.route
        full = not FULL_SPEED_TRIPS.isdisjoint(self.trips.latched)
        self.pumps.step(tick, f, state=state, route=route, pumps_full=full, exercise_p3=exercise.run_p3)
        self.cooler.step(tick, f, state=state, route=route)
        first, second = self.miners.units
        before = (first.enable, second.enable)
        self.miners.step(
            tick,
            inputs,
            f,
            state=state,
            stale=self.watch.stale[0] or self.watch.stale[1],
            acknowledge=f.ack,
        )
        if (first.enable, second.enable) == before:
            return
        for number, (unit, was_on) in enumerate(zip(self.miners.units, before, strict=True), 1):
            if unit.enable is not was_on:
                self._event(
                    tick, f"m{number}_enable", "on" if unit.enable else "off", reason=self._why(unit, state)
                )

    def _why(self, unit: MinerUnit, state: SequenceState) -> str:
        """Why a miner was switched: its trip, the limit that left one miner too many, or the sequence."""
        if unit.interlock.tripped:
            return unit.interlock.first_out
        if not unit.enable and state in RUN_STATES and self.miners.power.limited_by:
            return self.miners.power.limited_by
        return self.sequence.reason

    def _step_alarms(self, tick: Tick, f: Facts) -> None:
        alarms = self.alarms
        service = self._p.rv1.service_strokes
        f.strokes_service = self.routing.rv1.strokes > service or self.routing.rv2.strokes > service
        alarms.step(
            tick,
            f,
            acknowledge_local=f.ack,
            acknowledge=self.arbitration.acknowledge,
            shelve=self.arbitration.shelve,
        )
        f.route_implausible_latched = f.route_implausible or "A-024" in alarms.listed
        f.dhw_in_vain_latched = f.dhw_in_vain or "A-027" in alarms.listed
        for change in alarms.changes:
            self._event(tick, change.id, change.what)

    def _outputs(self, tick: Tick, f: Facts, *, blocked: bool) -> PlantOutputs:
        state, panel, routing = self.sequence.value, self.panel, self.routing
        panel.step(
            tick,
            f,
            self.alarms,
            state=state,
            silence=f.ack or bool(self.arbitration.acknowledge),
            withhold=self.miners.test.running,
        )
        first, second = self.miners.units
        image = ImageOutputs(
            p3_on=f.p3_on,
            cooler_on=f.fan_on,
            rv1_a=routing.rv1.a,
            rv1_b=routing.rv1.b,
            rv2_a=routing.rv2.a,
            rv2_b=routing.rv2.b,
            hp_block=blocked,
            m1_enable=first.enable,
            m2_enable=second.enable,
            heartbeat=panel.heartbeat,
            horn=panel.horn,
            lamp_fault=panel.lamp_fault,
            lamp_run=panel.lamp_run,
            reset_lamp=panel.reset_lamp,
            p4_setpoint_pct=f.p4_pct,
            p5_setpoint_pct=f.p5_pct,
        )
        return PlantOutputs(
            image=image,
            status=self._status.build(),
            miners=self.miners.wishes,
            events=tuple(self._events) if self._events else (),
            results=(*self.changes.results, *self.arbitration.results),
            leds=panel.leds,
            retain=self.retained.step(tick, self),
        )

    def locks(self) -> tuple[Interlock, ...]:
        """Every interlock, in the order of the tables."""
        first, second = self.miners.units
        return (
            self.pumps.p3_lock,
            self.pumps.p4_lock,
            self.pumps.p5_lock,
            self.cooler.lock,
            first.interlock,
            second.interlock,
            self.hp_block.by_heat,
            self.hp_block.by_value,
            self.hp_block.by_request,
        )

    def _event(
        self, tick: Tick, subject: str, code: str, before: str = "", after: str = "", reason: str = ""
    ) -> None:
        self._events.append(Event(tick.now_ns, subject, code, before, after, reason))
