"""The names of everything that stands in a table of the plant: interlocks, trips, alarms, transitions.

A recording carries them, so that a later version can say which lines were added or removed since, and put
the recorded memory of each line to the line of the same name.
"""

from __future__ import annotations

from plc.plant import alarm_table, interlocks, transitions, trip_table

TRIPS, ALARMS = "trips", "alarms"


def table_names() -> dict[str, list[str]]:
    """Name of a table -> names of its lines, in their order of precedence."""
    names = {
        f"{rules.actuator} {kind}": [condition.name for condition in getattr(rules, kind)]
        for rules in interlocks.TABLES
        for kind in ("trip", "start", "protect")
    }
    names[TRIPS] = [trip.name for trip in trip_table.TRIPS]
    names[ALARMS] = [alarm.id for alarm in alarm_table.ALARMS]
    names["transitions"] = [
        f"{'/'.join(sorted(arrow.sources))} -> {arrow.target}: {arrow.reason}"
        for arrow in transitions.TRANSITIONS
    ]
    return names


def table_changes(before: dict[str, list[str]], now: dict[str, list[str]]) -> list[str]:
    """What was added to, removed from or moved in the tables, one sentence each.

    A table that `before` does not have is not mentioned: an older program did not write it down.
    """
    changes = []
    for table in sorted(before.keys() & now.keys()):
        old, new = before[table], now[table]
        changes += [f"{table}: {name} is new" for name in new if name not in old]
        changes += [f"{table}: {name} is gone" for name in old if name not in new]
        common = [name for name in new if name in old]
        if common != [name for name in old if name in new]:
            changes.append(f"{table}: another order")
    return changes
