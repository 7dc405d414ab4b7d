"""Listening: frames by length and checksum, answers by their request, nothing sent."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.cli import main
from plc.field.rs485.device import Device
from plc.field.rs485.frames import Frame, FrameKind, crc16, crc_ok
from plc.field.rs485.listen import ListenBus, ListenLine
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.port import ListenOnlySerial, WriteRefusedError, open_port
from plc.field.rs485.sniff import Matcher, Recorder, Splitter, read_recording, replay
from tests.field.rs485.kinds import kind
from tests.field.rs485.rig import FastClock, spec
from tools.twin.modbus_devices import VirtualMeter
from tools.twin.modbus_devices.wire import Request, data_answer, error_answer, seal


def request(slave=1, function=3, start=586, count=4):
    return seal(bytes([slave, function]) + start.to_bytes(2, "big") + count.to_bytes(2, "big"))


def answer(slave=1, function=3, words=(1, 2, 3, 4)):
    return data_answer(Request(slave, function, 0, len(words)), list(words))


def write_one(slave=1, start=60, value=5):
    return seal(bytes([slave, 6]) + start.to_bytes(2, "big") + value.to_bytes(2, "big"))


def write_many(slave=1, start=100, values=(7, 8)):
    head = bytes([slave, 16]) + start.to_bytes(2, "big") + len(values).to_bytes(2, "big")
    return seal(head + bytes([2 * len(values)]) + b"".join(v.to_bytes(2, "big") for v in values))


def listen(*chunks):
    return list(replay((index * 20_000, chunk) for index, chunk in enumerate(chunks)))


def frames(seen):
    return [sighting.frame for sighting, _ in seen if sighting.frame]


def registers(seen):
    return [(r.slave, r.function, r.start, r.words, r.written) for _, r in seen if r]


def test_checksum_of_the_standard_example():
    assert crc16(bytes.fromhex("01 03 02 4A 00 7B")) is not None
    assert crc_ok(bytes.fromhex("01 04 02 FF FF B8 80"))
    assert seal(b"\x01\x04\x02\xff\xff") == bytes.fromhex("01 04 02 FF FF B8 80")


def test_an_answer_gets_the_addresses_of_its_request():
    seen = listen(request(start=586, count=4), answer(words=(9, 8, 7, 6)))
    assert registers(seen) == [(1, 3, 586, (9, 8, 7, 6), False)]


def test_input_registers_are_told_apart_from_holding_registers():
    seen = listen(request(function=4, start=52, count=2), answer(function=4, words=(1, 2)))
    assert registers(seen) == [(1, 4, 52, (1, 2), False)]


def test_writes_and_broadcasts_carry_their_own_addresses():
    seen = listen(write_one(start=60, value=5), write_one(start=60, value=5), write_many(0, 100, (7, 8)))
    assert registers(seen) == [
        (1, 3, 60, (5,), True),
        (1, 3, 60, (5,), True),
        (0, 3, 100, (7, 8), True),
    ]


def test_the_acknowledge_of_a_multiple_write_is_no_register():
    acknowledge = seal(bytes.fromhex("01 10 00 64 00 02"))
    seen = listen(write_many(), acknowledge)
    assert [frame.kind for frame in frames(seen)] == [FrameKind.WRITE_REQUEST, FrameKind.WRITE_ANSWER]
    assert len(registers(seen)) == 1


@pytest.mark.parametrize("code", [1, 2, 4, 6, 11])
def test_an_exception_closes_the_request(code):
    seen = listen(request(), error_answer(Request(1, 3, 0, 4), code), answer())
    assert frames(seen)[1].code == code
    assert registers(seen) == []


def test_an_answer_without_its_request_is_counted_and_gives_nothing():
    splitter, matcher = Splitter(), Matcher()
    for sighting in splitter.feed(0, answer()):
        assert matcher.take(sighting) is None
    assert matcher.unmatched == 1


@pytest.mark.parametrize(
    "other",
    [answer(slave=2), answer(function=4), answer(words=(1, 2, 3))],
    ids=["slave", "function", "count"],
)
def test_an_answer_that_does_not_fit_the_request_gives_nothing(other):
    assert registers(listen(request(), other)) == []


def test_an_answer_that_comes_much_later_gives_nothing():
    seen = list(replay([(0, request()), (10_000_000, answer())]))
    assert registers(seen) == []


def test_frames_are_found_in_any_cutting_of_the_stream():
    stream = request() + answer() + write_one() + request(2, 4, 0, 2) + answer(2, 4, (5, 6)) + write_many(0)
    whole = registers(listen(stream))
    assert len(whole) == 4
    for size in (1, 2, 3, 7, 11):
        pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
        seen = list(replay((i * 1000, piece) for i, piece in enumerate(pieces)))
        assert registers(seen) == whole, size


def test_junk_between_frames_is_reported_and_skipped():
    seen = listen(b"\xff\x00\x13", request(), b"\x55\xaa", answer())
    assert registers(seen) == [(1, 3, 586, (1, 2, 3, 4), False)]
    assert sum(len(sighting.junk) for sighting, _ in seen) == 5


def test_a_torn_frame_does_not_swallow_the_next_one():
    seen = list(replay([(0, request()), (30_000, answer()[:6]), (400_000, request()), (430_000, answer())]))
    assert registers(seen) == [(1, 3, 586, (1, 2, 3, 4), False)]


@given(st.binary(max_size=300))
def test_noise_never_breaks_the_splitter_and_nothing_is_lost(noise):
    splitter = Splitter()
    seen = [*splitter.feed(0, noise), *splitter.flush()]
    found = b"".join(s.frame.raw if s.frame else s.junk for s in seen)
    assert found == noise


@given(
    st.binary(max_size=40), st.integers(0, 0xFFF0), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=60)
)
def test_registers_after_any_noise_are_the_true_ones_or_none(noise, start, words):
    stream = [(0, noise), (500_000, request(1, 3, start, len(words))), (520_000, answer(words=words))]
    for found in registers(list(replay(stream))):
        if found[0] == 1 and found[1] == 3 and not found[4]:
            assert found[2:4] == (start, tuple(words))


def test_recording_and_replay_give_the_same_registers(tmp_path):
    path = tmp_path / "bus.csv"
    with path.open("w", newline="") as stream:
        recorder = Recorder(stream)
        recorder.write(1000, request())
        recorder.write(31_000, answer())
    assert path.read_text().splitlines()[1].startswith("1000,0,01 03 02 4a")
    assert registers(list(replay(read_recording(path)))) == [(1, 3, 586, (1, 2, 3, 4), False)]


def test_a_broken_recording_names_its_line(tmp_path):
    path = tmp_path / "bus.csv"
    path.write_text("us,index,bytes\n10,0,01 03\nlater,1,zz\n")
    with pytest.raises(ValueError, match=r"bus\.csv:3"):
        list(read_recording(path))


def test_a_listening_port_refuses_to_send(tmp_path):
    master, slave = os.openpty()
    port = open_port(ListenOnlySerial, os.ttyname(slave), spec())
    with pytest.raises(WriteRefusedError):
        port.write(request())
    port.close()
    os.close(master)
    os.close(slave)


def test_a_device_on_a_foreign_bus_is_read_by_overhearing(tmp_path):
    master, slave = os.openpty()
    import tty

    tty.setraw(slave)
    meter = Device(
        "house", "eastron-sdm630", kind("eastron-sdm630"), DeviceOptions(slave=7, role="grid_meter")
    )
    bus = ListenBus("foreign", ListenLine(os.ttyname(slave), spec()), [meter], FastClock())
    virtual = VirtualMeter("eastron-sdm630", lambda: 2345.0)
    bus.start()
    try:
        end = time.monotonic() + 5
        while not bus.snapshot.devices[0].values and time.monotonic() < end:
            ask = Request(7, 4, 0, 76)
            os.write(master, request(7, 4, 0, 76))
            os.write(master, data_answer(ask, virtual.read(4, 0, 76)))
            time.sleep(0.05)
        snapshot = bus.snapshot
        assert snapshot.devices[0].values["power_w"].value == 2345.0
        assert os.get_blocking(master)
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 1)  # the listener has sent nothing
    finally:
        assert bus.stop()
        os.close(master)
        os.close(slave)


def test_command_decodes_a_recording(tmp_path, capsys):
    path = tmp_path / "bus.csv"
    virtual = VirtualMeter("eastron-sdm630", lambda: -777.0)
    with path.open("w", newline="") as stream:
        recorder = Recorder(stream)
        recorder.write(0, request(1, 4, 0, 76))
        recorder.write(200_000, data_answer(Request(1, 4, 0, 76), virtual.read(4, 0, 76)))
    assert main(["modbus", "sniff", "--file", str(path), "--type", "eastron-sdm630"]) == 0
    out = capsys.readouterr().out
    assert "power_w = -777 W" in out
    assert "2 frames, 0 bytes of junk, 0 answers without their request" in out


def test_every_frame_kind_is_parsed_with_its_fields():
    seen = frames(listen(write_many(3, 100, (7, 8))))
    assert seen == [Frame(FrameKind.WRITE_REQUEST, 3, 16, 100, 2, (7, 8), raw=write_many(3, 100, (7, 8)))]
