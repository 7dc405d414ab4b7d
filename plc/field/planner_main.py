"""The planner's own process: questions on standard input, plans on standard output, one JSON line each.

Started with exec by `plc.field.planner`; imports the pure folders `blocks` and `energy` only. It has the
lowest priority, so that a scan never waits for it, a limit on its memory, and ends when its pipe closes:
also when the controller was killed and could not tell it.

    {"id": 7, "made_unix_s": ..., "base_degc": ..., "kwh_per_k": ..., "problem": [...]}
    {"id": 7, "plan": [...], "cpu_s": 0.4}        or        {"id": 7, "error": "..."}
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from typing import Any

from plc.energy.plan import solve, values_of
from plc.energy.plan_problem import from_plain

MEMORY_BYTES = 150 * 1024 * 1024
LINE_BYTES = 256 * 1024
"""A question of 192 quarter hours has about 20 kB; a longer line is none."""


def humble() -> None:
    """Behind everything else on this machine, and never more memory than promised."""
    os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):  # not allowed here: nice 19 has to do
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def answer(line: bytes) -> dict[str, Any]:
    """One answer to one line; a line that is no question gets an error with its text."""
    number: object = None
    try:
        asked = json.loads(line)
        number = asked["id"]
        begin = time.process_time()
        problem = from_plain(asked["problem"])
        plan = values_of(
            problem,
            solve(problem),
            made_unix_s=int(asked["made_unix_s"]),
            base_degc=float(asked["base_degc"]),
            kwh_per_k=float(asked["kwh_per_k"]),
        )
        return {"id": number, "plan": plan, "cpu_s": round(time.process_time() - begin, 3)}
    except (ArithmeticError, KeyError, IndexError, TypeError, ValueError, MemoryError) as error:
        return {"id": number, "error": f"{type(error).__name__}: {error}"}


def main() -> int:
    """Until the pipe closes."""
    humble()
    while line := sys.stdin.buffer.readline(LINE_BYTES):
        if not line.endswith(b"\n"):
            return 2  # a torn or endless line: whoever is there does not speak this language
        sys.stdout.write(json.dumps(answer(line)) + "\n")
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
