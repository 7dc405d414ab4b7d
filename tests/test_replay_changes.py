"""A recording with changed parameters replays bit for bit, also where the ring begins behind a change."""

from dataclasses import replace
from pathlib import Path

import pytest

from plc.plant.changes import Changes
from plc.plant.interface import Command
from plc.store.recording import recorder
from tests import test_replay
from tests.test_replay import PERIOD_NS, record, run

SCANS = 520
KNOBS = {
    60: ("economics.choice.policy", "off"),  # long before what the ring still has
    250: ("buffer.target_offset_k", 9),
    431: ("buffer.target_offset_k", 2.5),  # in the middle of a segment
    470: ("oil.trip_degc", 30.0),  # refused
}
USUAL = test_replay.inputs


def turning(scan, outputs=None):
    """The usual inputs, and somebody who turns knobs."""
    taken = USUAL(scan, outputs)
    if scan not in KNOBS:
        return taken
    name, value = KNOBS[scan]
    command = Command("parameter", {"name": name, "value": value}, "owner", taken.image.t_oil_degc.taken_ns)
    return replace(taken, commands=(*taken.commands, command))


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "SEGMENT_NS", 50 * PERIOD_NS)
        patch.setattr(recorder, "KEEP_SEGMENTS", 7)
        patch.setattr(test_replay, "inputs", turning)
        return record(tmp_path_factory.mktemp("recording"), SCANS)


def test_changes_before_and_inside_the_ring_replay(recording, capsys):
    code, result, text = run(capsys, recording)
    assert code == 0, text
    assert result["identical"]
    assert 250 <= result["scans"] < SCANS - 60, "the first change is not in the ring any more"
    assert result["states"] >= 5


def test_a_program_that_loses_a_change_is_found_in_its_scan(recording, capsys, monkeypatch):
    monkeypatch.setattr(Changes, "step", lambda self, tick, commands: None)
    code, result, _ = run(capsys, recording)
    assert code == 7
    assert result["difference"]["now_ns"] == 250 * PERIOD_NS
