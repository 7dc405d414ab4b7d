"""Requested against metered power of the miners, over the parts of a run in which they had time to settle.

A miner ramps for minutes after a new target, so the two are compared only where the miner has been mining
at one and the same target for SETTLED_S of simulated time: the time after which the driver itself begins to
judge the consumption. Both figures are what the controller knows: its last written target, and the reading
of the miner's own meter as it came over the bus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plc.blocks.core import NS_PER_S
from plc.field.miner.settings import Limits

SETTLED_S = Limits().settle_s
USABLE = ("good", "held")


@dataclass
class _Miner:
    target_w: float | None = None
    since_ns: int = 0
    requested_w: list[float] = field(default_factory=list)
    metered_w: list[float] = field(default_factory=list)

    def add(self, now_ns: int, found: Mapping[str, Any]) -> None:
        target, metered = found["power_requested_w"]["value"], found["power_metered_w"]
        if found["state"] != "mining" or target is None or target != self.target_w:
            self.target_w = target if found["state"] == "mining" else None
            self.since_ns = now_ns
        elif now_ns - self.since_ns >= SETTLED_S * NS_PER_S and metered["quality"] in USABLE:
            self.requested_w.append(target)
            self.metered_w.append(metered["value"])


class Settled:
    """Collects from the status of the controller, one sample per status that is new."""

    def __init__(self) -> None:
        self._miners: list[_Miner] = []
        self._last_ns = -1

    def add(self, status: Mapping[str, Any]) -> None:
        """Takes a status; one that says nothing new or nothing about miners changes nothing."""
        now_ns = status.get("now_ns", -1)
        miners: Sequence[Mapping[str, Any]] = status.get("inputs", {}).get("miners", ())
        if now_ns == self._last_ns:
            return
        self._last_ns = now_ns
        self._miners += [_Miner() for _ in range(len(miners) - len(self._miners))]
        for miner, found in zip(self._miners, miners, strict=True):
            miner.add(now_ns, found)

    def figures(self) -> dict[str, Any]:
        """Means per miner and over both; null where a miner never settled."""
        miners = [_figures(miner) for miner in self._miners]
        known = [miner for miner in miners if miner["samples"]]
        return {
            "miners": miners,
            "miner_requested_w": _total(known, "requested_w"),
            "miner_metered_w": _total(known, "metered_w"),
            "miner_power_deviation_pct": max((miner["deviation_pct"] for miner in known), default=None),
        }


def _figures(miner: _Miner) -> dict[str, Any]:
    if not miner.requested_w:
        return {"samples": 0, "requested_w": None, "metered_w": None, "deviation_pct": None}
    requested = sum(miner.requested_w) / len(miner.requested_w)
    metered = sum(miner.metered_w) / len(miner.metered_w)
    return {
        "samples": len(miner.requested_w),
        "requested_w": round(requested, 1),
        "metered_w": round(metered, 1),
        "deviation_pct": round(100.0 * abs(metered - requested) / requested, 2),
    }


def _total(miners: Sequence[Mapping[str, Any]], name: str) -> float | None:
    return round(sum(miner[name] for miner in miners), 1) if miners else None
