"""The arithmetic rule: the same recording gives the same bits on every machine and every Python.

The pure folders use on floats only + - * /, comparison, math.sqrt, math.fsum and round: operations that
IEEE 754 or CPython define to the last bit. `sum` over floats changed its result in Python 3.12, powers
and transcendental functions differ between C libraries, and the order of a set of strings changes from
process to process. A replay that differs in the last bit is a replay that proves nothing.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("blocks", "energy", "plant")

MATH = {"sqrt", "fsum", "isfinite", "isnan", "inf", "nan"}  # the last four compare, they do not compute
INTEGER_SUM = "# integer sum"
"""Comment on the line of a `sum` whose terms are integers: exact, whatever the order."""


def violations(source: str) -> list[str]:
    """Every place where a result could differ from machine to machine."""
    lines = source.splitlines()
    wrong = []
    for node in ast.walk(ast.parse(source)):
        reason = _forbidden(node)
        if reason == "sum" and INTEGER_SUM not in lines[node.lineno - 1]:
            wrong.append(f"line {node.lineno}: sum() - use math.fsum, or mark it with '{INTEGER_SUM}'")
        elif reason and reason != "sum":
            wrong.append(f"line {node.lineno}: {reason}")
    return wrong


def _forbidden(node: ast.AST) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "sum":
            return "sum"
        if node.func.id == "pow":
            return "pow() - multiply instead"
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Pow):
        base = node.left if isinstance(node, ast.BinOp) else node.target
        exponent = node.right if isinstance(node, ast.BinOp) else node.value
        if not (_integer(base) and _integer(exponent)):
            return "** - multiply instead, or math.sqrt"
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math":
        return "" if node.attr in MATH else f"math.{node.attr} - differs between C libraries"
    if isinstance(node, ast.ImportFrom) and node.module == "math":
        foreign = sorted({alias.name for alias in node.names} - MATH)
        return f"from math import {', '.join(foreign)}" if foreign else ""
    return _set_order(node)


def _set_order(node: ast.AST) -> str:
    """A loop over a set expression: its order depends on the hash seed of the process."""
    loops = []
    if isinstance(node, ast.For):
        loops = [node.iter]
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
        loops = [generator.iter for generator in node.generators]
    return "loop over a set - sort it first" if any(_is_set(loop) for loop in loops) else ""


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"set", "frozenset"}
    )


def _integer(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / "plc" / folder).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arithmetic_is_reproducible(path: Path) -> None:
    wrong = violations(path.read_text(encoding="utf-8"))
    assert not wrong, "\n".join(f"{path.relative_to(ROOT)}: {text}" for text in wrong)


@pytest.mark.parametrize(
    "source",
    [
        "x = sum(values)",
        "x = a ** 0.5",
        "x = a ** 2",
        "x **= b",
        "x = pow(a, 2)",
        "import math\nx = math.exp(a)",
        "import math\nx = math.log(a)",
        "from math import tanh",
        "for name in {'a', 'b'}:\n    pass",
        "names = [name for name in set(items)]",
    ],
)
def test_a_result_that_may_differ_is_found(source: str) -> None:
    assert violations(source)


@pytest.mark.parametrize(
    "source",
    [
        "import math\nx = math.fsum(values) / math.sqrt(a)",
        "n = sum(counts)  # integer sum",
        "n = 10 ** 9",
        "x = round(a * b, 3)",
        "names = sorted({'a', 'b'})",
        "from math import fsum, sqrt",
    ],
)
def test_an_exact_result_passes(source: str) -> None:
    assert not violations(source)
