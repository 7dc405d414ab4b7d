"""The file of prices beside the scan: read when it changed, merged with messages, never worse than before."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from plc.blocks.core import Tick
from plc.energy.tariff import QUARTER_S
from plc.exchange import Exchange, Scanned
from plc.link.broker import Received
from plc.link.inbox import Inbox, Moment, Ports
from plc.plant.changes import WrongValueError
from plc.plant.interface import SAFE_OUTPUTS, ImageInputs, PlantInputs, WallTime
from plc.price_file import RESTLESS, PriceFile
from tests.test_price_table import USUAL, table

DAY_S = 96 * QUARTER_S
NOON = USUAL + DAY_S // 2


class Watched:
    """A file, its watch and a program whose clock stands where it is put."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "prices.csv"
        self.exchange = Exchange()
        self.watch = PriceFile(self.path, ZoneInfo("Europe/Berlin"), self.exchange)
        self.written = 0
        self.clock(NOON)

    def clock(self, unix_s: int, *, synchronised: bool = True) -> None:
        inputs = PlantInputs(ImageInputs(True, True), WallTime(unix_s, 3600, synchronised))
        self.exchange.last.put(Scanned(Tick(0, 0), inputs, SAFE_OUTPUTS))

    def write(self, text: str) -> None:
        """As a program does that writes it beside and moves it into place."""
        beside = self.path.with_suffix(".new")
        beside.write_text(text)
        self.written += 1
        os.utime(beside, ns=(self.written, self.written))
        beside.replace(self.path)

    def looks(self, number: int = 2) -> str:
        for _ in range(number):
            self.watch.turn()
        return str(self.watch.health()["fault"])

    def price(self, unix_s: int = NOON) -> float | None:
        return self.exchange.market.latest.spot.at(unix_s)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def day(price: float, days: int = 0, count: int = 96) -> str:
    return table(USUAL + days * DAY_S, count, price=lambda _: f"{price}")


