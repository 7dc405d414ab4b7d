"""Documents of the cabinet: complete, in both languages, in agreement with map and plant."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from plc.cli import main
from plc.documents.loops import LOOPS, WITHOUT_LOOP
from plc.documents.sheets import documents, topic
from plc.link.catalogue import Facts, catalogue
from plc.plant.alarm_texts import TEXTS
from plc.plant.interlocks import TABLES
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.plant.routes import DEFAULT_ROUTES
from plc.plant.signals import SIGNALS
from plc.site import Site, load_site

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(ROOT / "io_map/walda")


@pytest.fixture(scope="module")
def files(site: Site) -> dict[str, str]:
    return documents(site)


def test_every_signal_interlock_and_alarm_has_its_sheet() -> None:
    assert {name for loop in LOOPS for name in (*loop.outputs, *loop.inputs)} == {s.name for s in SIGNALS}
    assert {name for loop in LOOPS for name in loop.tables} == {rules.actuator for rules in TABLES}
    assert {name for loop in LOOPS for name in loop.alarms} | set(WITHOUT_LOOP) == set(TEXTS)


def test_topics_on_the_sheets_are_published(site: Site) -> None:
    plant = Plant(Parameters(), DEFAULT_ROUTES)
    actuators = tuple(lock.rules.actuator for lock in plant.locks())
    published = {f"state/{entry.path}" for entry in catalogue(Facts(actuators=actuators))}
    for wire in site.wiring.signals.values():
        if wire.name != "heartbeat":
            assert topic(wire) in published
    named = {
        f"state/{kind}/{name}"
        for loop in LOOPS
        for name in loop.actuators
        for kind in ("blocked", "first_out")
    }
    assert named <= published


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_sheet_names_channel_terminal_relay_feedback_interlock_alarm_and_topic(
    files: dict[str, str], language: str
) -> None:
    text = files[f"sheets.{language}.html"]
    for words in (
        "dio01.DO1",
        "-X2:1",
        "K1",
        "flow_ok",
        "maint_locked",
        "A-021",
        "thermiq/walda/",
        "state/pump/p3_on",
    ):
        assert words in text
    assert ("Umwälzpumpe Minerkreis" in text) is (language == "de")


def test_pages_are_complete_and_load_nothing_from_elsewhere(files: dict[str, str]) -> None:
    for name, text in files.items():
        if name.endswith(".html"):
            assert text.rstrip().endswith("</html>"), name
            assert "SHA-256" in text, name
            assert "src=" not in text, name
            assert "href=" not in text, name


def test_drawings_are_well_formed(files: dict[str, str]) -> None:
    text = files["sheets.de.html"]
    drawings = text.split("<svg")[1:]
    assert len(drawings) > len(LOOPS)
    for drawing in drawings:
        ET.fromstring("<svg" + drawing.partition("</svg>")[0] + "</svg>")


def test_tables_for_a_spreadsheet_have_equal_rows(files: dict[str, str]) -> None:
    for name, text in files.items():
        if name.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(text)))
            assert len({len(row) for row in rows}) == 1, name
    assert len(list(csv.reader(io.StringIO(files["io_list.de.csv"])))) == len(SIGNALS) + 1


def test_the_command_writes_them_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(ROOT / "io_map/walda"), "sheets", "-o", str(tmp_path)]) == 0
    assert (tmp_path / "sheets.de.html").exists()
    assert main(["export", str(ROOT / "io_map/walda"), "sheets"]) == 2
    assert "-o" in capsys.readouterr().err
