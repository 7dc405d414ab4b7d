"""When something is published: dead-band, heartbeat, intervals, and what a quiet house costs."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import Reading
from plc.link.catalogue import catalogue
from plc.link.entry import Entry, Facts, Type
from plc.link.payload import text_of
from plc.link.publish import Published, Publisher, due
from plc.link.view import Sample, View
from plc.linking import catalogue_of
from plc.plant.interface import PlantInputs
from plc.plant.plant import Plant
from tests.link.house import image, make_site


def entry(**more: object) -> Entry:
    settled = {"dead_band": 0.2, "decimals": 1, "heartbeat_s": 60.0, "min_interval_s": 1.0, **more}
    return Entry("g", "n", Type.NUMBER, lambda view: Sample(1.0), **settled)  # type: ignore[arg-type]


LAST = Published("20.0", 20.0, 100.0)


@pytest.mark.parametrize(
    ("value", "at_s", "expected", "why"),
    [
        (20.15, 110.0, False, "inside the dead-band"),
        (20.2, 110.0, True, "at the dead-band"),
        (19.8, 110.0, True, "below"),
        (25.0, 100.5, False, "faster than the interval"),
        (20.0, 159.9, False, "before the heartbeat"),
        (20.0, 160.0, True, "heartbeat"),
        (None, 110.0, True, "a value that disappears is news"),
    ],
)
def test_a_number_is_published(value: float | None, at_s: float, expected: bool, why: str) -> None:
    assert due(entry(), LAST, value, text_of(value, 1), at_s) is expected, why


def test_a_slow_drift_is_published_because_the_band_counts_from_the_last_published_value() -> None:
    last, published = LAST, []
    value = 20.0
    for step in range(58):
        value += 0.01
        now_s = 101.0 + step
        if due(entry(heartbeat_s=1e9), last, value, text_of(value, 1), now_s):
            published.append(value)
            last = Published(text_of(value, 1), value, now_s)
    assert len(published) == 2


def test_words_and_contacts_are_published_at_once() -> None:
    plain = entry(min_interval_s=0.0)
    assert due(plain, Published("auto", "auto", 100.0), "off", "off", 100.0)
    assert due(plain, Published("true", True, 100.0), False, "false", 100.0)
    assert not due(plain, Published("true", True, 100.0), True, "true", 100.0)


@given(st.one_of(st.floats(), st.booleans(), st.text(), st.none()), st.integers(0, 4))
def test_a_payload_is_one_short_line_that_no_consumer_chokes_on(value: object, decimals: int) -> None:
    text = text_of(value, decimals)  # type: ignore[arg-type]
    assert text, "an empty payload would delete the retained value"
    assert "\n" not in text
    assert len(text) <= 400
    if isinstance(value, float):
        assert "e" not in text.lower().replace("none", "")
        assert text == "None" or math.isfinite(float(text))
        assert not (float(text) == 0.0 and text.startswith("-")) if text != "None" else True


def test_what_was_not_sent_stays_due_and_a_new_connection_makes_everything_due(tmp_path: Path) -> None:
    publisher = Publisher(catalogue(Facts(energy=False, miners=0)), "r")
    publisher.look(quiet_view(tmp_path, 0))
    first = list(publisher.changes(0.0))
    assert {change.message.topic for change in first} == set(publisher.topics)
    for change in first[:-1]:
        publisher.sent(change)
    assert [change.message for change in publisher.changes(0.1)] == [first[-1].message]
    publisher.sent(first[-1])
    assert not list(publisher.changes(0.2))
    publisher.forget()
    assert len(list(publisher.changes(0.3))) == len(publisher.topics)


_plants: dict[Path, Plant] = {}


def quiet_view(folder: Path, second: int, noise: random.Random | None = None) -> View:
    """A house in which nothing happens but the noise of its sensors."""
    if folder not in _plants:
        site = make_site(folder)
        _plants.clear()
        _plants[folder] = Plant(site.parameters, site.routes)
    from plc.blocks.core import Tick

    now_ns = (second + 1) * 1_000_000_000
    cabinet = image(now_ns)
    if noise is not None:
        wobble = {
            name: Reading.good(getattr(cabinet, name).value + noise.gauss(0.0, 0.03), now_ns)
            for name in ("t_oil_degc", "t_buffer_top_degc", "t_charge_degc", "t_buffer_bottom_degc")
        }
        cabinet = replace(cabinet, **wobble)
    inputs = PlantInputs(cabinet)
    outputs = _plants[folder].step(inputs, Tick(now_ns, 1_000_000_000))
    scan = {"period_ms": 100.0, "lost_cycles": 0, "late_scans": 0, "restarts": 0}
    return View(Tick(now_ns, 1_000_000_000), inputs, outputs, scan, {})


def test_a_quiet_house_says_less_than_four_things_a_second(tmp_path: Path) -> None:
    site = make_site(tmp_path / "full", port=1)
    publisher = Publisher(catalogue_of(site), "thermiq/walda")
    noise = random.Random(1)
    count = 0
    for second in range(900):
        publisher.look(quiet_view(tmp_path, second, noise))
        for change in publisher.changes(float(second)):
            publisher.sent(change)
            count += second >= 60  # the first minute is the plant's start
    assert count / 840 + 0.1 < 4.0  # the heartbeat topic is the 0.1
