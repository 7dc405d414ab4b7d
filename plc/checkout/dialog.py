"""Talking to the person at the cabinet, without ever keeping the cycle waiting.

The check-out asks, goes on scanning, and looks for an answer once per cycle. A scripted operator takes the
place of the console in tests.
"""

from __future__ import annotations

import os
import select
import sys
from dataclasses import dataclass
from typing import Protocol


class Quit(Exception):  # noqa: N818 - an answer, not an error
    """The person wants to stop; everything done so far is in the protocol."""


@dataclass(frozen=True, slots=True)
class Question:
    """key: stable name of the question, `estop1_ok/press`. choices: what may be answered, for the prompt."""

    key: str
    text: str
    choices: str


class Terminal(Protocol):
    """Where questions appear and answers come from."""

    def say(self, text: str) -> None:
        """Shows text."""
        ...

    def live(self, text: str) -> None:
        """Shows a value that changes all the time, in place."""
        ...

    def ask(self, question: Question) -> None:
        """Shows a question; the answer comes from `poll`."""
        ...

    def poll(self) -> str | None:
        """A complete answer, or None while there is none. Never waits. Raises Quit when nobody is there."""
        ...


class Console:
    """The terminal that the program was started on."""

    WIDTH = 100

    def __init__(self) -> None:
        self._rest = b""
        self._shown = ""

    def say(self, text: str) -> None:
        self._clear()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def live(self, text: str) -> None:
        """On a terminal only: a file would grow without end."""
        if sys.stdout.isatty() and text != self._shown:
            sys.stdout.write("\r" + text[: self.WIDTH].ljust(self.WIDTH))
            sys.stdout.flush()
            self._shown = text

    def ask(self, question: Question) -> None:
        self.say(f"{question.text}  [{question.choices}]")

    def poll(self) -> str | None:
        descriptor = sys.stdin.fileno()
        if select.select([descriptor], [], [], 0.0)[0]:
            chunk = os.read(descriptor, 4096)
            if not chunk:
                raise Quit  # the connection of the person is gone
            self._rest += chunk
        if b"\n" not in self._rest:
            return None
        line, self._rest = self._rest.split(b"\n", 1)
        self._shown = ""
        return line.decode("utf-8", "replace").strip()

    def _clear(self) -> None:
        if self._shown:
            sys.stdout.write("\r" + " " * self.WIDTH + "\r")
            self._shown = ""
