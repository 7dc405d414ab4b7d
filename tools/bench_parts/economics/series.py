"""One year in quarter hours: weather, sun, household, hot water and a spot price from the same weather.

Synthetic, from the twin's weather, so that the repository needs no data of others; real series can be read
from CSV instead (columns pv_kw, load_kw, outdoor_degc, spot_eur_per_kwh; one line per quarter hour, UTC).
The spot price falls with the sun and the wind that also fall on the house: without that correlation every
benefit of cheap hours would be overstated (plant reference, topic data usable offline).
"""

from __future__ import annotations

import csv
import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tools.twin.physics.defaults import Defaults
from tools.twin.physics.pv_battery import household_w
from tools.twin.physics.weather import SyntheticYear, clear_sky_w_per_m2

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER_S = 900
FIRST = round(datetime(2025, 1, 1, tzinfo=BERLIN).timestamp())
QUARTERS = 35_040
PV_KWP = 12.0
PV_KWH_PER_KWP = 997.0
LOAD_KWH = 4000.0
DHW_KWH_PER_DAY = 5.845
DHW_HOURS = (5, 13)  # the heat pump charges the tank before the morning and at noon
NEGATIVE_HOURS_MEANT = 460


@dataclass(frozen=True, slots=True)
class Series:
    """Lists of QUARTERS values each. mean_degc: outdoor mean of the last 24 h. dhw: share of the quarter hour
    in which the heat pump makes hot water. spot: net EUR/kWh."""

    unix_s: list[int]
    offset_s: list[int]
    month: list[int]
    weekday: list[int]
    hour: list[float]
    pv_kw: list[float]
    load_kw: list[float]
    dhw_kw: list[float]
    outdoor_degc: list[float]
    mean_degc: list[float]
    spot: list[float]

    def __len__(self) -> int:
        return len(self.unix_s)


def synthetic(seed: int) -> Series:
    """A whole year for this seed."""
    draw = random.Random(seed * 7919)
    weather = SyntheticYear(seed)
    unix = [FIRST + n * QUARTER_S for n in range(QUARTERS)]
    local = [datetime.fromtimestamp(u, BERLIN) for u in unix]
    offset = [round((t.utcoffset() or datetime.now(UTC) - datetime.now(UTC)).total_seconds()) for t in local]
    outdoor, sun, clear = [], [], []
    for u in unix:
        solar_s = u + 3600.0  # the sun keeps winter time
        outdoor.append(weather.t_out_degc(solar_s))
        values = [weather.at(solar_s + part).sun_w_per_m2 for part in (150.0, 450.0, 750.0)]
        sun.append(math.fsum(values) / 3.0)
        clear.append(clear_sky_w_per_m2(solar_s + 450.0))
    scale = PV_KWH_PER_KWP * PV_KWP * 4.0 / math.fsum(sun)
    pv = [min(value * scale, PV_KWP) for value in sun]
    defaults = Defaults()
    household = [
        household_w(defaults, u + o) / 1000.0 * (1.12 if t.weekday() >= 5 else 0.95)
        for u, o, t in zip(unix, offset, local, strict=True)
    ]
    load = _lively(household, draw)
    hot = [0.25 if t.hour in DHW_HOURS and t.minute < 60 else 0.0 for t in local]
    dhw = [DHW_KWH_PER_DAY / 2.0 / 2.6 if share else 0.0 for share in hot]
    return Series(
        unix_s=unix,
        offset_s=offset,
        month=[t.month for t in local],
        weekday=[t.weekday() for t in local],
        hour=[t.hour + t.minute / 60.0 for t in local],
        pv_kw=pv,
        load_kw=load,
        dhw_kw=dhw,
        outdoor_degc=outdoor,
        mean_degc=trailing_mean(outdoor, 96),
        spot=_spot(local, sun, clear, outdoor, draw),
    )


def trailing_mean(values: list[float], window: int) -> list[float]:
    """Mean of the last `window` values; the year begins with its own first value."""
    total = values[0] * window
    ring = [values[0]] * window
    means = []
    for index, value in enumerate(values):
        total += value - ring[index % window]
        ring[index % window] = value
        means.append(total / window)
    return means


