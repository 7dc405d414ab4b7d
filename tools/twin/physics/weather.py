"""Synthetic weather, deterministic for a seed: outdoor temperature, sun, humidity.

    T = 9.5 - 9.5 cos(2 pi (d - 20)/365) - A_d cos(2 pi (h - 3)/24) + AR(2 d, 3.5 K) + AR(3 h, 0.8 K)

A_d is 2 K in winter and 6 K in summer, scaled by the clearness of the day. Clearness is beta noise
with two days of memory; clouds flicker as telegraph noise of 1 to 5 min. The values at an instant
depend on the seed and the instant only, never on the steps taken to get there.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from math import cos, exp, pi, sin, sqrt
from typing import Protocol

LATITUDE_RAD = 51.0 * pi / 180.0
TILT_RAD = 35.0 * pi / 180.0
HOUR_S = 3600
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Sky:
    """What the weather is now. sun_w_per_m2: on the PV plane (south, 35 degrees)."""

    t_out_degc: float
    sun_w_per_m2: float
    humidity_pct: float


class Weather(Protocol):
    """Anything that knows the sky at a local time (seconds since 1970, local)."""

    def at(self, local_s: float) -> Sky:
        """The sky at that instant."""
        ...


def day_of_year(local_s: float) -> float:
    """0 at the start of January 1st of a 365.25-day year: good for the sun, not for a calendar."""
    return (local_s / DAY_S) % 365.25


def clear_sky_w_per_m2(local_s: float) -> float:
    """Clear-sky irradiance on the plane: geometry and air mass, nothing finer."""
    day = day_of_year(local_s)
    decl = 0.4093 * sin(2.0 * pi * (day - 80.0) / 365.0)
    hour_angle = ((local_s % DAY_S) / HOUR_S - 12.0) * pi / 12.0
    high = sin(LATITUDE_RAD) * sin(decl) + cos(LATITUDE_RAD) * cos(decl) * cos(hour_angle)
    if high <= 0.01:
        return 0.0
    tilted = sin(LATITUDE_RAD - TILT_RAD) * sin(decl)
    tilted += cos(LATITUDE_RAD - TILT_RAD) * cos(decl) * cos(hour_angle)
    beam = 1361.0 * 0.7 ** ((1.0 / high) ** 0.678)
    return max(0.0, tilted) * beam + 90.0 * high  # beam on the plane + diffuse


@lru_cache(maxsize=16)
def _five_minutes(seed: int, block: int) -> tuple[float, float]:
    """Second of the one change in these five minutes, and the draw for sun or cloud."""
    draw = random.Random(seed * 1_000_003 + block)
    return 60.0 + 180.0 * draw.random(), draw.random()


def flicker(seed: int, local_s: float, clearness: float) -> float:
    """Telegraph noise of 1 to 5 min between sun and cloud around the clearness of the day."""
    edge, chance = _five_minutes(seed, int(local_s // 300))
    cloudy = chance > clearness
    if (local_s % 300.0) >= edge:
        cloudy = not cloudy if 0.25 < clearness < 0.85 else cloudy
    return 0.25 * clearness + 0.1 if cloudy else min(1.0, clearness + 0.25)


class SyntheticYear:
    """A whole synthetic year after the reference formula."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        draw = random.Random(seed)
        self._clearness = self._draw_clearness(draw)
        self._slow, self._fast = self._draw_noise(draw)
        self._last: tuple[float, float, float] | None = None

    @staticmethod
    def _draw_clearness(draw: random.Random) -> list[float]:
        memory = exp(-1.0 / 2.0)
        level, days = 0.5, []
        for _ in range(367):
            level = memory * level + (1.0 - memory) * draw.betavariate(0.8, 0.9)
            days.append(min(0.95, max(0.05, 0.5 + 2.0 * (level - 0.47))))
        return days

    @staticmethod
    def _draw_noise(draw: random.Random) -> tuple[list[float], list[float]]:
        hours = 367 * 24
        slow, fast = [0.0], [0.0]
        keep_slow, keep_fast = exp(-1.0 / 48.0), exp(-1.0 / 3.0)
        for _ in range(hours):
            slow.append(keep_slow * slow[-1] + 3.5 * sqrt(1.0 - keep_slow**2) * draw.gauss(0.0, 1.0))
            fast.append(keep_fast * fast[-1] + 0.8 * sqrt(1.0 - keep_fast**2) * draw.gauss(0.0, 1.0))
        return slow, fast

    def clearness(self, local_s: float) -> float:
        """Clearness of the day, 0..1."""
        return self._clearness[int(day_of_year(local_s))]

    def t_out_degc(self, local_s: float) -> float:
        """Outdoor temperature."""
        day = day_of_year(local_s)
        hour = (local_s % DAY_S) / HOUR_S
        summer = 0.5 - 0.5 * cos(2.0 * pi * (day - 20.0) / 365.0)
        swing = (2.0 + 4.0 * summer) * (0.4 + 1.2 * self.clearness(local_s))
        index = day * 24.0
        i = int(index)
        part = index - i
        noise = (1.0 - part) * (self._slow[i] + self._fast[i])
        noise += part * (self._slow[i + 1] + self._fast[i + 1])
        return (
            9.5
            - 9.5 * cos(2.0 * pi * (day - 20.0) / 365.0)
            - swing * cos(2.0 * pi * (hour - 3.0) / 24.0)
            + noise
        )

    def at(self, local_s: float) -> Sky:
        """The sky at that instant."""
        clearness = self.clearness(local_s)
        sun = clear_sky_w_per_m2(local_s)
        if sun > 0.0:
            sun *= flicker(self._seed, local_s, clearness)
        return Sky(self.t_out_degc(local_s), sun, 92.0 - 30.0 * clearness)


@dataclass(frozen=True, slots=True)
class FixedDay:
    """A day that repeats: mean temperature, swing (coldest at 3 h), clearness, with or without flicker."""

    mean_degc: float
    swing_k: float = 0.0
    clearness: float = 0.3
    flickers: bool = False
    seed: int = 1
    humidity_pct: float = 75.0

    def at(self, local_s: float) -> Sky:
        """The sky at that instant."""
        hour = (local_s % DAY_S) / HOUR_S
        sun = clear_sky_w_per_m2(local_s)
        if sun > 0.0:
            sun *= flicker(self.seed, local_s, self.clearness) if self.flickers else self.clearness
        t_out = self.mean_degc - self.swing_k * cos(2.0 * pi * (hour - 3.0) / 24.0)
        return Sky(t_out, sun, self.humidity_pct)
