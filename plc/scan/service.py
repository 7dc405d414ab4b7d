"""What runs beside the scan: drivers, link, recorder, status. One contract, one way to start and to stop.

A service owns its threads, all daemons, and talks to the scan through mailboxes only. It may fail for ever
without stopping the scan: what it publishes grows old, and the plant decides what old means.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

log = logging.getLogger(__name__)

STOP_S = 2.0
"""Each service stops within this time (a line time-out and a broker's farewell fit); all of them together
must fit the supervisor's patience before it kills the process (5 s)."""


class Service(Protocol):
    """A thread, or several, with a name."""

    name: str

    def start(self) -> None:
        """Begins to work; returns at once."""
        ...

    def stop(self) -> None:
        """Asks to end; returns at once."""
        ...

    def join(self, seconds: float) -> bool:
        """Waits at most this long; True when it has ended."""
        ...

    def health(self) -> Mapping[str, object]:
        """How it is, as plain data; called from another thread, never waits."""
        ...


class OneThread:
    """Base of a service with one thread: start, stop and join. `_work` runs in it until `_stop` is set."""

    name = ""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self, seconds: float) -> bool:
        if self._thread.is_alive():  # one that was never started has nothing to end
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        raise NotImplementedError


class Services:
    """All services of the program, stopped together."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = list(services)

    def start(self) -> None:
        for service in self._services:
            service.start()

    def stop(self) -> None:
        """Asks all, then waits for all: the slowest one decides, not the sum. Last started ends first."""
        for service in reversed(self._services):
            try:
                service.stop()
            except Exception:  # one that cannot even be asked must not keep the others from ending
                log.exception("%s: stop failed", service.name)
        deadline = time.monotonic() + STOP_S
        for service in reversed(self._services):
            if not service.join(max(0.0, deadline - time.monotonic())):
                log.warning("%s did not end within %.0f s; leaving without it", service.name, STOP_S)

    def health(self) -> dict[str, Mapping[str, object]]:
        """Health of each service by its name."""
        return {service.name: service.health() for service in self._services}
