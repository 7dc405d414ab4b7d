"""A typed tree of data as a flat row of leaves, and the change from one row to the next as bytes.

A scan differs from the one before in a handful of values, so a record holds only what changed: about
200 bytes instead of several thousand. Every number keeps all its bits; what is no number (texts,
lists of commands) is compared as a whole and written as JSON in the rare scan in which it changes.
"""

from __future__ import annotations

import json
import math
import struct
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from enum import IntEnum
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from plc.blocks.core import Tick
from plc.store.plain import field_types, plain, rebuild

INTEGER, FLOAT, OPTIONAL, OTHER = "i", "f", "n", "o"

Row = list[Any]

_HEAD = struct.Struct("<qqHHI")  # now_ns, dt_ns, changed integers, changed floats, bytes of JSON


class Layout:
    """The leaves of one type, in the order of its annotations.

    Raises nothing for a well-annotated tree; `leaf_paths` and `kinds` describe it, and their text goes
    into every file so that a reader of another version knows what it reads.
    """

    def __init__(self, kind: Any, skip: frozenset[str] = frozenset()) -> None:
        self.kind = kind
        self.leaf_paths: list[str] = []
        self._parts: list[tuple[str, Layout]] = []  # tuple fields: attribute path, layout of one item
        self._counts: list[int] = []
        paths: list[str] = []
        self.kinds: list[str] = []
        self.types: list[Any] = []
        self._walk(kind, "", skip, paths)
        self._pieces = _pieces(paths)
        for (path, item), count in zip(self._parts, self._counts, strict=True):
            for index in range(count):
                leaves = item.row if item._parts else _leaves(item.leaf_paths)
                self._pieces.append(_Piece(len(paths), _item_of(path, index), leaves))
                paths += [f"{path}[{index}].{leaf}" for leaf in item.leaf_paths]
                self.kinds += item.kinds
                self.types += item.types
        self.leaf_paths = paths
        self._type_of = dict(zip(paths, self.types, strict=True))

    def _walk(self, kind: Any, prefix: str, skip: frozenset[str], paths: list[str]) -> None:
        for name, hint in field_types(kind).items():
            path = f"{prefix}{name}"
            if path in skip:
                continue
            bare = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint
            arms = typing.get_args(bare)
            items = typing.get_origin(bare) is tuple and Ellipsis not in arms and len(set(arms)) == 1
            if field_types(bare):
                self._walk(bare, f"{path}.", skip, paths)
            elif items and is_dataclass(arms[0]):
                self._parts.append((path, Layout(arms[0])))
                self._counts.append(len(arms))
            else:
                paths.append(path)
                self.kinds.append(_leaf_kind(bare))
                self.types.append(bare)

    def describe(self) -> list[str]:
        """Paths with their kinds: two programs with the same text read each other's records."""
        return [f"{path}:{kind}" for path, kind in zip(self.leaf_paths, self.kinds, strict=True)]

    def row(self, value: Any) -> Row:
        """All leaves of a value."""
        row: Row = []
        for piece in self._pieces:
            row += piece.leaves(piece.of(value))
        return row

    def renew(self, row: Row, value: Any, before: Any, begin: int = 0) -> list[int]:
        """Puts the leaves of a value into a row, from `begin` on; returns the places that changed.

        before: the value that the row holds, None when it holds none. Most of a scan's inputs are the very
        objects of the scan before, and those cannot have changed: their leaves are not looked at.
        """
        places: list[int] = []
        for piece in self._pieces:
            now = piece.of(value)
            if before is not None and piece.of(before) is now:
                continue
            place = begin + piece.begin
            for leaf in piece.leaves(now):
                if leaf is not row[place] and _differ(leaf, row[place]):
                    row[place] = leaf
                    places.append(place)
                place += 1
        return places

    def value(self, row: Row, paths: list[str] | None = None) -> Any:
        """The value that has these leaves; the inverse of `row`.

        paths: of the leaves, where they are not all of them in their order; the others take their defaults.
        """
        return rebuild(self.kind, self._tree(row, self.leaf_paths if paths is None else paths))

    def fields(self, row: Row, paths: list[str]) -> dict[str, Any]:
        """Only the fields of the value that these leaves make up; all leaves of a field must be there."""
        types = field_types(self.kind)
        return {name: rebuild(types[name], data) for name, data in self._tree(row, paths).items()}

    def _tree(self, row: Row, paths: list[str]) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        types = self._type_of
        for path, leaf in zip(paths, row, strict=True):
            _put(tree, path, bool(leaf) if types[path] is bool else plain(leaf))
        return tree


