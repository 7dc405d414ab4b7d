"""How old a Modbus value may be, judged by the reader in the scan and never by the thread that reads.

Ages: Modbus reference, topic freshness. Three polls are good, and at least 6 s; from there 5 and 20 times as
long for stale and bad, which is 30 s and 120 s for everything that the energy rule reads.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S, Quality, Reading

HELD_NS = 6 * NS_PER_S
POLLS = 3
STALE_TIMES = 5
BAD_TIMES = 20


def held_after_ns(period_s: float) -> int:
    """From which age on a value with this poll period is only held."""
    return max(HELD_NS, round(POLLS * period_s * NS_PER_S))


def aged(reading: Reading, now_ns: int, held_ns: int = HELD_NS) -> Reading:
    """The reading as of now; the same object while nothing changes. held_ns: see `held_after_ns`."""
    age_ns = now_ns - reading.taken_ns
    if age_ns <= held_ns or reading.quality >= Quality.BAD:
        return reading
    by_age = Quality.HELD
    if age_ns > STALE_TIMES * held_ns:
        by_age = Quality.BAD if age_ns > BAD_TIMES * held_ns else Quality.STALE
    return reading if by_age <= reading.quality else reading._replace(quality=by_age)
