"""Proof test of watchdog relay K12: does it really drop the contactors when the heartbeat stops?

At most once a day, at a planned stop, with the miners already paused below 100 W: the heartbeat is withheld
with the enables still on; the contactor feedback has to drop within the relay's time. If it does not, the
last line against a hung program is broken: alarm, and no restart. Design, topic owner's comfort and care.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_MS, NS_PER_S, Block, Tick
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters

DAY_NS = 86400 * NS_PER_S
GRACE_NS = NS_PER_S


class ProofTest(Block):
    """The test.

    step(tick, facts, may_test=, acknowledge=) -> True while the heartbeat is withheld, enables on.
    may_test: a planned stop, every enabled miner is idle and known to be below its idle power.
    Outputs: running, passed (count), writes k12_failed into the facts.
    """

    __slots__ = ("_drop_ns", "_due_ns", "_present", "_run_ns", "failed", "passed", "running")

    STATE = ("_due_ns", "_run_ns", "failed", "passed", "running")

    def __init__(self, parameters: Parameters) -> None:
        self._present = parameters.scan.watchdog_relay
        self._drop_ns = parameters.scan.watchdog_relay_drop_ms * NS_PER_MS + GRACE_NS
        self._due_ns = 0  # the first planned stop after a start is tested
        self._run_ns = 0
        self.running = False
        self.failed = False
        self.passed = 0

    def step(self, tick: Tick, f: Facts, *, may_test: bool, acknowledge: bool) -> bool:
        if acknowledge and f.miners_stopped:
            self.failed = False
        self._due_ns = max(0, self._due_ns - tick.dt_ns)
        if not self.running:
            self.running = (
                self._present and may_test and self._due_ns == 0 and f.contactor_closed and not f.hard_trip
            )
            self._run_ns = 0
        else:
            self._run_ns += tick.dt_ns
            if not f.contactor_closed:
                self._end()
                self.passed += 1
            elif self._run_ns >= self._drop_ns:
                self._end()
                self.failed = True
        f.k12_failed = self.failed
        return self.running

    def _end(self) -> None:
        self.running = False
        self._due_ns = DAY_NS
