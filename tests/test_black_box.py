"""What a recording says to a person: the summary of its end, and a chart without invented values."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from plc.black_box import _curves, black_box, chart, words
from plc.cli import main
from plc.site import load_site
from plc.store.recording.reader import Recording
from tests.test_replay import record

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("box"), 1_500)


def test_the_summary_says_how_it_ended_and_what_changed_before(path: Path) -> None:
    box = black_box(Recording.open(path))
    text = "\n".join(words(box, path))
    assert box.scans == 1_500
    assert box.why == "test"
    assert f"at the end: {box.last['status.state']}" in text
    assert any(what == "image.p3_on" and (was, now) == (False, True) for _, what, was, now in box.changes)
    assert all(ago_s >= 0 for ago_s, *_ in box.changes)
    assert not any("heartbeat" in what for _, what, *_ in box.changes)


def test_the_chart_is_well_formed_and_has_a_lane_for_every_switch(path: Path) -> None:
    svg = chart(Recording.open(path))
    ET.fromstring(svg)
    for name in ("p3_on", "m2_enable", "input.k10_fb", "t_oil_degc"):
        assert f">{name}<" in svg


def test_a_missing_value_is_a_gap_in_the_curve() -> None:
    rows: list[list[float | None]] = [[20.0] * 6, [None] * 6, [21.0] * 6]
    drawn = "".join(_curves([0.0, 1.0, 2.0], rows))
    assert drawn.count("M") == 12, "each of the six curves begins anew after the gap"
    assert "L" not in drawn.replace("LANE", "")


def test_replay_draws_and_sums_up(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(path), "--plot", str(tmp_path / "x.svg"), "--summary"]) == 0
    assert (tmp_path / "x.svg").read_text().startswith("<svg")
    assert "last changes:" in capsys.readouterr().out


def test_report_finds_the_newest_recording_of_the_site(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THERMIQ_STATE_DIR", str(tmp_path))
    site = ROOT / "io_map/walda"
    assert main(["report", str(site), "--black-box"]) == 2
    folder = tmp_path / load_site(site).site_id / "recordings"
    folder.mkdir(parents=True)
    (folder / path.name).write_bytes(path.read_bytes())
    assert main(["report", str(site), "--black-box"]) == 0
    assert path.name in capsys.readouterr().out


def test_a_recording_is_kept_on_command_while_the_program_goes_on_recording(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THERMIQ_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("THERMIQ_RUNTIME_DIR", str(tmp_path / "run"))
    site = ROOT / "io_map/walda"
    assert main(["report", str(site), "--keep"]) == 2
    assert "nothing is being recorded" in capsys.readouterr().err
    ring = tmp_path / "run/recording" / load_site(site).site_id
    ring.mkdir(parents=True)
    (ring / path.name).write_bytes(path.read_bytes()[:-5])  # its last frame is just being written
    assert main(["report", str(site), "--keep"]) == 0
    kept = Path(capsys.readouterr().out.strip())
    assert kept.name == "000001-command.thermiq-recording"
    assert black_box(Recording.open(kept)).why == "command"
    assert (ring / path.name).exists()
