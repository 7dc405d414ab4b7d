"""How the process starts to stop: signals, the supervisor's watchdog, and leaving without waiting.

A signal handler only sets a flag: it runs between two bytecodes of the scan, and anything more in it could
write an image that the scan then overwrites. The scan sees the flag within one period.

The process leaves through `os._exit`: exit hooks of libraries may block, and with an armed output watchdog
the open handle of a process that hangs in its exit hooks would keep old outputs for a watchdog period.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

from plc.blocks.core import NS_PER_S

log = logging.getLogger(__name__)


SWITCH_INTERVAL_S = 0.0002
"""How long a thread that computes may keep the interpreter from the scan, at its start and after every call
into the kernel. Python's own 5 ms is a quarter of the shortest useful period. Measured on a busy machine, the
99.9th percentile of the lateness: 1.1 ms with 1 ms, 0.3 ms with this. Threads that wait never use it up."""


class StopFlag:
    """Set by SIGTERM or SIGINT, read by the scan."""

    __slots__ = ("cause",)

    def __init__(self) -> None:
        self.cause = ""

    def __call__(self) -> bool:
        return self.cause != ""

    def install(self) -> None:
        """Catches both signals; a second one changes nothing, the scan is already on its way out."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._caught)

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        self.cause = self.cause or signal.Signals(number).name


class Supervisor:
    """Tells systemd how we are, without a library; does nothing when nobody listens.

    WATCHDOG=1 comes only from the scan after a good cycle. A thread of its own would keep a hung scan alive
    in the eyes of the supervisor, which is the one thing this watchdog must not do.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        env = dict(os.environ) if environment is None else environment
        self._address = env.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)  # a full queue of the supervisor must not delay the scan
        # A third of the time-out: two messages may get lost before the supervisor acts.
        self._every_ns = int(env.get("WATCHDOG_USEC") or 0) * 1000 // 3 or NS_PER_S
        self._next_ns = 0

    def ready(self, text: str) -> None:
        """The first scan is through."""
        self._send(f"READY=1\nSTATUS={text}")

    def good_cycle(self, now_ns: int) -> None:
        """A scan was read, stepped and written."""
        if self._socket is not None and now_ns >= self._next_ns:
            self._next_ns = now_ns + self._every_ns
            self._send("WATCHDOG=1")

    def stopping(self, text: str) -> None:
        """The last scan was; the safe image follows."""
        self._send(f"STOPPING=1\nSTATUS={text}")

    def _send(self, message: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(message.encode(), self._address)


def leave(code: int) -> NoReturn:
    """Ends the process now. Everything that must be on disk has been written by its owner before."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
