"""Faults of the image and of the bridge: leave, or degrade, but never write on a guess."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tools.twin.crash_rig import CrashRig

pytestmark = pytest.mark.peer

AT_WORK = ("--force", "p3_on,m1_enable", "--after", "5")
IMAGE_FAULT = 5


@pytest.mark.parametrize(
    "fault",
    ["stop", "fault read EAGAIN 1", "fault write EAGAIN 1", "fault read short 40 1", "fault read EIO 1"],
)
def test_any_fault_of_the_image_ends_the_program_with_outputs_0(rig: CrashRig, fault: str) -> None:
    program = rig.controller(*AT_WORK)
    rig.picontrol.command(fault)
    assert program.exit_code() == IMAGE_FAULT
    rig.picontrol.wait_for("release", pid=program.pid, armed=True)
    assert rig.picontrol.state()["outputs_zero"]


def move_everything(config_rsc: Path) -> None:
    """What PiCtory writes after a module was put left of the base: every address is another one."""
    content = json.loads(config_rsc.read_text(encoding="utf-8"))
    added = json.loads(json.dumps(next(d for d in content["Devices"] if d["productType"] == "96")))
    for section in ("inp", "out", "mem"):
        for fields in added[section].values():
            fields[0] += "_i31"
    length = 113
    added |= {"position": "31", "name": "dio31", "offset": 0}
    for device in content["Devices"]:
        device["offset"] += length
    content["Devices"].insert(0, added)
    config_rsc.write_text(json.dumps(content), encoding="utf-8")


def test_reset_with_a_changed_configuration_ends_the_program_before_it_writes(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK)
    move_everything(rig.config_rsc)
    rig.picontrol.command("reset")
    running = rig.picontrol.wait_for("run")
    assert program.exit_code() == IMAGE_FAULT
    assert rig.outputs(since_n=running["n"], pid=program.pid) in ([], _closing(rig, program.pid))
    assert rig.picontrol.state()["outputs_zero"]


def _closing(rig: CrashRig, pid: int) -> list[dict[str, object]]:
    """Clearing by the closing handle is the driver's doing, at the driver's own addresses."""
    return [entry for entry in rig.outputs(pid=pid) if entry["cause"] == "close"]


def test_reset_that_nobody_scanned_through_is_noticed_as_well(rig: CrashRig) -> None:
    """The program stands still while PiCtory resets the driver: no EAGAIN is ever seen."""
    program = rig.controller(*AT_WORK, "--fault", "stop@idle")
    program.announcement()
    move_everything(rig.config_rsc)
    rig.picontrol.command("reset")
    running = rig.picontrol.wait_for("run")
    os.kill(program.pid, signal.SIGCONT)
    assert program.exit_code(timeout_s=4.0) == IMAGE_FAULT
    written = [e for e in rig.outputs(since_n=running["n"], pid=program.pid) if e["cause"] == "write"]
    assert written == []


def test_restart_after_a_changed_configuration_refuses_the_wrong_map(rig: CrashRig) -> None:
    content = json.loads(rig.config_rsc.read_text(encoding="utf-8"))
    content["Devices"] = [device for device in content["Devices"] if device["productType"] != "103"]
    rig.config_rsc.write_text(json.dumps(content), encoding="utf-8")
    program = rig.controller(wait=False)
    assert program.exit_code() == 4
    assert rig.outputs(pid=program.pid) == []


def test_lost_module_stops_the_heartbeat_and_comes_back(rig: CrashRig) -> None:
    """Its inputs are frozen at "all well": only counters and module state tell."""
    program = rig.controller()
    rig.picontrol.command("module 32 offline")
    time.sleep(1.5)  # the driver is asked once a second
    since = rig.picontrol.trace()[-1]["n"]
    time.sleep(0.6)
    assert rig.edges("heartbeat", since_n=since) == []
    assert program.process.poll() is None
    rig.picontrol.command("module 32 online")
    back = rig.picontrol.trace()[-1]["n"]
    time.sleep(1.5)
    assert len(rig.edges("heartbeat", since_n=back)) >= 3


def test_missing_module_at_start_is_seen_in_the_status(rig: CrashRig) -> None:
    rig.picontrol.command("module 33 absent", "reset")
    rig.controller(wait=False)
    time.sleep(1.5)
    assert rig.edges("heartbeat") == []
    assert not any(rig.edges(name) for name in ("m1_enable", "m2_enable", "hp_block"))
