"""Talking to the person at the cabinet, without ever keeping the cycle waiting.

The check-out asks, goes on scanning, and looks for an answer once per cycle. A scripted operator takes the
place of the console in tests.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
import termios
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
    """The terminal that the program was started on.

    Writing never fails: a terminal that has gone is noticed by `poll`, which ends the check-out in order.
    """

    CLEAR = "\r\x1b[K"

    def __init__(self) -> None:
        self._rest = b""
        self._shown = ""
        self._gone = False

    def say(self, text: str) -> None:
        self._write((self.CLEAR if self._shown else "") + text + "\n")
        self._shown = ""

    def live(self, text: str) -> None:
        """On a terminal only: a file would grow without end. Never wider than it: it would scroll."""
        if text != self._shown and sys.stdout.isatty():
            self._write(self.CLEAR + text[: shutil.get_terminal_size().columns - 1])
            self._shown = text

    def ask(self, question: Question) -> None:
        self._forget_what_was_typed()
        self.say(f"{question.text}  [{question.choices}]")

    def poll(self) -> str | None:
        if self._gone or sys.stdin is None:
            raise Quit
        descriptor = sys.stdin.fileno()
        if select.select([descriptor], [], [], 0.0)[0]:
            try:
                chunk = os.read(descriptor, 4096)
            except OSError:  # a terminal that was hung up
                chunk = b""
            if not chunk:
                raise Quit  # the connection of the person is gone
            self._rest += chunk
        if b"\n" not in self._rest:
            return None
        line, self._rest = self._rest.split(b"\n", 1)
        self._shown = ""
        return line.decode("utf-8", "replace").strip()

    def _forget_what_was_typed(self) -> None:
        """An Enter too many is no answer to a question that nobody had seen yet: it may close a contactor."""
        if sys.stdin is not None and sys.stdin.isatty():
            self._rest = b""
            with contextlib.suppress(termios.error):
                termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            self._gone = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is buffered goes there
