"""Whether a decoded number may be believed, judged against limits and against its own past.

A number that is refused is never clamped and never replaced: the last accepted one stays with its own
time, so that it becomes held, stale and bad by age alone. Every rule heals itself: a refusal can last
only as long as the number contradicts the rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc.blocks.core import NS_PER_S
from plc.field.rs485.devicetype import Bound, Counter, ValueSpec

STEP_SHARE = 0.7  # of the limit: a larger change of a power needs a second sample
DAY_RESET_BELOW_KWH = 1.0  # a day counter falls to nearly nothing or not at all
DAY_RESET_READS = 3
DAY_RESET_NS = 60 * NS_PER_S  # and stays there: one block of zeros is no midnight


@dataclass(frozen=True, slots=True)
class Limits:
    """Facts of the site and of the unit that limit powers. rated_w is None until the unit told it."""

    fuse_w: float = 25_000.0
    rated_w: float | None = None

    def of(self, bound: Bound) -> float | None:
        """Largest possible amount in W; None = no limit of this kind."""
        rated = self.fuse_w if self.rated_w is None else self.rated_w
        match bound:
            case Bound.FUSE:
                return self.fuse_w
            case Bound.AC:
                return self.fuse_w if self.rated_w is None else max(1.5 * rated, self.fuse_w)
            case Bound.BATTERY:
                return 1.2 * rated
            case Bound.PV:
                return 1.5 * rated
            case Bound.NONE:
                return None


class Gate:
    """The past of one value and the rules it follows. One per value and device."""

    __slots__ = (
        "_pending",
        "_pending_n",
        "_pending_ns",
        "_spec",
        "refused",
        "seen",
        "seen_ns",
        "taken_ns",
        "value",
        "why",
    )

    def __init__(self, spec: ValueSpec) -> None:
        self._spec = spec
        self.value: float | None = None  # last accepted, in units
        self.taken_ns = 0
        self.seen: float | None = None  # last plausible by itself, perhaps contradicted by the physics
        self.seen_ns = 0
        self.refused = 0
        self.why = ""  # reason of the last refusal
        self._pending: float | None = None  # refused once, waiting for its confirmation
        self._pending_n = 0
        self._pending_ns = 0

    def judge(self, value: float, now_ns: int, limits: Limits) -> float | None:
        """The value to take, or None. Does not take it yet: physics between values may still object."""
        spec = self._spec
        if spec.zero_from is not None and spec.zero_from <= value < 0.0:
            value = 0.0
        bound = limits.of(spec.bound)
        if (
            (spec.low is not None and value < spec.low)
            or (spec.high is not None and value > spec.high)
            or (bound is not None and abs(value) > bound)
        ):
            return self.refuse(f"range {value:g}")
        if self.value is None:
            return value
        if spec.counter is not Counter.NONE and not self._counter_ok(value, now_ns, limits):
            return self.refuse(f"counter {value:g}")
        if value == 0.0 and spec.confirm_zero and self.value != 0.0:
            if self._confirm(value, 0.0, now_ns) < spec.confirm_zero:
                return self.refuse(f"zero {value:g}")
        elif bound is not None and abs(value - self.value) > STEP_SHARE * bound:
            if self._confirm(value, STEP_SHARE * bound, now_ns) < 2:
                return self.refuse(f"step {value:g}")
        elif spec.counter is Counter.NONE:
            self._pending_n = 0
        if spec.max_rate_per_s is not None or spec.max_step is not None:
            elapsed_s = (now_ns - self.taken_ns) / NS_PER_S
            allowed = max(spec.max_step or 0.0, (spec.max_rate_per_s or 0.0) * elapsed_s)
            if abs(value - self.value) > allowed:
                return self.refuse(f"rate {value:g}")
        return value

    def take(self, value: float, taken_ns: int) -> None:
        """Accepts a judged value."""
        self.value = value
        self.taken_ns = taken_ns
        self._pending = None
        self._pending_n = 0

    def refuse(self, why: str) -> float | None:
        """Counts a refusal; always None, so that a rule can end with it."""
        self.refused += 1
        self.why = why
        return None

    def _confirm(self, value: float, near: float, now_ns: int) -> int:
        """How often in a row a value near this one has come."""
        if self._pending is None or self._pending_n == 0 or abs(value - self._pending) > near:
            self._pending_n = 0
            self._pending_ns = now_ns
        self._pending = value
        self._pending_n += 1
        return self._pending_n

    def _counter_ok(self, value: float, now_ns: int, limits: Limits) -> bool:
        assert self.value is not None
        if value >= self.value:
            hours = (now_ns - self.taken_ns) / NS_PER_S / 3600
            return value - self.value <= limits.fuse_w / 1000 * 2 * hours + 2.0
        if self._spec.counter is Counter.TOTAL:
            return False  # exchanged meter or changed unit: a person has to look, then restart the program
        if value > DAY_RESET_BELOW_KWH:
            return False
        reads = self._confirm(value, DAY_RESET_BELOW_KWH, now_ns)
        return reads >= DAY_RESET_READS and now_ns - self._pending_ns >= DAY_RESET_NS
