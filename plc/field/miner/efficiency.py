"""The efficiency curve that a miner tells of itself, judged before anybody reckons with it.

The curve decides about money: hash rate is revenue, power is cost. A curve that is not beyond doubt is
none, and the curve of the site file counts, which the owner stands for. Nothing is repaired here: a curve
of which one point is wrong has been made by something that is wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from plc.field.miner.model import Constraints, Details, EfficiencyPoint

SINCE = (1, 11)
"""First interface version with a profile; of those that have it, one that refuses it wins over this."""

FEWEST, MOST = 2, 64
"""Points. A real profile has 6 to 20 (miner reference, topic performance service); more is not one."""

PLAUSIBLE_W = (100.0, 10_000.0)

BEST_J_PER_TH = 10.0
"""Better is not believed. The best field measurement of a miner with this firmware is 20.6 J/TH (S19 XP at
2472 W; miner reference, topic power limits), the best machines on sale need 12 to 13 at their full power.
A hash rate in the wrong unit is wrong by a thousand, and lands far beyond."""

WORST_J_PER_TH = 200.0
"""Twice what the oldest machine needs that this firmware runs on."""

BETTER_THAN_NOMINAL = 0.5
"""Least J/TH as a share of what nameplate and default target give. Half the power saves a sixth (hash rate
goes with power to the 0.75; miner reference, topic virtual miner), so half is out of reach."""

OFF_TARGET_SHARE = 0.25
"""Consumption beside the target. Seen: 0.6 % below to 3.5 % above (miner reference, topic power limits)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A curve that may be reckoned with: electrical power in W and hash rate in TH/s, both rising."""

    power_w: tuple[float, ...] = ()
    ths: tuple[float, ...] = ()


class NoProfile(ValueError):  # noqa: N818 - an answer that is not taken, not a fault
    """Why an answer is not taken."""


def judged(
    points: tuple[EfficiencyPoint, ...],
    constraints: Constraints | None = None,
    details: Details | None = None,
) -> Profile:
    """The curve of an answer. Raises NoProfile with the reason.

    constraints, details: of this miner, as far as it tells them. The power is the consumption; where the
    miner reports none at any point, the target stands in.
    """
    if not points:
        raise NoProfile("empty")
    if not FEWEST <= len(points) <= MOST:
        raise NoProfile(f"{len(points)} points")
    targets = _within([point.target_w for point in points], "target")
    _inside_limits(targets, constraints)
    powers = _powers(points, targets)
    rates = _rising([point.hashrate_ths for point in points], "hash rate")
    _efficient(powers, rates, _best_j_per_th(constraints, details))
    return Profile(tuple(powers), tuple(rates))


def _powers(points: tuple[EfficiencyPoint, ...], targets: list[float]) -> list[float]:
    """Consumption of every point, or the targets where none has one: a mixture would be two scales."""
    if all(point.consumption_w is None for point in points):
        return targets
    powers = _within([point.consumption_w for point in points], "consumption")
    for power, target in zip(powers, targets, strict=True):
        if abs(power - target) > OFF_TARGET_SHARE * target:
            raise NoProfile(f"{power:.0f} W at a target of {target:.0f} W")
    return powers


def _within(values: list[float | None] | list[float], what: str) -> list[float]:
    powers = _rising(values, what)
    low, high = PLAUSIBLE_W
    if powers[0] < low or powers[-1] > high:
        raise NoProfile(f"{what} {powers[0]:.0f}..{powers[-1]:.0f} W is not plausible")
    return powers


def _rising(values: list[float | None] | list[float], what: str) -> list[float]:
    """All there, finite, above 0 and strictly rising."""
    known = [value for value in values if value is not None and math.isfinite(value) and value > 0.0]
    if len(known) < len(values):
        raise NoProfile(f"{what} missing or no number")
    if any(later <= earlier for earlier, later in pairwise(known)):
        raise NoProfile(f"{what} does not rise")
    return known


def _inside_limits(targets: list[float], constraints: Constraints | None) -> None:
    """A target that the miner itself would refuse belongs to another one. A watt is rounding."""
    low = constraints.min_w if constraints else None
    high = constraints.max_w if constraints else None
    if (low is not None and targets[0] < low - 1.0) or (high is not None and targets[-1] > high + 1.0):
        raise NoProfile(f"targets {targets[0]:.0f}..{targets[-1]:.0f} W beyond the miner's limits")


def _best_j_per_th(constraints: Constraints | None, details: Details | None) -> float:
    """The better of what physics and the nameplate allow; a nameplate that is none itself says nothing."""
    if constraints is None or details is None or not constraints.default_w or not details.sticker_ths:
        return BEST_J_PER_TH
    nominal = constraints.default_w / details.sticker_ths
    if not BEST_J_PER_TH <= nominal <= WORST_J_PER_TH:
        return BEST_J_PER_TH
    return max(BEST_J_PER_TH, BETTER_THAN_NOMINAL * nominal)


def _efficient(powers: list[float], rates: list[float], best_j_per_th: float) -> None:
    for power, rate in zip(powers, rates, strict=True):
        if not best_j_per_th <= power / rate <= WORST_J_PER_TH:
            raise NoProfile(f"{power / rate:.3g} J/TH at {power:.0f} W is not plausible")


class Efficiency:
    """What is known of the curve of one device, and how the last attempt to read it ended.

    The curve is a property of the device: it stays when the miner is silent, when its firmware no longer
    tells one, and when an answer is refused. It goes when another device answers at this address.
    """

    def __init__(self) -> None:
        self.profile = Profile()
        self.refused = 0  # answers that were no curve, since start
        self._note = "not asked yet"
        self._serial = ""

    @property
    def words(self) -> str:
        """For the status: whose curve counts, and why not the miner's own or not a newer one."""
        power_w = self.profile.power_w
        if not power_w:
            return f"site ({self._note})"
        own = f"miner, {len(power_w)} points, {power_w[0]:.0f}..{power_w[-1]:.0f} W"
        return f"{own} ({self._note})" if self._note else own

    def belongs_to(self, serial: str) -> bool:
        """Says who answers. True when it is another device: its curve is not known then.

        A miner that does not tell its serial number just now (it boots) is taken for the one of before.
        """
        other = bool(serial and self._serial) and serial != self._serial
        if other:
            self.profile, self._note = Profile(), "not asked yet"
        self._serial = serial or self._serial
        return other

    def take(
        self,
        points: tuple[EfficiencyPoint, ...],
        constraints: Constraints | None = None,
        details: Details | None = None,
    ) -> None:
        """An answer: the new curve if it is one."""
        try:
            profile = judged(points, constraints, details)
        except NoProfile as why:
            self.refused += 1
            self._note = f"refused: {why}"
            return
        self._note = ""
        if profile != self.profile:  # the same object in every scan is what nobody looks at twice
            self.profile = profile

    def not_read(self, why: str) -> None:
        """No answer, or none to be expected."""
        self._note = why
