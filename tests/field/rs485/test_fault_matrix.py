"""Every fault that these devices are known for, one by one: no wrong value is ever accepted, the thread
lives, and the values come back by themselves."""

import os
import time
from dataclasses import replace

import pytest

from plc.blocks.core import Quality
from plc.field.rs485.bus import PortState
from plc.field.rs485.device import DeviceState
from plc.field.rs485.schedule import SILENT_AFTER
from tests.field.rs485.rig import HOUSE, FastClock, Rig, deye_device, ok, truth
from tools.twin.modbus_devices import Fault, VirtualDeye


@pytest.fixture
def rig(tmp_path):
    with Rig(tmp_path / "ttyDeye") as rig:
        rig.until_answering()
        yield rig
        assert rig.bus.alive, "the thread died"
        assert rig.bus.snapshot.crashes == 0


def assert_only_truth(rig, **allowed):
    for name, value in truth().items():
        wrong = rig.seen(name) - {value} - set(allowed.get(name, ()))
        assert not wrong, f"{name}: accepted {wrong}, true is {value}"


ANSWER_FAULTS = [
    (Fault.SILENT, 0, "no_answer"),
    (Fault.CRC, 0, "bad_frame"),
    (Fault.LEADING, 0, "bad_frame"),
    (Fault.HALF, 0, "bad_frame"),
    (Fault.SHORT, 0, "bad_frame"),
    (Fault.WRONG_ID, 0, "bad_frame"),
    (Fault.WRONG_FUNCTION, 0, "bad_frame"),
    (Fault.EXCEPTION, 1, "exception"),
    (Fault.EXCEPTION, 2, "exception"),
    (Fault.EXCEPTION, 4, "exception"),
    (Fault.EXCEPTION, 6, "exception"),
    (Fault.EXCEPTION, 11, "exception"),
    (Fault.LATE, 0.2, "no_answer"),
    (Fault.LATE, 0.35, "no_answer"),
    (Fault.ZEROS, 0, "blank"),
    (Fault.ONES, 0, "blank"),
    (Fault.ECHO, 0, "bad_frame"),
]


@pytest.mark.parametrize(("fault", "amount", "counted"), ANSWER_FAULTS)
def test_spoiled_answers_never_become_values_and_are_counted_by_kind(rig, fault, amount, counted):
    rig.line.faults.set(fault, rate=0.4, amount=amount)
    rig.until(lambda s: s.devices[0].stats.failures.get(counted, 0) >= 3, why=f"three times {counted}")
    rig.line.faults.clear()
    snapshot = rig.transactions(5)
    assert_only_truth(rig)
    stats = snapshot.devices[0].stats
    assert stats.failures.get(counted, 0) > 0, dict(stats.failures)
    if fault is Fault.EXCEPTION:
        assert set(stats.exceptions) == {int(amount)}
    rig.until(ok, why="recovery")


@pytest.mark.parametrize("fault", [Fault.TRAILING, Fault.SPLIT])
def test_garbage_behind_a_frame_and_a_short_pause_inside_it_cost_nothing(rig, fault):
    rig.line.faults.set(fault, amount=0.03)
    before = rig.bus.snapshot.devices[0].stats.ok
    snapshot = rig.transactions(12)
    assert_only_truth(rig)
    assert snapshot.devices[0].stats.ok >= before + 10


def test_an_exception_answer_ends_the_wait_at_once(rig):
    rig.line.faults.set(Fault.EXCEPTION, amount=6)
    rig.transactions(3)
    exceptions = sum(rig.bus.snapshot.devices[0].stats.exceptions.values())
    assert exceptions >= 2
    assert rig.bus.snapshot.devices[0].stats.failures.get("no_answer", 0) == 0


def test_after_five_failures_only_the_probe_is_asked_and_one_answer_brings_everything_back(rig):
    rig.line.faults.set(Fault.SILENT)
    rig.until(lambda s: s.devices[0].state is DeviceState.SILENT, why="silent")
    del rig.line.requests[:]
    rig.transactions(2)
    assert {request.count for request in rig.line.requests} == {23}
    rig.line.faults.clear()
    rig.until(ok, why="answering again")
    rig.transactions(6)
    assert_only_truth(rig)


