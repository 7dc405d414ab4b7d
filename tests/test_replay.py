"""Replay: identical for the same program, the exact scan and reason for a changed one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from plc.blocks.core import Reading, Tick
from plc.cli import main
from plc.plant import interlocks
from plc.plant.interface import Command, ImageInputs, PlantInputs, ScanInputs, WallTime
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.plant.routes import DEFAULT_ROUTES
from plc.store.plain import plain
from plc.store.recording import recorder

PERIOD_NS = 100_000_000
SCANS = 2500
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
        temp_max_ok=True,
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


def test_a_changed_interlock_is_found_in_its_scan_with_its_reason(recording, capsys, monkeypatch):
    rules = interlocks.M1
    never = replace(
        rules.trip[0], name="invented", holds=lambda facts: facts.t_oil is not None and facts.t_oil > 41
    )
    monkeypatch.setattr(interlocks, "M1", replace(rules, trip=(never, *rules.trip)))
    code, result, text = run(capsys, recording)
    assert code == 7
    assert "invented" in text
    assert result["difference"]["context"][-1]["now_ns"] == result["difference"]["now_ns"]


def test_a_recording_that_starts_in_the_middle_replays_too(recording, tmp_path, capsys):
    # The ring keeps eleven segments and has already dropped the start of this run.
    code, result, _ = run(capsys, recording, "--csv", tmp_path / "t.csv")
    assert code == 0
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert len(lines) == result["scans"] + 1
    assert lines[0].startswith("now_s,image.dio_healthy")
    assert float(lines[1].split(",")[0]) > 100


def test_no_recording_is_a_usage_error_without_a_traceback(tmp_path, capsys):
    (tmp_path / "x").write_text("hello")
    assert main(["replay", str(tmp_path / "x")]) == 2
    assert "not a recording" in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "none")]) == 2
