"""The envelope of a command: what is refused before anybody looks at the command itself.

Pure: bytes, flags and times in, a command or a refusal out. Size before parsing, the retain flag before
everything, closed keys, a lifetime, each (source, id) once in ten minutes, a rate per command, a bounded
number of sources. Nothing of it needs to know what a command does.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

KEYS = frozenset({"id", "value", "ts", "ttl_s", "src", "reason"})
ID_MAX = 64
SOURCE_MAX = 32
REASON_MAX = 200
SIZE_MAX = 1024
DIGITS_MAX = 20
DATA_SIZE_MAX = 16384  # two days of quarter hours and some air
TTL_DEFAULT_S = 15.0
TTL_MAX_S = 86400.0
CLOCK_SKEW_S = 60.0
REMEMBERED_S = 600.0
REMEMBERED_MAX = 2000
PER_MINUTE = 30
SOURCES_MAX = 8


class Refusal(NamedTuple):
    """Why a command is not taken. code: of the closed list of results."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """A command out of its envelope. ttl_s: lifetime from receipt."""

    name: str
    value: Any
    id: str
    source: str
    ttl_s: float
    reason: str = ""


class Gate:
    """take(...) -> Request or Refusal. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._times: dict[str, deque[float]] = {}
        self._sources: dict[str, float] = {}
        self._made = 0

    def take(
        self,
        name: str,
        payload: bytes,
        *,
        retained: bool,
        now_s: float,
        unix_s: float | None,
        data: bool = False,
    ) -> tuple[Request | Refusal, str, str]:
        """Request or refusal, with id and source as far as they could be read.

        unix_s: wall clock, None when it is not synchronised: a time stamp is then not judged. data: a command
        that carries a table and may be larger.
        """
        if retained:
            return Refusal("rejected_retained", "a command must not be retained"), "", ""
        if len(payload) > (DATA_SIZE_MAX if data else SIZE_MAX):
            return Refusal("invalid", f"{len(payload)} bytes are too many"), "", ""
        if self._too_fast(name, now_s):
            return Refusal("busy", f"more than {PER_MINUTE} a minute"), "", ""
        try:
            content = json.loads(payload, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite)
        except (ValueError, RecursionError):
            return Refusal("invalid", "no JSON"), "", ""
        if not isinstance(content, dict):
            content = {"value": content}
        fault = _shape(content)
        identity = str(content.get("id", ""))[:ID_MAX]
        source = str(content.get("src", "mqtt"))[:SOURCE_MAX]
        if fault:
            return Refusal("invalid", fault), identity, source
        if not identity:
            self._made += 1
            identity = f"#{self._made}"
        request = Request(
            name,
            content.get("value"),
            identity,
            source,
            float(content.get("ttl_s", TTL_DEFAULT_S)),
            str(content.get("reason", "")),
        )
        return self._judge(request, content.get("ts"), now_s, unix_s), identity, source

    def _judge(self, request: Request, stamp: Any, now_s: float, unix_s: float | None) -> Request | Refusal:
        if not self._known_source(request.source, now_s):
            return Refusal("not_allowed", f"more than {SOURCES_MAX} sources in ten minutes")
        if self._repeated(request.source, request.id, now_s):
            return Refusal("duplicate", "this id was taken before")
        if stamp is not None and unix_s is not None:
            age_s = unix_s - seconds_of(stamp)
            if age_s > request.ttl_s:
                return Refusal("expired", f"{age_s:.0f} s old")
            if age_s < -CLOCK_SKEW_S:
                return Refusal("invalid", f"from {-age_s:.0f} s in the future")
        return request

    def _too_fast(self, name: str, now_s: float) -> bool:
        times = self._times.setdefault(name, deque(maxlen=PER_MINUTE))
        if len(times) == PER_MINUTE and now_s - times[0] < 60.0:
            return True
        times.append(now_s)
        return False

    def _known_source(self, source: str, now_s: float) -> bool:
        """Every source may hold a lease of its own: their number is bounded."""
        for old in [name for name, seen_s in self._sources.items() if now_s - seen_s > REMEMBERED_S]:
            del self._sources[old]
        if source not in self._sources and len(self._sources) >= SOURCES_MAX:
            return False
        self._sources[source] = now_s
        return True

    def _repeated(self, source: str, identity: str, now_s: float) -> bool:
        while self._seen:
            key, seen_s = next(iter(self._seen.items()))
            if now_s - seen_s <= REMEMBERED_S and len(self._seen) <= REMEMBERED_MAX:
                break
            del self._seen[key]
        if (source, identity) in self._seen:
            return True
        self._seen[(source, identity)] = now_s
        return False


def _shape(content: dict[str, Any]) -> str:
    """What is wrong with the keys of an envelope; "" when nothing is."""
    unknown = sorted(set(content) - KEYS)
    if unknown:
        return f"unknown key {unknown[0][:40]!r}; known are {', '.join(sorted(KEYS))}"
    if "value" not in content:
        return "no value"
    identity, source = content.get("id", ""), content.get("src", "mqtt")
    if not isinstance(identity, (str, int)) or isinstance(identity, bool) or len(str(identity)) > ID_MAX:
        return f"id: text of at most {ID_MAX} characters"
    if not isinstance(source, str) or not 0 < len(source) <= SOURCE_MAX or not _plain(source):
        return f"src: letters, digits, - and _, at most {SOURCE_MAX}"
    ttl = content.get("ttl_s", TTL_DEFAULT_S)
    if not _is_number(ttl) or not 0 < ttl <= TTL_MAX_S:
        return f"ttl_s: above 0 to {TTL_MAX_S:.0f}"
    reason = content.get("reason", "")
    if not isinstance(reason, str) or len(reason) > REASON_MAX:
        return f"reason: text of at most {REASON_MAX} characters"
    stamp = content.get("ts")
    if stamp is not None and seconds_of(stamp) < 0:
        return "ts: ISO 8601 with time zone, or seconds since 1970"
    return ""


def _plain(text: str) -> bool:
    return text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def seconds_of(stamp: Any) -> float:
    """Seconds since 1970 of a time stamp; -1 for one that is none."""
    if _is_number(stamp):
        return float(stamp) if 0 <= stamp < 1e11 else -1.0
    try:
        when = datetime.fromisoformat(str(stamp))
    except ValueError:
        return -1.0
    return when.timestamp() if when.tzinfo is not None else -1.0


def _whole(text: str) -> int:
    """JSON knows numbers of any length; one that no float can hold would be a fault wherever it is used."""
    if len(text) > DIGITS_MAX:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:DIGITS_MAX]} is beyond all numbers")
    return value


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number")
