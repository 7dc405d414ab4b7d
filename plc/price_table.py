"""A table of spot prices as text: read completely, or refused with the line and the next step.

    time;eur_per_mwh                    header; also eur_per_kwh, ct_per_kwh, EUR/MWh, EUR/kWh, ct/kWh
    2026-11-22T00:00:00+01:00;92,40     quarter hours, or full hours that count four times
    2026-11-22T00:15:00+01:00;88,10

Net prices, whole days without a gap: a day begins at the local time of the first line and has 92, 96 or
100 quarter hours as the clock of the site says. A file that somebody is still writing has no end to its last
line or no end to its day, so it is never taken for less than it will be.
"""

from __future__ import annotations

import csv
import os
import re
import stat
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from plc.energy.tariff import QUARTER_S, SpotPrices
from plc.link.commands import Market, with_data
from plc.link.envelope import seconds_of
from plc.plant.changes import WrongValueError

BYTES_MAX = 65_536
"""Two weeks of quarter hours; somebody who writes more has written something else."""

HOUR_S = 3600
TIME = "time"
PER_KWH = {"eur_per_mwh": 1000.0, "eur_per_kwh": 1.0, "ct_per_kwh": 100.0}
"""Column -> what its numbers are divided by."""

LEAST_EUR_PER_KWH = 0.001
"""No day has ever been that cheap in all its hours: the unit is wrong, or somebody wrote 0 for unknown."""

YEAR_2100_S = 4_102_444_800

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
_UNIX = re.compile(r"[0-9]{9,11}")


class PriceTableError(Exception):
    """The table cannot be used; the text says where, what was found and what to do."""


class _Row(NamedTuple):
    line: int
    unix_s: int
    eur_per_kwh: float


def read(path: Path) -> bytes:
    """At most one byte more than a table may have. Raises OSError, also for what is no ordinary file."""
    # Without O_NONBLOCK a named pipe would keep the thread until somebody writes into it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("no ordinary file")
        return file.read(BYTES_MAX + 1)


def message_of(day: SpotPrices) -> dict[str, Any]:
    """A day as the value of the command `prices`."""
    return {"start": day.start_unix_s, "eur_per_kwh": list(day.eur_per_kwh)}


def end_of(day: SpotPrices) -> int:
    """The first second that has no price any more."""
    return day.start_unix_s + QUARTER_S * len(day.eur_per_kwh)


def described(path: Path, zone: ZoneInfo) -> tuple[bool, str]:
    """Whether the file can be used as it lies there, and one line about it for people."""
    try:
        days = days_of(read(path), zone)
    except OSError as error:
        return False, f"{path}: cannot be read: {error.strerror or error}"
    except PriceTableError as error:
        return False, f"{path}: {error}"
    first, last = (
        datetime.fromtimestamp(at_s, UTC).astimezone(zone)
        for at_s in (days[0].start_unix_s, end_of(days[-1]))
    )
    return True, f"{path}: {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} local time"


def days_of(content: bytes, zone: ZoneInfo) -> tuple[SpotPrices, ...]:
    """The days of a table in order, in quarter hours, each fit for the command `prices`.

    Raises PriceTableError.
    """
    if len(content) > BYTES_MAX:
        raise PriceTableError(f"more than {BYTES_MAX} bytes; write today and tomorrow only")
    rows = _rows(_text(content))
    if len(rows) < 2:
        raise PriceTableError(f"{len(rows)} prices; write whole days")
    days = _cut(_quarters(rows), rows[0].unix_s, zone)
    for day in days:
        try:
            with_data(Market(), "prices", message_of(day), seconds_of)
        except WrongValueError as error:
            raise PriceTableError(str(error)) from error
    return tuple(days)


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PriceTableError(f"byte {error.start} is no UTF-8; write plain text") from error
    if not text.strip():
        raise PriceTableError("the file is empty; write a header and whole days")
    if not text.endswith("\n"):
        raise PriceTableError("the last line has no end; write it beside and move it into place")
    return text.replace("\r\n", "\n")


