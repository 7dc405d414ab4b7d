"""The meter reader and the outage ring: two small memories that must not lie."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from plc.blocks.core import NS_PER_S, Reading
from plc.link.settings import SmartMeter
from plc.link.smart_meter import MeterReader
from tests.link.house import PERIOD_NS, House, make_site


def sml(power: Any) -> bytes:
    return json.dumps({"Time": "2026-11-22T06:00:00", "SML": {"Total_in": 1.0, "Power_curr": power}}).encode()


def test_a_plausible_power_becomes_a_reading() -> None:
    meter = MeterReader(SmartMeter("tele/x/SENSOR"))
    meter.take(sml(-1250), 5)
    assert meter.reading == Reading.good(-1250.0, 5)
    turned = MeterReader(SmartMeter("tele/x/SENSOR", reverse=True))
    turned.take(sml(-1250), 5)
    assert turned.reading.value == 1250.0


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b'{"SML":5}', sml("500"), sml(None), sml(True), sml(31000), b" " * 5000,
     b'{"SML":{"Power_curr":NaN}}', b'{"SML":{"Power_curr":1' + b"0" * 400 + b"}}"],
)  # fmt: skip
def test_anything_else_changes_nothing_but_the_count(payload: bytes) -> None:
    meter = MeterReader(SmartMeter("t"))
    meter.take(sml(300), 1)
    meter.take(payload, 2)
    assert (meter.reading.value, meter.reading.taken_ns, meter.refused) == (300.0, 1, 1)
    assert meter.problem


def test_a_jump_counts_when_the_next_reading_confirms_it() -> None:
    meter = MeterReader(SmartMeter("t"))
    for at, (power, accepted) in enumerate(
        ((300, 300), (20000, 300), (350, 350), (20000, 350), (21000, 21000))
    ):
        meter.take(sml(power), at)
        assert meter.reading.value == accepted


def test_eight_hours_without_a_broker_cost_no_memory_beyond_the_ring(tmp_path: Path) -> None:
    house = House(make_site(tmp_path, port=1, history_h=1))  # the ring is full after an hour

    def hours(count: int) -> None:
        for _minute in range(count * 60):
            house.now_ns += 59 * NS_PER_S
            house.scan()
            house.link._look()

    hours(2)
    tracemalloc.start()
    hours(1)
    before = tracemalloc.get_traced_memory()[0]
    hours(5)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(house.link._ring) == 60
    assert grown < 300_000, f"{grown} bytes in five hours"


def test_an_outage_is_kept_with_its_own_time_and_leaves_in_batches(tmp_path: Path) -> None:
    house = House(make_site(tmp_path, port=1))
    for minute in range(30):
        house.now_ns += 60 * NS_PER_S - PERIOD_NS
        house.oil_degc = 40.0 + minute / 10
        house.scan()
        house.link._look()
    ring = house.link._ring
    seen: list[dict[str, Any]] = []
    while (batch := ring.batch()) is not None:
        assert len(batch) < 20_000
        seen += json.loads(batch)["points"]
        ring.sent()
    assert len(seen) == 30
    assert [b["ts"] - a["ts"] for a, b in pairwise(seen)] == [60] * 29
    assert seen[10]["values"]["temperature/t_oil_degc"] == 41.0
    assert not any(v is None or isinstance(v, str) for point in seen for v in point["values"].values())


def test_without_a_synchronised_clock_nothing_is_kept(tmp_path: Path) -> None:
    house = House(make_site(tmp_path, port=1))
    house.scan()
    tick, inputs, outputs = house.link._last  # type: ignore[misc]
    house.link._last = (tick, replace(inputs, wall=replace(inputs.wall, synchronised=False)), outputs)
    house.link._look()
    assert len(house.link._ring) == 0
