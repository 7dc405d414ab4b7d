"""Where the scan gets its time from: the machine's monotonic clock, or a virtual plant in turns.

Nothing below `scan` asks a clock; the loop asks this one, once per scan, and hands the answer down as a
`Tick`. Background threads take poll periods, ages and write limits from the same object, so that an hour
of virtual time is an hour for them too.

What it does not do: keep the calendar right. Whether the wall clock may be believed is reported, and the
plant decides what an unsynchronised calendar means.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from plc.blocks.core import NS_PER_S, ns
from plc.plant.interface import WallTime

UtcOffset = Callable[[int], int]
"""Local time minus UTC in seconds, at a moment given as unix time (daylight saving included)."""


class Turn(NamedTuple):
    """The start of one scan.

    now_ns:  time of this scan.
    late_ns: how long after its deadline the scan really began, >= 0; 0 on a clock without deadlines.
    lost:    periods that passed without a scan and are skipped.
    """

    now_ns: int
    late_ns: int
    lost: int


class Clock(Protocol):
    """Time for the scan and for the threads beside it."""

    period_ns: int

    def now_ns(self) -> int:
        """Monotonic time now; may be called from any thread."""
        ...

    def wall(self) -> WallTime:
        """The calendar now, and whether it may be believed."""
        ...

    def next_turn(self) -> Turn | None:
        """Waits for the next period; None when the source of time has ended and the scan shall stop."""
        ...

    def slack_ns(self) -> int:
        """Time left before the next scan is due."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Waits in clock time; True when the event was set, False when the time passed."""
        ...


class MonotonicClock:
    """Absolute deadlines on the monotonic clock of the machine.

    A deadline is the one before plus a period, never "now plus a period": the scan does not drift. Periods
    that passed are counted and skipped, never caught up in a burst, because a burst would run integrators
    and ramps on hardware that has not moved in between.
    """

    def __init__(
        self,
        period_ns: int,
        utc_offset: UtcOffset = lambda unix_s: time.localtime(unix_s).tm_gmtoff,
        *,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.period_ns = period_ns
        self._now_ns = now_ns
        self._sleep = sleep
        self._deadline_ns: int | None = None
        self._calendar = Calendar(utc_offset)

    def now_ns(self) -> int:
        return self._now_ns()

    def wall(self) -> WallTime:
        return self._calendar.read(self._now_ns())

    def slack_ns(self) -> int:
        if self._deadline_ns is None:
            return 0
        return max(0, self._deadline_ns + self.period_ns - self._now_ns())

    def next_turn(self) -> Turn:
        now = self._now_ns()
        if self._deadline_ns is None:
            self._deadline_ns = now
            return Turn(now, 0, 0)
        deadline = self._deadline_ns + self.period_ns
        while now < deadline:
            self._sleep((deadline - now) / NS_PER_S)
            now = self._now_ns()
        late = now - deadline
        lost = late // self.period_ns
        self._deadline_ns = deadline + lost * self.period_ns
        return Turn(now, late, lost)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds))


class Calendar:
    """Wall-clock time from the machine, read again only when the second may have changed."""

    RECHECK_NS = 10 * NS_PER_S  # how long "synchronised" is believed before the kernel is asked again

    def __init__(self, utc_offset: UtcOffset) -> None:
        self._utc_offset = utc_offset
        self._last = WallTime()
        self._synchronised = False
        self._checked_ns: int | None = None

    def read(self, now_ns: int) -> WallTime:
        """The calendar; one small object per second, none in the scans between."""
        if self._checked_ns is None or now_ns - self._checked_ns >= self.RECHECK_NS:
            self._checked_ns = now_ns
            self._synchronised = kernel_clock_synchronised()
        unix_s = int(time.time())
        if unix_s != self._last.unix_s or self._synchronised != self._last.synchronised:
            self._last = WallTime(unix_s, self._utc_offset(unix_s), self._synchronised)
        return self._last


