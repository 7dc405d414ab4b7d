"""From a marked YAML tree to frozen dataclasses, with every fault as a problem with its line.

The dataclass and its `Param` annotations are the only description of a section: names, types, units,
limits and defaults are read from it here, and the JSON Schema for the editor comes from the same
models. Types and limits are checked by pydantic; this module translates in both directions.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from enum import Enum
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic import ConfigDict, Field, Strict

from plc.blocks.param import Param, Path, hints_of, shown, split
from plc.image.marked_yaml import Node
from plc.image.problem import Problem, did_you_mean

T = TypeVar("T")

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


@functools.lru_cache(maxsize=256)
def _bare_hints(cls: Any) -> dict[str, Any]:
    """The same without the `Param` beside the type."""
    return get_type_hints(cls)


@functools.lru_cache(maxsize=256)
def model_of(cls: type, default: object | None = None) -> type[pydantic.BaseModel]:
    """The pydantic model of a dataclass; `default` is an instance whose values stand for missing keys."""
    hints = hints_of(cls)
    fields: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        kind, param = split(hints[item.name])
        value = _default(item, default)
        fields[item.name] = _field(kind, param, value)
    return pydantic.create_model(
        cls.__name__,
        __config__=ConfigDict(extra="forbid", title=cls.__name__),
        __doc__=(cls.__doc__ or "").strip().split("\n")[0],
        **fields,
    )


def build(
    cls: type[T], node: Node, file: str, problems: list[Problem], *, default: T | None = None, where: str = ""
) -> tuple[T | None, frozenset[Path]]:
    """An object of the dataclass from a node, and the paths whose values were refused.

    Refused values are replaced by their defaults so that the checks that follow still find the other
    faults; the object is None only when a required value is missing or refused.
    """
    model = model_of(cls, default)  # type: ignore[arg-type]  # every class is hashable
    plain = node.plain() if isinstance(node.value, dict) else {}
    refused: set[Path] = set()
    if not isinstance(node.value, dict) and node.value is not None:
        problems.append(
            Problem(
                file,
                node.line,
                _show(node.plain()),
                f"a mapping with the keys of {where}",
                "write the keys on their own lines, indented by two",
            )
        )
        return None, frozenset({()})
    for _ in range(3):  # an error may hide another one behind it
        try:
            return _thaw(cls, model.model_validate(plain)), frozenset(refused)
        except pydantic.ValidationError as errors:
            before = frozenset(refused)
            # All places first: taking out one entry of a list takes the list.
            found = [(error, _path(error["loc"], plain)) for error in errors.errors(include_url=False)]
            for error, path in found:
                if path in before:
                    return None, before
                if path in refused:  # one place, refused by each member of a union
                    continue
                refused.add(path)
                problems.append(_problem(cls, error, path, node, file, where))
                _prune(plain, path)
    return None, frozenset(refused)


def param_at(cls: type, path: Path) -> tuple[Any, Param | None]:
    """Type and facts of the field at a path of names, for messages and reference pages."""
    kind: Any = cls
    param: Param | None = None
    for step in path:
        kind = _without_none(kind)
        if isinstance(step, str) and dataclasses.is_dataclass(kind):
            hints = hints_of(kind)  # type: ignore[arg-type]  # every class is hashable
            if step not in hints:
                return None, None
            kind, param = split(hints[step])
        elif get_args(kind):
            kind = next((arg for arg in reversed(get_args(kind)) if arg is not Ellipsis), None)
        else:
            return None, None
    return _without_none(kind), param


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        rest = [arg for arg in get_args(kind) if arg is not type(None)]
        return rest[0] if len(rest) == 1 else kind
    return kind


def _default(item: dataclasses.Field[Any], default: object | None) -> Any:
    if default is not None:
        return getattr(default, item.name)
    if item.default is not dataclasses.MISSING:
        return item.default
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return dataclasses.MISSING


def _field(kind: Any, param: Param | None, value: Any) -> tuple[Any, Any]:
    facts: dict[str, Any] = {}
    if param is not None:
        unit = f" [{param.unit}]" if param.unit else ""
        facts["description"] = f"{param.text}{unit}"
        if param.minimum is not None:
            facts["ge"] = param.minimum
        if param.maximum is not None:
            facts["le"] = param.maximum
    annotation = _annotation(kind, None if value is dataclasses.MISSING else value)
    if value is dataclasses.MISSING:
        return annotation, Field(**facts)
    if dataclasses.is_dataclass(_without_none(kind)) and value is not None:
        facts["default_factory"] = lambda: annotation()
    else:
        facts["default"] = value
    return annotation, Field(**facts)


def _annotation(kind: Any, default: Any = None) -> Any:
    """The annotation as pydantic shall check it: numbers and texts are never converted into each other."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return model_of(kind, default)
    if kind is float:
        return Annotated[float, Strict(), pydantic.AllowInfNan(False)]
    if kind in (int, bool, str):
        return Annotated[kind, Strict()]
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return Union[tuple(_annotation(arg, default) for arg in get_args(kind))]  # noqa: UP007 - built at run time
    if origin in (tuple, list, dict):
        return origin[tuple(arg if arg is Ellipsis else _annotation(arg) for arg in get_args(kind))]
    return kind


