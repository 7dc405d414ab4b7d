"""What a kilowatt-hour costs and earns at a moment.

An unknown price is never a zero price and never a cheap one: without data, buying costs at least the
fixed price and selling earns the full remuneration, so that doubt always speaks against mining.
Quarter hours are counted on UTC, so a day of 92 or 100 quarter hours needs no special case.
"""

from __future__ import annotations

from math import fsum
from typing import NamedTuple

from plc.energy.parameters import FeedInKind, ImportKind, Tariff

QUARTER_S = 900


class SpotPrices(NamedTuple):
    """Consecutive quarter-hour prices, net, EUR per kWh; start_unix_s is a full quarter hour."""

    start_unix_s: int = 0
    eur_per_kwh: tuple[float, ...] = ()

    def at(self, unix_s: int) -> float | None:
        """The price of this moment, None outside the delivered range."""
        index = (unix_s - self.start_unix_s) // QUARTER_S
        return self.eur_per_kwh[index] if 0 <= index < len(self.eur_per_kwh) else None

    def ahead(self, unix_s: int, quarters: int) -> tuple[float, ...]:
        """The known prices from this quarter hour on, at most that many; empty when now is unknown."""
        index = (unix_s - self.start_unix_s) // QUARTER_S
        return self.eur_per_kwh[index : index + quarters] if index >= 0 else ()


class Price(NamedTuple):
    """EUR per kWh with where it comes from; known is False for every fallback."""

    eur_per_kwh: float
    source: str
    known: bool = True


def import_price(tariff: Tariff, spot: SpotPrices, *, unix_s: int, local_s: int, synchronised: bool) -> Price:
    """Gross price of one more kWh from the grid.

    local_s: seconds since local midnight, 0..86399. Without a synchronised clock neither a window nor a
    quarter hour can be told: the dearest window, or the fixed price, whichever is more.
    """
    fixed = tariff.import_eur_per_kwh
    if tariff.kind is ImportKind.FIXED:
        return Price(fixed, "fixed")
    if tariff.kind is ImportKind.WINDOWS:
        if not synchronised:
            return Price(
                max(fixed, *(w.import_eur_per_kwh for w in tariff.windows), fixed), "fallback", False
            )
        for window in tariff.windows:
            if _inside(local_s / 3600, window.from_h, window.to_h):
                return Price(window.import_eur_per_kwh, "window")
        return Price(fixed, "fixed")
    net = spot.at(unix_s) if synchronised else None
    if net is None:
        return Price(fixed, "fallback", False)
    return Price(gross(tariff, net), "spot")


def feed_in_price(tariff: Tariff, spot: SpotPrices, *, unix_s: int, synchronised: bool) -> Price:
    """What one more kWh earns when it is fed in; the cost of mining with it instead."""
    if tariff.feed_in is FeedInKind.NONE:
        return Price(0.0, "none")
    net = spot.at(unix_s) if synchronised else None
    if tariff.feed_in is FeedInKind.FIXED:
        if net is not None and net < 0.0 and tariff.zero_at_negative_spot:
            return Price(0.0, "negative_spot")
        return Price(tariff.feed_in_eur_per_kwh, "fixed")
    if net is None:
        return Price(tariff.feed_in_eur_per_kwh, "fallback", False)
    return Price(max(net, 0.0), "spot")


def _inside(hour: float, begins: float, ends: float) -> bool:
    if begins <= ends:
        return begins <= hour < ends
    return hour >= begins or hour < ends


def expected_import(
    tariff: Tariff, spot: SpotPrices, *, unix_s: int, synchronised: bool, hours: float = 12.0
) -> float:
    """What bought electricity will cost in the next hours: the value of a kWh that a battery keeps for then.

    dynamic: mean of the known prices from now on, the fixed price when there are none. windows: the dearest,
    because the evening that empties a battery is what the windows are made for.
    """
    fixed = tariff.import_eur_per_kwh
    if tariff.kind is ImportKind.WINDOWS:
        return max(fixed, *(window.import_eur_per_kwh for window in tariff.windows), fixed)
    if tariff.kind is ImportKind.FIXED or not synchronised:
        return fixed
    known = [gross(tariff, net) for net in spot.ahead(unix_s, round(hours * 4))]
    return fsum(known) / len(known) if known else fixed


def dearest_import(tariff: Tariff, spot: SpotPrices, *, unix_s: int, synchronised: bool) -> float:
    """The highest price anything bought can have: no plan may claim that heat or charge is worth more."""
    prices = [tariff.import_eur_per_kwh]
    if tariff.kind is ImportKind.WINDOWS:
        prices += [window.import_eur_per_kwh for window in tariff.windows]
    if tariff.kind is ImportKind.DYNAMIC and synchronised:
        prices += [gross(tariff, net) for net in spot.ahead(unix_s, 192)]
    return max(prices)


def cheapest_hour(
    tariff: Tariff, spot: SpotPrices, *, unix_s: int, local_s: int, synchronised: bool, hours: float
) -> float | None:
    """Mean import price of the cheapest full hour that begins within the next `hours`.

    None when any quarter hour of the range is unknown: an unknown later is not a cheap later.
    """
    prices = []
    for quarter in range(round(hours * 4) + 4):
        ahead_s = quarter * QUARTER_S
        price = import_price(
            tariff,
            spot,
            unix_s=unix_s + ahead_s,
            local_s=(local_s + ahead_s) % 86400,
            synchronised=synchronised,
        )
        if not price.known:
            return None
        prices.append(price.eur_per_kwh)
    return min(fsum(prices[begin : begin + 4]) / 4.0 for begin in range(1, len(prices) - 3))


def gross(tariff: Tariff, net_eur_per_kwh: float) -> float:
    """What the household pays for a kWh at this spot price."""
    return (net_eur_per_kwh + tariff.fees_net_eur_per_kwh) * (1 + tariff.vat)
