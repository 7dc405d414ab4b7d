"""A reader of the house meter on the same broker, as a source of grid power.

Tasmota's optical readers publish JSON on `tele/<name>/SENSOR`. A reading counts when its number is inside
what the fuses let through and no further from the one before than a house can jump; a larger jump counts once
the next reading confirms it. How old it may be is judged by whoever reads, not here.
"""

from __future__ import annotations

import json
import math
from typing import Any

from plc.blocks.core import NEVER, Origin, Quality, Reading
from plc.link.settings import SmartMeter

SIZE_MAX = 4096


class MeterReader:
    """take(payload, now_ns) for every message; `reading` is the newest accepted one."""

    def __init__(self, settings: SmartMeter, origin: Origin = Origin.MEASURED) -> None:
        self._settings, self._origin = settings, origin
        self._path = settings.power.split(".")
        self._suspect: float | None = None
        self.reading = NEVER
        self.refused = 0
        self.problem = ""

    def take(self, payload: bytes, now_ns: int) -> None:
        """One message of the reader. What is no reading changes nothing but the count of refused ones."""
        power_w = self._power(payload)
        if power_w is None:
            self.refused += 1
            return
        before = self.reading.value
        known = [value for value in (before, self._suspect) if value is not None]
        if known and not any(self._near(power_w, value) for value in known):
            self._suspect = power_w
            self._refuse(f"jump to {power_w:.0f} W, waiting for the next reading")
            return
        self._suspect, self.problem = None, ""
        self.reading = Reading(power_w, Quality.GOOD, self._origin, now_ns)

    def _near(self, power_w: float, other_w: float) -> bool:
        return abs(power_w - other_w) <= self._settings.step_w

    def _power(self, payload: bytes) -> float | None:
        if len(payload) > SIZE_MAX:
            self.problem = "message too large"
            return None
        try:
            found: Any = json.loads(payload, parse_int=float)  # endless digits become infinite, not a fault
        except (ValueError, RecursionError):
            self.problem = "no JSON"
            return None
        for step in self._path:
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
            self.problem = f"no number at {self._settings.power}"
            return None
        power_w = -float(found) if self._settings.reverse else float(found)
        if abs(power_w) > self._settings.limit_w:
            self.problem = f"{power_w:.0f} W is beyond {self._settings.limit_w:.0f} W"
            return None
        return power_w

    def _refuse(self, problem: str) -> None:
        self.refused += 1
        self.problem = problem
