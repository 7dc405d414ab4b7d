"""Everything a Modbus device on a long cable does wrong, switchable while it runs."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """What happens to an answer on its way."""

    SILENT = "no answer"
    CRC = "checksum wrong"
    LEADING = "garbage before the frame"
    TRAILING = "garbage after the frame"
    HALF = "frame ends in the middle"
    SHORT = "fewer registers than asked, checksum right"
    EXCEPTION = "exception answer"
    WRONG_ID = "answer of another slave"
    WRONG_FUNCTION = "another function code"
    LATE = "complete answer, after the time-out"
    SPLIT = "answer in two parts with a pause"
    ZEROS = "all registers zero"
    ONES = "all registers 0xFFFF"
    ECHO = "the request comes back before the answer"


@dataclass
class _Active:
    rate: float
    left: int | None  # answers still to spoil; None = until cleared
    amount: float


class Faults:
    """The faults that are on now. Thread-safe: tests and scenarios switch while the line thread serves."""

    def __init__(self, seed: int = 1) -> None:
        self._lock = threading.Lock()
        self._active: dict[Fault, _Active] = {}
        self._random = random.Random(seed)

    def set(self, fault: Fault, *, rate: float = 1.0, times: int | None = None, amount: float = 0.0) -> None:
        """Switches a fault on. amount: seconds for LATE and SPLIT, the code for EXCEPTION."""
        with self._lock:
            self._active[fault] = _Active(rate, times, amount)

    def clear(self, fault: Fault | None = None) -> None:
        """Switches one fault off, or all."""
        with self._lock:
            if fault is None:
                self._active.clear()
            else:
                self._active.pop(fault, None)

    def draw(self) -> tuple[Fault, float] | None:
        """The fault for this answer with its amount, or None."""
        with self._lock:
            for fault, active in list(self._active.items()):
                if self._random.random() >= active.rate:
                    continue
                if active.left is not None:
                    active.left -= 1
                    if active.left <= 0:
                        del self._active[fault]
                return fault, active.amount
        return None
