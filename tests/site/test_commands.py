"""`check` and `export` as a person calls them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from plc.cli import main
from plc.site_schema import site_schema, wiring_schema
from tests.image.cabinet import WALDA, copy_site, entry, rsc_of, walda


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_check_of_a_good_site_shows_signals_free_channels_and_unconfirmed_facts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capsys, "check", str(WALDA))
    assert code == 0
    assert err == ""
    assert "flow_ok" in out
    assert "dio01.DI4" in out
    assert "free channels: none" in out
    assert "unconfirmed facts (" in out
    assert "36 signals agree with PiCtory" in out


def test_check_as_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", str(WALDA), "--json")
    answer = json.loads(out.splitlines()[-1])
    assert (code, answer["ok"], answer["exit_code"], answer["name"]) == (0, True, 0, "check")
    assert answer["signals"]["flow_ok"] == "dio01.DI4"
    assert answer["problems"] == answer["differences"] == []


def test_a_wrong_site_ends_with_3_and_says_where(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = copy_site(tmp_path)
    text = (folder / "site.yaml").read_text(encoding="utf-8").replace("warn_degc: 58", "warn_degc: 99")
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    code, _, err = run(capsys, "check", str(folder))
    assert code == 3
    assert "site.yaml:" in err
    assert "1 faults in the site folder, 0 differences" in err


def test_a_difference_to_pictory_ends_with_4(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    content = rsc_of(walda())
    entry(content, "dio01", "out", "M1_ENABLE")[1] = "1"
    other = tmp_path / "other.rsc"
    other.write_text(json.dumps(content), encoding="utf-8")
    code, _, err = run(capsys, "check", str(WALDA), "--pictory", str(other))
    assert code == 4
    assert "other.rsc:1: found output" in err
    code, out, _ = run(capsys, "check", str(WALDA), "--pictory", str(other), "--json")
    assert code == json.loads(out)["exit_code"] == 4


def test_a_wrong_site_and_a_difference_are_reported_together(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = copy_site(tmp_path)
    (folder / "site.yaml").write_text("site: {id: x}\nparameter: {}\n", encoding="utf-8")
    (folder / "config.rsc").write_text("{", encoding="utf-8")
    code, out, _ = run(capsys, "check", str(folder), "--json")
    answer = json.loads(out)
    assert code == 3
    assert len(answer["problems"]) == len(answer["differences"]) == 1


@pytest.mark.parametrize(
    "content", ["", "{}", "null", "[1]", '{"Devices": []}', "\x00", '{"Devices": [{"a": 1}]}']
)
def test_garbage_for_pictory_ends_with_4_and_without_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str
) -> None:
    other = tmp_path / "other.rsc"
    other.write_text(content, encoding="utf-8")
    code, _, err = run(capsys, "check", str(WALDA), "--pictory", str(other))
    assert code == 4
    assert "other.rsc" in err
    assert "Traceback" not in err


def test_a_short_image_file_ends_with_4(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    image.write_bytes(bytes(212))
    code, _, err = run(capsys, "check", str(WALDA), "--image", str(image))
    assert code == 4
    assert "found 212 bytes; allowed: at least 213 bytes" in err
    image.write_bytes(bytes(213))
    assert run(capsys, "check", str(WALDA), "--image", str(image))[0] == 0


def test_a_missing_folder_ends_with_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for command in (["check", str(tmp_path / "x")], ["export", str(tmp_path / "x"), "labels"]):
        code, _, err = run(capsys, *command)
        assert code == 3
        assert "no folder" in err


def test_export_pictory_gives_the_file_of_the_example_site(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "deep" / "config.rsc"
    code, out, _ = run(capsys, "export", str(WALDA), "pictory", "-o", str(target))
    assert (code, out) == (0, "")
    assert target.read_text(encoding="utf-8") == (WALDA / "config.rsc").read_text(encoding="utf-8")


def test_the_terminal_list_names_every_terminal_once(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "export", str(WALDA), "terminals")
    rows = list(csv.DictReader(io.StringIO(out)))
    channels = [f"{row['module']}.{row['channel']}" for row in rows]
    assert len(channels) == len(set(channels)) == 14 + 14 + 4 + 2 + 2
    flow = next(row for row in rows if row["signal"] == "flow_ok")
    assert (flow["terminal"], flow["device"], flow["text_de"]) == ("-X1:4", "-B20", "Durchfluss OK")


def test_labels_carry_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "export", str(WALDA), "labels")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 36
    assert {"-K7"} == {row["device"] for row in rows if row["io_name"] == "HP_BLOCK"}


def test_schemas_are_written_as_two_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, _ = run(capsys, "export", str(WALDA), "schema", "-o", str(tmp_path / "schemas"))
    assert code == 0
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == {
        "site.schema.json",
        "wiring.schema.json",
    }
    _, out, _ = run(capsys, "export", str(WALDA), "schema")
    assert json.loads(out)["site.schema.json"] == site_schema()


def _resolve(schema: dict, node: dict) -> dict:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def test_every_reference_in_a_schema_leads_somewhere() -> None:
    for schema in (site_schema(), wiring_schema()):
        names = set()

        def walk(node: object, names: set[str] = names) -> None:
            if isinstance(node, dict):
                if "$ref" in node:
                    names.add(node["$ref"])
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        walk(schema)
        assert names <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_the_schema_knows_every_key_and_limit_of_the_example_site() -> None:
    schema = site_schema()
    content = yaml.safe_load((WALDA / "site.yaml").read_text(encoding="utf-8"))
    groups = _resolve(schema, schema["properties"]["parameters"])["properties"]
    for group, values in content["parameters"].items():
        known = _resolve(schema, groups[group])["properties"]
        assert set(values) <= set(known)
    warn = _resolve(schema, groups["oil"])["properties"]["warn_degc"]
    assert (warn["minimum"], warn["maximum"], warn["default"]) == (45, 64, 58.0)
    p4, p5 = (_resolve(schema, groups[name])["properties"]["min_pct"]["default"] for name in ("p4", "p5"))
    assert (p4, p5) == (20.0, 30.0)
    assert set(content) <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_the_schema_of_the_map_wants_every_signal_and_protects_the_protective_ones() -> None:
    signals = wiring_schema()["properties"]["signals"]
    assert len(signals["required"]) == 36
    assert signals["properties"]["flow_ok"]["allOf"][1]["properties"]["invert"] == {"const": False}
    assert "allOf" not in signals["properties"]["cooler_ok"]
