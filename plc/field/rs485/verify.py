"""Scales and signs of an inverter, checked by physics. Proposes; a person decides and writes the site file.

Facts: Modbus reference, topic scale and sign verification. Two quantities can be wrong by the same factor,
so every proposal names its evidence, and nothing is concluded from one sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from plc.field.rs485.devicetype import CheckKind, CheckSpec, DeviceType

FACTORS = (0.1, 1.0, 10.0)
NEEDED = 10  # samples with enough power
SHARE = 0.8  # of them that must agree
RATIO = (0.8, 1.25)
BALANCE_W = 20.0
BALANCE_SHARE = 0.02
STEP = (0.7, 1.3)
HIDDEN = 0.2  # of the step: more than this from the battery, and the grid value proves nothing
BATTERY = ("battery_total_w", "battery_w")  # the first that the family has

Sample = Mapping[str, float]
"""Numbers of all blocks, read one right after the other, by name."""


class Verdict(StrEnum):
    """What a check says about the present scale."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    OPEN = "not enough power"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Result for one group. factor: proposed relative to the present scale, None without one."""

    group: str
    verdict: Verdict
    factor: float | None
    samples: int
    evidence: str


def verify(kind: DeviceType, samples: Sequence[Sample], chosen_grid: str) -> list[Proposal]:
    """All groups that can be judged from samples of the normal operation.

    chosen_grid: the value that stands for the grid connection.
    """
    found = [_range("battery_voltage", "battery_v", kind, samples)]
    for name, group in (("battery", "battery_power"), ("strings", "pv_power")):
        check = kind.checks.get(name)
        if check is not None and check.kind is CheckKind.RATIO:
            found.append(_ratio(group, check, samples, 300.0))
    found.append(_balance(samples, chosen_grid))
    check = kind.checks.get("clamps")
    if check is not None:
        found.append(_ratio("ac_power", check, samples, 500.0, lowest=0.5))
    return found


def load_step(before: Sequence[Sample], after: Sequence[Sample], chosen_grid: str, step_w: float) -> Proposal:
    """Sign and scale of the grid value from a load of known power that a person switched on.

    A battery that takes the load over hides it from the grid: then nothing is concluded.
    """
    grid = _rise(before, after, chosen_grid)
    battery = next((w for name in BATTERY if (w := _rise(before, after, name)) is not None), None)
    if grid is None or step_w <= 0:
        return Proposal("grid sign", Verdict.OPEN, None, 0, "no samples before or after the step")
    low_w, high_w = STEP[0] * step_w, STEP[1] * step_w
    count = len(before) + len(after)
    text = f"import rose by {grid:.0f} W after a load of {step_w:.0f} W"
    if low_w <= grid <= high_w:
        return Proposal("grid sign", Verdict.CONFIRMED, 1.0, count, text)
    if battery is not None and abs(battery) > HIDDEN * step_w:
        text += f", the battery took {battery:.0f} W of it: repeat with a battery that cannot discharge"
        return Proposal("grid sign", Verdict.OPEN, None, count, text)
    if low_w <= -grid <= high_w:
        return Proposal("grid sign", Verdict.CONTRADICTED, -1.0, count, f"{text}: the clamps are reversed")
    return Proposal("grid sign", Verdict.CONTRADICTED, None, count, f"{text}: another register or clamp")


def known_load(before: Sequence[Sample], after: Sequence[Sample], step_w: float) -> Proposal:
    """Whether the load of the house shows the same step: it does, whoever delivers the power."""
    load = _rise(before, after, "load_w")
    if load is None or step_w <= 0:
        return Proposal("ac_power", Verdict.OPEN, None, 0, "no samples before or after the step")
    text = f"load rose by {load:.0f} W after a load of {step_w:.0f} W"
    fitting = [f for f in FACTORS if STEP[0] * step_w <= load * f <= STEP[1] * step_w]
    if not fitting and load < 0:
        text += " (reversed clamps turn the load around, too)"
    return _proposal("ac_power", fitting, len(before) + len(after), text)


def _rise(before: Sequence[Sample], after: Sequence[Sample], name: str) -> float | None:
    first = [sample[name] for sample in before if name in sample]
    second = [sample[name] for sample in after if name in sample]
    return median(second) - median(first) if first and second else None


def _range(group: str, name: str, kind: DeviceType, samples: Sequence[Sample]) -> Proposal:
    """A battery voltage tells its own scale: the families do not overlap."""
    spec = kind.values.get(name)
    values = [sample[name] for sample in samples if name in sample]
    if spec is None or spec.low is None or spec.high is None or not values:
        return Proposal(group, Verdict.OPEN, None, 0, "no voltage")
    middle = median(values)
    text = f"{middle:.2f} V, plausible {spec.low:g} to {spec.high:g} V"
    fitting = [factor for factor in (1.0, 0.1, 10.0) if spec.low <= middle * factor <= spec.high]
    return _proposal(group, fitting[:1], len(values), text)


def _ratio(
    group: str, check: CheckSpec, samples: Sequence[Sample], above_w: float, lowest: float = RATIO[0]
) -> Proposal:
    ratios = []
    for sample in samples:
        product = sum(
            abs(sample[volts] * sample[amps])
            for volts, amps in check.products
            if volts in sample and amps in sample
        )
        power = abs(sample.get(check.power, 0.0))
        if product > 0 and max(power, product) >= above_w:
            ratios.append(power / product)
    if len(ratios) < NEEDED:
        return Proposal(group, Verdict.OPEN, None, len(ratios), f"needs {NEEDED} samples above {above_w:g} W")
    fitting = [f for f in FACTORS if _most(lowest <= ratio * f <= RATIO[1] for ratio in ratios)]
    return _proposal(group, fitting, len(ratios), f"power / (voltage x current) = {median(ratios):.3f}")


def _balance(samples: Sequence[Sample], grid: str) -> Proposal:
    """load = grid + inverter (- generator): load and grid scale together, the inverter output does not."""
    usable = [
        sample
        for sample in samples
        if {"load_w", "inverter_w", grid} <= set(sample)
        and max(abs(sample["inverter_w"]), abs(sample["load_w"] - sample[grid])) > 300.0
    ]
    if len(usable) < NEEDED:
        return Proposal("ac_power", Verdict.OPEN, None, len(usable), "needs 10 samples above 300 W inverter")

    def holds(sample: Sample, factor: float) -> bool:
        difference = factor * (sample["load_w"] - sample[grid])
        rest = abs(difference - sample["inverter_w"])
        return rest <= max(BALANCE_W, BALANCE_SHARE * max(abs(difference), factor * abs(sample["load_w"])))

    fitting = [f for f in FACTORS if _most(holds(sample, f) for sample in usable)]
    return _proposal("ac_power", fitting, len(usable), "load = grid + inverter")


def _most(verdicts: Iterable[bool]) -> bool:
    found = list(verdicts)
    return sum(found) >= SHARE * len(found)


def _proposal(group: str, fitting: Sequence[float], samples: int, text: str) -> Proposal:
    if 1.0 in fitting:
        return Proposal(group, Verdict.CONFIRMED, 1.0, samples, text)
    if len(fitting) == 1:
        return Proposal(
            group, Verdict.CONTRADICTED, fitting[0], samples, f"{text}: holds with {fitting[0]:g}"
        )
    return Proposal(group, Verdict.CONTRADICTED, None, samples, f"{text}: holds with no known factor")
