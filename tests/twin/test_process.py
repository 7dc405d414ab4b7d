"""The twin as a process: a hand-made controller on the other side of image and clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import revpimodio2

from plc.blocks.core import ns
from plc.exits import Exit
from plc.loopback import is_pseudo_terminal
from plc.scan.clock import TurnClock

ROOT = Path(__file__).resolve().parents[2]
PICTORY = ROOT / "io_map/walda/config.rsc"
PERIOD_NS = ns(0.1)


class Bench:
    """Twin process and the controller's ends of image and clock."""

    def __init__(self, folder: Path) -> None:
        self.image = folder / "image"
        self.socket = folder / "clock"
        self.process: subprocess.Popen[str] | None = None

    def command(self, *options: str) -> list[str]:
        base = [sys.executable, "-m", "tools.twin", "--image", str(self.image), "--pictory", str(PICTORY)]
        return [*base, *options]

    def start(self, *options: str) -> TurnClock:
        self.process = subprocess.Popen(
            self.command("--clock", str(self.socket), *options),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 20.0
        while not self.socket.exists():
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return TurnClock(str(self.socket), PERIOD_NS)

    def finish(self) -> tuple[int, list[dict[str, Any]], str]:
        assert self.process is not None
        out, err = self.process.communicate(timeout=20.0)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    if bench.process is not None and bench.process.poll() is None:
        bench.process.kill()
        bench.process.communicate()


def controller(image: Path) -> revpimodio2.RevPiModIO:
    return revpimodio2.RevPiModIO(
        autorefresh=False, syncoutputs=False, procimg=str(image), configrsc=str(PICTORY)
    )


def test_time_moves_one_period_a_turn_and_ends_where_asked(bench: Bench) -> None:
    clock = bench.start("--for-s", "5")
    times = []
    while (turn := clock.next_turn()) is not None:
        times.append(turn.now_ns)
    assert times == [PERIOD_NS * (i + 1) for i in range(50)]
    assert clock.wall().synchronised
    assert clock.wall().utc_offset_s == 3600
    code, lines, err = bench.finish()
    assert code == Exit.OK
    assert "SIMULATED" in err
    assert all(line["sim"] for line in lines)
    assert lines[-1]["final"]
    assert lines[-1]["simulated_s"] == pytest.approx(5.0)
    assert lines[-1]["turns"] == 50
    assert lines[-1]["energy_residual"] < 1e-4
    assert not bench.socket.exists()


def test_outputs_act_on_the_house_and_its_contacts_come_back(bench: Bench) -> None:
    clock = bench.start("--for-s", "60")
    plc = controller(bench.image)
    clock.next_turn()
    lamp_seen = 0
    for i in range(400):
        assert plc.readprocimg()
        plc.io.P3_ON.value = True
        plc.io.HEARTBEAT.value = i % 4 < 2
        plc.io.RESET_LAMP.value = plc.io.FLOW_OK.value and not plc.io.SAFETY_OK.value
        lamp_seen += plc.io.RESET_LAMP.value
        plc.io.M1_ENABLE.value = plc.io.SAFETY_OK.value
        plc.io.P4_SP.value = 8000
        assert plc.writeprocimg()
        clock.next_turn()
    plc.readprocimg()
    assert lamp_seen > 10
    assert plc.core.status == 1  # bridge running
    assert plc.io.FLOW_OK.value
    assert plc.io.SAFETY_OK.value
    assert plc.io.K10_FB.value
    assert not plc.io.K11_FB.value
    assert plc.io.MODE_AUTO.value
    assert plc.io.P4_SSM_OK.value
    assert 250 < plc.io.B1_OIL.value < 450  # tenths of a degree
    assert 4000 < plc.io.B6_OUTDOOR.value < 20_000  # micro-ampere
    assert plc.io["Status"].value == 0
    clock.close()
    code, lines, _ = bench.finish()
    assert code == Exit.OK  # a controller that goes is the end, not a fault
    assert lines[-1]["miner_state"][0] == "booting"
    assert lines[-1]["flow_share"]["p4"] == pytest.approx(0.714, abs=0.01)


def test_the_same_run_twice_gives_the_same_house(bench: Bench, tmp_path: Path) -> None:
    finals = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run = Bench(tmp_path / name)
        clock = run.start("--scenario", "pv-day", "--for-s", "30")
        while clock.next_turn() is not None:
            pass
        finals.append(run.finish()[1][-1])
    assert finals[0] == finals[1]


def test_orders_on_stdin_break_things(bench: Bench) -> None:
    clock = bench.start("--orders", "--for-s", "60")
    assert bench.process is not None
    assert bench.process.stdin is not None
    bench.process.stdin.write("do sensor.t_oil_degc open\ndo grid_block\ndo nonsense\n")
    bench.process.stdin.flush()
    plc = controller(bench.image)
    for _ in range(100):
        clock.next_turn()
    plc.readprocimg()
    assert plc.io["RTDStatus_1"].value != 0
    assert plc.io.GRID_BLOCK.value
    bench.process.stdin.write("end\n")
    bench.process.stdin.flush()
    while clock.next_turn() is not None:
        pass
    code, lines, err = bench.finish()
    assert code == Exit.OK
    assert lines[-1]["simulated_s"] < 60.0
    assert "nonsense" in err


def test_orders_reach_the_virtual_devices(bench: Bench, tmp_path: Path) -> None:
    clock = bench.start("--orders", "--for-s", "60", "--rs485-link", str(tmp_path), "--speed", "30")
    assert bench.process is not None
    assert bench.process.stdin is not None
    link = tmp_path / "ttyInverter"
    assert is_pseudo_terminal(str(link))
    bench.process.stdin.write("deye unplug\ndeye fault frozen true\nm1 fault hang true\ndeye dance\nend\n")
    bench.process.stdin.flush()
    while clock.next_turn() is not None:
        pass
    code, _, err = bench.finish()
    assert code == Exit.OK
    assert not link.is_symlink()
    assert "m1 fault hang true: the miners are not served here" in err
    assert "dance" in err
    assert "frozen" not in err


def test_a_term_signal_ends_with_a_summary(bench: Bench) -> None:
    clock = bench.start()
    assert clock.next_turn() is not None
    assert bench.process is not None
    bench.process.terminate()
    while clock.next_turn() is not None:
        pass
    code, lines, _ = bench.finish()
    assert code == Exit.OK
    assert lines[-1]["final"]


@pytest.mark.parametrize("image", ["/dev/null", "/dev/zero"])
def test_a_character_device_is_refused_untouched(bench: Bench, image: str) -> None:
    bench.image = Path(image)
    done = subprocess.run(bench.command(), cwd=ROOT, capture_output=True, text=True, timeout=20.0)
    assert done.returncode == Exit.IMAGE_FAULT
    assert "not a regular file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_short_image_is_refused(bench: Bench) -> None:
    bench.image.write_bytes(bytes(100))
    done = subprocess.run(bench.command(), cwd=ROOT, capture_output=True, text=True, timeout=20.0)
    assert done.returncode == Exit.IMAGE_FAULT
    assert bench.image.stat().st_size == 100


def test_something_else_in_place_of_the_socket_is_left_alone(bench: Bench) -> None:
    bench.socket.write_text("precious")
    done = subprocess.run(
        bench.command("--clock", str(bench.socket)), cwd=ROOT, capture_output=True, text=True, timeout=20.0
    )
    assert done.returncode == Exit.USAGE
    assert bench.socket.read_text() == "precious"


def test_real_time_without_a_clock(bench: Bench) -> None:
    done = subprocess.run(
        bench.command("--for-s", "0.5"), cwd=ROOT, capture_output=True, text=True, timeout=20.0
    )
    assert done.returncode == Exit.OK
    assert json.loads(done.stdout.splitlines()[-1])["turns"] == 5
    assert os.path.getsize(bench.image) == 4096
