"""What happened while nobody listened: one line a minute in memory, replayed with its own time.

Only for times without a broker. The replay goes to a topic of its own, because an old value on a state topic
would become a new one in every consumer. Bounded: the oldest minutes fall out. Without a synchronised clock
nothing is kept; a minute without a date helps nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from plc.link.entry import Entry, Type
from plc.link.payload import json_of
from plc.link.view import BAD, View

EVERY_S = 60
BATCH_CHARACTERS = 16000
SCHEMA = 1


class OutageRing:
    """look(view) while there is no broker; batch() until it is empty, once there is one again."""

    def __init__(self, entries: Sequence[Entry], hours: int) -> None:
        self._entries = [
            entry
            for entry in entries
            if entry.type in (Type.NUMBER, Type.COUNTER, Type.BOOLEAN)
            and entry.group not in ("parameter", "scan", "module")
        ]
        self._lines: deque[str] = deque(maxlen=max(1, hours * 3600 // EVERY_S))
        self._kept = hours > 0
        self._last_s = 0
        self.number = 0

    def __len__(self) -> int:
        return len(self._lines)

    def look(self, view: View) -> None:
        """Keeps this minute, if it is a new one."""
        unix_s = view.inputs.wall.unix_s
        if not self._kept or not view.inputs.wall.synchronised or unix_s - self._last_s < EVERY_S:
            return
        self._last_s = unix_s
        values: dict[str, float | bool] = {}
        for entry in self._entries:
            sample = entry.read(view)
            if sample.quality == BAD or sample.value is None or isinstance(sample.value, str):
                continue
            is_switch = isinstance(sample.value, bool)
            values[entry.path] = sample.value if is_switch else round(sample.value, entry.decimals)
        self._lines.append(json_of({"ts": unix_s, "values": values}))

    def batch(self) -> str | None:
        """The next minutes as one payload; they leave the ring with `sent`. None when it is empty."""
        if not self._lines:
            return None
        size = self.number = 0
        for line in self._lines:
            if self.number and size + len(line) > BATCH_CHARACTERS:
                break
            size += len(line) + 1
            self.number += 1
        points = ",".join(self._lines[index] for index in range(self.number))
        return f'{{"schema":{SCHEMA},"points":[{points}]}}'

    def sent(self) -> None:
        """The batch is on its way."""
        for _ in range(min(self.number, len(self._lines))):
            self._lines.popleft()
        self.number = 0
