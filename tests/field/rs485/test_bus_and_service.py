"""Several devices, several ports, the service the program starts, and what the scan sees of it."""

import os
import time
from dataclasses import replace

import pytest

from plc.blocks.core import NEVER, NS_PER_S, Origin, Quality, Reading
from plc.field.rs485.bus import Bus, PortState
from plc.field.rs485.device import Device, DeviceState
from plc.field.rs485.freshness import aged
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.port import Line
from plc.field.rs485.service import Rs485Service
from plc.field.rs485.settings import SerialDevice, SerialPort
from plc.plant.interface import EnergyInputs
from tests.field.rs485.rig import HOUSE, FastClock, Rig, deye_device, fast_kinds, spec, truth
from tools.twin.modbus_devices import Fault, VirtualBus, VirtualDeye, VirtualMeter


def meter(name, kind, slave, role="grid_meter", **options):
    return Device(name, kind, fast_kinds()[kind], DeviceOptions(slave=slave, role=role, **options))


MODELS = [
    "eastron-sdm630",
    "eastron-sdm72dm-v2",
    "eastron-sdm120",
    "carlo-gavazzi-em340",
    "eltako-dsz15",
    "orno-we-516",
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("watts", [3456.0, -1234.0])
def test_every_virtual_meter_is_read_with_the_right_power_and_energy(tmp_path, model, watts):
    virtual = VirtualMeter(model, lambda: watts)
    with Rig(tmp_path / "tty", devices=[meter("grid", model, 5)], slaves={5: virtual}) as rig:
        wanted = {"power_w", "energy_import_kwh"}
        snapshot = rig.until(lambda s: wanted <= set(s.devices[0].values)).devices[0]
    assert snapshot.values["power_w"].value == pytest.approx(watts, abs=0.2)
    assert snapshot.values["energy_import_kwh"].value == pytest.approx(1234.5, abs=0.01)
    assert all(230 - 5 < r.value < 230 + 5 for n, r in snapshot.values.items() if n.startswith("voltage"))
    assert not snapshot.messages


def test_a_dead_device_does_not_slow_the_others(tmp_path):
    devices = [deye_device(), meter("dead", "eastron-sdm630", 9), meter("alive", "eastron-sdm120", 3)]
    slaves = {1: VirtualDeye("3p-lv", lambda: HOUSE), 3: VirtualMeter("eastron-sdm120", lambda: 500.0)}
    clock = FastClock(10)
    with Rig(tmp_path / "tty", devices=devices, slaves=slaves, clock=clock) as rig:
        rig.until(lambda s: s.devices[1].stats.failures.get("no_answer", 0) >= 5, 12)
        rig.until(lambda s: "load_w" in s.devices[0].values and "power_w" in s.devices[2].values)
        assert rig.bus.snapshot.devices[1].state in (DeviceState.SILENT, DeviceState.CONNECTING)
        oldest_s, until_s = 0.0, time.monotonic() + 2.5
        while time.monotonic() < until_s:
            now_ns = clock.now_ns()
            for place, name in ((0, "load_w"), (2, "power_w")):
                taken_ns = rig.look().devices[place].values[name].taken_ns
                oldest_s = max(oldest_s, (now_ns - taken_ns) / NS_PER_S)
            time.sleep(0.01)
        assert rig.bus.snapshot.devices[1].state is DeviceState.SILENT
    # 2 s period; a probe of the dead one costs up to 0.3 s wall = 3 s in this fast time.
    assert oldest_s < 8


def test_a_port_without_an_adapter_does_not_disturb_another_one(tmp_path):
    clock = FastClock()
    gone = Bus("gone", Line(str(tmp_path / "missing"), spec()), [meter("m", "eastron-sdm630", 2)], clock)
    gone.start()
    with Rig(tmp_path / "tty", clock=clock) as rig:
        rig.until_answering()
        for name, value in truth().items():
            assert rig.seen(name) <= {value}
        assert gone.snapshot.state is PortState.OFFLINE
        assert "missing" in gone.snapshot.error
    assert gone.stop()


def test_two_ports_feed_one_service(tmp_path):
    house = VirtualBus(tmp_path / "a", {1: VirtualDeye("3p-lv", lambda: HOUSE)}, baud=115200, speed=10)
    cellar = VirtualBus(
        tmp_path / "b",
        {
            5: VirtualMeter("eastron-sdm630", lambda: HOUSE.grid_w),
            6: VirtualMeter("eastron-sdm120", lambda: 2999.0),
        },
        baud=115200,
        speed=10,
    )
    ports = [
        SerialPort(str(tmp_path / "a"), 115200, devices=(SerialDevice("inverter", "deye", 1),)),
        SerialPort(
            str(tmp_path / "b"),
            115200,
            devices=(
                SerialDevice("house", "eastron-sdm630", 5, "grid_meter"),
                SerialDevice("second", "eastron-sdm120", 6, "miner_meter", miner=2),
            ),
        ),
    ]
    clock = FastClock()
    service = Rs485Service(ports, fast_kinds(), clock, Origin.SIM)
    assert service.energy(clock.now_ns()) == EnergyInputs()
    assert service.metered(2, clock.now_ns()) is NEVER
    with house, cellar:
        service.start()
        try:
            end = time.monotonic() + 8
            while time.monotonic() < end:
                energy = service.energy(clock.now_ns())
                if service.ok() and NEVER not in (
                    energy.pv_w, energy.grid_w, energy.grid_meter_w, service.metered(2, 0)
                ):  # fmt: skip
                    break
                time.sleep(0.01)
            assert energy.load_w.value == HOUSE.load_w
            assert energy.battery_w.value == HOUSE.battery_w
            assert energy.grid_w.value == HOUSE.grid_w
            assert energy.grid_meter_w.value == pytest.approx(HOUSE.grid_w)
            assert energy.pv_w.origin is Origin.SIM
            assert service.metered(2, clock.now_ns()).value == pytest.approx(2999)
            assert service.metered(1, clock.now_ns()) is NEVER
            assert "second.power_w" in service.readings(clock.now_ns())
            health = service.health()
            assert health["ok"] is True
            assert health["reads_ok"] > 3
            assert health["ports"][0]["devices"][0]["identity"]["family"] == "deye-3p-lv"
        finally:
            service.stop()
            assert service.join(2.0)
    assert [bus.state for bus in service.snapshots()] == [PortState.STOPPED] * 2


def test_values_of_a_stopped_thread_grow_old_in_the_eyes_of_the_scan(tmp_path):
    with Rig(tmp_path / "tty") as rig:
        rig.until_answering()
        reading = rig.bus.snapshot.devices[0].values["load_w"]
    for age_s, quality in ((6, Quality.GOOD), (7, Quality.HELD), (31, Quality.STALE), (121, Quality.BAD)):
        assert aged(reading, reading.taken_ns + age_s * NS_PER_S).quality is quality


def test_age_never_makes_a_reading_better():
    for quality in Quality:
        reading = Reading(1.0, quality, Origin.MEASURED, 0)
        assert aged(reading, 200 * NS_PER_S).quality >= quality
        assert aged(reading, 0) is reading
    assert aged(NEVER, 10**15) is NEVER


def test_a_value_that_is_read_once_a_minute_is_not_stale_between_two_reads():
    device = deye_device("deye-3p-lv")
    assert device.values.held_ns["load_w"] == 6 * NS_PER_S
    assert device.values.held_ns["bms_soc_pct"] == 180 * NS_PER_S
    slower = deye_device("deye-3p-lv", period_s={"fast": 5.0})
    assert slower.values.held_ns["load_w"] == 15 * NS_PER_S


def test_stop_comes_within_two_seconds_even_while_a_device_is_silent(tmp_path):
    rig = Rig(tmp_path / "tty")
    rig.line.faults.set(Fault.SILENT)
    rig.line.start()
    rig.bus.start()
    rig.until(lambda s: s.transactions >= 1)
    began = time.monotonic()
    assert rig.bus.stop(2.0)
    assert time.monotonic() - began < 2.0
    rig.line.stop()


def test_content_that_breaks_our_decoder_costs_one_block_and_not_the_thread(tmp_path, monkeypatch):
    devices = [deye_device(), meter("other", "eastron-sdm120", 3)]
    slaves = {1: VirtualDeye("3p-lv", lambda: HOUSE), 3: VirtualMeter("eastron-sdm120", lambda: 500.0)}
    with Rig(tmp_path / "tty", devices=devices, slaves=slaves) as rig:
        rig.until_answering()

        def broken(*_):
            raise ZeroDivisionError("a fault of ours")

        monkeypatch.setattr(devices[0].values, "decode", broken)
        rig.until(lambda s: s.crashes >= 2, why="survived faults")
        seen_ns = rig.bus.snapshot.devices[1].values["power_w"].taken_ns
        rig.until(lambda s: s.devices[1].values["power_w"].taken_ns > seen_ns, why="the other device")
        assert rig.bus.alive


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_a_thousand_unplugs_leak_no_descriptor_and_no_wrong_value(tmp_path):
    """The line itself, without the back-off of the bus: open, read, pull, close, a thousand times."""
    import threading

    virtual = VirtualBus(
        tmp_path / "tty", {1: VirtualDeye("3p-lv", lambda: HOUSE)}, baud=115200, turnaround_s=0, speed=100
    )
    line = Line(str(tmp_path / "tty"), spec())
    from plc.field.rs485.port import PORT_ERRORS

    with virtual:
        counts, reads, losses = [], 0, 0
        for cycle in range(1000):
            line.open()
            if cycle % 50 == 0:
                answer = line.read_registers(1, 3, 586, 70, 0.5)
                assert answer.words is None or answer.words[653 - 586] == HOUSE.load_w
                reads += answer.words is not None
            virtual.unplug()
            try:
                answer = line.read_registers(1, 3, 586, 70, 0.05)
                assert answer.words is None
            except PORT_ERRORS:
                losses += 1
            try:
                line.drain(threading.Event())
            except PORT_ERRORS:
                losses += 1
            line.close()
            virtual.replug()
            if cycle in (9, 999):
                counts.append(descriptors())
        assert losses >= 1000
        assert reads >= 19
        assert counts[1] <= counts[0]


def test_a_cloud_edge_between_two_blocks_is_no_contradiction(tmp_path):
    clock = FastClock(8)
    start_ns = clock.now_ns() + 15 * NS_PER_S

    def passed_s():
        return max(0.0, (clock.now_ns() - start_ns) / NS_PER_S)

    rig = Rig(tmp_path / "tty", clock=clock)
    rig.inverter.provider = lambda: replace(HOUSE, pv_w=max(300.0, 9000.0 - 450.0 * passed_s()))
    with rig:
        rig.until_answering()
        rig.until(lambda _: passed_s() > 20, why="the cloud is over the house")
        device = rig.look().devices[0]
        assert device.stats.refused_values == 0
        assert not device.messages
        assert device.values["pv_w"].quality is Quality.GOOD


@pytest.mark.parametrize("speed", [1, 30])
def test_values_stay_fresh_at_the_speed_of_the_simulation(tmp_path, speed):
    """Real line time divided by the speed: what the demo does."""
    clock = FastClock(speed)
    virtual = VirtualBus(tmp_path / "tty", {1: VirtualDeye("3p-lv", lambda: HOUSE)}, speed=speed)
    ports = [SerialPort(str(tmp_path / "tty"), devices=(SerialDevice("inverter", "deye", 1),))]
    service = Rs485Service(ports, fast_kinds(turnaround_s=0.5), clock, Origin.SIM)
    with virtual:
        service.start()
        end = time.monotonic() + 8
        while service.energy(clock.now_ns()).load_w is NEVER and time.monotonic() < end:
            time.sleep(0.01)
        qualities, until_s = [], time.monotonic() + 3
        while time.monotonic() < until_s:
            qualities.append(service.energy(clock.now_ns()).load_w.quality)
            time.sleep(0.005)
        service.stop()
        assert service.join(2.0)
    assert sum(quality is Quality.GOOD for quality in qualities) > 0.9 * len(qualities)
