"""`why` answers in the site's language, with codes, and never pretends that a dead program lives."""

import json
import time

import pytest

from plc.cli import main
from plc.commands.why import CAUSES, explain
from plc.store import decision_log

NOW_NS = 1_000_000_000_000


def status(**plant) -> dict:
    return {
        "site": "walda",
        "written_unix_s": time.time(),
        "now_ns": NOW_NS,
        "state": "STANDBY",
        "mode": "auto",
        "outputs": {"m1_enable": False, "p3_on": True, "p4_setpoint_pct": 42.0},
        "status": {
            "reason": "auto",
            "requested_power_w": 3200.0,
            "granted_power_w": 0.0,
            "limited_by": "min_off",
            "blocked_by": {"m1": ["safety_chain_open", "flow_missing"]},
            "first_out": {"m1": "flow_missing"},
            "alarms": ["A-010"],
            **plant,
        },
    }


ENTRIES = [
    {
        "subject": "m1_enable",
        "code": "off",
        "now_ns": NOW_NS - 90 * 10**9,
        "reason": "flow_missing",
        "unix_s": 1.7e9,
    },
    {"subject": "p3_on", "code": "on", "now_ns": NOW_NS - 4 * 3600 * 10**9, "reason": "auto", "unix_s": None},
    {"subject": "sequence", "code": "x", "before": "OFF", "after": "STANDBY", "now_ns": 1, "reason": "auto"},
]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "de",
            [
                "Miner 1: aus seit 90 s, weil kein Durchfluss [flow_missing]",
                "verhindert durch Sicherheitskreis",
            ],
        ),
        ("en", ["miner 1: off since 90 s, because no flow [flow_missing]", "prevented by safety chain open"]),
    ],
)
def test_first_cause_all_causes_and_since_when(language, expected):
    text = "\n".join(explain(status(), ENTRIES, None, language=language, limit=5)["text"])
    for line in expected:
        assert line in text
    assert "A-010" in text
    assert "3200 W" in text


def test_a_running_pump_shows_its_speed_and_its_age():
    answer = explain(status(), ENTRIES, None, language="en", limit=0)
    assert "P4 charging loop: 42 %" in answer["text"]
    assert any(line.startswith("P3 miner loop: on since 4.0 h") for line in answer["text"])


def test_a_pump_that_a_protection_holds_on_names_it():
    held = status(protected_by={"p3": "contactor_closed", "m1": "nonsense"})
    answer = explain(held, ENTRIES, "p3_on", language="en", limit=0)
    assert "  forced on for protection: a miner contactor is closed [contactor_closed]" in answer["text"]
    assert answer["actuators"]["p3_on"]["protected_by"] == "contactor_closed"
    german = explain(held, ENTRIES, "p3_on", language="de", limit=0)["text"]
    assert "  erzwungen zum Schutz: Minerschütz ist zu [contactor_closed]" in german
    off = explain(held, ENTRIES, "m1_enable", language="en", limit=0)
    assert not [line for line in off["text"] if "forced" in line], "what is off is not forced on"


def test_a_single_signal_gets_its_own_history():
    answer = explain(status(), ENTRIES, "m1_enable", language="en", limit=5)
    assert list(answer["actuators"]) == ["m1_enable"]
    assert not [line for line in answer["text"] if "p3_on" in line]


def test_a_value_that_is_not_there_is_unknown_and_not_off():
    answer = explain(status(), [], "hp_block", language="en", limit=0)
    assert answer["text"] == ["heat pump block K7: unknown"]


def test_an_old_status_says_that_the_program_is_not_running():
    old = {**status(), "written_unix_s": time.time() - 3600}
    answer = explain(old, ENTRIES, None, language="en", limit=0)
    assert not answer["alive"]
    assert answer["text"][0] == "! The program is not running (60 min)"


def test_every_cause_of_the_interlocks_has_both_languages():
    assert CAUSES
    assert all(german and english for german, english in CAUSES.values())


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setenv("THERMIQ_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("THERMIQ_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "run").mkdir()
    (tmp_path / "state" / "walda").mkdir(parents=True)
    return tmp_path


def test_the_command_reads_the_files_of_the_running_program(machine, capsys):
    (machine / "run" / "status.json").write_text(json.dumps(status()))
    lines = "".join(json.dumps(entry) + "\n" for entry in reversed(ENTRIES))
    (machine / "state" / "walda" / decision_log.FILE).write_text(lines)
    assert main(["why", "io_map/walda"]) == 0
    assert "Miner 1: aus seit 90 s" in capsys.readouterr().out
    assert main(["why", "io_map/walda", "m1_enable", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["actuators"]["m1_enable"]["first_out"] == "flow_missing"


@pytest.mark.parametrize("command", ["why", "report"])
def test_without_a_running_program_the_answer_is_a_sentence(machine, capsys, command):
    assert main([command, "io_map/walda"]) == 1
    assert "is it running" in capsys.readouterr().err
    (machine / "run" / "status.json").write_text(json.dumps({**status(), "site": "elsewhere"}))
    assert main([command, "io_map/walda"]) == 1
    assert "elsewhere" in capsys.readouterr().err


def test_the_report_shows_scan_and_services(machine, capsys):
    full = {
        **status(),
        "scan": {"scans": 5, "lost_cycles": 0},
        "services": {"recorder": {"dropped": 0}},
        "pid": 1,
    }
    (machine / "run" / "status.json").write_text(json.dumps(full))
    assert main(["report", "io_map/walda"]) == 0
    text = capsys.readouterr().out
    assert "  lost_cycles: 0" in text
    assert "recorder" in text