def _rows(text: str) -> list[_Row]:
    lines = text.split("\n")
    separator = next((sign for sign in ";\t" if sign in lines[0]), ",")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        columns, divisor = _columns(next(reader))
        return [_row(reader.line_num, cells, columns, divisor, separator) for cells in reader if any(cells)]
    except csv.Error as error:
        raise PriceTableError(f"line {reader.line_num}: {error}") from error


def _columns(header: list[str]) -> tuple[tuple[int, int], float]:
    """Places of time and price, and what the prices are divided by."""
    names = [cell.strip().lower().replace("/", "_per_") for cell in header]
    units = [name for name in names if name in PER_KWH]
    if len(names) != 2 or len(units) != 1 or TIME not in names:
        shown = ", ".join(cell.strip()[:20] for cell in header[:6])
        raise PriceTableError(
            f"line 1: columns {shown}; write exactly two, {TIME} and one of {', '.join(PER_KWH)}"
        )
    return (names.index(TIME), names.index(units[0])), PER_KWH[units[0]]


def _row(line: int, cells: list[str], columns: tuple[int, int], divisor: float, separator: str) -> _Row:
    if len(cells) != 2:
        hint = "; with commas in the numbers separate the columns by ;" if separator == "," else ""
        raise PriceTableError(f"line {line}: {len(cells)} columns in place of 2{hint}")
    when, price = (cells[column].strip() for column in columns)
    unix_s = seconds_of(int(when) if _UNIX.fullmatch(when) else when)
    if not 0 <= unix_s < YEAR_2100_S or unix_s % QUARTER_S:
        raise PriceTableError(
            f'line {line}: time "{when[:40]}"; write a full quarter hour as 2026-11-22T00:00:00+01:00, '
            "with Z, or in seconds since 1970"
        )
    if not _NUMBER.fullmatch(price):
        raise PriceTableError(f'line {line}: price "{price[:40]}"; write a number, and no line without one')
    return _Row(line, int(unix_s), float(price.replace(",", ".")) / divisor)


def _step(rows: list[_Row]) -> int:
    """Seconds from line to line, the same through the whole table."""
    step_s = rows[1].unix_s - rows[0].unix_s
    for before, row in pairwise(rows):
        apart_s = row.unix_s - before.unix_s
        if apart_s == 0:
            raise PriceTableError(f"line {row.line}: the time of the line before once more; write each once")
        if apart_s < 0:
            raise PriceTableError(f"line {row.line}: earlier than the line before; write them in order")
        if apart_s not in (QUARTER_S, HOUR_S) or apart_s != step_s:
            raise PriceTableError(
                f"line {row.line}: {apart_s} s after the line before; write every quarter hour, or every "
                "full hour, without a gap"
            )
    return step_s


def _quarters(rows: list[_Row]) -> list[float]:
    step_s = _step(rows)
    if step_s == HOUR_S and rows[0].unix_s % HOUR_S:
        raise PriceTableError(f"line {rows[0].line}: an hour that is no full one; write full hours")
    return [row.eur_per_kwh for row in rows for _ in range(step_s // QUARTER_S)]


def _cut(prices: list[float], first_unix_s: int, zone: ZoneInfo) -> list[SpotPrices]:
    """The days, each from one local time of day to the same one of the next day."""
    begins = datetime.fromtimestamp(first_unix_s, UTC).astimezone(zone).replace(tzinfo=None)
    days: list[SpotPrices] = []
    start_s, place = first_unix_s, 0
    while place < len(prices):
        end = (begins + timedelta(days=len(days) + 1)).replace(tzinfo=zone)
        count = (int(end.timestamp()) - start_s) // QUARTER_S
        day = prices[place : place + count]
        if len(day) < count:
            raise PriceTableError(
                f"the last day has {len(day)} of its {count} quarter hours; write whole days, each from "
                f"{begins:%H:%M} local time on"
            )
        if max(abs(price) for price in day) < LEAST_EUR_PER_KWH:
            raise PriceTableError(
                f"every price of a day is nearer to 0 than {LEAST_EUR_PER_KWH:g} EUR/kWh; see whether the "
                "header names the unit, and write no 0 for a price that is unknown"
            )
        days.append(SpotPrices(start_s, tuple(day)))
        start_s, place = start_s + count * QUARTER_S, place + count
    return days