def test_a_silent_hour_costs_one_probe_a_minute(tmp_path):
    with Rig(tmp_path / "tty", clock=FastClock(1000)) as rig:
        rig.until_answering()
        rig.line.faults.set(Fault.SILENT)
        rig.until(lambda s: s.devices[0].state is DeviceState.SILENT)
        before, start_ns = rig.bus.snapshot.transactions, rig.clock.now_ns()
        rig.until(lambda _: rig.clock.now_ns() - start_ns > 3600e9, 15)
        assert rig.bus.snapshot.transactions - before <= 62
        rig.line.faults.clear()
        rig.until(ok)
        assert_only_truth(rig)


def test_unplugging_while_idle_is_survived_and_replugging_brings_the_values_back(rig):
    rig.line.unplug()
    snapshot = rig.until(lambda s: s.state is PortState.OFFLINE, why="offline")
    assert snapshot.error
    rig.line.replug()
    rig.until(lambda s: s.state is PortState.OPEN and s.reopens >= 1, why="open again")
    rig.transactions(4)
    assert ok(rig.bus.snapshot)
    assert_only_truth(rig)


def test_unplugging_during_a_read_is_survived(rig):
    rig.line.faults.set(Fault.LATE, amount=0.05)
    for _ in range(4):
        count = len(rig.line.requests)
        rig.until(lambda _, count=count: len(rig.line.requests) > count, why="a request on the line")
        rig.line.unplug()
        rig.until(lambda s: s.state is PortState.OFFLINE)
        rig.line.replug()
        rig.until(lambda s: s.state is PortState.OPEN)
    rig.line.faults.clear()
    rig.transactions(6)
    assert_only_truth(rig)


def test_a_replug_after_a_minute_under_another_device_number(rig):
    before = os.readlink(rig.line.link)
    keep = os.openpty()  # takes the freed number, so that the adapter comes back under a new one
    rig.line.unplug()
    start_ns = rig.clock.now_ns()
    rig.until(lambda _: rig.clock.now_ns() - start_ns > 60e9, why="a minute")
    others = [os.openpty() for _ in range(2)]
    rig.line.replug()
    assert os.readlink(rig.line.link) != before
    rig.until(lambda s: s.state is PortState.OPEN and ok(s))
    rig.transactions(4)
    assert_only_truth(rig)
    for pair in (keep, *others):
        for end in pair:
            os.close(end)


def test_a_port_held_by_another_program_is_reported_and_taken_when_it_is_free(tmp_path):
    import serial

    rig = Rig(tmp_path / "tty")
    rig.line.start()
    other = serial.Serial(str(tmp_path / "tty"), exclusive=True)
    rig.bus.start()
    snapshot = rig.until(lambda s: s.state is PortState.OFFLINE)
    assert "lock" in snapshot.error.lower() or "unavailable" in snapshot.error.lower()
    other.close()
    rig.until_answering()
    rig.bus.stop()
    rig.line.stop()


def test_a_port_without_permission_is_reported_and_does_not_end_the_thread(tmp_path, monkeypatch):
    import plc.field.rs485.port as port

    allowed = []
    real = port.open_port

    def open_port(*arguments):
        if not allowed:
            raise PermissionError(13, "Permission denied")
        return real(*arguments)

    monkeypatch.setattr(port, "open_port", open_port)
    with Rig(tmp_path / "tty") as rig:
        snapshot = rig.until(lambda s: s.state is PortState.OFFLINE)
        assert "Permission denied" in snapshot.error
        allowed.append(True)
        rig.until_answering()


def test_late_high_words_never_become_a_65534_watt_spike(rig):
    for high in (0xFFFF, 0, 1):
        rig.inverter.torn_high_words = high
        rig.transactions(6)
    assert_only_truth(rig)


