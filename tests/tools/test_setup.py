"""The launchers: executable, valid shell, every requirement pinned."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAUNCHERS = (".ci/run", "tools/bench", "tools/demo", "tools/test")
EXTRAS = "twin,test,bench"


def requirements(extras: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/_requirements.py"), str(ROOT / "setup.cfg"), extras],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def name_of(requirement: str) -> str:
    return re.split(r"[ <>=!~;\[]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_launcher_is_executable_bash_that_stops_at_the_first_fault(launcher: str) -> None:
    path = ROOT / launcher
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_every_requirement_is_pinned_exactly() -> None:
    pins = [
        line for line in (ROOT / "tools/constraints.txt").read_text().splitlines() if not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.]+", pin) for pin in pins), "exact versions only"
    pinned = {pin.split("==")[0] for pin in pins}
    assert {name_of(line) for line in requirements(EXTRAS)} <= pinned


def test_an_extra_alone_leaves_the_program_out() -> None:
    assert {name_of(line) for line in requirements("=pure")} == {"pytest", "pytest-xdist", "hypothesis"}
    assert "revpimodio2" in {name_of(line) for line in requirements("twin")}


def test_a_missing_package_and_a_wrong_version_are_noticed(tmp_path: Path) -> None:
    def satisfied(*lines: str) -> bool:
        listed = tmp_path / "list.txt"
        listed.write_text("\n".join(lines))
        command = [sys.executable, str(ROOT / "tools/_requirements.py"), "--satisfied", str(listed)]
        return subprocess.run(command, check=False).returncode == 0

    assert satisfied("pytest >= 8")
    assert not satisfied("pytest >= 1000")
    assert not satisfied("no-such-package-of-ours")
    assert satisfied('no-such-package-of-ours; python_version < "3"')


def test_the_bundle_gets_nothing_but_the_program() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["options.packages.find"]["include"] == "plc*"