def _thaw(cls: Any, model: pydantic.BaseModel) -> Any:
    hints = _bare_hints(cls)
    values = {
        item.name: _thaw_value(hints[item.name], getattr(model, item.name))
        for item in dataclasses.fields(cls)
    }
    return cls(**values)


def _thaw_value(kind: Any, value: Any) -> Any:
    kind = _without_none(kind)
    if isinstance(value, pydantic.BaseModel):
        return _thaw(kind, value)
    if isinstance(value, tuple):
        inner = get_args(kind)[0] if get_args(kind) else None
        return tuple(_thaw_value(inner, part) for part in value)
    if isinstance(value, dict):
        inner = get_args(kind)[1] if len(get_args(kind)) > 1 else None
        return {key: _thaw_value(inner, part) for key, part in value.items()}
    if kind is float and isinstance(value, int):
        return float(value)
    return value


def _path(loc: tuple[int | str, ...], plain: Any) -> Path:
    """The place in the file: pydantic adds names of union members, which do not stand there."""
    path: list[str | int] = []
    for step in loc:
        if _has(plain, step):
            plain = plain[step]
        elif isinstance(plain, dict) and step == loc[-1]:
            return (*path, step)  # a missing key
        else:
            break
        path.append(step)
    return tuple(path)


def _has(plain: Any, step: int | str) -> bool:
    if isinstance(plain, dict):
        return step in plain
    return isinstance(plain, list) and isinstance(step, int) and step < len(plain)


def _prune(plain: Any, path: Path) -> None:
    for step in path[:-1]:
        if not _has(plain, step):
            return  # what it stood in has been taken out
        plain = plain[step]
    if path and isinstance(plain, dict):
        plain.pop(path[-1], None)
    elif path and isinstance(plain, list):
        plain[:] = []


def _problem(cls: type, error: Any, path: Path, node: Node, file: str, where: str) -> Problem:
    name = ".".join(str(step) for step in ((where, *path) if where else path))
    place = node.at(path)
    kind, param = param_at(cls, path)
    if error["type"] == "extra_forbidden":
        owner = param_at(cls, path[:-1])[0] if len(path) > 1 else cls
        known = [item.name for item in dataclasses.fields(owner)] if dataclasses.is_dataclass(owner) else []
        hint = did_you_mean(str(path[-1]), known)
        return Problem(
            file,
            place.key_line,
            f'the unknown key "{name}"',
            f"one of {', '.join(known)}",
            hint or "remove the key or take one of the list",
        )
    allowed = _allowed(kind, param) or str(error["msg"])
    if error["type"] == "missing":
        return Problem(file, place.key_line, f'no "{name}"', allowed, f"add {path[-1]}")
    found = f"{name} = {_show(place.plain())}"
    hint = _enum_hint(kind, place.plain())
    return Problem(
        file, place.line, found, allowed, hint or f"set {path[-1] if path else name} to an allowed value"
    )


def _allowed(kind: Any, param: Param | None) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(member.value) for member in kind)
    if dataclasses.is_dataclass(kind):
        return "a mapping with " + ", ".join(item.name for item in dataclasses.fields(kind))
    word = _WORDS.get(kind, "")
    if param is None or (param.minimum is None and param.maximum is None):
        return word
    unit = f" {param.unit}" if param.unit else ""
    if param.maximum is None:
        return f"{word} from {shown(param.minimum)}{unit}"
    if param.minimum is None:
        return f"{word} up to {shown(param.maximum)}{unit}"
    return f"{word} from {shown(param.minimum)} to {shown(param.maximum)}{unit}"


def _enum_hint(kind: Any, value: object) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return did_you_mean(str(value), [str(member.value) for member in kind])
    return ""


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f'"{value}"' if isinstance(value, str) else str(value)
