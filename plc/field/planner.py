"""The planner's host: asks its process every quarter hour and publishes what comes back in time.

A service like every driver: one daemon thread, latest wins, never in the way of the scan. The process is
started with exec, never forked into our threads' memory. Dead, late or talking nonsense: the plan in use
runs out by itself, the rule in the scan goes on without one, and the process is started again, ever more
rarely.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from plc.blocks.core import NS_PER_S
from plc.energy.plan_problem import Problem, to_plain
from plc.energy.plan_values import PlanValues, from_plain

log = logging.getLogger(__name__)

EVERY_S = 900.0
SILENT_AFTER_S = 2 * EVERY_S + 60.0
"""Without a new plan for so long nobody optimises any more; what it takes to fail once and to try again."""

ASK_AGAIN_S = 30.0  # nothing to ask yet: no clock, no measurements
ANSWER_WITHIN_S = 120.0  # wall time, for a process that gets what nobody else wants; 10 s of CPU are allowed
BACK_OFF_S = (5.0, 30.0, 300.0, 1800.0)
GIVEN_UP = 3
"""Failures in a row that are no accident any more: from here on the next try is minutes away."""

LOOK_S = 0.25
ANSWER_BYTES = 1 << 20
ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-P", "-m", "plc.field.planner_main")
"""-P: the working directory of a RevPi holds the last upload, which may be another program than this one."""


class Clock(Protocol):
    """Where periods come from."""

    def now_ns(self) -> int:
        """Monotonic time."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Waits in this time; True when the event was set."""


class Question(NamedTuple):
    """A problem with what its answer needs to be understood."""

    problem: Problem
    made_unix_s: int
    base_degc: float
    kwh_per_k: float


class NoPlanError(Exception):
    """The process did not give a plan; the text says why."""


class Process:
    """The planner's process behind its two pipes."""

    def __init__(self, command: tuple[str, ...] = COMMAND, within_s: float | None = None) -> None:
        """within_s: how long an answer may take, None = ANSWER_WITHIN_S."""
        self._command, self._within_s = command, within_s
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0
        self.cpu_s = 0.0

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None else None

    def ask(self, question: Question, stop: threading.Event) -> PlanValues:
        """One plan. Raises NoPlanError; the process is ended then, so the next question meets a fresh one."""
        try:
            return self._ask(question, stop)
        except (OSError, TypeError, ValueError, KeyError) as error:
            self.end()
            raise NoPlanError(f"{type(error).__name__}: {error}") from error
        except NoPlanError:
            self.end()
            raise

    def _ask(self, question: Question, stop: threading.Event) -> PlanValues:
        process = self._running()
        self._number += 1
        asked = {
            "id": self._number,
            "made_unix_s": question.made_unix_s,
            "base_degc": question.base_degc,
            "kwh_per_k": question.kwh_per_k,
            "problem": to_plain(question.problem),
        }
        assert process.stdin is not None
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(self._line(process, stop))
        if answer["id"] != self._number:
            raise NoPlanError(f"answer {answer['id']} to question {self._number}")
        if "error" in answer:
            raise NoPlanError(str(answer["error"]))
        self.cpu_s = float(answer["cpu_s"])
        return from_plain(answer["plan"])

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT)},  # the same program, wherever we were started
            )
        return self._process

    def _line(self, process: subprocess.Popen[bytes], stop: threading.Event) -> bytes:
        assert process.stdout is not None
        handle = process.stdout.fileno()
        within_s = self._within_s or ANSWER_WITHIN_S
        deadline = time.monotonic() + within_s
        data = b""
        while not data.endswith(b"\n"):
            if stop.is_set() or time.monotonic() > deadline:
                raise NoPlanError("stopping" if stop.is_set() else f"no answer in {within_s:.0f} s")
            if select.select([handle], [], [], LOOK_S)[0]:
                part = os.read(handle, 65536)
                if not part or len(data) > ANSWER_BYTES:
                    raise NoPlanError(
                        f"the process ended with {process.poll()}" if not part else "an endless answer"
                    )
                data += part
        return data

    def end(self) -> None:
        """Kills and reaps. Closing the pipe alone would do for a healthy one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # bytes that nobody will read any more
        process.wait()


class Planner:
    """Service (start, stop, join, health).

    question: the present question, None while there is nothing to ask. publish: gets each plan.
    """

    name = "planner"

    def __init__(
        self,
        clock: Clock,
        question: Callable[[], Question | None],
        publish: Callable[[PlanValues], None],
        *,
        process: Process | None = None,
    ) -> None:
        self._clock, self._question, self._publish = clock, question, publish
        self._process = process or Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
        self._plans = self._failures = self._in_a_row = 0
        self._last_error = ""
        self._fresh_ns: int | None = None  # of the last plan, or of the first question without an answer

    def start(self) -> None:
        self._thread.start()

    def ok(self) -> bool | None:
        """Plans come regularly; None while there has been nothing to ask. Called from the scan, never waits.

        The age is judged here and not in our thread: one that hangs cannot say so.
        """
        if self._in_a_row >= GIVEN_UP:
            return False
        fresh_ns = self._fresh_ns
        return None if fresh_ns is None else self._clock.now_ns() - fresh_ns <= SILENT_AFTER_S * NS_PER_S

    def stop(self) -> None:
        self._stop.set()

    def join(self, seconds: float) -> bool:
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def health(self) -> Mapping[str, object]:
        """Plans so far, failures, the last reason, CPU time of the last plan."""
        return {
            "ok": self._in_a_row == 0,
            "plans": self._plans,
            "failures": self._failures,
            "last_error": self._last_error,
            "cpu_s": self._process.cpu_s,
        }

    def _work(self) -> None:
        children_are_ordinary()
        try:
            while not self._stop.is_set():
                self._clock.wait(self._stop, self._turn())
        finally:
            self._process.end()

    def _turn(self) -> float:
        """One question; returns when to come back."""
        try:
            question = self._question()
            if question is None:
                self._fresh_ns = None  # nobody is silent who is not asked
                return ASK_AGAIN_S
            if self._fresh_ns is None:
                self._fresh_ns = self._clock.now_ns()
            self._publish(self._process.ask(question, self._stop))
        except Exception as error:  # noqa: BLE001
            # Whatever it was: no plan is a state the plant knows, a dead host thread would be one for ever.
            if self._stop.is_set():
                return 0.0  # a question that our own end broke off is no failure
            self._failures += 1
            wait_s = BACK_OFF_S[min(self._in_a_row, len(BACK_OFF_S) - 1)]
            self._in_a_row += 1
            self._last_error = str(error)
            log.warning("no plan (%s); the rule goes on without one, next try in %.0f s", error, wait_s)
            return wait_s
        self._plans += 1
        self._in_a_row = 0
        self._fresh_ns = self._clock.now_ns()
        return EVERY_S


def children_are_ordinary() -> None:
    """A process that this thread starts has no part in our real-time priority, from its first line on."""
    with contextlib.suppress(OSError):  # a system that forbids it must not cost the thread
        policy = os.sched_getscheduler(0)
        if policy == os.SCHED_RR:
            os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, os.sched_getparam(0))
