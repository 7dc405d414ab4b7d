"""What mutation does to a module: every single damage, as a changed syntax tree.

Kinds of damage:

    entry      a condition, trip, transition, alarm, source or cause is taken out of its table
    argument   a delay, a suppression or a whole list of rules is taken out of its entry
    compare    a comparison is turned into its opposite, `is` into `is not`
    bool       `and` becomes `or`, and the reverse
    operand    one operand of `and` or `or` no longer counts
    not        a `not` is dropped; a bare condition of an `if` is turned round
    constant   True becomes False, and the reverse
    arithmetic plus and minus, times and divided by change places
    statement  an assignment, call, return, raise, continue or break is taken out

Not damaged: texts, annotations, documentation, assignments in a constructor (without one of them nothing
runs at all, which proves nothing), numbers (they are parameters, and those have a table of their own).
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

TABLE_ENTRIES = frozenset({"_c", "_locked", "Condition", "Trip", "Transition", "Alarm", "Rules", "Route"})
OPTIONAL = {"Trip": 4, "Alarm": 4, "Route": 4}
"""Entries whose positional arguments beyond so many have a default."""

TEXTS = frozenset({"de", "en"})
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
REVERSE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
LONGEST_TEXT = 90
STATEMENTS = (ast.Assign, ast.AugAssign, ast.Return, ast.Raise, ast.Continue, ast.Break, ast.Delete)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One damage. module: as "plant/trips". number: which damage of this module, in order of the source.

    inside: in a function, so that it can be put into a module that is already loaded.
    """

    module: str
    number: int
    line: int
    kind: str
    what: str
    inside: bool

    def __str__(self) -> str:
        return f"plc/{self.module}.py:{self.line}: {self.kind}: {self.what}"


@dataclass(slots=True)
class _Place:
    """Something in a tree that can be spoiled. do changes the tree, undo makes it whole again."""

    line: int
    kind: str
    inside: bool
    what: Callable[[], str]
    do: Callable[[], None]
    undo: Callable[[], None]


def path_of(module: str) -> Path:
    return ROOT / "plc" / f"{module}.py"