def test_a_file_is_read_when_it_has_stood_still_and_once(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write(day(90))
    assert (watched.looks(1), watched.price()) == ("", None), "somebody may be writing"
    assert (watched.looks(1), watched.price()) == ("", 0.09)
    before = watched.exchange.market.latest
    monkeypatch.setattr("plc.price_file.read", lambda path: pytest.fail(f"{path} read again"))
    watched.looks(5)
    assert watched.exchange.market.latest is before
    assert watched.watch.health()["until_unix_s"] == USUAL + DAY_S


def test_a_changed_file_replaces_its_day_and_adds_the_next(watched: Watched) -> None:
    watched.write(day(90))
    watched.looks()
    watched.write(day(80, count=192))
    watched.looks()
    assert (watched.price(), watched.price(NOON + DAY_S)) == (0.08, 0.08)
    watched.write(day(70, days=1))
    watched.looks()
    assert (watched.price(), watched.price(NOON + DAY_S)) == (0.08, 0.07)


@pytest.mark.parametrize(
    "bad",
    [day(90)[:-1], day(90, count=40), day(0), "time,eur_per_mwh\n", "", "<html>busy</html>\n", "x" * 70_000],
    ids=["last line cut", "half a day", "zeros", "header alone", "empty", "web page", "huge"],
)
def test_a_bad_file_keeps_the_good_prices_and_is_named_once(
    watched: Watched, bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watched.write(day(90))
    watched.looks()
    watched.write(bad)
    assert watched.looks(6) != ""
    assert watched.price() == 0.09
    assert watched.watch.health()["ok"] is False
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert str(watched.path) in caplog.text
    watched.write(day(70))
    assert (watched.looks(), watched.price()) == ("", 0.07)
    assert "in order again" in caplog.text


def test_a_file_that_goes_takes_nothing_with_it(watched: Watched) -> None:
    assert watched.looks() == "there is no such file"
    watched.write(day(90))
    watched.looks()
    watched.path.unlink()
    assert (watched.looks(), watched.price()) == ("there is no such file", 0.09)
    watched.path.mkdir()
    assert watched.looks().startswith("cannot be read")


def test_a_file_that_changes_while_it_is_read_is_read_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write(day(90))
    watched.looks(1)
    old = watched.path.read_bytes()

    def reading(path: Path) -> bytes:
        watched.write(day(80))
        return old

    with monkeypatch.context() as patched:
        patched.setattr("plc.price_file.read", reading)
        watched.looks(1)
    assert watched.price() is None
    watched.looks()
    assert watched.price() == 0.08


def test_a_file_that_never_stands_still_is_named_and_read_once_it_does(watched: Watched) -> None:
    for _ in range(RESTLESS):
        watched.write(day(90))
        fault = watched.looks(1)
    assert (fault[:18], watched.price()) == ("never stands still", None)
    assert (watched.looks(1), watched.price()) == ("", 0.09)


@pytest.mark.parametrize("days", [-3, -1, 4, 400])
def test_prices_of_another_time_replace_nothing_even_when_looked_at_again(
    watched: Watched, days: int
) -> None:
    watched.exchange.deliver("prices", {"start": USUAL, "eur_per_kwh": [0.09] * 96})
    before = watched.exchange.market.latest
    watched.write(table(USUAL + days * 86_400, 96))
    assert watched.looks(5) == "no prices of today or tomorrow"
    assert watched.exchange.market.latest is before


def test_without_a_clock_nothing_is_handed_over_until_there_is_one(watched: Watched) -> None:
    watched.clock(NOON, synchronised=False)
    watched.write(day(90))
    assert (watched.looks(4), watched.price()) == ("", None)
    assert watched.watch.health()["waits_for_clock"] is True
    watched.clock(NOON)
    watched.looks(1)
    assert watched.price() == 0.09


def test_of_many_days_today_and_tomorrow_count_and_the_next_at_midnight(watched: Watched) -> None:
    watched.write(table(USUAL - DAY_S, 5 * 96, price=lambda n: f"{10 * (n // 96 + 1)}"))
    watched.looks()
    spot = watched.exchange.market.latest.spot
    assert (spot.start_unix_s, len(spot.eur_per_kwh)) == (USUAL, 192)
    watched.clock(USUAL + DAY_S + 5)
    watched.looks(1)
    assert (watched.price(NOON + DAY_S), watched.price(NOON + 2 * DAY_S)) == (0.03, 0.04)


def test_the_last_delivery_counts_whichever_way_it_came(watched: Watched) -> None:
    """A file that only stays, or is written again with the same days, undoes no message."""
    refused: list[str] = []
    inbox = Inbox(
        "t/s", Ports(lambda _: True, watched.exchange.deliver, lambda line: refused.append(str(line)))
    )

    def message(price: float, count: int = 96) -> None:
        body = f'{{"value": {{"start": {USUAL}, "eur_per_kwh": {[price] * count}}}}}'
        inbox.take(Received("t/s/cmd/prices", body.encode(), False), Moment(0.0, 0, NOON, NOON))

    watched.write(day(90, count=192))
    watched.looks()
    message(0.05)
    assert (watched.price(), watched.price(NOON + DAY_S)) == (0.05, 0.09), "the file's tomorrow stays"
    watched.write(day(90, count=192))
    watched.looks(4)
    assert watched.price() == 0.05
    watched.write(day(70, count=192))
    watched.looks()
    assert watched.price() == 0.07
    message(0.06, 95)
    assert watched.price() == 0.07
    assert "95 prices" in str(refused)


def test_a_delivery_that_is_refused_changes_nothing(watched: Watched) -> None:
    watched.exchange.deliver("prices", {"start": USUAL, "eur_per_kwh": [0.09] * 96})
    before = watched.exchange.market.latest
    with pytest.raises(WrongValueError):
        watched.exchange.deliver("prices", {"start": USUAL, "eur_per_kwh": [0.09] * 5})
    assert watched.exchange.market.latest is before
