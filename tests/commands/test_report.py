"""`report` of a program that runs, and of one that was killed."""

import json
import time
from pathlib import Path

import pytest

from plc.blocks.core import Tick
from plc.cli import main
from plc.commands.report import lines
from plc.plant.interface import ImageInputs, PlantInputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.store.recording import recorder

ROOT = Path(__file__).resolve().parents[2]
PERIOD_NS = 100_000_000


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """Runtime and state directories of a machine on which nothing has run yet."""
    monkeypatch.setenv("THERMIQ_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("THERMIQ_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "run").mkdir()
    return tmp_path


def leave_ring(machine: Path) -> Path:
    """What a killed run leaves: ten scans, nothing kept."""
    plant, ring = Plant(Parameters()), machine / "run/recording/walda"
    ring.mkdir(parents=True)
    writer = recorder.Recorder(ring, None, {"version": "0", "site": "walda"}, plant.state)
    writer.begin(0)
    for scan in range(1, 11):
        taken, tick = PlantInputs(ImageInputs(True, True)), Tick(scan * PERIOD_NS, PERIOD_NS)
        writer.scanned(tick, taken, plant.step(taken, tick))
    writer._drain()
    return ring


def report(*words: str) -> int:
    return main(["report", str(ROOT / "io_map/walda"), *words])


def test_the_black_box_of_a_killed_run_needs_no_next_start(machine, capsys):
    ring = leave_ring(machine)
    assert report("--black-box") == 0
    said = capsys.readouterr().out
    assert "10 scans" in said
    assert str(ring) in said
    assert any(ring.iterdir()), "evidence stays where it is"
    assert not (machine / "state/walda/recordings").exists()


def test_the_ring_of_a_running_program_is_no_black_box(machine, capsys):
    leave_ring(machine)
    alive = {"site": "walda", "written_unix_s": time.time()}
    (machine / "run/status.json").write_text(json.dumps(alive))
    assert report("--black-box") == 2
    assert "--keep" in capsys.readouterr().err
    assert report("--keep") == 0
    capsys.readouterr()
    assert report("--black-box") == 0
    assert "kept because of: command" in capsys.readouterr().out


def test_lists_of_what_has_parts_are_shown_below_each_other():
    ports = [{"port": "ttyA", "open": True, "devices": [{"name": "meter", "ok": 5, "failures": {"crc": 1}}]}]
    late = [{"at_s": 1, "cause": "gc"}]
    text = lines({"site": "walda", "scan": {"last_late": late}, "services": {"rs485": {"ports": ports}}})
    assert "    at_s 1, cause gc" in text
    assert text[-6:-2] == ["      open: True", "      devices", "        meter", "          ok: 5"]
    assert not any("{" in line for line in text)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"site": "walda"}', '{"written_unix_s": "x"}'])
def test_a_status_that_is_none_is_told_in_a_sentence(machine, capsys, text):
    (machine / "run/status.json").write_text(text)
    for command in ("report", "why"):
        assert main([command, str(ROOT / "io_map/walda")]) == 1
        assert "status.json: no status of a running program" in capsys.readouterr().err


def test_why_of_a_program_that_has_died_ends_with_1(machine, capsys):
    dead = {"site": "walda", "written_unix_s": time.time() - 60.0, "now_ns": 0, "status": {}}
    (machine / "run/status.json").write_text(json.dumps(dead))
    assert main(["why", str(ROOT / "io_map/walda")]) == 1
    assert capsys.readouterr().out.startswith("! Das Programm läuft nicht")
