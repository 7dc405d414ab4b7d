"""Price worlds: contract, feed-in, hash price, other heat source. Everything else is the same house."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from plc.energy.parameters import Battery, Economics, FeedInKind, HeatSource, ImportKind, Mining, Tariff
from plc.energy.plan_request import HeatModel

DYNAMIC = Tariff(kind=ImportKind.DYNAMIC, feed_in=FeedInKind.FIXED, zero_at_negative_spot=True)
FLAT = Tariff(kind=ImportKind.FIXED, feed_in=FeedInKind.FIXED, zero_at_negative_spot=False)


@dataclass(frozen=True, slots=True)
class World:
    """One world. The dry cooler may be used for revenue in all of them, so that no rule loses its summer."""

    name: str
    text: str
    economics: Economics
    model: HeatModel = field(default_factory=lambda: HeatModel(recool=True))


def _world(
    name: str, text: str, tariff: Tariff, *, feed_in: float, hash_price: float, gas: bool = False
) -> World:
    return World(
        name,
        text,
        Economics(
            tariff=replace(tariff, feed_in_eur_per_kwh=feed_in),
            mining=Mining(hash_price_usd_per_ph_day=hash_price),
            battery=Battery(),
            heat=HeatSource(heat_pump=not gas, boiler_eur_per_kwh=0.12 / 0.92),
        ),
        HeatModel(recool=True, by_value=not gas),
    )


WORLDS: tuple[World, ...] = (
    _world("flat-7.8-35", "flat 30 ct, feed-in 7.8 ct, 35 USD", FLAT, feed_in=0.078, hash_price=35.0),
    _world("dyn-7.8-35", "dynamic, feed-in 7.8 ct, 35 USD", DYNAMIC, feed_in=0.078, hash_price=35.0),
    _world("dyn-3.5-35", "dynamic, feed-in 3.5 ct, 35 USD", DYNAMIC, feed_in=0.035, hash_price=35.0),
    _world("dyn-0-35", "dynamic, feed-in 0 ct, 35 USD", DYNAMIC, feed_in=0.0, hash_price=35.0),
    _world("flat-0-35", "flat 30 ct, feed-in 0 ct, 35 USD", FLAT, feed_in=0.0, hash_price=35.0),
    _world("flat-7.8-55", "flat 30 ct, feed-in 7.8 ct, 55 USD", FLAT, feed_in=0.078, hash_price=55.0),
    _world("dyn-7.8-55", "dynamic, feed-in 7.8 ct, 55 USD", DYNAMIC, feed_in=0.078, hash_price=55.0),
    _world("flat-7.8-100", "flat 30 ct, feed-in 7.8 ct, 100 USD", FLAT, feed_in=0.078, hash_price=100.0),
    _world("dyn-7.8-100", "dynamic, feed-in 7.8 ct, 100 USD", DYNAMIC, feed_in=0.078, hash_price=100.0),
    _world("gas-7.8-35", "gas 12 ct instead of heat pump, flat 30 ct, feed-in 7.8 ct, 35 USD", FLAT,
           feed_in=0.078, hash_price=35.0, gas=True),
)  # fmt: skip
