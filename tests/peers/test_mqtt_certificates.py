"""Client certificates and ends of certificates, against a real mosquitto that asks for them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from plc.link import certificates
from tests.link.house import UNIX_S, House, make_site
from tests.peers.mqtt_rig import Broker, need, until

pytestmark = pytest.mark.peer
MAKE = Path(__file__).parents[2] / "deploy/mosquitto/make-certificates"
ACL = MAKE.with_name("thermiq.acl")


def make(*words: object) -> None:
    need(shutil.which("openssl"), "openssl")
    subprocess.run([MAKE, *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = Broker(tmp_path_factory.mktemp("broker"))
    certs = made.folder / "certs"
    make(certs, "localhost", "127.0.0.1")
    make(certs, "client", "plc-walda")
    make(certs, "client", "stranger")
    made.lines = [
        f"listener {made.port} 127.0.0.1",
        f"cafile {certs}/ca.crt",
        f"certfile {certs}/server.crt",
        f"keyfile {certs}/server.key",
        "require_certificate true",
        "use_identity_as_username true",
        f"acl_file {shutil.copy(ACL, made.folder / 'acl')}",
    ]
    made.start()
    yield made
    made.kill()


def site(folder: Path, broker: Broker, account: str):
    certs = broker.folder / "certs"
    own = (
        {"certificate": f"{certs}/{account}.crt", "certificate_key": f"{certs}/{account}.key"}
        if account
        else {}
    )
    return make_site(folder, name="walda", port=broker.port, user="", ca_file=f"{certs}/ca.crt", **own)


def test_the_name_in_the_certificate_is_the_account(broker: Broker, tmp_path: Path) -> None:
    with House(site(tmp_path, broker, "plc-walda")) as house:
        house.wait_online()
        until(lambda: house.health()["unacknowledged"] == 0, "everything taken")
        assert house.health()["denied"] == 0
        assert house.health()["problem"] == ""


def test_another_name_connects_and_may_write_nothing(broker: Broker, tmp_path: Path) -> None:
    with House(site(tmp_path, broker, "stranger")) as house:
        until(lambda: house.health()["denied"] > 10, "refused message by message")


def test_without_a_certificate_nobody_comes_in(broker: Broker, tmp_path: Path) -> None:
    with House(site(tmp_path, broker, "")) as house:
        until(lambda: house.health()["problem"], "turned away")
        assert not house.link.ok()


def test_the_one_that_ends_first_raises_an_alarm_a_month_before(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with House(site(tmp_path, broker, "plc-walda")) as house:
        house.wait_online()
        found = {ending.whose: ending.unix_s for ending in house.link._line.certificates}
        assert set(found) == {"authority", "own", "broker"}
        house.unix_s = round(min(found.values()) - 29.5 * certificates.DAY_S)
        until(lambda: house.exchange.health["certificates_ok"]() is False, "noticed")
        house.scan(620)
        assert house.last is not None
        assert "A-063" in house.last[1].status.alarms
        assert house.health()["certificate"] in ("own", "broker")
        assert house.health()["certificate_days"] == pytest.approx(29.5, abs=0.1)
        house.unix_s = UNIX_S
        until(lambda: house.exchange.health["certificates_ok"]() is True, "time enough")
