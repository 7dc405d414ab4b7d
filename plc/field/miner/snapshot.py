"""What a miner's driver publishes: one immutable object, the newest wins.

Readings carry the time of their answer; nobody here calls a value stale, because the scan does that and
a dead thread could not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plc.blocks.core import NEVER, Origin, Reading
from plc.field.miner.model import ErrorEntry
from plc.field.miner.observe import View
from plc.field.miner.session import Link
from plc.plant.interface import MinerInputs


@dataclass(frozen=True, slots=True)
class Write:
    """One thing that was written, and what became of it."""

    now_ns: int
    act: str
    watt: int
    reason: str
    result: str  # "ok" or the failure class


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """For people: link, MQTT attributes, live view, `report`. Nothing in the scan decides on it."""

    link: Link = Link.STARTING
    error: str = ""
    api_version: str = ""
    bos_version: str = ""
    model: str = ""
    serial: str = ""
    status: str = "unknown"
    status_raw: int = 0
    tuner: str = "unknown"
    waiting_for: str = ""  # why the wish is not reality yet: spacing, min_on, stagger ...
    levels_w: tuple[int, ...] = ()
    firmware_default_w: float | None = None
    firmware_min_w: float | None = None
    firmware_max_w: float | None = None
    writes_24h: int = 0
    writes_left: int = 0
    protection_writes: int = 0
    starts_24h: int = 0
    recovery: str = ""
    reboots: int = 0
    uptime_s: int | None = None
    drift: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    pools_enabled: int | None = None
    pools_alive: int | None = None
    new_errors: int = 0  # since start, by time stamp and text
    errors: tuple[ErrorEntry, ...] = ()  # the newest five of the history
    curve: str = ""  # whose efficiency curve counts, and why not the miner's own
    curves_refused: int = 0  # answers that were no curve, since start
    calls: tuple[tuple[str, int], ...] = ()
    logins: int = 0
    rebuilds: int = 0
    crashes: int = 0
    cycles: int = 0
    writes: tuple[Write, ...] = ()  # the last sixteen, oldest first


@dataclass(frozen=True, slots=True)
class MinerSnapshot:
    """inputs: what the scan works with. taken_ns: heartbeat of the thread, set with every cycle."""

    taken_ns: int = 0
    inputs: MinerInputs = field(default_factory=MinerInputs)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)


class Readings:
    """The readings of one miner. A value that an answer left out keeps its old time and ages."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._kept: dict[str, Reading] = {}

    def take(self, view: View) -> None:
        """Takes over what a view holds; a part that was not read again changes nothing."""
        stats, boards = view.stats, view.boards
        self._keep("active", view.active_w, view.tuner_ns)
        self._keep("saved", view.saved_w, view.configuration_ns)
        if stats is not None:
            self._keep("estimated", stats.estimated_w, view.stats_ns)
            self._keep("hashrate", stats.hashrate_ths, view.stats_ns)
        if boards is not None:
            self._keep("chip", boards.chip_degc, view.boards_ns)
            outlet = boards.board_degc if boards.outlet_degc is None else boards.outlet_degc
            self._keep("outlet", outlet, view.boards_ns)

    def range(self, low_w: int | None, high_w: int | None, taken_ns: int) -> None:
        """Lowest and highest level: firmware and site limits have been brought together."""
        self._keep("min", None if low_w is None else float(low_w), taken_ns)
        self._keep("max", None if high_w is None else float(high_w), taken_ns)

    def requested(self, watt: int | None, written_ns: int) -> None:
        self._keep("requested", None if watt is None else float(watt), written_ns)

    def get(self, name: str) -> Reading:
        return self._kept.get(name, NEVER)

    def _keep(self, name: str, value: float | None, taken_ns: int) -> None:
        if value is not None:
            self._kept[name] = Reading.good(value, taken_ns, self._origin)
