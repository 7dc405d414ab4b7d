"""Commands over a real broker with accounts, ACL and TLS as shipped: each sender, each fault, each answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plc.linking import Linking
from tests.link.house import UNIX_S, House, make_site
from tests.peers.mqtt_rig import PASSWD, Broker, Listener, need, until

pytestmark = pytest.mark.peer
DEPLOY = Path(__file__).parents[2] / "deploy/mosquitto"
ACCOUNTS = ("plc-walda", "nodered", "homeassistant", "history", "health", "owner")
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
        # `owner` is a Home Assistant with the second ACL, as shipped.
        acl, second = folder / "acl", (DEPLOY / "command-entities.acl").read_text()
        acl.write_text(f"{(DEPLOY / 'thermiq.acl').read_text()}\nuser owner\ntopic read thermiq/#\n{second}")
        self.lines = [
            f"listener {self.port} 127.0.0.1",
            f"cafile {self.ca}",
            f"certfile {folder}/certs/server.crt",
            f"keyfile {folder}/certs/server.key",
            "allow_anonymous false",
            f"password_file {users}",
            f"acl_file {acl}",
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


@pytest.fixture
def owner(broker: Secured, house: House) -> Iterator[Listener]:
    made = broker.join("owner", "thermiq/#")
    yield made
    made.close()


def parameter(sender: Listener, number: int, name: str, value: Any) -> dict[str, Any]:
    return ask(
        sender, "parameter", {"id": f"k{number}", "src": "owner", "value": {"name": name, "value": value}}
    )


def test_a_parameter_is_in_force_at_once_stored_and_taken_back(house: House, owner: Listener) -> None:
    state, target = "thermiq/walda/state/parameter/buffer_target_offset_k", "buffer.target_offset_k"
    figure = "thermiq/walda/state/process/buffer_target_degc"
    until(lambda: figure in owner.last, "the target before")
    before = float(owner.last[figure])
    answer = parameter(owner, 1, target, 8.5)
    assert (answer["code"], answer["reason"]) == ("applied", "in force and stored")
    assert house.plant.changes.parameters.buffer.target_offset_k == 8.5
    until(lambda: owner.last[state] == "8.50", "shown")
    until(lambda: float(owner.last[figure]) == pytest.approx(before + 3.5, abs=0.05), "in force")
    folder = house.linking._keep.folder
    assert folder is not None
    kept = json.loads((folder / "parameters.json").read_text())[target]
    assert (kept["value"], kept["replaced"], kept["source"]) == (8.5, 5.0, "owner")
    logged = next(entry for entry in audit(folder.parent) if entry["id"] == "k1")
    assert (logged["code"], logged["value"]) == ("applied", {"name": target, "value": 8.5})
    again = Linking(house.linking._of_file, folder.parent)
    assert again.site.parameters.buffer.target_offset_k == 8.5, "the next start"
    assert parameter(owner, 2, target, None)["code"] == "applied"
    until(lambda: owner.last[state] == "5.00", "back to the file")
    assert house.plant.changes.parameters.buffer.target_offset_k == 5.0
    assert json.loads((folder / "parameters.json").read_text()) == {}


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [(10, "buffer.target_offset_k", 99), (11, "oil.trip_degc", 66), (12, "hp_block.permitted", True),
     (13, "season.winter_below_degc", 18), (14, "scan.period_ms", 20), (15, "nothing", 1)],
)  # fmt: skip
def test_a_parameter_that_may_not_be_is_refused(
    house: House, owner: Listener, number: int, name: str, value: Any
) -> None:
    before = house.plant.changes.parameters
    answer = parameter(owner, number, name, value)
    assert (answer["ok"], answer["code"]) == (False, "invalid")
    assert answer["reason"]
    assert house.plant.changes.parameters is before


def test_a_block_of_the_heat_pump_is_refused_with_its_reason_and_a_free_one_is_granted(
    house: House, nodered: Listener
) -> None:
    command = {"id": "hp1", "value": "block", "src": "nodered", "ttl_s": 60}
    answer = ask(nodered, "hp_block_request", command)
    assert (answer["ok"], answer["code"]) == (False, "interlock")
    assert answer["reason"], "the name of the first cause"
    free = {"id": "hp2", "value": "free", "src": "nodered", "ttl_s": 60}
    assert ask(nodered, "hp_block_request", free)["code"] == "applied"
    wish, source = (f"thermiq/walda/state/plc/hp_block_{name}" for name in ("wish", "source"))
    until(lambda: (nodered.last.get(wish), nodered.last.get(source)) == ("free", "nodered"), "the wish")
    until(lambda: "remote_free" in nodered.last["thermiq/walda/state/blocked/hp_block"], "named cause")
    end = {"id": "hp3", "value": "auto", "src": "nodered"}
    assert ask(nodered, "hp_block_request", end)["code"] == "applied"
    until(lambda: nodered.last[wish] == "auto", "taken back")


def test_the_report_and_the_words_of_the_decision_are_on_the_broker(house: House, nodered: Listener) -> None:
    until(lambda: "thermiq/walda/report" in nodered.last, "report")
    assert nodered.json("thermiq/walda/report")["scan"]["period_ms"] == 100.0
    assert nodered.last["thermiq/walda/state/decision/policy"] == "marginal"
    assert float(nodered.last["thermiq/walda/state/counter/heat_kwh"]) >= 0.0  # it may have heated before


def test_the_end_of_the_first_certificate_is_told(house: House, nodered: Listener) -> None:
    days = "thermiq/walda/state/link/certificate_days"
    until(lambda: nodered.last.get(days, "None") != "None", "days")
    assert 700 < float(nodered.last[days]) < 835  # the plant of the test lives a few days ago
    assert nodered.last["thermiq/walda/state/link/certificate"] == "broker"
    assert house.exchange.health["certificates_ok"]() is True


def test_home_assistant_and_history_cannot_command_and_node_red_only_what_it_may(
    broker: Secured, house: House, nodered: Listener
) -> None:
    for account, name, code in (
        ("homeassistant", "power_request", 135),
        ("history", "ack", 135),
        ("nodered", "parameter", 135),
        ("homeassistant", "hp_block_request", 135),
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
        assert house.exchange.health["account_ok"]() is False
        house.scan(120)
        assert house.last is not None
        assert "A-062" in house.last[1].status.alarms
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
