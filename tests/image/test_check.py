"""The map against PiCtory: our own file agrees, every difference of any other file is explained."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.image.check import compare
from plc.image.pictory import parse_pictory
from plc.image.process_image import ProcessImage, WiringDiffers
from plc.image.wiring import Wiring
from tests.image.cabinet import (
    WALDA,
    WIRING_TEXT,
    Bench,
    Rsc,
    device,
    entry,
    in_entry,
    pictory_of,
    replaced,
    rsc_of,
    walda,
    wiring_of,
)
from tests.image.garbage import damage

MODULES = """  - {name: core, type: core, position: 0}
  - {name: dio01, type: dio, position: 32, debounce: 3_ms}
  - {name: aio01, type: aio, position: 33}
"""


class Variant(NamedTuple):
    """An arrangement of modules on the rail with the offsets that PiCtory would give."""

    name: str
    modules: str
    offsets: dict[str, int]


ARRANGEMENTS = [
    Variant("core, everything right", MODULES, {"core": 0, "dio01": 11, "aio01": 124}),
    Variant(
        "DIO left of the base",
        MODULES.replace("position: 32", "position: 31").replace("position: 33", "position: 32"),
        {"dio01": 0, "core": 113, "aio01": 124},
    ),
    Variant(
        "Connect, everything left, AIO outside",
        MODULES.replace("type: core", "type: connect")
        .replace("position: 32", "position: 31")
        .replace("position: 33", "position: 30"),
        {"aio01": 0, "dio01": 89, "core": 202},
    ),
    Variant(
        "Connect 5, longer base",
        MODULES.replace("type: core", "type: connect5"),
        {"core": 0, "dio01": 13, "aio01": 126},
    ),
    Variant(
        "Connect 4 between its modules",
        MODULES.replace("type: core", "type: connect4").replace("position: 32", "position: 31"),
        {"dio01": 0, "core": 113, "aio01": 126},
    ),
]


@pytest.mark.parametrize("variant", ARRANGEMENTS, ids=lambda v: v.name)
def test_the_file_made_from_a_map_agrees_with_it_wherever_the_base_stands(
    tmp_path: Path, variant: Variant
) -> None:
    wiring = wiring_of(replaced(WIRING_TEXT, MODULES, variant.modules), tmp_path)
    content = rsc_of(wiring)
    assert {d["name"]: d["offset"] for d in content["Devices"]} == variant.offsets
    assert compare(wiring, pictory_of(content)) == []


@pytest.mark.parametrize("variant", ARRANGEMENTS, ids=lambda v: v.name)
def test_signals_find_their_bytes_wherever_the_base_stands(tmp_path: Path, variant: Variant) -> None:
    wiring = wiring_of(replaced(WIRING_TEXT, MODULES, variant.modules), tmp_path)
    bench = Bench(tmp_path, wiring)
    image = bench.open()
    bench.inputs(1 << 3)  # DI4
    bench.analogue(rtd=(521, -123))
    inputs = image.read(1)
    assert inputs.dio_healthy
    assert inputs.flow_ok
    assert not inputs.safety_ok
    assert inputs.t_oil_degc.value == 52.1
    assert inputs.t_buffer_top_degc.value == -12.3
    image.close()


def test_the_example_file_is_the_one_made_from_the_example_map() -> None:
    from plc.image.pictory_export import pictory_json

    made = pictory_json(walda(), "walda")
    assert made == (WALDA / "config.rsc").read_text(encoding="utf-8")


def test_second_modules_of_a_kind_get_names_of_their_own(tmp_path: Path) -> None:
    modules = MODULES + "  - {name: dio02, type: dio, position: 34}\n"
    text = in_entry(replaced(WIRING_TEXT, MODULES, modules), "horn", "dio01.DO11", "dio02.DO1")
    wiring = wiring_of(text, tmp_path)
    content = rsc_of(wiring)
    names = [io[0] for d in content["Devices"] for s in ("inp", "out", "mem") for io in d[s].values()]
    assert len(names) == len(set(names))
    assert entry(content, "dio02", "out", "HORN")[3:] == ["70", True, "0034", "", "0"]
    assert compare(wiring, pictory_of(content)) == []


# ---- files that somebody else made


def _word(content: Rsc, section: str, name: str, offset: str) -> None:
    """The WORD variant of a DIO: one entry of 16 bits in place of sixteen of one bit."""
    dio = device(content, "dio01")
    dio["inpVariant" if section == "inp" else "outVariant"] = 1
    rest = [io for io in dio[section].values() if io[3] != offset]
    dio[section] = {
        str(i): io for i, io in enumerate([[name, "0", "16", offset, True, "0000", "", ""], *rest])
    }


def _set(module: str, section: str, name: str, index: int, value: Any) -> Callable[[Rsc], None]:
    def change(content: Rsc) -> None:
        entry(content, module, section, name)[index] = value

    return change


def _device(module: str, **values: Any) -> Callable[[Rsc], None]:
    def change(content: Rsc) -> None:
        device(content, module).update(values)

    return change


def _drop(module: str) -> Callable[[Rsc], None]:
    def change(content: Rsc) -> None:
        content["Devices"].remove(device(content, module))

    return change


def _core_1_0(content: Rsc) -> None:
    """The first base module had two bytes: a status and the LEDs."""
    status = ["RevPiStatus", "0", "8", "0", True, "0000", "", ""]
    led = ["RevPiLED", "0", "8", "1", True, "0001", "", ""]
    device(content, "core").update(inp={"0": status}, out={"0": led})


class Difference(NamedTuple):
    """A change of the right file and what must be said about it."""

    name: str
    change: Callable[[Rsc], None]
    found: str
    allowed: str
    next_step: str


DIFFERENCES = [
    Difference(
        "wrong position",
        _device("dio01", position="34"),
        "no module at position 32",
        "DIO (product type 96) for module dio01",
        "a DIO stands at position 34",
    ),
    Difference(
        "wrong product type",
        _device("aio01", productType="118"),
        'MIO "aio01" at position 33 (product type 118)',
        "AIO (product type 103) for module aio01",
        "correct it in PiCtory",
    ),
    Difference("module missing", _drop("aio01"), "no module at position 33", "AIO", "correct it in PiCtory"),
    Difference(
        "renamed",
        _set("dio01", "inp", "FLOW_OK", 0, "Durchfluss"),
        'dio01.DI4 is called "Durchfluss"',
        '"FLOW_OK" for flow_ok',
        "rename it in PiCtory, or correct io_name in",
    ),
    Difference(
        "never named",
        _set("dio01", "out", "M1_ENABLE", 0, "O_8"),
        'dio01.DO8 is called "O_8"',
        '"M1_ENABLE" for m1_enable',
        "rename it",
    ),
    Difference(
        "inputs as a word",
        lambda c: _word(c, "inp", "Input", "0"),
        "inputs as one WORD",
        "single bits (BOOL)",
        "choose the variant BOOL for the inputs",
    ),
    Difference(
        "outputs as a word",
        lambda c: _word(c, "out", "Output", "70"),
        "outputs as one WORD",
        "single bits (BOOL)",
        "choose the variant BOOL for the outputs",
    ),
    Difference(
        "used output on at start",
        _set("dio01", "out", "M1_ENABLE", 1, "1"),
        'output "M1_ENABLE" of DIO "dio01" at position 32 with the default 1',
        "0",
        "switches it on at every start",
    ),
    Difference(
        "unused output on at start",
        _set("dio01", "out", "O_16", 1, "1"),
        'output "O_16"',
        "0",
        "set the default to 0",
    ),
    Difference(
        "pump voltage at start",
        _set("aio01", "out", "P4_SP", 1, "5000"),
        'output "P4_SP"',
        "0",
        "default to 0",
    ),
    Difference(
        "output range off",
        _set("aio01", "mem", "Output1Range", 1, "0"),
        "Output1Range = 0 (off)",
        "2 (0-10 V) (p4_setpoint_pct drives a pump",
        "set Output1Range",
    ),
    Difference(
        "RTD type",
        _set("aio01", "mem", "RTD1Type", 1, "0"),
        "RTD1Type = 0 (Pt100)",
        "1 (Pt1000)",
        "set RTD1Type",
    ),
    Difference(
        "RTD wiring",
        _set("aio01", "mem", "RTD2Wiring", 1, "2"),
        "RTD2Wiring = 2 (2-wire)",
        "0 (3-wire)",
        "set RTD2Wiring",
    ),
    Difference(
        "input range",
        _set("aio01", "mem", "Input1Range", 1, "7"),
        "Input1Range = 7 (4-20 mA)",
        "6 (0-24 mA)",
        "set Input1Range",
    ),
    Difference(
        "scaling in the module",
        _set("aio01", "mem", "RTD1Multiplier", 1, "-1"),
        "RTD1Multiplier = -1",
        "1 (t_oil_degc is scaled by the program",
        "set RTD1Multiplier",
    ),
    Difference(
        "counter on a used input",
        _set("dio01", "mem", "InputMode_4", 1, "1"),
        "InputMode_4 = 1 (counter, rising)",
        "0 (direct) (flow_ok is a plain input",
        "set InputMode_4",
    ),
    Difference(
        "PWM on a used output",
        _set("dio01", "mem", "OutputPWMActive", 1, "128"),
        "OutputPWMActive = 128",
        "0",
        "set OutputPWMActive",
    ),
    Difference(
        "debounce",
        _set("dio01", "mem", "InputDebounce", 1, "0"),
        "InputDebounce = 0 (off)",
        "3 (3_ms)",
        "set InputDebounce",
    ),
    Difference(
        "parameter that is no number",
        _set("aio01", "mem", "RTD1Type", 1, "?"),
        "RTD1Type = ?",
        "1 (Pt1000)",
        "set",
    ),
    Difference(
        "duplicate name",
        _set("dio01", "inp", "I_16", 0, "P3_ON"),
        'the name "P3_ON" 2 times',
        "every name once",
        "rename one of them",
    ),
    Difference(
        "totals",
        lambda c: c["Summary"].update(inpTotal=1),
        "inpTotal = 1",
        "96, the sum over the devices",
        "save the configuration again",
    ),
    Difference(
        "overlap",
        _device("aio01", offset=100),
        "begins at byte 100, inside DIO",
        "byte 124 or later",
        "save the configuration again",
    ),
    Difference(
        "too much for the image",
        _device("aio01", offset=4090),
        "4179 bytes for all modules",
        "at most 4096 bytes",
        "remove modules",
    ),
    Difference(
        "old base module",
        _core_1_0,
        'Core "core" at position 0 with 2 bytes',
        "11 bytes",
        "choose the current version",
    ),
    Difference(
        "entry missing",
        lambda c: device(c, "dio01")["inp"].pop("3"),
        "no entry for dio01.DI4",
        "1 bit at byte 0",
        "correct it in PiCtory",
    ),
]


@pytest.mark.parametrize("case", DIFFERENCES, ids=lambda case: case.name)
def test_a_difference_is_explained(case: Difference) -> None:
    wiring = walda()
    content = rsc_of(wiring)
    case.change(content)
    problems = compare(wiring, pictory_of(content))
    matching = [problem for problem in problems if case.found in problem.found]
    assert matching, [str(problem) for problem in problems]
    assert case.allowed in matching[0].allowed
    assert case.next_step in matching[0].next_step
    assert matching[0].file == "config.rsc"


@pytest.mark.parametrize("case", DIFFERENCES, ids=lambda case: case.name)
def test_the_program_refuses_to_open_the_image_on_a_difference(tmp_path: Path, case: Difference) -> None:
    bench = Bench(tmp_path, change=case.change)
    before = bench.path.read_bytes()
    with pytest.raises(WiringDiffers) as refused:
        bench.open()
    assert refused.value.code == 4
    assert case.found in str(refused.value)
    assert bench.path.read_bytes() == before


def test_all_differences_are_reported_at_once() -> None:
    wiring = walda()
    content = rsc_of(wiring)
    for name in ("renamed", "output range off", "debounce", "unused output on at start"):
        next(case for case in DIFFERENCES if case.name == name).change(content)
    assert len(compare(wiring, pictory_of(content))) == 4


def test_a_difference_has_the_line_of_the_entry() -> None:
    wiring = walda()
    text = (WALDA / "config.rsc").read_text(encoding="utf-8").replace('"FLOW_OK"', '"Durchfluss"')
    pictory, _ = parse_pictory(text.encode(), "config.rsc")
    assert pictory is not None
    assert [p.line for p in compare(wiring, pictory)] == [text[: text.index('"Durchfluss"')].count("\n") + 1]


def test_two_names_exchanged_point_to_the_drawing() -> None:
    wiring = walda()
    content = rsc_of(wiring)
    first, second = entry(content, "dio01", "out", "M1_ENABLE"), entry(content, "dio01", "out", "M2_ENABLE")
    first[0], second[0] = second[0], first[0]
    problems = compare(wiring, pictory_of(content))
    assert len(problems) == 2
    assert all("look which terminal is wired" in problem.next_step for problem in problems)


def test_outputs_that_we_do_not_use_may_be_push_pull(tmp_path: Path) -> None:
    modules = MODULES + "  - {name: dio02, type: dio, position: 34}\n"
    text = in_entry(replaced(WIRING_TEXT, MODULES, modules), "horn", "dio01.DO11", "dio02.DO1")
    wiring = wiring_of(text, tmp_path)
    content = rsc_of(wiring)
    entry(content, "dio02", "mem", "OutputPushPull_i04")[1] = "2"
    assert compare(wiring, pictory_of(content)) == []


def test_modules_of_others_are_left_alone(tmp_path: Path) -> None:
    """A virtual device of an old file, a duplicate device name, a module without numbers that we can use."""
    bench = Bench(tmp_path)
    content = json.loads(bench.rsc.read_text())
    virtual = {
        "id": "device_Virtual01_20160818_1_0_001",
        "type": "VIRTUAL",
        "productType": "32768",
        "position": "adap.",
        "name": "dio01",
        "bmk": "",
        "inpVariant": 0,
        "outVariant": 0,
        "comment": "",
        "offset": 213.0,
        "inp": {"0": ["Input_1", "0", "8", "0", False, "0000", "", ""]},
        "out": {"0": ["Output_1", "7", "8", "1", False, "0001", "", ""]},
        "mem": {},
        "extend": {},
    }
    content["Devices"].append(virtual)
    content["Summary"] = {"inpTotal": 97, "outTotal": 28}
    bench.rsc.write_text(json.dumps(content))
    bench.poke(214, b"\x55")
    image = bench.open()
    image.write_safe()
    image.read(1)
    assert bench.peek(214, 1) == b"\x55"  # the output of somebody else
    image.close()


def test_files_of_very_old_versions_are_read() -> None:
    wiring = walda()
    content = rsc_of(wiring)
    for entry_ in content["Devices"]:
        entry_["catalogNr"] = "old"
        entry_["offset"] = float(entry_["offset"])
        del entry_["inpVariant"], entry_["outVariant"], entry_["extend"], entry_["comment"]
    del content["App"], content["Connections"]
    del content["Summary"]
    assert compare(wiring, pictory_of(content)) == []


@pytest.mark.parametrize(
    ("raw", "line", "found"),
    [
        (b"", 1, "an empty file"),
        (b"\n\n{", 3, "no valid JSON"),
        (b"[]", 1, 'no list "Devices"'),
        (b'{"Devices": 3}', 1, 'no list "Devices"'),
        (b'{"Devices": [3]}', 1, "device 0 is no object"),
        (b'{"Devices": [{}]}', 1, "with productType = 'nothing'"),
        (
            b'{"Devices": [{"name": "x", "productType": "96", "offset": 0.5, "position": "0"}]}',
            1,
            "offset = 0.5",
        ),
        (
            b'{"Devices": [{"productType": 96, "offset": 0, "position": 0, "inp": {"0": ["a"]}}]}',
            1,
            "broken entry",
        ),
        (b"\xff", 1, "which is not UTF-8"),
        (b"[" * 100_000, 1, "no valid JSON"),
    ],
)
def test_a_file_that_pictory_did_not_write_is_explained(raw: bytes, line: int, found: str) -> None:
    _, problems = parse_pictory(raw, "config.rsc")
    assert found in problems[0].found
    assert problems[0].line == line
    assert "export config.rsc from PiCtory again" in problems[0].next_step


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_content_of_any_field_causes_a_traceback(data: st.DataObject) -> None:
    wiring, content = _PREPARED
    content = copy.deepcopy(content)
    damage(data, content)
    pictory, problems = parse_pictory(json.dumps(content).encode(), "config.rsc")
    if pictory is not None:
        problems += compare(wiring, pictory)
    assert all(str(problem) for problem in problems)


_PREPARED: tuple[Wiring, Rsc] = (walda(), rsc_of(walda()))


def test_an_image_file_that_is_too_short_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.path.write_bytes(bytes(100))
    with pytest.raises(WiringDiffers) as refused:
        ProcessImage.open(bench.wiring, bench.path, bench.rsc)
    assert refused.value.code == 4
    assert "found 100 bytes; allowed: at least 213 bytes" in str(refused.value)
    assert "truncate -s 4096" in str(refused.value)
