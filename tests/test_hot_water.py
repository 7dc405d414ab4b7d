"""The tank's temperature from site file to plant: bus, broker, or both; and what a site may not say."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plc.blocks.core import NEVER, NS_PER_S, Origin, Quality, Reading
from plc.devicefiles import load_kinds
from plc.exchange import Exchange
from plc.field.rs485.service import Rs485Service
from plc.hot_water import HotWaterSensor, feed, feed_from_bus
from plc.link.catalogue import catalogue
from plc.link.number_reader import NumberReader, Numbers, Subscribed
from plc.link.settings import Mqtt, SmartMeter
from plc.link_numbers import numbers_of
from plc.linking import catalogue_of, facts_of
from plc.site import Site, SiteError, load_site
from tests.field.rs485.rig import FastClock
from tests.image.cabinet import WALDA, copy_site, line_of, replaced
from tests.link.house import make_site, with_tank
from tools.demo_app import demo_site
from tools.twin import scenarios
from tools.twin.modbus_devices import VirtualBus

BUS, BROKER = Reading.good(44.0, 5), Reading.good(46.0, 7)
SENSOR = HotWaterSensor(modbus="tank.top_degc", topic="t", stale_s=100.0)
TANK = """title: Two temperatures of the hot water tank
source: maker's register list
line: {baud: 115200, parity: N, stop_bits: 1}
turnaround_s: 0.06
blocks:
  now: {start: 0, count: 2, period_s: 5, function: 4}
values:
  top_degc: {address: 0, type: s16, scale: 0.1, unit: degC, low: -10, high: 110, max_step: 5}
  bottom_degc: {address: 1, type: s16, scale: 0.1, unit: degC, low: -10, high: 110, max_step: 5}
"""


def exchange_with(*readings: Reading) -> Exchange:
    exchange = Exchange()
    for reading in readings:
        feed(exchange, SENSOR, lambda _, reading=reading: reading)  # type: ignore[misc]
    return exchange


def test_the_bus_goes_before_the_broker_while_it_is_good() -> None:
    assert Exchange().t_dhw(9) == NEVER
    assert exchange_with(BUS, BROKER).t_dhw(9) == BUS
    assert exchange_with(NEVER, BROKER).t_dhw(9) == BROKER
    stale = BUS._replace(quality=Quality.STALE)
    assert exchange_with(stale, BROKER).t_dhw(9) == BROKER
    assert exchange_with(stale, NEVER).t_dhw(9) == stale, "the newest says why there is none"


@pytest.mark.parametrize("value", [2.9, 95.1, -40.0])
def test_what_no_tank_can_be_is_bad_and_keeps_its_number(value: float) -> None:
    reading = exchange_with(Reading.good(value, 5)).t_dhw(9)
    assert (reading.value, reading.quality) == (value, Quality.BAD)


def test_a_reading_grows_old_in_the_eyes_of_the_scan() -> None:
    exchange = exchange_with(BUS)
    assert exchange.t_dhw(5 + 100 * NS_PER_S).ok
    assert exchange.t_dhw(6 + 100 * NS_PER_S).quality is Quality.STALE


class Tank:
    """A converter for two sensors."""

    top_degc = 45.7

    def read(self, function: int, start: int, count: int) -> list[int] | int:
        words = [round(self.top_degc * 10), 398]
        return words[start : start + count] if function == 4 else 1


def site_with_tank(tmp_path: Path) -> Path:
    folder = copy_site(tmp_path)
    (folder / "devices").mkdir()
    (folder / "devices/tank-sensor.yaml").write_text(TANK, encoding="utf-8")
    port = f"""    - port: {tmp_path / "bus"}
      baud: 115200
      devices:
        - {{name: tank, type: tank-sensor, slave_id: 7}}
