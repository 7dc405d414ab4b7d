"""The demo's own broker: mosquitto where it is installed, else amqtt, which speaks MQTT 3.1.1 only.

On loopback, without accounts, without memory. Nothing of a real site's broker is read or used.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any

from tools.demo_app.processes import Child, wait_for

PREFERRED_PORT = 18830  # the same in every run as long as it is free, so that a client keeps its settings
START_S = 20.0


def mosquitto() -> str | None:
    """The program, if there is one."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def free_port() -> int:
    """The preferred port, or any."""
    for port in (PREFERRED_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on loopback")


class DemoBroker:
    """One broker process. port: where it listens. protocol: what it speaks."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        program = mosquitto()
        self.protocol = "5" if program else "3.1.1"
        log = folder / "broker.log"
        if program:
            config = folder / "mosquitto.conf"
            # Started as root it drops to an account that cannot read this folder.
            user = "user root\n" if os.geteuid() == 0 else ""
            config.write_text(
                f"{user}listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n",
                encoding="utf-8",
            )
            start = f"import os; os.execv({program!r}, [{program!r}, '-c', {str(config)!r}])"
            arguments = ["-c", start]
        else:
            arguments = ["-m", "tools.demo_app.small_broker", str(self.port)]
        self.process = Child("broker", arguments, log, environment={})
        if not wait_for(self._listens, START_S) or not self.process.running:
            self.process.end(1.0)
            raise SystemExit(f"the broker did not start:\n{self.process.last_words()}")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def section(self) -> dict[str, Any]:
        """The section `devices` of a site that uses it."""
        return {
            "mqtt": {
                "host": "127.0.0.1",
                "port": self.port,
                "user": "",
                "protocol": self.protocol,
                "command_entities": True,
            }
        }

    def end(self, patience_s: float) -> int:
        return self.process.end(patience_s)


def instructions(broker: DemoBroker, site_id: str) -> str:
    """What a person can try while the demo runs."""
    kind = "mosquitto" if broker.protocol == "5" else "amqtt (MQTT 3.1.1)"
    root = f"thermiq/{site_id}"
    request = '{"value": 2000, "src": "me", "ttl_s": 120}'
    return f"""\
{kind} on 127.0.0.1:{broker.port}, everything below {root}
  look            mosquitto_sub -p {broker.port} -v -t '{root}/state/#'
  command         mosquitto_pub -p {broker.port} -q 1 -t {root}/cmd/power_request -m '{request}'
  its result      mosquitto_sub -p {broker.port} -v -t '{root}/result/#'
  Node-RED        MQTT_HOST=127.0.0.1 MQTT_PORT={broker.port} node-red, import
                  deploy/node_red/flow.json, write {site_id} for walda in the properties of the tab
  Home Assistant  integration MQTT, broker 127.0.0.1 port {broker.port}: the device appears by itself
"""
