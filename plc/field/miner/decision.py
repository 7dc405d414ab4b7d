"""What may be done to a miner at all, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """The only things that are ever written."""

    NONE = "none"
    PAUSE = "pause"
    RESUME = "resume"
    TARGET = "target"
    RESTART = "restart"
    REBOOT = "reboot"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now. reason: why it is done, or what it waits for."""

    act: Act
    reason: str
    watt: int = 0
    protection: bool = False
    rung: bool = False  # a step of the recovery ladder


def nothing(reason: str) -> Decision:
    """Agreement, or waiting for `reason`."""
    return Decision(Act.NONE, reason)
