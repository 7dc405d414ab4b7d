"""The books: hours, days and months of the local calendar, kept over a restart."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from plc.blocks.core import NEVER, Tick, ns
from plc.energy.account import FIELDS, Account, Rates, summary
from tests.energy.house import Run, economics

BERLIN = ZoneInfo("Europe/Berlin")
TICK = Tick(0, ns(900))


def local(text: str) -> int:
    """Local time as a count of seconds, the way the scan hands it over: unix plus offset."""
    when = datetime.fromisoformat(text).replace(tzinfo=BERLIN)
    offset = when.utcoffset()
    assert offset is not None
    return round(when.timestamp() + offset.total_seconds())


def rates() -> Rates:
    r = Rates()
    r.mined, r.heat, r.electricity, r.wear, r.bill, r.choice = 0.4, 0.3, 0.5, 0.02, 1.0, 0.1
    r.miner_w, r.heat_w, r.known = 6400.0, 6080.0, True
    return r


def test_an_hour_of_rates_is_an_hour_of_money_in_every_period() -> None:
    account = Account()
    for quarter in range(4):
        account.step(TICK, rates(), local_unix_s=local("2026-05-04T10:00") + 900 * quarter, synchronised=True)
    for period in (account.hour, account.day, account.month, account.total):
        figures = summary(period)
        assert figures["mined_eur"] == pytest.approx(0.4)
        assert figures["miner_kwh"] == pytest.approx(6.4)
        assert figures["known_s"] == 3600.0
        assert figures["benefit_eur"] == pytest.approx(0.4 + 0.3 - 0.5 - 0.02)
        assert figures["cost_with_eur"] == pytest.approx(1.0 - 0.4 + 0.02)
        assert figures["cost_without_eur"] == pytest.approx(1.0 + 0.3 - 0.5)


@pytest.mark.parametrize(
    ("before", "after", "closes"),
    [
        ("2026-05-04T10:59", "2026-05-04T11:00", {"hour"}),
        ("2026-05-04T23:59", "2026-05-05T00:00", {"hour", "day"}),
        ("2026-05-31T23:59", "2026-06-01T00:00", {"hour", "day", "month"}),
        ("2026-12-31T23:59", "2027-01-01T00:00", {"hour", "day", "month"}),
        ("2028-02-28T23:59", "2028-02-29T00:00", {"hour", "day"}),
        ("2026-03-29T01:59", "2026-03-29T03:00", {"hour"}),
    ],
)
def test_periods_close_with_the_local_calendar(before: str, after: str, closes: set[str]) -> None:
    account = Account()
    account.step(TICK, rates(), local_unix_s=local(before), synchronised=True)
    account.step(TICK, rates(), local_unix_s=local(after), synchronised=True)
    for name in ("hour", "day", "month"):
        closed = getattr(account, f"last_{name}")[0] > 0.0
        assert closed is (name in closes), name
    assert account.total[0] == 1800.0


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_clock_change_day_has_all_its_quarter_hours_in_its_books(day: str, hours: int) -> None:
    account = Account()
    begin = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    for quarter in range(hours * 4):
        now = datetime.fromtimestamp(begin.timestamp() + 900 * quarter, BERLIN)
        offset = now.utcoffset()
        assert offset is not None
        account.step(
            TICK,
            rates(),
            local_unix_s=round(now.timestamp() + offset.total_seconds()),
            synchronised=True,
        )
    assert account.day[0] == hours * 3600.0


def test_without_a_clock_energy_counts_and_no_period_closes() -> None:
    account = Account()
    account.step(TICK, rates(), local_unix_s=local("2026-05-04T10:59"), synchronised=True)
    account.step(TICK, rates(), local_unix_s=0, synchronised=False)
    assert account.hour[0] == 1800.0
    assert account.last_hour[0] == 0.0


def test_the_books_survive_a_restart() -> None:
    account = Account()
    account.step(TICK, rates(), local_unix_s=local("2026-05-31T23:59"), synchronised=True)
    other = Account()
    other.restore(json.loads(json.dumps(account.state())))
    other.step(TICK, rates(), local_unix_s=local("2026-06-02T08:00"), synchronised=True)
    assert other.last_month[0] == 900.0
    assert other.total[0] == 1800.0
    assert len(other.total) == len(FIELDS)


def test_time_without_a_grid_meter_has_no_bill() -> None:
    run = Run()
    run(60.0, pv_w=0.0, grid_w=NEVER)
    assert summary(run.engine.account.total)["known_s"] == 0.0
    assert summary(run.engine.account.total)["bill_eur"] == 0.0


def test_an_evening_of_import_and_a_day_of_export_show_on_the_bill() -> None:
    run = Run(dt_s=10.0)
    run(3600.0, pv_w=0.0, load_w=2000.0)
    assert summary(run.engine.account.total)["bill_eur"] == pytest.approx(0.60)
    run(3600.0, pv_w=5000.0, load_w=2000.0)
    assert summary(run.engine.account.total)["bill_eur"] == pytest.approx(0.60 - 3 * 0.078)


def test_mining_on_free_surplus_shows_as_benefit() -> None:
    run = Run(economics(tariff={"feed_in_eur_per_kwh": 0.0}), dt_s=5.0)
    run(3600.0, pv_w=9000.0)
    figures = summary(run.engine.account.total)
    assert figures["miner_kwh"] == pytest.approx(6.4, rel=0.1)
    assert figures["electricity_eur"] == 0.0
    assert figures["heat_kwh"] == pytest.approx(figures["miner_kwh"] * 0.95)
    assert figures["benefit_eur"] == pytest.approx(figures["mined_eur"] - figures["wear_eur"])
    assert figures["cost_without_eur"] == pytest.approx(figures["bill_eur"] + figures["heat_eur"])


def test_a_clock_that_is_set_back_over_midnight_closes_the_month_once() -> None:
    """Otherwise the seconds since midnight would take the place of the whole month before."""
    account, second = Account(), Tick(0, ns(1.0))
    midnight = local("2026-12-01T00:00")
    for offset_s in (-3, -2, -1, 0, -1, 0, 1):
        account.step(second, rates(), local_unix_s=midnight + offset_s, synchronised=True)
    for period, seconds in (
        (account.last_month, 3),
        (account.last_day, 3),
        (account.month, 4),
        (account.day, 4),
    ):
        assert summary(period)["known_s"] == seconds


def test_a_clock_that_was_years_ahead_does_not_hold_the_calendar() -> None:
    account, second = Account(), Tick(0, ns(1.0))
    for when in ("2026-11-30T12:00", "2099-01-01T00:00", "2026-11-30T12:00", "2026-12-01T00:00"):
        account.step(second, rates(), local_unix_s=local(when), synchronised=True)
    assert summary(account.month)["known_s"] == 1.0
    assert summary(account.last_month)["known_s"] == 2.0
