"""Messages that are said once: events and signs of life."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from plc.link.payload import iso, json_of
from plc.link.publish import Message
from plc.plant.interface import Event


def event_message(root: str, event: Event, unix_s: float) -> Message:
    """An event in the shape of Home Assistant's event entity; alarms share one topic."""
    kind = "alarm" if event.subject.startswith("A-") else event.subject
    content = {
        "event_type": event.code,
        "ts": iso(unix_s),
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        **dict(event.values),
    }
    return Message(f"{root}/event/{kind}", json_of(content), retain=False)


def heartbeat_message(root: str, boot: str, number: int, unix_s: float, scan: Mapping[str, Any]) -> Message:
    """The sign of life, with the figures of the scan that somebody far away looks at first."""
    period_ms = scan.get("period_ms") or 0.0
    longest_us = scan.get("execution", {}).get("last_1000", {}).get("max_us") or 0.0
    content = {
        "ts": iso(unix_s),
        "seq": number,
        "cycle_ms": period_ms,
        "cycle_max_ms": round(longest_us / 1000.0, 3),
        "overruns": scan.get("lost_cycles"),
        "uptime_s": round(scan.get("scans", 0) * period_ms / 1000.0),
        "boot": boot,
    }
    return Message(f"{root}/heartbeat", json_of(content), retain=False, qos=0)


def report_message(root: str, unix_s: float, report: Mapping[str, Any]) -> Message:
    """What the program measures about itself, retained: it is looked at when something has gone wrong."""
    return Message(f"{root}/report", json_of({"ts": iso(unix_s), **_finite(report)}))


def _finite(value: Any) -> Any:
    """Plain data in which every number is one that JSON has; anything else becomes its text."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
