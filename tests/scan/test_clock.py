"""Both clocks: deadlines that do not drift, periods that are skipped, time in turns."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from plc.blocks.core import NS_PER_MS, NS_PER_S
from plc.plant.interface import WallTime
from plc.scan.clock import Calendar, MonotonicClock, Turn, TurnClock

PERIOD_NS = 100 * NS_PER_MS


class Machine:
    """A monotonic clock that only moves when somebody sleeps, works or oversleeps."""

    def __init__(self) -> None:
        self.now = 1_000
        self.oversleep_ns = 0
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += round(seconds * NS_PER_S) + self.oversleep_ns
        self.oversleep_ns = 0

    def clock(self) -> MonotonicClock:
        return MonotonicClock(PERIOD_NS, lambda unix_s: 0, now_ns=self.now_ns, sleep=self.sleep)


def test_deadlines_are_absolute_whatever_a_scan_takes() -> None:
    machine = Machine()
    clock = machine.clock()
    starts = []
    for work_ms in (1, 30, 99, 0, 50):
        starts.append(clock.next_turn().now_ns)
        machine.now += work_ms * NS_PER_MS
    assert starts == [1_000 + n * PERIOD_NS for n in range(5)]


def test_the_first_turn_comes_at_once() -> None:
    machine = Machine()
    assert machine.clock().next_turn() == Turn(1_000, 0, 0)
    assert machine.slept == []


@pytest.mark.parametrize(
    ("work_ms", "late_ms", "lost", "next_start_ms"),
    [
        (100, 0, 0, 100),
        (101, 1, 0, 101),
        (199, 99, 0, 199),
        (200, 100, 1, 200),
        (250, 150, 1, 250),
        (1049, 949, 9, 1049),
    ],
)
def test_missed_periods_are_skipped_and_counted(
    work_ms: int, late_ms: int, lost: int, next_start_ms: int
) -> None:
    machine = Machine()
    clock = machine.clock()
    clock.next_turn()
    machine.now += work_ms * NS_PER_MS
    turn = clock.next_turn()
    assert turn == Turn(1_000 + next_start_ms * NS_PER_MS, late_ms * NS_PER_MS, lost)
    # No burst: the next scan waits for the next grid point after now.
    following = clock.next_turn()
    grid = (next_start_ms // 100 + 1) * 100
    assert following == Turn(1_000 + grid * NS_PER_MS, 0, 0)


def test_a_machine_that_oversleeps_whole_periods_loses_them() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.next_turn()
    machine.oversleep_ns = 3 * PERIOD_NS + 7
    assert clock.next_turn() == Turn(1_000 + 4 * PERIOD_NS + 7, 3 * PERIOD_NS + 7, 3)
    assert clock.next_turn() == Turn(1_000 + 5 * PERIOD_NS, 0, 0)


def test_slack_is_the_time_to_the_next_deadline_and_never_negative() -> None:
    machine = Machine()
    clock = machine.clock()
    assert clock.slack_ns() == 0
    clock.next_turn()
    machine.now += 30 * NS_PER_MS
    assert clock.slack_ns() == 70 * NS_PER_MS
    machine.now += 200 * NS_PER_MS
    assert clock.slack_ns() == 0


def test_the_calendar_is_one_object_per_second() -> None:
    asked: list[int] = []

    def offset(unix_s: int) -> int:
        asked.append(unix_s)
        return 3600

    calendar = Calendar(offset)
    first = calendar.read(0)
    assert first.utc_offset_s == 3600
    assert first.unix_s == asked[0]
    assert len({id(calendar.read(0)) for _ in range(5)} | {id(first)}) <= 2  # 2 when a second passes here


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[socket.socket]:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(tmp_path / "clock"))
    server.listen(1)
    yield server
    server.close()


def serve(server: socket.socket, answers: list[bytes]) -> threading.Thread:
    """A virtual plant that gives these answers, one per request, and hangs up."""

    def run() -> None:
        connection, _ = server.accept()
        with connection:
            for answer in answers:
                if connection.recv(1) != b"T":
                    return
                for byte in answer:  # in pieces: a stream has no message borders
                    connection.sendall(bytes([byte]))
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def answer(now_ns: int, unix_s: int = 1_700_000_000, offset_s: int = 3600, flags: int = 1) -> bytes:
    return struct.pack("<qqiI", now_ns, unix_s, offset_s, flags)


def test_turns_carry_time_and_calendar(plant: socket.socket) -> None:
    serve(plant, [answer(100), answer(200, flags=0)])
    clock = TurnClock(plant.getsockname(), PERIOD_NS)
    assert clock.next_turn() == Turn(100, 0, 0)
    assert clock.now_ns() == 100
    assert clock.wall() == WallTime(1_700_000_000, 3600, True)
    assert clock.next_turn() == Turn(200, 0, 0)
    assert not clock.wall().synchronised


def test_a_closed_socket_is_the_end_of_time(plant: socket.socket) -> None:
    serve(plant, [answer(100)])
    clock = TurnClock(plant.getsockname(), PERIOD_NS)
    assert clock.next_turn() is not None
    assert clock.next_turn() is None


def test_the_end_flag_is_the_end_of_time(plant: socket.socket) -> None:
    serve(plant, [answer(100), answer(200, flags=3)])
    clock = TurnClock(plant.getsockname(), PERIOD_NS)
    assert clock.next_turn() is not None
    assert clock.next_turn() is None


def test_an_answer_cut_short_is_the_end_of_time(plant: socket.socket) -> None:
    serve(plant, [answer(100)[:10]])
    assert TurnClock(plant.getsockname(), PERIOD_NS).next_turn() is None


def test_a_turn_that_never_comes_can_be_interrupted(plant: socket.socket) -> None:
    asked = []

    def stop() -> bool:
        asked.append(True)
        return True

    clock = TurnClock(plant.getsockname(), PERIOD_NS, stop)
    clock.POLL_S = 0.01
    clock._socket.settimeout(0.01)
    assert clock.next_turn() is None
    assert asked


def test_waiting_threads_sleep_in_virtual_time(plant: socket.socket) -> None:
    hour = 3600 * NS_PER_S
    serve(plant, [answer(0), answer(hour - 1), answer(hour)])
    clock = TurnClock(plant.getsockname(), PERIOD_NS)
    clock.next_turn()
    woken: list[tuple[bool, int]] = []
    event = threading.Event()
    thread = threading.Thread(target=lambda: woken.append((clock.wait(event, 3600.0), clock.now_ns())))
    thread.start()
    while not clock._wake_ns:
        os.sched_yield()
    clock.next_turn()
    assert not woken
    clock.next_turn()
    thread.join(5)
    assert woken == [(False, hour)]


def test_an_event_ends_a_wait_in_virtual_time_at_once(plant: socket.socket) -> None:
    serve(plant, [answer(0)])
    clock = TurnClock(plant.getsockname(), PERIOD_NS)
    clock.next_turn()
    event = threading.Event()
    event.set()
    assert clock.wait(event, 3600.0)
