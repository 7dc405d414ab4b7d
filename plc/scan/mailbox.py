"""A single slot between two threads: the latest value wins, nobody waits.

Publishing and reading are one attribute assignment and one attribute read, each atomic in CPython. There is
no queue on purpose: a driver that hangs for a minute must not work through a minute of old wishes, and the
scan must not either. What is put in must be immutable, because both sides keep looking at it.

A Mailbox does not wake anybody up and does not tell whether a value was seen: a reader that must not act
twice on the same value compares identity with what it saw last.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot; `latest` is what was put in last."""

    __slots__ = ("latest",)

    def __init__(self, initial: T) -> None:
        self.latest = initial

    def put(self, value: T) -> None:
        """Replaces whatever is in the slot."""
        self.latest = value
