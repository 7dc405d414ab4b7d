"""YAML that remembers where everything stands.

Differences to a plain load, each because of a fault it would hide: a key that stands twice is an
error (the first entry would be lost silently), anchors are an error (one fact, one place), and only
`true` and `false` are booleans (`contact: NO` is a word, and `22:00` is not a number).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from plc.image.problem import Problem

_MAX_BYTES = 1_000_000
_MAX_DEPTH = 20

_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")}

_FIX_SYNTAX = "repair the line; look at quotes, colons and the indentation of the lines around it"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file with its place.

    value: a dict of nodes, a list of nodes or a scalar. line, key_line: counted from 1; key_line is
    where the key of this value stands (the line itself inside a list).
    """

    value: Any
    line: int
    key_line: int

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: tuple[str | int, ...]) -> Node:
        """The node at a path, or the deepest one on the way to it that exists."""
        node = self
        for step in path:
            inside: Any = node.value
            known = (
                inside if isinstance(inside, dict) else range(len(inside)) if isinstance(inside, list) else ()
            )
            if step not in known:
                break
            node = inside[step]
        return node


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there


class _Loader(_Base):  # type: ignore[misc]
    """Safe loader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - replaced below, as yaml expects it


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$",
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def load(path: Path) -> tuple[Node | None, list[Problem]]:
    """The content of a YAML file whose top level is a mapping, or the problems that prevent it."""
    file = str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return None, [
            Problem(file, 0, f"no readable file ({reason})", "a text file", "create it or fix its rights")
        ]
    return parse(raw, file)


def parse(raw: bytes, file: str) -> tuple[Node | None, list[Problem]]:
    """The same from bytes; `file` is only used in problems."""
    if len(raw) > _MAX_BYTES:
        return None, [
            Problem(file, 0, f"{len(raw)} bytes", f"at most {_MAX_BYTES} bytes", "give the right file")
        ]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return None, [
            Problem(
                file,
                line,
                f"byte 0x{raw[error.start]:02x}, which is not UTF-8",
                "text in UTF-8",
                "save the file with the encoding UTF-8 in the editor",
            )
        ]
    return _compose(text, file)


def _compose(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    problems: list[Problem] = []
    try:
        problems += _survey(text, file)
        if problems:
            return None, problems
        node = _read(text, file, problems)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        return None, [Problem(file, line, "a control character", "printable text", "delete the character")]
    except yaml.MarkedYAMLError as error:
        return None, [_syntax(error, text, file)]
    if node is None:
        step = "restore the file or start from the example site"
        return None, [Problem(file, 1, "an empty file", "a mapping of keys", step)]
    if not isinstance(node.value, dict):
        step = "begin the file with `key: value`"
        return None, [*problems, Problem(file, node.line, _kind(node.value), "a mapping of keys", step)]
    return node, problems


def _survey(text: str, file: str) -> list[Problem]:
    """What must be known before a tree is made: references to anchors, and nesting without an end.

    The tree no longer shows a reference, and its making recurses in C, where depth kills the process.
    """
    problems: list[Problem] = []
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            found = "a reference to an anchor (*name)"
            problems.append(
                Problem(
                    file, _line(event.start_mark), found, "values written out", "copy the value to this place"
                )
            )
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                found = f"nesting deeper than {_MAX_DEPTH} levels"
                return [Problem(file, _line(event.start_mark), found, "plain YAML", _FIX_SYNTAX)]
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return problems


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _read(text: str, file: str, problems: list[Problem]) -> Node | None:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        return None if root is None else _convert(loader, root, root.start_mark.line + 1, file, problems)
    finally:
        loader.dispose()


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1, text.rstrip("\n").count("\n") + 1) if mark else 0
    what = " ".join(part for part in (error.context, error.problem) if part)
    if "expected a single document" in what:
        return Problem(
            file, line, "a second document (---)", "one document", "put the second document into its own file"
        )
    return Problem(file, line, f"no valid YAML: {what}", "YAML", _FIX_SYNTAX)


def _convert(loader: _Loader, node: yaml.Node, key_line: int, file: str, problems: list[Problem]) -> Node:
    line = node.start_mark.line + 1
    if node.tag not in _TAGS:
        problems.append(Problem(file, line, f"the tag {node.tag}", "plain values", "remove the tag"))
        return Node(None, line, key_line)
    if isinstance(node, yaml.MappingNode):
        return Node(_mapping(loader, node, file, problems), line, key_line)
    if isinstance(node, yaml.SequenceNode):
        items = [_convert(loader, item, item.start_mark.line + 1, file, problems) for item in node.value]
        return Node(items, line, key_line)
    try:
        return Node(loader.construct_object(node), line, key_line)
    except ValueError:  # a number with thousands of digits: whoever reads it will refuse the text
        return Node(str(node.value), line, key_line)


def _mapping(loader: _Loader, node: yaml.MappingNode, file: str, problems: list[Problem]) -> dict[str, Node]:
    result: dict[str, Node] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(file, line, "a key that is not a word", "a word", "repair the key"))
            continue
        key = str(key_node.value)
        value = _convert(loader, value_node, line, file, problems)
        if key in result:
            problems.append(
                Problem(
                    file,
                    line,
                    f'the key "{key}" a second time (first in line {result[key].key_line})',
                    "every key once",
                    "delete one of the two entries",
                )
            )
            continue
        result[key] = value
    return result


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    return "no value" if value is None else f'the value "{value}"'
