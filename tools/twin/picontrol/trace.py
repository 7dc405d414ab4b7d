"""What happened to the outputs and to the handles, in order, with monotonic time stamps.

Bounded: a soak of days must not eat the machine; the number of entries that were dropped is kept, so
that a reader can tell "nothing happened" from "no longer known".
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

KEPT = 100_000


class Trace:
    """A list of entries, oldest first. The driver calls it with its lock held."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=kept)
        self._next = 0

    def add(self, t_ns: int, event: str, **fields: Any) -> None:
        """`event` is one of the words in docs/reference/virtual-picontrol.md."""
        self._entries.append({"n": self._next, "t_ns": t_ns, "event": event, **fields})
        self._next += 1

    def clear(self) -> None:
        self._entries.clear()

    def __iter__(self) -> Any:
        return iter(self._entries)

    def dropped(self) -> int:
        return self._next - len(self._entries)

    def as_lines(self) -> bytes:
        return "".join(json.dumps(entry) + "\n" for entry in self._entries).encode()


def changes(offset: int, before: bytes, after: bytes | bytearray) -> list[list[int]]:
    """[address, old byte, new byte] for each byte that differs."""
    return [
        [offset + i, old, new] for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new
    ]
