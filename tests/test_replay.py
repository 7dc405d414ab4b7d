"""Replay: identical for the same program, the exact scan and reason for a changed one."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from plc.blocks.core import Reading, Tick
from plc.cli import main
from plc.plant import alarm_table, interlocks
from plc.plant import plant as plant_module
from plc.plant.alarm_table import ALARMS
from plc.plant.alarms import Alarms
from plc.plant.interface import (
    Command,
    ImageInputs,
    PlantInputs,
    PlantOutputs,
    ScanInputs,
    WallTime,
)
from plc.plant.interlock import Condition
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.plant.routes import DEFAULT_ROUTES
from plc.plant.tables import table_names
from plc.replay import plant_of
from plc.replay_state import fitted
from plc.store.plain import plain
from plc.store.recording import recorder
from plc.store.recording.layout import Layout
from plc.store.recording.reader import Recording

PERIOD_NS = 100_000_000
SCANS = 2500
LIMITER_OPEN = range(2003, 2006)  # the temperature limiter opens for three scans
GOOD = {
    "t_oil_degc": 40.0,
    "t_buffer_top_degc": 38.0,
    "t_charge_degc": 36.0,
    "t_buffer_bottom_degc": 33.0,
    "t_glycol_degc": 10.0,
    "t_outdoor_degc": 4.0,
}


def inputs(scan: int, outputs=None) -> PlantInputs:
    """A cabinet in good order whose contactors follow and whose oil wanders."""
    now_ns = scan * PERIOD_NS
    image = ImageInputs(
        dio_healthy=True,
        aio_healthy=True,
        safety_ok=True,
        estop1_ok=True,
        estop2_ok=True,
        flow_ok=outputs.p3_on if outputs else False,
        temp_max_ok=scan not in LIMITER_OPEN,
        k10_fb=outputs.m1_enable if outputs else False,
        k11_fb=outputs.m2_enable if outputs else False,
        cooler_ok=True,
        p4_ssm_ok=True,
        p5_ssm_ok=True,
        mode_auto=True,
        **{name: Reading.good(value + (scan % 97) / 64, now_ns) for name, value in GOOD.items()},
    )
    command = Command("power_request", 3000.0, "test", now_ns, expires_ns=now_ns + 10**12)
    return PlantInputs(
        image,
        wall=WallTime(1_700_000_000 + scan // 10, 3600, True),
        commands=(command,) if scan % 100 == 1 else (),
        scan=ScanInputs(restarted="start" if scan == 1 else ""),
    )


def record(folder: Path, scans: int) -> Path:
    """A recording of a plant that starts both miners."""
    parameters, ring = Parameters(), folder / "ring"
    plant = Plant(parameters)
    header = {
        "version": "0",
        "site": "test",
        "parameters": plain(parameters),
        "routes": plain(DEFAULT_ROUTES),
        "tables": table_names(),
    }
    ring.mkdir()
    writer = recorder.Recorder(ring, None, header, plant.state)
    writer.begin(0)
    image = None
    for scan in range(1, scans + 1):
        taken, tick = inputs(scan, image), Tick(scan * PERIOD_NS, PERIOD_NS)
        outputs = plant.step(taken, tick)
        image = outputs.image
        writer.scanned(tick, taken, outputs)
        if scan % 100 == 0:
            writer._drain()
    writer._drain()
    assert recorder.keep(ring, folder / "disk", "test") == ""
    return next((folder / "disk").iterdir())


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """A ring that has dropped its start; segments of ten seconds instead of a minute, to spare time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "SEGMENT_NS", 100 * PERIOD_NS)
        return record(tmp_path_factory.mktemp("recording"), SCANS)


def run(capsys, *words) -> tuple[int, dict, str]:
    code = main(["replay", *map(str, words), "--json"])
    text = capsys.readouterr().out
    return code, json.loads(text.splitlines()[-1]), text


def test_the_same_program_gives_the_same_outputs_bit_for_bit(recording, capsys):
    code, result, text = run(capsys, recording)
    assert code == 0, text
    assert result["identical"]
    assert 1000 <= result["scans"] < SCANS
    assert result["states"] >= 9, "the complete state is compared at every segment"


def edited(monkeypatch, name: str, **tables) -> None:
    """The interlocks of one actuator with other lines, as a changed source has them."""
    before = getattr(interlocks, name)
    after = replace(before, **tables)
    monkeypatch.setattr(interlocks, name, after)
    monkeypatch.setattr(
        interlocks, "TABLES", tuple(after if rules is before else rules for rules in interlocks.TABLES)
    )


