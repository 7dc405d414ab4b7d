"""The password of a miner: from a file that only we can read, or from a service credential; never from YAML.

A secret that others may read is refused, because the password is all that stands between the house
network and a 3 kW heater.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


class SecretError(Exception):
    """Why there is no password, in a sentence that says what to do. Never contains the password."""


class Secret:
    """A password that does not print itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The password itself; call it only where it is sent."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def load(source: str, environ: dict[str, str] | None = None) -> Secret:
    """Reads a password. One line; an empty file is an empty password (the firmware allows that).

    source: path of a file with mode 0600 or stricter that belongs to us or to root, or
            `credential:NAME` for a file of the service manager in $CREDENTIALS_DIRECTORY, else of the
            launcher in $THERMIQ_SECRETS_DIR (RevPiPyLoad hands out no credentials).
    Raises SecretError when it is missing, readable by others, or not one line of text.
    """
    environ = dict(os.environ) if environ is None else environ
    if not source:
        raise SecretError("no secret named: set `secret` to a file with mode 0600 or to credential:NAME")
    if source.startswith("credential:"):
        path, checked = _credential(source.removeprefix("credential:"), environ)
        return _read(path, checked=checked)
    return _read(Path(source), checked=True)


def _credential(name: str, environ: dict[str, str]) -> tuple[Path, bool]:
    """Where a named secret lies, and whether its mode is for us to check."""
    if not name or "/" in name or name.startswith("."):
        raise SecretError(f"credential {name!r}: a plain name is expected")
    if managed := environ.get("CREDENTIALS_DIRECTORY"):
        return Path(managed) / name, False
    if uploaded := environ.get("THERMIQ_SECRETS_DIR"):
        return Path(uploaded) / name, True
    raise SecretError(f"credential {name}: neither a service manager nor the launcher hands out secrets here")


def _read(path: Path, *, checked: bool) -> Secret:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())  # of the file we read, not of one that replaced it meanwhile
            if checked and stat.S_IMODE(facts.st_mode) & 0o077:
                mode = stat.S_IMODE(facts.st_mode)
                raise SecretError(f"{path}: mode {mode:04o}, others could read it: chmod 600 {path}")
            if checked and facts.st_uid not in (0, os.geteuid()):
                raise SecretError(f"{path}: belongs to user {facts.st_uid}, expected root or ourselves")
            data = file.read(4097)
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror or error}") from None
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise SecretError(f"{path}: not a text file") from None
    if len(data) > 4096 or len(lines) > 1:
        raise SecretError(f"{path}: exactly one line is expected")
    return Secret(lines[0] if lines else "")
