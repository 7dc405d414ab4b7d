"""What the next watts of miners cost, source by source.

The inverter is only read. Its self-consumption rule decides where the power for one more load comes from,
always in this order: what would be curtailed, what would be fed in, what would charge the battery, what
the battery can still give, and the grid. The rule must price what will happen, not what it would like.

Surplus is computed from solar power and house load without the miners, never from the grid meter alone:
otherwise switching a miner on would remove the reason for having it on, and it would swing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from plc.energy.parameters import Battery, Tariff

FORBIDDEN = 1e6
"""A price in EUR/kWh that nothing can pay: written for power that may not be used."""


class Source(StrEnum):
    """Where the next kilowatt-hour comes from."""

    CURTAILED = "curtailed"
    EXPORT = "export"
    CHARGING = "charging"
    BATTERY = "battery"
    GRID = "grid"
    OVER_LIMIT = "over_limit"


class Slice(NamedTuple):
    """Power at one price, in the order in which it is used."""

    power_w: float
    eur_per_kwh: float
    source: Source


NO_MORE = Slice(float("inf"), FORBIDDEN, Source.OVER_LIMIT)


class House(NamedTuple):
    """The house without the miners, as means over the confirmation time.

    pv_w >= 0; load_w >= 0 without miners; soc_pct None = unknown. known False: solar power or load cannot
    be trusted, then everything comes from the grid as far as the rule is concerned. swing_w: how far what is
    left over goes up and down around its mean within a quarter hour (standard deviation).
    """

    pv_w: float = 0.0
    load_w: float = 0.0
    soc_pct: float | None = None
    known: bool = False
    swing_w: float = 0.0


def stack(
    house: House,
    tariff: Tariff,
    battery: Battery,
    *,
    import_eur_per_kwh: float,
    feed_in_eur_per_kwh: float,
    stored_eur_per_kwh: float,
    reserve_pct: float,
) -> tuple[Slice, ...]:
    """The slices for miner power from 0 W upwards; the last one is without end.

    stored_eur_per_kwh: value of a kWh in the battery when it is taken out (shadow price or the import
    price it will displace). reserve_pct: below this the battery must not feed the miners. A battery whose
    charge nobody knows may take all that is left over, and may give some of what the grid seems to give.
    """
    net_w = house.pv_w - house.load_w if house.known else 0.0
    over_w, short_w = (net_w, 0.0) if net_w > 0.0 else (0.0, -net_w)
    soc = house.soc_pct if house.known else None
    charge_w = discharge_w = gives_w = 0.0
    if battery.present and house.known and (soc is None or soc < 100.0):
        charge_w = min(over_w, battery.power_w)
    if battery.present and soc is not None and soc > battery.empty_pct:
        gives_w = battery.power_w
        discharge_w = max(0.0, gives_w - short_w)
    export_w = over_w - charge_w
    curtailed_w = max(export_w - tariff.feed_in_cap_w, 0.0)
    slices: list[Slice] = []
    if curtailed_w > 0.0:
        slices.append(Slice(curtailed_w, 0.0, Source.CURTAILED))
    if export_w > curtailed_w:
        slices.append(Slice(export_w - curtailed_w, feed_in_eur_per_kwh, Source.EXPORT))
    if charge_w > 0.0:
        charging = stored_eur_per_kwh * battery.efficiency
        if soc is not None and soc >= battery.full_pct:
            charging = min(charging, feed_in_eur_per_kwh)  # it will be full and feed in soon anyway
        slices.append(Slice(charge_w, charging, Source.CHARGING))
    if discharge_w > 0.0:
        allowed = soc is not None and soc > reserve_pct
        slices.append(Slice(discharge_w, stored_eur_per_kwh if allowed else FORBIDDEN, Source.BATTERY))
    if battery.present and soc is None:
        import_eur_per_kwh = max(import_eur_per_kwh, stored_eur_per_kwh)  # part of it may be the battery's
    room_w = tariff.grid_limit_w - max(0.0, short_w - gives_w)
    if room_w > 0.0:
        slices.append(Slice(room_w, import_eur_per_kwh, Source.GRID))
    slices.append(NO_MORE)
    return tuple(slices)


def forbidden(eur_per_kwh: float, kw: float) -> bool:
    """A watt or more of this power is forbidden: nothing real costs 1000 EUR an hour."""
    return eur_per_kwh * kw >= FORBIDDEN / 1000.0


def between(slices: tuple[Slice, ...], from_w: float, to_w: float) -> tuple[float, Source]:
    """Mean price of the power between two levels, and the source of its last watt. from_w < to_w."""
    begins = eur = 0.0
    source = Source.OVER_LIMIT
    for part in slices:
        ends = begins + part.power_w
        shared = min(ends, to_w) - max(begins, from_w)
        if shared > 0.0:
            eur += shared * part.eur_per_kwh
            source = part.source
        if ends >= to_w:
            break
        begins = ends
    return eur / (to_w - from_w), source


def unforbidden(
    slices: tuple[Slice, ...], *, import_eur_per_kwh: float, stored_eur_per_kwh: float
) -> tuple[Slice, ...]:
    """The same sources at what they really cost, for the books: a limit is no price."""
    return tuple(
        part
        if part.eur_per_kwh < FORBIDDEN
        else part._replace(
            eur_per_kwh=stored_eur_per_kwh if part.source is Source.BATTERY else import_eur_per_kwh
        )
        for part in slices
    )
