"""InfluxDB 1.x over HTTP: queries, and writing from a bounded buffer that survives its outage."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from typing import Any

BUFFER_LINES = 200_000  # about a day of one site; the oldest fall out
BATCH_LINES = 5_000
PATIENCE_S = 10.0


class Influx:
    """One database."""

    def __init__(self, url: str, database: str) -> None:
        self._url, self._database = url.rstrip("/"), database
        self._waiting: deque[str] = deque(maxlen=BUFFER_LINES)
        self.written = 0
        self.refused = 0
        self.problem = ""

    def query(self, text: str) -> list[dict[str, Any]]:
        """Results of an InfluxQL query. Raises OSError, ValueError with the database's own words."""
        data = urllib.parse.urlencode({"q": text, "db": self._database, "epoch": "s"}).encode()
        with urllib.request.urlopen(f"{self._url}/query", data=data, timeout=PATIENCE_S) as answer:
            results: list[dict[str, Any]] = json.loads(answer.read())["results"]
        for result in results:
            if "error" in result:
                raise ValueError(f"{result['error']}: {text}")
        return results

    def add(self, lines: list[str]) -> None:
        """Puts lines into the buffer."""
        self._waiting.extend(lines)

    def flush(self) -> bool:
        """Writes what is waiting; False when the database does not take it now."""
        while self._waiting:
            batch = [self._waiting[index] for index in range(min(BATCH_LINES, len(self._waiting)))]
            if not self._write(batch):
                return False
            for _ in batch:
                self._waiting.popleft()
        return True

    def _write(self, batch: list[str]) -> bool:
        where = urllib.parse.urlencode({"db": self._database, "precision": "ns"})
        request = urllib.request.Request(f"{self._url}/write?{where}", data="\n".join(batch).encode())
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S):
                pass
        except urllib.error.HTTPError as error:
            if error.code != 400:
                self.problem = f"database: {error}"
                return False
            # What it calls malformed will be so the next time, too: keep the rest.
            self.refused += 1
            self.problem = error.read(300).decode("utf-8", "replace")
        except OSError as error:
            self.problem = f"database: {error}"
            return False
        else:
            self.problem = ""
        self.written += len(batch)
        return True

    @property
    def waiting(self) -> int:
        return len(self._waiting)
