"""One program scans one process image: a lock on the image itself.

The lock is taken on the image file, not on a file beside it, so that it holds whatever state directory,
user or supervisor the other instance has, and ends with its process however that dies. It must be held
before the image is opened for the scan: the access library writes to the outputs while it is constructed.

The handle is opened for reading only: it never feeds an output watchdog and can never write.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

LOG_EVERY_S = 60.0
RETRY_S = 0.5


class SoleWriter:
    """An exclusive lock on a process image; holds until the process ends."""

    def __init__(self, path: str) -> None:
        """Raises OSError when the image cannot be opened."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def try_lock(self) -> bool:
        """True when this process is now the only writer."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self, stop_requested: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> bool:
        """Waits until the other writer has gone; False when asked to stop before that.

        It waits instead of leaving: a supervisor that zeroes the outputs on a non-zero exit would zero the
        plant that the other instance runs, and one that restarts would do so again and again.
        """
        waited_s, next_log_s = 0.0, 0.0
        while not self.try_lock():
            if stop_requested():
                return False
            if waited_s >= next_log_s:
                next_log_s = waited_s + LOG_EVERY_S
                log.warning("%s is scanned by another instance: waiting, outputs untouched", self.path)
            sleep(RETRY_S)
            waited_s += RETRY_S
        return True

    def release(self) -> None:
        """Gives the image free; closing twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
