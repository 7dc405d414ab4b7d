"""K7, the relay that blocks the heat pump at its input I1, with every limit that a block must respect.

Relay on = blocked. Off is the default, the boot state, the fault state and the state of a dead program:
a cold house is worse than any saved cent. A contact of the grid operator lies in parallel and cannot be
overridden; the heat pump feels both alike, so its time counts in every budget here (plant reference,
topic input I1).
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from plc.blocks.budget import EventBudget, WindowBudget
from plc.blocks.core import Block, Tick, ns

DAY_S = 86_400.0


class BlockStatus(StrEnum):
    """What the relay does and, when a wish is not granted, why."""

    FREE = "free"
    BLOCKED = "blocked"
    MIN_BLOCK = "min_block"  # not wanted any more, shortest block runs
    GRID = "grid"  # the grid operator blocks
    WAIT_BOOT = "wait_boot"  # history lost: the worst is assumed
    WAIT_FREE = "wait_free"  # the heat pump has not been free for long enough
    MAX_BLOCK = "max_block"  # longest block reached, request still there
    DAY_TIME = "day_time"  # blocked time of 24 h used up
    DAY_COUNT = "day_count"  # blocks of 24 h used up
    RELEASED = "released"  # a condition forbids blocking


class BlockRelay(Block):
    """Block relay with time budgets.

    request: a block is wanted. release: a condition forbids blocking; off at once, also before block_min.
    grid_block: the grid operator blocks now.

    blocked (result of step): the relay. blocked_any: blocked by us or by the grid operator. status.
    may_start: a request would be granted now; hindrance: what forbids it. used_ns: blocked in the last
    24 h, blocks: begun in it.

    - block_min_s <= block <= block_max_s; the longest block counts both in one piece.
    - Free before a new block: max(free_min_s, last block) since the end of either.
    - At most max_s_per_day in any 24 h and max_blocks_per_day begun in any 24 h, both counted together.
      A block begins only if the day has block_min_s left.
    - No block begins while the grid operator blocks; a block of ours that is running just goes on.

    After the start of the program nothing is known: no block for boot_lock_s (the longest block a grid
    contract allows), as if the day were used up, and the free time begins anew. `restore` puts the true
    history in its place; a process that starts calls `dropped_out()` after it, because the relay fell
    with the old process, and `assume_worst()` when the history may miss its last minutes.

    A block or a budget is exceeded by the length of one scan at most. free_ns: time that the heat pump
    has been free (for the permissive on its minimum run).
    """

    __slots__ = (
        "_block_max_ns",
        "_block_min_ns",
        "_boot_lock_ns",
        "_boot_ns",
        "_count",
        "_free_min_ns",
        "_held_ns",
        "_last_block_ns",
        "_spent",
        "_time",
        "blocked",
        "blocked_any",
        "status",
    )

    STATE: ClassVar[tuple[str, ...]] = (
        "_boot_ns",
        "_count",
        "_held_ns",
        "_last_block_ns",
        "_spent",
        "_time",
        "blocked",
        "blocked_any",
        "status",
    )

    def __init__(
        self,
        *,
        block_min_s: float = 900.0,
        block_max_s: float = 7200.0,
        free_min_s: float = 1800.0,
        max_s_per_day: float = 21_600.0,
        max_blocks_per_day: int = 6,
        boot_lock_s: float = 7200.0,
    ) -> None:
        """All in seconds, block_min_s <= block_max_s; ValueError otherwise."""
        if not 0 <= block_min_s <= block_max_s:
            raise ValueError(f"BlockRelay: block_min_s {block_min_s} above block_max_s {block_max_s}")
        self._block_min_ns = ns(block_min_s)
        self._block_max_ns = ns(block_max_s)
        self._free_min_ns = ns(free_min_s)
        self._time = WindowBudget(DAY_S, max_s_per_day)
        self._count = EventBudget(DAY_S, max_blocks_per_day)
        self._boot_lock_ns = self._boot_ns = ns(boot_lock_s)
        self._held_ns = 0  # time in the present state of blocked_any
        self._last_block_ns = 0
        self._spent = False  # the last block ended at its longest with the request still there
        self.blocked = False
        self.blocked_any = False
        self.status = BlockStatus.FREE

    @property
    def used_ns(self) -> int:
        return self._time.used_ns

    @property
    def blocks(self) -> int:
        return self._count.count

    @property
    def free_ns(self) -> int:
        return 0 if self.blocked_any else self._held_ns

    @property
    def wait_ns(self) -> int:
        """Time until free time and boot lock allow a block, >= 0; the budgets may forbid it still."""
        if self.blocked_any:
            return max(self._free_min_ns, self._held_ns)
        return max(0, self._boot_ns, self._free_min_ns - self._held_ns, self._last_block_ns - self._held_ns)

    @property
    def may_start(self) -> bool:
        return self.hindrance is None

    @property
    def hindrance(self) -> BlockStatus | None:
        """What forbids a new block now; None when nothing does."""
        if self.blocked_any:
            return BlockStatus.GRID
        if self._boot_ns > 0:
            return BlockStatus.WAIT_BOOT
        if self._held_ns < max(self._free_min_ns, self._last_block_ns):
            return BlockStatus.WAIT_FREE
        if not self._count.ok:
            return BlockStatus.DAY_COUNT
        if not self._time.ok or self._time.left_ns < self._block_min_ns:
            return BlockStatus.DAY_TIME
        return None

    def dropped_out(self) -> None:
        """The relay fell without us (the process died): whatever block ran has ended now."""
        self._follow(False)
        self.blocked = False
        self.status = BlockStatus.FREE

    def assume_worst(self) -> None:
        """No block for the boot lock from now on: what happened lately is not known."""
        self._boot_ns = self._boot_lock_ns

    def step(self, tick: Tick, *, request: bool, release: bool = False, grid_block: bool = False) -> bool:
        self._held_ns += tick.dt_ns
        self._boot_ns = max(0, self._boot_ns - tick.dt_ns)
        self._time.advance(tick)
        self._count.advance(tick)
        self._spent = self._spent and request
        if self.blocked:
            status = self._while_blocked(request=request, release=release)
        else:
            status = self._while_free(request=request, release=release, grid_block=grid_block)
        self.blocked = status is BlockStatus.BLOCKED or status is BlockStatus.MIN_BLOCK
        self._follow(self.blocked or grid_block)
        self.status = BlockStatus.GRID if grid_block and not self.blocked else status
        return self.blocked

    def _while_blocked(self, *, request: bool, release: bool) -> BlockStatus:
        """Keeps or ends a block of ours."""
        if release:
            return BlockStatus.RELEASED
        if self._held_ns >= self._block_max_ns:
            self._spent = True
            return BlockStatus.MAX_BLOCK
        if not self._time.ok:
            return BlockStatus.DAY_TIME
        if request:
            return BlockStatus.BLOCKED
        return BlockStatus.MIN_BLOCK if self._held_ns < self._block_min_ns else BlockStatus.FREE

    def _while_free(self, *, request: bool, release: bool, grid_block: bool) -> BlockStatus:
        """Begins a block of ours or says why not."""
        if not request:
            return BlockStatus.FREE
        if release:
            return BlockStatus.RELEASED
        hindrance = BlockStatus.GRID if grid_block else self.hindrance
        if hindrance is BlockStatus.WAIT_FREE and self._spent:
            return BlockStatus.MAX_BLOCK
        return hindrance or BlockStatus.BLOCKED

    def _follow(self, blocked_any: bool) -> None:
        """What the heat pump feels: begin and end of a block, whoever makes it."""
        if blocked_any == self.blocked_any:
            return
        if blocked_any:
            self._count.book()
        else:
            self._last_block_ns = self._held_ns
        self._held_ns = 0
        self.blocked_any = blocked_any
        self._time.mark(blocked_any)
