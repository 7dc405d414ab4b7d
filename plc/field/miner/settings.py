"""Settings of one miner's driver, as the site file states them.

Defaults of the limits: miner reference, topic power-target change (everything written to a miner obeys
it) and topics internet outage, temperatures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar

from plc.blocks.param import Ordered, Param
from plc.field.miner.model import Cooling


class Tls(StrEnum):
    """Transport. The firmware knows only plain text; TLS needs a proxy in front of the miner."""

    OFF = "off"
    CA = "ca"


@dataclass(frozen=True, slots=True)
class Limits:
    """How often and how fast a miner may be written to. Never remote: this is wear and protection."""

    poll_s: Annotated[float, Param("s", 2, 30, "time between two polls")] = 5.0
    down_spacing_s: Annotated[float, Param("s", 60, 3600, "after a target write, before a lower one")] = 180.0
    up_spacing_s: Annotated[float, Param("s", 60, 3600, "after a target write, before a higher one")] = 300.0
    confirm_down_s: Annotated[
        float, Param("s", 0, 1800, "less power wanted for, before it is lowered: clouds pass")
    ] = 300.0
    protection_spacing_s: Annotated[float, Param("s", 10, 300, "between two protective reductions")] = 60.0
    pause_below: Annotated[float, Param("", 0.5, 1, "pause below this share of the lowest level")] = 0.85
    min_on_s: Annotated[float, Param("s", 300, 7200, "mining at least, protection excepted")] = 1200.0
    min_off_s: Annotated[float, Param("s", 60, 7200, "paused at least")] = 600.0
    stagger_s: Annotated[float, Param("s", 10, 600, "between the starts of two miners")] = 60.0
    starts_soft: Annotated[int, Param("1/d", 1, 24, "starts in 24 h that are worth a message")] = 6
    starts_hard: Annotated[int, Param("1/d", 1, 48, "starts in 24 h")] = 12
    writes_per_day: Annotated[int, Param("1/d", 8, 96, "target writes in 24 h, protection excepted")] = 24
    writes_kept: Annotated[int, Param("1/d", 1, 12, "of them kept for going down and for parking")] = 6
    settle_s: Annotated[float, Param("s", 60, 1800, "consumption is not judged after a write for")] = 300.0
    off_target_s: Annotated[float, Param("s", 600, 7200, "consumption off the target for: message")] = 1800.0
    deferred_s: Annotated[float, Param("s", 10, 600, "after the firmware put a write off")] = 60.0
    repeat_s: Annotated[float, Param("s", 10, 120, "before a pause or resume is repeated")] = 20.0
    pause_repeats: Annotated[int, Param("", 1, 10, "repeats of a pause before the contactor is asked")] = 3
    recover_s: Annotated[float, Param("s", 120, 1800, "between two steps of the recovery ladder")] = 300.0
    restart_every_s: Annotated[float, Param("s", 3600, 86400, "between two restarts of the process")] = 3600.0
    reboot_every_s: Annotated[float, Param("s", 86400, 604800, "between two reboots")] = 86400.0
    no_work_s: Annotated[float, Param("s", 60, 1800, "all pools dead for: no work, no heat")] = 300.0
    idle_w: Annotated[float, Param("W", 20, 300, "below this a miner counts as stopped")] = 100.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("starts_soft", "starts_hard"), 0.0, "a message before the limit"),
        Ordered(("writes_kept", "writes_per_day"), 1.0, "something must be left for going up"),
    )


@dataclass(frozen=True, slots=True)
class MinerSettings:
    """One miner of the site file."""

    host: Annotated[str, Param("", None, None, "IP address, fixed; no name")]
    secret: Annotated[str, Param("", None, None, "file with the password (mode 0600) or credential:NAME")]
    port: Annotated[int, Param("", 1, 65535, "gRPC port")] = 50051
    user: Annotated[str, Param("", None, None, "account of the miner")] = "root"
    tls: Annotated[Tls, Param("", None, None, "off, or ca with a proxy in front of the miner")] = Tls.OFF
    ca_file: Annotated[str, Param("", None, None, "PEM file for tls: ca")] = ""
    cooling: Annotated[
        Cooling, Param("", None, None, "cooling mode the miner must have", source="commissioning")
    ] = Cooling.IMMERSION
    power_min_w: Annotated[
        float, Param("W", 500, 3000, "lowest target of this site", source="commissioning")
    ] = 900.0
    power_max_w: Annotated[
        float, Param("W", 900, 3300, "highest target: circuit, supply and oil loop", source="commissioning")
    ] = 3300.0
    levels_w: Annotated[
        tuple[int, ...], Param("W", None, None, "the few power levels; empty = five, evenly spaced")
    ] = ()
    limits: Limits = field(default_factory=Limits)

    RULES: ClassVar[tuple[Ordered, ...]] = (Ordered(("power_min_w", "power_max_w"), 0.0, "a working range"),)

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
