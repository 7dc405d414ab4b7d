"""How old a Modbus value may be, judged by the reader in the scan and never by the thread that reads.

Ages: Modbus reference, topic freshness. Three polls of the fast block are good; what the plant does with
held, stale and bad energy data is decided in the plant.
"""

from __future__ import annotations

from dataclasses import fields, replace

from plc.blocks.core import NS_PER_S, Quality, Reading
from plc.plant.interface import EnergyInputs

HELD_NS = 6 * NS_PER_S
STALE_NS = 30 * NS_PER_S
BAD_NS = 120 * NS_PER_S

_FIELDS = tuple(item.name for item in fields(EnergyInputs))


def aged(reading: Reading, now_ns: int) -> Reading:
    """The reading as of now. Pure; the same object while nothing changes."""
    age_ns = now_ns - reading.taken_ns
    if age_ns <= HELD_NS or reading.quality >= Quality.BAD:
        return reading
    by_age = Quality.BAD if age_ns > BAD_NS else Quality.STALE if age_ns > STALE_NS else Quality.HELD
    return reading if by_age <= reading.quality else reading._replace(quality=by_age)


def aged_energy(energy: EnergyInputs, now_ns: int) -> EnergyInputs:
    """All readings of the house as of now; the same object while nothing has aged."""
    changed = {}
    for name in _FIELDS:
        reading: Reading = getattr(energy, name)
        now = aged(reading, now_ns)
        if now is not reading:
            changed[name] = now
    return replace(energy, **changed) if changed else energy
