"""What the rest of the program says about itself to the plant: each line becomes an alarm there.

Asked in every scan, so every answer is a look at something that stands ready. None means: this site does not
use it, or nobody can tell, and no alarm follows.
"""

from __future__ import annotations

from collections.abc import Callable

from plc.energy.parameters import FeedInKind, ImportKind, Tariff
from plc.exchange import Exchange

Health = Callable[[], bool | None]


def price_feed(tariff: Tariff, exchange: Exchange) -> Health | None:
    """A price for the present quarter hour has been delivered (A-058); None where no tariff needs one.

    Yesterday's prices do not help today: what counts is whether the list reaches up to now, not its age.
    """
    if tariff.kind is not ImportKind.DYNAMIC and tariff.feed_in is not FeedInKind.MARKET:
        return None

    def known() -> bool | None:
        last = exchange.last.latest
        if last is None or not last.inputs.wall.synchronised:
            return None  # which quarter hour? The clock has an alarm of its own
        return exchange.market.latest.spot.at(last.inputs.wall.unix_s) is not None

    return known


def both(first: Health | None, second: Health) -> Health:
    """Two sources of one answer: wrong when either is, unused when both are."""
    if first is None:
        return second

    def answer() -> bool | None:
        found = [state for state in (first(), second()) if state is not None]
        return all(found) if found else None

    return answer
