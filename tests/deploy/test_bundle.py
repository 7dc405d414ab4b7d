"""The bundle is complete for every supported interpreter and processor, and shaped as Commander needs it."""

import configparser
import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from launcher.manifest import NAME, Manifest
from launcher.wheels import Machine, choose
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import bundler

MACHINES = [
    Machine((3, 11), "aarch64", 64, (2, 36)),
    Machine((3, 11), "x86_64", 64, (2, 36)),
    Machine((3, 13), "aarch64", 64, (2, 41)),
    Machine((3, 13), "x86_64", 64, (2, 41)),
]


@pytest.fixture(scope="module")
def wheels() -> Path:
    return bundler.fetch(bundler.read_lock())


@pytest.fixture(scope="module")
def bundle(wheels, tmp_path_factory) -> zipfile.ZipFile:
    site = bundler.ROOT / "io_map" / "walda"
    return zipfile.ZipFile(bundler.build(site, tmp_path_factory.mktemp("bundle"), wheels))


def metadata(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        name = next(member for member in archive.namelist() if member.endswith(".dist-info/METADATA"))
        return archive.read(name).decode().split("\n\n", 1)[0].splitlines()


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_every_requirement_of_every_wheel_is_in_the_set(wheels, machine):
    chosen = choose(sorted(bundler.read_lock()), machine)
    versions = {canonicalize_name(name.split("-")[0]): name.split("-")[1] for name in chosen}
    environment = {
        "python_version": "{}.{}".format(*machine.python),
        "python_full_version": "{}.{}.0".format(*machine.python),
        "platform_machine": machine.processor,
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    checked = 0
    for name in chosen:
        for line in metadata(wheels / name):
            if not line.startswith("Requires-Dist:"):
                continue
            requirement = Requirement(line.partition(":")[2].strip())
            if requirement.marker and not requirement.marker.evaluate(environment):
                continue
            have = versions.get(canonicalize_name(requirement.name))
            assert have, f"{name} needs {requirement}, which the bundle does not carry"
            assert requirement.specifier.contains(have), f"{name} needs {requirement}, the bundle has {have}"
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_the_set_covers_what_the_program_declares(machine):
    config = configparser.ConfigParser()
    config.read(bundler.ROOT / "setup.cfg")
    chosen = choose(sorted(bundler.read_lock()), machine)
    versions = {canonicalize_name(name.split("-")[0]): name.split("-")[1] for name in chosen}
    for line in config["options"]["install_requires"].strip().splitlines():
        requirement = Requirement(line)
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), line


def test_exactly_one_top_level_folder(bundle):
    assert {name.split("/")[0] for name in bundle.namelist()} == {"thermiq"}


def test_program_site_launcher_and_manifest_are_inside_and_nothing_of_tools_or_tests(bundle):
    names = {name.removeprefix("thermiq/") for name in bundle.namelist()}
    expected = {"program.py", "launcher/start.py", "plc/__main__.py", "io_map/walda/wiring.yaml", NAME}
    assert expected <= names
    assert not [name for name in names if name.startswith(("tools/", "tests/")) or "__pycache__" in name]


def test_every_wheel_brings_its_licence(bundle):
    names = bundle.namelist()
    for wheel in bundler.read_lock():
        distribution = wheel.split("-")[0]
        assert [name for name in names if name.startswith(f"thermiq/licences/{distribution}/")], distribution


def test_no_secret_travels_in_a_bundle(bundle):
    assert not [name for name in bundle.namelist() if "/secrets/" in name]


def test_the_same_sources_give_the_same_bundle(wheels, tmp_path):
    site = bundler.ROOT / "io_map" / "walda"
    first, second = (bundler.build(site, tmp_path / name, wheels).read_bytes() for name in "ab")
    assert first == second


def test_an_altered_wheel_is_refused(wheels, tmp_path):
    copy = tmp_path / "wheels"
    copy.mkdir()
    for name in bundler.read_lock():
        (copy / name).write_bytes((wheels / name).read_bytes())
    victim = next(iter(copy.glob("pyserial*")))
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(SystemExit, match="differs from its checksum"):
        bundler.build(bundler.ROOT / "io_map" / "walda", tmp_path / "out", copy)


def test_the_manifest_matches_the_members(bundle):
    fields = json.loads(bundle.read(f"thermiq/{NAME}"))
    fields.pop("format")
    manifest = Manifest(**fields)
    for name, digest in {**manifest.program, **manifest.site, **manifest.wheels}.items():
        assert hashlib.sha256(bundle.read(f"thermiq/{name}")).hexdigest() == digest
