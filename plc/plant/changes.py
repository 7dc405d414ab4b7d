"""Parameters that change while the plant runs.

A change is a command like any other: an input of one scan, recorded with it. The plant then goes on as a
plant with other parameters and the same memory, so nothing jumps but what the new value moves, and a
recording with a change in it replays bit for bit. Only what its declaration calls remote can change: never
protection, timing, K7, chain or wiring; the order rules of the whole set are judged here, whatever the sender
has checked.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from plc.blocks.core import Block, State, Tick
from plc.blocks.param import Param, broken_rules, walk_params
from plc.plant.interface import Command, CommandResult, Event
from plc.plant.parameters import Parameters

T = TypeVar("T")

COMMAND = "parameter"

BEYOND = 1e15
"""No parameter is anywhere near. Compared, never converted: a whole number of hundreds of digits cannot
become a float, and the attempt would end the scan."""


class WrongValueError(ValueError):
    """What is wrong with a value, for its sender."""


@dataclasses.dataclass(frozen=True, slots=True)
class RemoteParameter:
    """A parameter that may be changed from afar. kind: bool, int, float or an enumeration."""

    path: str
    kind: Any
    facts: Param


@functools.cache
def remote_parameters() -> dict[str, RemoteParameter]:
    """Every parameter that its declaration calls remote, by path."""
    return {
        path: RemoteParameter(path, kind, facts)
        for path, kind, facts in walk_params(Parameters)
        if facts.remote
    }


def plain(value: Any) -> Any:
    """A parameter value as JSON knows it."""
    return value.value if isinstance(value, Enum) else value


def value_at(tree: Any, path: str) -> Any:
    """The value of a parameter in a set of them."""
    for step in path.split("."):
        tree = getattr(tree, step)
    return tree


def replaced(tree: T, path: str, value: Any) -> T:
    """A copy of a tree of frozen dataclasses with one leaf changed."""
    name, _, rest = path.partition(".")
    inner = replaced(getattr(tree, name), rest, value) if rest else value
    return dataclasses.replace(tree, **{name: inner})  # type: ignore[type-var]


def checked(parameter: RemoteParameter, value: Any) -> Any:
    """The value in the parameter's type. Raises WrongValueError outside type and limits."""
    kind, facts = parameter.kind, parameter.facts
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            names = ", ".join(str(member.value) for member in kind)
            raise WrongValueError(f"{parameter.path}: one of {names}") from None
    if kind is bool:
        if not isinstance(value, bool):
            raise WrongValueError(f"{parameter.path}: true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -BEYOND < value < BEYOND:
        raise WrongValueError(f"{parameter.path}: a number")
    if kind is int and value != int(value):
        raise WrongValueError(f"{parameter.path}: a whole number")
    low, high = facts.minimum, facts.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise WrongValueError(f"{parameter.path}: from {low:g} to {high:g} {facts.unit}".rstrip())
    return kind(value)


def changed(parameters: Parameters, values: Mapping[str, Any]) -> Parameters:
    """The set with these changes in it. Raises WrongValueError when it would be one that no site may have.

    Without a change it is the set of the start, which was judged when the site was read.
    """
    if not values:
        return parameters
    for path, value in values.items():
        parameter = remote_parameters().get(path)
        if parameter is None:
            raise WrongValueError(f"{path[:60]!r} may not be changed from afar")
        parameters = replaced(parameters, path, checked(parameter, value))
    for _, found, allowed in broken_rules(parameters):
        raise WrongValueError(f"{found}: {allowed}")
    return parameters


class Changes(Block):
    """The parameters in force: those of the start with the changes of this run.

    step(tick, commands) takes the commands named `parameter`, value {"name": path, "value": new}. Outputs:
    parameters (another object when something has changed), results and events of this scan. values: path ->
    plain value, what differs from the start.
    """

    __slots__ = ("_base", "events", "parameters", "results", "values")

    STATE = ("values",)

    def __init__(self, base: Parameters, values: Mapping[str, Any] | None = None) -> None:
        self._base = base
        self.values: dict[str, Any] = dict(values or {})
        self.parameters = changed(base, self.values)
        self.results: list[CommandResult] = []
        self.events: list[Event] = []

    def _put(self, state: State) -> None:
        before = self.values
        super()._put(state)
        if self.values != before:  # the same values are the same object: others look for a change by it
            self.parameters = changed(self._base, self.values)

    def step(self, tick: Tick, commands: tuple[Command, ...]) -> None:
        self.results, self.events = [], []
        for command in commands:
            if command.name == COMMAND:
                self.results.append(command.answer(*self._take(tick, command)))

    def _take(self, tick: Tick, command: Command) -> tuple[str, str]:
        if command.expired(tick.now_ns):
            return "expired", ""
        value = command.value
        if (
            not isinstance(value, dict)
            or set(value) != {"name", "value"}
            or not isinstance(value["name"], str)
        ):
            return "invalid", "expected exactly name and value"
        path = value["name"]
        try:
            parameters = changed(self.parameters, {path: value["value"]})
        except WrongValueError as error:
            return "invalid", str(error)
        before, after = plain(value_at(self.parameters, path)), plain(value_at(parameters, path))
        if before != after:
            self.parameters = parameters
            self.values = {**self.values, path: after}
            self.events.append(Event(tick.now_ns, COMMAND, "changed", str(before), str(after), path))
        return "applied", ""
