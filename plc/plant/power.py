"""From requested to granted miner power, and what limited it.

Each limit is a number with a name; the smallest wins and is reported. Protection may take power away as
fast as it must, everything else moves in ramps, because a miner re-tunes for minutes after each change.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters
from plc.plant.return_rest import ReturnRest

SECONDS_PER_MINUTE = 60.0
RETURN_K = 2.0
"""Power that was taken away returns when the oil is this much colder than where the reduction began."""


class PowerControl(Block):
    """Granted power and its split on two miners.

    step(tick, facts, running=, api_stale=, available=) -> granted power in W.

    running: the sequence is in a state in which miners may run. available: which miners can be used.
    Outputs: granted_w, limited_by ("" when the request is met), run and target_w per miner, rest (one
    miner at most, after the oil limit has left one of two).
    """

    __slots__ = ("_first", "_p", "granted_w", "limited_by", "rest", "run", "target_w", "thermal_w")

    STATE = ("_first", "granted_w", "limited_by", "rest", "run", "target_w", "thermal_w")

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self.rest = ReturnRest(parameters)
        self.thermal_w = 2.0 * parameters.miners.power_max_w
        self.granted_w = 0.0
        self.limited_by = ""
        self.run = [False, False]
        self.target_w = [0.0, 0.0]
        self._first = 0

    def step(
        self,
        tick: Tick,
        f: Facts,
        *,
        running: bool,
        api_stale: bool,
        available: tuple[bool, bool],
        first: int = 0,
    ) -> float:
        more = self.rest.on and self.thermal_w >= self._p.miners.power_max_w and self._cool(f)
        self.rest.step(tick, f, running=running, more=more)
        self._thermal(tick, f, running=running)
        count = available[0] + available[1]
        if f.request_w <= 0.0 or not running or count == 0:
            self.limited_by = _why_not(f, count)
            self.granted_w = 0.0
            self.run = [False, False]
            self.target_w = [0.0, 0.0]
            self._first = first
            return 0.0
        goal, self.limited_by = self._limit(f, count, api_stale=api_stale)
        meant = 1 if self.rest.on else min(count, f.request_miners or count)
        self._ramp(tick, goal, meant)
        had_both = self.run[0] and self.run[1]
        self._split(available, goal, meant)
        if had_both and meant == 2 and not (self.run[0] and self.run[1]) and self.limited_by == "oil_limit":
            self.rest.begin(f)
        return self.granted_w

    def _thermal(self, tick: Tick, f: Facts, *, running: bool) -> None:
        """Above the oil limit power is taken away in proportion to time; clearly below it returns.

        Unless recooling is wanted anyway the reduction begins where recooling would, but only down to the
        least power: the buffer still takes what that brings. A stop is for oil above its limit. During a rest
        no more returns than one miner can use.
        """
        p = self._p
        most = p.miners.power_max_w if self.rest.on else 2.0 * p.miners.power_max_w
        minutes = tick.dt_s / SECONDS_PER_MINUTE
        if not running or f.t_oil is None:
            if not running:
                self.thermal_w = most
        elif f.t_oil >= self._begin_degc(f):
            base = min(self.thermal_w, max(self.granted_w, p.miners.power_min_w))
            least = 0.0 if f.oil_above_limit else min(base, p.miners.power_min_w)
            self.thermal_w = max(least, base - p.oil.limit_rate_w_per_min * minutes)
        elif self._cool(f):
            self.thermal_w = min(most, self.thermal_w + p.miners.ramp_up_w_per_min * minutes)
        f.thermal_exhausted = self.thermal_w < p.miners.power_min_w / 2.0

    def _begin_degc(self, f: Facts) -> float:
        """Oil temperature from which on power is taken away."""
        p = self._p
        return p.oil.limit_degc if f.recool_allowed else min(p.oil.limit_degc, p.cooler.recool_oil_degc)

    def _cool(self, f: Facts) -> bool:
        return f.t_oil is not None and f.t_oil < self._begin_degc(f) - RETURN_K

    def _limit(self, f: Facts, count: int, *, api_stale: bool) -> tuple[float, str]:
        p = self._p.miners
        goal, name = f.request_w, ""
        most_w, most = count * p.power_max_w, "power_max" if count == 2 else "one_miner"
        if self.rest.on:  # said also while the minimum off time of the second one runs
            most_w, most = p.power_max_w, "oil_limit"
        for limit_w, limit_name in (
            (most_w, most),
            (max(self.thermal_w, p.power_min_w), "oil_limit"),
            (count * p.power_min_w if f.oil_viscous else goal, "oil_cold"),
            (max(self.granted_w, p.power_min_w) if api_stale else goal, "miner_stale"),
        ):
            if limit_w < goal:
                goal, name = limit_w, limit_name
        return goal, name

    def _ramp(self, tick: Tick, goal: float, count: int) -> None:
        p = self._p.miners
        minutes = tick.dt_s / SECONDS_PER_MINUTE
        if self.granted_w <= 0.0:
            self.granted_w = min(goal, count * p.power_min_w)
        elif goal > self.granted_w:
            self.granted_w = min(goal, self.granted_w + p.ramp_up_w_per_min * minutes)
        elif self.limited_by == "oil_limit":
            self.granted_w = goal
        else:
            self.granted_w = max(goal, self.granted_w - p.ramp_down_w_per_min * minutes)
        if self.granted_w < goal and not self.limited_by:
            self.limited_by = "ramp"

    def _split(self, available: tuple[bool, bool], goal: float, meant: int) -> None:
        """Both miners when each can have its least power, else the one that is in use or has run less.

        meant: miners that the request reckons on. Two at half power earn more than one at full power, but a
        start that nobody has priced costs more than that, and clouds would start the second one each time.
        """
        p = self._p.miners
        least = 2.0 * p.power_min_w
        if self.run[0] != self.run[1]:
            least += 2.0 * p.power_step_w  # the second joins a little later than it leaves
        both = meant == 2 and min(self.granted_w, goal) >= least
        if both:
            self.run = [True, True]
            share = self.granted_w / 2.0
            self.target_w = [self._level(share), self._level(share)]
            return
        one = self._first if available[self._first] else 1 - self._first
        self.run = [one == 0, one == 1]
        level = self._level(min(self.granted_w, p.power_max_w))
        self.target_w = [level if one == 0 else 0.0, level if one == 1 else 0.0]

    def _level(self, power_w: float) -> float:
        """Next lower step of the power target, inside the miner's range."""
        p = self._p.miners
        level = float(int(power_w / p.power_step_w)) * p.power_step_w
        return min(p.power_max_w, max(p.power_min_w, level))


def _why_not(f: Facts, count: int) -> str:
    """What a plant that does not run waits for. A full buffer is named: nothing else would tell of it."""
    if f.request_w <= 0.0:
        return "no_request"
    if count == 0:
        return "no_miner"
    tripped = f.hard_trip or f.hard_latched
    return "not_running" if f.sink_available or tripped or not f.auto else "no_sink"
