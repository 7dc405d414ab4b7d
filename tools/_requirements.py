"""Requirements of setup.cfg with chosen extras, and whether this interpreter already has them.

Runs before anything is installed: standard library and pip only. setup.cfg stays the one place that
names a dependency.
"""

from __future__ import annotations

import configparser
import sys
from importlib import metadata

from pip._vendor.packaging.requirements import Requirement


def wanted(setup_cfg: str, extras: str) -> list[str]:
    """The requirement lines of the project and of the named extras (comma separated; "=" : extras alone)."""
    config = configparser.ConfigParser()
    config.read(setup_cfg, encoding="utf-8")
    text = "" if extras.startswith("=") else config["options"]["install_requires"]
    for extra in extras.removeprefix("=").split(","):
        text += "\n" + config["options.extras_require"][extra]
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def missing(lines: list[str]) -> list[str]:
    """The requirements that this environment does not meet."""
    lacking = []
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            lacking.append(line)
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            lacking.append(line)
    return lacking


def main() -> int:
    if sys.argv[1] == "--satisfied":
        with open(sys.argv[2], encoding="utf-8") as file:
            return 1 if missing(file.read().splitlines()) else 0
    print("\n".join(wanted(sys.argv[1], sys.argv[2])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
