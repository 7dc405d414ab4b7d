"""From the working directory into the state directory: releases, site folders, secrets.

RevPi Commander empties the working directory at every upload, while the old program still runs from
it. So nothing is ever run from there: whatever arrives whole is copied out and started from its own
versioned folder.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from launcher import wheels
from launcher.manifest import Manifest, verify
from plc.store.atomic import write_atomic

KEEP = 2
"""Good releases kept beside the current one."""


def release_folder(state: Path, release: str) -> Path:
    """Where a release lives: program files, and its libraries in `lib`."""
    return state / "releases" / release


def site_folder(state: Path, site: str) -> Path:
    """Where a version of the site folder lives."""
    return state / "sites" / site


def install_release(bundle: Path, manifest: Manifest, state: Path) -> Path:
    """Puts the program of the bundle into its versioned folder, in one rename; returns the folder.

    Raises BrokenBundleError or NoWheelError before anything is in place, OSError on a full disk.
    """
    target = release_folder(state, manifest.release_id)
    if target.is_dir():
        return target
    verify(bundle, manifest.program)
    chosen = wheels.choose([Path(name).name for name in manifest.wheels], wheels.Machine.here())
    picked = {name: digest for name, digest in manifest.wheels.items() if Path(name).name in chosen}
    verify(bundle, picked)

    def fill(folder: Path) -> None:
        for name in manifest.program:
            _copy(bundle / name, folder / name)
        (folder / "lib").mkdir()
        wheels.unpack([bundle / name for name in sorted(picked)], folder / "lib")

    _place(target, fill)
    return target


def install_site(bundle: Path, manifest: Manifest, state: Path) -> Path:
    """Puts the site folder of the bundle into its versioned folder; returns it. Errors as above."""
    target = site_folder(state, manifest.site_id)
    if target.is_dir():
        return target
    verify(bundle, manifest.site)
    prefix = f"io_map/{manifest.site_name}/"

    def fill(folder: Path) -> None:
        for name in manifest.site:
            _copy(bundle / name, folder / name.removeprefix(prefix))

    _place(target, fill)
    return target


def adopt_secrets(bundle: Path, state: Path) -> list[str]:
    """Moves an uploaded `secrets` folder into the state directory; returns what to tell the operator.

    A secret is written durably with mode 0600 first and then removed from the working directory,
    which other accounts may read. Only names are ever printed.
    """
    source, target = bundle / "secrets", state / "secrets"
    if not source.is_dir():
        return []
    target.mkdir(mode=0o700, exist_ok=True)
    told = []
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(source).as_posix().replace("/", "_")
        write_atomic(target / name, path.read_bytes(), mode=0o600)
        try:
            path.unlink()
            told.append(f"secret {name} taken over")
        except OSError as error:
            told.append(f"secret {name} taken over, but it cannot be removed from {source}: {error.strerror}")
    shutil.rmtree(source, ignore_errors=True)
    return told


def prune(state: Path, keep_releases: set[str], keep_sites: set[str]) -> None:
    """Removes releases and site folders that nothing refers to any more, and left-over halves."""
    for folder, keep in ((state / "releases", keep_releases), (state / "sites", keep_sites)):
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name not in keep:
                shutil.rmtree(entry, ignore_errors=True)


def _place(target: Path, fill) -> None:
    """Fills a temporary folder and renames it: a power cut leaves the whole folder or none."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        fill(temporary)
        os.sync()
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def import_path(release: Path) -> str:
    """PYTHONPATH of a release: the program before its libraries."""
    return os.pathsep.join((str(release), str(release / "lib")))


def interpreter() -> list[str]:
    """This interpreter, unbuffered, without the current folder on its import path.

    Without -P the working directory, which may hold a newer or a broken program, would be imported
    instead of the release.
    """
    return [sys.executable, "-u", "-P"]
