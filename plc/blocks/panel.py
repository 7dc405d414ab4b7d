"""What a person or the watchdog relay sees and hears: heartbeat, lamp, horn."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from plc.blocks.core import Block, Tick, ns


class Heartbeat(Block):
    """Square wave that keeps the watchdog relay in: an edge each half_period_s, only while healthy.

    healthy: the program found itself in order in this scan. Without it the output stays low: no edge, the
    relay drops after its time. out: result of step. Several half periods in one late scan give one edge;
    edges are never caught up. Source: plant reference, topic watchdogs.
    """

    __slots__ = ("_elapsed_ns", "_half_ns", "out")

    STATE: ClassVar[tuple[str, ...]] = ("_elapsed_ns", "out")

    def __init__(self, half_period_s: float = 0.25) -> None:
        """half_period_s above 0; ValueError otherwise."""
        if not half_period_s > 0:
            raise ValueError(f"Heartbeat: half_period_s is {half_period_s}, must be > 0")
        self._half_ns = ns(half_period_s)
        self._elapsed_ns = 0
        self.out = False

    def step(self, tick: Tick, *, healthy: bool) -> bool:
        if not healthy:
            self.out = False
            self._elapsed_ns = 0
            return False
        self._elapsed_ns += tick.dt_ns
        if self._elapsed_ns >= self._half_ns:
            self._elapsed_ns %= self._half_ns
            self.out = not self.out
        return self.out


class LampMode(StrEnum):
    """How a lamp shows something."""

    OFF = "off"
    STEADY = "steady"
    FLASH = "flash"  # something new that nobody has acknowledged
    SLOW = "slow"  # something is expected of a person


class Lamp(Block):
    """Lamp with two flash rates. mode: what to show; each change of mode begins with light.

    flash_s, slow_s: half periods of the two rates. out: result of step.
    """

    __slots__ = ("_elapsed_ns", "_flash_ns", "_slow_ns", "mode", "out")

    STATE: ClassVar[tuple[str, ...]] = ("_elapsed_ns", "mode", "out")

    def __init__(self, *, flash_s: float = 0.25, slow_s: float = 1.0) -> None:
        """Half periods above 0; ValueError otherwise."""
        if not flash_s > 0 or not slow_s > 0:
            raise ValueError(f"Lamp: flash_s {flash_s}, slow_s {slow_s}, must be > 0")
        self._flash_ns = ns(flash_s)
        self._slow_ns = ns(slow_s)
        self._elapsed_ns = 0
        self.mode = LampMode.OFF
        self.out = False

    def step(self, tick: Tick, *, mode: LampMode) -> bool:
        if mode is not self.mode:
            self.mode = mode
            self._elapsed_ns = 0
            self.out = mode is not LampMode.OFF
            return self.out
        if mode is LampMode.FLASH or mode is LampMode.SLOW:
            half_ns = self._flash_ns if mode is LampMode.FLASH else self._slow_ns
            self._elapsed_ns += tick.dt_ns
            if self._elapsed_ns >= half_ns:
                self._elapsed_ns %= half_ns
                self.out = not self.out
        return self.out


class Horn(Block):
    """Horn: sounds with an alarm until silenced, for max_s at most.

    alarm: an alarm that deserves the horn is present. new_alarm: one more came in this scan; sounds again
    even after silence. silence: button or command; stays effective until the next new alarm.
    out: result of step. silenced: quiet although an alarm is present.
    """

    __slots__ = ("_alarm", "_max_ns", "_sounded_ns", "out")

    STATE: ClassVar[tuple[str, ...]] = ("_alarm", "_sounded_ns", "out")

    def __init__(self, *, max_s: float = 180.0) -> None:
        """max_s: longest sound in seconds, above 0; ValueError otherwise."""
        if not max_s > 0:
            raise ValueError(f"Horn: max_s is {max_s}, must be > 0")
        self._max_ns = ns(max_s)
        self._sounded_ns = 0
        self._alarm = False
        self.out = False

    @property
    def silenced(self) -> bool:
        return self._alarm and not self.out

    def step(self, tick: Tick, *, alarm: bool, silence: bool = False, new_alarm: bool = False) -> bool:
        if self.out:
            self._sounded_ns += tick.dt_ns
        if alarm and (new_alarm or not self._alarm):
            self._sounded_ns = 0
            self.out = True
        if not alarm or silence or self._sounded_ns >= self._max_ns:
            self.out = False
        self._alarm = alarm
        return self.out
