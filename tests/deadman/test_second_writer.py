"""One writer only: a second instance waits, and nothing that it does moves an output."""

import pty
import subprocess
import sys
import time

import pytest

from tools.twin.crash_rig import CrashRig
from tools.twin.picontrol.process import ROOT

pytestmark = pytest.mark.peer

ANOTHER_INSTANCE = 6


def test_second_instance_waits_and_takes_over_when_the_first_dies(rig: CrashRig) -> None:
    first = rig.controller("--force", "p3_on", "--after", "5")
    second = rig.controller(wait=False)
    second.wait_log("another instance")
    since = rig.picontrol.trace()[-1]["n"]
    time.sleep(0.6)
    assert rig.outputs(pid=second.pid) == []
    assert rig.outputs(pid=first.pid, since_n=since)  # the heartbeat at least
    first.process.kill()
    first.process.wait()
    rig.wait_for_outputs(second)


def test_waiting_instance_that_is_stopped_leaves_the_outputs_alone(rig: CrashRig) -> None:
    first = rig.controller("--force", "p3_on", "--after", "5")
    second = rig.controller(wait=False)
    second.wait_log("another instance")
    since = rig.picontrol.trace()[-1]["n"]
    second.process.terminate()
    assert second.exit_code() == 0
    assert first.process.poll() is None
    assert not [e for e in rig.picontrol.trace() if e["n"] > since and e["event"] == "clear"]


def test_second_instance_on_a_terminal_says_so_and_leaves(rig: CrashRig) -> None:
    rig.controller()
    _master, slave = pty.openpty()
    command = ["-m", "plc", "run", str(rig.site), "--image", str(rig.picontrol.image)]
    done = subprocess.run(
        [sys.executable, *command, "--pictory", str(rig.config_rsc)],
        cwd=ROOT,
        stdin=slave,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == ANOTHER_INSTANCE
    assert "another instance" in done.stderr


def test_without_the_lock_both_would_write(rig: CrashRig) -> None:
    rig.controller("--force", "p3_on", "--after", "5")
    second = rig.controller("--without", "sole_writer", wait=False)
    rig.wait_for_outputs(second)
