"""Bounded exhaustive search over the shipped plant.

    found = search(flow_latches=True, limit=3000)
    print(found)             # holds in all 3000 reachable states ..., or the shortest trace that breaks it

    python -m tests.proof.search --states 200000 --faults 2

Breadth first: from every state every move is tried - one thing of the surroundings changes, somebody
acknowledges, the process dies and returns, or time passes until a discrete fact changes. Every scan on the
way is held against the invariants. Two states with the same discrete facts (`World.key`) count as one, the
first that was found stands for both; how far a running timer has got is not among these facts. At most
`faults` things depart from the usual at the same time; key and request are free. The first broken invariant
has the shortest trace, because moves are tried in order of their number.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from tests.plant.invariants import BrokenError
from tests.proof.world import CHOICES, Surroundings, World, departures, short_parameters

PATIENCE = 25
"""Scans until "time passes" gives up: longer than the longest delay of the short parameters."""

WALK = 60
"""Changes on the way from power-up to the last state of a start."""

Move = tuple[str, Any]
WAIT: Move = ("time passes", None)


@dataclass(frozen=True, slots=True)
class Found:
    """Result of a search. broken: "" when everything held. complete: no state was left unvisited."""

    states: int
    moves: int
    scans: int
    complete: bool
    sequence: frozenset[str]
    broken: str = ""
    trace: tuple[Move, ...] = ()

    def __str__(self) -> str:
        seen = f"{self.states} reachable states, {self.moves} moves, {self.scans} scans"
        if self.broken:
            steps = "\n".join(f"  {what} = {value}" for what, value in self.trace)
            return f"broken after {len(self.trace)} moves: {self.broken}\n{steps}\n({seen})"
        bound = "complete within its bounds" if self.complete else "stopped at its limit of states"
        return f"holds in all {seen}; {bound}; sequence states {' '.join(sorted(self.sequence))}"


def moves(around: Surroundings, faults: int) -> Iterator[Move]:
    """Everything that can happen next."""
    yield WAIT
    yield ("acknowledge", None)
    yield ("restart", None)
    for name, values in CHOICES.items():
        now = getattr(around, name)
        for value in values:
            if value != now and departures(replace(around, **{name: value})) <= faults:
                yield (name, value)


def make_move(world: World, move: Move) -> int:
    """Does it and lets the plant scan; returns the scans. Raises BrokenError."""
    what, value = move
    if move == WAIT:
        before = world.key()
        for number in range(1, PATIENCE + 1):
            world.scan()
            if world.key() != before:
                return number
        return PATIENCE
    if what == "restart":
        world.restart()
        world.scan()
        return 1
    if what == "acknowledge":
        world.scan(acknowledge=True)
        world.scan()
        return 2
    world.around = replace(world.around, **{what: value})
    world.scan()
    return 1


def search(
    *,
    flow_latches: bool,
    limit: int,
    faults: int = 2,
    make: Callable[[Parameters], Plant] = Plant,
    begin: str = "INIT",
    given: tuple[Move, ...] = (),
) -> Found:
    """Visits up to `limit` states.

    make: builds the plant, which a test may spoil first. begin: the state of the sequence from which the
    search sets out, reached by waiting; given: moves before that, they are no part of the trace.
    """
    world = World(make, short_parameters(flow_latches=flow_latches))
    world.scan()
    for move in given:
        make_move(world, move)
    for _ in range(WALK):
        if world.plant.sequence.value.value == begin:
            break
        make_move(world, WAIT)
    else:
        raise ValueError(f"{begin} is not reached by waiting after {given}")
    start = world.key()
    parents: dict[Any, tuple[Any, Move] | None] = {start: None}
    frozen: dict[Any, dict[str, Any]] = {start: world.freeze()}
    open_: deque[Any] = deque([start])
    count = scans = 0
    names = {world.plant.sequence.value.value}
    while open_:
        key = open_.popleft()
        state = frozen.pop(key)  # only the states at the edge need their memory
        for move in moves(state["around"], faults):
            world.thaw(state)
            count += 1
            try:
                scans += make_move(world, move)
            except BrokenError as broken:
                trace = (*_trace(parents, key), move)
                return Found(len(parents), count, scans, False, frozenset(names), str(broken), trace)
            after = world.key()
            if after not in parents and len(parents) < limit:
                parents[after] = (key, move)
                frozen[after] = world.freeze()
                open_.append(after)
                names.add(world.plant.sequence.value.value)
    return Found(len(parents), count, scans, len(parents) < limit, frozenset(names))


def _trace(parents: dict[Any, tuple[Any, Move] | None], key: Any) -> tuple[Move, ...]:
    steps: list[Move] = []
    while (parent := parents[key]) is not None:
        key, move = parent
        steps.append(move)
    return tuple(reversed(steps))


def main() -> int:
    parser = argparse.ArgumentParser(description="exhaustive search over the discrete states of the plant")
    parser.add_argument("--states", type=int, default=100_000, help="stop after so many")
    parser.add_argument("--faults", type=int, default=2, help="things that depart from the usual at once")
    args = parser.parse_args()
    sound = True
    for flow_latches in (True, False):
        found = search(flow_latches=flow_latches, limit=args.states, faults=args.faults)
        print(f"flow {'latches' if flow_latches else 'restarts'}: {found}", flush=True)
        sound = sound and not found.broken
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
