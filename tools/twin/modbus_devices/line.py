"""A serial bus on a pseudo-terminal with the time that a real line takes.

A pseudo-terminal has no baud rate: without pacing, time-outs look generous and fail on the real line.
Line time and turnaround are divided by the speed of the simulation; faults act on whole answers.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from pathlib import Path
from typing import Protocol

from tools.twin.modbus_devices.faults import Fault, Faults
from tools.twin.modbus_devices.wire import Request, data_answer, error_answer, seal, take_request

BITS = 10  # per byte at 8N1: start, eight data, stop
CHUNK = 16  # bytes between two pauses
FINEST_S = 0.0005  # shorter pauses cost more than they show


class Slave(Protocol):
    """A device on the bus."""

    def read(self, function: int, start: int, count: int) -> list[int] | int | None:
        """The registers, the code of an exception, or None: it stays silent."""
        ...


class VirtualBus:
    """One port with any number of slaves; the path is a link that survives unplugging.

    link: the path that the driver opens. speed: simulated seconds per wall second.
    """

    def __init__(
        self,
        link: Path | str,
        slaves: dict[int, Slave],
        *,
        baud: int = 9600,
        turnaround_s: float = 0.02,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.link = Path(link)
        self.slaves = slaves
        self.faults = Faults(seed)
        self.requests: list[Request] = []  # the newest thousand, for tests
        self.writes_seen = 0
        self._byte_s = BITS / baud / speed
        self._turnaround_s = turnaround_s / speed
        self._lock = threading.Lock()
        self._ends: tuple[int, int] | None = None  # master, slave
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> VirtualBus:
        """Plugs in and serves."""
        self.replug()
        self._thread = threading.Thread(target=self._serve, name=f"virtual-{self.link.name}", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the thread and takes the port away."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        self.unplug()

    def __enter__(self) -> VirtualBus:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def unplug(self) -> None:
        """Pulls the adapter out: the driver's descriptor hangs up, the path disappears."""
        with self._lock:
            ends, self._ends = self._ends, None
            if ends is not None:
                for end in ends:
                    os.close(end)
            self.link.unlink(missing_ok=True)

    def replug(self) -> None:
        """Puts it back: a new device behind the same name."""
        self.unplug()
        master, slave = os.openpty()
        tty.setraw(slave)
        with self._lock:
            self._ends = (master, slave)
            self.link.unlink(missing_ok=True)
            self.link.symlink_to(os.ttyname(slave))

    def _serve(self) -> None:
        buffer = bytearray()
        while not self._stop.is_set():
            with self._lock:
                master = self._ends[0] if self._ends else None
            if master is None:
                buffer.clear()
                self._stop.wait(0.002)
                continue
            with contextlib.suppress(OSError, ValueError):
                if not select.select([master], [], [], 0.02)[0]:
                    continue
                buffer += os.read(master, 512)
                while (request := take_request(buffer)) is not None:
                    self._answer(master, request)

    def _answer(self, master: int, request: Request) -> None:
        self.requests.append(request)
        del self.requests[:-1000]
        if request.function in (5, 6, 15, 16):
            self.writes_seen += 1
        slave = self.slaves.get(request.slave)
        self._pause(8 * self._byte_s)
        if slave is None:
            return  # a real bus stays silent for an unknown address
        if request.function not in (3, 4):
            self._send(master, error_answer(request, 1))
            return
        content = slave.read(request.function, request.start, request.count)
        if content is None:
            return
        self._pause(self._turnaround_s)
        if isinstance(content, int):
            self._send(master, error_answer(request, content))
            return
        self._send_with_fault(master, request, content)

    def _send_with_fault(self, master: int, request: Request, words: list[int]) -> None:
        drawn = self.faults.draw()
        frame = data_answer(request, words)
        if drawn is None:
            self._send(master, frame)
            return
        fault, amount = drawn
        match fault:
            case Fault.SILENT:
                return
            case Fault.CRC:
                frame = frame[:-1] + bytes([frame[-1] ^ 0x55])
            case Fault.LEADING:
                frame = b"\x00\xff\x13" + frame
            case Fault.TRAILING:
                frame += b"\xf7\x00"
            case Fault.HALF:
                frame = frame[: len(frame) // 2]
            case Fault.SHORT:
                frame = data_answer(request, words[:-1])
            case Fault.EXCEPTION:
                frame = error_answer(request, int(amount))
            case Fault.WRONG_ID:
                frame = seal(bytes([request.slave % 247 + 1]) + frame[1:-2])
            case Fault.WRONG_FUNCTION:
                frame = seal(frame[:1] + bytes([7 - request.function]) + frame[2:-2])
            case Fault.LATE:
                time.sleep(amount)
            case Fault.SPLIT:
                self._send(master, frame[:7])
                time.sleep(amount)
                frame = frame[7:]
            case Fault.ZEROS:
                frame = data_answer(request, [0] * len(words))
            case Fault.ONES:
                frame = data_answer(request, [0xFFFF] * len(words))
            case Fault.ECHO:
                frame = (
                    seal(
                        bytes([request.slave, request.function])
                        + request.start.to_bytes(2, "big")
                        + request.count.to_bytes(2, "big")
                    )
                    + frame
                )
        self._send(master, frame)

    def _send(self, master: int, frame: bytes) -> None:
        """Byte after byte in the time that the line takes; a late wake-up is caught up, as on a wire."""
        due_s = time.monotonic()
        for place in range(0, len(frame), CHUNK):
            part = frame[place : place + CHUNK]
            due_s += len(part) * self._byte_s
            self._pause(due_s - time.monotonic())
            os.write(master, part)

    def _pause(self, seconds: float) -> None:
        if seconds >= FINEST_S:
            time.sleep(seconds)
