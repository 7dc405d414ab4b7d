"""Numbers that a site takes from its broker, and where they go: the grid connection, the hot water tank."""

from __future__ import annotations

import dataclasses

from plc.blocks.core import NS_PER_S, Origin
from plc.exchange import Exchange
from plc.health import both
from plc.hot_water import HotWaterSensor, feed
from plc.link.number_reader import NumberReader, Numbers, Subscribed
from plc.link.settings import Mqtt
from plc.link.smart_meter import MeterReader
from plc.plant.interface import EnergyInputs


def numbers_of(settings: Mqtt, tank: HotWaterSensor | None, exchange: Exchange, origin: Origin) -> Numbers:
    """Every number that the site names, connected with the exchange."""
    return Numbers([*_meter(settings, exchange, origin), *_hot_water(tank, exchange, origin)])


def _hot_water(settings: HotWaterSensor | None, exchange: Exchange, origin: Origin) -> list[Subscribed]:
    """The tank sensor on the broker, behind one on the bus."""
    if settings is None or not settings.topic:
        return []
    reader = NumberReader(
        settings.value,
        low=settings.low_degc,
        high=settings.high_degc,
        step=settings.step_k,
        unit="degC",
        origin=origin,
    )
    feed(exchange, settings, lambda _: reader.reading)
    return [Subscribed("hot_water", settings.topic, reader)]


def _meter(settings: Mqtt, exchange: Exchange, origin: Origin) -> list[Subscribed]:
    """The smart meter on the broker, in front of whatever else measures the grid connection."""
    if not settings.smart_meter.topic:
        return []
    meter = MeterReader(settings.smart_meter, origin)
    others = exchange.energy
    stale_ns = round(settings.smart_meter.stale_s * NS_PER_S)

    seen_ns = 0

    def energy(now_ns: int) -> EnergyInputs:
        nonlocal seen_ns
        seen_ns = now_ns
        found = others(now_ns)
        if found.grid_meter_w.ok:  # a meter on the bus is nearer than one over the network
            return found
        return dataclasses.replace(found, grid_meter_w=meter.reading.aged(now_ns, stale_ns))

    exchange.energy = energy
    exchange.health["meter_ok"] = both(
        exchange.health.get("meter_ok"), lambda: meter.reading.aged(seen_ns, stale_ns).ok
    )
    return [Subscribed("meter", settings.smart_meter.topic, meter)]
