"""The alarm engine: delays, latch, acknowledge, shelving, chatter, first alarm, counters.

After ISA-18.2, with what a house needs. An alarm that comes and goes often is not repeated for ever:
the third time in ten minutes it counts as chattering and no longer sounds or flashes until it has been
quiet. Nothing here decides about the plant; an alarm is what a person sees of a decision made elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple

from plc.blocks.core import Block, State, Tick, ns
from plc.plant.alarm_table import ALARMS, Alarm, Latch
from plc.plant.facts import Facts

IDLE, PENDING, ACTIVE, CLEARING, LATCHED = range(5)

CHATTER_WINDOW_NS = ns(600.0)
CHATTER_COUNT = 3
SHELVE_MAX_NS = ns(24.0 * 3600.0)


class Change(NamedTuple):
    """An alarm that changed in this scan: raised, cleared, acknowledged, gone, shelved or unshelved."""

    id: str
    what: str


class Alarms(Block):
    """All alarms.

    step(tick, facts, acknowledge_local=, acknowledge=, shelve=) evaluates them once.

    acknowledge_local: the button in the cabinet. acknowledge: ids from a command, "" for every one that may
    be acknowledged from afar; priority 1 never may. shelve: (id, seconds) from a command, 0 ends it.

    Outputs: listed (ids standing, in order of appearance), unacked, shelved, first (began the episode),
    changes of this scan, horn (an unacknowledged alarm of priority 1), new_horn, lamp (any unacknowledged
    of priority 1 to 3), counts.
    """

    __slots__ = (
        "_alarms",
        "_busy",
        "_clock_ns",
        "_holds",
        "_index",
        "_off_ns",
        "_on_ns",
        "_raised_ns",
        "_seen",
        "_shelved_until_ns",
        "_since_ns",
        "_state",
        "_suppressors",
        "acked",
        "changes",
        "counts",
        "first",
        "horn",
        "lamp",
        "listed",
        "new_horn",
        "shelved",
        "unacked",
    )

    STATE = (
        "_busy",
        "_clock_ns",
        "_raised_ns",
        "_seen",
        "_shelved_until_ns",
        "_since_ns",
        "_state",
        "acked",
        "counts",
        "first",
        "horn",
        "lamp",
        "listed",
        "shelved",
        "unacked",
    )

    def __init__(self, alarms: tuple[Alarm, ...] = ALARMS) -> None:
        count = len(alarms)
        self._alarms = alarms
        self._holds = tuple(alarm.holds for alarm in alarms)
        self._seen: list[bool] = []
        self._busy = True
        self._index = {alarm.id: index for index, alarm in enumerate(alarms)}
        self._on_ns = [ns(alarm.on_s) for alarm in alarms]
        self._off_ns = [ns(alarm.off_s) for alarm in alarms]
        self._suppressors = [tuple(self._index[name] for name in alarm.suppressed_by) for alarm in alarms]
        self._clock_ns = 0
        self._state = [IDLE] * count
        self._since_ns = [0] * count
        self._shelved_until_ns = [-1] * count
        self._raised_ns: list[list[int]] = [[] for _ in alarms]
        self.acked = [False] * count
        self.counts = [0] * count
        self.first = ""
        self.listed: tuple[str, ...] = ()
        self.unacked: tuple[str, ...] = ()
        self.shelved: tuple[str, ...] = ()
        self.changes: list[Change] = []
        self.horn = False
        self.new_horn = False
        self.lamp = False

    def step(
        self,
        tick: Tick,
        f: Facts,
        *,
        acknowledge_local: bool = False,
        acknowledge: tuple[str, ...] = (),
        shelve: tuple[tuple[str, float], ...] = (),
    ) -> None:
        self._clock_ns += tick.dt_ns
        self.new_horn = False
        if self.changes:
            self.changes = []
        state = self._state
        seen = [holds(f) for holds in self._holds]
        if self._busy or seen != self._seen:
            # Something changed, or a delay runs; a quiet scan looks at no alarm in detail.
            self._seen = seen
            for index, present in enumerate(seen):
                if present:
                    if state[index] != ACTIVE:
                        self._present(index, tick.dt_ns)
                elif state[index]:
                    self._absent(index, tick.dt_ns)
            self._busy = PENDING in state or CLEARING in state
        if acknowledge_local or acknowledge:
            self._acknowledge(local=acknowledge_local, names=acknowledge)
        for name, seconds in shelve:
            self._shelve(name, seconds)
        if self.shelved:
            self._unshelve()
        if self.changes:
            self._list()

    def may_acknowledge(self, name: str) -> bool:
        """True when a command may acknowledge this alarm; priority 1 wants a person at the cabinet."""
        return name in self._index and self._alarms[self._index[name]].priority > 1

    def may_shelve(self, name: str) -> bool:
        return self.may_acknowledge(name)

    def _present(self, index: int, dt_ns: int) -> None:
        state = self._state
        if state[index] == IDLE:
            state[index] = PENDING
            self._since_ns[index] = 0
        elif state[index] == PENDING:
            self._since_ns[index] += dt_ns
        else:  # it was on its way out, and its cause is back
            state[index] = ACTIVE
            return
        if self._since_ns[index] >= self._on_ns[index]:
            if any(self._state[other] >= ACTIVE for other in self._suppressors[index]):
                return
            self._raise(index)

    def _raise(self, index: int) -> None:
        alarm = self._alarms[index]
        self._state[index] = ACTIVE
        self.acked[index] = False
        self.counts[index] += 1
        self.first = self.first or alarm.id
        self.changes.append(Change(alarm.id, "raised"))
        times = self._raised_ns[index]
        times.append(self._clock_ns)
        del times[:-CHATTER_COUNT]
        if alarm.priority == 1:
            self.new_horn = True

    def _absent(self, index: int, dt_ns: int) -> None:
        state = self._state
        if state[index] == PENDING:
            state[index] = IDLE
        elif state[index] == ACTIVE:
            state[index] = CLEARING
            self._since_ns[index] = 0
        elif state[index] == CLEARING:
            self._since_ns[index] += dt_ns
        if state[index] == CLEARING and self._since_ns[index] >= self._off_ns[index]:
            self._clear(index)

    def _clear(self, index: int) -> None:
        alarm = self._alarms[index]
        waits = alarm.latch is Latch.LATCHED or (alarm.latch is Latch.ACK and not self.acked[index])
        self._state[index] = LATCHED if waits else IDLE
        self.changes.append(Change(alarm.id, "cleared" if waits else "gone"))

    def _acknowledge(self, *, local: bool, names: tuple[str, ...]) -> None:
        for index, alarm in enumerate(self._alarms):
            if self._state[index] < ACTIVE:
                continue
            if not local and not (alarm.priority > 1 and (alarm.id in names or "" in names)):
                continue
            if self._state[index] == LATCHED:
                self._state[index] = IDLE
                self.acked[index] = True
                self.changes.append(Change(alarm.id, "gone"))
            elif not self.acked[index]:
                self.acked[index] = True
                self.changes.append(Change(alarm.id, "acknowledged"))

    def _shelve(self, name: str, seconds: float) -> None:
        if not self.may_shelve(name):
            return
        index = self._index[name]
        self._shelved_until_ns[index] = self._clock_ns + min(ns(seconds), SHELVE_MAX_NS)
        self.changes.append(Change(name, "shelved"))
        self._unshelve()

    def _unshelve(self) -> None:
        for index, alarm in enumerate(self._alarms):
            if 0 <= self._shelved_until_ns[index] <= self._clock_ns:
                self._shelved_until_ns[index] = -1
                self.changes.append(Change(alarm.id, "unshelved"))

    def _chatters(self, index: int) -> bool:
        """Raised three times in ten minutes: known, and worth no further noise until it was quiet."""
        times = self._raised_ns[index]
        return len(times) == CHATTER_COUNT and times[-1] - times[0] <= CHATTER_WINDOW_NS

    def _list(self) -> None:
        """Builds the lists that others read; only after a change, a scan without one costs nothing."""
        standing = [index for index in range(len(self._alarms)) if self._state[index] >= ACTIVE]
        names = {self._alarms[index].id for index in standing}
        kept = [name for name in self.listed if name in names]
        self.listed = (*kept, *(name for index in standing if (name := self._alarms[index].id) not in kept))
        open_ = [index for index in standing if not self.acked[index] and self._shelved_until_ns[index] < 0]
        self.unacked = tuple(self._alarms[index].id for index in open_)
        self.shelved = tuple(
            alarm.id for index, alarm in enumerate(self._alarms) if self._shelved_until_ns[index] >= 0
        )
        self.horn = any(self._alarms[index].priority == 1 for index in open_)
        self.lamp = any(
            self._alarms[index].priority == 1
            or (self._alarms[index].priority < 4 and not self._chatters(index))
            for index in open_
        )
        if not self.listed:
            self.first = ""

    def retained(self) -> State:
        """Latched alarms and counters: what a restart must not make disappear."""
        return {
            "standing": {
                alarm.id: self.acked[index]
                for index, alarm in enumerate(self._alarms)
                if self._state[index] >= ACTIVE and alarm.latch is not Latch.AUTO
            },
            "counts": {alarm.id: self.counts[index] for index, alarm in enumerate(self._alarms)},
        }

    def retain(self, data: State) -> None:
        """Takes `retained` back; ids that this version does not know are left out."""
        for name, acked in data.get("standing", {}).items():
            if name in self._index:
                index = self._index[name]
                self._state[index] = CLEARING  # present again at once if the cause still is
                self._since_ns[index] = 0
                self.acked[index] = bool(acked)
                self.first = self.first or name
                self._busy = True
        for name, count in data.get("counts", {}).items():
            if name in self._index:
                self.counts[self._index[name]] = int(count)
        self._list()
