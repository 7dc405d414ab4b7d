"""The interlock engine: ordered lists of named conditions, one outcome, first cause and all causes.

A permissive must be present to start and to stay on where it is listed as `needed`; a trip switches
off and overrides minimum-on times; a protection switches on. Trips win over protections: the only
trips of a protected actuator are those of a person who locked it out or of the device itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plc.blocks.core import Block, State
from plc.plant.facts import Facts

Predicate = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One named rung. `holds` is evaluated in every scan and must be a plain look at the facts.

    name: the cause, as it appears on MQTT, in the log and in the cause-and-effect table.
    """

    name: str
    holds: Predicate
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The interlocks of one actuator, each list in order of precedence.

    start:    blocks while it holds and the actuator is off.
    trip:     off while it holds, also when running.
    protect:  on while it holds, whatever the sequence wants.
    """

    actuator: str
    start: tuple[Condition, ...] = ()
    trip: tuple[Condition, ...] = ()
    protect: tuple[Condition, ...] = ()


class Interlock(Block):
    """Evaluates the rules of one actuator.

    step(facts, wanted=, running=) -> allowed to be on in this scan.

    Outputs: on, protected (a protection forces it on), protected_by (the first protection that holds, in the
    order of the table, also while a trip wins over it), tripped, causes (all present causes that keep or
    would keep it off), first_out (the cause that came first since the actuator was last free; in one scan
    the order of the table decides).
    """

    __slots__ = (
        "_rungs",
        "_seen",
        "causes",
        "first_out",
        "on",
        "protected",
        "protected_by",
        "rules",
        "tripped",
    )

    STATE = ("on", "protected", "protected_by", "tripped", "causes", "first_out")

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._rungs = tuple(rung.holds for rung in (*rules.trip, *rules.start, *rules.protect))
        self.on = False
        self.protected = False
        self.protected_by = ""
        self.tripped = False
        self.causes: tuple[str, ...] = ()
        self.first_out = ""
        # Trips, starts, protections as of the last scan. No state: without it the next step judges anew, so
        # that a memory fits a table with another number of lines.
        self._seen: list[bool] = []

    def _put(self, state: State) -> None:
        super()._put(state)
        self._seen = []

    def step(self, facts: Facts, *, wanted: bool, running: bool) -> bool:
        seen = [holds(facts) for holds in self._rungs]
        if seen != self._seen:
            self._judge(seen)
        if self.tripped:
            self.on = False
        elif self.protected:
            self.on = True
        else:
            self.on = wanted and (running or not self.causes)
        return self.on

    def _judge(self, seen: list[bool]) -> None:
        """What the rungs mean together; only when one of them changes, because a scan must not build text."""
        trip, start, protect = self.rules.trip, self.rules.start, self.rules.protect
        causes = seen[: len(trip) + len(start)]
        forcing = seen[len(causes) :]
        self.tripped = True in causes[: len(trip)]
        self.protected = True in forcing
        self.protected_by = protect[forcing.index(True)].name if self.protected else ""
        names = tuple(rung.name for rung, holds in zip((*trip, *start), causes, strict=True) if holds)
        if not names:
            self.first_out = ""
        elif self.first_out not in names:
            self.first_out = names[0]
        self.causes = names
        self._seen = seen


def cause_table(tables: tuple[Rules, ...]) -> list[dict[str, str]]:
    """The cause-and-effect matrix as data: one row per actuator and condition, in order of precedence."""
    rows: list[dict[str, str]] = []
    for rules in tables:
        for effect, conditions in (
            ("off", rules.trip),
            ("blocks_start", rules.start),
            ("on", rules.protect),
        ):
            rows.extend(
                {
                    "actuator": rules.actuator,
                    "effect": effect,
                    "cause": condition.name,
                    "de": condition.de,
                    "en": condition.en,
                }
                for condition in conditions
            )
    return rows