def _lively(profile: list[float], draw: random.Random) -> list[float]:
    """A household is no profile: cooking, kettles, washing; scaled to the year's energy."""
    slow = 0.0
    lively = []
    busy = 0
    for value in profile:
        slow = 0.9 * slow + 0.35 * draw.gauss(0.0, 1.0) * math.sqrt(1.0 - 0.81)
        busy = busy - 1 if busy > 0 else (draw.randrange(1, 4) if draw.random() < 0.02 * value / 0.45 else 0)
        lively.append(value * math.exp(slow) * 0.75 + (1.6 if busy else 0.0) + 0.05)
    scale = LOAD_KWH * 4.0 / math.fsum(lively)
    return [value * scale for value in lively]


def _spot(
    local: list[datetime], sun: list[float], clear: list[float], outdoor: list[float], draw: random.Random
) -> list[float]:
    """Residual load of the country in a few terms, steep at both ends."""
    wind = 0.0
    slow = 0.0
    residual = []
    for t, s, c, degc in zip(local, sun, clear, outdoor, strict=True):
        hour = t.hour + t.minute / 60.0
        wind = 0.998 * wind + math.sqrt(1.0 - 0.998**2) * draw.gauss(0.0, 1.0)
        windy = 1.0 / (1.0 + math.exp(1.1 - 1.1 * wind - 0.25 * math.cos((t.month - 1) * math.pi / 6.0)))
        people = (
            0.62 + 0.13 * math.exp(-(((hour - 8.5) / 2.5) ** 2)) + 0.2 * math.exp(-(((hour - 19) / 2.6) ** 2))
        )
        people += 0.12 * math.exp(-(((hour - 13.0) / 4.0) ** 2)) - (0.09 if t.weekday() >= 5 else 0.0)
        people += 0.004 * max(0.0, 14.0 - degc)
        nation = 0.55 * s + 0.45 * 0.55 * c  # the whole country is never all cloud
        residual.append(people - 0.62 * nation / 900.0 - 0.55 * windy)
    mean = math.fsum(residual) / len(residual)
    edge = sorted(residual)[int(0.985 * len(residual))]
    prices = []
    for r in residual:
        slow = 0.995 * slow + math.sqrt(1.0 - 0.995**2) * draw.gauss(0.0, 1.0)
        spike = draw.expovariate(1.0 / 7.0) if r > edge else 0.0
        prices.append(9.0 + 21.0 * (r - mean) + 1.3 * slow + 0.5 * draw.gauss(0.0, 1.0) + spike)
    # Move the cheap end so that as many hours are negative as in recent years.
    quarters = sorted(prices)
    zero = quarters[NEGATIVE_HOURS_MEANT * 4]
    low = quarters[len(quarters) // 4]
    moved = [p if p > low else (p - zero) * low / max(low - zero, 0.1) for p in prices]
    return [max(-12.0, price) / 100.0 for price in moved]


def from_csv(path: Path) -> Series:
    """Real series in place of the synthetic ones: exactly QUARTERS lines."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != QUARTERS:
        raise ValueError(f"{path}: {len(rows)} quarter hours, {QUARTERS} are needed")
    base = synthetic(1)
    column = {name: [float(row[name]) for row in rows] for name in rows[0]}
    return Series(
        base.unix_s, base.offset_s, base.month, base.weekday, base.hour, column["pv_kw"], column["load_kw"],
        base.dhw_kw, column["outdoor_degc"], trailing_mean(column["outdoor_degc"], 96),
        column["spot_eur_per_kwh"],
    )  # fmt: skip


def facts(series: Series) -> dict[str, float]:
    """What to compare with statistics of real years."""
    spot = series.spot
    mean = math.fsum(spot) / len(spot)
    return {
        "pv_kwh": math.fsum(series.pv_kw) / 4.0,
        "load_kwh": math.fsum(series.load_kw) / 4.0,
        "outdoor_mean_degc": math.fsum(series.outdoor_degc) / len(series),
        "outdoor_min_degc": min(series.outdoor_degc),
        "hours_below_zero": sum(t < 0.0 for t in series.outdoor_degc) / 4.0,
        "spot_mean_ct": mean * 100.0,
        "spot_std_ct": 100.0 * math.sqrt(math.fsum((p - mean) ** 2 for p in spot) / len(spot)),
        "spot_min_ct": min(spot) * 100.0,
        "spot_max_ct": max(spot) * 100.0,
        "negative_hours": sum(p < 0.0 for p in spot) / 4.0,
        "spot_at_own_sun_ct": 100.0
        * math.fsum(p * v for p, v in zip(spot, series.pv_kw, strict=True))
        / math.fsum(series.pv_kw),
    }