def test_a_frozen_device_is_held_then_bad_and_good_again_when_it_lives(rig):
    rig.inverter.frozen = True
    rig.until(lambda s: s.devices[0].values["load_w"].quality is Quality.HELD, why="held")
    snapshot = rig.until(lambda s: s.devices[0].values["load_w"].quality is Quality.BAD, 12, "bad")
    assert any("frozen" in text for text in snapshot.devices[0].messages)
    rig.inverter.frozen = False
    rig.until(lambda s: s.devices[0].values["load_w"].quality is Quality.GOOD, why="good again")


@pytest.mark.parametrize("attribute", ["scale_battery", "scale_pv"])
@pytest.mark.parametrize("factor", [10, 0.1])
def test_a_scale_that_changes_at_run_time_is_refused_and_becomes_suspect(rig, attribute, factor):
    setattr(rig.inverter, attribute, factor)
    name = "battery_total_w" if attribute == "scale_battery" else "pv_w"
    rig.until(
        lambda s: (
            s.devices[0].values[name].quality is Quality.BAD
            or rig.clock.now_ns() - s.devices[0].values[name].taken_ns > 60e9
        ),
        12,
        "no longer believed",
    )
    assert_only_truth(rig)
    setattr(rig.inverter, attribute, 1)
    rig.until(lambda s: rig.clock.now_ns() - s.devices[0].values[name].taken_ns < 6e9, why="fresh again")
    assert_only_truth(rig)


def test_ac_powers_that_change_by_ten_are_refused(rig):
    rig.inverter.scale_ac = 0.1
    rig.transactions(12)
    assert_only_truth(rig)


def test_another_serial_number_makes_everything_bad_after_the_second_read(rig):
    rig.inverter.serial = "9999999999"
    rig.house = replace(HOUSE, load_w=9000)
    for block in rig.bus._devices[0].schedule.blocks:
        if block.name == "identity":
            block.due_ns = 0
    snapshot = rig.until(lambda s: s.devices[0].state is DeviceState.NOT_COMMISSIONED, why="noticed")
    rig.until(
        lambda s: all(r.quality is Quality.BAD for r in s.devices[0].values.values()), why="all values bad"
    )
    assert any("another inverter" in text for text in snapshot.devices[0].messages)


def test_a_missing_external_meter_shows_as_a_failed_balance_not_as_zero_import(rig):
    rig.inverter.no_clamps = True
    rig.transactions(20)
    assert_only_truth(rig)


def test_one_block_that_the_unit_refuses_leaves_the_others_good(rig):
    rig.inverter.refuses = (661, 684)
    start_ns = rig.clock.now_ns()
    snapshot = rig.until(
        lambda s: rig.clock.now_ns() - s.devices[0].values["pv_w"].taken_ns > 20e9, why="pv aged"
    )
    assert rig.clock.now_ns() - snapshot.devices[0].values["load_w"].taken_ns < 6e9
    rig.inverter.refuses = None
    rig.until(lambda s: s.devices[0].values["pv_w"].taken_ns > start_ns + 20e9, 12, "pv back by itself")
    assert_only_truth(rig)


def test_the_thread_never_spins_on_errors_that_cost_no_time(rig):
    rig.line.unplug()
    rig.until(lambda s: s.state is PortState.OFFLINE)
    cpu_s = time.thread_time()
    process_s = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - process_s - (time.thread_time() - cpu_s) < 0.25


def test_random_faults_for_a_while_yield_no_wrong_value(rig):
    for fault in (Fault.CRC, Fault.HALF, Fault.WRONG_ID, Fault.LATE, Fault.ZEROS, Fault.SILENT):
        rig.line.faults.set(fault, rate=0.03, amount=0.15)
    rig.transactions(80, 30)
    assert_only_truth(rig)


def test_a_device_counts_as_silent_only_after_several_failures_in_a_row():
    assert SILENT_AFTER == 5
    assert deye_device().state() is DeviceState.CONNECTING
    assert VirtualDeye("1p", lambda: HOUSE).read(4, 0, 1) == 1
