"""The clock of a simulation, server side: time moves one scan period per request of the controller.

Protocol (client side: plc.scan.clock.TurnClock): the client sends b"T" when its outputs are in the
image; the answer is sent when the plant has moved and its inputs are there.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

from plc.exits import Exit, ExitError
from plc.plant.interface import WallTime
from plc.scan.clock import ANSWER, FLAG_END, FLAG_SYNCHRONISED, REQUEST


class Pacer:
    """Holds simulated time to at most `speed` times wall time; None = as fast as it goes.

    After a pause of the controller it does not hurry to catch up: lost wall time is lost.
    """

    def __init__(self, speed: float | None, period_s: float) -> None:
        self._wait_s = 0.0 if speed is None else period_s / speed
        self._due_s = 0.0

    def wait(self) -> None:
        """Waits until the next turn may begin."""
        if not self._wait_s:
            return
        now = time.monotonic()
        if now < self._due_s:
            time.sleep(self._due_s - now)
        else:
            self._due_s = now - min(now - self._due_s, 0.2) if self._due_s else now
        self._due_s += self._wait_s


class TurnServer:
    """Waits for one controller on a Unix socket and serves its turns.

    stop(): asked while waiting; the running turn is answered with the end flag.
    """

    POLL_S = 0.2

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            if not stat.S_ISSOCK(path.stat().st_mode):
                raise ExitError(Exit.USAGE, f"{path} exists and is not a socket")
            path.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        os.chmod(path, 0o600)
        self._listener.listen(1)
        self._peer: socket.socket | None = None

    def accept(self, stop: Callable[[], bool]) -> bool:
        """True when a controller has come."""
        while not stop():
            if select.select([self._listener], [], [], self.POLL_S)[0]:
                self._peer = self._listener.accept()[0]
                return True
        return False

    def request(self, stop: Callable[[], bool]) -> bool:
        """Waits for the next request; False when the controller has gone or nobody wants more."""
        assert self._peer is not None
        while not stop():
            if select.select([self._peer], [], [], self.POLL_S)[0]:
                try:
                    return self._peer.recv(1) == REQUEST
                except ConnectionResetError:
                    return False
        self._say_end()
        return False

    def answer(self, now_ns: int, wall: WallTime) -> bool:
        """Gives the controller its turn; False when it has gone."""
        flags = FLAG_SYNCHRONISED if wall.synchronised else 0
        return self._send(ANSWER.pack(now_ns, wall.unix_s, wall.utc_offset_s, flags))

    def _say_end(self) -> None:
        """Answers the request that is under way, or the next one, with the end."""
        assert self._peer is not None
        if select.select([self._peer], [], [], 1.0)[0] and self._peer.recv(1) == REQUEST:
            self._send(ANSWER.pack(0, 0, 0, FLAG_END))

    def end(self) -> None:
        """Ends the simulation after a request that has not been answered yet."""
        self._send(ANSWER.pack(0, 0, 0, FLAG_END))

    def _send(self, answer: bytes) -> bool:
        assert self._peer is not None
        try:
            self._peer.sendall(answer)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def close(self) -> None:
        """Closes the socket and takes its name away."""
        if self._peer is not None:
            self._peer.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)
