"""Where data lives that must outlast the program.

Never in the working directory: RevPi Commander empties it on every upload. The supervisor's own
directory comes first, then the system's, then the user's; data may exist in more than one after a
change of supervisor, so readers look into all of them and take the newest.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

SYSTEM = Path("/var/lib/thermiq")


def account_home() -> Path:
    """Home of the account we really run as.

    Not $HOME: a daemon that drops from root to an unprivileged user passes on root's HOME or none.
    An account without an entry has no home; the path is one that nobody can make.
    """
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path("/nonexistent")


def state_directories(
    environment: Mapping[str, str], *, system: Path = SYSTEM, home: Path | None = None
) -> tuple[Path, ...]:
    """All candidates, the preferred one first; none of them is created here.

    THERMIQ_STATE_DIR overrides everything (tests, demo: a simulation never touches a real plant's
    memory). STATE_DIRECTORY is systemd's; it may hold several, the first is ours.
    """
    forced = environment.get("THERMIQ_STATE_DIR")
    if forced:
        return (Path(forced),)
    found = []
    supervised = environment.get("STATE_DIRECTORY", "").split(":")[0]
    if supervised:
        found.append(Path(supervised))
    found.append(system)
    own = environment.get("XDG_STATE_HOME")
    found.append((Path(own) if own else (home or account_home()) / ".local/state") / "thermiq")
    return tuple(dict.fromkeys(found))


def usable_directory(candidates: tuple[Path, ...]) -> Path | None:
    """The first candidate that exists or can be made and lets us write; None if there is none."""
    for directory in candidates:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(directory, os.W_OK | os.X_OK):
            return directory
    return None


def site_directory(environment: Mapping[str, str], site_id: str, *below: str) -> Path | None:
    """The folder of one site, or one below it, in the first state directory that takes it."""
    return usable_directory(tuple(d.joinpath(site_id, *below) for d in state_directories(environment)))
