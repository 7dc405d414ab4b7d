"""Every mistake in a device file or in the RS485 section is named with file, line and next step."""

from pathlib import Path

import pytest
import yaml

from plc.devicefiles import device_paths, load_device_file, load_kinds, rs485_problems
from plc.field.rs485.settings import SerialDevice, SerialPort
from plc.image.marked_yaml import parse

GOOD = """\
title: Test meter
max_registers: 60
blocks:
  power: {start: 0, count: 10, period_s: 2}
  energy: {start: 100, count: 4, period_s: 30}
values:
  power_w: {address: 0, type: s32, unit: W, low: -100, high: 100}
  total_kwh: {address: 100, type: u32, unit: kWh, counter: total}
roles:
  grid_meter: {energy.grid_meter_w: power_w}
"""


def load(tmp_path, text):
    path = tmp_path / "meter.yaml"
    path.write_text(text, encoding="utf-8")
    return load_device_file(path)


def test_a_good_file_loads(tmp_path):
    kind, problems = load(tmp_path, GOOD)
    assert not problems
    assert kind.values["power_w"].addresses == (0, 1)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("count: 10", "count: 4", 5, "different length"),
        ("count: 10", "count: 61", 4, "max_registers"),
        ("count: 10", "count: 126", 4, "125"),
        ("count: 10", "count: ten", 4, "whole number"),
        ("address: 0,", "address: 200,", 7, "which no block reads"),
        ("address: 0,", "address: 9,", 7, "which no block reads"),
        ("address: 0,", "address: [0, 1, 2],", 7, "3 addresses"),
        ("address: 0,", "address: -1,", 7, "0 to 65535"),
        ("type: s32", "type: s33", 7, "split32"),
        ("unit: W, low", "units: W, low", 7, "units"),
        ("low: -100", "low: 200", 7, "high above low"),
        ("power_w}", "powr_w}", 10, "powr_w"),
        ("energy.grid_meter_w", "energy.gridmeter_w", 10, "energy.grid_meter_w"),
        ("title: Test meter\n", "", 1, "title"),
        ("counter: total", "counter: sum", 8, "day"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, line, words):
    kind, problems = load(tmp_path, GOOD.replace(old, new, 1))
    assert kind is None
    found = [problem for problem in problems if words in str(problem)]
    assert found, [str(problem) for problem in problems]
    assert line in {problem.line for problem in found}
    assert all(problem.next_step for problem in problems)


def test_all_mistakes_come_at_once(tmp_path):
    text = GOOD.replace("address: 0,", "address: 200,").replace("count: 4", "count: 10")
    _, problems = load(tmp_path, text)
    assert len(problems) == 2


def test_a_file_of_the_site_hides_the_program_s_own(tmp_path):
    folder = tmp_path / "devices"
    folder.mkdir()
    (folder / "eastron-sdm630.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "my-meter.yaml").write_text(GOOD, encoding="utf-8")
    kinds, problems = load_kinds(["eastron-sdm630", "my-meter"], tmp_path)
    assert not problems
    assert {kind.title for kind in kinds.values()} == {"Test meter"}


def test_deye_brings_all_families_along():
    kinds, _ = load_kinds(["deye"])
    assert {"deye", "deye-3p-lv", "deye-3p-hv", "deye-1p", "deye-1p-10w"} == set(kinds)


def ports(*devices, **settings):
    return [
        SerialPort("/dev/ttyUSB0", devices=tuple(SerialDevice(**device) for device in devices), **settings)
    ]


def problems_of(entries, tmp_path):
    text = yaml.safe_dump(
        [
            {"port": port.port, "devices": [{"name": d.name, "type": d.type} for d in port.devices]}
            for port in entries
        ]
    )
    node, _ = parse(("x:\n" + "".join(f"  {row}\n" for row in text.splitlines())).encode(), "site.yaml")
    return [str(p) for p in rs485_problems(entries, node.value["x"], str(tmp_path / "site.yaml"))]


INVERTER = {"name": "inverter", "type": "deye", "slave_id": 1}
METER = {"name": "grid", "type": "eastron-sdm630", "slave_id": 2, "role": "grid_meter"}


def test_inverter_and_meter_on_one_port_are_fine(tmp_path):
    assert problems_of(ports(INVERTER, METER), tmp_path) == []


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        (({**INVERTER, "type": "deyee"},), 'did you mean "deye"'),
        ((INVERTER, {**METER, "slave_id": 1}), "a second time on this port"),
        ((INVERTER, {**METER, "name": "inverter"}), 'the name "inverter" a second time'),
        (({**METER, "role": "gridmeter"},), "grid_meter"),
        (({**METER, "role": "miner_meter"},), "miner: 1 or 2"),
        ((METER, {**METER, "name": "other", "slave_id": 3}), "one source for each value"),
        ((INVERTER, {**METER, "role": "pv_meter"}), "both give energy.pv_w"),
        (({**INVERTER, "scale": {"ac_pover": 10.0}},), "ac_power"),
        (({**INVERTER, "scale": {"ac_power": -10.0}},), "above 0"),
        (({**INVERTER, "choose": {"grid_w": "outside"}},), "grid_w: external"),
        (({**INVERTER, "report_only": ("loads",)},), "loads"),
        (({**METER, "period_s": {"fast": 1.0}},), "all"),
        (({**METER, "reverse": ("pover",)},), "power"),
    ],
)
def test_a_mistake_between_devices_is_named(devices, words, tmp_path):
    found = problems_of(ports(*devices), tmp_path)
    assert any(words in text for text in found), found


def test_two_ports_may_not_be_the_same(tmp_path):
    entries = [*ports(INVERTER), *ports(METER)]
    assert any("a second time" in text for text in problems_of(entries, tmp_path))


@pytest.mark.parametrize("path", device_paths().values(), ids=lambda path: path.stem)
def test_every_device_file_says_where_its_facts_come_from(path):
    kind, problems = load_device_file(Path(path))
    assert not problems
    assert kind.source
