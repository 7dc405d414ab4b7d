"""What is wrong with a file, as data: the reader decides what to do, nobody throws at the first fault.

A person who repairs a site folder wants all faults at once, each with the place, what stands there,
what may stand there and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in one file.

    file: path as the person gave it. line: counted from 1; 0 where a file has no lines to point at.
    found, allowed: short phrases without a full stop. next_step: an instruction.
    """

    file: str
    line: int
    found: str
    allowed: str
    next_step: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: found {self.found}; allowed: {self.allowed}; next: {self.next_step}"

    def as_dict(self) -> dict[str, object]:
        """For the machine-readable answer of a command."""
        return {
            "file": self.file,
            "line": self.line,
            "found": self.found,
            "allowed": self.allowed,
            "next_step": self.next_step,
        }


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "flow_ok"?` for the nearest known word, or nothing when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Without duplicates, by file and line: the order in which a person repairs them."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line)))
