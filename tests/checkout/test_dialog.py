"""The terminal of the check-out: what a person types, sees, and loses."""

from __future__ import annotations

import contextlib
import os
import pty
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plc.checkout.dialog import Console, Question, Quit

QUESTION = Question("horn/seen", "war die Hupe zu hören?", "p")


class Screen:
    """Console on a pseudo-terminal, and the person in front of it."""

    def __init__(self) -> None:
        self.person, inner = pty.openpty()
        self.stdin, self.stdout = os.fdopen(inner), os.fdopen(os.dup(inner), "w")
        self.console = Console()

    def types(self, text: str) -> None:
        os.write(self.person, text.encode())
        time.sleep(0.05)  # the line discipline of the kernel

    def shows(self) -> str:
        return os.read(self.person, 65536).decode()


@contextlib.contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """Inside the test: between fixture and test pytest puts its own streams back."""
    with monkeypatch.context() as patch:
        screen = Screen()
        patch.setattr(sys, "stdin", screen.stdin)
        patch.setattr(sys, "stdout", screen.stdout)
        patch.setenv("COLUMNS", "40")
        yield screen
    screen.stdin.close()
    screen.stdout.close()
    os.close(screen.person)


def test_what_was_typed_before_a_question_is_no_answer_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen:
        screen.types("\n\n\n")
        screen.console.ask(QUESTION)
        assert screen.console.poll() is None
        screen.types("p\n")
        assert screen.console.poll() == "p"


def test_a_live_value_never_wraps_into_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen:
        screen.console.live("t_buffer_bottom_degc = 35.3 °C (good), and more than fits in a narrow terminal")
        shown = screen.shows().replace(Console.CLEAR, "")
    assert 30 < len(shown) < 40
    assert "\n" not in shown


def test_nobody_there_ends_the_check_out_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:
        for stdin in (None, nothing):
            monkeypatch.setattr(sys, "stdin", stdin)
            with pytest.raises(Quit):
                Console().poll()


def test_a_terminal_that_has_gone_is_noticed_and_writing_does_not_fail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as lost, (tmp_path / "in").open("w+") as stdin:
        monkeypatch.setattr(sys, "stdout", lost)
        monkeypatch.setattr(sys, "stdin", stdin)
        console = Console()
        console.say("one")
        console.say("two")
        with pytest.raises(Quit):
            console.poll()
