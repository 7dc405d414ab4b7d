"""`miner status`: what a person sees at commissioning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from plc.cli import main
from plc.exits import Exit
from tests.field.miner.rig import QUICK
from tools.twin.virtual_miner import Machine, Mode, VirtualMiner
from tools.twin.virtual_miner.service import AIR, Identity


@pytest.fixture
def miner() -> Iterator[VirtualMiner]:
    with VirtualMiner(Machine(QUICK)) as opened:
        opened.advance(600.0)
        yield opened


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text("root\n")
    path.chmod(0o600)
    return str(path)


def status(miner: VirtualMiner, *more: str) -> int:
    return main(["miner", "status", "--host", miner.host, "--port", str(miner.port), *more])


def test_without_a_secret_only_the_version(miner: VirtualMiner, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(miner) == Exit.OK
    assert "1.11.0" in capsys.readouterr().out
    assert miner.service.journal.logins == []


def test_with_a_secret_everything_and_nothing_is_written(
    miner: VirtualMiner, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(miner, "--secret", secret, "--json") == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    facts = json.loads(lines[-1])
    assert facts["constraints"] == {"default_w": 3050.0, "min_w": 900.0, "max_w": 5000.0}
    assert facts["levels_w"] == [900, 1500, 2100, 2700, 3300]
    assert facts["notes"] == []
    assert len(facts["efficiency"]) == 9
    assert any(line.startswith("configuration") and "immersion" in line for line in lines)
    assert miner.service.journal.writes == []


def test_a_curve_that_the_controller_will_not_believe_is_noted(
    miner: VirtualMiner, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    miner.faults.set("curve", "gigahash")
    assert status(miner, "--secret", secret, "--json") == Exit.OK
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(facts["efficiency"]) == 9, "what the miner says is shown all the same"
    assert any("efficiency curve is not believed" in note for note in facts["notes"])


def test_an_old_firmware_says_what_it_does_not_offer(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualMiner(Machine(QUICK), Identity(api=(1, 0, 0), cooling=AIR)) as miner:
        miner.advance(600.0)
        assert status(miner, "--secret", secret, "--json") == Exit.OK
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["efficiency"] == facts["errors"] == "not offered by this firmware"
    assert facts["notes"] == ["cooling mode is auto; an oil bath needs immersion"]


def test_failures_are_one_line_with_the_next_step(
    miner: VirtualMiner, secret: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    miner.faults.wrong_password = True
    assert status(miner, "--secret", secret) == Exit.INTERNAL
    assert "User or password is wrong" in capsys.readouterr().err
    miner.network(Mode.REFUSE)
    assert status(miner) == Exit.INTERNAL
    assert "Is it powered" in capsys.readouterr().err
    miner.network(Mode.PASS)
    assert status(miner, "--secret", str(tmp_path / "none")) == Exit.USAGE
    assert "No such file" in capsys.readouterr().err
