"""The link against a real mosquitto: connections that come and go, and what is said on each of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from plc.link.broker import WINDOW
from tests.link.house import House, make_site, with_tank
from tests.peers.mqtt_rig import Broker, Listener, until

pytestmark = pytest.mark.peer
ROOT = Path(__file__).parents[2]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path / "broker").start()
    yield made
    made.kill()


def test_a_connection_says_everything_and_online_last(broker: Broker, tmp_path: Path) -> None:
    listener = Listener(broker.port, "thermiq/#", "homeassistant/#")
    with House(make_site(tmp_path, port=broker.port)) as house:
        until(lambda: listener.last.get(f"{house.root}/status") == "online", "online")
        topics = [topic for topic, _, _ in listener.messages]
        assert topics[0] == f"{house.root}/meta"
        assert topics[1] == "homeassistant/device/thermiq_demo_walda/config"
        first_of_all = topics[: topics.index(f"{house.root}/status")]
        described = listener.json(f"{house.root}/meta")["signals"]
        assert {f"{house.root}/{topic}" for topic in described} <= set(first_of_all)
        assert listener.last[f"{house.root}/state/temperature/t_oil_degc"] == "48.0"
        assert listener.last[f"{house.root}/quality/temperature/t_oil_degc"] == "good"
        assert listener.last[f"{house.root}/state/safety/flow_ok"] == "true"
        house.oil_degc = 49.0
        until(lambda: listener.last[f"{house.root}/state/temperature/t_oil_degc"] == "49.0", "new value")
        late = Listener(broker.port, f"{house.root}/#")  # everything a newcomer needs is retained
        until(lambda: late.last.get(f"{house.root}/state/plc/mode") == "auto", "retained state")
        late.close()
    until(lambda: listener.last[f"{house.root}/status"] == "offline", "an orderly goodbye")
    listener.close()


def test_a_killed_controller_is_offline_at_once(broker: Broker, tmp_path: Path) -> None:
    site = make_site(tmp_path, port=broker.port)
    picture = tmp_path / "image"
    picture.write_bytes(bytes(4096))
    environment = {
        **os.environ,
        "THERMIQ_RUNTIME_DIR": str(tmp_path / "run"),
        "THERMIQ_STATE_DIR": str(tmp_path / "state"),
        "PYTHONPATH": str(ROOT),
    }
    listener = Listener(broker.port, "thermiq/+/status")
    process = subprocess.Popen(
        [sys.executable, "-m", "plc", "run", str(site.folder), "--image", str(picture)],
        env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: listener.last.get("thermiq/demo-walda/status") == "online", "online")
        process.send_signal(signal.SIGKILL)
        until(lambda: listener.last["thermiq/demo-walda/status"] == "offline", "the will")
    finally:
        process.kill()
        process.wait()
        listener.close()


def test_a_broker_that_lost_everything_gets_everything_again_and_the_outage(
    broker: Broker, tmp_path: Path
) -> None:
    with House(make_site(tmp_path, port=broker.port)) as house:
        house.wait_online()
        broker.kill()
        until(lambda: not house.link.ok(), "loss noticed")
        assert house.exchange.health["mqtt_ok"]() is False
        house.scan(1300)  # two minutes of plant time without anybody listening
        until(lambda: house.health()["outage_minutes"] >= 1, "a minute kept")
        Broker(broker.folder, port=broker.port)
        broker.start()
        listener = Listener(broker.port, "thermiq/#")
        until(lambda: listener.last.get(f"{house.root}/status") == "online", "online again")
        assert f"{house.root}/state/plc/mode" in listener.last
        batch = until(
            lambda: next(
                (p for t, p, _ in listener.messages if t.startswith(f"{house.root}/history/")), None
            ),
            "the outage",
        )
        point = json.loads(batch)["points"][0]
        assert point["ts"] >= 1_795_000_000  # the plant's own time
        assert point["values"]["temperature/t_oil_degc"] == 48.0
        until(lambda: house.health()["outage_minutes"] == 0, "ring emptied")
        listener.close()


def test_a_frozen_broker_costs_a_bounded_window_and_is_noticed(broker: Broker, tmp_path: Path) -> None:
    with House(make_site(tmp_path, port=broker.port, keepalive_s=5)) as house:
        house.wait_online()
        broker.freeze()
        most = 0
        for step in range(10_000):
            house.oil_degc = 40.0 + step % 10  # news all the time
            most = max(most, house.health()["unacknowledged"])
            if not house.link.ok():
                break
            time.sleep(0.01)
        assert not house.link.ok()
        assert 0 < most <= WINDOW
        scans = house.now_ns
        until(lambda: house.now_ns > scans, "the plant goes on")
        broker.thaw()
        house.wait_online()


def test_junk_that_was_left_behind_is_not_even_delivered(broker: Broker, tmp_path: Path) -> None:
    sender = Listener(broker.port)
    for number in range(10_000):
        sender.publish(f"thermiq/demo-walda/cmd/junk{number}", "x" * 20, retain=True, qos=0)
    sender.publish("thermiq/demo-walda/cmd/power_request", {"value": 6000}, retain=True)
    listener = Listener(broker.port, "thermiq/demo-walda/result/#", "thermiq/demo-walda/status")
    with House(make_site(tmp_path, port=broker.port)) as house:
        house.wait_online()
        sender.publish("thermiq/demo-walda/cmd/power_request", b"{" * 1_000_000, qos=1)
        sender.publish("thermiq/demo-walda/cmd/ack", {"id": "after", "value": "all", "src": "test"})
        until(lambda: "thermiq/demo-walda/result/ack" in listener.last, "a good command after all that")
        assert listener.json("thermiq/demo-walda/result/ack")["code"] == "applied"
        assert [t for t, _, _ in listener.messages if "result" in t] == ["thermiq/demo-walda/result/ack"]
        assert house.link.ok()
    sender.close()
    listener.close()


def test_two_sites_on_one_broker_do_not_see_each_other(broker: Broker, tmp_path: Path) -> None:
    listener = Listener(broker.port, "thermiq/+/result/#", "thermiq/+/status")
    first_site = make_site(tmp_path / "1", name="first", port=broker.port)
    second_site = make_site(tmp_path / "2", name="second", port=broker.port)
    with House(first_site) as first, House(second_site) as second:
        first.wait_online()
        second.wait_online()
        listener.publish(
            "thermiq/second/cmd/power_request", {"id": "1", "value": 1500, "src": "test", "ttl_s": 60}
        )
        until(lambda: "thermiq/second/result/power_request" in listener.last, "result")
        until(lambda: second.last and second.last[1].status.power_source == "test", "lease of the second")
        assert first.last is not None
        assert first.last[1].status.power_source == "automatic"
        assert {t.split("/")[1] for t, _, _ in listener.messages if "result" in t} == {"second"}
    until(
        lambda: {listener.last[f"thermiq/{n}/status"] for n in ("first", "second")} == {"offline"}, "goodbye"
    )
    listener.close()


def test_what_an_earlier_version_left_is_deleted(broker: Broker, tmp_path: Path) -> None:
    old = "thermiq/demo-walda/state/pump/p9_on"
    sender = Listener(broker.port, old)
    sender.publish(old, "true", retain=True)
    until(lambda: sender.last.get(old) == "true", "left behind")
    (tmp_path / "state/mqtt").mkdir(parents=True)
    kept = {"topics": [old], "components": {"pump_p9_on": "binary_sensor"}, "discovery": ""}
    (tmp_path / "state/mqtt/published.json").write_text(json.dumps(kept))
    discovery = Listener(broker.port, "homeassistant/#")
    with House(make_site(tmp_path, port=broker.port), tmp_path / "state") as house:
        house.wait_online()
        until(lambda: sender.last[old] == "", "deleted")
        told = [json.loads(p)["components"].get("pump_p9_on") for _, p, _ in discovery.messages]
        assert told == [{"platform": "binary_sensor"}, None]  # announced empty once, then left out
    now = json.loads((tmp_path / "state/mqtt/published.json").read_text())
    assert old not in now["topics"]
    sender.close()
    discovery.close()


def test_two_programs_with_one_name_do_not_fight_for_ever(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plc.link.backoff.FIRST_S", 0.05)
    with House(make_site(tmp_path, port=broker.port)) as house:
        for _ in range(4):
            house.wait_online()
            thief = paho.Client(
                CallbackAPIVersion.VERSION2, "thermiq-demo-walda-plc", protocol=MQTTProtocolVersion.MQTTv5
            )
            thief.connect("127.0.0.1", broker.port)
            thief.loop(0.2)
            until(lambda: not house.link.ok(), "thrown out")
            thief.disconnect()
        until(lambda: "another program" in house.health()["problem"], "said so")
        assert house.exchange.health["account_ok"]() is False
        house.scan(120)
        assert house.last is not None
        assert "A-062" in house.last[1].status.alarms
        connects = house.health()["connects"]
        assert house.health()["connects"] == connects  # it leaves the field for a minute


def test_a_meter_on_the_broker_measures_the_grid_and_grows_old(broker: Broker, tmp_path: Path) -> None:
    topic = "tele/meter/SENSOR"
    meter = Listener(broker.port)
    meter.publish(topic, {"SML": {"Power_curr": 9999}}, retain=True)  # of unknown age
    site = make_site(tmp_path, port=broker.port, smart_meter={"topic": topic, "stale_s": 10})
    with House(site) as house:
        house.wait_online()

        def measured() -> float | None:
            reading = house.exchange.energy(house.now_ns).grid_meter_w
            return reading.value if reading.ok else None

        assert measured() is None
        assert house.exchange.health["meter_ok"]() is False
        meter.publish(topic, {"SML": {"Power_curr": -850}})
        until(lambda: measured() == -850.0, "a reading")
        assert house.exchange.health["meter_ok"]() is True
        house.scan(110)  # eleven seconds of plant time without another one
        assert measured() is None
        assert house.exchange.health["meter_ok"]() is False
    meter.close()


def test_a_tank_sensor_on_the_broker_counts_although_its_messages_are_retained(
    broker: Broker, tmp_path: Path
) -> None:
    sensor = Listener(broker.port)
    sensor.publish("tank/top", {"dhw": {"curtemp": 61.0}}, retain=True)  # of unknown age
    site = with_tank(make_site(tmp_path, port=broker.port), topic="tank/top", value="dhw.curtemp", stale_s=10)
    with House(site) as house:
        house.wait_online()
        assert not house.exchange.t_dhw(house.now_ns).ok
        sensor.publish("tank/top", {"dhw": {"curtemp": 43.5}}, retain=True)
        until(lambda: house.exchange.t_dhw(house.now_ns).value == 43.5, "a reading")
        house.scan()
        assert house.plant.facts.t_dhw == 43.5
        house.scan(110)  # eleven seconds of plant time without another one
        assert not house.exchange.t_dhw(house.now_ns).ok
        assert house.plant.facts.dhw_unknown
    sensor.close()


def test_a_full_broker_is_waited_for(broker: Broker, tmp_path: Path) -> None:
    broker.kill()
    broker.lines.append("max_connections 2")
    broker.start()
    taken = [socket.create_connection(("127.0.0.1", broker.port)) for _ in range(6)]
    with House(make_site(tmp_path, port=broker.port)) as house:
        until(lambda: "without an answer" in house.health()["problem"], "turned away")
        assert not house.link.ok()
        assert house.exchange.health["account_ok"]() is not False, "nobody has to act: a place will come free"
        for place in taken:
            place.close()
        house.wait_online(40.0)


def test_a_broker_that_takes_small_messages_only_gets_everything_else(broker: Broker, tmp_path: Path) -> None:
    broker.kill()
    broker.lines.append("max_packet_size 8000")
    broker.start()
    listener = Listener(broker.port, "thermiq/#", "homeassistant/#")
    with House(make_site(tmp_path, port=broker.port)) as house:
        house.wait_online()
        until(lambda: listener.last.get(f"{house.root}/state/plc/mode") == "auto", "states")
        assert "homeassistant/device/thermiq_demo_walda/config" not in listener.last
        problem = f"{house.root}/state/link/problem"
        until(lambda: "larger than the 8000 bytes" in listener.last.get(problem, ""), "said so")
        assert house.health()["connects"] == 1
    listener.close()


def test_a_broker_that_queues_nothing_for_a_slow_reader_costs_the_reader_only(
    broker: Broker, tmp_path: Path
) -> None:
    broker.kill()
    broker.lines += ["max_queued_messages 1", "max_inflight_messages 1"]
    broker.start()
    slow = Listener(broker.port, "thermiq/#")
    with House(make_site(tmp_path, port=broker.port)) as house:
        house.wait_online()
        until(lambda: house.health()["unacknowledged"] == 0, "the broker takes everything")
        assert house.health()["connects"] == 1
    slow.close()


def test_mqtt_3_takes_commands_where_the_site_says_so(broker: Broker, tmp_path: Path) -> None:
    listener = Listener(broker.port, "thermiq/#")
    old = "thermiq/demo-walda/cmd/power_request"
    listener.publish(old, {"id": "old", "value": 3000, "src": "test"}, retain=True)
    with House(make_site(tmp_path, port=broker.port, protocol="3.1.1")) as house:
        house.wait_online()
        assert (house.health()["protocol"], house.health()["commands"]) == ("3.1.1", True)
        result = f"{house.root}/result/power_request"
        until(lambda: result in listener.last, "the retained one")
        assert listener.json(result)["code"] == "rejected_retained"
        until(lambda: listener.last[old] == "", "removed")
        listener.publish(f"{house.root}/cmd/ack", {"id": "new", "value": "all", "src": "test"})
        until(lambda: f"{house.root}/result/ack" in listener.last, "result")
        assert listener.json(f"{house.root}/result/ack")["code"] == "applied"
    listener.close()
