"""A table of prices is taken as a whole or refused with its line: formats, clock changes, torn files."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.energy.tariff import QUARTER_S, SpotPrices
from plc.link.commands import DAY_LENGTHS
from plc.price_table import BYTES_MAX, PriceTableError, days_of, described, end_of, read

BERLIN = ZoneInfo("Europe/Berlin")


def start_of(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=BERLIN).timestamp())


def iso(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, BERLIN).isoformat()


USUAL = start_of(2026, 11, 22)


def table(
    start_s: int = USUAL,
    count: int = 96,
    *,
    step_s: int = QUARTER_S,
    header: str = "time,eur_per_mwh",
    when: Callable[[int], str] = iso,
    price: Callable[[int], str] = lambda index: f"{80 + index}",
    separator: str = ",",
    end: str = "\n",
) -> str:
    rows = (f"{when(start_s + index * step_s)}{separator}{price(index)}" for index in range(count))
    return "".join(f"{line}{end}" for line in (header, *rows))


def one(text: str | bytes) -> SpotPrices:
    (day,) = days_of(text if isinstance(text, bytes) else text.encode(), BERLIN)
    return day


PLAIN = SpotPrices(USUAL, tuple((80 + index) / 1000 for index in range(96)))


@pytest.mark.parametrize(
    "text",
    [
        table(),
        table(when=lambda s: datetime.fromtimestamp(s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        table(when=lambda s: str(s)),
        table(when=lambda s: datetime.fromtimestamp(s, BERLIN).isoformat(sep=" ")),
        table(end="\r\n"),
        "\ufeff" + table(end="\r\n"),
        table(header=" Time , EUR/MWh "),
        table(header="time;eur_per_mwh", separator=";", price=lambda n: f"{80 + n},0"),
        table(header="time\teur_per_mwh", separator="\t", price=lambda n: f"{80 + n},00"),
        table(header="time;ct/kWh", separator=";", price=lambda n: f"{8 + n / 10:.1f}".replace(".", ",")),
        table(header="time,eur_per_kwh", price=lambda n: f"{(80 + n) / 1000:.3f}"),
        table(header='"time","eur_per_mwh"', when=lambda s: f'"{iso(s)}"'),
        table() + "\n\n",
    ],
    ids=[
        "plain", "Z", "unix", "blank", "CRLF", "BOM", "names", "comma decimals", "tab", "ct", "eur", "quoted",
        "blank lines at the end",
    ],
)  # fmt: skip
def test_every_usual_way_of_writing_gives_the_same_day(text: str) -> None:
    day = one(text)
    assert day.start_unix_s == PLAIN.start_unix_s
    assert day.eur_per_kwh == pytest.approx(PLAIN.eur_per_kwh, abs=1e-12)


def test_the_columns_may_stand_in_either_order() -> None:
    rows = "".join(f"{80 + n},{iso(USUAL + n * QUARTER_S)}\n" for n in range(96))
    assert one("eur_per_mwh,time\n" + rows) == PLAIN


def test_an_hour_counts_four_times() -> None:
    day = one(table(count=24, step_s=3600))
    assert len(day.eur_per_kwh) == 96
    assert day.eur_per_kwh[4:9] == (0.081,) * 4 + (0.082,)


@pytest.mark.parametrize("step_s", [QUARTER_S, 3600])
@pytest.mark.parametrize(
    ("start_s", "quarters"),
    [(start_of(2026, 3, 29), 92), (start_of(2026, 10, 25), 100), (USUAL, 96)],
    ids=["spring", "autumn", "usual"],
)
def test_a_day_is_as_long_as_the_clock_of_the_site_says(start_s: int, quarters: int, step_s: int) -> None:
    count = quarters * QUARTER_S // step_s
    assert len(one(table(start_s, count, step_s=step_s)).eur_per_kwh) == quarters
    for wrong in {n * QUARTER_S // step_s for n in DAY_LENGTHS} - {count}:
        with pytest.raises(PriceTableError, match="quarter hours; write whole days"):
            days_of(table(start_s, wrong, step_s=step_s).encode(), BERLIN)


def test_several_days_are_cut_at_the_local_time_of_the_first_line() -> None:
    start_s = start_of(2026, 10, 24)
    days = days_of(table(start_s, 96 + 100 + 96).encode(), BERLIN)
    assert [len(day.eur_per_kwh) for day in days] == [96, 100, 96]
    assert [end_of(day) for day in days[:-1]] == [day.start_unix_s for day in days[1:]]
    # The exchange's day begins at one o'clock in Finland.
    helsinki = days_of(table(start_s, 96 + 100).encode(), ZoneInfo("Europe/Helsinki"))
    assert [len(day.eur_per_kwh) for day in helsinki] == [96, 100]


def changed(number: int, line: str | None) -> str:
    """The usual table with one line replaced, or without it."""
    lines = table().split("\n")
    lines[number - 1 : number] = [] if line is None else [line]
    return "\n".join(lines)


def row(number: int, price: str) -> str:
    return f"{iso(USUAL + (number - 2) * QUARTER_S)},{price}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("\ufeff\r\n", "the file is empty"),
        ("time,eur_per_mwh\n", "0 prices"),
        (table(count=1), "1 prices"),
        (table()[:-1], "the last line has no end"),
        (table()[:-10], "the last line has no end"),
        (table(count=95), "the last day has 95 of its 96"),
        (table(count=97), "the last day has 1 of its 96"),
        (table(header="time,price"), "line 1: columns time, price; write exactly two"),
        (table(header="time,eur_per_mwh,ct_per_kwh"), "line 1: columns"),
        (table(header="eur_per_kwh,eur_per_mwh"), "line 1: columns"),
        (table().split("\n", 1)[1], "line 1: columns"),
        (changed(50, row(50, "nan")), 'line 50: price "nan"'),
        (changed(50, row(50, "inf")), 'line 50: price "inf"'),
        (changed(50, row(50, "")), 'line 50: price ""'),
        (changed(50, row(50, "1_000")), 'line 50: price "1_000"'),
        (changed(50, row(50, "-")), 'line 50: price "-"'),
        (changed(50, row(50, "1.000.0")), "line 50: price"),
        (changed(50, row(50, "82,5")), "line 50: 3 columns in place of 2; with commas in the numbers"),
        (changed(50, row(50, "10001")), "a list of numbers from -10 to 10"),
        (changed(50, row(50, "9" * 400)), "a list of numbers from -10 to 10"),
        (changed(50, row(49, "90")), "line 50: the time of the line before once more"),
        (changed(50, row(40, "90")), "line 50: earlier than the line before"),
        (changed(50, None), "line 50: 1800 s after the line before"),
        (changed(50, row(50, "90") + ",1"), "line 50: 3 columns"),
        (changed(50, "2026-11-22T12:00:00,90"), "line 50: time"),
        (changed(50, "22.11.2026 12:00,90"), "line 50: time"),
        (changed(50, "2026-11-22T12:07:00+01:00,90"), "line 50: time"),
        (changed(50, "1795345200000,90"), "line 50: time"),
        (changed(50, "9999-12-31T23:45:00-14:00,90"), "line 50: time"),
        (changed(50, "0001-01-01T00:00:00+14:00,90"), "line 50: time"),
        (changed(50, '"2026'), "line"),
        (table(count=24, step_s=3600).replace(iso(USUAL + 7200), iso(USUAL + 4500)), "line 4: 900 s"),
        (table(USUAL + QUARTER_S, 24, step_s=3600), "line 2: an hour that is no full one"),
        (table(price=lambda _: "0"), "every price of a day is nearer to 0"),
        (table(price=lambda n: f"{0.08 + n / 1000}"), "see whether the header names the unit"),
    ],
)  # fmt: skip
def test_what_cannot_be_true_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(PriceTableError) as caught:
        days_of(text.encode(), BERLIN)
    assert says in str(caught.value)


def test_bytes_that_are_no_text_and_tables_without_end_are_refused() -> None:
    with pytest.raises(PriceTableError, match="no UTF-8"):
        days_of(b"time,eur_per_mwh\n\xff\xfe\n", BERLIN)
    with pytest.raises(PriceTableError, match="more than"):
        days_of(b"x" * (BYTES_MAX + 1), BERLIN)


@given(st.integers(0, len(table()) - 1))
def test_no_beginning_of_a_file_is_taken_for_the_file(length: int) -> None:
    with pytest.raises(PriceTableError):
        days_of(table()[:length].encode(), BERLIN)


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(lambda text: ("time,ct_per_kwh\n" + text).encode())
)
def test_whatever_lies_there_is_refused_in_words_and_never_a_fault_of_the_program(content: bytes) -> None:
    with pytest.raises(PriceTableError):
        days_of(content, BERLIN)


def test_only_an_ordinary_file_of_bounded_size_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing", "."):
        with pytest.raises(OSError):
            read(tmp_path / name)
    (tmp_path / "long").write_bytes(b"x" * (BYTES_MAX * 2))
    assert len(read(tmp_path / "long")) == BYTES_MAX + 1


@pytest.mark.parametrize(
    ("text", "usable", "says"),
    [
        (table(), True, "2026-11-22 00:00 to 2026-11-23 00:00"),
        (table(count=3), False, "write whole days"),
    ],
)
def test_people_are_told_what_the_file_covers(tmp_path: Path, text: str, usable: bool, says: str) -> None:
    path = tmp_path / "prices.csv"
    assert not described(path, BERLIN)[0]
    path.write_text(text)
    ok, words = described(path, BERLIN)
    assert (ok, says in words) == (usable, True)
