"""What the calendar says, as far as anybody knows it: hour, weekday, month, windows.

Wall-clock time is an input with a quality. Not synchronised means None, and every rule that asks says
itself what it does then.
"""

from __future__ import annotations

from plc.plant.interface import WallTime

SECONDS_PER_DAY = 86400
SECONDS_PER_HOUR = 3600
EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; Monday is 0."""

YEAR_DAYS = 365.2425
COLD_FROM_DAY = 273
COLD_TO_DAY = 120
"""October to April as days of the year, for frost when no outdoor sensor answers."""


def local_s(wall: WallTime) -> int | None:
    """Local seconds since 1970, None while the clock is not synchronised."""
    return wall.unix_s + wall.utc_offset_s if wall.synchronised else None


def hour_of_day(wall: WallTime) -> int | None:
    """Local hour 0..23."""
    seconds = local_s(wall)
    return None if seconds is None else seconds % SECONDS_PER_DAY // SECONDS_PER_HOUR


def weekday(wall: WallTime) -> int | None:
    """Local day of the week, Monday is 0."""
    seconds = local_s(wall)
    return None if seconds is None else (seconds // SECONDS_PER_DAY + EPOCH_WEEKDAY) % 7


def cold_month(wall: WallTime) -> bool:
    """October to April; True when nobody knows the date."""
    seconds = local_s(wall)
    if seconds is None:
        return True
    day = seconds / SECONDS_PER_DAY
    day_of_year = day - YEAR_DAYS * float(int(day / YEAR_DAYS))
    return day_of_year >= COLD_FROM_DAY or day_of_year <= COLD_TO_DAY


def in_hours(hour: int | None, begin: int, end: int) -> bool:
    """True from begin to end o'clock, also across midnight; False without a clock or for an empty span."""
    if hour is None or begin == end:
        return False
    return begin <= hour < end if begin < end else hour >= begin or hour < end


def in_window(wall: WallTime, day: int, hour: int, hours: int) -> bool | None:
    """True inside a weekly window of some hours from hour o'clock; it may run into the next day.
    None without a clock.
    """
    now_day = weekday(wall)
    now_hour = hour_of_day(wall)
    if now_day is None or now_hour is None:
        return None
    since_h = ((now_day - day) % 7) * 24 + now_hour - hour
    if since_h < 0:
        since_h += 7 * 24
    return since_h < hours
