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


class House(NamedTuple):
    """The house without the miners, as means over the confirmation time.

    pv_w >= 0; load_w >= 0 without miners; soc_pct None = unknown. known False: solar power or load cannot
    be trusted, then everything comes from the grid as far as the rule is concerned.
    """

    pv_w: float = 0.0
    load_w: float = 0.0
    soc_pct: float | None = None
    known: bool = False


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
    price it will displace). reserve_pct: below this the battery must not feed the miners.
    """
    net_w = house.pv_w - house.load_w if house.known else 0.0
    slices: list[Slice] = []
    charge_w = discharge_w = 0.0
    soc = house.soc_pct if battery.present and house.known else None
    if soc is not None:
        charge_w = min(max(net_w, 0.0), battery.power_w) if soc < 100.0 else 0.0
        if soc > battery.empty_pct:
            discharge_w = max(0.0, battery.power_w - max(-net_w, 0.0))
    export_w = max(net_w - charge_w, 0.0)
    curtailed_w = max(export_w - tariff.feed_in_cap_w, 0.0)
    _add(slices, curtailed_w, 0.0, Source.CURTAILED)
    _add(slices, export_w - curtailed_w, feed_in_eur_per_kwh, Source.EXPORT)
    charging = stored_eur_per_kwh * battery.efficiency
    if soc is not None and soc >= battery.full_pct:
        charging = min(charging, feed_in_eur_per_kwh)  # it will be full and feed in soon anyway
    _add(slices, charge_w, charging, Source.CHARGING)
    allowed = soc is not None and soc > reserve_pct
    _add(slices, discharge_w, stored_eur_per_kwh if allowed else FORBIDDEN, Source.BATTERY)
    already_w = max(-net_w, 0.0) - min(max(-net_w, 0.0), battery.power_w if discharge_w > 0.0 else 0.0)
    _add(slices, tariff.grid_limit_w - already_w, import_eur_per_kwh, Source.GRID)
    slices.append(Slice(float("inf"), FORBIDDEN, Source.OVER_LIMIT))
    return tuple(slices)


def _add(slices: list[Slice], power_w: float, eur_per_kwh: float, source: Source) -> None:
    if power_w > 0.0:
        slices.append(Slice(power_w, eur_per_kwh, source))


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
