"""What a parameter is: a field with a default, a unit and limits, stated once.

A parameter group is a frozen slotted dataclass whose fields are annotated with `Param`. The site
loader validates YAML against these annotations, the JSON Schema and the reference page are generated
from them, and MQTT learns from them what may be changed remotely. Rules between fields stand in the
group's RULES, so that a wrong order of thresholds is refused before the plant starts.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

Path = tuple[str | int, ...]
"""Names from the root of a tree of groups to a parameter; a number in a list of them."""


@dataclass(frozen=True, slots=True)
class Param:
    """Facts about one parameter.

    unit:    physical unit as in the field name ("degC", "s", "W", "" for a choice or a count).
    minimum, maximum: allowed range, inclusive; None where the type is the only limit.
    text:    what it does, one sentence, for people.
    remote:  may be changed over MQTT. Never true for protection, timing, K7, chain or wiring.
    source:  topic the default comes from ("commissioning" when it must be confirmed on site).
    """

    unit: str
    minimum: float | None
    maximum: float | None
    text: str
    remote: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Rule: the named fields rise in this order, each at least `gap` above the one before.

    A name is a field of the same group, or `group.field` relative to the whole parameter set.
    """

    names: tuple[str, ...]
    gap: float = 0.0
    why: str = ""


@functools.lru_cache(maxsize=256)
def hints_of(cls: Any) -> dict[str, Any]:
    """Evaluated annotations: each is compiled from its text, which would be half the time of a start."""
    return get_type_hints(cls, include_extras=True)


def split(hint: Any) -> tuple[Any, Param | None]:
    """Type and facts of an annotation."""
    if get_origin(hint) is Annotated:
        kind, *facts = get_args(hint)
        return kind, next((fact for fact in facts if isinstance(fact, Param)), None)
    return hint, None


def walk_params(cls: Any, prefix: str = "") -> Iterator[tuple[str, Any, Param]]:
    """Every annotated field of a tree of dataclasses as (dotted name, type, facts), in order."""
    hints = hints_of(cls)
    for item in fields(cls):
        kind, param = split(hints[item.name])
        if is_dataclass(kind):
            yield from walk_params(kind, f"{prefix}{item.name}.")
        elif param is not None:
            yield f"{prefix}{item.name}", kind, param


def broken_rules(value: Any, refused: frozenset[Path] = frozenset()) -> Iterator[tuple[Path, str, str]]:
    """Rules that do not hold, as (path of the later name, found, allowed).

    A rule with a refused value in it is not judged: its default says nothing about the site.
    """
    yield from _broken_below(value, (), refused)


def _broken_below(value: Any, prefix: Path, refused: frozenset[Path]) -> Iterator[tuple[Path, str, str]]:
    yield from _broken_in(value, prefix, refused)
    for item in fields(value):
        inner = getattr(value, item.name)
        if is_dataclass(inner):
            yield from _broken_below(inner, (*prefix, item.name), refused)


def _broken_in(group: object, prefix: Path, refused: frozenset[Path]) -> Iterator[tuple[Path, str, str]]:
    rules: tuple[Ordered, ...] = getattr(group, "RULES", ())
    for rule in rules:
        for low_name, high_name in zip(rule.names, rule.names[1:], strict=False):
            low_path, high_path = tuple(low_name.split(".")), tuple(high_name.split("."))
            if any(prefix + path in refused for path in (low_path, high_path)):
                continue
            low, high = _value_at(group, low_path), _value_at(group, high_path)
            if high - low < rule.gap:
                above = ".".join(str(step) for step in prefix + low_path)
                name = ".".join(str(step) for step in prefix + high_path)
                least = f"at least {shown(low + rule.gap)}"
                reason = f" ({rule.why})" if rule.why else ""
                found = f"{name} = {shown(high)} with {above} = {shown(low)}"
                yield prefix + high_path, found, f"{name} {least}{reason}"


def _value_at(group: object, path: tuple[str, ...]) -> float:
    for step in path:
        group = getattr(group, step)
    if isinstance(group, (int, float)):
        return group
    raise TypeError(f"a rule names {'.'.join(path)}, which is no number")


def shown(value: float | None) -> str:
    """A limit as people write it."""
    return "any" if value is None else f"{value:g}"
