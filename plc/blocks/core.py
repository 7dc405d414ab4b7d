"""Time, measured values and the contract of a function block.

Everything here is plain data. No block, rule or sequence of this program asks a clock: the scan
hands each of them the same `Tick`, so a recording of ticks and inputs replays bit for bit.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any, ClassVar, NamedTuple

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

State = dict[str, Any]
"""The complete memory of a block: numbers, booleans, strings, lists and nested states only."""


def ns(seconds: float) -> int:
    """Seconds as integer nanoseconds, rounded to the nearest (0.1 s is exactly 100_000_000 ns)."""
    return round(seconds * NS_PER_S)


class Tick(NamedTuple):
    """One scan in time.

    now_ns: monotonic time of this scan, >= 0, counts from an arbitrary origin.
    dt_ns:  time since the previous scan, > 0 and never above the output-watchdog period
            (a longer gap restarts the plant, so no block ever has to survive one).
    """

    now_ns: int
    dt_ns: int

    @property
    def dt_s(self) -> float:
        """Time since the previous scan in seconds, for integration; never for time-outs."""
        return self.dt_ns / NS_PER_S


class Quality(IntEnum):
    """How far a value can be trusted, best first: larger is worse."""

    GOOD = 0
    HELD = 1  # last good value, bridging a fault shorter than the hold time
    STALE = 2  # older than its source may be; do not decide anything new on it
    BAD = 3  # the source itself says that it is wrong
    NEVER = 4  # no value since start


_USABLE = Quality.HELD
"""The worst quality that control may use; a name of its own because every scan asks dozens of times."""


class Origin(IntEnum):
    """Where a value comes from."""

    MEASURED = 0
    SUBSTITUTE = 1  # from the site file, because the sensor is declared absent
    FORCED = 2  # set by a person
    SIM = 3  # a virtual device


class Reading(NamedTuple):
    """A measured value that knows how far it can be trusted.

    value is None exactly when there is no number at all; it is never a zero in place of a missing
    value. taken_ns is the monotonic time of the measurement at its source: age and staleness are
    judged by the reader in the scan, because a dead thread cannot mark its own values stale.
    """

    value: float | None = None
    quality: Quality = Quality.NEVER
    origin: Origin = Origin.MEASURED
    taken_ns: int = 0

    @property
    def ok(self) -> bool:
        """True when control may use the value: good, or held for a moment."""
        return self.value is not None and self.quality <= _USABLE

    @property
    def usable(self) -> float | None:
        """The value when control may use it, else None."""
        return self.value if self.quality <= _USABLE else None

    def fresh(self, now_ns: int, stale_after_ns: int) -> float | None:
        """The value when control may use it and it is not older than that, else None."""
        if self.quality <= _USABLE and now_ns - self.taken_ns <= stale_after_ns:
            return self.value
        return None

    def age_ns(self, now_ns: int) -> int:
        """Time since the measurement, >= 0."""
        return max(0, now_ns - self.taken_ns)

    def aged(self, now_ns: int, stale_after_ns: int) -> Reading:
        """This reading as seen now: good and held values become stale with age."""
        if self.quality <= _USABLE and now_ns - self.taken_ns > stale_after_ns:
            return self._replace(quality=Quality.STALE)
        return self

    @classmethod
    def good(cls, value: float, taken_ns: int, origin: Origin = Origin.MEASURED) -> Reading:
        """A trusted value."""
        return cls(value, Quality.GOOD, origin, taken_ns)


NEVER = Reading()
"""No value since start."""


class Block:
    """Base of every function block: memory that can be taken out and put back.

    A block lists in STATE the attributes that make up its memory; parameters and outputs derived
    from them in the same step do not belong there. Attributes that are blocks themselves, or tuples
    of blocks, nest. `restore(state())` continues exactly as if nothing had happened.
    """

    __slots__ = ()

    STATE: ClassVar[tuple[str, ...]] = ()

    def state(self) -> State:
        """The complete memory of this block as plain data."""
        return {name: _plain(getattr(self, name)) for name in self.STATE}

    def restore(self, state: State) -> None:
        """Puts a memory back that `state` took.

        Raises ValueError when it is a state of another block or another version: other names, or
        values that cannot be this block's, also deep inside. The block then has the memory it had
        before, because a half-restored timer is worse than a fresh one.
        """
        before = self.state()
        try:
            self._put(state)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self._put(before)
            raise ValueError(f"{type(self).__name__}: not a state of this block: {error}") from error

    def _put(self, state: State) -> None:
        if set(state) != set(self.STATE):
            raise ValueError(
                f"{type(self).__name__}: state has {sorted(state)}, expected {sorted(self.STATE)}"
            )
        for name in self.STATE:
            current = getattr(self, name)
            if isinstance(current, Block):
                current.restore(state[name])
            elif isinstance(current, tuple) and current and isinstance(current[0], Block):
                for part, part_state in zip(current, state[name], strict=True):
                    part.restore(part_state)
            else:
                setattr(self, name, _like(current, state[name]))


_PLAIN = frozenset({bool, float, int, str, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:  # nearly all of a memory, so this comes first
        return value
    if isinstance(value, Block):
        return value.state()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _like(current: Any, value: Any) -> Any:
    """Plain data in the type that the attribute has now (enumerations, tuples and lists survive JSON).

    A boolean is only replaced by a boolean: "yes" or 1 in a file would be true in every condition.
    """
    if isinstance(current, bool) is not isinstance(value, bool) and current is not None:
        raise TypeError(f"{value!r} in place of {current!r}")
    if isinstance(current, Enum):
        return type(current)(value)
    if isinstance(current, Reading):
        number, quality, origin, taken_ns = value
        return Reading(number, Quality(quality), Origin(origin), taken_ns)
    if isinstance(current, tuple):
        return tuple(value)
    if isinstance(current, list):
        return list(value)
    if isinstance(current, dict):
        return dict(value)
    return value
