"""What the plant is told about the rest of the program: each answer reaches its alarm and takes it back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc.blocks.core import NS_PER_S, Tick
from plc.energy.parameters import FeedInKind, ImportKind, Tariff
from plc.energy.tariff import QUARTER_S, SpotPrices
from plc.exchange import Exchange
from plc.health import both, price_feed
from plc.link.commands import Market
from plc.plant.interface import ImageInputs, ScanInputs, WallTime
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant

MIDNIGHT = 1_750_000_000 - 1_750_000_000 % 86400
DYNAMIC = replace(Tariff(), kind=ImportKind.DYNAMIC)
BLIND = ImageInputs(True, True)


class Program:
    """Exchange and plant, a scan a second, as the loop puts them together."""

    def __init__(self) -> None:
        self.exchange = Exchange()
        self.plant = Plant(Parameters())
        self.unix_s = MIDNIGHT

    def scans(self, seconds: int, *, synchronised: bool = True) -> tuple[str, ...]:
        for _ in range(seconds):
            self.unix_s += 1
            now_ns = self.unix_s * NS_PER_S
            wall = WallTime(self.unix_s, 3600, synchronised)
            inputs = self.exchange.gather(now_ns, BLIND, wall, ScanInputs())
            tick = Tick(now_ns, NS_PER_S)
            outputs = self.plant.step(inputs, tick)
            self.exchange.scanned(tick, inputs, outputs)
        return outputs.status.alarms


@pytest.mark.parametrize(
    ("name", "alarm"),
    [
        ("mqtt_ok", "A-053"),
        ("optimiser_ok", "A-054"),
        ("meter_ok", "A-051"),
        ("prices_ok", "A-058"),
        ("system_ok", "A-084"),
        ("retained_ok", "A-093"),
        ("config_ok", "A-082"),
    ],
)
def test_every_answer_has_its_alarm_which_goes_with_its_cause(name: str, alarm: str) -> None:
    program = Program()
    answer: list[bool | None] = [None]
    program.exchange.health[name] = lambda: answer[0]
    assert alarm not in program.scans(70), "not used here"
    answer[0] = False
    assert alarm in program.scans(70)
    answer[0] = True
    program.scans(70)
    if alarm in ("A-093", "A-082"):  # waits for somebody who has seen it
        program.plant.alarms.step(Tick(0, NS_PER_S), program.plant.facts, acknowledge=("",))
    assert alarm not in program.plant.alarms.listed


def test_a_site_with_fixed_prices_needs_no_feed() -> None:
    assert price_feed(Tariff(), Exchange()) is None
    assert price_feed(replace(Tariff(), feed_in=FeedInKind.MARKET), Exchange()) is not None


def test_prices_are_missing_from_the_first_quarter_hour_that_nobody_has_delivered() -> None:
    program = Program()
    feed = price_feed(DYNAMIC, program.exchange)
    assert feed is not None
    program.exchange.health["prices_ok"] = feed
    assert "A-058" in program.scans(70), "nothing has come yet"
    program.exchange.market.put(Market(spot=SpotPrices(MIDNIGHT, (0.1, 0.1))))
    assert "A-058" not in program.scans(20)
    program.unix_s = MIDNIGHT + 2 * QUARTER_S - 30
    assert feed()
    program.scans(40)
    assert feed() is False
    assert "A-058" in program.scans(70)


def test_without_a_clock_nobody_can_say_whether_prices_are_missing() -> None:
    program = Program()
    feed = price_feed(DYNAMIC, program.exchange)
    assert feed is not None
    assert feed() is None, "no scan yet"
    program.exchange.health["prices_ok"] = feed
    alarms = program.scans(90, synchronised=False)
    assert "A-059" in alarms
    assert "A-058" not in alarms


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (None, None, None),
        (None, True, True),
        (True, None, True),
        (True, True, True),
        (False, True, False),
        (True, False, False),
        (False, None, False),
    ],
)
def test_two_meters_are_in_order_only_together(
    first: bool | None, second: bool | None, together: bool | None
) -> None:
    assert both(lambda: first, lambda: second)() is together
    assert both(None, lambda: second)() is second
