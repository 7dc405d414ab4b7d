"""A load that surely runs must be in what the inverter calls the load of the house.

The inverter computes its load from the grid value, so reversed clamps give a consistent and wrong picture
that no balance contradicts: with 6 kW of miners on the grid it shows a surplus of 6 kW. Contactors and miners
know better (Modbus reference, topic validation chain).
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S

KNOWN_LOAD = "known_load"  # its name beside the checks of a device file, for `report_only`
SHARE = 0.6  # of the known load that the house must show at least; estimates and ramps are in the rest
IMPOSSIBLE_SHARE = -0.1  # of it: miners before the clamps make the load small, reversed clamps turn it around
JUDGED_FROM_W = 1000.0
AFTER_NS = 60 * NS_PER_S
GAP_NS = 15 * NS_PER_S  # two looks further apart than this say nothing about the time between them
MESSAGE = (
    "the miners run and the load of the house does not show them: reversed clamps, the wrong grid register, "
    "miners before the clamps, or solar power behind them that this inverter does not see? Verify with a "
    "load step; it is judged again while miners run"
)


class KnownLoad:
    """missing: the load has not held the miners for a minute; a person should look why, and nothing else
    follows, because a house may be wired so. suspect_since_ns: since when it has been far below zero
    beside running miners for a minute, which no such house can show.

    Both end only when the known load is found again: the suspicion itself may switch the miners off, and a
    surplus that comes back because nothing contradicts it any more would start them at once.
    """

    __slots__ = ("_below_since_ns", "_judged_ns", "_negative_since_ns", "missing", "suspect_since_ns")

    def __init__(self) -> None:
        self._below_since_ns: int | None = None
        self._negative_since_ns: int | None = None
        self._judged_ns = 0
        self.missing = False
        self.suspect_since_ns: int | None = None

    def judge(self, load_w: float, known_w: float | None, now_ns: int) -> None:
        """known_w: what surely runs now; None when nobody knows."""
        if now_ns - self._judged_ns > GAP_NS:
            self._below_since_ns = self._negative_since_ns = None
        self._judged_ns = now_ns
        if known_w is None or known_w < JUDGED_FROM_W:
            self._below_since_ns = self._negative_since_ns = None
            return
        if load_w >= SHARE * known_w:
            self.missing, self.suspect_since_ns = False, None
        self._below_since_ns = _since(self._below_since_ns, load_w < SHARE * known_w, now_ns)
        negative = load_w < IMPOSSIBLE_SHARE * known_w
        self._negative_since_ns = _since(self._negative_since_ns, negative, now_ns)
        self.missing = self.missing or _long(self._below_since_ns, now_ns)
        if self.suspect_since_ns is None and _long(self._negative_since_ns, now_ns):
            self.suspect_since_ns = now_ns


def _since(since_ns: int | None, holds: bool, now_ns: int) -> int | None:
    if not holds:
        return None
    return now_ns if since_ns is None else since_ns


def _long(since_ns: int | None, now_ns: int) -> bool:
    return since_ns is not None and now_ns - since_ns >= AFTER_NS
