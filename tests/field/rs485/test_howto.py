"""The example of the how-to page works exactly as it is printed."""

import re
import struct
from pathlib import Path

import pytest

from plc.devicefiles import load_kinds
from plc.field.rs485.device import Device
from plc.field.rs485.devicetype import BlockSpec, DerivedSpec, ValueSpec
from plc.field.rs485.options import DeviceOptions
from tests.field.rs485.rig import Rig

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "add-a-modbus-device.md"


def example():
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]


class HeatMeter:
    """The imaginary device, with the registers as its page says."""

    def __init__(self):
        self.reads = 0

    def read(self, function, start, count):
        if function != 4:
            return 1
        self.reads += 1
        flow = struct.unpack(">HH", struct.pack(">f", 1.234))
        heat = struct.unpack(">HH", struct.pack(">i", -57))
        image = {0: 553 + self.reads % 2, 1: 0x10000 - 25, 4: flow[0], 5: flow[1], 8: heat[0], 9: heat[1]}
        image |= {100: 1, 101: 5}
        return [image.get(address, 0) for address in range(start, start + count)]


def test_the_example_is_read_without_a_line_of_code(tmp_path):
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "heat-meter.yaml").write_text(example(), encoding="utf-8")
    kinds, problems = load_kinds(["heat-meter"], tmp_path)
    assert not problems
    device = Device("buffer_heat", "heat-meter", kinds["heat-meter"], DeviceOptions(slave=12))
    with Rig(tmp_path / "tty", devices=[device], slaves={12: HeatMeter()}) as rig:
        snapshot = rig.until(lambda s: len(s.devices[0].values) == 5).devices[0]
    values = {name: reading.value for name, reading in snapshot.values.items()}
    assert values["flow_degc"] == pytest.approx(55.3, abs=0.11)
    assert values["return_degc"] == pytest.approx(-2.5)
    assert values["volume_m3_per_h"] == pytest.approx(1.234)
    assert values["heat_w"] == -5700
    assert values["heat_kwh"] == 65541


def test_the_page_explains_every_key_of_a_value():
    text = PAGE.read_text(encoding="utf-8")
    table = {
        key for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)
    }
    assert set(ValueSpec.__dataclass_fields__) == table
    for name in ("start", "count", "period_s", "function", "optional"):
        assert name in BlockSpec.__dataclass_fields__
    assert "strings" in DerivedSpec.__dataclass_fields__
