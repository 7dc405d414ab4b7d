"""The example site: complete, explained, and equal to what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plc.blocks.param import walk_params
from plc.plant.parameters import Parameters
from plc.plant.routes import DEFAULT_ROUTES
from plc.plant.signals import SIGNALS
from plc.site import Site, load_site
from tests.image.cabinet import WALDA, copy_site, replaced

TEXT = (WALDA / "site.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(WALDA)


def test_the_example_site_states_the_defaults(site: Site) -> None:
    assert site.parameters == Parameters()
    assert site.routes == DEFAULT_ROUTES


def test_every_signal_has_a_terminal_a_designation_and_a_text_in_two_languages(site: Site) -> None:
    assert list(site.wiring.signals) == [signal.name for signal in SIGNALS]
    for wire in site.wiring.signals.values():
        assert wire.channel
        assert wire.terminal
        assert wire.device
        assert wire.text_de
        assert wire.text_en
    assert site.wiring.free_channels() == ()


def test_the_comment_of_every_parameter_tells_its_text_unit_and_range() -> None:
    """The file repeats the annotations for the person who edits it; it must not tell something else."""
    facts = {name: (kind, param) for name, kind, param in walk_params(Parameters)}
    group, seen = "", 0
    for line in TEXT[TEXT.index("\nparameters:") : TEXT.index("\nroutes:")].splitlines():
        if match := re.match(r"  (\w+):$", line):
            group = match[1]
        elif match := re.match(r"    (\w+): +\S+ +# (.*)$", line):
            _, param = facts[f"{group}.{match[1]}"]
            comment = match[2]
            assert param.text in comment, line
            assert not param.unit or f"[{param.unit}]" in comment, line
            if param.minimum is not None:
                assert comment.endswith(f"{param.minimum:g} to {param.maximum:g}"), line
            seen += 1
    assert seen > 80


def test_the_unconfirmed_facts_shrink_when_they_are_confirmed(tmp_path: Path, site: Site) -> None:
    names = [fact.name for fact in site.unconfirmed]
    assert {"safety.flow_latches", "watchdog_relay", "rv1.drive", "pump_menu_p4", "heat_pump_menu"} <= set(
        names
    )
    folder = copy_site(tmp_path)
    text = replaced(TEXT, "confirmed: []", "confirmed:\n  - safety.flow_latches\n  - watchdog_relay")
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    left = [fact.name for fact in load_site(folder).unconfirmed]
    assert set(names) - set(left) == {"safety.flow_latches", "watchdog_relay"}


def test_every_address_is_listed_for_the_rule_that_keeps_simulations_at_home(site: Site) -> None:
    assert site.hosts() == {
        "devices.miners[0].host": "192.168.10.21",
        "devices.miners[1].host": "192.168.10.22",
        "devices.mqtt.host": "192.168.10.10",
    }
    assert list(site.serial_ports()) == ["devices.rs485[0].port"]
    assert dict(site.addresses()) == site.hosts() | site.serial_ports()


def test_a_site_may_be_short(tmp_path: Path) -> None:
    """Every key but the id has a default; no device is invented."""
    folder = copy_site(tmp_path)
    (folder / "site.yaml").write_text("site: {id: bench}\n", encoding="utf-8")
    site = load_site(folder)
    assert site.parameters == Parameters()
    assert site.routes == DEFAULT_ROUTES
    assert site.addresses() == []
    assert site.section("devices.mqtt") is None
    assert site.name == "bench"


def test_one_parameter_leaves_its_neighbours_at_their_defaults(tmp_path: Path) -> None:
    """P4 and P5 share a class but not their defaults."""
    folder = copy_site(tmp_path)
    (folder / "site.yaml").write_text(
        "site: {id: bench}\nparameters: {p5: {min_pct: 40}}\n", encoding="utf-8"
    )
    site = load_site(folder)
    assert site.parameters.p5.min_pct == 40.0
    assert site.parameters.p5.ti_s == Parameters().p5.ti_s
    assert site.parameters.p4 == Parameters().p4
    assert isinstance(site.parameters.p5.min_pct, float)


def test_the_files_of_a_site_are_identified(site: Site) -> None:
    assert site.files.keys() == {"wiring.yaml", "site.yaml", "config.rsc"}
    assert all(len(digest) == 64 for digest in site.files.values())


def test_no_secret_stands_in_the_file() -> None:
    assert not re.search(r"(password|token|secret)\s*:\s*(?!'?credential:|/)\S", TEXT)
