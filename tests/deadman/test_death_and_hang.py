"""Layer 1, the driver's output watchdog, and the program's own end: what stays on when it dies.

Each test says which outputs are 0 and by whose doing; how fast is measured by `tools/bench crash`.
The limits here are generous and only tell "at once" from "after the period" from "never".
"""

import signal
import time

import pytest

from tests.deadman.conftest import WATCHDOG_MS
from tools.twin.crash_rig import CrashRig, Program

pytestmark = pytest.mark.peer

AT_WORK = ("--force", "p3_on,m1_enable,m2_enable", "--after", "5")
GENEROUS_S = 1.0


def zero_after(rig: CrashRig, t_ns: int) -> tuple[float, str]:
    """Seconds from `t_ns` until all outputs were 0, and whose doing that was."""
    zero = rig.zero_after(rig.last_before(t_ns))
    return (zero["t_ns"] - t_ns) / 1e9, zero["cause"]


def remains_on(rig: CrashRig, program: Program) -> bool:
    """Outputs stay on for longer than any layer of the program would take."""
    time.sleep(2 * WATCHDOG_MS / 1000)
    assert program.process.poll() is None or program.process.returncode != 0
    return not rig.picontrol.state()["outputs_zero"]


def test_sigkill_zeroes_at_once_by_the_closing_handle(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK)
    killed_ns = time.monotonic_ns()
    program.process.send_signal(signal.SIGKILL)
    after_s, cause = zero_after(rig, killed_ns)
    assert cause == "close"
    assert after_s < WATCHDOG_MS / 1000


@pytest.mark.parametrize("phase", ["read", "step", "device"])
def test_death_in_any_phase_of_the_scan_leaves_nothing_on(rig: CrashRig, phase: str) -> None:
    program = rig.controller(*AT_WORK, "--fault", f"die@{phase}")
    died_ns = program.announcement()["t_ns"]
    assert zero_after(rig, died_ns)[1] == "close"
    assert program.exit_code() == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["raise", "memory", "thread_stays"])
def test_exception_in_the_scan_ends_in_a_safe_image_and_exit_1(rig: CrashRig, kind: str) -> None:
    """Also with a worker thread that never ends: it must not keep the process, and so the handle, alive."""
    program = rig.controller(*AT_WORK, "--fault", f"{kind}@step")
    raised_ns = program.announcement()["t_ns"]
    after_s, cause = zero_after(rig, raised_ns)
    assert cause == "write"  # the program's own last write, before any other layer
    assert after_s < WATCHDOG_MS / 1000
    assert program.exit_code() == 1
    assert not any(rig.picontrol.state()["handles"])


def test_exception_in_a_block_is_an_exception_in_the_scan(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK, "--fault", "raise@block")
    assert zero_after(rig, program.announcement()["t_ns"])[1] == "write"
    assert program.exit_code() == 1


def test_exception_in_another_thread_does_not_stop_the_scan(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK, "--fault", "thread_raises@step")
    raised_ns = program.announcement()["t_ns"]
    since = rig.last_before(raised_ns)
    time.sleep(1.0)
    assert program.process.poll() is None
    assert len(rig.edges("heartbeat", since_n=since)) >= 3
    assert "fault on purpose" in program.log()


@pytest.mark.parametrize("phase", ["read", "block"])
def test_endless_loop_zeroes_after_the_period_by_the_watchdog(rig: CrashRig, phase: str) -> None:
    program = rig.controller(*AT_WORK, "--fault", f"hang@{phase}")
    hung_ns = program.announcement()["t_ns"]
    after_s, cause = zero_after(rig, hung_ns)
    assert cause == "watchdog"
    assert after_s < WATCHDOG_MS / 1000 + GENEROUS_S
    assert program.process.poll() is None  # nothing in the process itself could help


def test_graceful_stop_writes_the_safe_image_and_ends_with_0(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK)
    asked_ns = time.monotonic_ns()
    program.process.send_signal(signal.SIGTERM)
    assert program.exit_code() == 0
    assert zero_after(rig, asked_ns)[1] == "write"


# --- the layer removed: the same observations must turn out badly ----------------------------------


def test_without_the_watchdog_a_killed_program_stays_on(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK, "--without", "watchdog")
    program.process.send_signal(signal.SIGKILL)
    assert remains_on(rig, program)


def test_without_the_watchdog_a_hung_program_stays_on(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK, "--without", "watchdog", "--fault", "hang@block")
    program.announcement()
    assert remains_on(rig, program)


def test_without_the_hard_exit_a_lasting_thread_keeps_the_process(rig: CrashRig) -> None:
    program = rig.controller(*AT_WORK, "--without", "leave", "--fault", "thread_stays@step")
    program.announcement()
    time.sleep(2.0)
    assert program.process.poll() is None
