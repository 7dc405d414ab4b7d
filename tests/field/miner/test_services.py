"""What the composition root makes of the miners of a site."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from plc.devices import device_services
from plc.exchange import Exchange
from plc.field.miner.driver import MinerDriver
from plc.field.miner.settings import MinerSettings
from plc.linking import _extra
from plc.plant.parameters import Parameters
from plc.scan.clock import MonotonicClock


def site_with_miners() -> Any:
    miners = tuple(MinerSettings(host=f"127.0.0.{number}", secret="x") for number in (1, 2))
    return SimpleNamespace(
        section=lambda name: miners if name == "devices.miners" else (),
        parameters=Parameters(),
        unconfirmed=(),
    )


def test_what_is_spent_of_the_daily_limits_is_published_by_topic() -> None:
    exchange, site = Exchange(), site_with_miners()
    drivers = device_services(site, MonotonicClock(100_000_000), exchange, simulated=True, clean_start=True)
    assert [type(driver) for driver in drivers] == [MinerDriver, MinerDriver]
    said = _extra(site, None, exchange.facts)()
    for number in (1, 2):
        assert said[f"miner{number}/writes_24h"] == 0
        assert {f"miner{number}/writes_left", f"miner{number}/starts_24h"} <= set(said)
