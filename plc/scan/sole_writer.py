"""One program scans one process image: waiting for the lock on the image itself.

The lock is taken on the opened image and not on a file beside it, so that it holds whatever state directory,
user or supervisor the other instance has, and ends with its process however that dies. It must be held
before the access library is connected: that writes to the outputs while it is constructed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

LOG_EVERY_S = 60.0
RETRY_S = 0.5


def become_sole_writer(
    try_lock: Callable[[], bool],
    image: str,
    stop_requested: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Waits until no other instance holds the image; False when asked to stop before that.

    It waits instead of leaving: a supervisor that zeroes the outputs on a non-zero exit would zero the
    plant that the other instance runs, and one that restarts would do so again and again.
    """
    waited_s, next_log_s = 0.0, 0.0
    while not try_lock():
        if stop_requested():
            return False
        if waited_s >= next_log_s:
            next_log_s = waited_s + LOG_EVERY_S
            log.warning("%s is scanned by another instance: waiting, outputs untouched", image)
        sleep(RETRY_S)
        waited_s += RETRY_S
    return True
