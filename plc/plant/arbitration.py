"""Who may decide what: commands from outside become leases, never states.

Order of precedence: hardware safety, protection, key switch and local manual operation, grid operator, remote
request, automatic. A lower level only chooses inside what the higher ones leave; the higher ones are
interlocks and trips, so this module cannot overrule them, it only prepares wishes. Every lease ends by
itself, and the automatic returns without a jump. Plant reference, topic priority and arbitration.
"""

from __future__ import annotations

from collections.abc import Callable

from plc.blocks.core import Block, State, Tick, ns
from plc.plant.facts import Facts
from plc.plant.interface import Command, CommandResult
from plc.plant.parameters import Parameters
from plc.plant.season import Season

HAND_ACTUATORS = ("p3", "p4", "p5", "cooler", "rv1", "rv2")
"""What a person may move. Never the miners' enables, the heat pump block or the heartbeat."""

HAND_STATES = ("on", "off", "auto")
BLOCK_WISHES = ("block", "free", "auto")
"""What may be asked about the heat pump: block it, keep it free whatever the automatic wants, no wish."""

SHELVE_MAX_S = 86400.0
SEASON_MAX_H = 8784.0
"""A year; the site allows less. A number without any bound would end the scan as it is converted."""


class Arbitration(Block):
    """Takes the commands of a scan and keeps the leases.

    step(tick, commands, facts, automatic_w=, block_refusal=) writes request_w, block_* and hand_* into the
    facts. Outputs of the scan: results, acknowledge (ids, "" = all), shelve, season (chosen, seconds).
    Memory: leases of power and of the heat pump per source, remote_off, hand per actuator.

    Leases of several sources: the most restrictive wins, for the heat pump that is `free`. Without one, the
    automatic counts. block_refusal says why a block would not be granted now: a wish that cannot be granted
    when it comes is refused and not kept, so that no block begins long after the sender was told no.
    """

    __slots__ = (
        "_free_left_ns",
        "_p",
        "_remote_off_left_ns",
        "_remote_off_until_ns",
        "_resumed_free",
        "_resumed_off_ns",
        "acknowledge",
        "block_source",
        "blocks",
        "hand",
        "hand_count",
        "leases",
        "results",
        "season",
        "shelve",
        "source",
    )

    STATE = (
        "_free_left_ns",
        "_remote_off_left_ns",
        "_remote_off_until_ns",
        "_resumed_free",
        "_resumed_off_ns",
        "block_source",
        "blocks",
        "hand",
        "hand_count",
        "leases",
        "source",
    )

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self.leases: dict[str, list[float]] = {}  # source -> [watts, expires_ns]
        self.blocks: dict[str, list[object]] = {}  # source -> ["block" or "free", expires_ns]
        self.block_source = ""  # whose wish about the heat pump counts
        self.hand: dict[str, list[object]] = {}  # actuator -> [state, expires_ns, owner, reason]
        self.hand_count = 0
        self._remote_off_until_ns = -1
        self._remote_off_left_ns = 0
        self._resumed_off_ns = 0
        self._free_left_ns = 0
        self._resumed_free = ""  # whose it is, until the first scan
        self.source = "automatic"
        self.results: list[CommandResult] = []
        self.acknowledge: tuple[str, ...] = ()
        self.shelve: tuple[tuple[str, float], ...] = ()
        self.season: tuple[str, float] | None = None

    def step(
        self,
        tick: Tick,
        commands: tuple[Command, ...],
        f: Facts,
        *,
        automatic_w: float,
        block_refusal: Callable[[Facts], str],
    ) -> None:
        if self.results:
            self.results = []
        self.acknowledge = ()
        self.shelve = ()
        self.season = None
        if self._resumed_off_ns:
            self._remote_off_until_ns = tick.now_ns + self._resumed_off_ns
            self._resumed_off_ns = 0
        if self._resumed_free:
            self.blocks[self._resumed_free] = ["free", tick.now_ns + self._free_left_ns]
            self._resumed_free = ""
        for command in commands:
            self._take(tick, command, f, block_refusal)
        if self.leases or self.hand or self.blocks:
            self._expire(tick)
        self.source = "automatic"
        f.request_w = automatic_w
        for source, (watts, _) in self.leases.items():
            if self.source == "automatic" or watts < f.request_w:
                f.request_w, self.source = watts, source
        self._remote_off_left_ns = max(0, self._remote_off_until_ns - tick.now_ns)
        self._write_block(f)
        free = [_until(entry) for entry in self.blocks.values() if entry[0] == "free"]
        self._free_left_ns = max(free) - tick.now_ns if free else 0
        self._write_hand(f)

    def retained(self) -> State:
        """What forbids outlives a restart with the time it had left: an OFF from afar, the wish to keep the
        heat pump free. It must not end because a process died. What asks for something has to be fresh.
        """
        return {
            "remote_off_ns": self._remote_off_left_ns,
            "block_free": [self.block_source, self._free_left_ns] if self._free_left_ns else [],
            "hand_count": self.hand_count,
        }

    def retain(self, data: State) -> None:
        longest_ns = ns(self._p.fallback.request_ttl_s)
        if data.get("block_free"):
            self._resumed_free = str(data["block_free"][0])
            self._free_left_ns = min(longest_ns, max(0, int(data["block_free"][1])))
        self._resumed_off_ns = min(longest_ns, max(0, int(data.get("remote_off_ns", 0))))
        self._remote_off_left_ns = self._resumed_off_ns
        self.hand_count = int(data["hand_count"])

    def remote_off(self, tick: Tick) -> bool:
        return tick.now_ns < self._remote_off_until_ns

    def forget_off(self) -> None:
        """Somebody turned the key at the cabinet: from there on that counts, not an older word from afar."""
        self._remote_off_until_ns = -1

    def drop(self) -> None:
        """Forgets what asks for something: after a hard trip only a fresh request counts."""
        self.leases = {}
        self.blocks = {source: entry for source, entry in self.blocks.items() if entry[0] == "free"}

    def _expire(self, tick: Tick) -> None:
        now = tick.now_ns
        for source in [name for name, (_, until) in self.leases.items() if until <= now]:
            del self.leases[source]
        for source in [name for name, entry in self.blocks.items() if _until(entry) <= now]:
            del self.blocks[source]
        for actuator in [name for name, entry in self.hand.items() if _until(entry) <= now]:
            del self.hand[actuator]

    def _write_block(self, f: Facts) -> None:
        """A wish to keep the heat pump free beats every wish to block it, whoever came first."""
        if not self.blocks:
            f.block_vetoed = f.block_requested = False
            self.block_source = ""
            return
        wishes = {str(entry[0]): source for source, entry in self.blocks.items()}
        f.block_vetoed = "free" in wishes
        f.block_requested = "block" in wishes and not f.block_vetoed
        self.block_source = wishes.get("free") or wishes.get("block", "")

    def _write_hand(self, f: Facts) -> None:
        if not self.hand and not f.hand_active:
            return  # nothing by hand, and nothing was in the scan before
        f.hand_active = bool(self.hand)
        for actuator in HAND_ACTUATORS:
            entry = self.hand.get(actuator)
            setattr(f, f"hand_{actuator}", str(entry[0]) if entry else "")

    def _take(self, tick: Tick, command: Command, f: Facts, block_refusal: Callable[[Facts], str]) -> None:
        if command.name == "parameter":
            return  # taken and answered at the top of the scan, by the changes of the plant
        if command.expired(tick.now_ns):
            self._answer(command, "expired")
            return
        match command.name:
            case "power_request":
                self._answer(command, *self._power(tick, command, f))
            case "hp_block_request":
                self._answer(command, *self._block(tick, command, f, block_refusal))
            case "mode_request":
                self._answer(command, *self._mode(tick, command, f))
            case "ack":
                self._answer(command, *self._ack(command.value))
            case "shelve":
                self._answer(command, *self._shelve_command(command.value))
            case "season":
                self._answer(command, *self._season(command.value))
            case "hand":
                self._answer(command, *self._hand(tick, command, f))
            case _:
                self._answer(command, "invalid", "unknown command")

    def _answer(self, command: Command, code: str, reason: str = "") -> None:
        self.results.append(command.answer(code, reason))

    def _until_ns(self, tick: Tick, command: Command, longest_s: float) -> int:
        longest = tick.now_ns + ns(longest_s)
        return longest if command.expires_ns is None else min(command.expires_ns, longest)

    def _power(self, tick: Tick, command: Command, f: Facts) -> tuple[str, str]:
        watts = command.value
        if isinstance(watts, bool) or not isinstance(watts, (int, float)) or not 0 <= watts <= 1e5:
            return "invalid", "power in watts expected"
        if not f.auto and not f.key_auto:
            return "mode", "key switch is not at AUTO"
        until = self._until_ns(tick, command, self._p.fallback.request_ttl_s)
        self.leases[command.source] = [float(watts), until]
        return "applied", ""

    def _block(
        self, tick: Tick, command: Command, f: Facts, block_refusal: Callable[[Facts], str]
    ) -> tuple[str, str]:
        wish, p = command.value, self._p.hp_block
        if wish not in BLOCK_WISHES:
            return "invalid", "block, free or auto expected"
        self.blocks.pop(command.source, None)  # a new wish replaces the old one, also when it is refused
        self._write_block(f)
        if wish == "block":
            if not (p.permitted and p.by_request):
                return "not_allowed", "this site does not block the heat pump on request"
            if not f.auto:
                return "mode", "not automatic"
            reason = block_refusal(f)
            if reason:
                return "interlock", reason
        if wish != "auto":
            until = self._until_ns(tick, command, self._p.fallback.request_ttl_s)
            self.blocks[command.source] = [wish, until]
        return "applied", ""

    def _mode(self, tick: Tick, command: Command, f: Facts) -> tuple[str, str]:
        if command.value not in ("off", "auto"):
            return "invalid", "off or auto expected"
        if not f.key_auto:
            return "mode", "key switch is not at AUTO"
        until = self._until_ns(tick, command, self._p.fallback.request_ttl_s)
        self._remote_off_until_ns = until if command.value == "off" else -1
        return "applied", ""

    def _ack(self, value: object) -> tuple[str, str]:
        name = value if isinstance(value, str) else ""
        self.acknowledge = (*self.acknowledge, "" if name in ("", "all") else name)
        return "applied", ""

    def _shelve_command(self, value: object) -> tuple[str, str]:
        if not isinstance(value, dict) or not isinstance(value.get("alarm"), str):
            return "invalid", "alarm and hours expected"
        hours = value.get("hours", 1.0)
        if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 <= hours <= 24:
            return "invalid", "0 to 24 hours"
        self.shelve = (*self.shelve, (value["alarm"], min(float(hours) * 3600.0, SHELVE_MAX_S)))
        return "applied", ""

    def _season(self, value: object) -> tuple[str, str]:
        if not isinstance(value, dict) or value.get("season") not in (*list(Season), "auto"):
            return "invalid", "season and hours expected"
        hours = value.get("hours", 24.0)
        if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 < hours <= SEASON_MAX_H:
            return "invalid", f"hours above 0 to {SEASON_MAX_H:.0f} expected"
        season = str(value["season"])
        self.season = ("", 0.0) if season == "auto" else (season, float(hours) * 3600.0)
        return "applied", ""

    def _hand(self, tick: Tick, command: Command, f: Facts) -> tuple[str, str]:
        value = command.value
        if (
            not isinstance(value, dict)
            or value.get("actuator") not in HAND_ACTUATORS
            or value.get("state") not in HAND_STATES
        ):
            return "invalid", "actuator and state expected"
        if not (f.key_maint or (f.key_auto and self._p.fallback.remote_hand)):
            return "not_allowed", "manual operation needs the key at maintenance"
        actuator = str(value["actuator"])
        if value["state"] == "auto":
            self.hand.pop(actuator, None)
            return "applied", ""
        if command.expires_ns is None or not command.reason:
            return "invalid", "manual operation needs an end and a reason"
        until = self._until_ns(tick, command, self._p.fallback.hand_max_s)
        self.hand[actuator] = [str(value["state"]), until, command.source, command.reason]
        self.hand_count += 1
        return "applied", ""


def _until(entry: list[object]) -> int:
    until = entry[1]
    return until if isinstance(until, int) else 0
