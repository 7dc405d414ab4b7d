"""What status.json says: the last scan and the health of everything beside it, as plain data.

Composed in the status thread from what the scan left in its mailboxes; costs the scan nothing.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from plc import __version__
from plc.blocks.core import NS_PER_S, Reading
from plc.exchange import Exchange, Scanned
from plc.scan.statistics import ScanStatistics


def plain(value: Any, now_ns: int) -> Any:
    """Any input or output of the plant as plain data; a reading keeps its quality and gets its age."""
    if isinstance(value, Reading):
        return {
            "value": value.value,
            "quality": value.quality.name.lower(),
            "origin": value.origin.name.lower(),
            "age_s": round(value.age_ns(now_ns) / NS_PER_S, 3) if value.value is not None else None,
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), now_ns) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(item, now_ns) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, (tuple, list)):
        return [plain(item, now_ns) for item in value]
    return value


class SelfReport:
    """Composes the status; call it outside the scan.

    facts: what does not change while the program runs (site id, simulated or not, image path ...).
    """

    def __init__(
        self,
        exchange: Exchange,
        statistics: ScanStatistics,
        services: Callable[[], Mapping[str, Any]],
        facts: Mapping[str, Any],
    ) -> None:
        self._exchange = exchange
        self._statistics = statistics
        self._services = services
        self._head = {
            **facts,
            "version": __version__,
            "pid": os.getpid(),
            "started_unix_s": round(time.time(), 3),
        }

    def brief(self) -> dict[str, Any]:
        """What the program measures about itself, without the plant: scan, threads, buses, connections."""
        return {
            **self._head,
            "scan": self._statistics.report(),
            "states_visited": list(self._exchange.states_visited),
            "services": self._services(),
        }

    def __call__(self) -> dict[str, Any]:
        status = self.brief()
        last = self._exchange.last.latest
        return {**status, **_of_scan(last)} if last is not None else status


def _of_scan(last: Scanned) -> dict[str, Any]:
    now_ns = last.tick.now_ns
    outputs = last.outputs
    status = plain(outputs.status, now_ns)
    # Pairs in the record, a mapping for the reader.
    for pairs in ("blocked_by", "first_out", "protected_by", "values"):
        status[pairs] = dict(status[pairs])
    return {
        "now_ns": now_ns,
        "state": outputs.status.state,
        "mode": outputs.status.mode,
        "status": status,
        "inputs": plain(last.inputs, now_ns),
        "outputs": plain(outputs.image, now_ns),
        "wishes": plain(outputs.miners, now_ns),
    }
