"""A recording holds every bit of every scan, survives a torn end and a slow disk, and costs little."""

import errno
import json
import math
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plc.blocks.core import Origin, Quality, Reading, Tick
from plc.plant.interface import (
    Command,
    EnergyInputs,
    ImageInputs,
    ImageOutputs,
    MinerInputs,
    MinerState,
    PlantInputs,
    PlantOutputs,
    PlantStatus,
    WallTime,
)
from plc.store.plain import plain, rebuild
from plc.store.recording import frames, recorder
from plc.store.recording.layout import Layout, decode, encode, pack
from plc.store.recording.reader import Recording, RecordingError

PERIOD_NS = 100_000_000
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How fast the machine is today is no property of a recording."""

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
READINGS = st.builds(
    Reading, st.none() | NUMBERS, st.sampled_from(Quality), st.sampled_from(Origin), st.integers(0, 2**62)
)
COMMANDS = st.builds(
    Command,
    st.text(max_size=5),
    st.none() | NUMBERS | st.text(max_size=5),
    st.text(max_size=5),
    st.integers(0, 2**62),
)
CURVE = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3).map(tuple)
INPUTS = st.builds(
    PlantInputs,
    image=st.builds(
        ImageInputs,
        st.booleans(),
        st.booleans(),
        safety_ok=st.booleans(),
        t_oil_degc=READINGS,
        ack_pb=st.booleans(),
    ),
    wall=st.builds(WallTime, st.integers(0, 2**40), st.integers(-50000, 50000), st.booleans()),
    energy=st.builds(EnergyInputs, pv_w=READINGS, grid_w=READINGS),
    miners=st.tuples(
        st.builds(MinerInputs, st.sampled_from(MinerState), st.none() | st.integers(0, 2**62), READINGS),
        st.builds(MinerInputs, st.sampled_from(MinerState), curve_w=CURVE, curve_ths=CURVE),
    ),
    commands=st.lists(COMMANDS, max_size=2).map(tuple),
)


def outputs(state: str = "STANDBY", **image) -> PlantOutputs:
    return PlantOutputs(ImageOutputs(**image), PlantStatus(state=state, mode="AUTO", values=(("x", 1.0),)))


@UNTIMED
@given(INPUTS)
def test_a_row_rebuilds_the_value_it_came_from(inputs):
    layout, _ = recorder.layouts()
    assert layout.value(layout.row(inputs)) == inputs


@UNTIMED
@given(INPUTS)
def test_plain_data_survives_json_and_rebuilds(inputs):
    assert rebuild(PlantInputs, json.loads(json.dumps(plain(inputs)))) == inputs


def test_a_name_that_the_type_no_longer_has_is_refused():
    with pytest.raises(ValueError, match="sun"):
        rebuild(WallTime, {"unix_s": 1, "sun": True})


@UNTIMED
@given(st.lists(INPUTS, min_size=1, max_size=5))
def test_a_chain_of_changes_decodes_to_every_bit(chain):
    layout, _ = recorder.layouts()
    row = [None] * len(layout.kinds)
    data, before = b"", row
    for index, inputs in enumerate(chain):
        data += encode(Tick(index * PERIOD_NS, PERIOD_NS), layout.row(inputs), before, layout.kinds)
        before = layout.row(inputs)
    at, again = 0, [None] * len(layout.kinds)
    for index, inputs in enumerate(chain):
        tick, at = decode(data, at, again, layout)
        assert tick == Tick(index * PERIOD_NS, PERIOD_NS)
        assert layout.value(again) == inputs
    assert at == len(data)


@UNTIMED
@given(st.lists(INPUTS, min_size=2, max_size=5))
def test_a_row_that_is_renewed_gives_the_records_of_rows_that_are_built(chain):
    """Also where a part is the very object of the scan before, and where nothing is known of that."""
    layout, _ = recorder.layouts()
    chain.insert(1, replace(chain[1], image=chain[0].image, miners=chain[0].miners, market=chain[0].market))
    row, built, last = [None] * len(layout.kinds), [None] * len(layout.kinds), None
    for inputs in chain:
        record = pack(Tick(1, 1), row, layout.renew(row, inputs, last), layout.kinds)
        assert record == encode(Tick(1, 1), layout.row(inputs), built, layout.kinds)
        built, last = layout.row(inputs), inputs
        assert row == built
        assert layout.renew(row, inputs, None) == [], "the same values are no change"


def test_minus_zero_and_the_smallest_number_are_kept():
    layout, _ = recorder.layouts()
    inputs = PlantInputs(ImageInputs(True, True, t_oil_degc=Reading(-0.0), t_charge_degc=Reading(5e-324)))
    row = [None] * len(layout.kinds)
    decode(encode(Tick(0, 1), layout.row(inputs), row, layout.kinds), 0, row, layout)
    image = layout.value(row).image
    assert math.copysign(1, image.t_oil_degc.value) == -1
    assert image.t_charge_degc.value == 5e-324


class Ring:
    """A recorder driven by hand: the test calls what the thread would call."""

    def __init__(self, folder: Path) -> None:
        self.ring, self.disk = folder / "ring", folder / "disk"
        self.ring.mkdir()
        self.count = 0
        self.recorder = recorder.Recorder(
            self.ring, self.disk, {"version": "1"}, lambda: {"scans": self.count}
        )
        self.recorder.begin(0)

    def scan(self, number: int = 1, **image) -> None:
        for _ in range(number):
            self.count += 1
            oil = Reading.good(40.0 + self.count / 8, self.count * PERIOD_NS)
            inputs = PlantInputs(ImageInputs(True, True, t_oil_degc=oil))
            self.recorder.scanned(Tick(self.count * PERIOD_NS, PERIOD_NS), inputs, outputs(**image))

    def drain(self) -> None:
        self.recorder._drain()

    def kept(self) -> Recording:
        assert recorder.keep(self.ring, self.disk, "test") == ""
        return Recording.open(max(self.disk.iterdir()))


@pytest.fixture
def ring(tmp_path):
    return Ring(tmp_path)


def test_every_scan_is_there_and_a_state_opens_each_minute(ring):
    for _ in range(13):
        ring.scan(100)
        ring.drain()
    scans = list(ring.kept().scans())
    assert [scan.tick.now_ns // PERIOD_NS for scan in scans] == list(range(1, 1301))
    assert [scan.state["scans"] for scan in scans if scan.state] == [0, 600, 1200]
    assert scans[700].inputs.image.t_oil_degc.value == 40.0 + 701 / 8


def test_the_ring_keeps_ten_whole_segments_and_starts_with_a_state(ring, monkeypatch):
    monkeypatch.setattr(recorder, "SEGMENT_NS", 100 * PERIOD_NS)
    ring.recorder.begin(0)
    for _ in range(60):
        ring.scan(50)
        ring.drain()
    scans = list(ring.kept().scans())
    assert 1000 <= len(scans) <= 1100
    assert scans[0].state is not None
    assert scans[-1].tick.now_ns == 3000 * PERIOD_NS


def test_ten_minutes_are_kept():
    assert (recorder.KEEP_SEGMENTS - 1) * recorder.SEGMENT_NS == 600 * 10**9


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_end_costs_only_the_last_frame(ring, cut):
    for _ in range(5):
        ring.scan(10)
        ring.drain()
    segment = max(ring.ring.iterdir())
    segment.write_bytes(segment.read_bytes()[:-cut])
    assert len(list(ring.kept().scans())) == 40


@settings(UNTIMED, max_examples=60)
@given(st.data())
def test_a_damaged_byte_never_gives_a_wrong_scan(tmp_path_factory, data):
    ring = Ring(tmp_path_factory.mktemp("ring"))
    for _ in range(3):
        ring.scan(5)
        ring.drain()
    segment = max(ring.ring.iterdir())
    content = bytearray(segment.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    segment.write_bytes(content)
    try:
        scans = list(ring.kept().scans())
    except RecordingError:
        return
    for scan in scans:
        number = scan.tick.now_ns // PERIOD_NS
        assert scan.inputs.image.t_oil_degc.value == 40.0 + number / 8


def test_a_thread_that_falls_behind_drops_records_and_begins_again_with_a_state(ring, monkeypatch):
    monkeypatch.setattr(recorder, "WAITING_MAX", 300)
    ring.scan(recorder.WAITING_MAX + 50)
    assert ring.recorder.dropped > 0
    ring.drain()
    ring.scan(50)
    ring.drain()
    scans = list(ring.kept().scans())
    after = [scan for scan in scans if scan.tick.now_ns > (recorder.WAITING_MAX + 51) * PERIOD_NS]
    assert after[0].state is not None
    assert len(after) == 49, "the scan that reopens the segment is its state, every later one is recorded"
    assert all(scan.inputs.image.t_oil_degc.value == 40 + scan.tick.now_ns / PERIOD_NS / 8 for scan in scans)


def test_the_disk_keeps_a_bounded_number_of_recordings(ring):
    ring.scan(3)
    ring.drain()
    for _ in range(recorder.KEEP_FILES + 7):
        assert recorder.keep(ring.ring, ring.disk, "trip") == ""
    names = sorted(path.name for path in ring.disk.iterdir())
    assert len(names) == recorder.KEEP_FILES
    assert names[-1].startswith(f"{recorder.KEEP_FILES + 7:06d}-")


def test_a_disk_that_refuses_is_reported_and_stops_nothing(ring, tmp_path):
    ring.scan(3)
    ring.drain()
    (tmp_path / "file").write_text("")
    assert recorder.keep(ring.ring, tmp_path / "file", "trip")


def test_foreign_files_are_refused_with_a_sentence(tmp_path):
    for content in (b"", b"hello", frames.MAGIC, frames.MAGIC + b"junk"):
        path = tmp_path / "x"
        path.write_bytes(content)
        with pytest.raises(RecordingError):
            Recording.open(path)


def test_a_recording_of_other_signals_names_the_first_difference(ring, monkeypatch):
    ring.scan(2)
    ring.drain()
    assert recorder.keep(ring.ring, ring.disk, "t") == ""
    kept = max(ring.disk.iterdir())
    described = recorder.layouts()[0].describe()
    monkeypatch.setattr(
        Layout, "describe", lambda self: [text for text in described if not text.startswith("image.flow_ok")]
    )
    with pytest.raises(RecordingError, match=r"other signals, first difference image\.flow_ok"):
        Recording.open(kept)


class FullDisk:
    """No file takes more while `full`; with `torn` half of the last write still finds room."""

    def __init__(self, monkeypatch, *, torn: bool) -> None:
        self.full = False
        really = Path.open

        def opened(path, mode="r", *rest, **options):
            file = really(path, mode, *rest, **options)
            return self._Refusing(file, torn) if self.full and mode == "ab" else file

        monkeypatch.setattr(Path, "open", opened)

    class _Refusing:
        def __init__(self, file, torn: bool) -> None:
            self._file, self._torn = file, torn

        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, data: bytes) -> None:
            if self._torn:
                self._file.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("torn", [False, True])
def test_a_full_disk_costs_scans_and_never_gives_a_wrong_one(ring, monkeypatch, torn):
    disk = FullDisk(monkeypatch, torn=torn)
    ring.scan(100)
    ring.drain()
    disk.full = True
    ring.scan(100)
    with pytest.raises(OSError, match="No space"):
        ring.drain()
    disk.full = False
    ring.scan(700)
    ring.drain()
    ring.scan(100)
    ring.drain()
    numbers = [scan.tick.now_ns // PERIOD_NS for scan in ring.kept().scans()]
    # Until the next minute's complete state nothing is written: changes without their beginning are no scans.
    assert numbers == [*range(1, 101), *range(601, 1001)]
    for scan in ring.kept().scans():
        assert scan.inputs.image.t_oil_degc.value == 40.0 + scan.tick.now_ns / PERIOD_NS / 8
    assert ring.recorder.lost == 500


def test_a_fault_in_its_thread_costs_a_minute_and_never_gives_a_wrong_scan(ring, monkeypatch):
    ring.scan(100)
    with monkeypatch.context() as broken:
        broken.setattr(recorder.frames, "frame", lambda *_: {}["gone"])
        ring.recorder._write()
    assert "KeyError" in ring.recorder.failed
    for _ in range(2):
        ring.scan(700)
        ring.recorder._write()
    assert ring.recorder.failed == ""
    scans = list(ring.kept().scans())
    assert [scan.tick.now_ns // PERIOD_NS for scan in scans] == list(range(601, 1501))
    for scan in scans:
        assert scan.inputs.image.t_oil_degc.value == 40.0 + scan.tick.now_ns / PERIOD_NS / 8


def test_a_killed_process_leaves_a_recording_complete_to_a_second(tmp_path):
    program = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from plc.blocks.core import Tick
from plc.plant.interface import *
from plc.store.recording.recorder import Recorder
r = Recorder(Path({str(tmp_path / "ring")!r}), None, {{}}, dict)
r.start(); r.begin(0)
n = 0
while True:
    n += 1
    r.scanned(Tick(n * 10_000_000, 10_000_000), PlantInputs(ImageInputs(True, True)),
              PlantOutputs(ImageOutputs(), PlantStatus("A", "B")))
    print(n, flush=True)
    time.sleep(0.01)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    last = 0
    for line in process.stdout:
        last = int(line)
        if last >= 250:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait(10)
    process.stdout.close()
    assert recorder.rescue(tmp_path / "ring", tmp_path / "disk")
    scans = list(Recording.open(next((tmp_path / "disk").iterdir())).scans())
    seconds_missing = (last - scans[-1].tick.now_ns // 10_000_000) * 0.01
    assert seconds_missing <= 3, "one write interval, with room for a loaded machine"
    assert "died" in next((tmp_path / "disk").iterdir()).name


def test_a_quiet_scan_is_a_small_record():
    layout_in, layout_out = recorder.layouts()
    noise = random.Random(1)
    inputs = PlantInputs(ImageInputs(True, True, t_oil_degc=Reading.good(50.0, 1)))
    row = layout_in.row(inputs) + layout_out.row(outputs())
    kinds = layout_in.kinds + layout_out.kinds
    changed = replace(inputs, image=replace(inputs.image, t_oil_degc=Reading.good(noise.random(), 2)))
    after = layout_in.row(changed) + layout_out.row(outputs())
    assert len(encode(Tick(1, 1), after, row, kinds)) < 60
