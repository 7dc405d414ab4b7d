"""Real mosquitto for tests: own folder and loopback port, accounts, ACL, TLS with an authority made here."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tools.demo_app.demo_site import free_ports

PATIENCE_S = 20.0
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
PASSWD = shutil.which("mosquitto_passwd")


def need(program: str | None, name: str) -> str:
    """The program, or a skipped test; in CI a failed one."""
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing")
        pytest.skip(f"{name} is missing (apt install {name})")
    return program


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)
    return found


class Broker:
    """One mosquitto process."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.program = need(MOSQUITTO, "mosquitto")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.port = port or free_ports(1)[0]
        self.lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence false"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        path = self.folder / "mosquitto.conf"
        user = "" if os.geteuid() else "user root\n"  # else it drops to an account that cannot read here
        path.write_text(user + "\n".join(self.lines) + "\n", encoding="utf-8")
        log = (self.folder / "broker.log").open("ab")
        self.process = subprocess.Popen([self.program, "-c", str(path)], stdout=log, stderr=log)
        until(self._listens, f"broker: {(self.folder / 'broker.log').read_text()}")
        return self

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None


class Listener:
    """A client that remembers the last payload of every topic, and every message."""

    def __init__(
        self, port: int, *topics: str, user: str = "", password: str = "", ca: Path | None = None
    ) -> None:
        self.last: dict[str, str] = {}
        self.messages: list[tuple[str, str, bool]] = []
        self.reasons: dict[int, int] = {}
        self.refused = ""
        self._ready = threading.Event()
        self._topics = topics
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        if user:
            client.username_pw_set(user, password)
        if ca is not None:
            client.tls_set(ca_certs=str(ca))
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_publish = self._on_publish
        self.client = client
        client.connect("127.0.0.1", port, clean_start=True)
        client.loop_start()
        assert self._ready.wait(PATIENCE_S) or self.refused, "no connection to the broker"

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, props: Any) -> None:
        if reason.is_failure:
            self.refused = str(reason)
            self._ready.set()
            return
        if not self._topics:
            self._ready.set()
        for topic in self._topics:
            client.subscribe(topic, options=SubscribeOptions(qos=1, retainAsPublished=True))

    def _on_message(self, client: Any, data: Any, message: Any) -> None:
        payload = message.payload.decode("utf-8", "replace")
        self.messages.append((message.topic, payload, bool(message.retain)))
        self.last[message.topic] = payload

    def _on_publish(self, client: Any, data: Any, mid: int, reason: Any, props: Any) -> None:
        self.reasons[mid] = reason.value

    def publish(
        self, topic: str, payload: Any, *, retain: bool = False, qos: int = 1, **properties: Any
    ) -> int:
        """Publishes and waits for the acknowledgement; returns its reason code."""
        made = None
        if properties:
            made = Properties(PacketTypes.PUBLISH)
            for name, value in properties.items():
                setattr(made, name, value)
        text = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
        info = self.client.publish(topic, text, qos, retain, properties=made)
        if qos:
            until(lambda: info.mid in self.reasons, "PUBACK")
            return self.reasons[info.mid]
        return 0

    def json(self, topic: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.last[topic])
        return found

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
