"""Edges, bistables and counters of IEC 61131-3, with the standard's names and pins in lower case."""

from __future__ import annotations

from typing import ClassVar

from plc.blocks.core import Block, Tick

CV_MIN = 0
CV_MAX = 32767
"""Range of a counter value (the standard's PVmin and PVmax, which it leaves to the implementer)."""


class R_TRIG(Block):
    """Rising edge: Q for one scan. CLK already on in the very first scan is an edge, as in the standard."""

    __slots__ = ("_m", "q")

    STATE: ClassVar[tuple[str, ...]] = ("_m", "q")

    def __init__(self) -> None:
        self.q = False
        self._m = False

    def step(self, tick: Tick, *, clk: bool) -> bool:
        self.q = clk and not self._m
        self._m = clk
        return self.q


class F_TRIG(Block):
    """Falling edge: Q for one scan.

    CLK off in the very first scan is an edge, as in the standard (M starts at 0): whoever must not act
    on it begins with restore() or looks at Q from the second scan on.
    """

    __slots__ = ("_m", "q")

    STATE: ClassVar[tuple[str, ...]] = ("_m", "q")

    def __init__(self) -> None:
        self.q = False
        self._m = False

    def step(self, tick: Tick, *, clk: bool) -> bool:
        self.q = not clk and not self._m
        self._m = not clk
        return self.q


class SR(Block):
    """Bistable, set dominant: q1 = set1 or (q1 and not reset)."""

    __slots__ = ("q1",)

    STATE: ClassVar[tuple[str, ...]] = ("q1",)

    def __init__(self) -> None:
        self.q1 = False

    def step(self, tick: Tick, *, set1: bool, reset: bool) -> bool:
        self.q1 = set1 or (self.q1 and not reset)
        return self.q1


class RS(Block):
    """Bistable, reset dominant: q1 = not reset1 and (set or q1)."""

    __slots__ = ("q1",)

    STATE: ClassVar[tuple[str, ...]] = ("q1",)

    def __init__(self) -> None:
        self.q1 = False

    def step(self, tick: Tick, *, set: bool, reset1: bool) -> bool:
        self.q1 = not reset1 and (set or self.q1)
        return self.q1


class _Counter(Block):
    """What the counters share: the preset value."""

    __slots__ = ("cv", "pv")

    def __init__(self, pv: int) -> None:
        """pv: preset value 0..32767; ValueError otherwise."""
        if not CV_MIN <= pv <= CV_MAX:
            raise ValueError(f"{type(self).__name__}: pv is {pv}, must be {CV_MIN}..{CV_MAX}")
        self.pv = pv
        self.cv = 0


class CTU(_Counter):
    """Up counter: a rising edge of CU adds one, R clears and wins; Q while CV >= PV. CV stops at 32767."""

    __slots__ = ("_cu", "q")

    STATE: ClassVar[tuple[str, ...]] = ("_cu", "cv", "q")

    def __init__(self, pv: int) -> None:
        super().__init__(pv)
        self.q = False
        self._cu = False

    def step(self, tick: Tick, *, cu: bool, r: bool = False) -> bool:
        if r:
            self.cv = 0
        elif cu and not self._cu and self.cv < CV_MAX:
            self.cv += 1
        self._cu = cu
        self.q = self.cv >= self.pv
        return self.q


class CTD(_Counter):
    """Down counter: a rising edge of CD takes one, LD loads PV and wins; Q while CV <= 0. CV stops at 0."""

    __slots__ = ("_cd", "q")

    STATE: ClassVar[tuple[str, ...]] = ("_cd", "cv", "q")

    def __init__(self, pv: int) -> None:
        super().__init__(pv)
        self.q = False
        self._cd = False

    def step(self, tick: Tick, *, cd: bool, ld: bool = False) -> bool:
        if ld:
            self.cv = self.pv
        elif cd and not self._cd and self.cv > CV_MIN:
            self.cv -= 1
        self._cd = cd
        self.q = self.cv <= 0
        return self.q


class CTUD(_Counter):
    """Up-down counter: R clears, else LD loads PV, else edges of CU and CD count; both at once cancel.

    qu: CV >= PV (also the result of step). qd: CV <= 0. CV stops at 0 and at 32767.
    """

    __slots__ = ("_cd", "_cu", "qd", "qu")

    STATE: ClassVar[tuple[str, ...]] = ("_cu", "_cd", "cv", "qu", "qd")

    def __init__(self, pv: int) -> None:
        super().__init__(pv)
        self.qu = False
        self.qd = False
        self._cu = False
        self._cd = False

    def step(self, tick: Tick, *, cu: bool, cd: bool, r: bool = False, ld: bool = False) -> bool:
        up = cu and not self._cu
        down = cd and not self._cd
        if r:
            self.cv = 0
        elif ld:
            self.cv = self.pv
        elif up and not down and self.cv < CV_MAX:
            self.cv += 1
        elif down and not up and self.cv > CV_MIN:
            self.cv -= 1
        self._cu = cu
        self._cd = cd
        self.qu = self.cv >= self.pv
        self.qd = self.cv <= 0
        return self.qu
