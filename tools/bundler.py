"""Builds the bundle for RevPi Commander: one ZIP with exactly one top-level folder.

RevPi Commander strips a single top-level folder, misreads two, and keeps no modes or links; so there is
one folder, and nothing in it needs an executable bit. The wheels are pinned by version and checksum in
`deploy/revpi/wheels.lock`; building needs the package index once, deploying needs no network at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "deploy" / "revpi"))

from launcher.manifest import NAME as MANIFEST_NAME  # noqa: E402 - found in the folder that is shipped
from launcher.manifest import Manifest  # noqa: E402

from plc import __version__  # noqa: E402

LOCK = ROOT / "deploy" / "revpi" / "wheels.lock"
TARGETS = tuple((python, processor) for python in ("3.11", "3.13") for processor in ("x86_64", "aarch64"))
"""Interpreters of the present RevPi images, on the processors of RevPi (aarch64) and of a test bench."""

GLIBC = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_31", "manylinux_2_36")
"""Platform tags that Debian 12 and newer accept (glibc 2.36)."""

ZIP_TIME = (2020, 1, 1, 0, 0, 0)
"""Every member carries the same time: the same sources give the same bundle, byte for byte."""


def main() -> int:
    """Command line of `tools/bundle`."""
    parser = argparse.ArgumentParser(prog="tools/bundle", description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, required=True, help="site folder, for example io_map/walda")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the ZIP")
    parser.add_argument(
        "--wheels", type=Path, help="folder with the wheels of wheels.lock (default: download)"
    )
    parser.add_argument(
        "--update-lock", action="store_true", help="resolve versions anew and rewrite wheels.lock"
    )
    options = parser.parse_args()
    if options.update_lock:
        update_lock()
    if not (options.site / "wiring.yaml").is_file():
        parser.error(f"{options.site}: no wiring.yaml there; a site folder is for example io_map/walda")
    path = build(options.site, options.output, options.wheels)
    print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    return 0


def build(site: Path, output: Path, wheels: Path | None = None, program: Path = ROOT) -> Path:
    """Builds the ZIP and returns its path.

    wheels: a folder that already has them all; otherwise they are fetched into a cache, verified
    against the lock either way. program: the folder that holds `plc`. Raises SystemExit with a sentence
    when a wheel is missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    lock = read_lock()
    folder = wheels or fetch(lock)
    files: dict[str, bytes] = {}
    for path in sorted((program / "plc").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            files[path.relative_to(program).as_posix()] = path.read_bytes()
    launcher = ROOT / "deploy" / "revpi"
    starters = {"program.py": (launcher / "program.py").read_bytes()}
    for path in sorted((launcher / "launcher").glob("*.py")):
        starters[f"launcher/{path.name}"] = path.read_bytes()
    site_files = {
        f"io_map/{site.name}/{path.relative_to(site).as_posix()}": path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }
    wheel_files = {
        f"wheels/{name}": _verified(folder / name, digest) for name, digest in sorted(lock.items())
    }
    manifest = Manifest(
        version=__version__,
        site_name=site.name,
        program=_digests(files),
        site=_digests(site_files),
        wheels=_digests(wheel_files),
    )
    everything = {
        **starters,
        **files,
        **site_files,
        **wheel_files,
        **licences(wheel_files),
        MANIFEST_NAME: manifest.to_json().encode(),
    }
    target = output / f"thermiq-{site.name}-{manifest.release_id}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(everything.items()):
            archive.writestr(zipfile.ZipInfo(f"thermiq/{name}", ZIP_TIME), data)
    return target


def licences(wheel_files: dict[str, bytes]) -> dict[str, bytes]:
    """Our licence and every licence text that a wheel carries, one folder per distribution."""
    found = {"licences/thermiq-plc/LICENSE": (ROOT / "LICENSE").read_bytes()}
    for name, data in wheel_files.items():
        distribution = Path(name).name.split("-")[0]
        with tempfile.SpooledTemporaryFile() as file:
            file.write(data)
            with zipfile.ZipFile(file) as archive:
                for member in archive.namelist():
                    info, _, leaf = member.rpartition("/")
                    upper = leaf.upper()
                    if ".dist-info" in info and upper.startswith(("LICEN", "COPYING", "NOTICE", "AUTHORS")):
                        found[f"licences/{distribution}/{leaf}"] = archive.read(member)
                    elif leaf == "METADATA" and info.endswith(".dist-info"):
                        found[f"licences/{distribution}/METADATA"] = archive.read(member)
    return found


def read_lock() -> dict[str, str]:
    """File name -> sha256 of every wheel of the bundle."""
    lock: dict[str, str] = json.loads(LOCK.read_text())["wheels"]
    return lock


def fetch(lock: dict[str, str]) -> Path:
    """The cache folder with all wheels of the lock; downloads what is missing, all targets."""
    cache = ROOT / ".cache" / "wheels"
    cache.mkdir(parents=True, exist_ok=True)
    if any(not (cache / name).is_file() for name in lock):
        pins = sorted({"{}=={}".format(*name.split("-")[:2]) for name in lock})
        for python, processor in TARGETS:
            _download(pins, python, processor, cache, dependencies=False)
    return cache


def update_lock() -> None:
    """Resolves the run-time dependencies of setup.cfg for every target and writes versions and checksums."""
    import configparser

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    wanted = [
        line.replace(" ", "") for line in config["options"]["install_requires"].split("\n") if line.strip()
    ]
    cache = ROOT / ".cache" / "wheels"
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir(parents=True)
    for python, processor in TARGETS:
        _download(wanted, python, processor, cache, dependencies=True)
    lock = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(cache.glob("*.whl"))}
    LOCK.write_text(json.dumps({"wheels": lock}, indent=1, sort_keys=True) + "\n")


def _download(what: list[str], python: str, processor: str, cache: Path, *, dependencies: bool) -> None:
    platforms = [word for tag in GLIBC for word in ("--platform", f"{tag}_{processor}")]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--only-binary=:all:",
        "--dest",
        str(cache),
    ]
    command += ["--python-version", python, "--implementation", "cp", *platforms]
    command += [] if dependencies else ["--no-deps"]
    done = subprocess.run([*command, *what], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"no wheels for Python {python} on {processor}:\n{done.stderr.strip()[-1000:]}")


def _verified(path: Path, digest: str) -> bytes:
    if not path.is_file():
        raise SystemExit(f"{path.name} is not in {path.parent}: run with the package index reachable")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise SystemExit(f"{path.name} differs from its checksum in {LOCK.name}: refuse to bundle it")
    return data


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


if __name__ == "__main__":
    sys.exit(main())
