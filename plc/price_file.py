"""Spot prices from a file that some other program writes: looked at beside the scan, read when it changed.

The file is one more sender: its days take the way of the command `prices`, with the same checks, and are
merged with what came over MQTT; the last delivery counts, day by day. A file that cannot be used, or is
gone, takes nothing back: the last good prices hold until their day is over. Then they are missing (A-058) and
the tariff's fallback counts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from plc.energy.tariff import SpotPrices
from plc.exchange import Exchange
from plc.price_table import PriceTableError, days_of, end_of, message_of, read
from plc.scan.service import OneThread, Service
from plc.site import Site
from plc.site_economics import PriceSource

log = logging.getLogger(__name__)

EVERY_S = 1.0
DAY_S = 86_400
RESTLESS = 60
"""Looks in a row at a file that is another one each time, until that is said."""

DAYS = 2
"""Today and tomorrow: more is not kept, see the merge."""

Signature = tuple[int, int, int]


class PriceFile(OneThread):
    """Service (start, stop, join, health). path: of the file. zone: of the site, whose days have 92 or 100
    quarter hours twice a year.

    Without a synchronised clock nothing is handed over: whether a table is that of today cannot be told, and
    prices are not used then anyway.
    """

    name = "prices"

    def __init__(self, path: Path, zone: ZoneInfo, exchange: Exchange) -> None:
        super().__init__()
        self._path, self._zone, self._exchange = path, zone, exchange
        self._seen: Signature | None = None
        self._read: Signature | None = None
        self._days: tuple[SpotPrices, ...] = ()
        self._given: tuple[SpotPrices, ...] = ()
        self._unfit = ""  # why the file as it lies there was not taken
        self._fault = ""
        self._waits = True
        self._restless = 0

    def health(self) -> Mapping[str, object]:
        """ok: the file gives prices of today or later. fault: why not. until_unix_s: end of what it gave."""
        given = self._given
        return {
            "ok": not self._fault,
            "fault": self._fault,
            "file": str(self._path),
            "waits_for_clock": self._waits,
            "until_unix_s": end_of(given[-1]) if given else None,
        }

    def turn(self) -> None:
        """One look; the file is read when it has stood still between two looks."""
        now = self._signature()
        settled, self._seen = now == self._seen, now
        self._restless = 0 if settled else self._restless + 1
        if now is None:
            self._read, self._unfit = None, "there is no such file"
        elif self._restless >= RESTLESS:
            self._unfit = (
                "never stands still; write it when the prices change, beside, and move it into place"
            )
        elif settled and now != self._read:
            self._take(now)
        unused = self._hand_over()
        self._say(self._unfit or unused)

    def _take(self, now: Signature) -> None:
        """Everything in the file, or nothing of it."""
        try:
            days = days_of(read(self._path), self._zone)
        except OSError as error:
            self._unfit = f"cannot be read: {error.strerror or error}"
        except PriceTableError as error:
            self._unfit = str(error)
        else:
            if self._signature() != now:
                return  # written while it was read: the next look comes
            self._days, self._unfit = days, ""
        self._read = now

    def _hand_over(self) -> str:
        """Today and tomorrow, each once: what a newer message brought is not undone by an old file."""
        last = self._exchange.last.latest
        self._waits = last is None or not last.inputs.wall.synchronised
        if last is None or self._waits or not self._days:
            return ""
        now_s = last.inputs.wall.unix_s
        coming = tuple(day for day in self._days if end_of(day) > now_s)[:DAYS]
        if not coming or coming[0].start_unix_s > now_s + DAYS * DAY_S:
            self._given = ()
            return "no prices of today or tomorrow"
        for day in coming:
            if day not in self._given:
                self._exchange.deliver("prices", message_of(day))
                log.info("prices: %d quarter hours from %s", len(day.eur_per_kwh), self._path)
        self._given = coming
        return ""

    def _say(self, fault: str) -> None:
        """Once per fault, and once when it is mended."""
        if fault and fault != self._fault:
            log.warning("prices: %s: %s; what was delivered before stays in force", self._path, fault)
        elif self._fault and not fault:
            log.info("prices: %s is in order again", self._path)
        self._fault = fault

    def _signature(self) -> Signature | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _work(self) -> None:
        while True:
            try:
                self.turn()
            except Exception:
                log.exception("prices: %s", self._path)  # the next look may do better
            if self._stop.wait(EVERY_S):
                return


def price_services(site: Site, exchange: Exchange) -> list[Service]:
    """The watch over the file of a site that names one."""
    source: PriceSource | None = site.section("prices")
    if source is None:
        return []
    return [PriceFile(site.folder / source.file, ZoneInfo(site.timezone), exchange)]
