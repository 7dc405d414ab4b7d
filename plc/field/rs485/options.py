"""What the site says about one device on a bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """Facts of the site about one device.

    slave: address on the bus, 1..247. role: one of the device file's roles, "" = values only.
    miner: 1 or 2 for a meter that measures one miner.
    scale: accepted factor per group, written by a person after verification; 1 where nothing stands.
    reverse: values or groups whose sign is turned around (a meter wired backwards).
    choose: which value stands for a choice of the device file. report_only: checks without consequence.
    serial: commissioned serial number; another unit in its place is not believed.
    period_s: other poll periods, per block of the device file.
    fuse_w: main fuse of the house. rated_w: rated power where the unit does not tell it.
    """

    slave: int = 1
    role: str = ""
    miner: int = 0
    scale: Mapping[str, float] = field(default_factory=dict)
    reverse: tuple[str, ...] = ()
    choose: Mapping[str, str] = field(default_factory=dict)
    report_only: tuple[str, ...] = ()
    fuse_w: float = 25_000.0
    rated_w: float | None = None
    serial: str = ""
    period_s: Mapping[str, float] = field(default_factory=dict)
