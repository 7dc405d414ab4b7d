"""The check-out on a device with the driver's semantics: guarded by the key, harmless in death."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plc.exits import Exit
from tools.twin.picontrol.process import VirtualPiControl, why_not_available

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[2]
WALDA = ROOT / "io_map/walda"
PATIENCE_S = 30.0


class Bay:
    """Device, terminals of a cabinet at rest with the key at MAINT, and the check-out as a process."""

    def __init__(self, device: VirtualPiControl, folder: Path) -> None:
        from tools.twin.crash_rig import Cabinet

        self.device = device
        self.cabinet = Cabinet(WALDA, device.terminals)
        self.cabinet.drive_healthy()
        self.cabinet.drive(flow_ok=False, safety_ok=False, mode_auto=False, mode_maint=True)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "plc", "checkout", str(WALDA), "--image", str(device.image)),
                *("--pictory", str(WALDA / "config.rsc"), "--protocol", str(folder)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self.said: list[str] = []

    def answer(self, questions: int) -> None:
        """Goes along with so many questions: starts every output, skips what a person would have to do."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if not line.rstrip().endswith("c/q]"):
                continue
            self.process.stdin.write("\n" if "Enter = los" in line else "s\n")
            questions -= 1
            if not questions:
                return
        raise AssertionError("".join(self.said))

    def skip_to_p3(self) -> None:
        """Skips every question before the pump, then lets it run."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pump = False
        for line in self.process.stdout:
            self.said.append(line)
            pump = pump or "] p3_on:" in line
            if line.rstrip().endswith("c/q]"):
                self.process.stdin.write("\n" if pump else "s\n")
                if pump:
                    break
        until(self.pump_runs, "P3 runs")

    def pump_runs(self) -> bool:
        byte, bit = self.cabinet.place("p3_on")
        with open(self.device.image, "rb", buffering=0) as image:
            return bool(image.read(4096)[byte] & 1 << bit)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@pytest.fixture
def bay(tmp_path: Path) -> Iterator[Bay]:
    missing = why_not_available()
    if missing is not None:
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with VirtualPiControl.start(WALDA / "config.rsc") as device:
        bay = Bay(device, tmp_path / "protocol")
        yield bay
        bay.end()


def test_a_killed_check_out_leaves_no_output_on(bay: Bay) -> None:
    bay.skip_to_p3()
    bay.process.send_signal(signal.SIGKILL)
    until(lambda: not bay.pump_runs(), "the driver zeroes the outputs of the dead handle")


@pytest.mark.parametrize("seed", range(4))
def test_a_check_out_killed_anywhere_leaves_no_output_on(bay: Bay, seed: int) -> None:
    dice = random.Random(seed)
    bay.answer(dice.randint(1, 24))
    time.sleep(dice.uniform(0.0, 1.5))  # into the middle of a pulse, a pause or a question
    bay.process.send_signal(signal.SIGKILL)
    bay.process.wait(PATIENCE_S)
    until(
        lambda: bool(bay.device.state()["outputs_zero"]), "the driver zeroes the outputs of the dead handle"
    )


def test_the_key_leaving_maintenance_ends_the_pulse_and_the_next_outputs_wait(bay: Bay) -> None:
    bay.skip_to_p3()
    bay.cabinet.drive(mode_maint=False)
    until(lambda: not bay.pump_runs(), "P3 stops")
    assert bay.process.stdout is not None
    verdict = next(line for line in bay.process.stdout if "FEHLER" in line)
    assert "WARTUNG" in verdict
    bay.process.send_signal(signal.SIGINT)
    assert bay.process.wait(PATIENCE_S) == Exit.CHECKOUT_FAILED
