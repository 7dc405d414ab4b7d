"""What a kilowatt-hour costs and earns at a moment.

An unknown price is never a zero price and never a cheap one: without data, buying costs at least the
fixed price and selling earns the full remuneration, so that doubt always speaks against mining.
Quarter hours are counted on UTC, so a day of 92 or 100 quarter hours needs no special case.
"""

from __future__ import annotations

from functools import lru_cache
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
    quarter hour can be told: the dearest window, or the fixed price, whichever is more. A spot price that
    nobody has delivered is the fixed price and what a dear window of the grid fee adds; a cheap one of them
    takes nothing off.
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
        return Price(_unknown(tariff, local_s if synchronised else None), "fallback", False)
    return Price(gross(tariff, net, fee_added(tariff, local_s)), "spot")


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
    tariff: Tariff,
    spot: SpotPrices,
    *,
    unix_s: int,
    synchronised: bool,
    hours: float = 12.0,
    local_s: int | None = None,
) -> float:
    """What bought electricity will cost in the next hours: the value of a kWh that a battery keeps for then.

    dynamic: mean of the known prices from now on, the fallback when there are none. windows: the dearest,
    because the evening that empties a battery is what the windows are made for. local_s: None when the time
    of day is unknown; every quarter hour then has the dearest grid fee.
    """
    fixed = tariff.import_eur_per_kwh
    if tariff.kind is ImportKind.WINDOWS:
        return max(fixed, *(window.import_eur_per_kwh for window in tariff.windows), fixed)
    if tariff.kind is ImportKind.FIXED:
        return fixed
    known = _ahead(tariff, spot, unix_s, local_s, round(hours * 4)) if synchronised else []
    return fsum(known) / len(known) if known else _unknown(tariff, None)


def dearest_import(
    tariff: Tariff, spot: SpotPrices, *, unix_s: int, synchronised: bool, local_s: int | None = None
) -> float:
    """The highest price anything bought can have: no plan may claim that heat or charge is worth more."""
    prices = [tariff.import_eur_per_kwh]
    if tariff.kind is ImportKind.WINDOWS:
        prices += [window.import_eur_per_kwh for window in tariff.windows]
    if tariff.kind is ImportKind.DYNAMIC:
        prices.append(_unknown(tariff, None))
        if synchronised:
            prices += _ahead(tariff, spot, unix_s, local_s, 192)
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


def gross(tariff: Tariff, net_eur_per_kwh: float, added_net_eur_per_kwh: float = 0.0) -> float:
    """What the household pays for a kWh at this spot price; added: by the window of the grid fee."""
    return (net_eur_per_kwh + tariff.fees_net_eur_per_kwh + added_net_eur_per_kwh) * (1 + tariff.vat)


def fee_added(tariff: Tariff, local_s: int | None) -> float:
    """Net EUR/kWh that the grid fee is dearer at this time of day, negative when cheaper; first match.

    None is an unknown time of day: the dearest that there is, and never less than outside of all windows.
    """
    if local_s is None:
        return max([0.0, *(window.add_net_eur_per_kwh for window in tariff.fee_windows)])
    for window in tariff.fee_windows:
        if _inside(local_s / 3600, window.from_h, window.to_h):
            return window.add_net_eur_per_kwh
    return 0.0


def never(from_h: float, to_h: float) -> bool:
    """A window that no hour of the day lies in: 24 is the midnight that 0 is."""
    return from_h == to_h or (from_h == 24 and to_h == 0)


def _unknown(tariff: Tariff, local_s: int | None) -> float:
    """Gross price of a kWh whose spot price nobody knows."""
    return tariff.import_eur_per_kwh + max(0.0, fee_added(tariff, local_s)) * (1 + tariff.vat)


def _ahead(tariff: Tariff, spot: SpotPrices, unix_s: int, local_s: int | None, quarters: int) -> list[float]:
    """Gross prices of the known quarter hours from this one on, at most that many."""
    known = spot.ahead(unix_s, quarters)
    if not tariff.fee_windows or local_s is None:
        added = fee_added(tariff, None)
        return [gross(tariff, net, added) for net in known]
    fees, first = _fees_of_day(tariff), local_s // QUARTER_S
    return [gross(tariff, net, fees[(first + ahead) % len(fees)]) for ahead, net in enumerate(known)]


@lru_cache(maxsize=8)
def _fees_of_day(tariff: Tariff) -> tuple[float, ...]:
    """What each quarter hour of the local day adds; asked 240 times in a decision."""
    return tuple(fee_added(tariff, local_s) for local_s in range(0, 86400, QUARTER_S))
