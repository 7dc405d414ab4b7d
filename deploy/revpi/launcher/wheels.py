"""Choosing and unpacking the wheels that fit this interpreter; a small part of the packaging standards.

The bundle carries the wheels of every supported interpreter and processor; a RevPi has no compiler, no
network and, from the present images on, a system Python that refuses pip.
"""

from __future__ import annotations

import platform
import re
import struct
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


class NoWheelError(Exception):
    """This machine is not one the bundle was made for."""


@dataclass(frozen=True)
class Machine:
    """What a wheel must fit. python: (3, 11); processor: as in platform.machine(); glibc: (2, 36)."""

    python: tuple[int, int]
    processor: str
    pointer_bits: int
    glibc: tuple[int, int]

    @classmethod
    def here(cls) -> Machine:
        library, version = platform.libc_ver()
        numbers = [int(part) for part in re.findall(r"\d+", version)[:2]]
        glibc = (numbers[0], numbers[1]) if library == "glibc" and len(numbers) == 2 else (0, 0)
        return cls(sys.version_info[:2], platform.machine(), struct.calcsize("P") * 8, glibc)

    def __str__(self) -> str:
        python, glibc = ".".join(map(str, self.python)), ".".join(map(str, self.glibc))
        return f"Python {python}, {self.processor}, {self.pointer_bits} bit, glibc {glibc}"


def fits(wheel_name: str, machine: Machine) -> bool:
    """True when the tags in the file name allow this machine."""
    python_tag, abi_tag, platform_tag = wheel_name.removesuffix(".whl").split("-")[-3:]
    return (
        any(_interpreter_fits(tag, abi_tag, machine) for tag in python_tag.split("."))
        and any(_abi_fits(tag, machine) for tag in abi_tag.split("."))
        and any(_platform_fits(tag, machine) for tag in platform_tag.split("."))
    )


def _interpreter_fits(tag: str, abi_tag: str, machine: Machine) -> bool:
    own = f"cp{machine.python[0]}{machine.python[1]}"
    if tag in ("py3", own, f"py{own[2:]}"):
        return True
    match = re.fullmatch(r"cp3(\d+)", tag)
    return "abi3" in abi_tag.split(".") and match is not None and int(match[1]) <= machine.python[1]


def _abi_fits(tag: str, machine: Machine) -> bool:
    return tag in ("none", "abi3", f"cp{machine.python[0]}{machine.python[1]}")


def _platform_fits(tag: str, machine: Machine) -> bool:
    if tag == "any":
        return True
    if machine.pointer_bits != 64:
        return False
    legacy = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    for name, needed in legacy.items():
        if tag == f"{name}_{machine.processor}":
            return machine.glibc >= needed
    match = re.fullmatch(r"manylinux_(\d+)_(\d+)_(\w+)", tag)
    if not match:
        return False
    return match[3] == machine.processor and machine.glibc >= (int(match[1]), int(match[2]))


def choose(wheel_names: list[str], machine: Machine) -> list[str]:
    """One wheel per distribution, the most specific that fits.

    Raises NoWheelError that names what is missing: a half-unpacked set would fail much later and
    much less clearly, in the middle of an import.
    """
    distributions: dict[str, list[str]] = {}
    for name in sorted(wheel_names):
        distributions.setdefault(name.split("-")[0].lower(), []).append(name)
    chosen, missing = [], []
    for distribution, names in sorted(distributions.items()):
        usable = [name for name in names if fits(name, machine)]
        if usable:
            chosen.append(max(usable, key=lambda name: not name.endswith("-any.whl")))
        else:
            missing.append(distribution)
    if missing:
        hint = " (32-bit user land: install the 64-bit image)" if machine.pointer_bits != 64 else ""
        raise NoWheelError(f"no wheel of {', '.join(missing)} for {machine}{hint}")
    return chosen


def unpack(wheels: list[Path], target: Path) -> None:
    """Unpacks wheels into one import folder; a member that would leave the folder is refused."""
    root = target.resolve()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if not (root / member).resolve().is_relative_to(root):
                    raise NoWheelError(f"{wheel.name}: member {member!r} leaves the target folder")
            archive.extractall(root)
