"""The systemd way: the unit is valid and tight, and the zero tool zeroes outputs and nothing else."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "systemd"

CONFIG = {
    "Devices": [
        {
            "offset": 0,
            "out": {
                "0": ["O_1", "0", "1", "70", True, "", "", "0"],
                "1": ["O_16", "0", "1", "70", True, "", "", "15"],
                "2": ["PWM_16", "0", "8", "87", False, "", "", ""],
            },
        },
        {"offset": 113, "inp": {"0": ["I", "0", "8", "0", True, "", "", ""]}, "out": {}},
        {"offset": 124, "out": {"0": ["AO1", "0", "16", "20", True, "", "", ""]}},
    ]
}


def run(image: Path, pictory: Path) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        str(DEPLOY / "zero_outputs.py"),
        "--image",
        str(image),
        "--pictory",
        str(pictory),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def cabinet(tmp_path):
    image, pictory = tmp_path / "image", tmp_path / "config.rsc"
    image.write_bytes(b"\xff" * 4096)
    pictory.write_text(json.dumps(CONFIG))
    return image, pictory


def test_output_blocks_become_zero_and_inputs_stay(cabinet):
    image, pictory = cabinet
    done = run(image, pictory)
    assert done.returncode == 0, done.stdout
    data = image.read_bytes()
    zeroed = {index for index, byte in enumerate(data) if byte == 0}
    assert zeroed == set(range(70, 88)) | {144, 145}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"Devices": [{"out": {"0": []}}]}', '{"Devices": [{"out": 5}]}']
)
def test_without_a_readable_configuration_everything_becomes_zero(cabinet, content):
    image, pictory = cabinet
    pictory.write_text(content)
    assert run(image, pictory).returncode == 0
    assert image.read_bytes() == bytes(4096)


def test_a_plant_that_another_instance_runs_is_left_alone(cabinet):
    image, pictory = cabinet
    with image.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run(image, pictory)
    assert done.returncode == 0
    assert "left alone" in done.stdout
    assert image.read_bytes() == b"\xff" * 4096


def test_an_image_that_cannot_be_opened_is_an_error(tmp_path):
    done = run(tmp_path / "none", tmp_path / "none.rsc")
    assert done.returncode == 1
    assert "none" in done.stdout


def test_the_tool_imports_only_the_standard_library():
    strip = "sys.path = [folder for folder in sys.path if 'site-packages' not in folder]"
    code = f"import runpy, sys; {strip}; runpy.run_path(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(DEPLOY / "zero_outputs.py")],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def unit(tmp_path):
    """The unit with paths that exist here; everything else is verified as it ships."""
    if not shutil.which("systemd-analyze"):
        if os.environ.get("CI"):
            pytest.fail("systemd-analyze is missing: install systemd")
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "thermiq.service").read_text()
    path = tmp_path / "thermiq.service"
    path.write_text(text.replace("User=thermiq", "User=daemon").replace("Group=thermiq", "Group=daemon"))
    return path


@pytest.mark.peer
def test_the_unit_verifies_without_a_word(unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    words = [line for line in done.stderr.splitlines() if "thermiq.service" in line]
    assert not words, words


@pytest.mark.peer
def test_the_unit_is_tight(unit):
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-600:]
