"""A thread that writes what waits every so often, and once more at its end.

The scan hands over and goes on; a disk that is full, slow or gone keeps only this thread waiting.
"""

from __future__ import annotations

import logging
import threading

log = logging.getLogger(__name__)


class PeriodicWriter:
    """Base of the services that keep files: start, stop and join as every service has them.

    A subclass gives `name` and `every_s`, and in `write` does its work; what it raises is logged, once until
    a write succeeds again, and costs this turn alone.
    """

    name = ""
    every_s = 1.0

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._raised = False
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def stop(self) -> None:
        """Asks to end; what waits is written on the way out."""
        self._ended.set()

    def join(self, seconds: float) -> bool:
        """True when the last write is done."""
        if self._thread.is_alive():  # one that was never started has nothing to end
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def write(self) -> None:
        """One turn, in this thread."""
        raise NotImplementedError

    def _run(self) -> None:
        while not self._ended.wait(self.every_s):
            self._turn()
        self._turn()

    def _turn(self) -> None:
        try:
            self.write()
            self._raised = False
        except Exception:
            if not self._raised:
                log.exception("%s: nothing written", self.name)
            self._raised = True
