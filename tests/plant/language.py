"""Scenario language for the plant: given inputs, leap in time, expect outputs.

    rig = Rig()
    rig.given(mode_auto=True, t_oil_degc=20.0)
    rig.leap(10.0)
    rig.expect("leaves INIT", state="STANDBY", p3_on=True)

The rig runs the real plant scan by scan in virtual time. Feedbacks follow their commands as good devices
would (flow after P3, contactor contacts after the enables and the safety relay) until a test takes one
over with `given`. Nothing else moves: temperatures stay what the test says, physics is the business of the
closed-loop scenarios.

Strict: inside `with rig.strict():` any output or state that changes without being expected is an error.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from plc.blocks.core import NEVER, NS_PER_MS, Quality, Reading, Tick, ns
from plc.plant.interface import (
    Command,
    EnergyInputs,
    Event,
    HealthInputs,
    ImageInputs,
    MinerInputs,
    PlantInputs,
    PlantOutputs,
    ScanInputs,
    WallTime,
)
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.plant.routes import DEFAULT_ROUTES

READINGS = (
    "t_oil_degc",
    "t_buffer_top_degc",
    "t_charge_degc",
    "t_buffer_bottom_degc",
    "t_glycol_degc",
    "t_outdoor_degc",
)
COARSE_FROM_S = 120.0
COARSE_NS = 500 * NS_PER_MS
IGNORED_WHEN_STRICT = {"heartbeat", "lamp_run", "lamp_fault", "p4_setpoint_pct", "p5_setpoint_pct"}


def parameters(**groups: dict[str, Any]) -> Parameters:
    """Default parameters with some fields replaced: parameters(request={"power_w": 6400.0})."""
    changed = {
        name: dataclasses.replace(getattr(Parameters(), name), **fields) for name, fields in groups.items()
    }
    return dataclasses.replace(Parameters(), **changed)


class Rig:
    """A plant on the bench with well-behaved devices."""

    def __init__(
        self, p: Parameters | None = None, *, scan_ms: int = 100, plant: Plant | None = None, **kwargs: Any
    ) -> None:
        self.parameters = p or Parameters()
        self.plant = plant or Plant(self.parameters, DEFAULT_ROUTES, **kwargs)
        self.dt_ns = scan_ms * NS_PER_MS
        self.now_ns = 1_000_000_000
        self.taken_over: dict[str, Any] = {}
        self.values: dict[str, Any] = {
            "dio_healthy": True,
            "aio_healthy": True,
            "estop1_ok": True,
            "estop2_ok": True,
            "temp_max_ok": True,
            "cooler_ok": True,
            "p4_ssm_ok": True,
            "p5_ssm_ok": True,
            "t_oil_degc": 40.0,
            "t_buffer_top_degc": 42.0,
            "t_charge_degc": 38.0,
            "t_buffer_bottom_degc": 36.0,
            "t_glycol_degc": 20.0,
            "t_outdoor_degc": 5.0,
        }
        self.wall = WallTime(1_700_000_000, 3600, True)
        self.energy = EnergyInputs()
        self.scan_report = ScanInputs()
        self.health = HealthInputs()
        self.t_dhw = NEVER
        self.miners = (MinerInputs(), MinerInputs())
        self.commands: list[Command] = []
        self.reset_done = True  # the operator presses the safety reset as soon as the lamp asks for it
        self.relay = False
        self.flow = False
        self.outputs: PlantOutputs | None = None
        self.events: list[Event] = []
        self.states: list[str] = []
        self.watchers: list[Callable[[PlantInputs, PlantOutputs], None]] = []

    # given

    def given(self, **values: Any) -> Rig:
        """Inputs from now on. A number becomes a good reading, None a reading that never came."""
        for name, value in values.items():
            if name in ("wall", "energy", "miners", "reset_done", "t_dhw", "health", "scan_report"):
                setattr(self, name, value)
            elif name in ("flow_ok", "safety_ok", "k10_fb", "k11_fb"):
                self.taken_over[name] = value
            else:
                self.values[name] = value
        return self

    def release(self, *names: str) -> Rig:
        """The devices behave again."""
        for name in names:
            self.taken_over.pop(name, None)
        return self

    def command(self, name: str, value: object = None, *, ttl_s: float | None = None, **kwargs: Any) -> Rig:
        expires = None if ttl_s is None else self.now_ns + ns(ttl_s)
        self.commands.append(
            Command(name, value, kwargs.pop("source", "test"), self.now_ns, expires, **kwargs)
        )
        return self

    # leap

    def scan(self) -> PlantOutputs:
        self.now_ns += self.dt_ns
        inputs = PlantInputs(
            image=self._image(),
            wall=self.wall,
            energy=self.energy,
            miners=self.miners,
            commands=tuple(self.commands),
            scan=self.scan_report,
            health=self.health,
            t_dhw_degc=self.t_dhw,
        )
        self.commands.clear()
        self.last_inputs = inputs
        self.outputs = self.plant.step(inputs, Tick(self.now_ns, self.dt_ns))
        self.events.extend(self.outputs.events)
        if not self.states or self.states[-1] != self.outputs.status.state:
            self.states.append(self.outputs.status.state)
        for watcher in self.watchers:
            watcher(inputs, self.outputs)
        return self.outputs

    def leap(self, seconds: float) -> Rig:
        """Time passes, scan by scan; long leaps in scans of up to a second, which the plant allows."""
        fine_ns = self.dt_ns
        if seconds >= COARSE_FROM_S:
            self.dt_ns = 2 * COARSE_NS if seconds >= 5 * COARSE_FROM_S else COARSE_NS
        for _ in range(round(ns(seconds) / self.dt_ns)):
            self.scan()
        self.dt_ns = fine_ns
        return self

    def until(self, limit_s: float, *states: str) -> float:
        """Scans until one of the states is reached; returns the seconds it took."""
        begun_ns = self.now_ns
        while self.now_ns - begun_ns < ns(limit_s):
            if self.scan().status.state in states:
                return (self.now_ns - begun_ns) / 1e9
        raise AssertionError(f"{states} not reached within {limit_s} s; states were {self.states}")

    # expect

    def expect(self, what: str = "", **values: Any) -> Rig:
        for name, value in values.items():
            seen = self.read(name)
            assert seen == value, f"{what}: {name} is {seen!r}, expected {value!r}; states {self.states}"
        return self

    def read(self, name: str) -> Any:
        assert self.outputs is not None, "no scan yet"
        if hasattr(self.outputs.image, name):
            return getattr(self.outputs.image, name)
        return getattr(self.outputs.status, name)

    @contextlib.contextmanager
    def strict(self, **expected: Any) -> Iterator[Rig]:
        """Only the named outputs may differ after the block, and they must have these values."""
        before = self._picture()
        yield self
        after = self._picture()
        changed = {name: after[name] for name in after if after[name] != before[name]}
        unexpected = {name: value for name, value in changed.items() if name not in expected}
        assert not unexpected, f"changed without being mentioned: {unexpected}"
        self.expect("strict", **expected)

    def _picture(self) -> dict[str, Any]:
        assert self.outputs is not None
        image = dataclasses.asdict(self.outputs.image)
        picture = {name: value for name, value in image.items() if name not in IGNORED_WHEN_STRICT}
        picture["state"] = self.outputs.status.state
        return picture

    # devices

    def _image(self) -> ImageInputs:
        out = self.outputs.image if self.outputs else None
        self.flow = bool(out and out.p3_on)
        chain = self.values["estop1_ok"] and self.values["estop2_ok"] and self.values["temp_max_ok"]
        if self.parameters.safety.flow_latches:
            chain = chain and self.taken_over.get("flow_ok", self.flow)
        if not chain:
            self.relay = False
        elif self.reset_done and (not out or out.reset_lamp or not self.parameters.safety.flow_latches):
            self.relay = True
        safety = self.taken_over.get("safety_ok", self.relay)
        devices = {
            "flow_ok": self.flow,
            "safety_ok": safety,
            "k10_fb": bool(out and out.m1_enable and safety),
            "k11_fb": bool(out and out.m2_enable and safety),
        }
        fields = {**self.values, **devices, **self.taken_over}
        for name in READINGS:
            fields[name] = reading(fields[name], self.now_ns)
        return ImageInputs(**fields)


def reading(value: float | Reading | None, now_ns: int) -> Reading:
    if value is None:
        return NEVER
    if isinstance(value, Reading):
        return value
    return Reading.good(float(value), now_ns)


def bad(value: float = 0.0) -> Reading:
    """A sensor that says itself that it is wrong, with a number in it that nobody may use."""
    return Reading(value, Quality.BAD)