class Source:
    """A module whose tree is spoiled and made whole again, one place after the other."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.text = path_of(module).read_text(encoding="utf-8")
        self._tree = ast.parse(self.text)
        self._places = list(_below(self._tree, inside=False, constructor=False))

    def mutants(self) -> list[Mutant]:
        """Every single damage, in the order of the source."""
        found = []
        for number, place in enumerate(self._places):
            place.do()
            found.append(Mutant(self.module, number, place.line, place.kind, place.what(), place.inside))
            place.undo()
        return found

    def spoiled(self, number: int) -> types.CodeType:
        """The compiled module with this damage."""
        place = self._places[number]
        place.do()
        try:
            return self.whole()
        finally:
            place.undo()

    def whole(self) -> types.CodeType:
        """The compiled module as the tree is now."""
        tree = ast.fix_missing_locations(self._tree)
        return compile(tree, str(path_of(self.module)), "exec")  # type: ignore[no-any-return]


def _below(node: ast.AST, *, inside: bool, constructor: bool) -> Iterator[_Place]:
    """All places under a node, in the order of the source."""
    yield from _here(node, inside=inside)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases"):
            continue
        if isinstance(value, ast.AST):
            within = inside or (isinstance(node, ast.Lambda) and name == "body")
            yield from _below(value, inside=within, constructor=constructor)
        elif isinstance(value, list):
            yield from _in_list(node, name, value, inside=inside, constructor=constructor)


def _in_list(
    node: ast.AST, name: str, value: list[Any], *, inside: bool, constructor: bool
) -> Iterator[_Place]:
    body = isinstance(node, ast.FunctionDef) and name == "body"
    within = inside or body
    made = constructor or (body and getattr(node, "name", "") == "__init__")
    for index, child in enumerate(value):
        if within and isinstance(child, ast.stmt) and _removable(child, constructor=made):
            nothing = ast.copy_location(ast.Pass(), child)
            yield _replaced("statement", True, value, index, nothing, _saying("without", child))
        if isinstance(child, ast.AST) and not _is_plain_data(child):
            yield from _below(child, inside=within, constructor=made)


def _is_plain_data(node: Any) -> bool:
    """`__slots__`, STATE and short names are the shape of the data, not a rule."""
    targets = getattr(node, "targets", [])
    if any(isinstance(target, ast.Tuple) and not isinstance(node.value, ast.Call) for target in targets):
        return True
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return bool(names & {"__slots__", "STATE", "BLOCKS"})


def _removable(node: ast.stmt, *, constructor: bool) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Delete):
        return not all(isinstance(target, ast.Name) for target in node.targets)
    if isinstance(node, ast.AnnAssign):
        return node.value is not None and not constructor
    return isinstance(node, STATEMENTS) and not (constructor and isinstance(node, ast.Assign))


def _here(node: ast.AST, *, inside: bool) -> Iterator[_Place]:
    """The places of this very node."""
    if isinstance(node, (ast.Tuple, ast.Set)) and not inside:
        for index, entry in enumerate(node.elts):
            if _is_entry(entry):
                yield _taken_out("entry", node.elts, index)
    elif isinstance(node, ast.Call):
        yield from _in_entry(node, inside=inside)
    elif isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            new = OPPOSITE[type(operator)]()
            yield _replaced("compare", inside, node.ops, index, new, _becoming(node), node.lineno)
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _changed("bool", inside, node, "op", swapped)
        for index, value in enumerate(node.values):
            neutral = ast.copy_location(ast.Constant(isinstance(node.op, ast.And)), value)
            yield _replaced("operand", inside, node.values, index, neutral, _becoming(node), node.lineno)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _changed("not", inside, node, "operand", _not(node.operand))
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        if isinstance(node.test, (ast.Name, ast.Attribute, ast.Call)):
            turned = _not(node.test)
            yield _changed("not", inside, node, "test", turned, _saying("condition becomes", turned))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool) and inside:
            yield _changed("constant", inside, node, "value", not node.value)
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in REVERSE and not _is_text(node):
        yield _changed("arithmetic", inside, node, "op", REVERSE[type(node.op)]())


def _in_entry(node: ast.Call, *, inside: bool) -> Iterator[_Place]:
    """What may be left out of an entry of a table."""
    if not (isinstance(node.func, ast.Name) and node.func.id in TABLE_ENTRIES) or inside:
        return
    if len(node.args) > OPTIONAL.get(node.func.id, len(node.args)):
        yield _taken_out("argument", node.args, len(node.args) - 1)
    for index, keyword in enumerate(node.keywords):
        if keyword.arg not in TEXTS:
            yield _taken_out("argument", node.keywords, index)


def _changed(
    kind: str, inside: bool, node: Any, field: str, new: object, what: Callable[[], str] | None = None
) -> _Place:
    old = getattr(node, field)
    return _Place(
        node.lineno,
        kind,
        inside,
        what or _becoming(node),
        lambda: setattr(node, field, new),
        lambda: setattr(node, field, old),
    )


def _replaced(
    kind: str, inside: bool, items: list[Any], index: int, new: Any, what: Callable[[], str], line: int = 0
) -> _Place:
    old = items[index]

    def put(item: object) -> Callable[[], None]:
        return lambda: items.__setitem__(index, item)

    return _Place(line or old.lineno, kind, inside, what, put(new), put(old))


def _taken_out(kind: str, items: list[Any], index: int) -> _Place:
    old = items[index]
    line = getattr(old, "lineno", 0)
    what = _saying("without", old)
    return _Place(line, kind, False, what, lambda: items.pop(index), lambda: items.insert(index, old))


def _becoming(node: ast.AST) -> Callable[[], str]:
    """Before and after; `what` is asked for while the tree is spoiled."""
    before = _text(node)
    return lambda: f"{before} -> {_text(node)}"


def _saying(word: str, node: ast.AST) -> Callable[[], str]:
    return lambda: f"{word} {_text(node)}"


def _not(operand: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), operand), operand)


def _is_entry(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in TABLE_ENTRIES
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, (ast.Name, ast.Attribute, ast.Starred))


def _is_text(node: ast.BinOp | ast.AugAssign) -> bool:
    """Joining texts or lists is no arithmetic."""
    parts = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
    return any(
        isinstance(part, (ast.JoinedStr, ast.List, ast.ListComp, ast.Tuple))
        or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in parts
    )


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
