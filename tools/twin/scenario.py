"""What a scenario is: plain data. The library is `tools.twin.scenarios`.

A scenario says where the house stands, what the weather does, what is asked of the plant, and what
breaks or is pressed when. It never says what the program shall do: that is the business of tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.twin.physics.defaults import Defaults
from tools.twin.physics.weather import FixedDay, Weather
from tools.twin.plant_model import Initial


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens at_s seconds after the start.

    what: a name of `tools.twin.rig.ACTIONS` (faults, operator, grid operator) or of the closed loop
    (`request_w`, `controller`). cause: times such as "cause to enables off" count from here.
    """

    at_s: float
    what: str
    value: Any = True
    cause: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. flow_latches chooses the variant of the safety chain."""

    name: str
    text: str
    duration_s: float = 3600.0
    start: datetime = datetime(2026, 1, 15, 7, 0, tzinfo=UTC)  # written as local time
    initial: Initial = field(default_factory=Initial)
    weather: Callable[[], Weather] = lambda: FixedDay(2.0, 3.0)
    defaults: Defaults = field(default_factory=Defaults)
    request_w: float = 6400.0
    tapping: str = "M"
    events: tuple[Event, ...] = ()
    parameters: tuple[tuple[str, Any], ...] = ()  # ("cooler.economic", True): the site has this setting
    flow_latches: bool = True
    seed: int = 1
    fixed_load_w: float | None = None
    key: str = "auto"

    @property
    def start_local_s(self) -> float:
        """Local wall time of the start, in seconds since 1970 (as if local were UTC)."""
        return self.start.timestamp()


def utc_offset_s(local_start: datetime, elapsed_s: float) -> int:
    """Local time minus UTC in Germany at this many seconds after the start."""
    utc = _to_utc(local_start) + timedelta(seconds=elapsed_s)
    return 7200 if _summer(utc) else 3600


def unix_start_s(local_start: datetime) -> int:
    """Unix time of a start given as local time."""
    return int(_to_utc(local_start).timestamp())


def _to_utc(local: datetime) -> datetime:
    winter = local - timedelta(hours=1)
    return local - timedelta(hours=2) if _summer(local - timedelta(hours=2)) else winter


def _summer(utc: datetime) -> bool:
    """Daylight saving of the EU: last Sunday of March, 01:00 UTC, to last Sunday of October, 01:00 UTC."""
    return _last_sunday(utc.year, 3) <= utc < _last_sunday(utc.year, 10)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
