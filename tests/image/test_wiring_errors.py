"""Every mistake that the wiring map alone can show, with the exact words that a person gets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.image.problem import Problem
from plc.image.wiring_file import WiringReader, load_wiring
from plc.plant.signals import SIGNALS
from tests.image.cabinet import WIRING_TEXT, in_entry, line_of, read_wiring, replaced, without_entry
from tests.image.garbage import damage, tree


class Case(NamedTuple):
    """A change of the example map and the first problem it must cause."""

    name: str
    change: Callable[[str], str]
    at: tuple[str, str]  # text in the changed file and where to look for it
    found: str
    allowed: str
    next_step: str


CASES = [
    Case(
        "misspelled signal",
        lambda t: replaced(t, "\n  flow_ok:\n", "\n  flow_okay:\n"),
        ("  flow_okay:", ""),
        'the unknown signal "flow_okay"',
        "a signal of the catalogue",
        'did you mean "flow_ok"?',
    ),
    Case(
        "misspelled key of a signal",
        lambda t: in_entry(t, "flow_ok", "terminal:", "terminl:"),
        ("terminl:", ""),
        'the unknown key "flow_ok.terminl"',
        "one of channel, io_name, device, terminal",
        'did you mean "terminal"?',
    ),
    Case(
        "misspelled key at the top",
        lambda t: replaced(t, "\nmodules:", "\nmodule:"),
        ("module:", ""),
        'the unknown key "module"',
        "modules, signals",
        'did you mean "modules"?',
    ),
    Case(
        "missing protective signal",
        lambda t: without_entry(t, "temp_max_ok"),
        ("signals:", ""),
        'no signal "temp_max_ok"',
        "protective, it must be wired",
        "add an entry temp_max_ok",
    ),
    Case(
        "missing output",
        lambda t: without_entry(t, "horn"),
        ("signals:", ""),
        'no signal "horn"',
        "every signal of the catalogue",
        "add an entry horn",
    ),
    Case(
        "protective input made absent",
        lambda t: in_entry(t, "safety_ok", "contact: NO", "contact: NO\n    present: false"),
        ("present: false", ""),
        "safety_ok: present = false",
        "healthy = 1",
        "remove present",
    ),
    Case(
        "protective input inverted",
        lambda t: in_entry(t, "flow_ok", "contact: NC", "contact: NC\n    invert: true"),
        ("invert: true", ""),
        "flow_ok: invert = true",
        "healthy = 1",
        "remove invert",
    ),
    Case(
        "protective input substituted",
        lambda t: in_entry(t, "k10_fb", "contact: NO", "contact: NO\n    substitute: true"),
        ("substitute: true", ""),
        "k10_fb: substitute = true",
        "measured: it protects the plant",
        "remove substitute",
    ),
    Case(
        "protective input forced",
        lambda t: in_entry(t, "t_oil_degc", "sensor: pt1000", "sensor: pt1000\n    force: 40"),
        ("force: 40", ""),
        "t_oil_degc: force = 40",
        "measured: it protects the plant",
        "remove force",
    ),
    Case(
        "contactor feedback from the mirror contact",
        lambda t: in_entry(t, "k11_fb", "contact: NO", "contact: NC"),
        ("contact: NC", "k11_fb:"),
        "k11_fb: contact = NC",
        "NO: 1 means closed",
        "wire the normally open contact",
    ),
    Case(
        "duplicate channel",
        lambda t: in_entry(t, "estop2_ok", "dio01.DI3", "dio01.DI2"),
        ("dio01.DI2", "estop2_ok:"),
        "dio01.DI2 a second time (also estop1_ok)",
        "every channel once",
        "look at the drawing",
    ),
    Case(
        "channel that the module does not have",
        lambda t: in_entry(t, "grid_block", "dio01.DI14", "dio01.DI15"),
        ("dio01.DI15", ""),
        "dio01.DI15, which the module does not have",
        "DI1 to DI14",
        "take the number printed on the module",
    ),
    Case(
        "terminal of another kind of module",
        lambda t: in_entry(t, "grid_block", "dio01.DI14", "aio01.DI14"),
        ("aio01.DI14", ""),
        "aio01.DI14, which the module does not have",
        "no DI on a aio",
        "take the number printed on the module",
    ),
    Case(
        "output wired to an input",
        lambda t: in_entry(t, "p3_on", "dio01.DO1", "dio01.DI1"),
        ("dio01.DI1", "p3_on:"),
        "dio01.DI1 for p3_on",
        "a terminal DO",
        "p3_on is of kind do",
    ),
    Case(
        "unknown module",
        lambda t: in_entry(t, "p3_on", "dio01.DO1", "dio1.DO1"),
        ("dio1.DO1", ""),
        'the unknown module "dio1"',
        "core, dio01, aio01",
        'did you mean "dio01"?',
    ),
    Case(
        "channel that cannot be read",
        lambda t: in_entry(t, "p3_on", "dio01.DO1", "DO1"),
        ("DO1", "p3_on:"),
        'channel = "DO1"',
        "module.terminal as printed",
        "repair the channel",
    ),
    Case(
        "no channel",
        lambda t: in_entry(t, "p3_on", "    channel: dio01.DO1\n", ""),
        ("  p3_on:", ""),
        "p3_on without a channel",
        "module.terminal",
        "add the channel",
    ),
    Case(
        "no name in PiCtory",
        lambda t: in_entry(t, "p3_on", "    io_name: P3_ON\n", ""),
        ("  p3_on:", ""),
        "p3_on without io_name",
        "the name in PiCtory",
        "add io_name: P3_ON",
    ),
    Case(
        "name that the driver does not take",
        lambda t: in_entry(t, "p3_on", "io_name: P3_ON", "io_name: Pumpe für den Minerkreis"),
        ("Pumpe für", ""),
        'io_name = "Pumpe für den Minerkreis"',
        "1 to 31 letters, digits or _",
        "rename it here and in PiCtory",
    ),
    Case(
        "duplicate name in PiCtory",
        lambda t: in_entry(t, "horn", "io_name: HORN", "io_name: P3_ON"),
        ("io_name: P3_ON", "  horn:"),
        'io_name "P3_ON" a second time (also p3_on)',
        "every name once",
        "give each its own name",
    ),
    Case(
        "duplicate terminal",
        lambda t: in_entry(t, "horn", "terminal: -X2:11", "terminal: -X2:1"),
        ("terminal: -X2:1\n", "  horn:"),
        "terminal -X2:1 a second time (also p3_on)",
        "every terminal once",
        "look at the drawing",
    ),
    Case(
        "duplicate key",
        lambda t: in_entry(t, "horn", "device: -H1", "device: -H1\n    device: -H9"),
        ("device: -H9", ""),
        'the key "device" a second time',
        "every key once",
        "delete one of the two entries",
    ),
    Case(
        "optional input absent without a substitute",
        lambda t: in_entry(t, "cooler_ok", "contact: NC", "present: false"),
        ("present: false", ""),
        "cooler_ok: present = false without a substitute",
        "substitute: true or false",
        "say which value counts",
    ),
    Case(
        "sensor absent without a substitute",
        lambda t: in_entry(t, "t_outdoor_degc", "sensor: 4_20_ma", "sensor: 4_20_ma\n    present: false"),
        ("present: false", ""),
        "t_outdoor_degc: present = false without a substitute",
        "a number, or ~ for no value",
        "say which value counts",
    ),
    Case(
        "substitute beside a wired input",
        lambda t: in_entry(t, "cooler_ok", "contact: NC", "contact: NC\n    substitute: true"),
        ("substitute: true", ""),
        "cooler_ok: a substitute for an input that is wired",
        "only with present: false",
        "remove it",
    ),
    Case(
        "nothing as the value of an absent contact",
        lambda t: in_entry(t, "cooler_ok", "contact: NC", "present: false\n    substitute: ~"),
        ("substitute: ~", ""),
        "cooler_ok: substitute = nothing",
        "true or false",
        "say which value counts",
    ),
    Case(
        "substitute that cannot be",
        lambda t: in_entry(
            t, "t_outdoor_degc", "sensor: 4_20_ma", "sensor: 4_20_ma\n    present: false\n    substitute: 99"
        ),
        ("substitute: 99", ""),
        "t_outdoor_degc: substitute = 99",
        "from -40 to 60 degC",
        "take a plausible value",
    ),
    Case(
        "transmitter on a resistance input",
        lambda t: in_entry(t, "t_oil_degc", "sensor: pt1000", "sensor: 4_20_ma"),
        ("sensor: 4_20_ma", "t_oil_degc:"),
        "t_oil_degc: sensor = 4_20_ma on aio01.RTD1",
        "pt100 or pt1000",
        "name the sensor that is connected",
    ),
    Case(
        "span upside down",
        lambda t: in_entry(t, "t_charge_degc", "span: [0, 100]", "span: [100, 0]"),
        ("span: [100, 0]", ""),
        "t_charge_degc: span = (100.0, 0.0)",
        "low below high",
        "take both ends from the transmitter's label",
    ),
    Case(
        "unknown pump curve",
        lambda t: in_entry(t, "p4_setpoint_pct", "curve: off_0_10", "curve: of_0_10"),
        ("curve: of_0_10", ""),
        'p4_setpoint_pct.curve = "of_0_10"',
        "one of off_0_10, no_off, cb_2_10, solar_10_0",
        'did you mean "off_0_10"?',
    ),
    Case(
        "glycol pump that runs at full speed without a controller",
        lambda t: in_entry(t, "p5_setpoint_pct", "curve: off_0_10", "curve: solar_10_0"),
        ("curve: solar_10_0", ""),
        "curve = solar_10_0 on P5",
        "off_0_10, no_off, cb_2_10",
        "freezes exchanger W2",
    ),
    Case(
        "proof by an output",
        lambda t: replaced(t, "{signal: flow_ok, within_s: 20}", "{signal: p4_setpoint_pct, within_s: 20}"),
        ("  p3_on:", ""),
        'p3_on: proved_by "p4_setpoint_pct"',
        "an input of the catalogue",
        "name the input that shows the effect",
    ),
    Case(
        "a word for a number",
        lambda t: replaced(t, "within_s: 20}", "within_s: soon}"),
        ("within_s: soon", ""),
        'p3_on.proved_by.within_s = "soon"',
        "a number from 0 to 3600 s",
        "set within_s to an allowed value",
    ),
    Case(
        "unknown module type",
        lambda t: replaced(t, "type: dio,", "type: doi,"),
        ("type: doi", ""),
        'module.type = "doi"',
        "one of core, connect, connect4, connect5, dio, aio",
        'did you mean "dio"?',
    ),
    Case(
        "I/O module at the base's position",
        lambda t: replaced(t, "position: 33", "position: 0"),
        ("position: 0}", "aio01"),
        "position 0 a second time (module core)",
        "every position once",
        "take the positions from PiCtory",
    ),
    Case(
        "no base module",
        lambda t: replaced(t, "  - {name: core, type: core, position: 0}\n", ""),
        ("  - {name: dio01", ""),
        "no base module",
        "one core or connect at position 0",
        "add the base module",
    ),
    Case(
        "YAML syntax",
        lambda t: in_entry(t, "p3_on", "io_name: P3_ON", "io_name: [P3_ON"),
        ("device: -K1", "  p3_on:"),
        "no valid YAML",
        "YAML",
        "repair the line",
    ),
    Case(
        "anchor",
        lambda t: in_entry(t, "horn", "device: -H1", "device: &x -H1").replace("device: -H2", "device: *x"),
        ("device: *x", ""),
        "a reference to an anchor",
        "values written out",
        "copy the value",
    ),
    Case(
        "tabulator as indentation",
        lambda t: replaced(t, "    channel: dio01.DO11", "\tchannel: dio01.DO11"),
        ("\tchannel", ""),
        "no valid YAML",
        "YAML",
        "repair the line",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_named_with_place_allowed_values_and_next_step(tmp_path: Path, case: Case) -> None:
    text = case.change(WIRING_TEXT)
    wiring, problems = read_wiring(tmp_path, text)
    assert wiring is None
    matching = [problem for problem in problems if case.found in problem.found]
    assert matching, [str(problem) for problem in problems]
    problem = matching[0]
    assert problem.file == str(tmp_path / "wiring.yaml")
    assert problem.line == line_of(text, *case.at), str(problem)
    assert case.allowed in problem.allowed
    assert case.next_step in problem.next_step


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if "YAML" not in case.name and case.name not in ("anchor",)],
    ids=lambda c: c.name,
)
def test_a_single_mistake_does_not_cause_a_flood_of_messages(tmp_path: Path, case: Case) -> None:
    if case.name in ("misspelled key at the top", "no base module", "unknown module type"):
        return  # every channel of a module that is not known is rightly reported
    _, problems = read_wiring(tmp_path, case.change(WIRING_TEXT))
    assert len(problems) <= 3, [str(problem) for problem in problems]


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = in_entry(WIRING_TEXT, "safety_ok", "contact: NO", "invert: true")
    text = in_entry(text, "grid_block", "dio01.DI14", "dio01.DI99")
    text = in_entry(text, "horn", "device:", "devise:")
    text = without_entry(text, "lamp_run")
    _, problems = read_wiring(tmp_path, text)
    assert len(problems) == 4


@pytest.mark.parametrize("signal", [signal for signal in SIGNALS if signal.protective], ids=lambda s: s.name)
@pytest.mark.parametrize("key", ["present: false", "substitute: true", "force: true", "invert: true"])
def test_no_protective_signal_can_be_taken_away(tmp_path: Path, signal, key: str) -> None:
    text = replaced(WIRING_TEXT, f"\n  {signal.name}:\n", f"\n  {signal.name}:\n    {key}\n")
    wiring, problems = read_wiring(tmp_path, text)
    assert wiring is None
    assert any("it protects the plant" in p.allowed or "unknown key" in p.found for p in problems)


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        (b"", 1, "an empty file"),
        (b"# only a comment\n", 1, "an empty file"),
        (b"- a\n- list\n", 1, "a list"),
        (b"just a text\n", 1, "the value"),
        ("modules: []\ntext: für\n".encode("latin-1"), 2, "which is not UTF-8"),
        (b"\xff\xfem\x00o\x00d\x00", 1, "which is not UTF-8"),
        (b"a: 1\nb: \x01\n", 2, "control character"),
        (b"a: 1\n---\nb: 2\n", 2, "a second document"),
        (b"a: !!python/object/apply:os.system [id]\n", 1, "tag"),
        (b"a: !thing 1\n", 1, "the tag !thing"),
        (b"[" * 200_000, 1, "nesting deeper than 20 levels"),
        (b"- " * 200_000, 1, "nesting deeper than 20 levels"),
        (b"modules: " + b"9" * 5000, 1, 'no list "modules"'),
        (b"a: &a [*a]\n", 1, "a reference to an anchor"),
        (b"? {a: b}\n: c\n", 1, "a key that is not a word"),
    ],
)
def test_a_file_that_is_no_map_is_explained(tmp_path: Path, content: bytes, line: int, found: str) -> None:
    path = tmp_path / "wiring.yaml"
    path.write_bytes(content)
    wiring, problems = load_wiring(path)
    assert wiring is None
    assert any(found in problem.found and problem.line == line for problem in problems), problems


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    _, problems = load_wiring(tmp_path / "wiring.yaml")
    assert "no readable file (No such file or directory)" in problems[0].found


_CONTENT = yaml.safe_load(WIRING_TEXT)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_content_of_any_field_causes_a_traceback(data: st.DataObject) -> None:
    content = copy.deepcopy(_CONTENT)
    for _ in range(5):
        damage(data, content)
    problems: list[Problem] = []
    wiring = WiringReader("wiring.yaml", tree(content), problems).read("")
    assert (wiring is None) == bool(problems)
    assert all(str(problem) for problem in problems)


def test_words_stay_words(tmp_path: Path) -> None:
    """YAML 1.1 would read NO as false and 1:30 as a number."""
    text = in_entry(WIRING_TEXT, "horn", "terminal: -X2:11", "terminal: 1:30")
    wiring, problems = read_wiring(tmp_path, text)
    assert wiring is not None, problems
    assert wiring.signals["k10_fb"].contact == "NO"
    assert wiring.signals["horn"].terminal == "1:30"


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    wiring, problems = read_wiring(tmp_path, "\ufeff" + WIRING_TEXT)
    assert wiring is not None, problems
