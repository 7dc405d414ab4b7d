"""A reader of the house meter on the same broker, as a source of grid power.

Tasmota's optical readers publish JSON on `tele/<name>/SENSOR`. The limits are what the fuses let through and
how far a house can jump.
"""

from __future__ import annotations

from plc.blocks.core import Origin
from plc.link.number_reader import NumberReader
from plc.link.settings import SmartMeter


class MeterReader(NumberReader):
    """Power at the grid connection in W, import positive."""

    def __init__(self, settings: SmartMeter, origin: Origin = Origin.MEASURED) -> None:
        super().__init__(
            settings.power,
            low=-settings.limit_w,
            high=settings.limit_w,
            step=settings.step_w,
            unit="W",
            reverse=settings.reverse,
            origin=origin,
        )
