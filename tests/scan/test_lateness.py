"""Why a scan was late: the judgement as a table, the cost of a real thread, and what is kept."""

from __future__ import annotations

import threading
import time

import pytest

from plc.blocks.core import NS_PER_MS
from plc.scan.clock import Turn
from plc.scan.lateness import Cause, Cost, LateScans, ThreadCost, cause_of

SWITCH_NS = 200_000
LATE_NS = 40 * NS_PER_MS
QUICK = tuple(part * NS_PER_MS for part in (0.1, 0.3, 0.1, 0.2, 0.1))


def parts(name: str = "", took_ms: int = 0) -> list[int]:
    found = [round(part) for part in QUICK]
    if name:
        found[("read", "logic", "write", "handover", "garbage").index(name)] = took_ms * NS_PER_MS
    return found


def cost(cpu_ms: float = 1.0, waited_ms: float = 0.0, gave_up: int = 1) -> Cost:
    return Cost(round(cpu_ms * NS_PER_MS), round(waited_ms * NS_PER_MS), gave_up)


@pytest.mark.parametrize(
    ("parts_ns", "spent", "expected"),
    [
        (parts("logic", 60), cost(cpu_ms=60), Cause.LOGIC),
        (parts("garbage", 60), cost(cpu_ms=60), Cause.GARBAGE),
        (parts("handover", 60), cost(cpu_ms=60), Cause.HANDOVER),
        (parts("read", 60), cost(gave_up=2), Cause.READ),  # it slept in the driver
        (parts("write", 60), cost(gave_up=2), Cause.WRITE),
        (parts("write", 60), cost(gave_up=1), Cause.MACHINE),  # it neither computed nor slept
        (parts("logic", 60), cost(gave_up=3), Cause.MACHINE),  # logic waits for nothing
        (parts(), cost(waited_ms=35), Cause.CORE),
        (parts("logic", 60), cost(waited_ms=35), Cause.CORE),
        (parts(), cost(gave_up=150), Cause.LOCK),
        (parts(), cost(), Cause.MACHINE),
    ],
)
def test_what_explains_half_of_the_delay_is_the_cause(
    parts_ns: list[int], spent: Cost, expected: Cause
) -> None:
    assert cause_of(LATE_NS, parts_ns, spent, SWITCH_NS) is expected


def test_a_thread_that_computes_and_sleeps_shows_both() -> None:
    measure = ThreadCost()
    before = measure()
    until = before.cpu_ns + 5 * NS_PER_MS
    while time.thread_time_ns() < until:
        pass
    time.sleep(0.001)
    time.sleep(0.001)
    spent = measure().since(before)
    assert spent.cpu_ns >= 5 * NS_PER_MS
    assert spent.gave_up >= 2
    assert spent.waited_ns >= 0


def test_waiting_for_the_interpreter_lock_counts_as_giving_up_the_core() -> None:
    """A long call that keeps the lock in another thread: here the wait is seen, whatever the machine does."""
    gate, found = threading.Event(), list(range(1_500_000))
    found.reverse()

    def keep_the_lock() -> None:
        gate.wait()
        hash(tuple(found))  # one call of the interpreter, no place to hand the lock over

    thread = threading.Thread(target=keep_the_lock)
    thread.start()
    measure, most = ThreadCost(), 0
    before = measure()
    gate.set()
    while thread.is_alive():
        time.sleep(0.0005)
        now = measure()
        most, before = max(most, now.since(before).gave_up), now
    thread.join()
    assert most > 1


class Costs(ThreadCost):
    """A thread whose cost the test decides."""

    def __init__(self) -> None:
        super().__init__()
        self.total = Cost(0, 0, 0)

    def __call__(self) -> Cost:
        return self.total

    def spend(self, more: Cost) -> None:
        self.total = Cost(
            self.total.cpu_ns + more.cpu_ns,
            self.total.waited_ns + more.waited_ns,
            self.total.gave_up + more.gave_up,
        )


def test_lost_cycles_are_counted_by_cause_and_the_last_ones_are_named() -> None:
    costs = Costs()
    late = LateScans(20 * NS_PER_MS, SWITCH_NS, costs)
    now_ns = 0
    for turn_late_ms, lost, spent in (
        (0, 0, cost()),
        (0, 0, cost()),
        (45, 2, cost(waited_ms=44)),
        (25, 1, cost()),
    ):
        costs.spend(spent)
        now_ns += 20 * NS_PER_MS + turn_late_ms * NS_PER_MS
        late.began(Turn(now_ns, turn_late_ms * NS_PER_MS, lost), parts())
    report = late.report()
    assert report["lost_by_cause"] == {"core_taken": 2, "machine_stopped": 1}
    assert report["last_cause"] == "machine_stopped"
    assert [(item["late_ms"], item["lost"], item["cause"]) for item in report["last_late"]] == [
        (45.0, 2, "core_taken"),
        (25.0, 1, "machine_stopped"),
    ]


def test_memory_stays_bounded_however_bad_the_machine_is() -> None:
    late = LateScans(20 * NS_PER_MS, SWITCH_NS, Costs())
    for turn in range(10 * LateScans.KEPT):
        late.began(Turn(turn * 40 * NS_PER_MS, 20 * NS_PER_MS, 1), parts())
    assert len(late.report()["last_late"]) == LateScans.KEPT
    assert sum(late.lost.values()) == 10 * LateScans.KEPT - 1  # nothing to compare the first one with
