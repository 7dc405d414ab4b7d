"""Every entry of our maps agrees with the collected facts of independent projects.

The facts say what other programs read; where those contradict each other they say so, and our map does
not use such a register.
"""

import csv

import pytest

from plc.field.rs485.decode import WordOrder, WordType
from tests.field.rs485.kinds import FACTS, all_kinds, kind

UNITS = {"%": "pct", "enum": "", "bits": "", "bool": ""}
METERS = {
    "Eastron SDM630 / Kostal KEM-P / Weidmueller EM120-122": "eastron-sdm630",
    "Eastron SDM72DM-V2": "eastron-sdm72dm-v2",
    "Eastron SDM72D-M (V1)": "eastron-sdm72d-m",
    "Eastron SDM120": "eastron-sdm120",
    "Janitza UMG / B23": "janitza-umg",
    "Finder 7M.24": "finder-7m-24",
    "Finder 7M.38": "finder-7m-38",
    "Carlo Gavazzi EM24 (RS485)": "carlo-gavazzi-em24",
    "Carlo Gavazzi EM330/EM340/ET330/ET340": "carlo-gavazzi-em340",
    "Eltako DSZ15DZMOD / DSZ16": "eltako-dsz15",
    "ORNO OR-WE-516 / 517": "orno-we-516",
    "ORNO OR-WE-514 / 515": "orno-we-514",
    "ORNO OR-WE-525 / 526": "orno-we-525",
    "ORNO OR-WE-504": "orno-we-504",
    "Chint DTSU666": "chint-dtsu666",
}


def facts(file):
    with open(FACTS / file, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def number(text):
    head = text.split()[0] if text[0].isdigit() else "1"
    return float(head)


DEYE = [
    (family, name)
    for family in ("deye-3p-lv", "deye-3p-hv", "deye-1p", "deye-1p-10w")
    for name in kind(family).values
]


@pytest.mark.parametrize(("family", "name"), DEYE)
def test_deye_value_agrees_with_the_facts(family, name):
    value = kind(family).values[name]
    rows = [row for row in facts("deye.csv") if row["model"] == family.removeprefix("deye-")]
    fitting = []
    for row in rows:
        registers = tuple(int(part) for part in row["register"].split(";"))
        if registers[: len(value.addresses)] == value.addresses or registers[-2:] == value.addresses:
            fitting.append((row, registers))
    assert fitting, f"{name}: no fact about register {value.addresses}"
    row, registers = fitting[0]
    assert "disagree" not in row["signed"]
    if not name.startswith("fault_bits"):
        assert len(registers) == value.words
    assert value.unit == UNITS.get(row["unit"], row["unit"])
    signed = row["signed"].startswith("s") or "signed" in row["signed"]
    assert (value.type in (WordType.S16, WordType.SPLIT32)) == signed
    if value.unit:
        assert value.scale == number(row["scale"])
    assert value.offset == (-100 if "offset -100" in row["scale"] else 0)
    order = value.word_order or kind(family).word_order
    assert value.words == 1 or order is WordOrder.LOW_FIRST


@pytest.mark.parametrize(("model", "file"), METERS.items())
def test_meter_values_agree_with_the_facts(model, file):
    meter = kind(file)
    rows = {int(row["register"]): row for row in facts("meters.csv") if row["model"] == model}
    for name, value in meter.values.items():
        row = rows[value.addresses[0]]
        assert value.unit == row["unit"], name
        assert value.words == int(row["words"]), name
        assert value.scale == number(row["scale"]), name
        assert {"float32": "f32"}.get(row["signed"], row["signed"]) == value.type, name
        if value.words == 2:
            wanted = WordOrder.LOW_FIRST if row["word_order"] == "lo;hi" else WordOrder.HIGH_FIRST
            assert (value.word_order or meter.word_order) is wanted, name
        function = 4 if row["access"].startswith("FC4") else 3
        covering = [b for b in meter.blocks.values() if b.start <= value.addresses[0] < b.start + b.count]
        assert {block.function for block in covering} == {function}, name


def test_every_meter_of_the_facts_has_a_device_file():
    assert {row["model"] for row in facts("meters.csv")} == set(METERS)


@pytest.mark.parametrize("name", sorted(all_kinds()))
def test_blocks_of_one_slave_have_distinct_lengths(name):
    counts = [block.count for block in kind(name).blocks.values()]
    assert len(set(counts)) == len(counts)


@pytest.mark.parametrize("name", [n for n in sorted(all_kinds()) if not n.startswith("deye")])
def test_every_meter_can_be_grid_meter_and_miner_meter(name):
    roles = kind(name).roles
    assert roles["grid_meter"] == {"energy.grid_meter_w": "power_w"}
    assert roles["miner_meter"] == {"miner.power_metered_w": "power_w"}
