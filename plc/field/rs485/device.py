"""One device on a bus: what to read when, how it is doing, what others see of it.

The bus thread owns the object; everybody else sees only the frozen `DeviceSnapshot`. The device never
touches a port. Each block has its own age: a block that fails invalidates its own values and no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from plc.blocks.core import NEVER, NS_PER_S, Origin, Reading
from plc.field.rs485.devicetype import DeviceType
from plc.field.rs485.freshness import aged
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.plausible import Limits
from plc.field.rs485.schedule import BlockState, Schedule
from plc.field.rs485.stats import DeviceCounters, DeviceStats, Failure
from plc.field.rs485.values import BLANK_FROM, Values, blank

DARK_READS = 3  # answers of zeros in a row before they are the night: one alone may be a fault


class DeviceState(StrEnum):
    """How a device is doing."""

    CONNECTING = "connecting"  # never answered
    ANSWERING = "answering"
    SILENT = "silent"  # only probed now and then, the other devices keep their schedule
    UNKNOWN_MODEL = "unknown_model"
    NOT_COMMISSIONED = "not_commissioned"  # answers, but it is another unit than the site file says


@dataclass(frozen=True, slots=True)
class BlockView:
    """One block as seen from outside. ok_ns: time of the last good read, None = never."""

    name: str
    start: int
    count: int
    period_s: float
    ok_ns: int | None
    failures: int


@dataclass(frozen=True, slots=True)
class DeviceSnapshot:
    """Everything about one device at one moment; latest wins.

    feeds: field of the plant's inputs -> name of the value. held_ns: age from which a value is only held.
    identity: model facts as texts.
    """

    name: str
    kind: str
    role: str
    miner: int
    state: DeviceState
    values: Mapping[str, Reading]
    units: Mapping[str, str]
    feeds: Mapping[str, str]
    held_ns: Mapping[str, int]
    blocks: tuple[BlockView, ...]
    stats: DeviceStats
    messages: tuple[str, ...]
    identity: Mapping[str, str]

    def reading(self, name: str, now_ns: int) -> Reading:
        """A value as of now; NEVER when the device has not given it."""
        reading = self.values.get(name)
        return NEVER if reading is None else aged(reading, now_ns, self.held_ns[name])


class Device:
    """A device of a fixed kind. The Deye driver adds identification on top of it."""

    def __init__(self, name: str, kind_name: str, kind: DeviceType, options: DeviceOptions) -> None:
        self.name = name
        self.options = options
        self.counters = DeviceCounters()
        self.identity: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self.use(kind_name, kind)

    def use(self, kind_name: str, kind: DeviceType, rated_w: float | None = None, strings: int = 4) -> None:
        """Takes a kind; everything learned about values under another kind is forgotten.

        rated_w, strings: as the unit told; the site's word on the rated power goes first.
        """
        rated_w = self.options.rated_w or rated_w
        self.kind_name = kind_name
        self.kind = kind
        self._dark_reads: dict[int, int] = {}
        self.schedule = Schedule(kind, rated_w, strings, self.options.period_s)
        self.values = Values(kind, self.options, Limits(self.options.fuse_w, rated_w), strings)

    def timeout_s(self, block: BlockState, baud: int) -> float:
        """Longest sensible wait for the answer to this block (wall time)."""
        return 0.05 + line_time_s(block.spec.count, baud) + self.schedule.turnaround_s

    def answered(
        self, block: BlockState, words: Sequence[int], taken_ns: int, duration_s: float = 0.0
    ) -> None:
        """A frame with a valid CRC arrived for this block. taken_ns: when it was asked for."""
        self.counters.requests += 1
        spec = block.spec
        if not self.accept(spec.function, spec.start, words, taken_ns, blank_ok=spec.blank_ok):
            self._account(block, Failure.BLANK, taken_ns)
            return
        self.counters.ok += 1
        self.counters.consecutive_failures = 0
        self.counters.durations_s.append(duration_s)
        self.schedule.succeeded(block, taken_ns, self.counters)

    def failed(
        self, block: BlockState, failure: Failure, now_ns: int, code: int = 0, late_bytes: int = 0
    ) -> None:
        """No data for this block. code: exception of the slave. late_bytes: drained afterwards."""
        self.counters.requests += 1
        if failure is Failure.EXCEPTION:
            self.counters.exceptions[code] += 1
        if late_bytes:
            self.counters.late_bytes += late_bytes
            self.schedule.answered_late(self.counters)
        self._account(block, failure, now_ns)

    def overheard(self, function: int, start: int, words: Sequence[int], taken_ns: int) -> None:
        """Another master's answer or write carried registers of this device."""
        self.counters.requests += 1
        if self.accept(function, start, words, taken_ns, blank_ok=len(words) < BLANK_FROM):
            self.counters.ok += 1
        else:
            self.counters.failures[Failure.BLANK.value] += 1

    def accept(
        self, function: int, start: int, words: Sequence[int], taken_ns: int, *, blank_ok: bool = False
    ) -> bool:
        """Takes the registers of one frame, polled or overheard; False when the frame cannot be true."""
        if not blank_ok and blank(words):
            if not self._dark(function, start, words, taken_ns):
                self.note(
                    f"blank {start}",
                    f"all {len(words)} registers from {start} are {words[0]:#06x}, not taken",
                )
                return False
        else:
            self._dark_reads.pop(start, None)
        fresh = self.values.decode(function, start, words, taken_ns)
        objection = self.objection(fresh, taken_ns)
        self.note(f"blank {start}", objection)
        if objection is not None:
            return False
        self.values.take(fresh, taken_ns)
        self.values.watch_life(function, start, words, taken_ns)
        return True

    def _dark(self, function: int, start: int, words: Sequence[int], taken_ns: int) -> bool:
        """Whether a frame of zeros is the night on the strings, not a logger that has lost its inverter."""
        end = start + len(words)
        strings = any(
            block.dark_ok
            and block.function == function
            and block.start <= start
            and end <= block.start + block.count
            for block in self.kind.blocks.values()
        )
        if words[0] != 0 or not strings or not self.values.borne_out(function, start, words, taken_ns):
            self._dark_reads.pop(start, None)
            return False
        self._dark_reads[start] = reads = self._dark_reads.get(start, 0) + 1
        return reads >= DARK_READS

    def objection(self, fresh: Mapping[str, float], taken_ns: int) -> str | None:  # noqa: ARG002 - for drivers
        """Why this frame cannot be true although each value is possible; None = no objection."""
        return None

    def note(self, topic: str, text: str | None) -> None:
        """Leaves or takes back a message for the person who reads the status."""
        if text is None:
            self._notes.pop(topic, None)
        else:
            self._notes[topic] = text

    def state(self) -> DeviceState:
        """How the device is doing."""
        if self.schedule.silent:
            return DeviceState.SILENT
        return DeviceState.ANSWERING if self.counters.ok else DeviceState.CONNECTING

    def distrusted_since_ns(self) -> int | None:
        """Since when no value of this device is believed; None = believed."""
        return None

    def snapshot(self, now_ns: int, origin: Origin) -> DeviceSnapshot:
        """The device as of now, frozen."""
        self.counters.torn_reads = self.values.torn_reads
        return DeviceSnapshot(
            name=self.name,
            kind=self.kind_name,
            role=self.options.role,
            miner=self.options.miner,
            state=self.state(),
            values=self.values.readings(now_ns, origin, self.distrusted_since_ns()),
            units=self.values.units,
            feeds=self.values.feeds,
            held_ns=self.values.held_ns,
            blocks=tuple(
                BlockView(b.name, b.spec.start, b.spec.count, b.period_ns / NS_PER_S, b.ok_ns, b.failures)
                for b in self.schedule.blocks
            ),
            stats=self.counters.freeze(self.values.refused),
            messages=(*self._notes.values(), *self.values.messages()),
            identity=MappingProxyType(dict(self.identity)),
        )

    def _account(self, block: BlockState, failure: Failure, now_ns: int) -> None:
        self.counters.failures[failure.value] += 1
        if failure is Failure.EXCEPTION:
            self.counters.consecutive_failures = 0  # a refusal is an answer: the device is there
        elif not block.spec.optional:
            self.counters.consecutive_failures += 1
        self.schedule.failed(block, now_ns, self.counters.consecutive_failures, failure)


def line_time_s(registers: int, baud: int) -> float:
    """Time of request and answer on the wire, 11 bits per byte as the protocol counts."""
    return (13 + 2 * registers) * 11 / baud
