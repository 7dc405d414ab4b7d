"""A small language for stories of the whole plant: given a scenario, leap in time, expect facts.

    story = given("p3-stops", chain)
    story.leap_to_cause()
    story.leap(3.0, "the flow switch opens")
    story.expect(enables=False, state="FAULT", p3_on=True)
    story.expect_enables_off(within_s=3.0, body_below_degc=95.0)

While time leaps, every single scan is held against RULES: what must never happen in any story. A
failure names the story, the time, the description of the leap and what was found instead.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from plc.plant.interface import PlantOutputs
from plc.plant.parameters import Parameters
from tools.twin import scenarios
from tools.twin.closed_loop import ClosedLoop
from tools.twin.pace import Pace
from tools.twin.scenario import Scenario

CHAINS = {"flow latches": True, "flow restarts": False}
"""The two variants of the safety chain."""

LEAD_S = scenarios.FULL_POWER_S - 120.0  # up to here stories of one house are the same

Rule = Callable[[ClosedLoop, PlantOutputs], bool]


def _enable(loop: ClosedLoop) -> bool:
    return loop.image.m1_enable or loop.image.m2_enable


RULES: dict[str, Rule] = {
    "an enable without the safety chain": lambda loop, _: _enable(loop) and not loop.inputs.image.safety_ok,
    "an enable with the limiter tripped": lambda loop, _: _enable(loop) and not loop.inputs.image.temp_max_ok,
    "an enable with P3 or P4 off": lambda loop, _: (
        _enable(loop) and not (loop.image.p3_on and loop.image.p4_setpoint_pct >= 20.0)
    ),
    "both directions of a valve": lambda loop, _: (
        (loop.image.rv1_a and loop.image.rv1_b) or (loop.image.rv2_a and loop.image.rv2_b)
    ),
    "the fan without glycol flow": lambda loop, _: loop.image.cooler_on and loop.image.p5_setpoint_pct <= 0.0,
    "the heat pump blocked in a fault": lambda loop, out: (
        loop.image.hp_block and out.status.state in ("FAULT", "INIT", "MAINT", "OFF")
    ),
    "oil above the hardware limit": lambda loop, _: loop.rig.model.oil.t_oil_degc > 68.0,
    "ice in W2": lambda loop, _: loop.rig.model.t_w2_out_degc < 1.0,
    "an energy balance that does not close": lambda loop, _: (
        loop.metrics.scans % 600 == 0 and loop.rig.model.residual() > 1e-4
    ),
}
"""What must never happen, judged in every scan of every story."""


class Story:
    """One run of the plant in its house."""

    def __init__(self, loop: ClosedLoop, name: str) -> None:
        self.loop = loop
        self.name = name
        self._leap = ""

    # --- time

    def leap(self, seconds: float, why: str = "", *, dt_s: float | None = None) -> Story:
        """Goes on for so long."""
        self._leap = why
        self.loop.run(seconds, dt_s=dt_s, until=self._hold_rules)
        return self

    def leap_hours(self, hours: float, why: str = "") -> Story:
        """Goes on for so long, in the steps of a simulated year."""
        self._leap = why
        end_s, pace = self.loop.t_s + 3600.0 * hours, Pace()
        while self.loop.t_s < end_s - 1e-6:
            self.loop.step(min(pace.next_s(self.loop), end_s - self.loop.t_s))
            self._hold_rules(self.loop)
        return self

    def leap_to(self, state: str, within_s: float, why: str = "") -> Story:
        """Goes on until the sequence is in this state."""
        self._leap = why
        reached = self.loop.run(within_s, until=lambda loop: self._hold_rules(loop) or loop.state == state)
        assert reached, self._say(f"{state} not reached within {within_s:g} s, still {self.loop.state}")
        return self

    def leap_to_cause(self) -> Story:
        """Goes on until just before what the story is about."""
        at_s = next(event.at_s for event in self.loop.rig.scenario.events if event.cause)
        return self.leap(at_s - self.loop.t_s - 0.5, "up to the cause")

    def leap_until(self, condition: Callable[[ClosedLoop], bool], within_s: float, why: str) -> Story:
        """Goes on until something of the house or the program is so."""
        self._leap = why
        reached = self.loop.run(within_s, until=lambda loop: self._hold_rules(loop) or condition(loop))
        assert reached, self._say(f"did not happen within {within_s:g} s")
        return self

    def _hold_rules(self, loop: ClosedLoop) -> bool:
        if loop.plant is None or loop.out is None:
            return False
        for what, broken in RULES.items():
            assert not broken(loop, loop.out), self._say(f"must never happen: {what}")
        return False

    # --- facts

    def expect(self, why: str = "", **facts: Any) -> Story:
        """Facts by name: outputs, contacts of the cabinet, `state`, `enables`, `alarm`, `no_alarm`."""
        for name, wanted in facts.items():
            found = self.fact(name) if name not in ("alarm", "no_alarm") else self.alarms
            if name == "alarm":
                assert wanted in found, self._say(f"{why}: alarm {wanted} expected, there are {found}")
            elif name == "no_alarm":
                assert wanted not in found, self._say(f"{why}: alarm {wanted} not expected")
            else:
                assert found == wanted, self._say(f"{why}: {name} is {found!r}, expected {wanted!r}")
        return self

    def expect_range(self, why: str = "", **ranges: tuple[float, float]) -> Story:
        """Figures by name, lowest and highest allowed."""
        for name, (low, high) in ranges.items():
            found = self.fact(name)
            assert low <= found <= high, self._say(f"{why}: {name} is {found:.2f}, not {low:g}..{high:g}")
        return self

    def expect_enables_off(self, *, within_s: float, body_below_degc: float) -> Story:
        """Time from cause to both enables off, and the hottest miner body so far."""
        metrics = self.loop.metrics
        off = metrics.enables_off_s
        assert off is not None, self._say("the enables never went off")
        assert off <= within_s + 1e-6, self._say(f"enables off after {off:.1f} s, limit {within_s:g} s")
        body = metrics.body_max_degc
        assert body <= body_below_degc, self._say(f"body reached {body:.1f} degC, limit {body_below_degc:g}")
        return self

    def visited(self, *states: str) -> Story:
        """The sequence has been in all of these."""
        missing = set(states) - set(self.loop.metrics.states_visited)
        assert not missing, self._say(f"never in {sorted(missing)}: {self.loop.metrics.states}")
        return self

    @property
    def alarms(self) -> tuple[str, ...]:
        """Alarms of the program now."""
        return self.loop.out.status.alarms if self.loop.out is not None else ()

    @property
    def trips(self) -> list[str]:
        """Names of the hard trips so far, in order."""
        return [e.reason for e in self.loop.events if e.subject == "trip" and e.code == "tripped"]

    def fact(self, name: str) -> Any:
        """A value of the story by name; KeyError for an unknown one."""
        loop = self.loop
        if name in _FIGURES:
            return _FIGURES[name](loop)
        for holder in (loop.image, loop.rig.cabinet):
            if hasattr(holder, name):
                return getattr(holder, name)
        raise KeyError(name)

    def _say(self, what: str) -> str:
        loop = self.loop
        return (
            f"{self.name} at {loop.t_s:.1f} s ({self._leap or 'leap'}): {what}\n"
            f"  states {[(round(t), s) for t, s in loop.metrics.states]}\n"
            f"  trips {self.trips}, alarms {self.alarms}\n"
            f"  image {loop.image}"
        )


_FIGURES: dict[str, Callable[[ClosedLoop], Any]] = {
    "state": lambda loop: loop.state,
    "enables": _enable,
    "contactors": lambda loop: loop.rig.cabinet.k10_fb or loop.rig.cabinet.k11_fb,
    "body_max_degc": lambda loop: loop.metrics.body_max_degc,
    "oil_max_degc": lambda loop: loop.metrics.oil_max_degc,
    "w2_out_min_degc": lambda loop: loop.metrics.w2_out_min_degc,
    "t_oil_degc": lambda loop: loop.rig.model.oil.t_oil_degc,
    "t_top_degc": lambda loop: loop.rig.model.buffer.t_degc[0],
    "miners_w": lambda loop: loop.rig.model.miners[0].power_w + loop.rig.model.miners[1].power_w,
    "enable_starts": lambda loop: loop.metrics.enable_starts,
    "rv1": lambda loop: loop.rig.model.rv1.position,
    "heat_pump_on": lambda loop: loop.rig.model.heat_pump.on,
    "residual": lambda loop: loop.rig.model.residual(),
}

_LEADS: dict[object, ClosedLoop] = {}


def given(name: str, chain: str, *, from_start: bool = False, **changes: Any) -> Story:
    """A story from the scenario library in one chain variant, with fields of the scenario replaced.

    Stories of the same house share their lead-in up to two minutes before full power: it is simulated
    once and copied. from_start: this story is about the lead-in itself.
    """
    scenario = replace(scenarios.get(name, flow_latches=CHAINS[chain]), **changes)
    loop = ClosedLoop(Parameters(), scenario) if from_start else _with_lead(scenario)
    return Story(loop, f"{name} ({chain})")


def _with_lead(scenario: Scenario) -> ClosedLoop:
    if not scenario.events or min(event.at_s for event in scenario.events) < LEAD_S:
        return ClosedLoop(Parameters(), scenario)
    plain = replace(scenario, name="", text="", events=(), duration_s=0.0)
    key = (
        plain.initial, plain.start, plain.request_w, plain.parameters, plain.flow_latches, plain.seed,
        plain.fixed_load_w, plain.key, plain.weather, plain.defaults, plain.tapping,
    )  # fmt: skip
    if key not in _LEADS:
        loop = ClosedLoop(Parameters(), plain)
        story = Story(loop, "lead-in")
        story.leap(LEAD_S, "lead-in")
        _LEADS[key] = loop
    loop = copy.deepcopy(_LEADS[key])
    loop.rig.script(scenario)
    return loop
