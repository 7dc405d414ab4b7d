"""Where the temperature of the hot water tank comes from: no terminal of the cabinet is free for it.

A value of a Modbus device, a value on the MQTT broker, or both: then the bus counts while it is good. Here it
becomes an input of the plant with quality and age; what the plant does without one stands in `plc.plant.dhw`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from plc.blocks.core import NS_PER_S, Quality, Reading
from plc.blocks.param import Param

if TYPE_CHECKING:  # a command that only reads the site loads neither driver nor plant
    from plc.exchange import Exchange
    from plc.field.rs485.service import Rs485Service


@dataclass(frozen=True, slots=True)
class HotWaterSensor:
    """The sensor of the hot water tank. At least one of `modbus` and `topic`."""

    modbus: Annotated[str, Param("", None, None, "<device>.<value> of a device in devices.rs485")] = ""
    topic: Annotated[str, Param("", None, None, "topic at the broker, e.g. ems-esp/boiler_data_dhw")] = ""
    value: Annotated[
        str,
        Param("", None, None, "path of the number in the topic's JSON; empty = the message is the number"),
    ] = ""
    stale_s: Annotated[float, Param("s", 10, 3600, "older than this is not used")] = 900.0
    low_degc: Annotated[float, Param("degC", -5, 30, "colder is no reading")] = 3.0
    high_degc: Annotated[float, Param("degC", 60, 110, "hotter is no reading")] = 95.0
    step_k: Annotated[float, Param("K", 2, 60, "a larger jump counts when the next reading confirms it")] = (
        15.0
    )

    @property
    def stale_ns(self) -> int:
        """`stale_s` for the clock of the scan."""
        return round(self.stale_s * NS_PER_S)


def plausible(reading: Reading, settings: HotWaterSensor, now_ns: int) -> Reading:
    """The reading as of now; bad outside its limits, whoever gave it."""
    reading = reading.aged(now_ns, settings.stale_ns)
    value = reading.value
    if reading.ok and value is not None and not settings.low_degc <= value <= settings.high_degc:
        return Reading(value, Quality.BAD, reading.origin, reading.taken_ns)
    return reading


def feed(exchange: Exchange, settings: HotWaterSensor, source: Callable[[int], Reading]) -> None:
    """One more source, behind those that are there: the first good one counts, else the newest says why."""
    before = exchange.t_dhw

    def t_dhw(now_ns: int) -> Reading:
        nearer = before(now_ns)
        if nearer.ok:
            return nearer
        found = plausible(source(now_ns), settings, now_ns)
        return found if found.ok or found.taken_ns >= nearer.taken_ns else nearer

    exchange.t_dhw = t_dhw


def feed_from_bus(exchange: Exchange, settings: HotWaterSensor | None, rs485: Rs485Service | None) -> None:
    """The value that the site names, read by the driver of its port."""
    if settings is None or rs485 is None or not settings.modbus:
        return
    device, _, value = settings.modbus.partition(".")
    feed(exchange, settings, lambda now_ns: rs485.reading(device, value, now_ns))
