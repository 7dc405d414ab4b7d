"""Every mistake in site.yaml, with the exact words that a person gets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.blocks.param import walk_params
from plc.exits import Exit
from plc.image.problem import Problem
from plc.plant.parameters import Parameters
from plc.site import SiteError, load_site
from plc.site_reader import SiteReader
from tests.image.cabinet import WALDA, copy_site, line_of, replaced
from tests.image.garbage import damage, tree

TEXT = (WALDA / "site.yaml").read_text(encoding="utf-8")


def value(group: str, name: str, new: str) -> Callable[[str], str]:
    """Changes one parameter of the example site."""

    def change(text: str) -> str:
        start = text.index(f"\n  {group}:\n")
        at = text.index(f"    {name}: ", start)
        end = text.index("\n", at)
        return text[:at] + f"    {name}: {new}" + text[end:]

    return change


def tariff(**new: str) -> Callable[[str], str]:
    """Changes parameters of the tariff."""

    def change(text: str) -> str:
        for name, shown in new.items():
            at = text.index(f"\n      {name}: ") + 1
            text = f"{text[:at]}      {name}: {shown}{text[text.index(chr(10), at) :]}"
        return text

    return change


def fees(window: str) -> Callable[[str], str]:
    """A dynamic tariff with one window of the grid fee."""
    return tariff(kind="dynamic", fee_windows=f"[{window}]")


PEAK = "[{from_h: 17, to_h: 20, import_eur_per_kwh: 0.4}]"


class Case(NamedTuple):
    """A change of the example site and the problem it must cause."""

    name: str
    change: Callable[[str], str]
    at: tuple[str, str]
    found: str
    allowed: str
    next_step: str


CASES = [
    Case(
        "parameter out of range",
        value("oil", "warn_degc", "99"),
        ("warn_degc: 99", ""),
        "parameters.oil.warn_degc = 99",
        "a number from 45 to 64 degC",
        "set warn_degc to an allowed value",
    ),
    Case(
        "warning above the limit",
        value("oil", "warn_degc", "61"),
        ("limit_degc: 60", ""),
        "oil.limit_degc = 60 with oil.warn_degc = 61",
        "oil.limit_degc at least 62 (warn before limit before trip)",
        "change one of the two values",
    ),
    Case(
        "limit above the trip",
        value("oil", "limit_degc", "64"),
        ("trip_degc: 63", ""),
        "oil.trip_degc = 63 with oil.limit_degc = 64",
        "oil.trip_degc at least 65",
        "change one of the two values",
    ),
    Case(
        "trip too close to the hardware",
        value("safety", "temp_max_degc", "65"),
        ("temp_max_degc: 65", ""),
        "safety.temp_max_degc = 65 with oil.trip_degc = 63",
        "safety.temp_max_degc at least 66",
        "change one of the two values",
    ),
    Case(
        "no hysteresis of the buffer",
        value("buffer", "resume_degc", "54"),
        ("full_degc: 55", ""),
        "buffer.full_degc = 55 with buffer.resume_degc = 54",
        "buffer.full_degc at least 57 (hysteresis)",
        "change one of the two values",
    ),
    Case(
        "misspelled parameter",
        lambda t: replaced(t, "    warn_degc: 58", "    warn_deg: 58"),
        ("warn_deg: 58", ""),
        'the unknown key "parameters.oil.warn_deg"',
        "one of set_degc, start_max_degc",
        'did you mean "warn_degc"?',
    ),
    Case(
        "misspelled group",
        lambda t: replaced(t, "\n  oil:\n", "\n  oill:\n"),
        ("  oill:", ""),
        'the unknown key "parameters.oill"',
        "one of scan, safety, oil",
        'did you mean "oil"?',
    ),
    Case(
        "misspelled section",
        lambda t: replaced(t, "\ndevices:\n", "\ndevises:\n"),
        ("devises:", ""),
        'the unknown key "devises"',
        "one of confirmed, devices, parameters",
        'did you mean "devices"?',
    ),
    Case(
        "misspelled device section",
        lambda t: replaced(t, "  mqtt:\n", "  mqt:\n"),
        ("  mqt:", ""),
        'the unknown key "mqt"',
        "one of hot_water, miners, mqtt, rs485",
        'did you mean "mqtt"?',
    ),
    Case(
        "a word for a number",
        value("oil", "warn_degc", "warm"),
        ("warn_degc: warm", ""),
        'parameters.oil.warn_degc = "warm"',
        "a number from 45 to 64 degC",
        "set warn_degc",
    ),
    Case(
        "a number in quotes",
        value("oil", "warn_degc", "'58'"),
        ("warn_degc: '58'", ""),
        'parameters.oil.warn_degc = "58"',
        "a number from 45 to 64 degC",
        "set warn_degc",
    ),
    Case(
        "a number for a switch",
        value("safety", "flow_latches", "1"),
        ("flow_latches: 1", ""),
        "parameters.safety.flow_latches = 1",
        "true or false",
        "set flow_latches",
    ),
    Case(
        "a switch for a number",
        value("oil", "warn_degc", "true"),
        ("warn_degc: true", ""),
        "parameters.oil.warn_degc = true",
        "a number from 45 to 64 degC",
        "set warn_degc",
    ),
    Case(
        "half a scan",
        value("scan", "period_ms", "100.5"),
        ("period_ms: 100.5", ""),
        "parameters.scan.period_ms = 100.5",
        "a whole number from 20 to 500 ms",
        "set period_ms",
    ),
    Case(
        "not a number",
        value("oil", "warn_degc", ".nan"),
        ("warn_degc: .nan", ""),
        "parameters.oil.warn_degc = nan",
        "a number from 45 to 64 degC",
        "set warn_degc",
    ),
    Case(
        "endless",
        value("hp_block", "release_offset_k", "-.inf"),
        ("release_offset_k: -.inf", ""),
        "parameters.hp_block.release_offset_k = -inf",
        "a number from -10 to 5 K",
        "set release_offset_k",
    ),
    Case(
        "no value",
        value("oil", "warn_degc", ""),
        ("warn_degc:", ""),
        "parameters.oil.warn_degc = nothing",
        "a number from 45 to 64 degC",
        "set warn_degc",
    ),
    Case(
        "unknown drive",
        value("rv2", "drive", "one_wires"),
        ("drive: one_wires", ""),
        'parameters.rv2.drive = "one_wires"',
        "one of three_point, one_wire",
        'did you mean "one_wire"?',
    ),
    Case(
        "heartbeat faster than two scans",
        value("scan", "heartbeat_half_period_ms", "150"),
        ("heartbeat_half_period_ms: 150", ""),
        "scan.heartbeat_half_period_ms = 150",
        "at least 200 ms: two scans",
        "change scan.heartbeat_half_period_ms",
    ),
    Case(
        "heartbeat too slow for the relay",
        value("scan", "heartbeat_half_period_ms", "600"),
        ("heartbeat_half_period_ms: 600", ""),
        "scan.heartbeat_half_period_ms = 600",
        "at most 500 ms: a quarter of the drop time",
        "change scan.heartbeat_half_period_ms",
    ),
    Case(
        "output watchdog shorter than five scans",
        value("scan", "watchdog_ms", "400"),
        ("watchdog_ms: 400", ""),
        "scan.watchdog_ms = 400",
        "at least 500 ms: five scans",
        "change scan.watchdog_ms",
    ),
    Case(
        "a hash rate for two of four powers",
        lambda t: replaced(t, "    mining:\n", "    mining:\n      curve_ths: [45, 70]\n"),
        ("curve_ths: [45, 70]", ""),
        "economics.mining.curve_w, curve_ths",
        "a rising hash rate for each of two powers or more",
        "make both lists as long",
    ),
    Case(
        "windows that a dynamic price has no use for",
        tariff(kind="dynamic", windows=PEAK),
        ("      windows:", ""),
        "windows with kind: dynamic, whose price comes from the exchange",
        "fee_windows for what the grid fee adds at a time of day, or kind: windows",
        "write {from_h, to_h, add_net_eur_per_kwh} under fee_windows, and remove windows",
    ),
    Case(
        "windows beside a fixed price",
        tariff(windows=PEAK),
        ("      windows:", ""),
        "windows with kind: fixed",
        "kind: windows, or none",
        "write kind: windows, or remove them",
    ),
    Case(
        "prices by windows without a window",
        tariff(kind="windows"),
        ("      windows:", ""),
        "kind: windows without a window",
        "one window or more",
        "add one, or write kind: fixed",
    ),
    Case(
        "a window that ends where it begins",
        tariff(kind="windows", windows=PEAK.replace("17", "6").replace("20", "6")),
        ("      windows:", ""),
        "economics.tariff.windows[0] from 6 to 6: it never holds",
        "an end that is not the beginning",
        "write the hours, or from 0 to 24 for the whole day",
    ),
    Case(
        "grid fee windows beside whole prices",
        tariff(fee_windows="[{from_h: 17, to_h: 20, add_net_eur_per_kwh: 0.06}]"),
        ("fee_windows:", ""),
        "fee_windows with kind: fixed",
        "kind: dynamic, the only one whose prices have no grid fee in them",
        "remove them, or write whole prices as windows with kind: windows",
    ),
    Case(
        "a grid fee window that never holds",
        fees("{from_h: 24, to_h: 0, add_net_eur_per_kwh: 0.06}"),
        ("fee_windows:", ""),
        "economics.tariff.fee_windows[0] from 24 to 0: it never holds",
        "an end that is not the beginning",
        "write the hours, or from 0 to 24 for the whole day",
    ),
    Case(
        "a grid fee window within a quarter hour",
        fees("{from_h: 17.1, to_h: 20, add_net_eur_per_kwh: 0.06}"),
        ("fee_windows:", ""),
        "economics.tariff.fee_windows[0].from_h = 17.1",
        "a full quarter hour, as every price of the exchange has",
        "write 17.25 for 17:15",
    ),
    Case(
        "a grid fee below nothing",
        fees("{from_h: 1, to_h: 5, add_net_eur_per_kwh: -0.2}"),
        ("fee_windows:", ""),
        "economics.tariff.fee_windows[0] takes more off than there are fees",
        "at least -0.1555 EUR/kWh",
        "write the difference to the grid fee that is part of fees_net_eur_per_kwh",
    ),
    Case(
        "prices from a place that is no path",
        lambda t: t + "prices: {file: 'https://example.org/prices.csv'}\n",
        ("prices: {", ""),
        'prices.file: "https://example.org/prices.csv"',
        "a path, from the root or from the site folder",
        "let another program fetch the prices, and name the file that it writes",
    ),
    Case(
        "prices from a folder",
        lambda t: t + "prices: {file: /var/lib/prices/}\n",
        ("prices: {", ""),
        'prices.file: "/var/lib/prices/"',
        "a file",
        "name the CSV file",
    ),
    Case(
        "prices from the site file",
        lambda t: t + "prices: {file: ./site.yaml}\n",
        ("prices: {", ""),
        'prices.file: "./site.yaml"',
        "a file of its own",
        "name the CSV file with the prices",
    ),
    Case(
        "prices without a file",
        lambda t: t + "prices: {}\n",
        ("prices: {", ""),
        'no "prices.file"',
        "a text",
        "add file",
    ),
    Case(
        "prices that no part of the tariff looks at",
        lambda t: (
            replaced(t, "zero_at_negative_spot: true", "zero_at_negative_spot: false")
            + "prices: {file: prices.csv}\n"
        ),
        ("prices: {", ""),
        "prices that this tariff has no use for",
        "economics.tariff with kind: dynamic, feed_in: market or zero_at_negative_spot: true",
        "remove the section, or write the tariff that the contract says",
    ),
    Case(
        "no route for the surplus heat",
        lambda t: replaced(t, "  - {name: recool,", "  - {name: recol,"),
        ("  - {name: buffer", ""),
        "routes missing: recool",
        "buffer, recool and frost_w2, each once",
        "compare with the table of the example site",
    ),
    Case(
        "valve position that does not exist",
        lambda t: replaced(t, "{name: dhw,      rv1: A", "{name: dhw,      rv1: C"),
        ("rv1: C", ""),
        'routes[1].rv1 = "C"',
        "one of A, B",
        "set rv1 to an allowed value",
    ),
    Case(
        "route without a valve",
        lambda t: replaced(t, "{name: dhw,      rv1: A, ", "{name: dhw, "),
        ("{name: dhw,", ""),
        'no "routes[1].rv1"',
        "one of A, B",
        "add rv1",
    ),
    Case(
        "miner without an address",
        lambda t: replaced(t, "{host: 192.168.10.22, ", "{"),
        ("- {secret: 'credential:miner2'}", ""),
        'no "devices.miners[1].host"',
        "a text",
        "add host",
    ),
    Case(
        "port that does not exist",
        lambda t: replaced(t, "port: 8883", "port: 88830"),
        ("port: 88830", ""),
        "devices.mqtt.port = 88830",
        "a whole number from 1 to 65535",
        "set port",
    ),
    Case(
        "a confirmed fact that nobody asked for",
        lambda t: replaced(t, "confirmed: []", "confirmed: [safety.flow_latch]"),
        ("confirmed: [safety", ""),
        'confirmed: "safety.flow_latch"',
        "a name that `check` lists as unconfirmed",
        'did you mean "safety.flow_latches"?',
    ),
    Case(
        "no site",
        lambda t: replaced(t, "\nsite:\n", "\nsit:\n"),
        ("sit:", ""),
        'the unknown key "sit"',
        "site",
        'did you mean "site"?',
    ),
    Case(
        "name that cannot be a topic",
        lambda t: replaced(t, "id: walda ", "id: 'walda/+' "),
        ("id: 'walda/+'", ""),
        'site.id = "walda/+"',
        "letters, digits, - or _",
        "shorten it",
    ),
    Case(
        "unknown time zone",
        lambda t: replaced(t, "timezone: Europe/Berlin", "timezone: Europe/Berln"),
        ("timezone: Europe/Berln", ""),
        'site.timezone = "Europe/Berln"',
        "an IANA time zone",
        'did you mean "Europe/Berlin"?',
    ),
    Case(
        "duplicate key",
        lambda t: replaced(t, "    warn_degc: 58", "    warn_degc: 58\n    warn_degc: 59"),
        ("warn_degc: 59", ""),
        'the key "warn_degc" a second time',
        "every key once",
        "delete one of the two",
    ),
    Case(
        "YAML syntax",
        lambda t: replaced(t, "  - {name: buffer, ", "  - {name: buffer "),
        ("  - {name: buffer", ""),
        "no valid YAML",
        "YAML",
        "repair the line",
    ),
    Case("empty file", lambda t: "", ("", ""), "an empty file", "a mapping of keys", "restore the file"),
    Case(
        "a list in place of a group",
        lambda t: replaced(t, "\nparameters:\n", "\nparameters: []\nx:\n"),
        ("parameters: []", ""),
        "a list",
        "a mapping",
        "write the keys on their own lines",
    ),
]


def fault_of(tmp_path: Path, text: str, encoding: str = "utf-8") -> SiteError:
    folder = copy_site(tmp_path)
    (folder / "site.yaml").write_bytes(text.encode(encoding))
    with pytest.raises(SiteError) as raised:
        load_site(folder)
    return raised.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_named_with_place_allowed_values_and_next_step(tmp_path: Path, case: Case) -> None:
    text = case.change(TEXT)
    error = fault_of(tmp_path, text)
    assert error.code is Exit.SITE_INVALID
    matching = [problem for problem in error.problems if case.found in problem.found]
    assert matching, str(error)
    problem = matching[0]
    assert problem.file == str(tmp_path / "site" / "site.yaml")
    assert problem.line == line_of(text, *case.at), str(problem)
    assert case.allowed in problem.allowed
    assert case.next_step in problem.next_step


def test_mistakes_of_both_files_are_reported_at_once(tmp_path: Path) -> None:
    folder = copy_site(tmp_path)
    text = value("oil", "warn_degc", "99")(value("buffer", "full_degc", "50")(TEXT))
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    wiring = (folder / "wiring.yaml").read_text(encoding="utf-8").replace("dio01.DI14", "dio01.DI15")
    (folder / "wiring.yaml").write_text(wiring, encoding="utf-8")
    with pytest.raises(SiteError) as raised:
        load_site(folder)
    assert [Path(p.file).name for p in raised.value.problems] == ["site.yaml", "site.yaml", "wiring.yaml"]
    assert str(raised.value).endswith("3 faults in the site folder")


def test_a_refused_value_does_not_cause_a_second_message_about_the_order(tmp_path: Path) -> None:
    error = fault_of(tmp_path, value("oil", "trip_degc", "20")(TEXT))
    assert len(error.problems) == 1


def test_wrong_encoding_is_explained(tmp_path: Path) -> None:
    error = fault_of(tmp_path, TEXT.replace("ThermIQ Walda", "Wälda"), "latin-1")
    assert "which is not UTF-8" in error.problems[0].found
    assert error.problems[0].line == line_of(TEXT, "ThermIQ Walda")
    assert "encoding UTF-8" in error.problems[0].next_step


@pytest.mark.parametrize("name", ["site.yaml", "wiring.yaml"])
def test_a_missing_file_is_explained(tmp_path: Path, name: str) -> None:
    folder = copy_site(tmp_path)
    (folder / name).unlink()
    with pytest.raises(SiteError) as raised:
        load_site(folder)
    assert str(folder / name) in str(raised.value)


def test_a_missing_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="give the folder"):
        load_site(tmp_path / "nowhere")


def test_every_bad_entry_of_a_list_is_named(tmp_path: Path) -> None:
    """Refusing the first one takes the list; the others have a place all the same."""
    text = replaced(
        TEXT,
        "        - {name: inverter, type: deye, slave_id: 1}",
        "        - {name: a}\n        - {name: b}",
    )
    found = [problem.found for problem in fault_of(tmp_path, text).problems]
    assert [f'no "devices.rs485[0].devices.{index}.type"' in found for index in (0, 1)] == [True, True], found


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_content_of_any_field_causes_a_traceback(data: st.DataObject) -> None:
    content = copy.deepcopy(_CONTENT)
    for _ in range(5):
        damage(data, content)
    problems: list[Problem] = []
    SiteReader("site.yaml", tree(content), problems)
    assert all(str(problem) for problem in problems)


_CONTENT = yaml.safe_load(TEXT)

NUMBERS = [(name, param) for name, kind, param in walk_params(Parameters) if param.minimum is not None]


@pytest.mark.parametrize("edge", ["minimum", "maximum"])
def test_every_limit_of_every_parameter_is_enforced(tmp_path: Path, edge: str) -> None:
    """One file with every parameter just outside its range must give one message each."""
    step = -1 if edge == "minimum" else 1
    groups: dict[str, object] = {}
    for name, param in NUMBERS:
        *path, key = name.split(".")
        group: Any = groups
        for part in path:
            group = group.setdefault(part, {})
        group[key] = getattr(param, edge) + step
    text = yaml.safe_dump({"site": {"id": "x"}, "parameters": groups})
    error = fault_of(tmp_path, text)
    wrong = {problem.found.split(" = ")[0].removeprefix("parameters.") for problem in error.problems}
    assert wrong == {name for name, _ in NUMBERS}
