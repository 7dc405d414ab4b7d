"""A copy of a site that cannot be mistaken for it: own id, own devices, settings of the scenario.

The controller that the demo runs never sees the folder of a real house: with the copy it could not reach
one even if the loopback rule were gone.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.twin.modbus_devices.plant import TANK_FILE, TANK_KIND, add_tank, section
from tools.twin.scenario import Scenario

COPIED = ("wiring.yaml", "config.rsc")
MINER_PASSWORD = "root"  # of the virtual miners, and of nothing else


def free_ports(number: int) -> list[int]:
    """Ports on loopback that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def virtual_miners(folder: Path, ports: Sequence[int]) -> dict[str, Any]:
    """The section `devices` for miners that listen on these ports of this machine."""
    secret = folder / "miner-password"
    secret.touch(mode=0o600)
    secret.write_text(MINER_PASSWORD, encoding="utf-8")
    return {"miners": [{"host": "127.0.0.1", "port": port, "secret": str(secret)} for port in ports]}


def virtual_lines(folder: Path) -> dict[str, Any]:
    """The section `devices` for inverter and meters whose pseudo-terminals are linked in this folder."""
    return {"rs485": section(folder)}


def site_id(folder: Path) -> str:
    """The id that a copy has."""
    site = yaml.safe_load((folder / "site.yaml").read_text(encoding="utf-8"))
    return str(site["site"]["id"])


def make(source: Path, target: Path, scenario: Scenario, devices: Mapping[str, Any] | None = None) -> Path:
    """Writes the copy and returns its folder.

    devices: the section `devices` of the copy (virtual miners, pseudo-terminals, broker on loopback);
    without it the copy has no devices at all.
    """
    target.mkdir(parents=True)
    for name in COPIED:
        shutil.copyfile(source / name, target / name)
    site = yaml.safe_load((source / "site.yaml").read_text(encoding="utf-8"))
    site["site"]["id"] = f"demo-{site['site']['id']}"
    site["site"]["name"] = f"Demo ({site['site'].get('name', '')})"
    site["devices"] = dict(devices or {})
    settings = (
        ("request.power_w", scenario.request_w),
        ("safety.flow_latches", scenario.flow_latches),
        *scenario.parameters,
    )
    parameters = site.setdefault("parameters", {})
    for path, value in settings:
        group, _, name = path.partition(".")
        parameters.setdefault(group, {})[name] = value
    if parameters.get("dhw", {}).get("present"):
        _add_tank(site, target)
    header = "# Generated for one run of the demo; nothing here describes a real house.\n"
    text = yaml.safe_dump(site, sort_keys=False, allow_unicode=True)
    (target / "site.yaml").write_text(header + text, encoding="utf-8")
    return target


def _add_tank(site: dict[str, Any], target: Path) -> None:
    """The sensor of the hot water tank among the virtual devices; without them nobody measures it."""
    if not add_tank(site["devices"].get("rs485") or []):
        site["parameters"]["dhw"]["present"] = False
        return
    site["devices"]["hot_water"] = {"modbus": "tank.top_degc"}
    (target / "devices").mkdir()
    (target / "devices" / f"{TANK_KIND}.yaml").write_text(TANK_FILE, encoding="utf-8")
