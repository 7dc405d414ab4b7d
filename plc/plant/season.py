"""Season and the house: heating curve, load, buffer target.

Winter, transition and summer follow the 24-hour mean outside, with hysteresis and a minimum stay, so that
a warm afternoon in March changes nothing. Plant reference, topic modes.
"""

from __future__ import annotations

from enum import StrEnum

from plc.blocks.core import Block, Tick, ns
from plc.blocks.signal import MovingMean, limit
from plc.energy import heat
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters

CURVE_BASE_OUTDOOR_DEGC = 15.0
"""Outdoor temperature at which the heating curve has its base value, by definition of the parameter."""

WATER_WH_PER_LK = 1.163


class Season(StrEnum):
    """What the heat is worth."""

    WINTER = "winter"
    TRANSITION = "transition"
    SUMMER = "summer"


class SeasonSelect(Block):
    """Season from the outdoor mean, or from a person for a while.

    step(tick, facts) writes outdoor_mean, summer, load_w and the thresholds of the heat pump block.
    override(season, seconds): chosen by a person, ends by itself.
    """

    __slots__ = ("_chosen", "_dwell_ns", "_mean", "_p", "overridden", "override_left_ns", "season")

    STATE = ("_chosen", "_dwell_ns", "_mean", "override_left_ns", "overridden", "season")

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self._mean = MovingMean(window_s=86400.0, sample_s=900.0)
        self._chosen = False  # the first mean decides at once, the minimum stay is for changes
        self._dwell_ns = 0
        self.season = Season.TRANSITION
        self.overridden = ""
        self.override_left_ns = 0

    def override(self, season: str, seconds: float) -> None:
        longest = self._p.season.override_max_h * 3600.0
        self.overridden = season
        self.override_left_ns = ns(min(seconds, longest))

    def step(self, tick: Tick, f: Facts) -> Season:
        f.outdoor_mean = self._mean.step(tick, value=f.t_outdoor)
        self._dwell_ns += tick.dt_ns
        if f.outdoor_mean is not None:
            self._choose(f.outdoor_mean)
        if self.override_left_ns > 0:
            self.override_left_ns -= tick.dt_ns
            if self.override_left_ns <= 0:
                self.overridden = ""
        now = self.now
        f.summer = now is Season.SUMMER
        f.winter = now is Season.WINTER
        self._house(f)
        return now

    @property
    def now(self) -> Season:
        return Season(self.overridden) if self.overridden else self.season

    def _choose(self, mean: float) -> None:
        p = self._p.season
        wanted = self._wanted(mean)
        if wanted is self.season:
            self._chosen = True
            return
        far = (
            mean < p.winter_below_degc - p.jump_k
            if wanted is Season.WINTER
            else mean > p.summer_above_degc + p.jump_k
            if wanted is Season.SUMMER
            else p.winter_below_degc + p.jump_k < mean < p.summer_above_degc - p.jump_k
        )
        if not self._chosen or far or self._dwell_ns >= ns(p.dwell_h * 3600.0):
            self.season = wanted
            self._chosen = True
            self._dwell_ns = 0

    def _wanted(self, mean: float) -> Season:
        p = self._p.season
        half = p.hysteresis_k / 2.0
        winter_edge = p.winter_below_degc + (half if self.season is Season.WINTER else -half)
        summer_edge = p.summer_above_degc - (half if self.season is Season.SUMMER else -half)
        if mean < winter_edge:
            return Season.WINTER
        return Season.SUMMER if mean > summer_edge else Season.TRANSITION

    def _house(self, f: Facts) -> None:
        p = self._p
        outdoor = f.outdoor_mean if f.outdoor_mean is not None else f.t_outdoor
        f.load_w = None
        f.top_below_release = True  # in doubt the heat pump is needed
        f.top_below_curve = False
        f.top_above_block = False
        f.buffer_covers = False
        if outdoor is None:
            return
        load_w = p.house.load_w_per_k * max(0.0, p.house.heating_limit_degc - outdoor)
        f.load_w = load_w
        if f.t_top is None or f.t_bottom is None or f.t_outdoor is None:
            return
        flow = self.curve_degc(f.t_outdoor)
        release = flow + p.hp_block.release_offset_k
        f.top_below_release = f.t_top < release
        f.top_below_curve = f.t_top < flow
        f.top_above_block = f.t_top > flow + p.hp_block.block_offset_k
        # What is warmer than the threshold leaves at the top while the cold follows from below: the mean of a
        # buffer with cold return water in its lower half says that nothing is there.
        drawn_k = heat.drawn_k(f.t_top, f.t_bottom, release)
        f.buffer_covers = (
            drawn_k * p.buffer.volume_l * WATER_WH_PER_LK >= load_w * p.hp_block.block_min_s / 3600.0
        )

    def curve_degc(self, outdoor_degc: float) -> float:
        """Flow temperature that the house needs."""
        b = self._p.buffer
        flow = b.curve_base_degc + b.curve_slope * (CURVE_BASE_OUTDOOR_DEGC - outdoor_degc)
        return limit(b.curve_min_degc, flow, b.curve_max_degc)

    def buffer_target_degc(self, f: Facts) -> float | None:
        """What the miners may heat the buffer to for heat's sake; None without an outdoor temperature."""
        b = self._p.buffer
        now = self.now
        if now is Season.SUMMER:
            return b.summer_target_degc
        if now is Season.TRANSITION:
            return b.transition_target_degc
        if f.t_outdoor is None:
            return None
        return min(b.target_max_degc, self.curve_degc(f.t_outdoor) + b.target_offset_k)
