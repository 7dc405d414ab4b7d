"""What the link looks at: one scan with the figures beside it, and the quality of a value in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from plc.blocks.core import Origin, Quality, Reading, Tick
from plc.link.payload import Value
from plc.plant.interface import PlantInputs, PlantOutputs

GOOD, HELD, STALE, BAD, FORCED, SIM, SUBSTITUTE = (
    "good", "held", "stale", "bad", "forced", "sim", "substitute",
)  # fmt: skip

QUALITIES = (GOOD, HELD, STALE, BAD, FORCED, SIM, SUBSTITUTE)
"""Closed list of the payloads under quality/."""

_ORIGIN = {Origin.FORCED: FORCED, Origin.SIM: SIM, Origin.SUBSTITUTE: SUBSTITUTE}


class View(NamedTuple):
    """One scan.

    scan: report of the scan statistics. extra: what services say (versions, link). simulated: nothing in it
    comes from a real terminal. link: health of the connection itself.
    """

    tick: Tick
    inputs: PlantInputs
    outputs: PlantOutputs
    scan: Mapping[str, Any]
    extra: Mapping[str, Value]
    simulated: bool = False
    link: Mapping[str, Any] = MappingProxyType({})


class Sample(NamedTuple):
    """A value with its quality."""

    value: Value
    quality: str = GOOD


UNKNOWN = Sample(None, BAD)


def of_reading(reading: Reading) -> Sample:
    """A measured value; a bad one has no value, a stale one keeps its last with the word for it."""
    if reading.value is None or reading.quality >= Quality.BAD:
        return UNKNOWN
    if reading.quality is Quality.STALE:
        return Sample(reading.value, STALE)
    if reading.origin is not Origin.MEASURED:
        return Sample(reading.value, _ORIGIN[reading.origin])
    return Sample(reading.value, HELD if reading.quality is Quality.HELD else GOOD)
