"""What mining earns: R(P) = hash price x hash rate(P) / 24 x exchange rate x (1 - fees).

The hash rate over power is concave, so the last watts earn least; what counts for a step of power is the
revenue of that step, not the average. Source: plant reference, topic revenue.
"""

from __future__ import annotations

from typing import NamedTuple

from plc.energy.parameters import Mining

DAY_S = 86400.0
CLOCKS_DIFFER_S = 3600.0
"""How far the clock of whoever states a price may be ahead of ours."""


class HashPrice(NamedTuple):
    """A hash price with the time it was stated; unix_s None means that nobody knows how old it is."""

    usd_per_ph_day: float
    unix_s: int | None = None


class Curve:
    """Hash rate in TH/s over wall power in W: measured points, straight in between, concave hull.

    A dent in measured points would make a higher step look better than the one below it and the rule
    would jump over it; the hull says what can be had by mixing neighbouring levels.
    Raises ValueError without two rising points.
    """

    __slots__ = ("_power_w", "_ths")

    def __init__(self, power_w: tuple[float, ...], ths: tuple[float, ...]) -> None:
        points = sorted({p: h for p, h in zip(power_w, ths, strict=True) if p > 0.0 and h > 0.0}.items())
        hull: list[tuple[float, float]] = []
        for point in points:
            while len(hull) >= 2 and _slope(hull[-2], hull[-1]) <= _slope(hull[-2], point):
                hull.pop()
            hull.append(point)
        while len(hull) >= 2 and hull[-1][1] <= hull[-2][1]:
            hull.pop()  # more power for no more hashes is no level that anyone would choose
        if len(hull) < 2:
            raise ValueError("an efficiency curve needs two points with power and hash rate")
        self._power_w = tuple(point[0] for point in hull)
        self._ths = tuple(point[1] for point in hull)

    def ths(self, power_w: float) -> float:
        """Hash rate at a power; 0 at 0 W, proportional below the first point, flat above the last."""
        powers, rates = self._power_w, self._ths
        if power_w <= powers[0]:
            return rates[0] * max(0.0, power_w) / powers[0]
        for index in range(1, len(powers)):
            if power_w <= powers[index]:
                share = (power_w - powers[index - 1]) / (powers[index] - powers[index - 1])
                return rates[index - 1] + share * (rates[index] - rates[index - 1])
        return rates[-1]


def _slope(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])


def curve_of(mining: Mining, powers_w: tuple[float, ...], ths: tuple[float, ...]) -> Curve | None:
    """The miner's own curve (empty: it tells none), else that of the site. None for numbers that are no
    curve: they earn nothing."""
    own = len(powers_w) == len(ths) >= 2
    try:
        return Curve(powers_w, ths) if own else Curve(mining.curve_w, mining.curve_ths)
    except ValueError:
        return None


def eur_per_th_hour(mining: Mining, price: HashPrice | None, *, unix_s: int, synchronised: bool) -> float:
    """Earned per TH/s and hour. A price that is too old, or whose age nobody can tell, earns nothing; nor
    does one from the future, which would never grow old.

    price: of a message; None falls back to the parameter, which the owner stands for.
    """
    usd = mining.hash_price_usd_per_ph_day
    if price is not None:
        limit_s = mining.hash_price_valid_days * DAY_S
        known = synchronised and price.unix_s is not None
        fresh = known and -CLOCKS_DIFFER_S <= unix_s - (price.unix_s or 0) <= limit_s
        usd = price.usd_per_ph_day if fresh else 0.0
    return usd / 1000.0 / 24.0 * mining.usd_to_eur * (1.0 - mining.fee)


def levels_w(lowest_w: float, highest_w: float, count: int) -> tuple[float, ...]:
    """Evenly spaced power levels, both ends included; a single one when the range is empty."""
    if highest_w <= lowest_w or count < 2:
        return (lowest_w,)
    return tuple(lowest_w + (highest_w - lowest_w) * index / (count - 1) for index in range(count))
