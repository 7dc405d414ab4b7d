"""Whether the modules still talk to us: a lost module is silent, its inputs freeze at the last value.

Sources, all from the RevPi reference, topic lost modules: the base module's status byte, the sum of
the modules' consecutive telegram errors (the driver counts it anew in every bridge cycle, so it is 0 on
a healthy bus and stays up while a module is gone), the modules' own status words, and the driver's
list of modules where it can be asked.
"""

from __future__ import annotations

from dataclasses import dataclass

RUNNING = 0x01
_CONFIGURATION_FAULTS = 0x0E  # extra module, missing module, wrong size or type
ERROR_COUNT_LIMIT = 10
"""Consecutive telegram errors that mean a lost module; single ones are ordinary on a bus."""

_AO_FAULTS = 0b1110_0100  # internal fault, supply low, supply high, time-out of the bridge
"""Output status bits with which an AIO holds its outputs at 0 or cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Health:
    """Judgement of one scan. Reasons are short words for the log and the live view; empty = fine."""

    bridge: tuple[str, ...] = ()
    dio: tuple[str, ...] = ()
    aio: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every reason."""
        return self.bridge + self.dio + self.aio


def bridge_faults(status: int, error_count: int) -> tuple[str, ...]:
    """Reasons why no module's input can be trusted."""
    if status & RUNNING and not status & _CONFIGURATION_FAULTS and error_count <= ERROR_COUNT_LIMIT:
        return ()
    reasons = []
    if not status & RUNNING:
        reasons.append("bridge not running")
    if status & 0x02:
        reasons.append("module without configuration")
    if status & 0x04:
        reasons.append("configured module missing")
    if status & 0x08:
        reasons.append("module of wrong size or type")
    if error_count > ERROR_COUNT_LIMIT:
        reasons.append(f"{error_count} telegram errors")
    return tuple(reasons)


def output_faults(name: str, status: int) -> tuple[str, ...]:
    """Reasons why an analogue output of an AIO does not do what it is told."""
    return (f"{name}: output status 0x{status:02x}",) if status & _AO_FAULTS else ()
