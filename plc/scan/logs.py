"""Logging that cannot hold up the scan: records go through a bounded queue to a thread that writes them.

Standard error of a service is a pipe. A supervisor that dies, or reads slowly, lets it fill up, and then a
single log line would stop the main thread for good. Here a full queue drops the line instead: the decision
log and the recorder have their own files, this is for people.
"""

from __future__ import annotations

import logging
import queue
import threading
from logging.handlers import QueueHandler, QueueListener

CAPACITY = 1000
FAREWELL_S = 0.5  # how long the last lines may take on the way out


class _DroppingHandler(QueueHandler):
    """Drops a record when the queue is full instead of reporting that on the stream that is stuck."""

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


class BackgroundLog:
    """The root logger, written by a daemon thread."""

    def __init__(self, level: int = logging.INFO) -> None:
        logging.raiseExceptions = False  # a closed pipe must not turn a log line into a traceback
        stream = logging.StreamHandler()
        stream.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        records: queue.Queue[logging.LogRecord] = queue.Queue(CAPACITY)
        self._listener = QueueListener(records, stream)
        root = logging.getLogger()
        root.handlers[:] = [_DroppingHandler(records)]
        root.setLevel(level)

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        """Writes what is queued, unless the stream takes longer than FAREWELL_S."""
        farewell = threading.Thread(target=self._listener.stop, name="log-end", daemon=True)
        farewell.start()
        farewell.join(FAREWELL_S)
