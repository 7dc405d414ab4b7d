"""The closed table of commands: what may be asked from afar, in which form, and who answers.

A command of the plant goes through the scan and is answered there, with interlocks and key switch judged at
that moment; a parameter as well, and it is stored once the plant has taken it. A command of the link changes
data that is read later. Nothing here can close a contactor, touch
a protection, the restart inhibits, K7's permissives and budgets or the heartbeat.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from plc.energy.revenue import HashPrice
from plc.energy.tariff import QUARTER_S, SpotPrices
from plc.plant.changes import WrongValueError

DAY_LENGTHS = (92, 96, 100)
"""Quarter hours of a day; the clock changes twice a year."""

PRICE_LIMIT_EUR = 10.0
HASH_PRICE_LIMIT = 1000.0
FORECAST_POINTS = 400


class Goal(Enum):
    """Who acts on a command."""

    PLANT = "plant"
    MARKET = "market"
    PARAMETER = "parameter"


@dataclass(frozen=True, slots=True)
class Kind:
    """One command. value: its form for people. text: what it does. lease: it ends by itself at ttl_s."""

    name: str
    goal: Goal
    value: str
    text_de: str
    text_en: str
    lease: bool = False
    data: bool = False


COMMANDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "power_request",
            Goal.PLANT,
            "power of both miners together in W",
            "Leistungsvorgabe; gilt ttl_s lang, dann wieder die örtliche Regel",
            "power request; holds for ttl_s, then the local rule returns",
            lease=True,
        ),
        Kind(
            "mode_request",
            Goal.PLANT,
            '"off" or "auto"',
            "Anlage aus der Ferne anhalten oder freigeben, gilt ttl_s lang",
            "stop the plant from afar or release it, holds for ttl_s",
            lease=True,
        ),
        Kind(
            "hp_block_request",
            Goal.PLANT,
            '"block", "free" or "auto"',
            "Wärmepumpe sperren oder frei halten, gilt ttl_s lang; Sperre nur in allen Grenzen von K7, "
            "frei gewinnt",
            "block the heat pump or keep it free, holds for ttl_s; a block only within every limit of K7, "
            "free wins",
            lease=True,
        ),
        Kind(
            "season",
            Goal.PLANT,
            '{"season": "winter|transition|summer|auto", "hours": 24}',
            "Jahreszeit übersteuern",
            "override the season",
        ),
        Kind(
            "hand",
            Goal.PLANT,
            '{"actuator": "p3|p4|p5|cooler|rv1|rv2", "state": "on|off|auto"}, with reason',
            "Handbetrieb mit Ende nach ttl_s; nur mit Freigabe am Schaltschrank oder in der Anlagendatei",
            "manual operation until ttl_s; only when released at the cabinet or in the site file",
            lease=True,
        ),
        Kind(
            "ack",
            Goal.PLANT,
            'alarm id or "all"',
            "quittieren; Priorität 1 nur am Schaltschrank",
            "acknowledge; priority 1 only at the cabinet",
        ),
        Kind(
            "shelve",
            Goal.PLANT,
            '{"alarm": "A-053", "hours": 4}',
            "Alarm zurückstellen, höchstens 24 h",
            "shelve an alarm, at most 24 h",
        ),
        Kind(
            "prices",
            Goal.MARKET,
            '{"start": "2026-11-22T00:00:00+01:00", "eur_per_kwh": [92, 96 or 100 net spot prices]}',
            "Viertelstundenpreise eines Tages, heute und morgen einzeln",
            "quarter-hour prices of one day, today and tomorrow each by itself",
            data=True,
        ),
        Kind(
            "hash_price",
            Goal.MARKET,
            '{"usd_per_ph_day": 48.2, "ts": "2026-11-22T06:00:00Z"}',
            "Hashpreis mit seinem Datum",
            "hash price with its date",
        ),
        Kind(
            "forecast",
            Goal.MARKET,
            '{"kind": "pv_w|load_w|outdoor_degc", "start": "...", "values": [one per quarter hour]}',
            "Vorhersage für den Plan",
            "forecast for the plan",
            data=True,
        ),
        Kind(
            "parameter",
            Goal.PARAMETER,
            '{"name": "buffer.curve_base_degc", "value": 36} (value null: back to the site file)',
            "Parameter ändern, der als fernbedienbar gilt; gilt sofort und bleibt gespeichert",
            "change a parameter declared remote; in force at once, and stored",
        ),
    )
}


FORECASTS = {"pv_w": (0.0, 200000.0), "load_w": (0.0, 200000.0), "outdoor_degc": (-60.0, 60.0)}


class Forecast(NamedTuple):
    """Quarter-hour values from start_unix_s on."""

    kind: str
    start_unix_s: int
    values: tuple[float, ...]


class Market(NamedTuple):
    """What came from outside about prices and the days to come; immutable, latest wins."""

    spot: SpotPrices = SpotPrices()
    hash_price: HashPrice | None = None
    forecasts: tuple[Forecast, ...] = ()


def with_data(market: Market, name: str, value: Any, seconds_of: Callable[[Any], float]) -> Market:
    """The market with one more piece of data. Raises WrongValueError; the market is then as before."""
    if name == "prices":
        return market._replace(spot=_merged(market.spot, _prices(value, seconds_of)))
    if name == "hash_price":
        return market._replace(hash_price=_hash_price(value, seconds_of))
    forecast = _forecast(value, seconds_of)
    others = tuple(found for found in market.forecasts if found.kind != forecast.kind)
    return market._replace(forecasts=(*others, forecast))


def _fields(value: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise WrongValueError(f"expected exactly {', '.join(sorted(names))}")
    return value


def _start(value: Any, seconds_of: Callable[[Any], float]) -> int:
    start_s = seconds_of(value)
    if start_s < 0 or start_s != int(start_s) or int(start_s) % QUARTER_S:
        raise WrongValueError("start: a full quarter hour, ISO 8601 with time zone")
    return int(start_s)


def _numbers(values: Any, low: float, high: float) -> tuple[float, ...]:
    if not isinstance(values, list) or not all(
        isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) and low <= v <= high
        for v in values
    ):
        raise WrongValueError(f"a list of numbers from {low:g} to {high:g} is expected")
    return tuple(float(v) for v in values)


def _prices(value: Any, seconds_of: Callable[[Any], float]) -> SpotPrices:
    content = _fields(value, {"start", "eur_per_kwh"})
    prices = _numbers(content["eur_per_kwh"], -PRICE_LIMIT_EUR, PRICE_LIMIT_EUR)
    if len(prices) not in DAY_LENGTHS:
        raise WrongValueError(
            f"{len(prices)} prices; a day has {', '.join(map(str, DAY_LENGTHS))} quarter hours"
        )
    return SpotPrices(_start(content["start"], seconds_of), prices)


def _merged(old: SpotPrices, new: SpotPrices) -> SpotPrices:
    """New prices in the place of old ones, in front of them or behind them: a day that comes again, be it
    today or tomorrow, leaves the other one. Anything that does not adjoin replaces what was there."""
    first, end = old.start_unix_s, old.start_unix_s + QUARTER_S * len(old.eur_per_kwh)
    new_end = new.start_unix_s + QUARTER_S * len(new.eur_per_kwh)
    if not old.eur_per_kwh or new.start_unix_s > end or new_end < first:
        return new
    before = old.eur_per_kwh[: max(0, (new.start_unix_s - first) // QUARTER_S)]
    after = old.eur_per_kwh[len(old.eur_per_kwh) - max(0, (end - new_end) // QUARTER_S) :]
    prices = before + new.eur_per_kwh + after
    excess = max(0, len(prices) - 2 * max(DAY_LENGTHS))
    return SpotPrices(min(first, new.start_unix_s) + excess * QUARTER_S, prices[excess:])


def _hash_price(value: Any, seconds_of: Callable[[Any], float]) -> HashPrice:
    content = _fields(value, {"usd_per_ph_day", "ts"})
    price = _numbers([content["usd_per_ph_day"]], 0.0, HASH_PRICE_LIMIT)[0]
    stated_s = seconds_of(content["ts"])
    if stated_s < 0:
        raise WrongValueError("ts: when the price was stated, ISO 8601 with time zone")
    return HashPrice(price, int(stated_s))


def _forecast(value: Any, seconds_of: Callable[[Any], float]) -> Forecast:
    content = _fields(value, {"kind", "start", "values"})
    if content["kind"] not in FORECASTS:
        raise WrongValueError(f"kind: one of {', '.join(FORECASTS)}")
    values = _numbers(content["values"], *FORECASTS[content["kind"]])
    if not 0 < len(values) <= FORECAST_POINTS:
        raise WrongValueError(f"1 to {FORECAST_POINTS} values")
    return Forecast(content["kind"], _start(content["start"], seconds_of), values)
