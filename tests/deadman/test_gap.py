"""Layer 3, the late-scan rule: a program that stood still must not go on where it was.

The driver does not latch: the first write after a pause brings the outputs back. So the program itself
has to notice the pause, in whatever phase of the scan it happened.
"""

import os
import signal
import time
from typing import Any

import pytest

from tests.deadman.conftest import WATCHDOG_MS
from tools.twin.crash_rig import CrashRig, Program

pytestmark = pytest.mark.peer

ENABLES = ("m1_enable", "m2_enable")
AT_WORK = ("--force", "p3_on,m1_enable,m2_enable", "--after", "5")
PHASES = ("idle", "read", "step", "block", "write", "device", "handover")
SETTLE_S = 0.5


def stand_still(rig: CrashRig, program: Program) -> dict[str, Any]:
    """Wait until the program stands and its outputs are gone, then let it go on; returns the clearing."""
    stopped_ns = program.announcement()["t_ns"]
    since = rig.last_before(stopped_ns)
    cleared = rig.picontrol.wait_for("outputs", since_n=since, cause="watchdog", zero=True)
    assert (cleared["t_ns"] - stopped_ns) / 1e9 < WATCHDOG_MS / 1000 + 1.0
    os.kill(program.pid, signal.SIGCONT)
    time.sleep(SETTLE_S)
    return cleared


def enables_after(rig: CrashRig, entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        later
        for later in rig.outputs(since_n=entry["n"])
        if any(rig.level(later, name) is True for name in ENABLES)
    ]


@pytest.mark.parametrize("phase", PHASES)
def test_no_enable_in_any_write_after_a_resume(rig: CrashRig, phase: str) -> None:
    program = rig.controller(*AT_WORK, "--fault", f"stop@{phase}")
    cleared = stand_still(rig, program)
    assert enables_after(rig, cleared) == []
    assert program.process.poll() is None
    assert rig.edges("heartbeat", since_n=cleared["n"])  # it scans again, with a new plant
    assert "scan_gap" in program.log()


def test_short_pause_is_a_late_scan_and_nothing_else(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK, "--fault", "stop@step")
    program.announcement()
    time.sleep(WATCHDOG_MS / 1000 / 4)
    os.kill(program.pid, signal.SIGCONT)
    time.sleep(SETTLE_S)
    assert not rig.picontrol.state()["outputs_zero"]
    assert not [entry for entry in rig.picontrol.trace() if entry["event"] == "clear"]
    assert "scan_gap" not in program.log()


def test_slow_image_is_a_pause_as_well(rig: CrashRig) -> None:
    """The time is lost inside the read: the check immediately before the write notices."""
    program = rig.controller(*AT_WORK)
    rig.picontrol.command(f"fault read delay {WATCHDOG_MS + 200}")
    cleared = rig.picontrol.wait_for("outputs", cause="watchdog", zero=True)
    time.sleep(SETTLE_S)
    assert enables_after(rig, cleared) == []
    assert program.process.poll() is None


@pytest.mark.parametrize("phase", ["idle", "step"])
def test_without_the_rule_the_old_decision_comes_back(rig: CrashRig, phase: str) -> None:
    program = rig.controller(*AT_WORK, "--without", "gap_rule", "--fault", f"stop@{phase}")
    cleared = stand_still(rig, program)
    assert enables_after(rig, cleared)
