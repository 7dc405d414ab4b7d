"""What the decisions earned and cost, per hour, day, month and since commissioning. Retained.

    cost with ThermIQ    = bill at the meter - mined + wear
    cost without ThermIQ = cost with it + benefit of the miners
    benefit              = mined + heat - electricity - wear

The bill comes from the grid meter. What a house without miners would have paid is not measurable; it is the
same bill without the miners' electricity (at the price of the source it came from) and with the heat that
another source would have had to make. `choice_eur` is what the owner's policy cost against `marginal`.
"""

from __future__ import annotations

from datetime import date

from plc.blocks.core import Block, Tick

FIELDS = (
    "known_s",
    "mined_eur",
    "heat_eur",
    "electricity_eur",
    "wear_eur",
    "bill_eur",
    "choice_eur",
    "miner_kwh",
    "heat_kwh",
)
"""Order of the numbers in a period. known_s: time with grid data, without which there is no bill."""

UNIX_EPOCH_ORDINAL = 719_163
HOUR_S, DAY_S = 3600, 86_400


class Rates(Block):
    """Money and energy per hour at this moment, in the order of FIELDS without known_s."""

    __slots__ = ("bill", "choice", "electricity", "heat", "heat_w", "known", "mined", "miner_w", "wear")

    STATE = __slots__

    def __init__(self) -> None:
        self.mined = self.heat = self.electricity = self.wear = self.bill = self.choice = 0.0
        self.miner_w = self.heat_w = 0.0
        self.known = False

    @property
    def benefit(self) -> float:
        """EUR/h of the miners as they run now."""
        return self.mined + self.heat - self.electricity - self.wear


class Account(Block):
    """step(tick, rates, local_unix_s=, synchronised=) books; the attributes are lists in the order of FIELDS.

    hour, day, month, total: running. last_hour, last_day, last_month: the completed ones before. Without a
    synchronised clock nothing is closed: the energy counts, the calendar waits. A day is closed once: a clock
    that is set back over midnight must not put the seconds since then in the place of a whole month.
    """

    __slots__ = (
        "_day", "_hour", "_month", "day", "hour", "last_day", "last_hour", "last_month", "month", "total",
    )  # fmt: skip

    STATE = __slots__

    def __init__(self) -> None:
        self.hour, self.day, self.month = _zero(), _zero(), _zero()
        self.last_hour, self.last_day, self.last_month = _zero(), _zero(), _zero()
        self.total = _zero()
        self._hour = self._day = self._month = -1

    def step(self, tick: Tick, rates: Rates, *, local_unix_s: int, synchronised: bool) -> None:
        if synchronised:
            self._calendar(local_unix_s)
        dt_s = tick.dt_s
        hours = dt_s / HOUR_S
        amounts = (
            dt_s if rates.known else 0.0,
            rates.mined * hours,
            rates.heat * hours,
            rates.electricity * hours,
            rates.wear * hours,
            rates.bill * hours,
            rates.choice * hours,
            rates.miner_w / 1000.0 * hours,
            rates.heat_w / 1000.0 * hours,
        )
        for period in (self.hour, self.day, self.month, self.total):
            for index, amount in enumerate(amounts):
                period[index] += amount

    def _calendar(self, local_unix_s: int) -> None:
        hour = local_unix_s // HOUR_S
        if hour == self._hour:
            return
        day = local_unix_s // DAY_S
        if self._hour >= 0:
            self.last_hour, self.hour = self.hour, _zero()
        self._hour = hour
        if self._day - 1 <= day <= self._day:
            return  # one day back: the clock was set right, and the day that is open comes again
        when = date.fromordinal(UNIX_EPOCH_ORDINAL + day)
        month = when.year * 12 + when.month
        if 0 <= self._day < day:
            self.last_day, self.day = self.day, _zero()
        if 0 <= self._month < month:
            self.last_month, self.month = self.month, _zero()
        self._day, self._month = day, month


def _zero() -> list[float]:
    return [0.0] * len(FIELDS)


def summary(period: list[float]) -> dict[str, float]:
    """A period by name, with the three figures of the heading."""
    figures = dict(zip(FIELDS, period, strict=True))
    benefit = figures["mined_eur"] + figures["heat_eur"] - figures["electricity_eur"] - figures["wear_eur"]
    with_it = figures["bill_eur"] - figures["mined_eur"] + figures["wear_eur"]
    return {
        **figures,
        "benefit_eur": benefit,
        "cost_with_eur": with_it,
        "cost_without_eur": with_it + benefit,
    }


PERIODS = ("day", "last_day", "month", "last_month")
SHOWN = ("cost_with_eur", "cost_without_eur", "mined_eur", "heat_kwh", "choice_eur")
"""What is published of each period: the bill, what it would have been, coins, heat, and the price of the
owner's choice against the economical rule."""


def published(account: Account) -> tuple[tuple[str, float], ...]:
    """Figures of today, yesterday, this month and the last one, under names with units."""
    found = []
    for period in PERIODS:
        figures = summary(getattr(account, period))
        found += [(f"{period}_{name}", figures[name]) for name in SHOWN]
    return tuple(found)
