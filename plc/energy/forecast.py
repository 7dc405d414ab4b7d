"""Built-in forecasts, so that a plan works with nothing connected: what was, and what the season says.

Load: the same quarter hour of days of the same kind. Sun: the clear days remembered for each quarter hour,
times how clear it is now, fading to how clear it was lately. Outdoor temperature: the course of yesterday,
moved to where it is now. What has never been seen comes from a monthly climatology (Germany, rounded).

A forecast that comes over MQTT replaces the series it names, value by value; the rest stays.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from plc.blocks.core import Block
from plc.energy.account import UNIX_EPOCH_ORDINAL
from plc.energy.tariff import QUARTER_S

DAY_QUARTERS = 96
SUNDAY = 6

MEAN_DEGC = (0.5, 1.5, 5.0, 9.5, 14.0, 17.0, 19.0, 18.5, 14.5, 9.5, 5.0, 1.5)
"""Outdoor temperature of the month."""
SWING_K = (2.0, 2.5, 4.0, 5.0, 5.5, 5.5, 5.5, 5.5, 5.0, 3.5, 2.0, 1.5)
"""Afternoon above the mean of the day."""
SUN_HOURS = (8.3, 10.0, 11.9, 13.9, 15.6, 16.5, 16.0, 14.5, 12.6, 10.7, 8.9, 7.8)
"""Daylight of the month."""
CLEAR_SHARE = (0.32, 0.55, 0.75, 0.85, 0.85, 0.85, 0.85, 0.85, 0.8, 0.65, 0.42, 0.28)
"""Clear noon against the peak power of a roof."""
CLOUDS = 0.5
"""Mean day against a clear one."""
LOAD_SHAPE = (
    0.58, 0.50, 0.48, 0.48, 0.50, 0.62, 0.96, 1.25, 1.13, 1.03, 1.03, 1.18,
    1.30, 1.13, 0.98, 0.96, 1.03, 1.30, 1.63, 1.68, 1.46, 1.15, 0.91, 0.72,
)  # fmt: skip
"""Household load of an hour against the mean of the day."""

LEARN = 0.25
"""Weight of a new day in the memory of a quarter hour."""
FADE = 0.985
"""A clear day is forgotten by this a day: the sun gets lower, and a tree grows."""
PERSISTS_H = 6.0
"""How long the present clearness and temperature offset count half."""


class Forecast(NamedTuple):
    """Quarter-hour means from first_unix_s on: solar power and house load in kW, outdoor in degC."""

    first_unix_s: int
    pv_kw: tuple[float, ...]
    load_kw: tuple[float, ...]
    outdoor_degc: tuple[float, ...]


class Forecaster(Block):
    """observe(unix_s, ...) once per quarter hour with its means; forecast(unix_s, quarters) -> Forecast.

    None in a mean is a quarter hour that nobody measured: it teaches nothing. All times in UTC quarter hours;
    utc_offset_s moves them to the local day, because people live by it. The memory is plain data.
    """

    __slots__ = ("_clear", "_clearness", "_free", "_offset_k", "_outdoor", "_peak_kw", "_usual", "_work")

    STATE = ("_clear", "_clearness", "_free", "_offset_k", "_outdoor", "_usual", "_work")

    def __init__(self, *, pv_peak_kw: float, load_kwh_per_year: float) -> None:
        self._peak_kw = pv_peak_kw
        mean_kw = load_kwh_per_year / 8760.0
        self._work = [mean_kw * LOAD_SHAPE[quarter // 4] for quarter in range(DAY_QUARTERS)]
        self._free = list(self._work)
        self._clear = [-1.0] * DAY_QUARTERS  # best seen; -1 = never seen, the climatology counts
        self._outdoor = [-100.0] * DAY_QUARTERS  # yesterday's course; -100 = never seen
        self._usual = CLOUDS
        self._clearness = CLOUDS
        self._offset_k = 0.0

    def observe(
        self,
        unix_s: int,
        *,
        utc_offset_s: int,
        pv_kw: float | None,
        load_kw: float | None,
        outdoor_degc: float | None,
    ) -> None:
        """Learns from the quarter hour that began at unix_s."""
        quarter, day, month = _calendar(unix_s + utc_offset_s)
        if load_kw is not None:
            memory = self._free if day >= SUNDAY - 1 else self._work
            memory[quarter] += LEARN * (max(0.0, load_kw) - memory[quarter])
        if pv_kw is not None:
            clear = self._clear_kw(quarter, month)
            self._clear[quarter] = max(pv_kw, clear * FADE)
            if clear > 0.05 * self._peak_kw:
                ratio = min(1.0, pv_kw / clear)
                self._clearness += 0.3 * (ratio - self._clearness)
                self._usual += 0.01 * (ratio - self._usual)
        if outdoor_degc is not None:
            self._offset_k = outdoor_degc - self._outdoor_at(quarter, month)
            self._outdoor[quarter] = outdoor_degc

    def forecast(self, unix_s: int, quarters: int, *, utc_offset_s: int) -> Forecast:
        """The next quarter hours, beginning with the one that unix_s lies in."""
        first = unix_s - unix_s % QUARTER_S
        pv, load, outdoor = [], [], []
        for ahead in range(quarters):
            quarter, day, month = _calendar(first + ahead * QUARTER_S + utc_offset_s)
            now = PERSISTS_H / (PERSISTS_H + ahead / 4.0)
            share = self._usual + now * (self._clearness - self._usual)
            pv.append(self._clear_kw(quarter, month) * share)
            load.append((self._free if day >= SUNDAY - 1 else self._work)[quarter])
            outdoor.append(self._outdoor_at(quarter, month) + now * self._offset_k)
        return Forecast(first, tuple(pv), tuple(load), tuple(outdoor))

    def _clear_kw(self, quarter: int, month: int) -> float:
        seen = self._clear[quarter]
        return seen if seen >= 0.0 else self._peak_kw * CLEAR_SHARE[month] * _arc(quarter, SUN_HOURS[month])

    def _outdoor_at(self, quarter: int, month: int) -> float:
        seen = self._outdoor[quarter]
        if seen > -100.0:
            return seen
        warm = 1.0 - abs((quarter / 4.0 - 15.0 + 12.0) % 24.0 - 12.0) / 6.0  # +1 at 15 h, -1 at 3 h
        return MEAN_DEGC[month] + SWING_K[month] * warm


def _arc(quarter: int, sun_hours: float) -> float:
    """A parabola over the daylight, noon at 12:30 local time: shape of a clear day, 0..1."""
    away = (quarter / 4.0 + 0.125 - 12.5) / (sun_hours / 2.0)
    return max(0.0, 1.0 - away * away)


def _calendar(local_unix_s: int) -> tuple[int, int, int]:
    """(quarter of the day, weekday with Monday 0, month from 0)."""
    day = local_unix_s // 86_400
    when = date.fromordinal(UNIX_EPOCH_ORDINAL + day)
    return local_unix_s % 86_400 // QUARTER_S, when.weekday(), when.month - 1


def replaced(own: Forecast, other: Forecast | None) -> Forecast:
    """Our forecast with the values of another one where it has any (same clock, any range)."""
    if other is None:
        return own
    shift = (own.first_unix_s - other.first_unix_s) // QUARTER_S

    def series(mine: tuple[float, ...], theirs: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(
            theirs[index + shift] if 0 <= index + shift < len(theirs) else value
            for index, value in enumerate(mine)
        )

    return Forecast(
        own.first_unix_s,
        series(own.pv_kw, other.pv_kw),
        series(own.load_kw, other.load_kw),
        series(own.outdoor_degc, other.outdoor_degc),
    )
