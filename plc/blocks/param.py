"""What a parameter is: a field with a default, a unit and limits, stated once.

A parameter group is a frozen slotted dataclass whose fields are annotated with `Param`. The site
loader validates YAML against these annotations, the JSON Schema and the reference page are generated
from them, and MQTT learns from them what may be changed remotely. Rules between fields stand in the
group's RULES, so that a wrong order of thresholds is refused before the plant starts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Param:
    """Facts about one parameter.

    unit:    physical unit as in the field name ("degC", "s", "W", "" for a choice or a count).
    minimum, maximum: allowed range, inclusive; None where the type is the only limit.
    text:    what it does, one sentence, for people.
    remote:  may be changed over MQTT. Never true for protection, timing, K7, chain or wiring.
    source:  topic the default comes from ("commissioning" when it must be confirmed on site).
    """

    unit: str
    minimum: float | None
    maximum: float | None
    text: str
    remote: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Rule: the named fields rise in this order, each at least `gap` above the one before.

    A name is a field of the same group, or `group.field` relative to the whole parameter set.
    """

    names: tuple[str, ...]
    gap: float = 0.0
    why: str = ""
