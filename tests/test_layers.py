"""Imports run one way: blocks <- energy <- plant <- scan, image, field, link, store <- app, cli.

The direction is what keeps the plant replayable (nothing below `scan` can ask a clock) and the drivers
replaceable (they meet in `app` and nowhere else). It is checked on the source, so that an import inside a
function or under TYPE_CHECKING counts, too.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

PURE = {"blocks", "energy", "plant"}
PURE_STDLIB = {
    "__future__", "abc", "bisect", "collections", "dataclasses", "datetime", "enum", "functools",
    "itertools", "math", "types", "typing",
}  # fmt: skip

MIDDLE = {"scan", "image", "field", "link", "store"}
LEAVES = {"", "exits"}  # `plc` itself (version) and the exit codes: importable from everywhere but PURE
ALLOWED = {
    "blocks": set(),
    "energy": {"blocks"},
    "plant": {"blocks", "energy"},
    **dict.fromkeys(MIDDLE, PURE | LEAVES),
    "field": PURE | LEAVES | {"pb"},
    "pb": {"pb"},
    "exits": set(),
}

CLOCK_CALLS = {"now", "utcnow", "today"}


def unit_of(path: Path) -> str:
    """The part of the house a source file belongs to: `scan` for plc/scan/loop.py, `app` for plc/app.py."""
    parts = path.relative_to(ROOT / "plc").with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imported(tree: ast.AST, package: tuple[str, ...]) -> list[tuple[int, str]]:
    """All modules that a source file imports, relative imports resolved."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, node.module)) if node.module else ".".join(base)
            if module in {"plc", "tools"}:  # `from plc import store` imports plc.store
                found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return found


def violations(source: str, unit: str, package: tuple[str, ...]) -> list[str]:
    """What the source of one unit must not import or call."""
    tree = ast.parse(source)
    wrong = []
    for line, module in imported(tree, package):
        top, _, rest = module.partition(".")
        if top == "plc":
            target = rest.split(".")[0]
            target = "" if target.startswith("__") else target
            allowed = ALLOWED.get(unit)
            if allowed is not None and target != unit and target not in allowed:
                wrong.append(f"line {line}: plc/{unit} must not import plc.{target}")
        elif top in {"tools", "tests"}:
            wrong.append(f"line {line}: the program must not import {top}")
        elif unit in PURE and top not in PURE_STDLIB:
            wrong.append(f"line {line}: pure folder plc/{unit} must not import {module}")
    if unit in PURE:
        wrong += [
            f"line {node.lineno}: pure folder plc/{unit} must not ask a clock ({node.attr})"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in CLOCK_CALLS and is_datetime(node.value)
        ]
    return wrong


def is_datetime(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in {"datetime", "date"}


SOURCES = sorted((ROOT / "plc").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parent.parts
    wrong = violations(path.read_text(encoding="utf-8"), unit_of(path), package)
    assert not wrong, "\n".join(f"{path.relative_to(ROOT)}: {text}" for text in wrong)


def test_every_folder_of_the_program_has_a_rule() -> None:
    folders = {path.parent.name for path in (ROOT / "plc").glob("*/__init__.py")}
    top = {"commands", "checkout", "documents"}  # beside app: they may know everybody
    assert folders <= ALLOWED.keys() | top, "say in ALLOWED what the new folder may import"


@pytest.mark.parametrize(
    ("unit", "source"),
    [
        ("blocks", "import time"),
        ("blocks", "from plc.plant.signals import SIGNALS"),
        ("energy", "import numpy"),
        ("energy", "from ..plant import signals"),
        ("plant", "def f():\n    import threading"),
        ("plant", "from datetime import datetime\nx = datetime.now()"),
        ("plant", "import logging"),
        ("scan", "from plc.image import binding"),
        ("scan", "from plc import store"),
        ("link", "from plc.field.deye import Deye"),
        ("store", "import plc.app"),
        ("app", "from tools.twin import physics"),
    ],
)
def test_a_forbidden_import_is_found(unit: str, source: str) -> None:
    assert violations(source, unit, ("plc", unit))


@pytest.mark.parametrize(
    ("unit", "source"),
    [
        ("plant", "from plc.blocks.core import Tick\nfrom plc.energy import rule"),
        ("scan", "import threading\nfrom plc.plant.interface import PlantInputs"),
        ("link", "import paho.mqtt.client\nfrom plc import __version__"),
        ("app", "from plc.scan.loop import ScanLoop\nfrom plc.link import client"),
    ],
)
def test_an_allowed_import_passes(unit: str, source: str) -> None:
    assert not violations(source, unit, ("plc", unit))