"""
    rewrite(folder, lambda t: replaced(t, "  mqtt:\n", f"{port}  mqtt:\n"))
    rewrite(folder, lambda t: replaced(t, "    present: false  ", "    present: true  "))
    rewrite(folder, lambda t: replaced(t, "devices:\n", "devices:\n  hot_water: {modbus: tank.top_degc}\n"))
    return folder


def rewrite(folder: Path, change: Callable[[str], str]) -> str:
    path = folder / "site.yaml"
    text = change(path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    return text


def test_a_value_of_any_modbus_device_becomes_the_input_of_the_plant(tmp_path: Path) -> None:
    site = load_site(site_with_tank(tmp_path))
    kinds, _ = load_kinds(["tank-sensor"], site.folder)
    ports, clock, exchange = site.section("devices.rs485")[1:], FastClock(), Exchange()
    service = Rs485Service(ports, kinds, clock, Origin.SIM)
    feed_from_bus(exchange, site.section("devices.hot_water"), service)
    assert exchange.t_dhw(clock.now_ns()) == NEVER
    tank = Tank()
    with VirtualBus(tmp_path / "bus", {7: tank}, baud=115200, turnaround_s=0.001, speed=10):
        service.start()
        try:
            end = time.monotonic() + 8.0
            while not exchange.t_dhw(clock.now_ns()).ok and time.monotonic() < end:
                time.sleep(0.01)
            found = exchange.t_dhw(clock.now_ns())
            assert (found.value, found.origin) == (pytest.approx(45.7), Origin.SIM)
        finally:
            service.stop()
            assert service.join(2.0)
    assert not exchange.t_dhw(clock.now_ns() + 901 * NS_PER_S).ok, "the thread is gone, its value grows old"


def test_the_shipped_way_of_a_message_to_the_plant() -> None:
    exchange = Exchange()
    settings = Mqtt("127.0.0.1", smart_meter=SmartMeter("house"))
    numbers = numbers_of(settings, HotWaterSensor(topic="ems", value="dhw.curtemp"), exchange, Origin.SIM)
    assert numbers.topics == ["ems", "house"]
    numbers.take("ems", json.dumps({"dhw": {"curtemp": 47.5}}).encode(), 5)
    numbers.take("house", b'{"SML": {"Power_curr": 120}}', 6)
    assert exchange.t_dhw(9) == Reading.good(47.5, 5, Origin.SIM)
    assert exchange.energy(9).grid_meter_w.value == 120.0
    numbers.take("ems", b'{"dhw": {"curtemp": 90}}', 8)
    assert numbers.problems() == {"meter": "", "hot_water": "jump to 90 degC, waiting for the next reading"}


@pytest.mark.parametrize(
    ("path", "payload", "value"),
    [("", b"41.5", 41.5), ("", b" 41 ", 41.0), ("a.b", b'{"a": {"b": 41.5}}', 41.5), ("", b'"41.5"', None),
     ("a", b"41.5", None), ("", b"", None), ("", b"nan", None), ("", b"NaN", None),
     ("a", b'{"a": true}', None), ("", b"96", None), ("", b"2.9", None), ("", b"[41]", None),
     ("a", b'{"a": null}', None)],
)  # fmt: skip
def test_a_message_is_the_number_or_has_it_at_a_path(path: str, payload: bytes, value: float | None) -> None:
    reader = NumberReader(path, low=3.0, high=95.0, step=15.0, unit="degC")
    reader.take(payload, 5)
    assert reader.reading.value == value
    assert (reader.problem == "") == (value is not None)


def test_two_numbers_may_come_in_one_message() -> None:
    made = [NumberReader(name, low=0.0, high=99.0, step=99.0, unit="") for name in ("a", "b")]
    numbers = Numbers([Subscribed(name, "t", reader) for name, reader in zip("ab", made, strict=True)])
    assert numbers.topics == ["t"]
    numbers.take("t", b'{"a": 1, "b": 2}', 1)
    numbers.take("other", b'{"a": 5}', 2)
    assert [reader.reading.value for reader in made] == [1.0, 2.0]


def test_the_tank_is_published_where_there_is_one(tmp_path: Path) -> None:
    site = make_site(tmp_path, port=1)
    assert "temperature/t_dhw_degc" not in {entry.path for entry in catalogue_of(site)}
    entries = catalogue(facts_of(with_tank(site, topic="t"), energy=False, miners=0))
    (found,) = [entry for entry in entries if entry.path == "temperature/t_dhw_degc"]
    assert (found.unit, found.de) == ("degC", "Warmwasserspeicher")


# --- what a site may not say

TRUE = ("    present: false  ", "    present: true  ")


def site_of(
    tmp_path: Path, sensor: str, *, present: bool = True, **more: str
) -> tuple[Site | None, str, str]:
    """The site, or what it was refused with; and its text."""
    folder = copy_site(tmp_path)
    if present:
        rewrite(folder, lambda t: replaced(t, *TRUE))
    if sensor:
        rewrite(folder, lambda t: replaced(t, "\ndevices:\n", f"\ndevices:\n  hot_water: {sensor}\n"))
    text = rewrite(folder, lambda t: replaced(t, more["old"], more["new"]) if more else t)
    try:
        return load_site(folder), "", text
    except SiteError as error:
        return None, str(error), text


def test_a_broker_is_source_enough(tmp_path: Path) -> None:
    site, problem, _ = site_of(tmp_path, "{topic: ems-esp/boiler_data_dhw, value: curtemp}")
    assert not problem
    assert site is not None
    assert site.section("devices.hot_water") == HotWaterSensor(
        topic="ems-esp/boiler_data_dhw", value="curtemp"
    )


def test_a_site_without_a_tank_has_no_sensor(tmp_path: Path) -> None:
    site, _, _ = site_of(tmp_path, "", present=False)
    assert site is not None
    assert site.section("devices.hot_water") is None


@pytest.mark.parametrize(
    ("sensor", "present", "at", "words"),
    [
        ("", True, "present: true", ["nothing measures the tank", "dhw.present: false"]),
        ("{stale_s: 60}", True, "present: true", ["nothing measures the tank"]),
        ("{stale_s: 60}", False, "hot_water:", ["without a source"]),
        ("{topic: x}", False, "hot_water:", ["nobody looks at it"]),
        ("{modbus: inverter.top_degc}", True, "hot_water:", ['modbus: "inverter.top_degc"', "inverter."]),
        ("{modbus: tank}", True, "hot_water:", ['modbus: "tank"']),
        ("{topic: tank/+}", True, "hot_water:", ["one topic without + and #"]),
        ("{topic: x, stale_s: 1}", True, "hot_water:", ["from 10 to 3600 s"]),
        ("{topik: x}", True, "hot_water:", ['did you mean "topic"']),
    ],
)
def test_a_sensor_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, sensor: str, present: bool, at: str, words: list[str]
) -> None:
    site, problem, text = site_of(tmp_path, sensor, present=present)
    assert site is None
    assert f"site.yaml:{line_of(text, at)}" in problem
    for word in words:
        assert word in problem


def test_a_topic_needs_a_broker(tmp_path: Path) -> None:
    text = (copy_site(tmp_path / "other") / "site.yaml").read_text(encoding="utf-8")
    start = text.index("  mqtt:\n")
    end = text.index("\n\n", start)
    broker = text[start:end]
    site, problem, _ = site_of(tmp_path, "{topic: x}", old=broker, new="")
    assert site is None
    assert "hot_water.topic without a broker" in problem


def test_a_modbus_source_of_the_site_is_accepted(tmp_path: Path) -> None:
    assert load_site(site_with_tank(tmp_path)).section("devices.hot_water").modbus == "tank.top_degc"


def test_the_demo_measures_the_tank_of_a_story_that_has_one(tmp_path: Path) -> None:
    story, lines = scenarios.get("hot-water"), demo_site.virtual_lines(tmp_path)
    site = load_site(demo_site.make(WALDA, tmp_path / "site", story, lines))
    assert site.parameters.dhw.present
    assert site.section("devices.hot_water").modbus == "tank.top_degc"
    blind = load_site(demo_site.make(WALDA, tmp_path / "blind", story))
    assert not blind.parameters.dhw.present, "without a line there is nobody to ask"
