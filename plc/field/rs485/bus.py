"""One thread per serial port: asks the devices in turn, survives the adapter, publishes one snapshot.

The thread is a daemon: whatever the wire does, it neither ends, nor spins, nor holds anything that the
scan waits for. The snapshot is replaced as a whole; a reader always sees one consistent moment and judges
ages by itself, because a dead thread could not.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from threading import Event, Thread
from typing import Protocol

from plc.blocks.core import NS_PER_S, Origin
from plc.field.rs485.device import Device, DeviceSnapshot
from plc.field.rs485.port import PORT_ERRORS, Line
from plc.field.rs485.schedule import BlockState
from plc.field.rs485.stats import Failure, Load

SPACING_S = 0.05  # between an answer and the next request; the library alone leaves 4 ms
REOPEN_S = (1.0, 2.0, 5.0, 10.0)
IDLE_S = 1.0  # longest sleep: a stop and a changed clock are noticed in time
NEVER_FASTER_S = 0.02  # wall time per failed turn, whatever the clock of the plant says

log = logging.getLogger(__name__)


class Clock(Protocol):
    """Time of the plant; in a simulation it runs faster than the wall."""

    def now_ns(self) -> int:
        """Monotonic time now."""
        ...

    def wait(self, event: Event, seconds: float) -> bool:
        """Waits in clock time; True when the event was set."""
        ...


class PortState(StrEnum):
    """How a port is doing."""

    STARTING = "starting"
    OPEN = "open"
    OFFLINE = "offline"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class BusSnapshot:
    """One port at one moment. error: text of the last port error. foreign_bytes: drained in total."""

    name: str
    path: str
    state: PortState
    devices: tuple[DeviceSnapshot, ...]
    taken_ns: int = 0
    reopens: int = 0
    error: str = ""
    load_pct: float = 0.0
    transactions: int = 0
    failures: int = 0
    foreign_bytes: int = 0
    crashes: int = 0  # faults of this program that the thread survived


class Bus:
    """The devices on one port, the thread that asks them, and what is known about all of it."""

    def __init__(
        self,
        name: str,
        line: Line,
        devices: Sequence[Device],
        clock: Clock,
        origin: Origin = Origin.MEASURED,
        spacing_s: float = SPACING_S,
    ) -> None:
        self.name = name
        self._line = line
        self._devices = tuple(devices)
        self._clock = clock
        self._origin = origin
        self._spacing_s = spacing_s
        self._stop = Event()
        self._thread: Thread | None = None
        self._state = PortState.STARTING
        self._error = ""
        self._opens = 0
        self._lost_in_a_row = 0
        self._transactions = 0
        self._failures = 0
        self._foreign_bytes = 0
        self._crashes = 0
        self._load = Load()
        self._seen: dict[str, DeviceSnapshot] = {}
        self._snapshot = self._compose()

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices themselves; they belong to the thread once it runs."""
        return self._devices

    @property
    def snapshot(self) -> BusSnapshot:
        """The newest state; never blocks."""
        return self._snapshot

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Starts the thread; once."""
        self._thread = Thread(target=self._run, name=f"rs485-{self.name}", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Asks the thread to end; returns at once."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Waits at most this long; True when the thread has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return not self.alive

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Asks and waits; False when the thread is still busy (it dies with the process)."""
        self.ask_to_stop()
        return self.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._guarded_turn()
                except Exception as error:  # noqa: BLE001 - our own fault must not end the readings for good
                    self._crashed(error)
                    self._line.close()
                    self._stop.wait(REOPEN_S[0])
        finally:
            self._line.close()
            self._state = PortState.STOPPED
            self._publish()

    def _guarded_turn(self) -> None:
        try:
            self._turn()
        except PORT_ERRORS as error:
            self._lose(error)

    def _crashed(self, error: Exception) -> None:
        self._crashes += 1
        if self._crashes in (1, 10, 100) or self._crashes % 1000 == 0:
            log.error("rs485 %s: survived fault %d of the program", self.name, self._crashes, exc_info=error)

    def _turn(self) -> None:
        """Opens the port if necessary, asks one block, or sleeps until one is due."""
        if not self._line.is_open:
            self._line.open()
            self._opened()
            self._foreign_bytes += self._line.drain(self._stop)
        now_ns = self._clock.now_ns()
        device, block = self._choose(now_ns)
        if device is None or block is None:
            due_ns = min((d.schedule.next_due_ns() for d in self._devices), default=now_ns + NS_PER_S)
            self._clock.wait(self._stop, min(IDLE_S, max(0.001, (due_ns - now_ns) / NS_PER_S)))
            return
        self._ask(device, block, now_ns)
        self._publish(device)
        self._clock.wait(self._stop, self._spacing_s)

    def _opened(self) -> None:
        self._opens += 1
        self._state, self._error = PortState.OPEN, ""
        self._publish()

    def _choose(self, now_ns: int) -> tuple[Device | None, BlockState | None]:
        """The block that has been due for the longest time, over all devices."""
        best: tuple[Device | None, BlockState | None] = (None, None)
        for device in self._devices:
            block = device.schedule.due(now_ns)
            if block is not None and (best[1] is None or block.due_ns < best[1].due_ns):
                best = (device, block)
        return best

    def _ask(self, device: Device, block: BlockState, now_ns: int) -> None:
        spec = block.spec
        timeout_s = device.timeout_s(block, self._line.spec.baud)
        began_s = time.monotonic()
        self._transactions += 1
        # A lost port says nothing about the device: the block stays due and is asked first after the reopen.
        answer = self._line.read_registers(
            device.options.slave, spec.function, spec.start, spec.count, timeout_s
        )
        self._lost_in_a_row = 0  # not before: an adapter that opens and then refuses is no better than none
        if answer.words is not None:
            self._take(device, block, answer.words, now_ns, answer.duration_s)
        else:
            self._failures += 1
            late = 0
            if answer.failure is not Failure.EXCEPTION:
                late = self._line.drain(self._stop)
                self._foreign_bytes += late
            device.failed(block, answer.failure or Failure.NO_ANSWER, now_ns, answer.code, late)
        self._load.add(time.monotonic() - began_s)

    def _take(
        self, device: Device, block: BlockState, words: Sequence[int], now_ns: int, duration_s: float
    ) -> None:
        try:
            device.answered(block, words, now_ns, duration_s)
        except Exception as error:  # noqa: BLE001 - content that breaks one decoder must not stop the rest
            self._crashed(error)
            device.failed(block, Failure.BAD_FRAME, now_ns)

    def _lose(self, error: BaseException) -> None:
        """Port gone: really close it, or the adapter comes back under another name, then wait longer."""
        self._line.close()
        self._state = PortState.OFFLINE
        self._error = f"{type(error).__name__}: {error}"
        self._publish(*self._devices)
        wait_s = REOPEN_S[min(self._lost_in_a_row, len(REOPEN_S) - 1)]
        self._lost_in_a_row += 1
        time.sleep(NEVER_FASTER_S)
        self._clock.wait(self._stop, wait_s)

    def _publish(self, *changed: Device) -> None:
        for device in changed:
            self._seen.pop(device.name, None)
        self._snapshot = self._compose()

    def _compose(self) -> BusSnapshot:
        now_ns = self._clock.now_ns()
        for device in self._devices:
            if device.name not in self._seen:
                self._seen[device.name] = device.snapshot(now_ns, self._origin)
        return BusSnapshot(
            name=self.name,
            path=self._line.path,
            state=self._state,
            devices=tuple(self._seen[device.name] for device in self._devices),
            taken_ns=now_ns,
            reopens=max(0, self._opens - 1),
            error=self._error,
            load_pct=self._load.percent(),
            transactions=self._transactions,
            failures=self._failures,
            foreign_bytes=self._foreign_bytes,
            crashes=self._crashes,
        )
