"""What a value looks like on the wire: one scalar as text, readable without a parser.

Unknown is `None`: Home Assistant makes exactly that "unknown", while an empty payload would delete the
retained message and `nan` or a word would be an error in every consumer of numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Value = float | bool | str | None

NOTHING = "None"
TEXT_MAX = 255
"""Home Assistant cuts a state at 255 characters; so do we, with a sign that something is missing."""


def text_of(value: Value, decimals: int = 0) -> str:
    """A scalar as text: dot decimal, no exponent, no `nan`, `inf` or `-0`."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # An empty payload on a retained topic would delete it: no text is a dash.
        clean = " ".join(value.split()) or "-"
        return clean if len(clean) <= TEXT_MAX else clean[: TEXT_MAX - 3] + "..."
    if not math.isfinite(value):
        return NOTHING
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0.0 else text


def json_of(data: Mapping[str, Any]) -> str:
    """One JSON object in one line."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def iso(unix_s: float) -> str:
    """ISO 8601 in UTC, with seconds."""
    return datetime.fromtimestamp(int(unix_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
