"""The decision log keeps transitions, not repetitions, stays bounded and outlives a bad disk."""

import json

from plc.blocks.core import Tick
from plc.plant.interface import (
    SAFE_OUTPUTS,
    Event,
    ImageInputs,
    ImageOutputs,
    PlantInputs,
    PlantOutputs,
    PlantStatus,
    WallTime,
)
from plc.store import decision_log
from plc.store.decision_log import DecisionLog, newest_first

SYNCHRONISED = PlantInputs(ImageInputs(True, True), wall=WallTime(1_700_000_000, 3600, True))
UNSYNCHRONISED = PlantInputs(ImageInputs(True, True), wall=WallTime(5, 0, False))


def outputs(*events, image=SAFE_OUTPUTS, **status) -> PlantOutputs:
    return PlantOutputs(image, PlantStatus(**{"state": "STANDBY", "mode": "AUTO", **status}), events=events)


def entries(log: DecisionLog, folder) -> list[dict]:
    log.write()
    return list(newest_first(folder))


def test_events_and_switching_outputs_are_kept_with_their_reason(tmp_path):
    log = DecisionLog(tmp_path)
    log.scanned(Tick(1, 1), SYNCHRONISED, outputs(Event(1, "sequence", "auto", "OFF", "STANDBY", "auto")))
    log.scanned(Tick(2, 1), SYNCHRONISED, outputs(image=ImageOutputs(p3_on=True), reason="auto"))
    log.scanned(
        Tick(3, 1), SYNCHRONISED, outputs(first_out=(("p3", "maint_locked"),), state="MAINT", reason="key")
    )
    found = entries(log, tmp_path)
    assert [(e["subject"], e["code"], e["reason"]) for e in found] == [
        ("p3_on", "off", "maint_locked"),
        ("p3_on", "on", "auto"),
        ("sequence", "auto", "auto"),
    ]
    assert found[0]["unix_s"] == 1_700_000_000


def test_repetitions_and_speeds_are_not_news(tmp_path):
    log = DecisionLog(tmp_path)
    for scan in range(1, 1000):
        image = ImageOutputs(p3_on=True, p4_setpoint_pct=20.0 + scan / 100, heartbeat=scan % 5 < 2)
        log.scanned(Tick(scan, 1), SYNCHRONISED, outputs(image=image))
    assert {e["subject"] for e in entries(log, tmp_path)} == {"p3_on", "p4_setpoint_pct"}


def test_a_wall_clock_that_nobody_set_is_not_written_down(tmp_path):
    log = DecisionLog(tmp_path)
    log.scanned(Tick(1, 1), UNSYNCHRONISED, outputs(Event(1, "mode", "changed")))
    assert entries(log, tmp_path)[0]["unix_s"] is None


def test_the_files_stay_bounded_and_the_newest_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(decision_log, "ROTATE_BYTES", 2000)
    log = DecisionLog(tmp_path)
    for number in range(400):
        log.scanned(Tick(number + 1, 1), SYNCHRONISED, outputs(Event(number, "x", "y", reason="z" * 20)))
        log.write()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000 * (decision_log.KEEP_OLD + 1)
    numbers = [entry["now_ns"] for entry in newest_first(tmp_path)]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == 399


def test_a_torn_line_costs_only_itself(tmp_path):
    log = DecisionLog(tmp_path)
    log.scanned(Tick(1, 1), SYNCHRONISED, outputs(Event(1, "a", "b")))
    log.write()
    with (tmp_path / decision_log.FILE).open("a") as file:
        file.write('{"subject": "to')
    assert [entry["subject"] for entry in newest_first(tmp_path)] == ["a"]


def test_a_disk_that_refuses_is_reported_and_what_waits_is_bounded(tmp_path):
    (tmp_path / "file").write_text("")
    log = DecisionLog(tmp_path / "file" / "folder")
    for number in range(decision_log.WAITING_MAX * 2):
        log.scanned(Tick(number + 1, 1), SYNCHRONISED, outputs(Event(number, "a", "b")))
    log.write()
    assert "lost" in log.health()["problem"]
    assert len(log._waiting) == 0


def test_a_restart_of_the_plant_is_an_entry_and_starts_from_the_safe_image(tmp_path):
    log = DecisionLog(tmp_path)
    on = ImageOutputs(m1_enable=True)
    log.scanned(Tick(1, 1), SYNCHRONISED, outputs(image=on))
    log.restarted(2, "scan_gap")
    log.scanned(Tick(3, 1), SYNCHRONISED, outputs(image=SAFE_OUTPUTS))
    found = entries(log, tmp_path)
    assert [(e["subject"], e["code"]) for e in found] == [("plant", "restarted"), ("m1_enable", "on")]


def test_a_switching_that_the_plant_tells_itself_is_one_entry_with_its_reason(tmp_path):
    log = DecisionLog(tmp_path)
    event = Event(1, "m1_enable", "on", reason="circulation_proven")
    log.scanned(Tick(1, 1), SYNCHRONISED, outputs(event, image=ImageOutputs(m1_enable=True)))
    assert [(e["subject"], e["reason"]) for e in entries(log, tmp_path)] == [
        ("m1_enable", "circulation_proven")
    ]


def test_the_block_of_the_heat_pump_ends_with_its_own_reason(tmp_path):
    log = DecisionLog(tmp_path)
    log.scanned(Tick(1, 1), SYNCHRONISED, outputs(image=ImageOutputs(hp_block=True)))
    log.scanned(Tick(2, 1), SYNCHRONISED, outputs(first_out=(("hp_block", "top_cold"),), reason="request"))
    assert entries(log, tmp_path)[0]["reason"] == "top_cold"


def test_the_thread_writes_what_waits_before_it_ends(tmp_path):
    log = DecisionLog(tmp_path)
    log.start()
    log.scanned(Tick(1, 1), SYNCHRONISED, outputs(Event(1, "a", "b")))
    log.stop()
    assert log.join(10)
    assert json.loads((tmp_path / decision_log.FILE).read_text())["subject"] == "a"
