"""The thread behind every kept file."""

from __future__ import annotations

import threading

from plc.store.writer import PeriodicWriter


class Broken(PeriodicWriter):
    """Fails in its first two turns."""

    name = "broken"
    every_s = 0.001

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0
        self.went_on = threading.Event()

    def write(self) -> None:
        self.turns += 1
        if self.turns <= 2:
            raise KeyError("a field that somebody has renamed")
        self.went_on.set()


def test_a_fault_in_one_turn_costs_that_turn_and_is_said_once(caplog) -> None:
    writer = Broken()
    writer.start()
    assert writer.went_on.wait(10.0)
    writer.stop()
    assert writer.join(10.0)
    assert len([line for line in caplog.records if "nothing written" in line.getMessage()]) == 1


def test_one_that_was_never_started_has_ended() -> None:
    assert Broken().join(0.0)
