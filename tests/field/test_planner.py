"""The planner's process: its own, humble, bounded, and never missed when it is gone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from plc.energy.plan import solve, values_of
from plc.energy.plan_values import PlanValues
from plc.field import planner, planner_main
from plc.field.planner import NoPlanError, Planner, Process, Question
from tests.energy.house import plan_values
from tests.energy.problems import winter_day

ROOT = Path(__file__).resolve().parents[2]
GO = threading.Event()


def question(quarters: int = 8) -> Question:
    problem = winter_day(quarters)
    return Question(problem, problem.first_unix_s, 30.0, 1.163)


class WallClock:
    """Wall time with every wait cut short, so that a test sees many turns."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(min(seconds, 0.01))


@pytest.fixture
def process():
    made = Process()
    yield made
    made.end()


def until(done, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_another_program_in_the_working_directory_is_not_imported(
    process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plc").mkdir()
    (tmp_path / "plc/__init__.py").write_text("raise SystemExit('the upload that was refused')\n")
    monkeypatch.chdir(tmp_path)
    assert process.ask(question(), GO)


def test_the_process_gives_the_plan_that_the_function_gives(process: Process) -> None:
    asked = question()
    plan = process.ask(asked, GO)
    own = values_of(
        asked.problem, solve(asked.problem), made_unix_s=asked.made_unix_s, base_degc=30.0, kwh_per_k=1.163
    )
    assert plan == own


def test_a_48_hour_plan_stays_inside_its_budgets(process: Process) -> None:
    process.ask(question(192), GO)
    assert process.cpu_s < 10.0  # what the device allows; the budget of a PC is measured, not tested
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    peak_kb = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    assert peak_kb < 150 * 1024


def test_the_process_has_the_lowest_priority(process: Process) -> None:
    process.ask(question(), GO)
    assert process.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19


def test_the_process_imports_blocks_and_energy_only() -> None:
    code = "import sys, plc.field.planner_main; print(*sorted(m for m in sys.modules if m.startswith('plc')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    parts = {name.split(".")[1] for name in done.stdout.split() if "." in name}
    assert parts == {"blocks", "energy", "field"}
    assert {n for n in done.stdout.split() if n.startswith("plc.field.")} == {"plc.field.planner_main"}


def test_it_ends_when_its_pipe_closes() -> None:
    child = subprocess.Popen(
        planner.COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    assert child.wait(timeout=20.0) == 0
    child.stdout.close()


def test_it_ends_when_the_controller_is_killed() -> None:
    """SIGKILL of the parent closes the pipe: nothing is left behind."""
    code = (
        "import threading, time\n"
        "from plc.field.planner import Process\n"
        "from tests.field.test_planner import question\n"
        "p = Process(); p.ask(question(), threading.Event()); print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    until(gone)


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b"{}\n", b'{"id": 1, "problem": [1, 2]}\n', b'{"id": 1, "problem": null}\n', b"[]\n"],
)
def test_a_line_that_is_no_question_gets_an_error_and_the_process_goes_on(line: bytes) -> None:
    assert "error" in planner_main.answer(line)
    json.dumps(planner_main.answer(line))


def answering(text: str) -> str:
    """A program that answers the first question with this text."""
    return f"import sys; sys.stdin.readline(); print({text!r}, flush=True)"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit(3)", "ended|Broken"),
        (answering("no json"), "JSONDecode"),
        (answering('{"id": 99}'), "answer 99"),
        (answering('{"id": 1, "error": "why"}'), "why"),
        (answering('{"id": 1, "plan": [], "cpu_s": 0}'), "unpack"),
    ],
    ids=["dies", "babbles", "answers another question", "says why not", "sends no plan"],
)
def test_anything_but_a_plan_is_no_plan(program: str, reason: str) -> None:
    broken = Process((sys.executable, "-c", program))
    with pytest.raises(NoPlanError, match=reason):
        broken.ask(question(), GO)
    assert broken.pid is None


