"""Physics between the values of one device, and values that stand still.

A check never corrects anything. Violated in one sample: the named values are not taken from it. Violated
in 5 of the last 10: they are suspect until 6 of 10 agree again; the reader then treats them as bad.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from plc.blocks.core import NS_PER_S
from plc.field.rs485.devicetype import CheckKind, CheckSpec

WINDOW = 10
SUSPECT_AT = 5
RAMP_W_PER_S = 500.0  # a cloud edge over the strings of a house
FROZEN_NS = 60 * NS_PER_S
FROZEN_READS = 10

Lookup = Callable[[str], float | None]
"""Value by name from this sample, or the last accepted one if it is fresh; None = not available."""


class Verdict(NamedTuple):
    """Result of one evaluation. residual: W for a balance, ratio for a ratio."""

    ok: bool
    residual: float


def evaluate(spec: CheckSpec, value_of: Lookup, lag_s: float = 0.0) -> Verdict | None:
    """One check on one sample; None when a value is missing or the power is too small to judge.

    lag_s: how much older the oldest value is than the newest.
    """
    if spec.kind is CheckKind.RATIO:
        return _ratio(spec, value_of)
    terms = []
    for name, weight in spec.terms.items():
        value = value_of(name)
        if value is None:
            return None
        terms.append(weight * value)
    residual = sum(terms)
    largest = max(abs(term) for term in terms)
    slack = RAMP_W_PER_S * lag_s
    low = min(spec.low, -spec.low_pct / 100 * largest) - slack
    high = max(spec.high, spec.high_pct / 100 * largest) + slack
    return Verdict(low <= residual <= high, residual)


def _ratio(spec: CheckSpec, value_of: Lookup) -> Verdict | None:
    power = value_of(spec.power)
    if power is None:
        return None
    product = 0.0
    found = False
    for volts_name, amps_name in spec.products:
        volts, amps = value_of(volts_name), value_of(amps_name)
        if volts is not None and amps is not None:
            product += abs(volts * amps)
            found = True
    if not found or max(abs(power), product) < spec.above:
        return None
    ratio = abs(power) / product if product > 0 else float("inf")
    return Verdict(spec.low <= ratio <= spec.high, ratio)


class Watch:
    """The last verdicts of one check."""

    __slots__ = ("_violations", "last", "spec", "suspect_since_ns")

    def __init__(self, spec: CheckSpec) -> None:
        self.spec = spec
        self._violations: deque[bool] = deque(maxlen=WINDOW)
        self.suspect_since_ns: int | None = None
        self.last: Verdict | None = None

    def judge(self, value_of: Lookup, now_ns: int, lag_s: float = 0.0) -> Verdict | None:
        """Evaluates the sample and keeps the account."""
        verdict = evaluate(self.spec, value_of, lag_s)
        if verdict is None:
            return None
        self.last = verdict
        self._violations.append(not verdict.ok)
        if sum(self._violations) >= SUSPECT_AT:
            if self.suspect_since_ns is None:
                self.suspect_since_ns = now_ns
        else:
            self.suspect_since_ns = None
        return verdict


class Liveness:
    """Raw counts that never stand still together: a gateway that repeats an old answer is found here."""

    __slots__ = ("_last", "_reads", "_since_ns", "frozen_since_ns")

    def __init__(self) -> None:
        self._last: tuple[int, ...] = ()
        self._since_ns = 0
        self._reads = 0
        self.frozen_since_ns: int | None = None

    def judge(self, raw: Sequence[int], now_ns: int) -> None:
        """Takes the raw words of one read."""
        counts = tuple(raw)
        if counts != self._last:
            self._last, self._since_ns, self._reads = counts, now_ns, 0
            self.frozen_since_ns = None
            return
        self._reads += 1
        if (
            self.frozen_since_ns is None
            and self._reads >= FROZEN_READS
            and now_ns - self._since_ns >= FROZEN_NS
        ):
            self.frozen_since_ns = now_ns
