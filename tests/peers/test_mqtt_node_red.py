"""The shipped flow: by its form, and in a real Node-RED 4.1 with the shipped ACL between it and the plant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.link.house import UNIX_S, House
from tests.peers.mqtt_rig import until
from tests.peers.node_red import NodeRed
from tests.peers.test_mqtt_commands import Secured, secured_site
from tools.demo_app.demo_site import free_ports

FLOW = Path(__file__).parents[2] / "deploy/node_red/flow.json"
TAB = "thermiq_tab"


def flow() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FLOW.read_text(encoding="utf-8"))
    return found


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def test_the_flow_is_sound_and_holds_no_secret() -> None:
    nodes = flow()
    ids = [node["id"] for node in nodes]
    assert len(ids) == len(set(ids))
    for node in nodes:
        for wires in node.get("wires", []):
            assert set(wires) <= set(ids), node["id"]
        assert "credentials" not in node
        if node["type"] == "mqtt out":
            assert node["retain"] == "false"
            assert node["qos"] == "1"
        if node["type"] == "mqtt-broker":
            assert node["protocolVersion"] == "5"
        for text in strings({key: value for key, value in node.items() if key not in ("func", "info")}):
            # A variable inside a longer text is not substituted, and the node then silently gets nothing.
            assert "${" not in text or (text.startswith("${") and text.endswith("}")), text
    assert any(node["type"] == "catch" for node in nodes)
    assert not [text for node in nodes for text in strings(node) if "192.168." in text]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    made = Secured(tmp_path_factory.mktemp("broker"))
    made.local = free_ports(1)[0]  # type: ignore[attr-defined]
    made.lines.append(f"listener {made.local} 127.0.0.1")  # type: ignore[attr-defined]
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def house(broker: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(secured_site(tmp_path_factory.mktemp("house"), broker)) as made:
        made.real_time = True  # Node-RED stamps its commands with it
        made.wait_online()
        yield made


@pytest.fixture(scope="module")
def red(broker: Secured, house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeRed]:
    made = NodeRed(
        tmp_path_factory.mktemp("node_red"),
        MQTT_HOST="127.0.0.1",
        MQTT_PORT=str(broker.local),  # type: ignore[attr-defined]
    )
    nodes = flow()
    for node in nodes:
        if node["type"] == "mqtt-broker":  # as a person enters them in the editor
            node["credentials"] = {"user": "nodered", "password": "secret of nodered"}
    made.post("flows", nodes)
    until(lambda: made.flow(TAB, "online"), f"plant seen: {made.log.read_text()[-1000:]}", 30.0)
    yield made
    made.end()


@pytest.mark.peer
def test_the_state_of_the_plant_arrives_with_its_types(red: NodeRed) -> None:
    state = until(lambda: (s := red.flow(TAB, "state")) and "temperature/t_oil_degc" in s and s, "state")
    assert state["temperature/t_oil_degc"] == 48.0
    assert state["safety/flow_ok"] is True
    assert state["plc/mode"] == "auto"


@pytest.mark.peer
def test_a_power_request_becomes_a_lease_and_its_result_comes_back(red: NodeRed, house: House) -> None:
    red.press("ask_2000")
    until(lambda: house.last and house.last[1].status.power_source == "nodered", "lease")
    assert house.last is not None
    assert house.last[1].status.requested_power_w == 2000.0
    result = until(lambda: red.flow(TAB, "last_result"), "result in the flow")
    assert (result["ok"], result["code"], result["src"]) == (True, "applied", "nodered")
    red.press("ask_nothing")
    house.scan(1900)  # three minutes of plant time: nobody refreshes
    until(lambda: house.last and house.last[1].status.power_source == "automatic", "the lease ends")


@pytest.mark.peer
def test_a_wish_about_the_heat_pump_becomes_a_lease_or_comes_back_with_its_reason(
    red: NodeRed, house: House
) -> None:
    def wish() -> tuple[str, str]:
        assert house.last is not None
        return house.last[1].status.hp_block_wish, house.last[1].status.hp_block_source

    def answer() -> tuple[str, bool]:
        result = red.flow(TAB, "last_result") or {}
        return str(result.get("code")), bool(result.get("reason"))

    red.press("hp_block")  # a plant that has just started must not block
    until(lambda: answer() == ("interlock", True), "refused with its reason")
    red.press("hp_free")
    until(lambda: wish() == ("free", "nodered"), "lease")
    red.press("hp_auto")
    until(lambda: wish() == ("auto", ""), "taken back at once")


@pytest.mark.peer
def test_prices_reach_the_plant_and_wrong_ones_come_back_as_refused(red: NodeRed, house: House) -> None:
    start = UNIX_S - UNIX_S % 900
    red.press("prices_by_hand", [{"start": start, "eur_per_kwh": [0.08] * 96}])
    until(lambda: house.exchange.market.latest.spot.eur_per_kwh, "prices")
    red.press("prices_by_hand", [{"start": start, "eur_per_kwh": [0.08] * 50}])
    until(lambda: (red.flow(TAB, "last_result") or {}).get("code") == "invalid", "refusal")


@pytest.mark.peer
def test_a_new_alarm_reaches_the_hook_once(red: NodeRed, house: House) -> None:
    assert "ThermIQ A-050" not in (red.flow(TAB, "notified") or [])
    house.exchange.health["meter_ok"] = lambda: False
    house.scan(650)  # a minute of plant time: A-051
    until(lambda: "ThermIQ A-051" in (red.flow(TAB, "notified") or []), "notification")
    del house.exchange.health["meter_ok"]
