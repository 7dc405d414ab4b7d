"""Program and house in one process, in virtual time: for tests of scenarios and for the year.

    loop = ClosedLoop(Parameters(), scenarios.get("p3-stops"))
    loop.run(2400.0)              # coarse steps while nothing happens, scan steps around events
    loop.metrics.body_max_degc

One step is one scan: inputs of now, `Plant.step`, outputs into the cabinet, the house moves by dt. The
step may vary; above the watchdog period it is the caller's business that nothing moves.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from plc.blocks.core import NEVER, NS_PER_S, State, Tick, ns
from plc.blocks.pump import Curve, volts
from plc.plant.interface import (
    SAFE_OUTPUTS,
    Command,
    Event,
    ImageInputs,
    ImageOutputs,
    MinerWish,
    PlantInputs,
    PlantOutputs,
)
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.plant.routes import DEFAULT_ROUTES, Route
from tools.twin import scenario as scripts
from tools.twin.driver import EnergyDriver, MinerDriver, TankDriver
from tools.twin.metrics import Metrics, Sample
from tools.twin.rig import Rig
from tools.twin.terminals import AnalogueCard

LEASE_REFRESH_S = 60.0
FINE_S, COARSE_S = 0.1, 1.0
FINE_AFTER_EVENT_S = 20.0


def with_settings(parameters: Parameters, settings: tuple[tuple[str, Any], ...]) -> Parameters:
    """Parameters with single values replaced, named "group.field"; KeyError for an unknown name."""
    for path, value in settings:
        group_name, _, name = path.partition(".")
        group = getattr(parameters, group_name, None)
        if not is_dataclass(group) or name not in {f.name for f in fields(group)}:
            raise KeyError(f"no parameter {path!r}")
        parameters = replace(parameters, **{group_name: replace(group, **{name: value})})  # type: ignore[type-var]
    return parameters


class ClosedLoop:
    """The real `Plant` against the virtual house.

    parameters: of the site; the scenario's settings, its request and its chain variant replace single
    values. trace_every_s: 0 = no trace. `out` is the last result, `events` all of the program's events.
    """

    def __init__(
        self,
        parameters: Parameters,
        scenario: scripts.Scenario,
        *,
        routes: tuple[Route, ...] = DEFAULT_ROUTES,
        retained: State | None = None,
        clean_start: bool = True,
        trace_every_s: float = 0.0,
    ) -> None:
        settings = (
            ("request.power_w", scenario.request_w),
            ("safety.flow_latches", scenario.flow_latches),
            *scenario.parameters,
        )
        self.parameters = with_settings(parameters, settings)
        self.routes = routes
        self.rig = Rig(scenario, unknown=self._loop_action)
        self.plant: Plant | None = Plant(self.parameters, routes, retained, clean_start)
        self.card = AnalogueCard(hold_s=self.parameters.fallback.sensor_hold_s)
        p = self.parameters.miners
        self.miners = tuple(MinerDriver(m, p.power_min_w, p.power_max_w) for m in self.rig.model.miners)
        self.energy = EnergyDriver(self.rig.model)
        self.tank = TankDriver(self.rig.model) if self.parameters.dhw.present else None
        self.commands: list[Command] = []  # go into the next scan
        self.now_ns = 0
        self.inputs: PlantInputs | None = None
        self.out: PlantOutputs | None = None
        self.image: ImageOutputs = SAFE_OUTPUTS
        self.retained: State = dict(retained or {})
        self.events: list[Event] = []
        self.trace: list[Sample] = []
        self.metrics = Metrics()
        self._wishes = (MinerWish(), MinerWish())
        self._hung_ns = 0
        self._lease: tuple[float, float] | None = None  # watts, next refresh
        self._trace_every_s = trace_every_s
        self._trace_due_s = 0.0
        self._fine_until_s = 5.0

    @property
    def t_s(self) -> float:
        """Elapsed simulated time."""
        return self.rig.t_s

    @property
    def state(self) -> str:
        """State of the sequence, "" while no program runs."""
        return self.out.status.state if self.out is not None and self.plant is not None else ""

    def copy(self) -> ClosedLoop:
        """An independent continuation from here."""
        return copy.deepcopy(self)

    # --- one scan

    def step(self, dt_s: float = FINE_S) -> PlantOutputs | None:
        """One scan of dt_s; None while no program runs."""
        dt_ns = ns(dt_s)
        self.now_ns += dt_ns
        enabled_before = self.image.m1_enable or self.image.m2_enable
        if self.plant is not None and not self._hung_ns:
            self._scan(dt_ns)
        elif self._hung_ns and self.now_ns - self._hung_ns > ns(self.parameters.scan.watchdog_ms / 1000.0):
            self.image = SAFE_OUTPUTS  # the driver's output watchdog
        image = self.image
        p4_v = volts(image.p4_setpoint_pct, Curve.OFF_0_10)
        p5_v = volts(image.p5_setpoint_pct, Curve.OFF_0_10)
        self.rig.step(dt_s, image, p4_v, p5_v)
        self._measure(enabled_before)
        return self.out

    def _scan(self, dt_ns: int) -> None:
        now = self.now_ns
        self._refresh_lease()
        commands, self.commands = tuple(self.commands), []
        self.inputs = PlantInputs(
            image=self._image_inputs(now),
            wall=self.rig.wall(),
            energy=self.energy.step(now, self.rig.deye_alive),
            miners=(
                self.miners[0].step(now, self._wishes[0]),
                self.miners[1].step(now, self._wishes[1]),
            ),
            commands=commands,
            t_dhw_degc=NEVER if self.tank is None else self.tank.step(now, self.rig.tank_alive),
        )
        assert self.plant is not None
        before = self.image
        self.out = self.plant.step(self.inputs, Tick(now, dt_ns))
        self.image = self.out.image
        self._wishes = self.out.miners
        if self.out.retain:
            self.retained = self.out.retain
        if self.out.events:
            self.events.extend(self.out.events)
        metrics = self.metrics
        metrics.scans += 1
        metrics.enable_starts += self.image.m1_enable and not before.m1_enable
        metrics.enable_starts += self.image.m2_enable and not before.m2_enable
        state = self.out.status.state
        if not metrics.states or metrics.states[-1][1] != state:
            metrics.states.append((self.t_s, state))
            self._fine_until_s = max(self._fine_until_s, self.t_s + 2.0)

    def _image_inputs(self, now_ns: int) -> ImageInputs:
        rig, c = self.rig, self.rig.cabinet
        readings = self.card.read(rig.model.sensors, healthy=rig.aio_healthy, now_ns=now_ns)
        if not rig.dio_healthy:
            return ImageInputs(dio_healthy=False, aio_healthy=rig.aio_healthy, **readings)
        return ImageInputs(
            dio_healthy=True,
            aio_healthy=rig.aio_healthy,
            safety_ok=c.safety_ok,
            estop1_ok=c.estop1_ok,
            estop2_ok=c.estop2_ok,
            flow_ok=c.flow_ok,
            temp_max_ok=c.temp_max_ok,
            k10_fb=c.k10_fb,
            k11_fb=c.k11_fb,
            cooler_ok=c.cooler_ok,
            p4_ssm_ok=c.p4_ssm_ok,
            p5_ssm_ok=c.p5_ssm_ok,
            ack_pb=c.ack_pb,
            mode_auto=c.mode_auto,
            mode_maint=c.mode_maint,
            grid_block=c.grid_block,
            **readings,
        )

    def _measure(self, enabled_before: bool) -> None:
        m, model = self.metrics, self.rig.model
        m.body_max_degc = model.oil.body_max_degc
        m.oil_max_degc = max(m.oil_max_degc, model.oil.t_oil_degc)
        m.glycol_min_degc = min(m.glycol_min_degc, model.cooler.t_glycol_degc)
        m.w2_out_min_degc = min(m.w2_out_min_degc, model.t_w2_out_degc)
        cause = self.rig.cause_s
        if cause is not None and m.enabled_at_cause is None:
            m.enabled_at_cause = enabled_before
        if cause is not None and m.enabled_at_cause:
            if m.enables_off_s is None and not (self.image.m1_enable or self.image.m2_enable):
                m.enables_off_s = self.t_s - cause
            if m.contactors_off_s is None and not (self.rig.cabinet.k10_fb or self.rig.cabinet.k11_fb):
                m.contactors_off_s = self.t_s - cause
        if self._trace_every_s and self.t_s >= self._trace_due_s:
            self._trace_due_s += self._trace_every_s
            self.trace.append(self._sample())

    def _sample(self) -> Sample:
        model = self.rig.model
        return Sample(
            round(self.t_s, 3),
            self.state,
            model.oil.t_oil_degc,
            max(model.oil.t_body1_degc, model.oil.t_body2_degc),
            model.water.t_charge_degc,
            model.buffer.t_degc[0],
            model.buffer.t_degc[-1],
            model.cooler.t_glycol_degc,
            model.miners[0].power_w + model.miners[1].power_w,
            self.image.p4_setpoint_pct,
            self.image.p5_setpoint_pct,
            self.image.cooler_on,
            self.image.hp_block,
        )

    # --- many scans

    def run(
        self,
        for_s: float,
        *,
        dt_s: float | None = None,
        until: Callable[[ClosedLoop], bool] | None = None,
    ) -> bool:
        """Runs for for_s, or until the condition holds (returns whether it did).

        dt_s: fixed step; None = scan steps around events and changes of state, a second in between.
        """
        end_s = self.t_s + for_s
        while self.t_s < end_s - 1e-6:
            self.step(self._step_s() if dt_s is None else dt_s)
            if until is not None and until(self):
                return True
        return False

    def _step_s(self) -> float:
        t = self.t_s
        upcoming = self.rig.next_event_s
        if upcoming is not None and t >= upcoming - COARSE_S - FINE_S:
            self._fine_until_s = max(self._fine_until_s, upcoming + FINE_AFTER_EVENT_S)
        return FINE_S if t < self._fine_until_s else COARSE_S

    def reached(self, state: str, within_s: float) -> bool:
        """Runs until the sequence is in this state."""
        return self.run(within_s, until=lambda loop: loop.state == state)

    # --- the controller as a machine that can die

    def _loop_action(self, event: scripts.Event) -> None:
        if event.what == "request_w":
            self.request(float(event.value))
        elif event.what == "controller":
            {"kill": self.kill, "hang": self.hang, "start": self.start}[event.value]()
        else:
            raise KeyError(f"unknown action {event.what!r}")

    def request(self, watts: float) -> None:
        """Somebody asks for this power from now on, refreshed as a lease."""
        self._lease = (watts, self.t_s)

    def _refresh_lease(self) -> None:
        if self._lease is None or self.t_s < self._lease[1]:
            return
        watts = self._lease[0]
        self._lease = (watts, self.t_s + LEASE_REFRESH_S)
        expires = self.now_ns + round(3.0 * LEASE_REFRESH_S * NS_PER_S)
        self.commands.append(Command("power_request", watts, "script", self.now_ns, expires))

    def kill(self) -> None:
        """The process dies: its image handle closes and the driver zeroes the outputs."""
        self.plant = None
        self.image = SAFE_OUTPUTS
        self._wishes = (MinerWish(), MinerWish())

    def hang(self) -> None:
        """The scan stops with its outputs standing; the output watchdog acts after its period."""
        self._hung_ns = self.now_ns

    def start(self) -> None:
        """The supervisor starts the program again from what it had retained."""
        self._hung_ns = 0
        self.plant = Plant(self.parameters, self.routes, self.retained or None, False)
        self.card = AnalogueCard(hold_s=self.parameters.fallback.sensor_hold_s)
        p = self.parameters.miners
        self.miners = tuple(MinerDriver(m, p.power_min_w, p.power_max_w) for m in self.rig.model.miners)
        self.energy = EnergyDriver(self.rig.model)
        self.tank = TankDriver(self.rig.model) if self.parameters.dhw.present else None
        self.image = SAFE_OUTPUTS
        self._wishes = (MinerWish(), MinerWish())
