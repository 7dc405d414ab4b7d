"""The field devices of a site as services: one driver per miner, one thread per RS485 port.

What a site does not have is not there: its readings stay NEVER and the plant does without. A driver's library
is loaded only where the site names such a device.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from plc.blocks.core import NEVER, NS_PER_S, Origin, Reading
from plc.devicefiles import load_kinds
from plc.exchange import Exchange
from plc.exits import Exit, ExitError
from plc.field.rs485.service import Rs485Service
from plc.field.rs485.settings import kinds_of
from plc.hot_water import feed_from_bus
from plc.scan.clock import Clock
from plc.scan.service import Service
from plc.site import Site

if TYPE_CHECKING:
    from plc.field.miner.driver import MinerDriver

POWER_FRESH_NS = 15 * NS_PER_S  # three polls of a miner


def expecting_devices(site: Site) -> Site:
    """The site with the parameters that follow from its device list: what is listed must answer.

    Nobody should have to say twice that there is an inverter; leaving it out would make its silence look
    like a house that has none.
    """
    serial = [device for port in site.section("devices.rs485") or () for device in port.devices]
    p = site.parameters
    miners = p.miners.api_expected or bool(site.section("devices.miners"))
    inverter = p.fallback.energy_expected or any(device.type.startswith("deye") for device in serial)
    parameters = replace(
        p,
        miners=replace(p.miners, api_expected=miners),
        fallback=replace(p.fallback, energy_expected=inverter),
    )
    return replace(site, parameters=parameters)


def device_services(
    site: Site, clock: Clock, exchange: Exchange, *, simulated: bool, clean_start: bool
) -> list[Service]:
    """All drivers of the site, not started yet, reading from and writing to the exchange.

    simulated: every reading says so. clean_start False: the process before died, so the drivers book
    their write limits as used. Raises ExitError for a device file that cannot be used.
    """
    origin = Origin.SIM if simulated else Origin.MEASURED
    services: list[Service] = []
    rs485 = _rs485(site, clock, origin)
    if rs485 is not None:
        exchange.energy = rs485.energy
        exchange.health["meter_ok"] = rs485.ok
        rs485.expect_load(lambda: running_miners_w(exchange, clock.now_ns()))
        services.append(rs485)
    feed_from_bus(exchange, site.section("devices.hot_water"), rs485)
    services += _miners(site, clock, exchange, rs485, origin, clean_start=clean_start)
    return services


def _rs485(site: Site, clock: Clock, origin: Origin) -> Rs485Service | None:
    ports = site.section("devices.rs485")
    if not ports:
        return None
    kinds, problems = load_kinds(kinds_of(ports), site.folder)
    if problems:
        raise ExitError(Exit.SITE_INVALID, "\n".join(str(problem) for problem in problems))
    return Rs485Service(ports, kinds, clock, origin)


def _miners(
    site: Site,
    clock: Clock,
    exchange: Exchange,
    rs485: Rs485Service | None,
    origin: Origin,
    *,
    clean_start: bool,
) -> list[Service]:
    all_settings = site.section("devices.miners")
    if not all_settings:
        return []
    from plc.field.miner.driver import MinerDriver
    from plc.field.miner.settings import MinerSettings
    from plc.field.miner.snapshot import MinerSnapshot
    from plc.field.miner.writer import StartGate

    gate = StartGate(max(settings.limits.stagger_s for settings in all_settings))
    limits = site.parameters.miners

    def driver(number: int, settings: MinerSettings) -> MinerDriver:
        inbox, wish = exchange.miners[number - 1], exchange.wishes[number - 1]

        def publish(snapshot: MinerSnapshot) -> None:
            inbox.put(snapshot.inputs)

        def metered() -> Reading:
            return NEVER if rs485 is None else rs485.metered(number, clock.now_ns())

        made = MinerDriver(
            f"miner{number}",
            settings,
            clock,
            lambda: wish.latest,
            publish,
            gate=gate,
            site_range_w=(limits.power_min_w, limits.power_max_w),
            metered=metered,
            origin=origin,
            clean_start=clean_start,
        )
        for name in ("writes_24h", "writes_left", "starts_24h"):
            exchange.facts[f"{made.name}/{name}"] = partial(_spent, made, name)
        return made

    return [driver(number, settings) for number, settings in enumerate(all_settings[:2], start=1)]


def _spent(driver: MinerDriver, name: str) -> float:
    """One figure of what a miner's daily limits have left, for people."""
    return float(getattr(driver.snapshot.diagnostics, name))


def running_miners_w(exchange: Exchange, now_ns: int) -> float | None:
    """What miners with closed contactors draw, W; None while one of them does not tell, or none is closed."""
    last = exchange.last.latest
    if last is None:
        return None
    closed = (last.inputs.image.k10_fb, last.inputs.image.k11_fb)
    found = []
    for feedback, mailbox in zip(closed, exchange.miners, strict=True):
        if feedback:
            metered, estimated = mailbox.latest.power_metered_w, mailbox.latest.power_estimated_w
            power = metered if metered.aged(now_ns, POWER_FRESH_NS).ok else estimated
            if power.value is None or not power.aged(now_ns, POWER_FRESH_NS).ok:
                return None
            found.append(power.value)
    return math.fsum(found) if found else None
