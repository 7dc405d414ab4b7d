"""When to read which block of one device, and how to go on when it does not answer.

A dead device must not slow the others: after five failures in a row it is only probed, 10 s apart,
doubling to 60 s. A block that fails while the rest of the device answers is halved (an adapter or a
gateway with short buffers), then asked less and less often, but never given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from plc.blocks.core import NS_PER_S, ns
from plc.field.rs485.devicetype import BlockSpec, DeviceType, When
from plc.field.rs485.stats import DeviceCounters, Failure

SILENT_AFTER = 5
PROBE_FIRST_NS = 10 * NS_PER_S
PROBE_LAST_NS = 60 * NS_PER_S
HALVE_AFTER = 3
HALVE_ABOVE = 16  # registers; shorter blocks are not the reason
FIRST_RETRY_NS = NS_PER_S // 2
SLOWEST_NS = 60 * NS_PER_S
SLOWEST_OPTIONAL_NS = 600 * NS_PER_S
SMALL_W = 20_000.0
MEASURED_FROM = 500  # answers before the measured turnaround replaces the assumed one


class BlockState:
    """One block with its clock. ok_ns: time of the last good read. failures: in a row."""

    __slots__ = ("due_ns", "failures", "first_failure_ns", "name", "ok_ns", "period_ns", "spec")

    def __init__(self, name: str, spec: BlockSpec, due_ns: int = 0) -> None:
        self.name = name
        self.spec = spec
        self.period_ns = ns(spec.period_s)
        self.due_ns = due_ns
        self.ok_ns: int | None = None
        self.failures = 0
        self.first_failure_ns = 0


class Schedule:
    """The blocks of one device in the order of their due times."""

    def __init__(
        self,
        kind: DeviceType,
        rated_w: float | None,
        strings: int,
        period_s: Mapping[str, float],
    ) -> None:
        self._max_turnaround_s = kind.turnaround_s
        self.turnaround_s = kind.turnaround_s
        self.blocks = [
            BlockState(name, replace(spec, period_s=period_s.get(name, spec.period_s)))
            for name, spec in kind.blocks.items()
            if wanted(spec.when, rated_w, strings)
        ]
        # Between these registers and the one before lies a value that must come from one answer.
        self._torn = {
            high
            for spec in kind.values.values()
            for low, high in pairwise(sorted(spec.addresses))
            if high == low + 1
        }
        self.silent = False
        self._probe_ns = PROBE_FIRST_NS
        self._ok_ns: int | None = None

    def due(self, now_ns: int) -> BlockState | None:
        """The block that waits longest, or None when nothing is due."""
        waiting = [block for block in self._active() if block.due_ns <= now_ns]
        return min(waiting, key=lambda block: block.due_ns, default=None)

    def next_due_ns(self) -> int:
        """When the next block is due."""
        return min(block.due_ns for block in self._active())

    def _active(self) -> list[BlockState]:
        return [self.probe()] if self.silent else self.blocks

    def probe(self) -> BlockState:
        """The shortest block that every unit has: cheap to ask, and it proves that the device is there."""
        firm = [block for block in self.blocks if not block.spec.optional] or self.blocks
        return min(firm, key=lambda block: block.spec.count)

    def succeeded(self, block: BlockState, now_ns: int, counters: DeviceCounters) -> None:
        """The block was read."""
        block.failures = 0
        block.ok_ns = self._ok_ns = now_ns
        block.due_ns = _next(block, now_ns)
        if self.silent:
            self.silent = False
            self._probe_ns = PROBE_FIRST_NS
            for other in self.blocks:
                if other is not block:
                    other.due_ns = now_ns
        self._measure(counters)

    def failed(self, block: BlockState, now_ns: int, consecutive: int, failure: Failure) -> None:
        """The block was not read."""
        if block.failures == 0:
            block.first_failure_ns = now_ns
        block.failures += 1
        if consecutive >= SILENT_AFTER:
            probe = self.probe()
            self._probe_ns = min(2 * self._probe_ns, PROBE_LAST_NS) if self.silent else PROBE_FIRST_NS
            self.silent = True
            probe.due_ns = now_ns + self._probe_ns
            return
        block.due_ns = now_ns + self._retry_ns(block)
        alone = self._ok_ns is not None and self._ok_ns >= block.first_failure_ns
        if (
            block.failures >= HALVE_AFTER
            and alone
            and not block.spec.optional
            and failure is not Failure.BLANK
        ):
            self._halve(block, now_ns)

    def answered_late(self, counters: DeviceCounters) -> None:
        """An answer came after its time-out: the measured turnaround was too short."""
        self.turnaround_s = self._max_turnaround_s
        counters.durations_s.clear()

    def _retry_ns(self, block: BlockState) -> int:
        if block.failures == 1:
            return min(FIRST_RETRY_NS, block.period_ns)
        slowest = SLOWEST_OPTIONAL_NS if block.spec.optional else SLOWEST_NS
        doublings = min(max(0, block.failures - HALVE_AFTER), 10)
        return min(block.period_ns << doublings, slowest)

    def _halve(self, block: BlockState, now_ns: int) -> None:
        if block.spec.count <= HALVE_ABOVE:
            return
        taken = {other.spec.count for other in self.blocks if other is not block}
        inside = range(block.spec.start, block.spec.start + block.spec.count)
        parts = split_lengths(
            block.spec.count, taken, {cut - block.spec.start for cut in self._torn & set(inside)}
        )
        if parts is None:
            return
        first, second = parts
        place = self.blocks.index(block)
        spec = block.spec
        self.blocks[place : place + 1] = [
            BlockState(f"{block.name}.1", replace(spec, count=first), now_ns),
            BlockState(f"{block.name}.2", replace(spec, start=spec.start + first, count=second), now_ns),
        ]

    def _measure(self, counters: DeviceCounters) -> None:
        """From enough answers on, the slowest of the last thousand plus 0.1 s is the turnaround."""
        if len(counters.durations_s) >= MEASURED_FROM and len(counters.durations_s) % 100 == 0:
            self.turnaround_s = min(self._max_turnaround_s, max(counters.durations_s) + 0.1)


def wanted(when: When, rated_w: float | None, strings: int) -> bool:
    """Whether a unit of this size has the block. Unknown size: the small plan."""
    large = rated_w is not None and rated_w > SMALL_W
    match when:
        case When.ALWAYS:
            return True
        case When.SMALL:
            return not large
        case When.LARGE:
            return large
        case When.MANY_STRINGS:
            return strings > 4


def split_lengths(count: int, taken: set[int], torn: set[int] | None = None) -> tuple[int, int] | None:
    """Two lengths near the half that differ from each other and from every length in use.

    torn: offsets at which a cut would go through a value.
    """
    for first in range(count // 2 + 1, count - 3):
        if first in (torn or set()):
            continue
        if first != count - first and first not in taken and count - first not in taken:
            return first, count - first
    return None


def _next(block: BlockState, now_ns: int) -> int:
    """The next multiple of the period: blocks with one period stay together, and nothing is caught up."""
    return (now_ns // block.period_ns + 1) * block.period_ns
