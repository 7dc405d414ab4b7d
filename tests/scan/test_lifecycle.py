"""Signals, the supervisor's socket, garbage in the slack, services, the lock on the image."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from plc.scan.garbage import SlackCollector
from plc.scan.lifecycle import StopFlag, Supervisor
from plc.scan.priority import BACKGROUND_PRIORITY, PRIORITY, prefer_this_thread
from plc.scan.service import Services
from plc.scan.sole_writer import LOG_EVERY_S, RETRY_S, become_sole_writer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_only_sets_the_flag(number: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        stop = StopFlag()
        stop.install()
        assert not stop()
        signal.raise_signal(number)
        assert stop()
        assert stop.cause == number.name
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def listener(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path)
    server.settimeout(2)
    return server


@pytest.mark.parametrize("abstract", [False, True])
def test_the_supervisor_hears_ready_watchdog_and_stopping(tmp_path: Path, *, abstract: bool) -> None:
    name = f"thermiq-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with listener("\0" + name if abstract else name) as server:
        supervisor = Supervisor(
            {"NOTIFY_SOCKET": "@" + name if abstract else name, "WATCHDOG_USEC": "3000000"}
        )
        supervisor.ready("scanning")
        assert server.recv(100).startswith(b"READY=1\n")
        for now_ms in (100, 200, 900, 1_200):
            supervisor.good_cycle(now_ms * 1_000_000)
        supervisor.stopping("exit 0")
        assert [server.recv(100).split(b"\n")[0] for _ in range(3)] == [
            b"WATCHDOG=1",
            b"WATCHDOG=1",
            b"STOPPING=1",
        ]


def test_without_a_supervisor_nothing_happens() -> None:
    supervisor = Supervisor({})
    supervisor.ready("x")
    supervisor.good_cycle(1)


def test_a_supervisor_that_does_not_read_never_blocks_the_scan(tmp_path: Path) -> None:
    with listener(str(tmp_path / "notify")):
        supervisor = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3"})
        for now_ns in range(0, 10_000_000, 1_000):
            supervisor.good_cycle(now_ns)


def test_garbage_is_collected_only_when_there_is_slack() -> None:
    was_enabled = gc.isenabled()
    try:
        collector = SlackCollector()
        collector.take_over()
        assert not gc.isenabled()
        before = sum(generation["collections"] for generation in gc.get_stats())
        for _ in range(1_000):
            collector(0)
        assert sum(generation["collections"] for generation in gc.get_stats()) == before
        for _ in range(SlackCollector.YOUNG_EVERY):
            collector(SlackCollector.SLACK_NS)
        assert sum(generation["collections"] for generation in gc.get_stats()) == before + 1
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def test_priority_is_for_the_scan_thread_alone() -> None:
    policies: dict[str, int] = {}

    def other() -> None:
        policies["started by it"] = os.sched_getscheduler(0)

    def scan() -> None:
        policies["got"] = prefer_this_thread()
        policies["scan"] = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
        child = threading.Thread(target=other)
        child.start()
        child.join()

    thread = threading.Thread(target=scan)
    thread.start()
    thread.join()
    assert policies["scan"] == (os.SCHED_RR if policies["got"] else os.SCHED_OTHER)
    assert policies["started by it"] == os.SCHED_OTHER
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


LIFTED = """
import json, os, threading
from plc.scan.priority import prefer_this_process, prefer_this_thread
found, done = {}, threading.Event()
def show(name):
    done.wait()
    found[name] = [os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, os.sched_getparam(0).sched_priority]
before = threading.Thread(target=show, args=("before",))
before.start()
got = prefer_this_process()
after = threading.Thread(target=show, args=("after",))
after.start()
prefer_this_thread()
done.set()
show("scan")
before.join(), after.join()
print(json.dumps([got, found]))
"""


def test_who_may_hold_the_interpreter_comes_before_other_processes_and_after_the_scan() -> None:
    done = subprocess.run([sys.executable, "-c", LIFTED], capture_output=True, text=True, check=True)
    got, found = json.loads(done.stdout)
    background = [os.SCHED_RR, BACKGROUND_PRIORITY] if got else [os.SCHED_OTHER, 0]
    assert found == {
        "before": background,
        "after": background,
        "scan": [os.SCHED_RR, PRIORITY] if got else [os.SCHED_OTHER, 0],
    }
    assert BACKGROUND_PRIORITY < PRIORITY


class FakeService:
    """A service that ends at once, or never."""

    def __init__(self, name: str, log: list[str], *, ends: bool = True, breaks: bool = False) -> None:
        self.name = name
        self._log, self._ends, self._breaks = log, ends, breaks

    def start(self) -> None:
        self._log.append(f"start {self.name}")

    def stop(self) -> None:
        if self._breaks:
            raise RuntimeError("cannot stop")
        self._log.append(f"stop {self.name}")

    def join(self, seconds: float) -> bool:
        assert 0 <= seconds <= 2.0
        return self._ends

    def health(self) -> Mapping[str, object]:
        return {"ok": True}


def test_services_stop_in_reverse_and_a_broken_one_does_not_keep_the_others() -> None:
    log: list[str] = []
    services = Services(
        [FakeService("a", log), FakeService("b", log, breaks=True), FakeService("c", log, ends=False)]
    )
    services.start()
    services.stop()
    assert log == ["start a", "start b", "start c", "stop c", "stop a"]
    assert services.health() == {"a": {"ok": True}, "b": {"ok": True}, "c": {"ok": True}}


def test_a_waiting_instance_logs_once_a_minute_and_can_be_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slept: list[float] = []
    minutes = 3

    def stop() -> bool:
        return len(slept) * RETRY_S >= minutes * LOG_EVERY_S

    assert not become_sole_writer(lambda: False, "image", stop, slept.append)
    assert len(caplog.records) == minutes


def test_a_waiting_instance_takes_over_when_the_other_has_gone() -> None:
    answers = iter([False, False, True])
    slept: list[float] = []
    assert become_sole_writer(lambda: next(answers), "image", lambda: False, slept.append)
    assert slept == [RETRY_S, RETRY_S]


def test_the_scan_thread_is_not_held_up_by_a_log_that_nobody_reads() -> None:
    code = (
        "import logging, sys\n"
        "from plc.scan.logs import BackgroundLog\n"
        "log = BackgroundLog(); log.start()\n"
        "for n in range(20000): logging.getLogger('x').warning('%s', 'y' * 100)\n"
        "open(int(sys.argv[1]), 'w').write('through')\n"
    )
    reader, writer = os.pipe()
    proof_r, proof_w = os.pipe()

    process = subprocess.Popen([sys.executable, "-c", code, str(proof_w)], stderr=writer, pass_fds=(proof_w,))
    os.close(writer)
    os.close(proof_w)
    timer = threading.Timer(20, process.kill)
    timer.start()
    try:
        assert os.read(proof_r, 100) == b"through"
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        os.close(reader)
        os.close(proof_r)