def hot(facts) -> bool:
    return facts.t_oil is not None and facts.t_oil > HOT_DEGC


HOT_DEGC = 41.49  # 40 + (scan % 97) / 64: reached in one scan of 97
INVENTED = Condition("invented", hot, "erfunden", "invented")


def first_hot(recording: Path) -> int:
    """Time of the first recorded scan with hot oil."""
    scans = Recording.open(recording).scans()
    return next(scan.tick.now_ns for scan in scans if scan.inputs.image.t_oil_degc.value > HOT_DEGC)


@pytest.mark.parametrize(
    ("table", "lines", "seen"),
    [
        ("trip", lambda rules: (INVENTED, *rules), "m1 is blocked by invented"),
        ("trip", lambda rules: (*rules, INVENTED), "m1 is blocked by"),
        ("start", lambda rules: (*rules, INVENTED), "invented"),
    ],
)
def test_an_added_line_is_found_in_the_scan_in_which_it_first_holds(
    recording, capsys, monkeypatch, table, lines, seen
):
    edited(monkeypatch, "M1", **{table: lines(getattr(interlocks.M1, table))})
    code, result, text = run(capsys, recording)
    assert code == 7
    assert result["difference"]["now_ns"] == first_hot(recording)
    assert seen in text
    assert f"m1 {table}: invented is new" in result["program"]
    assert result["difference"]["context"][-1]["now_ns"] == result["difference"]["now_ns"]


def test_an_added_protection_is_found_in_the_scan_in_which_it_switches(recording, capsys, monkeypatch):
    edited(monkeypatch, "P3", protect=(INVENTED, *interlocks.P3.protect))
    code, result, _ = run(capsys, recording)
    assert code == 7
    assert result["difference"]["now_ns"] == first_hot(recording)
    recorded, now = result["difference"]["values"]["status.protected_by"]
    assert ["p3", "invented"] in now
    assert ["p3", "invented"] not in recorded


@pytest.mark.parametrize(
    "lines",
    [
        lambda rules: tuple(rung for rung in rules if rung.name != "temp_max"),
        lambda rules: tuple(
            replace(rung, holds=lambda facts: False) if rung.name == "temp_max" else rung for rung in rules
        ),
        lambda rules: tuple(
            replace(rung, holds=lambda facts: facts.temp_max_ok) if rung.name == "flow_missing" else rung
            for rung in rules
        ),
    ],
    ids=["removed", "never holds", "looks at another signal"],
)
def test_a_removed_or_changed_line_is_found_in_the_scan_in_which_it_was_missing(
    recording, capsys, monkeypatch, lines
):
    edited(monkeypatch, "M1", trip=lines(interlocks.M1.trip))
    code, result, _ = run(capsys, recording)
    found = result["difference"]
    assert code == 7
    first_ns = next(Recording.open(recording).scans()).tick.now_ns
    assert found["now_ns"] in (LIMITER_OPEN[0] * PERIOD_NS, first_ns)
    assert "status.blocked_by" in found["values"], "no output changes: the miners stand in any case"
    assert not any(path.startswith("image.") for path in found["values"])


def test_an_added_line_that_never_held_is_named_and_changes_nothing(recording, capsys, monkeypatch):
    quiet = replace(INVENTED, holds=lambda facts: False)
    edited(monkeypatch, "M1", trip=(quiet, *interlocks.M1.trip))
    code, result, text = run(capsys, recording)
    assert code == 0, text
    assert result["identical"]
    assert result["program"] == ["m1 trip: invented is new"]


def test_what_only_the_memory_knows_is_told_apart_from_what_the_plant_did(recording, capsys, monkeypatch):
    step = Alarms.step

    def miscounting(self, tick, facts, **wishes):
        step(self, tick, facts, **wishes)
        if tick.now_ns == 2050 * PERIOD_NS:
            self.counts[0] += 1

    monkeypatch.setattr(Alarms, "step", miscounting)
    code, result, text = run(capsys, recording)
    assert code == 7
    assert result["difference"]["values"] == {}
    assert result["difference"]["state"][0].startswith("alarms.counts[0]: recorded")
    assert "every output and every reason is the same" in text
    assert result["scans"] > result["difference"]["scan"], "it goes on: the scan that shows it may come"


