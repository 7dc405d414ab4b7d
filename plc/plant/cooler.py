"""The dry cooler's fan: two-point control on the oil temperature, with its interlocks."""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.blocks.fan import Fan
from plc.blocks.signal import Hysteresis
from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interlock import Interlock
from plc.plant.parameters import Parameters
from plc.plant.routes import Route
from plc.plant.states import RUN_STATES, SequenceState


class DryCooler(Block):
    """Fan K2. step(tick, facts, state=, route=) writes fan_on into the facts."""

    __slots__ = ("_hot", "fan", "lock")

    STATE = ("_hot", "fan", "lock")

    def __init__(self, parameters: Parameters) -> None:
        c = parameters.cooler
        self._hot = Hysteresis(c.on_degc, c.off_degc)
        self.lock = Interlock(interlocks.COOLER)
        # The time that P5 runs before is in the permissive `p5_not_proven` itself.
        self.fan = Fan(
            min_on_s=c.min_on_s,
            min_off_s=c.min_off_s,
            max_starts_per_h=c.max_starts_per_h,
            permissive_s=0.0,
        )

    def step(self, tick: Tick, f: Facts, *, state: SequenceState, route: Route) -> None:
        hot = self._hot.step(tick, value=f.t_oil)
        cooling = route.fan and (state in RUN_STATES or state is SequenceState.COOLDOWN)
        wanted = (cooling and hot) or f.exercise or f.hand_cooler == "on"
        if f.hand_cooler == "off":
            wanted = False
        self.lock.step(f, wanted=wanted, running=f.fan_on)
        f.fan_on = self.fan.step(
            tick,
            request=self.lock.on,
            permissive=f.fan_on or not self.lock.causes,
            trip=self.lock.tripped,
            protect=f.oil_above_limit and cooling and f.hand_cooler != "off",
        )
