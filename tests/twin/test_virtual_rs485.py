"""The virtual house on its RS485 lines, read by the program's own driver from the site file it writes."""

import time

import pytest
import yaml

from plc.blocks.core import NEVER, Origin, Quality
from plc.devicefiles import load_kinds, rs485_problems
from plc.field.rs485.service import Rs485Service
from plc.field.rs485.settings import SerialPort, kinds_of
from plc.image.marked_yaml import parse
from plc.image.typed import build
from plc.plant.interface import ImageOutputs
from tests.field.rs485.rig import FastClock
from tools.twin import scenarios
from tools.twin.modbus_devices.plant import VirtualRs485
from tools.twin.rig import Rig

SPEED = 30.0


def ports_of(section):
    """The section through the reader of the site file."""
    node, _ = parse(yaml.safe_dump({"rs485": section}).encode(), "site.yaml")
    problems = []
    ports = [build(SerialPort, item, "site.yaml", problems)[0] for item in node.value["rs485"].value]
    problems += rs485_problems(ports, node.value["rs485"], "site.yaml")
    assert not problems, problems
    return ports


@pytest.fixture
def rig():
    rig = Rig(scenarios.get("pv-day"))
    for _ in range(50):
        rig.step(1.0, ImageOutputs(), 0.0, 0.0)
    return rig


def until(condition, wall_s=8.0):
    end = time.monotonic() + wall_s
    while not condition():
        assert time.monotonic() < end, "never happened"
        time.sleep(0.01)


def test_the_program_reads_the_virtual_house_and_notices_its_silence(rig, tmp_path):
    clock = FastClock(SPEED)
    with VirtualRs485(rig, tmp_path, speed=SPEED) as lines:
        ports = ports_of(lines.section())
        kinds, _ = load_kinds(kinds_of(ports))
        service = Rs485Service(ports, kinds, clock, Origin.SIM)
        service.start()
        try:
            until(lambda: service.ok() and service.energy(clock.now_ns()).pv_w is not NEVER)
            until(lambda: service.metered(2, clock.now_ns()) is not NEVER)
            e = rig.model.electricity
            energy = service.energy(clock.now_ns())
            assert energy.grid_w.value == pytest.approx(lines.house().grid_w, abs=2)
            assert energy.grid_meter_w.value == pytest.approx(lines.house().grid_w, abs=1)
            assert energy.load_w.value == pytest.approx(e.load_w, abs=1)
            assert energy.battery_soc_pct.value == pytest.approx(100 * e.soc, abs=0.6)
            assert energy.load_w.origin is Origin.SIM
            rig.deye_alive = False
            until(lambda: service.energy(clock.now_ns()).load_w.quality >= Quality.STALE)
            assert service.energy(clock.now_ns()).grid_meter_w.quality is Quality.GOOD
            rig.deye_alive = True
            until(lambda: service.energy(clock.now_ns()).load_w.quality is Quality.GOOD, 12)
            assert lines.inverter.writes_seen == 0
        finally:
            service.stop()
            assert service.join(2.0)
