"""The twelve states of the sequence, and the groups that rules refer to."""

from __future__ import annotations

from enum import StrEnum


class SequenceState(StrEnum):
    """What the plant is doing. Exactly one."""

    INIT = "INIT"
    OFF = "OFF"
    STANDBY = "STANDBY"
    PRECIRC = "PRECIRC"
    RAMP = "RAMP"
    HEAT_BUFFER = "HEAT_BUFFER"
    HEAT_DHW = "HEAT_DHW"
    RECOOL = "RECOOL"
    COOLDOWN = "COOLDOWN"
    FROST = "FROST"
    FAULT = "FAULT"
    MAINT = "MAINT"


S = SequenceState

RUN_STATES = (S.RAMP, S.HEAT_BUFFER, S.HEAT_DHW, S.RECOOL)
"""States in which miners may be enabled."""

HEATING = (S.HEAT_BUFFER, S.HEAT_DHW, S.RECOOL)
STARTING = (S.PRECIRC, S.RAMP)
WAITING = (S.STANDBY, S.FROST)
EVERY = tuple(state for state in S)
