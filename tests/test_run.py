"""`python -m plc run` as a process: start, stop, a second instance, and what it refuses.

Real processes on a plain file as process image; a small server of turns where time has to pass quickly.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.demo_app import demo_site
from tools.twin import scenarios

ROOT = Path(__file__).resolve().parent.parent
IMAGE_BYTES = 4096
PATIENCE_S = 30.0  # bounds a test that would hang; nothing is asserted about speed


class Cabinet:
    """A folder with site, image and state, and the processes started on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = demo_site.make(ROOT / "io_map/walda", folder / "site", scenarios.get("winter-day"))
        self.image = folder / "image"
        self.image.write_bytes(b"\xff" * IMAGE_BYTES)  # whatever a dead predecessor left on
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *extra: str, stdin: int = subprocess.DEVNULL, run: str = "run") -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "THERMIQ_RUNTIME_DIR": str(self.folder / run),
            "THERMIQ_STATE_DIR": str(self.folder / "state"),
            "PYTHONPATH": str(ROOT),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "plc", "run", str(self.site), "--image", str(self.image), *extra],
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.processes.append(process)
        return process

    def status(self, run: str = "run") -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / run / "status.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def scans(self) -> int:
        return int(self.status().get("scan", {}).get("scans", 0))

    def output_bytes(self) -> list[bytes]:
        """The output blocks of the modules, base module (LED, error limits) left out."""
        config = json.loads((self.site / "config.rsc").read_text())
        image = self.image.read_bytes()
        blocks = []
        for device in config["Devices"]:
            if device["type"] == "BASE":
                continue
            places = [
                (device["offset"] + int(io[3]) + (int(io[7]) // 8 if io[7] else 0), max(int(io[2]) // 8, 1))
                for io in device["out"].values()
            ]
            blocks += [image[start : start + length] for start, length in places]
        return blocks

    @property
    def safe(self) -> bool:
        return not any(any(block) for block in self.output_bytes())


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.02)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, errors


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    made = Cabinet(tmp_path)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


class Turns:
    """A virtual plant that only tells the time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen(1)
        self._server.settimeout(PATIENCE_S)
        self._connection: socket.socket | None = None
        self.now_ns = 1_000_000_000

    def give(self, number: int, dt_ns: int = 100_000_000) -> None:
        if self._connection is None:
            self._connection, _ = self._server.accept()
            self._connection.settimeout(PATIENCE_S)
        for _ in range(number):
            assert self._connection.recv(1) == b"T"
            self.now_ns += dt_ns
            self._connection.sendall(struct.pack("<qqiI", self.now_ns, 1_768_460_400, 3600, 1))

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._server.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_with_the_safe_image_and_exit_0(cabinet: Cabinet, number: signal.Signals) -> None:
    process = cabinet.start()
    until(lambda: cabinet.scans() > 0, "first scan")
    process.send_signal(number)
    code, errors = ended(process)
    assert code == 0, errors
    assert cabinet.safe
    assert "no output watchdog" in errors
    assert errors.count("no output watchdog") == 1


def test_the_outputs_of_a_dead_predecessor_are_off_before_the_first_scan(cabinet: Cabinet) -> None:
    turns = Turns(cabinet.folder / "clock")
    cabinet.start("--clock", str(turns.path))
    assert not cabinet.safe
    until(lambda: cabinet.safe, "safe image")
    assert cabinet.scans() == 0
    turns.hang_up()


def test_virtual_time_gives_every_scan_and_ends_with_exit_0(cabinet: Cabinet) -> None:
    turns = Turns(cabinet.folder / "clock")
    process = cabinet.start("--clock", str(turns.path))
    turns.give(300)
    turns.hang_up()
    code, errors = ended(process)
    assert code == 0, errors
    status = cabinet.status()
    assert status["scan"]["scans"] in (299, 300)  # the last turn ends with the socket or with its scan
    assert status["scan"]["lost_cycles"] == 0
    assert status["states_visited"][0] == "INIT"
    assert status["site"] == "demo-walda"
    assert status["simulated"] is True
    assert cabinet.safe


def test_prices_from_a_file_reach_the_plant(cabinet: Cabinet) -> None:
    def dynamic(site: dict[str, Any]) -> None:
        site["parameters"]["economics"]["tariff"]["kind"] = "dynamic"
        site["prices"] = {"file": "prices.csv"}

    edit_site(cabinet, dynamic)
    midnight = 1_768_431_600  # of the day on which the virtual plant's clock stands, in Berlin
    rows = [f"{midnight + quarter * 900};{90 + quarter / 10:.1f}".replace(".", ",") for quarter in range(96)]
    (cabinet.site / "prices.csv").write_text("\r\n".join(["time;EUR/MWh", *rows, ""]))
    turns = Turns(cabinet.folder / "clock")
    process = cabinet.start("--clock", str(turns.path))

    def spot() -> list[float]:
        turns.give(1)
        inputs = cabinet.status().get("inputs")
        found: list[float] = inputs["market"]["spot"]["eur_per_kwh"] if inputs else []
        return found

    until(lambda: len(spot()) == 96, "prices in a scan")
    assert spot()[:2] == pytest.approx([0.09, 0.0901])
    assert cabinet.status()["services"]["prices"]["until_unix_s"] == midnight + 96 * 900
    turns.hang_up()
    assert ended(process)[0] == 0


def test_a_gap_in_time_beyond_the_watchdog_period_makes_a_new_plant(cabinet: Cabinet) -> None:
    turns = Turns(cabinet.folder / "clock")
    process = cabinet.start("--clock", str(turns.path))
    turns.give(20)
    turns.give(1, dt_ns=5_000_000_000)
    turns.give(20)
    turns.hang_up()
    code, errors = ended(process)
    assert code == 0, errors
    assert cabinet.status()["scan"]["restarts"] == 1
    assert "plant starts anew" in errors


def test_a_second_instance_without_a_terminal_waits_and_touches_nothing(cabinet: Cabinet) -> None:
    turns = Turns(cabinet.folder / "clock")
    first = cabinet.start("--clock", str(turns.path))
    turns.give(50)  # now it stands still in its turn, with whatever it has written
    before = cabinet.image.read_bytes()
    second = cabinet.start(run="second")
    assert second.stderr is not None
    line = second.stderr.readline()
    assert "another instance" in line
    assert second.poll() is None
    assert cabinet.image.read_bytes() == before
    second.send_signal(signal.SIGTERM)
    assert ended(second)[0] == 0
    assert cabinet.image.read_bytes() == before
    turns.hang_up()
    assert ended(first)[0] == 0


def test_a_waiting_instance_takes_over_when_the_first_is_killed(cabinet: Cabinet) -> None:
    first = cabinet.start()
    until(lambda: cabinet.scans() > 0, "first scan")
    cabinet.start(run="second")
    first.kill()
    first.wait()
    until(lambda: cabinet.status("second").get("scan", {}).get("scans"), "first scan of the second instance")


def test_a_second_instance_on_a_terminal_leaves_with_exit_6(cabinet: Cabinet) -> None:
    cabinet.start()
    until(lambda: cabinet.scans() > 0, "first scan")
    controlling, terminal = pty.openpty()
    try:
        code, errors = ended(cabinet.start(stdin=terminal, run="second"))
    finally:
        os.close(controlling)
        os.close(terminal)
    assert code == 6
    assert "another instance" in errors
    assert "Traceback" not in errors


def edit_site(cabinet: Cabinet, change: Callable[[dict[str, Any]], None]) -> None:
    path = cabinet.site / "site.yaml"
    site = yaml.safe_load(path.read_text())
    change(site)
    path.write_text(yaml.safe_dump(site))


@pytest.mark.parametrize(
    ("devices", "named"),
    [
        ({"miners": [{"host": "192.168.10.21", "secret": "credential:a"}]}, "192.168.10.21"),
        ({"miners": [{"host": "miner.lan", "secret": "credential:a"}]}, "miner.lan"),
        ({"mqtt": {"host": "10.0.0.1"}}, "10.0.0.1"),
        ({"rs485": [{"port": "/dev/ttyUSB0"}]}, "/dev/ttyUSB0"),
        ({"rs485": [{"port": "/dev/null"}]}, "/dev/null"),
    ],
)
def test_a_file_image_refuses_everything_that_could_be_a_real_house(
    cabinet: Cabinet, devices: dict[str, Any], named: str
) -> None:
    edit_site(cabinet, lambda site: site.update(devices=devices))
    before = cabinet.image.read_bytes()
    code, errors = ended(cabinet.start())
    assert code == 3, errors
    assert named in errors
    assert "--live-devices" in errors
    assert "Traceback" not in errors
    assert cabinet.image.read_bytes() == before


def test_loopback_addresses_and_pseudo_terminals_may_be_used(cabinet: Cabinet) -> None:
    controlling, terminal = pty.openpty()
    devices = {"mqtt": {"host": "127.0.0.1"}, "rs485": [{"port": os.ttyname(terminal)}]}
    edit_site(cabinet, lambda site: site.update(devices=devices))
    try:
        cabinet.start()
        until(lambda: cabinet.scans() > 0, "first scan")
    finally:
        os.close(controlling)
        os.close(terminal)


def test_live_devices_lift_the_rule_and_exclude_virtual_time(cabinet: Cabinet) -> None:
    code, errors = ended(cabinet.start("--live-devices", "--clock", "x"))
    assert code == 2
    assert "exclude each other" in errors


def test_virtual_time_without_a_virtual_plant_is_refused(cabinet: Cabinet) -> None:
    code, errors = ended(cabinet.start("--clock", str(cabinet.folder / "nobody")))
    assert code == 2
    assert "no virtual plant" in errors
    assert "Traceback" not in errors


def test_virtual_time_on_a_device_is_refused() -> None:
    """/dev/zero stands for the driver's device: a character device that takes reads and writes."""
    code, errors = ended(
        subprocess.Popen(
            [sys.executable, "-m", "plc", "run", "io_map/walda", "--image", "/dev/zero", "--clock", "x",
             "--pictory", "io_map/walda/config.rsc"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
    )  # fmt: skip
    assert code == 2
    assert "--clock" in errors


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda cabinet: cabinet.image.unlink(), 5),
        (lambda cabinet: (cabinet.site / "site.yaml").write_text("site: ["), 3),
        (lambda cabinet: (cabinet.site / "wiring.yaml").unlink(), 3),
        (lambda cabinet: (cabinet.site / "config.rsc").write_text("{}"), 4),
    ],
)
def test_what_cannot_run_says_why_without_a_traceback(
    cabinet: Cabinet, spoil: Callable[[Cabinet], object], code: int
) -> None:
    spoil(cabinet)
    found, errors = ended(cabinet.start())
    assert found == code, errors
    assert errors.strip()
    assert "Traceback" not in errors


def test_an_image_that_fails_while_running_ends_with_exit_5(cabinet: Cabinet) -> None:
    turns = Turns(cabinet.folder / "clock")
    process = cabinet.start("--clock", str(turns.path))
    turns.give(20)
    os.truncate(cabinet.image, 10)  # every read from now on is short
    with contextlib.suppress(AssertionError, OSError):  # it hangs up on the first of them
        turns.give(5)
    code, errors = ended(process)
    assert code == 5, errors
    turns.hang_up()


def test_no_subcommand_and_unknown_arguments_are_usage_errors() -> None:
    for arguments in ([], ["fly"], ["run"]):
        done = subprocess.run(
            [sys.executable, "-m", "plc", *arguments], capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 2
        assert "usage" in done.stderr
