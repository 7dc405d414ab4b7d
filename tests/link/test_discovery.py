"""The description for Home Assistant: valid in every version, complete, and read-only unless asked."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from plc.link.catalogue import catalogue
from plc.link.discovery import About, discovery
from plc.link.entry import Facts, Type
from plc.link.envelope import Gate, Request
from plc.link.texts import is_named
from plc.linking import catalogue_of, facts_of
from plc.plant.signals import SIGNALS
from plc.site import load_site
from tests.link.home_assistant_rules import faults
from tests.link.house import WALDA

SITE = load_site(WALDA)
ENTRIES = catalogue(facts_of(SITE, energy=True, miners=2))


def about(**more: Any) -> About:
    return About("walda", "ThermIQ Walda", "thermiq/walda", "homeassistant", german=True, **more)


@pytest.mark.parametrize("german", [True, False])
@pytest.mark.parametrize(("commands", "parameters"), [(False, False), (True, False), (True, True)])
def test_no_version_refuses_or_misreads_anything(german: bool, commands: bool, parameters: bool) -> None:
    chosen = About("walda", "x", "thermiq/walda", "homeassistant", german, commands, parameters)
    topic, body = discovery(ENTRIES, chosen)
    assert not list(faults(topic, body, commands=commands))
    assert topic == "homeassistant/device/thermiq_walda/config"
    assert len(json.dumps(body)) < 200_000, "the broker takes 256 kB"


def test_it_is_read_only_unless_the_site_asks() -> None:
    body = discovery(ENTRIES, about())[1]
    assert {c["platform"] for c in body["components"].values()} == {"sensor", "binary_sensor", "event"}
    assert "command_topic" not in json.dumps(body)


def test_every_entity_has_a_topic_that_is_published() -> None:
    body = discovery(ENTRIES, about(commands=True, parameters=True))[1]
    published = {f"thermiq/walda/state/{entry.path}" for entry in ENTRIES} | {"thermiq/walda/event/alarm"}
    for key, component in body["components"].items():
        if "state_topic" in component:
            assert component["state_topic"] in published, key
        for source in component.get("availability", []):
            assert source["topic"] in published | {"thermiq/walda/status"}, key


def test_counters_fit_the_energy_dashboard_and_sources_have_their_own_availability() -> None:
    components = discovery(ENTRIES, about())[1]["components"]
    grid = components["counter_grid_import_kwh"]
    assert (grid["device_class"], grid["unit_of_measurement"], grid["state_class"]) == (
        "energy", "kWh", "total_increasing",
    )  # fmt: skip
    miner = components["miner1_hashrate_ths"]
    assert [source["topic"] for source in miner["availability"]] == [
        "thermiq/walda/status", "thermiq/walda/state/miner1/online",
    ]  # fmt: skip
    assert miner["availability_mode"] == "all"
    assert components["safety_safety_ok"]["payload_on"] == "false"


def test_what_home_assistant_sends_is_an_envelope() -> None:
    components = discovery(ENTRIES, about(commands=True, parameters=True))[1]["components"]
    sample = {"number": "42", "select": "auto", "switch": "true", "button": "PRESS"}
    for key, component in components.items():
        if "command_template" not in component:
            continue
        filled = re.sub(r"\{\{ now\(\).timestamp\(\) \}\}", "1795000000.5", component["command_template"])
        filled = filled.replace("{{ value }}", sample[component["platform"]])
        found = Gate().take("x", filled.encode(), retained=False, now_s=0.0, unix_s=1_795_000_000)[0]
        assert isinstance(found, Request), (key, filled, found)
        assert found.source == "ha"


def test_the_validator_finds_each_trap() -> None:
    topic, good = discovery(ENTRIES, about())

    def spoiled(change: Any) -> list[str]:
        body = copy.deepcopy(good)
        change(body)
        return list(faults(topic, body, commands=False))

    sensor = "temperature_t_oil_degc"
    for change in (
        lambda b: b.update({"~": "thermiq/walda"}),
        lambda b: b.update(message_expiry_interval=60),
        lambda b: b.pop("origin"),
        lambda b: b["components"][sensor].pop("unique_id"),
        lambda b: b["components"][sensor].update(unit_of_measurement="C"),
        lambda b: b["components"][sensor].update(entity_category="config"),
        lambda b: b["components"][sensor].update(object_id="x"),
        lambda b: b["components"][sensor].pop("expire_after"),
        lambda b: b["components"]["counter_pv_kwh"].update(state_class="measurement"),
        lambda b: b["components"]["plc_state"].update(unit_of_measurement="W"),
        lambda b: b["components"]["safety_flow_ok"].update(payload_on="true", payload_off="false"),
    ):
        assert spoiled(change)


def test_the_catalogue_has_every_topic_once_and_a_name_in_both_languages() -> None:
    paths = [entry.path for entry in ENTRIES]
    assert len(paths) == len(set(paths))
    for entry in ENTRIES:
        assert re.fullmatch(r"[a-z0-9_]+/[a-z0-9_]+", entry.path), entry.path
        assert entry.de, entry.path
        assert entry.en, entry.path
        assert entry.type is not Type.ENUM or entry.options
    cabinet = {signal.name for signal in SIGNALS}
    unnamed = [
        entry.path
        for entry in ENTRIES
        if entry.group != "parameter" and entry.name not in cabinet and not is_named(entry.group, entry.name)
    ]
    assert not unnamed, "give them a name in plc/link/texts.py"


def test_a_house_without_inverter_and_miners_does_not_show_any() -> None:
    paths = {entry.path for entry in catalogue(Facts(energy=False, miners=0))}
    assert not [path for path in paths if path.startswith(("energy/", "miner1/", "miner2/"))]
    assert "counter/grid_import_kwh" not in paths
    assert len(catalogue_of(SITE)) > 150