class _Piece(NamedTuple):
    """Leaves of one object: the place of the first, how to find the object and how to take it apart."""

    begin: int
    of: Callable[[Any], Any]
    leaves: Callable[[Any], Iterable[Any]]


def _pieces(paths: list[str]) -> list[_Piece]:
    """One for each field of the whole, in the order of the paths."""
    found: list[_Piece] = []
    begin = 0
    for name, group in groupby(paths, lambda path: path.partition(".")[0]):
        inner = [path.partition(".")[2] for path in group]
        found.append(_Piece(begin, attrgetter(name), _leaves(inner)))
        begin += len(inner)
    return found


def _leaves(paths: list[str]) -> Callable[[Any], Iterable[Any]]:
    if paths == [""]:
        return lambda whole: (whole,)
    getter = attrgetter(*paths)
    return getter if len(paths) > 1 else lambda whole: (getter(whole),)


def _item_of(path: str, index: int) -> Callable[[Any], Any]:
    items = attrgetter(path)
    return lambda whole: items(whole)[index]


def _differ(new: Any, old: Any) -> bool:
    """1, 1.0 and True are equal to Python and not the same to a reader."""
    return new != old or type(new) is not type(old)


def _leaf_kind(hint: Any) -> str:
    if hint is float:
        return FLOAT
    if isinstance(hint, type) and issubclass(hint, (bool, int, IntEnum)):
        return INTEGER
    optional = typing.get_origin(hint) in (types.UnionType, typing.Union)
    if optional and set(typing.get_args(hint)) == {float, type(None)}:
        return OPTIONAL
    return OTHER


def _put(tree: dict[str, Any], path: str, leaf: Any) -> None:
    """Sets `a.b[1].c` in a tree of dictionaries and lists."""
    node: Any = tree
    words = path.replace("[", ".[").split(".")
    for word, following in zip(words, [*words[1:], ""], strict=True):
        fresh: Any = leaf if not following else ([] if following.startswith("[") else {})
        if word.startswith("["):
            index = int(word[1:-1])
            if index == len(node):
                node.append(fresh)
            node = node[index]
        elif following:
            node = node.setdefault(word, fresh)
        else:
            node[word] = leaf


def encode(tick: Tick, row: Row, before: Row, kinds: list[str]) -> bytes:
    """One record: the tick and every leaf that is not the same as before."""
    pairs = enumerate(zip(row, before, strict=True))
    return pack(
        tick, row, [place for place, (new, old) in pairs if new is not old and _differ(new, old)], kinds
    )


def pack(tick: Tick, row: Row, places: list[int], kinds: list[str]) -> bytes:
    """One record: the tick and the leaves at these places, which rise."""
    integer_at: list[int] = []
    integers: list[int] = []
    float_at: list[int] = []
    floats: list[float] = []
    others: list[list[Any]] = []
    for place in places:
        kind, leaf = kinds[place], row[place]
        if kind == INTEGER:
            integer_at.append(place)
            integers.append(int(leaf))
        elif kind == OTHER:
            others.append([place, plain(leaf)])
        else:
            float_at.append(place)
            floats.append(math.nan if leaf is None else leaf)
    text = json.dumps(others).encode() if others else b""
    head = _HEAD.pack(tick.now_ns, tick.dt_ns, len(integers), len(floats), len(text))
    form = f"<{len(integers) + len(floats)}H{len(integers)}q{len(floats)}d"
    return head + struct.pack(form, *integer_at, *float_at, *integers, *floats) + text


class Decodable(Protocol):
    """What a decoder must know of a row."""

    kinds: list[str]
    types: list[Any]


def decode(data: bytes, at: int, row: Row, layout: Decodable) -> tuple[Tick, int]:
    """Applies the record at this place to a row; returns its tick and where the next one begins."""
    now_ns, dt_ns, n_int, n_float, n_text = _HEAD.unpack_from(data, at)
    at += _HEAD.size
    form = struct.Struct(f"<{n_int + n_float}H{n_int}q{n_float}d")
    numbers = form.unpack_from(data, at)
    at += form.size
    places, values = numbers[: n_int + n_float], numbers[n_int + n_float :]
    for place, number in zip(places, values, strict=True):
        row[place] = None if layout.kinds[place] == OPTIONAL and number != number else number
    for place, item in json.loads(data[at : at + n_text]) if n_text else ():
        row[place] = rebuild(layout.types[place], item)
    return Tick(now_ns, dt_ns), at + n_text
