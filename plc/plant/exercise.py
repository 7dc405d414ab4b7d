"""Anti-seize: whatever has stood still for too long is moved for a moment, at a quiet time.

P3 is exercised alone. The recooling branch is exercised as a whole, in the order of a normal start (valve,
P5, fan), because a fan may only run with glycol flow and its route; when the glycol is too cold for the fan
only valve and pump move. P4 and P5 are kicked daily by their own modules. Plant reference, topics pump P3,
dry cooler, valves.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S, Block, Tick
from plc.blocks.duty import AntiSeize
from plc.plant.calendar import hour_of_day
from plc.plant.facts import Facts
from plc.plant.interface import WallTime
from plc.plant.parameters import Parameters
from plc.plant.states import SequenceState

BRANCH_RUN_S = 240.0
"""Longest exercise of the recooling branch: a stroke, P5 before the fan, the fan, with some reserve."""


class Exercise(Block):
    """Asks for exercises.

    step(tick, facts, state=, wall=, valve_idle_ns=) writes exercise into the facts. Outputs: run_p3,
    rv2 (RV2 shall make its stroke to B).
    """

    __slots__ = ("_branch_ns", "_fan_ran", "_p", "_rv2_ns", "fan", "p3", "run_p3", "rv2")

    STATE = ("_branch_ns", "_fan_ran", "_rv2_ns", "fan", "p3", "run_p3", "rv2")

    def __init__(self, parameters: Parameters) -> None:
        p = parameters
        self._p = p
        self.p3 = AntiSeize(p.p3.antiseize_after_h * 3600.0, p.p3.antiseize_run_s)
        self.fan = AntiSeize(p.cooler.antiseize_h * 3600.0, p.cooler.antiseize_run_s)
        self.run_p3 = False
        self.rv2 = False
        self._branch_ns = 0
        self._rv2_ns = 0
        self._fan_ran = False

    def step(
        self, tick: Tick, f: Facts, *, state: SequenceState, wall: WallTime, valve_idle_ns: tuple[int, int]
    ) -> None:
        hour = hour_of_day(wall)
        # Without a clock any hour is as good as another; a pump that seizes is worse than a noise at night.
        permitted = (
            state is SequenceState.STANDBY
            and not f.request_stands
            and f.io_settled
            and (hour is None or hour == self._p.p3.antiseize_hour)
        )
        self.run_p3 = self.p3.step(tick, running=f.p3_on, permitted=permitted or (f.p3_on and self.run_p3))
        self._branch(tick, f, permitted=permitted, idle_ns=valve_idle_ns[0])
        self._stroke(tick, permitted=permitted and not f.exercise, idle_ns=valve_idle_ns[1])

    def _branch(self, tick: Tick, f: Facts, *, permitted: bool, idle_ns: int) -> None:
        valve_due = idle_ns >= self._p.rv1.exercise_h * 3600.0 * NS_PER_S
        fan_due = self.fan.step(tick, running=f.fan_on, permitted=permitted or f.exercise)
        self._fan_ran = f.exercise and (self._fan_ran or f.fan_on)
        if not f.exercise:
            self._branch_ns = 0
            f.exercise = permitted and f.path_open and not f.frost and (valve_due or fan_due)
            return
        self._branch_ns += tick.dt_ns
        done = self._fan_ran and not fan_due
        if done or not permitted or f.frost or self._branch_ns >= BRANCH_RUN_S * NS_PER_S:
            f.exercise = False
            # The fan had its chance; in a cold week it stays off and is asked again a week later.
            self.fan.idle_ns = 0

    def _stroke(self, tick: Tick, *, permitted: bool, idle_ns: int) -> None:
        """RV2 to B and back; its return home is the ordinary wish of STANDBY."""
        if not self.rv2:
            self._rv2_ns = 0
            self.rv2 = permitted and idle_ns >= self._p.rv2.exercise_h * 3600.0 * NS_PER_S
            return
        self._rv2_ns += tick.dt_ns
        if not permitted or self._rv2_ns >= self._p.rv2.run_s * self._p.rv2.overdrive * NS_PER_S:
            self.rv2 = False
