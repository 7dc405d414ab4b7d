"""One start: adopt, judge, install, check, activate or stay, start.

    1. secrets of the upload move to the state directory;
    2. the last start is judged by the marks that it left;
    3. a bundle in the working directory that is new and whole is installed beside the others;
    4. it becomes the current one only if its own check accepts its site and this device;
    5. a current release that failed too often gives way to the last good one that accepts the site;
    6. this process becomes the program (same process id, so that the supervisor's stop, kill and
       zeroing act on it).

Whatever goes wrong here ends in "the old release continues" or in a non-zero exit with all outputs 0.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from launcher import install
from launcher import ledger as book
from launcher import manifest as bundle_list
from launcher.wheels import NoWheelError
from plc.store.directories import state_directories, usable_directory

SITE = "@site"
CHECK_TIMEOUT_S = 120
"""A check takes a second on a PC and some ten on a small module; one that hangs must not block a start."""

EXIT_INTERNAL, EXIT_SITE = 1, 3


def main(bundle: Path, arguments: list[str]) -> NoReturn:
    """Runs the controller, or any other command, from the release that is current after this call."""
    state = usable_directory(state_directories(os.environ))
    if state is None:
        _end(EXIT_INTERNAL, "no writable state directory: create /var/lib/thermiq for this account")
    for line in install.adopt_secrets(bundle, state):
        _say(line)
    ledger = book.Ledger.load(state)
    command = arguments or ["run", SITE]
    if command[0] == "run":
        now_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        book.judge(ledger, state, boot=_boot_id(), now_s=now_s)
        _take_over(bundle, state, ledger, command)
        _give_way(state, ledger, command)
        _begin(state, ledger, now_s)
    elif not ledger.current_release:
        _take_over(bundle, state, ledger, command)
    _become(state, ledger, command)


def _take_over(bundle: Path, state: Path, ledger: book.Ledger, command: list[str]) -> None:
    """Activates the uploaded bundle if it is new, whole, and accepted by its own check."""
    try:
        found = bundle_list.read(bundle)
        pair = f"{found.release_id} {found.site_id}"
        if (found.release_id, found.site_id) == (ledger.current_release, ledger.current_site):
            return
        if ledger.current_release and (found.release_id in ledger.rejected or pair in ledger.rejected):
            return
        install.install_release(bundle, found, state)
        install.install_site(bundle, found, state)
    except (bundle_list.BrokenBundleError, NoWheelError, OSError) as error:
        _stay(ledger, f"the uploaded bundle cannot be used: {error}", EXIT_INTERNAL)
        return
    code, text = _check(state, found.release_id, found.site_id, command)
    if code != 0:
        ledger.rejected[pair] = f"check ended with {code}"
        ledger.save(state)
        _stay(ledger, f"release {found.release_id} not activated, its check says:\n{text}", code)
        return
    _say(f"release {found.release_id} with site {found.site_id} is now current")
    ledger.current_release, ledger.current_site = found.release_id, found.site_id
    ledger.notice = ""


def _stay(ledger: book.Ledger, why: str, code: int) -> None:
    """Keeps the current release; without one there is nothing safe to start."""
    _say(why)
    if not ledger.current_release:
        _end(code, "no earlier release to continue with: all outputs stay 0")
    ledger.notice = why
    _say(f"continuing with {ledger.current_release}")


def _give_way(state: Path, ledger: book.Ledger, command: list[str]) -> None:
    """Rolls the program back when it keeps failing. The site folder stays: it describes the cabinet."""
    if not book.worn_out(ledger):
        return
    failed = ledger.current_release
    for release in reversed([known for known in ledger.good if known != failed]):
        if not install.release_folder(state, release).is_dir():
            continue
        code, text = _check(state, release, ledger.current_site, command)
        if code == 0:
            ledger.rejected[failed] = f"failed {book.MAX_FAILURES} times within {book.FAILURE_WINDOW_S:.0f} s"
            ledger.current_release = release
            ledger.notice = f"rolled back from {failed} to {release}: {ledger.rejected[failed]}"
            _say(ledger.notice)
            return
        _say(f"cannot roll back to {release}, it does not accept the present site:\n{text}")
    if any(known != failed for known in ledger.good):
        ledger.save(state)
        _end(EXIT_SITE, f"{failed} keeps failing and no earlier release accepts the site: all outputs stay 0")
    _say(f"{failed} keeps failing, but there is no earlier release: trying again")


def _begin(state: Path, ledger: book.Ledger, now_s: float) -> None:
    """Opens the next start in the ledger and removes the marks of the last one."""
    if not ledger.current_release:
        _end(EXIT_INTERNAL, "nothing to start: upload a complete bundle")
    for mark in book.marks(state):
        mark.unlink(missing_ok=True)
    number = int(time.time() * 1000)
    ledger.attempt = book.Attempt(number, ledger.current_release, _boot_id(), now_s)
    ledger.save(state)
    keep = {ledger.current_release, *[g for g in ledger.good if g != ledger.current_release][-install.KEEP :]}
    install.prune(state, keep, {ledger.current_site})


def _become(state: Path, ledger: book.Ledger, command: list[str]) -> NoReturn:
    """Replaces this process by the program."""
    release = install.release_folder(state, ledger.current_release)
    environment = {**os.environ, **_environment(state, release)}
    if ledger.attempt is not None:
        environment["THERMIQ_ATTEMPT"] = str(ledger.attempt.number)
    if ledger.notice:
        environment["THERMIQ_RELEASE_NOTICE"] = ledger.notice.splitlines()[0]
    site = str(install.site_folder(state, ledger.current_site))
    arguments = [site if word == SITE else word for word in command]
    sys.stdout.flush()
    os.execve(sys.executable, [*install.interpreter(), "-m", "plc", *arguments], environment)


def _check(state: Path, release: str, site: str, command: list[str]) -> tuple[int, str]:
    """Exit code and text of a release's own check of a site on this device."""
    folder = install.release_folder(state, release)
    words = ["check", str(install.site_folder(state, site))]
    if "--pictory" in command[:-1]:
        words += ["--pictory", command[command.index("--pictory") + 1]]
    try:
        done = subprocess.run(
            [*install.interpreter(), "-m", "plc", *words],
            env={**os.environ, **_environment(state, folder)},
            capture_output=True,
            text=True,
            timeout=CHECK_TIMEOUT_S,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        return EXIT_INTERNAL, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()


def _environment(state: Path, release: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": install.import_path(release),
        "THERMIQ_STATE_DIR": str(state),
        "THERMIQ_SECRETS_DIR": str(state / "secrets"),
        "THERMIQ_RELEASE": release.name,
    }


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _say(text: str) -> None:
    print(f"launcher: {text}", flush=True)


def _end(code: int, text: str) -> NoReturn:
    _say(text)
    sys.exit(code)
