"""Plants that are already somewhere, built once and copied, walking there takes thousands of scans."""

import copy
from typing import Any

from tests.plant.language import Rig, parameters

_BUILT: dict[str, Rig] = {}

FULL_POWER: dict[str, dict[str, Any]] = {
    "request": {"power_w": 6400.0},
    "miners": {"min_off_s": 300.0, "ramp_timeout_s": 300.0},
}


def copy_of(name: str, build: Any) -> Rig:
    """A deep copy of the rig that `build` makes, which is only made once."""
    if name not in _BUILT:
        _BUILT[name] = build()
    return copy.deepcopy(_BUILT[name])


def heating_rig(**groups: dict[str, Any]) -> Rig:
    """In HEAT_BUFFER at the requested 6.4 kW, both contactors closed."""
    merged = {name: {**FULL_POWER.get(name, {}), **groups.get(name, {})} for name in FULL_POWER | groups}

    def build() -> Rig:
        rig = Rig(parameters(**merged))
        rig.given(mode_auto=True)
        rig.until(900.0, "RAMP")
        rig.until(900.0, "HEAT_BUFFER")
        rig.leap(60.0)
        return rig

    return copy_of(f"heating {merged}", build)


def standby_rig(**groups: dict[str, Any]) -> Rig:
    """In STANDBY without a request, everything healthy."""

    def build() -> Rig:
        rig = Rig(parameters(**groups))
        rig.given(mode_auto=True)
        rig.until(60.0, "STANDBY")
        rig.leap(30.0)
        return rig

    return copy_of(f"standby {groups}", build)