def test_a_process_that_hangs_is_ended_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "ANSWER_WITHIN_S", 0.3)
    hung = Process((sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(NoPlanError, match="no answer"):
        hung.ask(question(), GO)
    assert hung.pid is None


def test_a_killed_process_is_replaced_for_the_next_question(process: Process) -> None:
    process.ask(question(), GO)
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    process.ask(question(), GO)
    assert process.pid != first


def test_the_service_publishes_plans_and_stops_within_its_time() -> None:
    plans: list[PlanValues] = []
    service = Planner(WallClock(), question, plans.append)
    service.start()
    until(lambda: len(plans) >= 2)
    assert service.health()["ok"] is True
    service.stop()
    assert service.join(2.0)
    assert service._process.pid is None


def test_the_service_survives_failures_and_says_so() -> None:
    plans: list[PlanValues] = []
    answers = [RuntimeError("no data base"), None, question()]

    def ask() -> Question | None:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return found

    service = Planner(WallClock(), ask, plans.append)
    service.start()
    until(lambda: bool(plans))
    service.stop()
    assert service.join(2.0)
    health = service.health()
    assert health["failures"] == 1
    assert health["last_error"] == "no data base"
    assert health["ok"] is True


def test_its_process_has_no_part_in_the_real_time_priority_of_the_threads_here() -> None:
    found: list[int] = []

    def host() -> None:
        with contextlib.suppress(PermissionError):  # without the right nothing can be inherited either
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        planner.children_are_ordinary()
        show = (sys.executable, "-c", "import os; print(os.sched_getscheduler(0))")
        found.append(int(subprocess.run(show, capture_output=True, text=True, check=True).stdout))

    thread = threading.Thread(target=host)
    thread.start()
    thread.join()
    assert found == [os.SCHED_OTHER]


class SteppedClock:
    """Time stands until the test moves it; a wait lets the planner's thread go on at once."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(0.01)


class Answers:
    """A process that answers as the test says."""

    cpu_s = 0.0

    def __init__(self) -> None:
        self.fails = False
        self.asked = 0

    def ask(self, question: Question, stop: threading.Event) -> PlanValues:
        self.asked += 1
        if self.fails:
            raise NoPlanError("it died")
        return plan_values(0.0)

    def end(self) -> None: ...


def test_a_planner_that_fails_again_and_again_says_so_and_takes_it_back():
    clock, answers = SteppedClock(), Answers()
    asked: list[Question | None] = [None]
    service = Planner(clock, lambda: asked[0], lambda _: None, process=answers)
    service._turn()
    assert service.ok() is None, "nothing to ask yet"
    asked[0] = question()
    service._turn()
    assert service.ok() is True
    answers.fails = True
    service._turn()
    service._turn()
    assert service.ok() is True, "one failure and one repetition may happen"
    service._turn()
    assert service.ok() is False
    answers.fails = False
    service._turn()
    assert service.ok() is True


def test_a_planner_that_hangs_is_silent_after_its_time_although_nothing_failed():
    clock, answers = SteppedClock(), Answers()
    service = Planner(clock, question, lambda _: None, process=answers)
    service._turn()
    clock.ns = round(planner.SILENT_AFTER_S * 1e9)
    assert service.ok() is True
    clock.ns += 1
    assert service.ok() is False


def test_a_planner_that_is_not_asked_is_not_silent():
    clock = SteppedClock()
    asked: list[Question | None] = [question()]
    service = Planner(clock, lambda: asked[0], lambda _: None, process=Answers())
    service._turn()
    asked[0] = None
    service._turn()
    clock.ns = 10 * round(planner.SILENT_AFTER_S * 1e9)
    assert service.ok() is None


def test_a_question_that_cannot_even_be_put_is_told():
    def broken() -> Question:
        raise KeyError("no house")

    service = Planner(SteppedClock(), broken, lambda _: None, process=Answers())
    for _ in range(planner.GIVEN_UP):
        service._turn()
    assert service.ok() is False
