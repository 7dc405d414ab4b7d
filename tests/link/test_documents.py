"""What is generated from the catalogue: fresh, complete, and of a form that its readers take."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from plc.link.catalogue import catalogue
from plc.link.discovery import About, discovery
from plc.link.entry import Type
from plc.linking import catalogue_of, facts_of, link_documents
from plc.site import load_site
from tests.link.house import WALDA

ROOT = Path(__file__).parents[2]
SITE = load_site(WALDA)
ENTRIES = catalogue_of(SITE)
COMMITTED = {
    "mqtt": ROOT / "docs/reference",
    "telegraf": ROOT / "deploy/telegraf",
    "grafana": ROOT / "deploy/grafana/dashboards",
    "home_assistant": ROOT / "deploy/home_assistant",
}


@pytest.mark.parametrize("kind", COMMITTED)
def test_what_is_committed_is_what_the_catalogue_says(kind: str) -> None:
    for name, text in link_documents(SITE, kind).items():
        path = COMMITTED[kind] / name
        assert path.read_text(encoding="utf-8") == text, (
            f"make it again: python -m plc export io_map/walda {kind} -o {path.relative_to(ROOT)}"
        )


def test_telegraf_reads_every_topic_once_with_the_parser_of_its_type() -> None:
    config = tomllib.loads((ROOT / "deploy/telegraf/thermiq.conf").read_text())
    inputs = config["inputs"]["mqtt_consumer"]
    parser = {
        "float": (Type.NUMBER, Type.COUNTER),
        "boolean": (Type.BOOLEAN,),
        "string": (Type.ENUM, Type.TEXT),
    }
    types = {f"thermiq/+/state/{entry.path}": entry.type for entry in ENTRIES}
    read: list[str] = []
    for block in inputs:
        topics = [topic for topic in block["topics"] if "/state/" in topic]
        assert all(types[topic] in parser[block["data_type"]] for topic in topics)
        assert not topics or all(topic.count("/") == 4 for topic in topics), (
            "one depth: the mask fits it only"
        )
        assert block["topic_parsing"][0]["tags"] == "_/site/_/group/signal"
        read += topics
    assert sorted(read) == sorted(types)
    assert len({block["client_id"] for block in inputs}) == len(inputs)
    assert len({block["name_override"] for block in inputs}) == len(inputs), "one type per measurement"


def test_dashboards_of_grafana_are_sound() -> None:
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        board = json.loads(path.read_text(encoding="utf-8"))
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(numbers) == len(set(numbers))
        variables = {variable["name"] for variable in board["templating"]["list"]}
        for panel in board["panels"]:
            assert panel["datasource"]["uid"] == "${source}"
            for target in panel["targets"]:
                assert "$timeFilter" in target["query"]
                used = set(re.findall(r"\$(\w+)", target["query"])) - {"timeFilter", "__interval"}
                assert used <= variables


def entities(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [e for key, value in node.items() for e in ([value] if key == "entity" else entities(value))]
    if isinstance(node, list):
        return [e for value in node for e in entities(value)]
    return [node] if isinstance(node, str) and re.fullmatch(r"(binary_)?sensor\.\w+", node) else []


def test_the_dashboard_of_home_assistant_shows_entities_that_exist_with_cards_that_are_built_in() -> None:
    board = yaml.safe_load((ROOT / "deploy/home_assistant/dashboard.yaml").read_text(encoding="utf-8"))
    about = About("walda", "x", "thermiq/walda", "homeassistant", german=True)
    described = discovery(catalogue(facts_of(SITE, energy=True, miners=2)), about)[1]["components"]
    exist = {component["default_entity_id"] for component in described.values()}
    shown = entities(board["views"])
    assert len(shown) > 60
    assert not set(shown) - exist
    cards = {card["type"] for view in board["views"] for card in view["cards"]}
    assert cards <= {"entities", "gauge", "history-graph", "glance", "tile", "markdown"}
    assert all(view["cards"] for view in board["views"])


def test_the_shipped_acl_covers_what_the_link_writes_and_nothing_of_another_site() -> None:
    lines = (ROOT / "deploy/mosquitto/thermiq.acl").read_text().splitlines()
    start = lines.index("user plc-walda")
    end = next(i for i, line in enumerate(lines) if i > start and line.startswith("user "))
    written = [line.split()[2] for line in lines[start:end] if line.startswith("topic write")]
    assert all(
        topic.startswith(("thermiq/walda/", "homeassistant/device/thermiq_walda/")) for topic in written
    )
    kinds = {topic.split("/")[2] for topic in written}
    assert kinds >= {"status", "meta", "state", "quality", "heartbeat", "alarm", "event", "result", "history"}
    for user in ("homeassistant", "history", "health"):
        at = lines.index(f"user {user}")
        block = []
        for line in lines[at + 1 :]:
            if line.startswith("user "):
                break
            block.append(line)
        assert not [line for line in block if line.startswith("topic write thermiq")], user