def test_a_line_changed_in_a_copy_of_the_program_is_found_by_the_command(recording, tmp_path):
    root = Path(__file__).parents[1]
    shutil.copytree(root / "plc", tmp_path / "plc", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "plc/plant/interlocks.py"
    text = source.read_text(encoding="utf-8")
    line = '_c("temp_max", lambda f: not f.temp_max_ok,'
    assert text.count(line) == 1
    source.write_text(text.replace(line, '_c("temp_max", lambda f: f.t_oil is not None and f.t_oil > 41.49,'))
    done = subprocess.run(
        [sys.executable, "-m", "plc", "replay", str(recording), "--json"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["difference"]["now_ns"] == first_hot(recording)
    assert "m1 is blocked by temp_max" in done.stdout


def test_a_trip_that_came_later_takes_nothing_from_the_memory_of_the_others(recording):
    header = Recording.open(recording).header
    now = table_names()
    before = {**now, "trips": now["trips"][1:], "alarms": now["alarms"][1:]}
    plant = plant_of(header)
    older = plant.state()
    older["trips"]["_since_ns"] = list(range(len(now["trips"]) - 1))
    for name, items in older["alarms"].items():
        if isinstance(items, list) and len(items) == len(now["alarms"]):
            older["alarms"][name] = items[1:]
    older["alarms"]["counts"] = list(range(len(now["alarms"]) - 1))
    del older["season"]
    state, notes = fitted(plant, older, before, now)
    plant.restore(state)
    assert state["trips"]["_since_ns"] == [-1, *range(len(now["trips"]) - 1)]
    assert state["alarms"]["counts"] == [0, *range(len(now["alarms"]) - 1)]
    assert notes == ["season: not in the recording, begins as in a new plant"]


def test_a_recording_from_before_an_alarm_was_added_replays(tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "SEGMENT_NS", 20 * PERIOD_NS)
        older = ALARMS[:-1]
        patch.setattr(plant_module, "Alarms", lambda: Alarms(older))
        patch.setattr(alarm_table, "ALARMS", older)
        kept = record(tmp_path, 100)
    code, result, text = run(capsys, kept)
    assert code == 0, text
    assert result["states"] == 4
    assert result["program"] == [f"alarms: {ALARMS[-1].id} is new"]


def test_a_recording_of_an_older_version_replays_without_the_signals_that_came_later(
    tmp_path, capsys, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(
            recorder,
            "layouts",
            lambda: (
                Layout(PlantInputs, frozenset({"t_dhw_degc"})),
                Layout(PlantOutputs, recorder.SKIPPED_OUTPUTS | {"status.season"}),
            ),
        )
        older = record(tmp_path, 50)
    code, result, text = run(capsys, older, "--csv", tmp_path / "t.csv", "--summary")
    assert code == 0, text
    assert result["identical"]
    assert result["scans"] == 50


def test_a_recording_that_starts_in_the_middle_replays_too(recording, tmp_path, capsys):
    # The ring keeps eleven segments and has already dropped the start of this run.
    code, result, _ = run(capsys, recording, "--csv", tmp_path / "t.csv")
    assert code == 0
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert len(lines) == result["scans"] + 1
    assert lines[0].startswith("now_s,image.dio_healthy")
    assert float(lines[1].split(",")[0]) > 100


@pytest.mark.parametrize("at", [3, 60_000, -30])
def test_a_damaged_recording_replays_and_says_what_it_lacks(recording, tmp_path, capsys, at):
    content = bytearray(recording.read_bytes())
    content[at if at < len(content) else len(content) // 2] ^= 0x55
    (tmp_path / "damaged").write_bytes(content)
    code, result, text = run(capsys, tmp_path / "damaged")
    assert (code, result["identical"]) == (0, True)
    assert result["damaged_bytes"] > 0
    assert "torn or damaged" in text
    assert run(capsys, recording)[1]["damaged_bytes"] == 0


@pytest.mark.parametrize("option", ["--csv", "--plot"])
def test_a_table_that_cannot_be_written_is_named_without_a_traceback(recording, tmp_path, capsys, option):
    path = tmp_path / "no-such-folder/table"
    assert main(["replay", str(recording), option, str(path)]) == 2
    assert f"{path}: cannot be written" in capsys.readouterr().err


def test_no_recording_is_a_usage_error_without_a_traceback(tmp_path, capsys):
    (tmp_path / "x").write_text("hello")
    assert main(["replay", str(tmp_path / "x")]) == 2
    assert "not a recording" in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "none")]) == 2
