"""The demo as a person starts it: the summary line, Ctrl-C, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tools.demo_app.view import Trends, screen

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "simulated_s", "scans", "lost_cycles", "states_visited", "exit_code", "buffer_top_degc_start",
    "buffer_top_degc_end", "oil_max_degc", "body_max_degc", "miner_energy_kwh", "energy_residual",
    "deye_reads_ok", "deye_read_errors", "meter_reads_ok", "grpc_calls_ok", "grpc_call_errors", "miners",
    "miner_requested_w", "miner_metered_w", "miner_power_deviation_pct",
}  # fmt: skip
PATIENCE_S = 60.0


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The demo in a process group of its own; its temporary folders are made under `folder`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.demo_app", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    STARTED.append(process)
    return process


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """A test that fails half way leaves no demo running for ten minutes; its children end with it."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()


def children_on(folder: Path) -> list[int]:
    """Processes that have this folder in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in command:
                found.append(int(entry.name))
    return found


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.05)


def scanning(folder: Path) -> bool:
    return any(folder.glob("thermiq-demo-*/run/status.json"))


def status_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(next(folder.glob("thermiq-demo-*/run/status.json")).read_text())
    return found


INSTRUCTIONS = "mosquitto on 127.0.0.1:18830, everything below thermiq/demo-walda\n  look  mosquitto_sub\n"
PLANT = {
    "t_s": 4321.0,
    "heat_w": {"w1": 6123.0, "load": 3929.0, "air": 0.0, "heat_pump": 8107.0},
    "heat_pump": {"blocked": False, "on": True, "cop": 3.1},
    "miner_w": (3200.0, 3200.0),
    "miner_state": ("mining", "mining"),
    "pv_w": 0.0,
    "battery_w": 3411.0,
    "soc_pct": 49.0,
    "load_w": 3411.0,
    "grid_w": 12.0,
    "events": [(2400.0, "sensor_open", "t_oil_degc")],
}
"""The virtual house as its process describes it."""


def rendered(status: dict[str, Any], width: int = 130, *, roomy: bool = True) -> str:
    trends = Trends()
    for scan in range(40):
        trends.add({**status, "now_ns": scan})
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(width=width, record=True, file=nowhere)
        console.print(screen(status, PLANT, trends, INSTRUCTIONS, roomy=roomy))
        return console.export_text()


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    output, errors = process.communicate(timeout=PATIENCE_S)
    lines = output.splitlines()
    return process.returncode, json.loads(lines[-1]) if lines else {}, errors


def test_headless_prints_one_line_with_everything_in_it(tmp_path: Path) -> None:
    process = start(tmp_path, "--headless", "--speed", "100", "--for", "3")
    code, result, errors = ended(process)
    assert code == 0, errors
    assert result.keys() >= KEYS
    assert 300.0 <= result["simulated_s"] <= 300.2
    assert result["lost_cycles"] == 0
    assert result["exit_code"] == 0
    assert result["deye_reads_ok"] > 0
    assert result["meter_reads_ok"] > 0
    assert result["miner_requested_w"] is None  # no miner has run yet, and nothing pretends that one had
    assert result["scans"] == pytest.approx(3000, abs=2)
    assert {"INIT", "STANDBY"} <= set(result["states_visited"])
    assert abs(result["energy_residual"]) < 1e-4
    assert children_on(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_everything_in_order(tmp_path: Path) -> None:
    process = start(tmp_path, "--headless", "--speed", "max", "--for", "600")
    until(lambda: scanning(tmp_path), "first scan")
    os.killpg(process.pid, signal.SIGINT)
    code, result, errors = ended(process)
    assert code == 0, errors
    assert result["exit_code"] == 0
    assert "Traceback" not in errors
    assert children_on(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_killed_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    process = start(tmp_path, "--headless", "--speed", "10", "--for", "600")
    until(lambda: scanning(tmp_path), "first scan")
    assert len(children_on(tmp_path)) == 3, "plant, controller, broker"
    until(lambda: "outputs" in status_of(tmp_path), "status of a scan")
    status = status_of(tmp_path)
    status["status"]["alarms"] = ["A-083", "A-060", "A-020"]
    status["status"]["first_out"] = {"m1": "p4_low", "m2": "p4_low"}
    small = rendered(status, 80, roomy=False).rstrip().splitlines()
    assert len(small) <= 24, "everything is to be seen in the smallest terminal"
    assert max(map(len, small)) <= 80
    for words in ("oil ", "outdoor", "safety chain", "grid ", "of 100 ms", "mosquitto", "sensor_open"):
        assert any(words in line for line in small), words
    assert any("A-083 program restarted" in line and "1 more" in line for line in small)
    assert any("miners wait: P4 below its minimum" in line for line in small)
    picture = rendered(status)
    assert "SIMULATION" in picture
    assert "P3 miner loop" in picture
    process.kill()
    process.communicate()
    until(lambda: children_on(tmp_path) == [], "children end with their parent")


def test_a_dead_controller_ends_the_demo_and_says_why(tmp_path: Path) -> None:
    process = start(tmp_path, "--headless", "--speed", "10", "--for", "600")
    until(lambda: scanning(tmp_path), "first scan")
    os.kill(status_of(tmp_path)["pid"], signal.SIGKILL)
    code, result, errors = ended(process)
    assert code == 1
    assert result["exit_code"] == -9
    assert "controller ended with -9" in errors
    assert children_on(tmp_path) == []


@pytest.mark.parametrize(
    "arguments", [("--scenario", "no-such-story"), ("--speed", "0"), ("--speed", "fast")]
)
def test_a_wrong_argument_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, errors = ended(start(tmp_path, *arguments))
    assert code == 2
    assert "Traceback" not in errors


def test_the_list_of_scenarios_says_what_each_is(tmp_path: Path) -> None:
    process = start(tmp_path, "--scenario", "list")
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "winter-day" in output
    assert "p3-stops" in output


def test_the_view_waits_for_the_first_scan_instead_of_failing() -> None:
    assert "waiting" in rendered({})
