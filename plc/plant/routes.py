"""Routes: which way the heat goes, as data, because the real pipework is a fact of the site.

A route names the end positions of both valves and the laws of both controlled pumps. Follows the plant
reference, topic route table; the site file may replace the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Position(StrEnum):
    """End position of a three-way valve."""

    A = "A"
    B = "B"


class Law(StrEnum):
    """How the set point of a 0-10 V pump is found."""

    OFF = "off"
    PI = "pi"  # on the oil temperature, hotter is faster
    PI_PROTECT = "pi_protect"  # the same, never below the protective speed
    PROTECT = "protect"  # constant protective speed
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Route:
    """One way of the heat.

    name: buffer, dhw, recool or frost_w2. rv1, rv2: end positions. p4, p5: laws. fan: dry cooler may run.
    """

    name: str
    rv1: Position
    rv2: Position
    p4: Law
    p5: Law = Law.OFF
    fan: bool = False


BUFFER = "buffer"
DHW = "dhw"
RECOOL = "recool"
FROST_W2 = "frost_w2"

DEFAULT_ROUTES: tuple[Route, ...] = (
    Route(BUFFER, Position.A, Position.A, Law.PI),
    Route(DHW, Position.A, Position.B, Law.PI),
    Route(RECOOL, Position.B, Position.A, Law.PI_PROTECT, Law.PI, fan=True),
    Route(FROST_W2, Position.B, Position.A, Law.PROTECT),
)


class RouteTableError(ValueError):
    """The route table of the site cannot be used; the text says what is missing."""


def table(routes: tuple[Route, ...]) -> dict[str, Route]:
    """Routes by name. Raises RouteTableError when a name is double or a needed route is absent."""
    by_name = {route.name: route for route in routes}
    if len(by_name) != len(routes):
        raise RouteTableError("a route is named twice")
    missing = [name for name in (BUFFER, RECOOL, FROST_W2) if name not in by_name]
    if missing:
        raise RouteTableError(f"routes missing: {', '.join(missing)}")
    if by_name[BUFFER].fan or by_name[BUFFER].p5 is not Law.OFF:
        raise RouteTableError("route buffer is the emergency sink: no fan and no P5 in it")
    return by_name