class _Timex(ctypes.Structure):
    """Enough of the kernel's `struct timex` for a call that changes nothing; the rest is padding."""

    _fields_ = [("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 252)]


_TIME_ERROR = 5  # adjtimex: clock not synchronised
_TIMESYNC_MARK = "/run/systemd/timesync/synchronized"


def kernel_clock_synchronised() -> bool:
    """Whether a time service disciplines the clock of this machine; False also where nobody can tell.

    A RevPi has no battery-backed calendar worth trusting after a power cut: until the time service has
    set the clock, schedules and tariffs must not act on it.
    """
    try:
        state = int(_libc.adjtimex(ctypes.byref(_Timex())))
    except (OSError, AttributeError):
        state = -1
    if state < 0:  # a hardened service may not even ask; the time service leaves a mark for that case
        return os.path.exists(_TIMESYNC_MARK)
    return state < _TIME_ERROR


_libc = ctypes.CDLL(None, use_errno=True)

ANSWER = struct.Struct("<qqiI")  # now_ns, unix_s, utc_offset_s, flags
REQUEST = b"T"
FLAG_SYNCHRONISED = 1
FLAG_END = 2


class TurnClock:
    """Time served by a virtual plant over a Unix socket, one period per request.

    The request says "my outputs of the last turn are in the image"; the answer says "my inputs are, and
    this is the time". Plant and controller therefore alternate, and a simulated day gives the same result
    on a slow machine as on a fast one. A closed socket is the end of the simulation, not a fault.
    """

    POLL_S = 0.25  # how often a turn that does not come looks whether the scan shall stop

    def __init__(self, path: str, period_ns: int, stop_requested: Callable[[], bool] = bool) -> None:
        self.period_ns = period_ns
        self._stop_requested = stop_requested
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._socket.settimeout(self.POLL_S)
        self._now_ns = 0
        self._wall = WallTime()
        self._waiting = threading.Condition()
        self._wake_ns: dict[int, int] = {}  # one entry per waiting thread
        self._earliest_ns: int | None = None

    def now_ns(self) -> int:
        return self._now_ns

    def wall(self) -> WallTime:
        return self._wall

    def slack_ns(self) -> int:
        return self.period_ns  # nothing is due before we ask for it

    def next_turn(self) -> Turn | None:
        answer = self._exchange()
        if answer is None:
            return None
        now_ns, unix_s, utc_offset_s, flags = ANSWER.unpack(answer)
        if flags & FLAG_END:
            return None
        synchronised = bool(flags & FLAG_SYNCHRONISED)
        if (unix_s, utc_offset_s, synchronised) != (
            self._wall.unix_s,
            self._wall.utc_offset_s,
            self._wall.synchronised,
        ):
            self._wall = WallTime(unix_s, utc_offset_s, synchronised)
        self._now_ns = now_ns
        self._wake()
        return Turn(now_ns, 0, 0)

    def _exchange(self) -> bytes | None:
        try:
            self._socket.sendall(REQUEST)
            answer = b""
            while len(answer) < ANSWER.size:
                try:
                    part = self._socket.recv(ANSWER.size - len(answer))
                except TimeoutError:
                    if self._stop_requested():
                        return None
                    continue
                if not part:
                    return None
                answer += part
        except (BrokenPipeError, ConnectionResetError):
            return None
        return answer

    def wait(self, event: threading.Event, seconds: float) -> bool:
        due_ns = self._now_ns + ns(max(0.0, seconds))
        me = threading.get_ident()
        with self._waiting:
            self._wake_ns[me] = due_ns
            self._earliest_ns = min(self._wake_ns.values())
            try:
                while not event.is_set() and self._now_ns < due_ns:
                    # Bounded, because nothing tells this condition that the event was set.
                    self._waiting.wait(0.05)
            finally:
                del self._wake_ns[me]
                self._earliest_ns = min(self._wake_ns.values(), default=None)
        return event.is_set()

    def _wake(self) -> None:
        """Tells waiting threads that their time has come; touches no lock in the turns between."""
        earliest = self._earliest_ns
        if earliest is not None and self._now_ns >= earliest:
            with self._waiting:
                self._waiting.notify_all()

    def close(self) -> None:
        """Ends the simulation on the other side, too."""
        self._socket.close()
