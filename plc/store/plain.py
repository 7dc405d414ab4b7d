"""Typed data to plain data and back, led by the type annotations.

For everything that is written down and must be read years later by a program that has only the
annotations: recordings, the parameters a recording was made with, the status file.
"""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any


def plain(value: Any) -> Any:
    """Dataclasses and named tuples as objects, enumerations as their values, tuples as lists."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(item) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def rebuild(kind: Any, data: Any) -> Any:
    """The value of an annotated type from plain data.

    Fields that the data does not have take their defaults (they were added later); names that the
    type does not have any more raise ValueError: dropping them would replay another plant.
    """
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return rebuild(typing.get_args(kind)[0], data)
    if origin in (types.UnionType, typing.Union):
        return None if data is None else rebuild(_not_none(kind), data)
    if origin is tuple:
        return _tuple(typing.get_args(kind), data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    names = field_types(kind)
    if names:
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise ValueError(f"{kind.__name__} has no {', '.join(unknown)}")
        return kind(**{name: rebuild(names[name], item) for name, item in data.items()})
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    return data


@cache
def field_types(kind: Any) -> dict[str, Any]:
    """Field name -> annotated type of a dataclass or named tuple; empty for anything else."""
    if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        hints = typing.get_type_hints(kind, include_extras=True)
        names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind._fields)
        return {name: hints[name] for name in names}
    return {}


def _not_none(kind: Any) -> Any:
    rest = [arm for arm in typing.get_args(kind) if arm is not type(None)]
    return rest[0] if len(rest) == 1 else object


def _tuple(arms: tuple[Any, ...], data: Any) -> Any:
    if len(arms) == 2 and arms[1] is Ellipsis:
        return tuple(rebuild(arms[0], item) for item in data)
    return tuple(rebuild(arm, item) for arm, item in zip(arms, data, strict=True))
