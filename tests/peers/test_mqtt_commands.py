"""Commands over a real broker with accounts, ACL and TLS as shipped: each sender, each fault, each answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.link.house import UNIX_S, House, make_site
from tests.peers.mqtt_rig import PASSWD, Broker, Listener, need, until

pytestmark = pytest.mark.peer
DEPLOY = Path(__file__).parents[2] / "deploy/mosquitto"
ACCOUNTS = ("plc-walda", "nodered", "homeassistant", "history", "health")
CMD, RESULT = "thermiq/walda/cmd", "thermiq/walda/result"


class Secured(Broker):
    """The shipped ACL, certificates made by the shipped script, one account per client."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        passwd = need(PASSWD, "mosquitto")
        need(shutil.which("openssl"), "openssl")
        subprocess.run(
            [DEPLOY / "make-certificates", folder / "certs", "localhost", "127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
        self.ca = folder / "certs/ca.crt"
        users = folder / "passwd"
        users.touch()
        for account in ACCOUNTS:
            subprocess.run([passwd, "-b", users, account, f"secret of {account}"], check=True)
        acl = DEPLOY / "thermiq.acl"
        self.lines = [
            f"listener {self.port} 127.0.0.1",
            f"cafile {self.ca}",
            f"certfile {folder}/certs/server.crt",
            f"keyfile {folder}/certs/server.key",
            "allow_anonymous false",
            f"password_file {users}",
            f"acl_file {shutil.copy(acl, folder / 'acl')}",
            "max_packet_size 262144",
        ]

    def join(self, account: str, *topics: str) -> Listener:
        return Listener(self.port, *topics, user=account, password=f"secret of {account}", ca=self.ca)


def secured_site(folder: Path, broker: Secured, password: str = "secret of plc-walda", **more: Any) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret"
    secret.touch(mode=0o600)
    secret.write_text(password)
    return make_site(
        folder,
        name="walda",
        port=broker.port,
        user="plc-walda",
        secret=str(secret),
        ca_file=str(broker.ca),
        **more,
    )


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    made = Secured(tmp_path_factory.mktemp("broker"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def house(broker: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    site = secured_site(folder, broker, remote_parameters=True)
    with House(site, folder / "state") as made:
        made.wait_online()
        yield made


@pytest.fixture
def nodered(broker: Secured, house: House) -> Iterator[Listener]:
    made = broker.join("nodered", "thermiq/#")
    yield made
    made.close()


def ask(sender: Listener, name: str, payload: Any, **more: Any) -> dict[str, Any]:
    """Sends one command and waits for its result."""
    sender.last.pop(f"{RESULT}/{name}", None)
    assert sender.publish(f"{CMD}/{name}", payload, **more) < 128
    until(lambda: f"{RESULT}/{name}" in sender.last, f"result of {name}")
    return sender.json(f"{RESULT}/{name}")


def audit(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "mqtt/audit.jsonl").read_text().splitlines()]


def test_a_power_request_is_a_lease_that_ends_by_itself(house: House, nodered: Listener) -> None:
    answer = ask(nodered, "power_request", {"id": "p1", "value": 1800, "src": "nodered", "ttl_s": 20})
    assert (answer["ok"], answer["code"], answer["id"], answer["src"]) == (True, "applied", "p1", "nodered")
    source = "thermiq/walda/state/plc/power_source"
    until(lambda: nodered.last.get(source) == "nodered", "remote source")
    until(lambda: nodered.last["thermiq/walda/state/plc/requested_power_w"] == "1800", "its value")
    house.scan(250)  # 25 s of plant time without a refresh
    until(lambda: nodered.last[source] == "automatic", "back to the local rule")


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("power_request", {"id": "a", "value": "much", "src": "t"}, "invalid"),
        ("power_request", {"id": "b", "value": 1, "src": "t", "color": "red"}, "invalid"),
        ("power_request", {"id": "c", "value": 1, "src": "t", "ts": UNIX_S - 900, "ttl_s": 10}, "expired"),
        ("power_request", {"id": "d", "value": 1, "src": "t", "ttl_s": -5}, "invalid"),
        ("power_request", "{not json", "invalid"),
        ("power_request", '{"value": NaN}', "invalid"),
        ("power_request", "x" * 2000, "invalid"),
        ("mode_request", {"id": "e", "value": "party", "src": "t"}, "invalid"),
        ("shelve", {"id": "f", "value": {"alarm": "A-053", "hours": 99}, "src": "t"}, "invalid"),
        ("season", {"id": "g", "value": {"season": "summer", "hours": 1}, "src": "t"}, "applied"),
        ("prices", {"id": "h", "src": "t", "value": {"start": UNIX_S, "eur_per_kwh": [0.1] * 95}}, "invalid"),
        ("hash_price", {"id": "i", "src": "t", "value": {"usd_per_ph_day": -1, "ts": UNIX_S}}, "invalid"),
    ],
)
def test_every_fault_of_a_command_has_its_answer(
    nodered: Listener, name: str, payload: Any, code: str
) -> None:
    answer = ask(nodered, name, payload)
    assert answer["code"] == code
    assert answer["ok"] is (code == "applied")
    assert answer["reason"] or answer["ok"]


def test_the_same_id_acts_once(nodered: Listener) -> None:
    command = {"id": "twice", "value": {"season": "winter", "hours": 2}, "src": "nodered"}
    assert ask(nodered, "season", command)["code"] == "applied"
    assert ask(nodered, "season", command)["code"] == "duplicate"


def test_a_retained_command_is_refused_and_removed(broker: Secured, house: House, nodered: Listener) -> None:
    command = {"id": "r", "value": 3000, "src": "nodered"}
    assert ask(nodered, "power_request", command, retain=True)["code"] == "rejected_retained"
    until(lambda: nodered.last[f"{CMD}/power_request"] == "", "removed from the broker")
    assert house.last is not None
    assert house.last[1].status.power_source == "automatic"


def test_prices_of_today_and_tomorrow_reach_the_decision(house: House, nodered: Listener) -> None:
    start = UNIX_S - UNIX_S % 900
    for day, count in ((0, 96), (1, 92)):
        value = {"start": start + day * 96 * 900, "eur_per_kwh": [0.01 * day] * count}
        assert (
            ask(nodered, "prices", {"id": f"d{day}", "value": value, "src": "nodered"})["code"] == "applied"
        )
    spot = house.exchange.market.latest.spot
    assert (spot.start_unix_s, len(spot.eur_per_kwh)) == (start, 188)
    assert spot.at(start + 96 * 900) == 0.01


def test_a_copy_of_the_result_goes_where_it_may(nodered: Listener) -> None:
    for number, (topic, arrives) in enumerate(
        ((f"{RESULT}/mine", True), ("thermiq/walda/state/plc/mode", False))
    ):
        nodered.messages.clear()
        command = {"id": f"copy{number}", "value": "all", "src": "nodered"}
        ask(nodered, "ack", command, ResponseTopic=topic, CorrelationData=b"42")
        if arrives:
            until(lambda where=topic: where in nodered.last, "copy")  # type: ignore[misc]
        assert any(t == topic and "copy" in p for t, p, _ in nodered.messages) is arrives


def test_a_parameter_changes_within_its_limits_and_back(house: House, broker: Secured) -> None:
    # The parameter command needs the second ACL: here the link is asked directly, as that ACL would allow.
    state = "thermiq/walda/state/parameter/buffer_curve_base_degc"
    listener = broker.join("history", "thermiq/#")
    changes = house.linking._changes
    assert changes is not None
    changes.change({"name": "buffer.curve_base_degc", "value": 37.0}, source="test", unix_s=UNIX_S)
    until(lambda: listener.last.get(state) == "37.00", "shown")
    changes.change({"name": "buffer.curve_base_degc", "value": None}, source="test", unix_s=UNIX_S)
    until(lambda: listener.last[state] == "35.00", "back to the file")
    listener.close()


def test_home_assistant_and_history_cannot_command_and_node_red_only_what_it_may(
    broker: Secured, house: House, nodered: Listener
) -> None:
    for account, name, code in (
        ("homeassistant", "power_request", 135),
        ("history", "ack", 135),
        ("nodered", "parameter", 135),
        ("nodered", "hand", 135),
    ):
        client = broker.join(account)
        assert client.publish(f"{CMD}/{name}", {"value": 1}) == code, (account, name)
        client.close()
    other = broker.join("plc-walda", "thermiq/#")
    assert other.publish("thermiq/other/state/plc/mode", "auto") == 135
    other.publish("thermiq/walda/heartbeat", "{}")
    nodered.publish(f"{CMD}/ack", {"id": "end", "value": "all", "src": "nodered"})
    until(lambda: f"{CMD}/ack" in other.last, "delivered what it may read")
    assert {topic.split("/")[2] for topic in other.last} == {"cmd"}, "nothing but its commands is delivered"
    other.close()


def test_every_command_is_in_the_audit_log(house: House, nodered: Listener) -> None:
    ask(nodered, "ack", {"id": "logged", "value": "all", "src": "nodered"})
    folder = house.linking._keep.folder
    assert folder is not None
    found = until(lambda: [e for e in audit(folder.parent) if e["id"] == "logged"], "audit line")[0]
    assert (found["command"], found["src"], found["code"]) == ("ack", "nodered", "applied")


def test_wrong_password_and_foreign_authority_are_told_apart(broker: Secured, tmp_path: Path) -> None:
    with House(secured_site(tmp_path / "1", broker, "wrong")) as house:
        until(lambda: "refused the connection" in house.health()["problem"], "refused")
        assert house.exchange.health["mqtt_ok"]() is False
    subprocess.run(
        [DEPLOY / "make-certificates", tmp_path / "foreign", "localhost", "127.0.0.1"],
        check=True,
        capture_output=True,
    )
    broker.ca, ours = tmp_path / "foreign/ca.crt", broker.ca
    try:
        with House(secured_site(tmp_path / "2", broker)) as house:
            until(lambda: "TLS" in house.health()["problem"], "foreign authority")
    finally:
        broker.ca = ours


def test_the_password_may_be_read_by_nobody_else(broker: Secured, tmp_path: Path) -> None:
    site = secured_site(tmp_path, broker)
    (tmp_path / "secret").chmod(0o644)
    with House(site) as house:
        until(lambda: "chmod 600" in house.health()["problem"], "refused")
    assert "secret of" not in json.dumps(house.health())
