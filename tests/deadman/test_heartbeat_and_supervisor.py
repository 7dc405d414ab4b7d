"""Layers 2 and 4: signs of life that only a healthy scan can give.

The watchdog relay K12 is not here; it needs edges, and these tests look at the edges. Each fault is also
tried with the driver's watchdog removed, so that the layer is seen to work alone.
"""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.deadman.conftest import HEARTBEAT_MS
from tools.twin.crash_rig import CrashRig, Program

pytestmark = pytest.mark.peer

ALONE = ("--without", "watchdog", "--after", "5")


def edges_for(rig: CrashRig, seconds: float) -> int:
    since = rig.picontrol.trace()[-1]["n"]
    time.sleep(seconds)
    return len(rig.edges("heartbeat", since_n=since))


def test_healthy_scan_toggles_the_heartbeat(rig: CrashRig) -> None:
    rig.controller()
    time.sleep(0.3)
    assert 4 <= edges_for(rig, 1.0) <= 1000 / HEARTBEAT_MS + 1


@pytest.mark.parametrize("fault", ["hang@block", "stop@idle", "die@step"])
def test_no_edge_without_a_scan(rig: CrashRig, fault: str) -> None:
    program = rig.controller(*ALONE, "--fault", fault)
    program.announcement()
    assert edges_for(rig, 0.6) == 0


def test_constant_level_is_no_sign_of_life(rig: CrashRig) -> None:
    rig.controller("--without", "heartbeat")
    assert edges_for(rig, 0.6) == 0


def notifications(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(path))
    receiver.setblocking(False)
    return receiver


def collect(receiver: socket.socket, seconds: float) -> list[str]:
    found, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found += receiver.recv(4096).decode().splitlines()
        except BlockingIOError:
            time.sleep(0.02)
    return found


@pytest.fixture
def supervised(rig: CrashRig) -> tuple[socket.socket, dict[str, str]]:
    receiver = notifications(rig.folder / "notify")
    return receiver, {"NOTIFY_SOCKET": str(rig.folder / "notify"), "WATCHDOG_USEC": "300000"}


def test_supervisor_hears_from_a_healthy_scan(
    rig: CrashRig, supervised: tuple[socket.socket, dict[str, str]]
) -> None:
    receiver, env = supervised
    program = rig.controller(env=env)
    heard = collect(receiver, 1.0)
    assert heard[0] == "READY=1"
    assert heard.count("WATCHDOG=1") >= 4
    program.process.send_signal(signal.SIGTERM)
    program.exit_code()
    assert "STOPPING=1" in collect(receiver, 0.2)
    receiver.close()


@pytest.mark.parametrize("fault", ["hang@block", "stop@write"])
def test_supervisor_hears_nothing_from_a_hung_scan(
    rig: CrashRig, supervised: tuple[socket.socket, dict[str, str]], fault: str
) -> None:
    receiver, env = supervised
    program: Program = rig.controller(*ALONE, "--fault", fault, env=env)
    program.announcement()
    collect(receiver, 0.1)
    assert "WATCHDOG=1" not in collect(receiver, 0.8)
    os.kill(program.pid, signal.SIGKILL)
    receiver.close()
