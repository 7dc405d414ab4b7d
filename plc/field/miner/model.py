"""Our own words for what a miner says and takes; nothing of the generated code leaves `api`.

A field that the firmware left out is None, never 0: an absent temperature is not a cold board.
Numbers that a newer firmware invents arrive as `raw` and as UNKNOWN; nothing here raises on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol


class Status(StrEnum):
    """Status of the mining process. The interface does not document the meaning; see `as_state`."""

    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"
    NORMAL = "normal"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    RESTRICTED = "restricted"


class Tuner(StrEnum):
    """State of the tuner; STABLE and CONTINUOUS both mean settled."""

    UNKNOWN = "unknown"
    DISABLED = "disabled"
    STABLE = "stable"
    TUNING = "tuning"
    ERROR = "error"
    CONTINUOUS = "continuous"
    PREHEAT = "preheat"


class Cooling(StrEnum):
    """Configured cooling. Read only: a wrong mode is an alarm, never a write."""

    UNKNOWN = "unknown"
    AUTO = "auto"
    MANUAL = "manual"
    DISABLED = "disabled"
    IMMERSION = "immersion"
    HYDRO = "hydro"


RUNNING = frozenset({Status.NORMAL, Status.RESTRICTED})
"""Hashing as far as the firmware says; not a proof of heat."""


@dataclass(frozen=True, slots=True)
class Version:
    """Version of the gRPC interface (not of the firmware, not of the REST interface)."""

    major: int
    minor: int
    patch: int
    pre: str = ""

    @property
    def supported(self) -> bool:
        """1.0.0 is the first with PerformanceService and a pollable status; a pre-release is not it."""
        return self.major == 1 and not self.pre

    def at_least(self, major: int, minor: int) -> bool:
        return (self.major, self.minor) >= (major, minor)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.pre}" if self.pre else "")


@dataclass(frozen=True, slots=True)
class Token:
    """What Login gave. Never printed: it is as good as the password."""

    text: str
    timeout_s: int | None = None

    def __repr__(self) -> str:
        return "Token(***)"


@dataclass(frozen=True, slots=True)
class Details:
    """GetMinerDetails. process_uptime_s 0: the mining process does not run."""

    status: Status
    status_raw: int
    process_uptime_s: int
    system_uptime_s: int
    model: str = ""
    bos_version: str = ""
    serial: str = ""
    sticker_ths: float | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """GetMinerStats: hashrates in TH/s, the firmware's own estimate of its consumption in W."""

    hashrate_ths: float | None
    hashrate_5m_ths: float | None
    nominal_ths: float | None
    estimated_w: float | None


@dataclass(frozen=True, slots=True)
class TunerView:
    """GetTunerState. active_w: the power target in force; None in hashrate mode or when left out."""

    state: Tuner
    state_raw: int
    active_w: float | None


@dataclass(frozen=True, slots=True)
class Constraints:
    """GetConstraints: what the firmware would accept, W and degC."""

    default_w: float | None
    min_w: float | None
    max_w: float | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """GetMinerConfiguration: saved_w is the target that a re-powered miner starts with."""

    saved_w: float | None
    power_mode: bool | None
    cooling: Cooling
    hot_degc: float | None = None
    dangerous_degc: float | None = None
    target_degc: float | None = None
    dps_enabled: bool | None = None
    dps_shutdown: bool | None = None


@dataclass(frozen=True, slots=True)
class Boards:
    """GetHashboards and GetCoolingState: hottest valid values in degC, number of boards."""

    count: int
    with_sensor: int
    board_degc: float | None
    outlet_degc: float | None
    chip_degc: float | None


@dataclass(frozen=True, slots=True)
class Pools:
    """GetPoolGroups: enabled pools and how many of them answer."""

    enabled: int
    alive: int


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One line of the miner's error history (not of what is wrong now)."""

    timestamp: str
    message: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EfficiencyPoint:
    """One point of the efficiency curve, ascending by target."""

    target_w: float
    consumption_w: float | None
    hashrate_ths: float | None


class Failure(Enum):
    """Why a call failed, in the classes that ask for different reactions."""

    TIMEOUT = "timeout"  # hung process, half-open link, slow firmware
    UNREACHABLE = "unreachable"  # refused, reset, no route, booting
    AUTH = "auth"  # token or password refused
    UNIMPLEMENTED = "unimplemented"
    INVALID = "invalid"  # the value is out of the firmware's range
    DEFERRED = "deferred"  # the firmware regulates by itself just now
    FAULT = "fault"  # an answer, but an error or not decodable
    CLOSED = "closed"  # we closed the channel ourselves


class ApiError(Exception):
    """A call that did not succeed. `details` is the miner's own text, shortened."""

    def __init__(self, failure: Failure, method: str, details: str = "") -> None:
        super().__init__(f"{method}: {failure.value}" + (f" ({details})" if details else ""))
        self.failure, self.method, self.details = failure, method, details


class MinerApi(Protocol):
    """All that this program can ask of a miner. Every call ends within its deadline or raises ApiError."""

    def version(self) -> Version: ...
    def login(self, user: str, password: str) -> Token: ...
    def use_token(self, token: Token | None) -> None: ...
    def details(self) -> Details: ...
    def stats(self) -> Stats: ...
    def tuner(self) -> TunerView: ...
    def constraints(self) -> Constraints: ...
    def configuration(self) -> Configuration: ...
    def boards(self) -> Boards: ...
    def pools(self) -> Pools: ...
    def errors(self) -> tuple[ErrorEntry, ...]: ...
    def efficiency(self) -> tuple[EfficiencyPoint, ...]: ...
    def pause(self, deadline_s: float | None = None) -> None: ...
    def resume(self) -> None: ...
    def set_power_target(self, watt: int) -> None: ...
    def restart(self) -> None: ...
    def reboot(self) -> None: ...

    def cut(self) -> None:
        """Ends the call in flight at once, from any thread, and refuses calls until `rebuild`."""

    def rebuild(self) -> None:
        """Drops the connection; the next call opens a new one."""

    def close(self) -> None:
        """Gives everything back."""
