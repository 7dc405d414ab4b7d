"""When what is published: a table with the last published value of every topic, and nothing else.

There is no queue. What cannot be sent stays different from what was published and is sent later with the
value it has then; an outage of hours costs one entry per topic and ends with one complete snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from plc.link.entry import Entry
from plc.link.payload import Value, text_of
from plc.link.view import GOOD, Sample, View


class Message(NamedTuple):
    """One message to the broker."""

    topic: str
    payload: str
    retain: bool = True
    qos: int = 1


class Published(NamedTuple):
    """What a topic has said last. text "" = nothing on this connection yet."""

    text: str = ""
    value: Value = None
    at_s: float = 0.0


class Change(NamedTuple):
    """A message that is due, and what to remember once it is on its way."""

    message: Message
    place: int
    quality: bool
    published: Published


NEW = Published()


def due(entry: Entry, last: Published, value: Value, text: str, now_s: float) -> bool:
    """Whether a value is news.

    The dead-band compares with what was published last, not with the last sample: a slow drift would never
    be published otherwise. A value that appears or disappears is always news.
    """
    if not last.text:
        return True
    passed_s = now_s - last.at_s
    if passed_s < entry.min_interval_s:
        return False
    if passed_s >= entry.heartbeat_s:
        return True
    if text == last.text:
        return False
    before = last.value
    if isinstance(value, (bool, str)) or isinstance(before, (bool, str)) or value is None or before is None:
        return True
    return abs(value - before) + 1e-9 >= entry.dead_band


class Publisher:
    """The table of one site. Times are seconds of a monotonic clock."""

    def __init__(self, entries: Iterable[Entry], root: str) -> None:
        self.entries = tuple(entries)
        self._state_topics = [f"{root}/state/{entry.path}" for entry in self.entries]
        self._quality_topics = [f"{root}/quality/{entry.path}" for entry in self.entries]
        self._state = [NEW] * len(self.entries)
        self._quality = [NEW] * len(self.entries)
        self._samples: list[Sample] = []

    @property
    def topics(self) -> list[str]:
        """Every retained topic of this table."""
        return self._state_topics + self._quality_topics

    def look(self, view: View) -> None:
        """Takes every value out of a view; what differs from the table becomes due."""
        self._samples = [entry.read(view) for entry in self.entries]

    def changes(self, now_s: float) -> Iterator[Change]:
        """What is due now, quality before the value it belongs to."""
        for index, sample in enumerate(self._samples):
            entry = self.entries[index]
            if self._quality[index].text != sample.quality:
                message = Message(self._quality_topics[index], sample.quality)
                yield Change(message, index, True, Published(sample.quality, None, now_s))
            text = text_of(sample.value, entry.decimals)
            if due(entry, self._state[index], sample.value, text, now_s):
                message = Message(self._state_topics[index], text)
                yield Change(message, index, False, Published(text, sample.value, now_s))

    def sent(self, change: Change) -> None:
        """A change is on its way; without this call it stays due."""
        table = self._quality if change.quality else self._state
        table[change.place] = change.published

    def forget(self) -> None:
        """After a new connection: the broker may have lost everything, so everything is due."""
        self._state = [NEW] * len(self.entries)
        self._quality = [NEW] * len(self.entries)

    @property
    def held_by_quality(self) -> dict[str, str]:
        """Topics whose value is not plainly good, for the status report."""
        return {
            entry.path: sample.quality
            for entry, sample in zip(self.entries, self._samples, strict=False)
            if sample.quality != GOOD
        }
