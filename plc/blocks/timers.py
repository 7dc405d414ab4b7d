"""The three timers of IEC 61131-3 (table "standard timer function blocks"): TON, TOF, TP.

Time is accumulated from `tick.dt_ns` as an integer. The scan that sees the edge has `et_ns` = 0; every
later scan adds its own dt. A 2000 ms timer at a 100 ms scan therefore acts in the 20th scan after the
edge, on every machine and after any uptime, and a restored timer does not depend on the origin of the
clock.

The standard leaves to the implementer what a change of PT does while a timer runs. Here: the new
`pt_ns` counts from the next scan on, elapsed time is kept, and what has already happened (Q of a TON
on, Q of a TOF or TP off) is never taken back.

`pt_ns` is a parameter, not memory: whoever changes it sets it again after a restore.
"""

from __future__ import annotations

from typing import ClassVar

from plc.blocks.core import Block, Tick, ns


class _Timer(Block):
    """What the three timers share: pins PT, Q, ET and the last input."""

    __slots__ = ("_in", "et_ns", "pt_ns", "q")

    STATE: ClassVar[tuple[str, ...]] = ("_in", "q", "et_ns")

    def __init__(self, pt_s: float) -> None:
        """pt_s: preset time in seconds, >= 0; ValueError otherwise."""
        if not pt_s >= 0:
            raise ValueError(f"{type(self).__name__}: pt_s is {pt_s}, must be >= 0")
        self.pt_ns = ns(pt_s)
        self.q = False
        self.et_ns = 0
        self._in = False

    @property
    def left_ns(self) -> int:
        """Time until PT is reached, >= 0."""
        return max(0, self.pt_ns - self.et_ns)


class TON(_Timer):
    """On-delay: Q follows IN's rising edge after PT; Q falls with IN at once.

    in_: input. q: output. et_ns: elapsed time 0..PT, 0 while IN is off. PT = 0: Q equals IN.
    """

    __slots__ = ()

    def step(self, tick: Tick, *, in_: bool) -> bool:
        if not in_:
            self._in = self.q = False
            self.et_ns = 0
            return False
        if not self.q:
            if self._in:
                self.et_ns += tick.dt_ns
            self._in = True
            if self.et_ns >= self.pt_ns:
                self.et_ns = self.pt_ns
                self.q = True
        return self.q


class TOF(_Timer):
    """Off-delay: Q rises with IN at once and falls PT after IN's falling edge.

    in_: input. q: output. et_ns: time since the falling edge 0..PT; stays at PT until IN rises again.
    PT = 0: Q equals IN.
    """

    __slots__ = ()

    def step(self, tick: Tick, *, in_: bool) -> bool:
        if in_:
            self._in = self.q = True
            self.et_ns = 0
            return True
        if self.q:
            if not self._in:
                self.et_ns += tick.dt_ns
            self._in = False
            if self.et_ns >= self.pt_ns:
                self.et_ns = self.pt_ns
                self.q = False
        return self.q


class TP(_Timer):
    """Pulse: a rising edge of IN gives Q for PT, whatever IN does meanwhile.

    in_: input. q: output. et_ns: time in the pulse 0..PT; 0 again when the pulse is over and IN off.
    Edges during a pulse, the scan that ends it included, are ignored: two pulses are always at least
    one scan apart. PT = 0: no pulse.
    """

    __slots__ = ()

    def step(self, tick: Tick, *, in_: bool) -> bool:
        if self.q:
            self.et_ns += tick.dt_ns
            if self.et_ns >= self.pt_ns:
                self.et_ns = self.pt_ns
                self.q = False
        elif in_ and not self._in:
            self.et_ns = 0
            self.q = self.pt_ns > 0
        if not in_ and not self.q:
            self.et_ns = 0
        self._in = in_
        return self.q
