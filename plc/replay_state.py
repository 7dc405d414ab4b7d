"""A recorded memory of the plant, put into the form that this version of the plant has.

A version with one more trip or alarm has longer lists, one with another block other names. What both have
keeps its recorded value, found by name; what is new starts as in a new plant. Without this a recording could
only ever be replayed by the version that made it, and no change of a rule could be tried on it.
"""

from __future__ import annotations

from typing import Any

from plc.blocks.core import Block, State
from plc.plant.alarms import Alarms
from plc.plant.plant import Plant
from plc.plant.tables import ALARMS, TRIPS
from plc.plant.trips import Trips

Tables = dict[str, list[str]]

TABLE_OF: dict[type[Block], str] = {Trips: TRIPS, Alarms: ALARMS}
"""Blocks whose lists run beside a table: one item per line."""


def fitted(plant: Plant, recorded: State, before: Tables, now: Tables) -> tuple[State, list[str]]:
    """The recorded state in the form of this plant's, and what did not fit, one sentence each.

    before, now: names in the tables of the recording and of this version. What the recording does not know is
    taken from the plant: a new one to begin with, or the one that the state is compared with.
    """
    notes: list[str] = []
    return _block(plant, recorded, plant.state(), (before, now), "", notes), notes


def _block(
    block: Block, recorded: State, fresh: State, tables: tuple[Tables, Tables], path: str, notes: list[str]
) -> State:
    notes += [f"{path}{name}: not known any more" for name in recorded if name not in fresh]
    table = TABLE_OF.get(type(block), "")
    lines = (tables[0].get(table, []), tables[1].get(table, []))
    result: State = {}
    for name, new in fresh.items():
        if name not in recorded:
            notes.append(f"{path}{name}: not in the recording, begins as in a new plant")
            result[name] = new
            continue
        old, current = recorded[name], getattr(block, name, None)
        if isinstance(current, Block):
            result[name] = _block(current, old, new, tables, f"{path}{name}.", notes)
        elif isinstance(current, tuple) and current and isinstance(current[0], Block):
            result[name] = [
                _block(part, one, other, tables, f"{path}{name}[{index}].", notes)
                for index, (part, one, other) in enumerate(zip(current, old, new, strict=True))
            ]
        else:
            result[name] = _by_name(old, new, *lines)
    return result


def _by_name(old: Any, new: Any, before: list[str], now: list[str]) -> Any:
    """A list that runs beside a table with its items at the places of this version's lines."""
    if before == now or not isinstance(old, list) or len(old) != len(before):
        return old
    if len(new) != len(now):  # a new plant has not filled this list yet, and does so in its first step
        return new
    kept = dict(zip(before, old, strict=True))
    return [kept.get(name, fresh) for name, fresh in zip(now, new, strict=True)]
