"""The demo's broker, and what the link does with one that speaks MQTT 3.1.1 only."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.link.house import House, make_site
from tests.peers.mqtt_rig import need, until
from tools.demo_app import broker as demo_broker
from tools.demo_app.broker import DemoBroker, instructions


def old_client(port: int, heard: dict[str, str]) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.on_connect = lambda c, *_: c.subscribe("thermiq/#", 1)
    client.on_message = lambda c, d, m: heard.update({m.topic: m.payload.decode()})
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


@pytest.mark.peer
def test_mosquitto_is_used_where_it_is(tmp_path: Path) -> None:
    need(demo_broker.mosquitto(), "mosquitto")
    broker = DemoBroker(tmp_path)
    try:
        assert broker.protocol == "5"
        with House(make_site(tmp_path, **broker.section["mqtt"])) as house:
            house.wait_online()
            assert house.health()["commands"] is True
        assert str(broker.port) in instructions(broker, "demo-walda")
    finally:
        assert broker.end(10.0) == 0


def test_without_mosquitto_the_demo_has_a_broker_of_the_old_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_broker, "mosquitto", lambda: None)
    broker = DemoBroker(tmp_path)
    heard: dict[str, str] = {}
    client = old_client(broker.port, heard)
    try:
        assert broker.section["mqtt"]["protocol"] == "3.1.1"
        with House(make_site(tmp_path, **broker.section["mqtt"])) as house:
            house.wait_online(30.0)
            until(lambda: heard.get(f"{house.root}/status") == "online", "online")
            assert heard[f"{house.root}/state/plc/mode"] == "auto"
            client.publish(f"{house.root}/cmd/ack", '{"value": "all", "src": "old"}', 1)
            until(lambda: f"{house.root}/result/ack" in heard, "result")
    finally:
        client.disconnect()
        client.loop_stop()
        broker.end(10.0)


class OldBroker(threading.Thread):
    """Refuses MQTT 5 in the words of 3.1.1, and takes 3.1.1; says what it was asked for."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.levels: list[int] = []
        self.subscribed = b""

    def run(self) -> None:
        while True:
            try:
                line, _ = self.server.accept()
            except OSError:
                return
            packet = line.recv(4096)
            level = packet[packet.index(b"MQTT") + 4]
            self.levels.append(level)
            line.sendall(b"\x20\x02\x00" + (b"\x00" if level == 4 else b"\x01"))
            if level == 4:
                self.subscribed = line.recv(4096)
                while line.recv(4096):
                    pass
            line.close()


def test_a_fallback_to_the_old_protocol_takes_no_commands(tmp_path: Path) -> None:
    broker = OldBroker()
    broker.start()
    with House(make_site(tmp_path, port=broker.port)) as house:
        until(lambda: broker.subscribed, "a connection with 3.1.1")
        assert broker.levels == [5, 4]
        assert b"homeassistant/status" in broker.subscribed
        assert b"/cmd/" not in broker.subscribed, "a retained command would look like a fresh one"
        assert house.health()["commands"] is False
    broker.server.close()


def test_a_broker_of_the_old_protocol_is_met_half_way_without_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_broker, "mosquitto", lambda: None)
    broker = DemoBroker(tmp_path)
    heard: dict[str, str] = {}
    client = old_client(broker.port, heard)
    try:
        with House(make_site(tmp_path, **{**broker.section["mqtt"], "protocol": "auto"})) as house:
            house.wait_online(30.0)
            until(lambda: heard.get(f"{house.root}/state/plc/mode") == "auto", "states")
            assert (house.health()["protocol"], house.health()["commands"]) == ("3.1.1", False)
            client.publish(f"{house.root}/cmd/power_request", '{"value": 3000, "src": "old"}', 1)
            house.scan(50)
            assert house.last is not None
            assert house.last[1].status.power_source == "automatic"
    finally:
        client.disconnect()
        client.loop_stop()
        broker.end(10.0)
