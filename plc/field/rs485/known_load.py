"""A load that surely runs must be in what the inverter calls the load of the house.

The inverter computes its load from the grid value, so reversed clamps give a consistent and wrong picture
that no balance contradicts: with 6 kW of miners on the grid it shows a surplus of 6 kW. Contactors and miners
know better (Modbus reference, topic validation chain).
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S

KNOWN_LOAD = "known_load"  # its name beside the checks of a device file, for `report_only`
SHARE = 0.6  # of the known load that the house must show at least; estimates and ramps are in the rest
JUDGED_FROM_W = 1000.0
AFTER_NS = 60 * NS_PER_S
MESSAGE = (
    "the miners run and the load of the house does not show them: reversed clamps, the wrong grid register, "
    "or miners before the clamps? Verify with a load step; it is judged again while miners run"
)


class KnownLoad:
    """suspect_since_ns: since when the two contradict each other, after a minute of it.

    It ends only when a known load is found again: the suspicion itself may switch the miners off, and a
    surplus that comes back because nothing contradicts it any more would start them at once.
    """

    __slots__ = ("_missing_since_ns", "suspect_since_ns")

    def __init__(self) -> None:
        self._missing_since_ns: int | None = None
        self.suspect_since_ns: int | None = None

    def judge(self, load_w: float, known_w: float | None, now_ns: int) -> None:
        """known_w: what surely runs now; None when nobody knows."""
        if known_w is None or known_w < JUDGED_FROM_W:
            self._missing_since_ns = None
        elif load_w >= SHARE * known_w:
            self._missing_since_ns = self.suspect_since_ns = None
        elif self._missing_since_ns is None:
            self._missing_since_ns = now_ns
        elif now_ns - self._missing_since_ns >= AFTER_NS and self.suspect_since_ns is None:
            self.suspect_since_ns = now_ns
