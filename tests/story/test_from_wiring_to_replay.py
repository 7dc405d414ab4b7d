"""The whole story, twice: from a new wiring map to a signed check-out, from a killed run to the reason.

Every piece has tests of its own; here they are used one after the other, as a person does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from plc.cli import main
from plc.commands.checkout import check_out
from plc.exits import Exit
from plc.opening import Options
from plc.plant import interlocks
from plc.site import load_site
from plc.store.recording.reader import Recording
from plc.store.recording.recorder import rescue
from tools.demo_app import demo_site
from tools.twin import scenarios
from tools.twin.checkout_operator import ScriptedOperator, VirtualCabinet
from tools.twin.image_terminals import read_wiring

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240.0  # a day of winter in fast time, on a machine that others use too


def swap(text: str, one: str, other: str) -> str:
    """Two channels change places in a wiring map."""
    assert f"channel: {one}\n" in text
    assert f"channel: {other}\n" in text
    text = text.replace(f"channel: {one}\n", "channel: -\n").replace(
        f"channel: {other}\n", f"channel: {one}\n"
    )
    return text.replace("channel: -\n", f"channel: {other}\n")


def test_from_a_swapped_wire_in_the_map_to_the_protocol(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A new house, copied from the first one; its electrician has used two inputs the other way round.
    house = tmp_path / "new-house"
    shutil.copytree(ROOT / "io_map/walda", house)
    wiring = house / "wiring.yaml"
    wiring.write_text(swap(wiring.read_text(), "dio01.DI8", "dio01.DI14"))

    assert main(["check", str(house)]) == Exit.WIRING_DIFFERS
    said = capsys.readouterr().err
    assert "COOLER_OK" in said
    assert "GRID_BLOCK" in said
    assert "PiCtory" in said, "it says how to fix it"

    assert main(["export", str(house), "pictory", "-o", str(house / "config.rsc")]) == Exit.OK
    assert main(["check", str(house)]) == Exit.OK

    # At the cabinet two other wires are crossed, and the flow switch never answers.
    site = demo_site.make(house, tmp_path / "site", scenarios.get("winter-day"))
    really = tmp_path / "really.yaml"
    really.write_text(swap((site / "wiring.yaml").read_text(), "dio01.DI9", "dio01.DI10"))
    cabinet = VirtualCabinet(tmp_path / "image", load_site(site), read_wiring(really))
    cabinet.rig.cabinet.flow_stuck_open = True
    options = Options(site, str(tmp_path / "image"), site / "config.rsc")
    code = check_out(
        options, cabinet.site, cabinet.clock, ScriptedOperator(cabinet), tmp_path / "protocol", "E. Lektriker"
    )
    cabinet.close()
    assert code == Exit.CHECKOUT_FAILED

    protocol = json.loads((tmp_path / "protocol/checkout.json").read_text())
    steps = protocol["steps"]
    assert "p5_ssm_ok (dio01.DI10, -X1:10)" in steps["p4_ssm_ok"]["found"]
    assert "flow_ok (dio01.DI4, -X1:4)" in steps["p3_on"]["found"]
    assert steps["cooler_ok"]["result"] == steps["grid_block"]["result"] == "pass"
    assert {key for key, step in steps.items() if step["result"] == "fail"} == {
        *("p4_ssm_ok", "p5_ssm_ok", "p3_on", "flow_ok"),
    }
    assert steps["m1_enable"]["result"] == "skip", "no contactor closes before flow is proven"
    assert protocol["head"]["map"] == load_site(site).files["wiring.yaml"]
    page = (tmp_path / "protocol/checkout.html").read_text()
    assert "E. Lektriker" in page
    assert "NICHT" in page


class Run:
    """A virtual plant and the controller as processes, in fast time and, to be lean, with a slow scan."""

    SPEED = 120
    PERIOD_MS = 200

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = demo_site.make(ROOT / "io_map/walda", folder / "site", scenarios.get("winter-day"))
        settings = yaml.safe_load((self.site / "site.yaml").read_text())
        settings["parameters"].setdefault("scan", {}).update(
            period_ms=self.PERIOD_MS, heartbeat_half_period_ms=400
        )
        settings["parameters"].setdefault("miners", {}).update(min_off_s=300)
        (self.site / "site.yaml").write_text(yaml.safe_dump(settings))
        files = ["--image", str(folder / "image"), "--pictory", str(self.site / "config.rsc")]
        clock = ["--clock", str(folder / "clock")]
        environment = {
            **os.environ,
            "THERMIQ_RUNTIME_DIR": str(folder / "run"),
            "THERMIQ_STATE_DIR": str(folder / "state"),
        }
        pace = ["--speed", str(self.SPEED), "--period-ms", str(self.PERIOD_MS)]
        self.twin = self._start(["-m", "tools.twin", *files, *clock, *pace], environment)
        wait_for(lambda: (folder / "clock").exists(), "the virtual plant")
        self.controller = self._start(["-m", "plc", "run", str(self.site), *files, *clock], environment)

    @staticmethod
    def _start(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdin=quiet, stdout=quiet, stderr=quiet
        )

    def status(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "run/status.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def end(self) -> None:
        for process in (self.controller, self.twin):
            process.kill()
            process.wait()


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Killed:
    """What a run left that was killed while it heated."""

    path: Path
    known_ns: int  # a scan that had certainly been handed to the recorder a second before the end
    scans: list[tuple[int, bool, float]]  # time, contactor of miner 1 closed, oil


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    run = Run(tmp_path_factory.mktemp("run"))
    try:
        wait_for(lambda: run.status().get("state") == "HEAT_BUFFER", "heating")
        time.sleep(2.0)
        known_ns = run.status()["now_ns"]
        time.sleep(1.2)  # the second that a recording may lack, and what a busy machine needs
        run.controller.kill()
    finally:
        run.end()
    site_id = load_site(run.site).site_id
    assert rescue(run.folder / "run/recording" / site_id, run.folder / "disk")
    path = next((run.folder / "disk").iterdir())
    scans = [
        (scan.tick.now_ns, scan.inputs.image.k10_fb, scan.inputs.image.t_oil_degc.value)
        for scan in Recording.open(path).scans()
    ]
    return Killed(path, known_ns, scans)


def test_a_killed_run_leaves_a_recording_that_lacks_at_most_its_last_second(killed: Killed) -> None:
    assert killed.scans[-1][0] >= killed.known_ns
    assert killed.scans[-1][1], "it was killed while a contactor was closed"


def test_it_replays_bit_for_bit(killed: Killed, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["replay", str(killed.path), "--json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (code, result["identical"]) == (0, True)
    assert result["scans"] == len(killed.scans) > 1000


def test_one_changed_line_in_an_interlock_is_found_in_its_scan_with_its_reason(
    killed: Killed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The line trips at an oil temperature that the running miners reached late in the recording.
    running = [(number, oil) for number, (_, closed, oil) in enumerate(killed.scans) if closed]
    limit = max(oil for _, oil in running) - 0.5
    expected = next(number for number, oil in running if oil > limit)
    rules = interlocks.M1
    changed = tuple(
        replace(rung, holds=lambda f: not f.temp_max_ok or (f.t_oil is not None and f.t_oil > limit))
        if rung.name == "temp_max"
        else rung
        for rung in rules.trip
    )
    monkeypatch.setattr(interlocks, "M1", replace(rules, trip=changed))
    code = main(["replay", str(killed.path), "--json"])
    text = capsys.readouterr().out
    difference = json.loads(text.splitlines()[-1])["difference"]
    assert code == Exit.REPLAY_DIFFERS
    assert difference["scan"] == expected
    assert "m1 is blocked by temp_max" in text
