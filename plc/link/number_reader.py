"""A number that somebody else publishes on the same broker: house meter, tank sensor.

The message is the number itself, or JSON with the number at a path. It counts when it is inside its limits
and no further from the one before than it can jump; a larger jump counts once the next reading confirms it.
How old it may be is judged by whoever reads, not here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from plc.blocks.core import NEVER, Origin, Quality, Reading

SIZE_MAX = 4096


class NumberReader:
    """take(payload, now_ns) for every message; `reading` is the newest accepted one.

    path: keys down to the number, separated by dots, "" = the message is the number. low, high, step: in the
    unit of the number. Outputs: reading, refused (count), problem (why the last one was refused).
    """

    def __init__(
        self,
        path: str,
        *,
        low: float,
        high: float,
        step: float,
        unit: str,
        reverse: bool = False,
        origin: Origin = Origin.MEASURED,
    ) -> None:
        self._path = path.split(".") if path else []
        self._low, self._high, self._step = low, high, step
        self._unit, self._reverse, self._origin = unit, reverse, origin
        self._suspect: float | None = None
        self.reading = NEVER
        self.refused = 0
        self.problem = ""

    def take(self, payload: bytes, now_ns: int) -> None:
        """One message. What is no reading changes nothing but the count of refused ones."""
        number = self._number(payload)
        if number is None:
            self.refused += 1
            return
        before = self.reading.value
        known = [value for value in (before, self._suspect) if value is not None]
        if known and not any(abs(number - value) <= self._step for value in known):
            self._suspect = number
            self.refused += 1
            self.problem = f"jump to {number:.0f} {self._unit}, waiting for the next reading"
            return
        self._suspect, self.problem = None, ""
        self.reading = Reading(number, Quality.GOOD, self._origin, now_ns)

    def _number(self, payload: bytes) -> float | None:
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
            self.problem = f"no number at {'.'.join(self._path)}" if self._path else "no number"
            return None
        number = -float(found) if self._reverse else float(found)
        if not self._low <= number <= self._high:
            self.problem = f"{number:.0f} {self._unit} is beyond {self._low:.0f} to {self._high:.0f}"
            return None
        return number


class Subscribed(NamedTuple):
    """A number and where it is published. name: under which its problem is reported."""

    name: str
    topic: str
    reader: NumberReader


class Numbers:
    """All numbers of a site; one topic may carry several."""

    def __init__(self, subscribed: Sequence[Subscribed] = ()) -> None:
        self._subscribed = tuple(subscribed)
        self.topics = sorted({found.topic for found in self._subscribed})

    def take(self, topic: str, payload: bytes, now_ns: int) -> None:
        """One message, for everybody who reads this topic."""
        for found in self._subscribed:
            if found.topic == topic:
                found.reader.take(payload, now_ns)

    def problems(self) -> dict[str, str]:
        """Why the last message of each was refused, "" when it was not."""
        return {found.name: found.reader.problem for found in self._subscribed}
