"""The piControl driver as a state machine: image, open handles, output watchdog, bridge, modules.

Knows nothing of FUSE, processes or threads that wait; time comes from the `clock` it is given. So its
rules are tested in virtual time, and the file system in front of it stays thin. Longer than other modules
here: everything in it lives under one lock, and a reader of one rule needs the image and the handles beside.

Facts: RevPi platform reference, topic driver; piControl source (piControlMain.c, revpi_common.c,
revpi_core.c, RevPiDevice.c). Where it differs on purpose is listed in docs/reference/virtual-picontrol.md.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .abi import EVENT_RESET
from .layout import IMAGE_LEN, SOFTWARE_MODULES_FROM, Block, ConfigError, Device, Layout, load
from .trace import Trace, changes

STATUS_RUNNING = 0x01
STATUS_MISSING_MODULE = 0x04
BASES_WITH_STATUS = (95, 105, 136, 138)  # Core and Connect: status, cycle, errors in the first 4 bytes
STATUS_LEN = 4
ERROR_LIMIT2_AT = 9  # 16 bit, relative to the base module: above it the driver stops the bridge
ERRORS_MAX = 255  # consecutive errors of one module; the next one makes it "offline"
OFFLINE, CYCLIC = 0, 1  # module states that the driver reports
BASE_TEMPERATURE_DEGC, BASE_FREQUENCY_10MHZ = 42, 150


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@dataclass(slots=True, eq=False)
class Handle:
    """One open file description. The watchdog belongs to it and to nobody else."""

    number: int
    pid: int
    program: str
    period_ms: int = 0
    deadline_ns: int = 0
    writes: int = 0
    events: list[int] = field(default_factory=list)
    message: str = ""

    @property
    def armed(self) -> bool:
        return self.period_ms > 0


@dataclass(slots=True)
class Fault:
    """An answer that the driver gives instead of the right one, `left` times."""

    left: int
    errno: int = 0
    length: int | None = None
    delay_s: float = 0.0


class Driver:
    """The virtual driver. Every public method may be called from any thread."""

    def __init__(
        self,
        config: Path,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
        cycle_ms: float = 5.0,
        reset_s: float = 0.2,
    ) -> None:
        self.config = config
        self.clock = clock
        self.sleep = sleep
        self.cycle_ms = cycle_ms
        self.reset_s = reset_s
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.trace = Trace()
        self.handles: list[Handle] = []  # newest first, as in the driver's list
        self.offline_since: dict[int, int] = {}
        self.absent: set[int] = set()
        self.faults: dict[str, Fault] = {}
        self.running = True
        self.io_stopped = False
        self.last_exported: tuple[int, int] = (0, 0)
        self._resetting = threading.Lock()
        self._opened = 0
        self._terminals_driven = False
        self.layout: Layout = load(config)
        self._apply_layout(None)

    # --- handles -------------------------------------------------------------------------------

    def open(self, pid: int, program: str = "") -> Handle:
        with self.lock:
            self._opened += 1
            handle = Handle(self._opened, pid, program)
            self.handles.insert(0, handle)
            self._note("open", handle)
            return handle

    def release(self, handle: Handle) -> None:
        """The last descriptor of this open file is gone: with an armed watchdog the outputs go to 0."""
        with self.lock:
            self.handles.remove(handle)
            if handle.armed:
                self._clear_outputs("close", handle)
            self._note("release", handle, armed=handle.armed)
            self.changed.notify_all()

    # --- image ---------------------------------------------------------------------------------

    def read(self, handle: Handle, length: int, offset: int) -> bytes:  # noqa: ARG002 - reads do not feed
        fault = self._take_fault("read")
        with self.lock:
            self._demand_running()
            self._refresh_status()
            if fault is not None and fault.length is not None:
                length = min(length, fault.length)
            return bytes(self.image[offset : min(offset + length, IMAGE_LEN)])

    def peek(self, address: int) -> int:
        """One byte, for the requests that read without a file position."""
        with self.lock:
            self._refresh_status()
            return self.image[address]

    def write(self, handle: Handle, data: bytes, offset: int) -> int:
        self._take_fault("write")
        with self.lock:
            self._demand_running()
            if offset >= IMAGE_LEN:
                return 0
            data = data[: IMAGE_LEN - offset]
            self.store(offset, data, "write", handle)
            self.feed(handle)
            handle.writes += 1
            return len(data)

    def feed(self, handle: Handle) -> None:
        if handle.armed:
            handle.deadline_ns = self.clock() + handle.period_ms * 1_000_000

    def arm(self, handle: Handle, period_ms: int) -> None:
        with self.lock:
            handle.period_ms = period_ms
            self.feed(handle)
            self._note("watchdog", handle, period_ms=period_ms)
            self.changed.notify_all()

    def store(self, offset: int, data: bytes, cause: str, handle: Handle | None) -> None:
        """Put bytes into the image as a program would; what modules and driver own stays theirs."""
        end = offset + len(data)
        before = bytes(self.image[offset:end])
        self.image[offset:end] = data
        for block, device in self._input_blocks(offset, end):
            if self._terminals_driven:
                overwritten = self._exchanges(device)  # by the next telegram of the module
            else:
                # Nobody drives the terminals: who writes inputs here is the simulator of the plant.
                self._copy(block, data=data, start=offset, into=self.field)
                overwritten = not self._answers(device)  # frozen at the last telegram
            if overwritten:
                self._copy(block, data=before, start=offset, into=self.image)
        status = self._status_block()
        if status is not None:
            self._copy(status, data=before, start=offset, into=self.image)
        self._note_changes(cause, handle, offset, before)

    # --- terminals: the other side of the bridge -----------------------------------------------

    def terminals(self) -> bytes:
        """What the modules see: inputs as the plant drives them, outputs as the modules put them out."""
        with self.lock:
            self._refresh_status()
            view = bytearray(self.image)
            for device in self.layout.devices:
                inputs = device.inputs
                view[inputs.offset : inputs.end] = self.field[inputs.offset : inputs.end]
                silent = self.io_stopped or not self.running or not self._answers(device)
                if silent and not device.is_base:
                    # The module's own time-out, or zeros sent on purpose (STOP_IO).
                    view[device.outputs.offset : device.outputs.end] = bytes(device.outputs.length)
            status = self._status_block()
            if status is not None:
                view[status.offset : status.end] = self.image[status.offset : status.end]
            return bytes(view)

    def drive_terminals(self, offset: int, data: bytes) -> int:
        """The plant drives its inputs; everything else in the data is ignored."""
        with self.lock:
            data = data[: max(0, IMAGE_LEN - offset)]
            self._terminals_driven = True
            for block, device in self._input_blocks(offset, offset + len(data)):
                self._copy(block, data=data, start=offset, into=self.field)
                if self._exchanges(device):
                    self._take_inputs(device)
            return len(data)

    # --- bridge and modules --------------------------------------------------------------------

    def set_running(self, running: bool) -> None:
        with self.lock:
            self.running = running
            self._note("run" if running else "stop", None)
            if running:
                self._take_all_inputs()
            self.changed.notify_all()

    def set_io_stopped(self, stopped: bool) -> None:
        with self.lock:
            self.io_stopped = stopped
            self._note("stop_io", None, stopped=stopped)
            if not stopped:
                self._take_all_inputs()

    def set_offline(self, address: int, offline: bool) -> None:
        with self.lock:
            if offline:
                self.offline_since.setdefault(address, self.clock())
            else:
                self.offline_since.pop(address, None)
                self._take_all_inputs()
            self._note("module", None, address=address, offline=offline)

    def errors_of(self, address: int) -> int:
        """Telegrams in a row that this module did not answer (not capped)."""
        since = self.offline_since.get(address)
        return (
            0
            if since is None or address in self.absent_now
            else int((self.clock() - since) / (self.cycle_ms * 1e6))
        )

    def module_state(self, device: Device) -> int:
        """Cyclic or offline. The driver keeps this for I/O modules only; the base always shows 0."""
        exchanging = self.errors_of(device.address) <= ERRORS_MAX and self.active(device)
        io_module = not device.is_base and device.product_type < SOFTWARE_MODULES_FROM
        return CYCLIC if exchanging and io_module else OFFLINE

    def active(self, device: Device) -> bool:
        return device.address not in self.absent_now

    def reset(self, caller: Handle | None) -> None:
        """KB_RESET: stop, read config.rsc again, load the defaults, tell all other handles."""
        with self._resetting:
            self.set_running(False)
            self.sleep(self.reset_s)
            with self.lock:
                previous = self.layout
                try:
                    self.layout = load(self.config)
                except ConfigError as problem:
                    self._note("reset_failed", caller, why=str(problem))
                    raise error(errno.ETIMEDOUT) from problem
                before = bytes(self.image)
                self._apply_layout(previous)
                self._note_changes("reset", caller, 0, before)
                self.set_running(True)
                for handle in self.handles:
                    if handle is not caller and EVENT_RESET not in handle.events:
                        handle.events.append(EVENT_RESET)
                self.changed.notify_all()

    # --- once per bridge cycle -----------------------------------------------------------------

    def check_deadlines(self) -> int | None:
        """Clear the outputs if a watchdog ran out; returns the next deadline or None.

        One handle per cycle, as in the driver. An unfed handle clears again every period, so a second
        program cannot keep the outputs on beside a hung one for longer than that.
        """
        with self.lock:
            now = self.clock()
            for handle in self.handles:
                if handle.armed and now > handle.deadline_ns:
                    self._clear_outputs("watchdog", handle)
                    handle.deadline_ns = now + handle.period_ms * 1_000_000
                    break
            self._check_exported(now)
            deadlines = [handle.deadline_ns for handle in self.handles if handle.armed]
            last, before = self.last_exported
            if last != before:
                deadlines.append(last + 2 * (last - before))
            return min(deadlines, default=None)

    def _check_exported(self, now: int) -> None:
        """The driver's own stop detection for users of KB_SET_EXPORTED_OUTPUTS: twice the last interval."""
        last, before = self.last_exported
        if last == before or now - last <= 2 * (last - before) or not self.running:
            return
        self.last_exported = (0, 0)
        if self.io_stopped:
            return
        image = bytes(self.image)
        for variable in self.layout.exported_outputs():
            if variable.bits == 1:
                self.image[variable.offset] &= ~(1 << variable.bit) & 0xFF
            else:
                end = variable.offset + variable.length
                self.image[variable.offset : end] = bytes(variable.length)
        self._note_changes("export_timeout", None, 0, image)

    # --- reports -------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        with self.lock:
            self._refresh_status()
            return {
                "now_ns": self.clock(),
                "running": self.running,
                "io_stopped": self.io_stopped,
                "cycle_ms": self.cycle_ms,
                "outputs_zero": self.outputs_zero(),
                "trace_dropped": self.trace.dropped(),
                "modules": [
                    {
                        "address": device.address,
                        "product_type": device.product_type,
                        "name": device.name,
                        "active": self.active(device),
                        "module_state": self.module_state(device),
                        "errors": min(self.errors_of(device.address), ERRORS_MAX),
                        "inputs": [device.inputs.offset, device.inputs.length],
                        "outputs": [device.outputs.offset, device.outputs.length],
                        "output_bytes": self.image[device.outputs.offset : device.outputs.end].hex(),
                    }
                    for device in self.layout.devices
                ],
                "handles": [
                    {
                        "handle": handle.number,
                        "pid": handle.pid,
                        "program": handle.program,
                        "period_ms": handle.period_ms,
                        "writes": handle.writes,
                        "events": len(handle.events),
                    }
                    for handle in reversed(self.handles)
                ],
            }

    def outputs_zero(self) -> bool:
        """True if every output byte of every I/O module is 0 (LEDs and limits of the base do not count)."""
        return not any(
            any(self.image[device.outputs.offset : device.outputs.end])
            for device in self.layout.devices
            if not device.is_base
        )

    # --- inside --------------------------------------------------------------------------------

    def _demand_running(self) -> None:
        if not self.running:
            raise error(errno.EAGAIN)

    def _take_fault(self, call: str) -> Fault | None:
        with self.lock:
            fault = self.faults.get(call)
            if fault is None:
                return None
            fault.left -= 1
            if fault.left <= 0:
                del self.faults[call]
            self._note("fault", None, call=call)
        if fault.delay_s:
            self.sleep(fault.delay_s)
        if fault.errno:
            raise error(fault.errno)
        return fault

    def _apply_layout(self, previous: Layout | None) -> None:
        """Load the PiCtory defaults; the plant's inputs stay what the plant drives, at their new places."""
        self.absent_now = set(self.absent)
        field_before = bytes(self.field) if previous is not None else b""
        self.image = self.layout.defaults()
        self.field = bytearray(self.image)
        for device in self.layout.devices:
            if device.is_base and device.product_type in BASES_WITH_STATUS:
                at = device.inputs.offset + STATUS_LEN
                self.field[at : at + 2] = bytes((BASE_TEMPERATURE_DEGC, BASE_FREQUENCY_10MHZ))
            old = previous.at(device.address) if previous is not None else None
            if old is not None and old.inputs.length == device.inputs.length:
                inputs = field_before[old.inputs.offset : old.inputs.end]
                self.field[device.inputs.offset : device.inputs.end] = inputs
        self._take_all_inputs()

    def _clear_outputs(self, cause: str, handle: Handle) -> None:
        before = bytes(self.image)
        for device in self.layout.devices:
            if self.active(device):
                self.image[device.outputs.offset : device.outputs.end] = bytes(device.outputs.length)
        self._note("clear", handle, cause=cause)
        self._note_changes(cause, handle, 0, before)

    def _answers(self, device: Device) -> bool:
        return device.address not in self.offline_since and self.active(device)

    def _exchanges(self, device: Device) -> bool:
        return self._answers(device) and self.running and not self.io_stopped

    def _take_inputs(self, device: Device) -> None:
        block = device.inputs
        self.image[block.offset : block.end] = self.field[block.offset : block.end]
        self._refresh_status()

    def _take_all_inputs(self) -> None:
        for device in self.layout.devices:
            if self._exchanges(device):
                self._take_inputs(device)

    def _status_block(self) -> Block | None:
        base = self.layout.base()
        if base is None or base.product_type not in BASES_WITH_STATUS:
            return None
        return Block(base.inputs.offset, STATUS_LEN)

    def _refresh_status(self) -> None:
        """Bring the base module's status up to date; stop the bridge if the error limit is exceeded."""
        base, block = self.layout.base(), self._status_block()
        if base is None or block is None:
            return
        counts = (min(self.errors_of(device.address), ERRORS_MAX) for device in self.layout.devices)
        errors = sum(count for count in counts if count > 1)  # a single lost telegram is not counted
        limit_at = base.offset + ERROR_LIMIT2_AT
        limit = int.from_bytes(self.image[limit_at : limit_at + 2], "little")
        if self.running and 0 < limit < errors:
            self.running = False
            self._note("stop", None, why="RS485ErrorLimit2 exceeded")
        missing = any(
            d.product_type < SOFTWARE_MODULES_FROM and not self.active(d) for d in self.layout.devices
        )
        status = (STATUS_RUNNING if self.running else 0) | (STATUS_MISSING_MODULE if missing else 0)
        cycle = min(255, int(self.cycle_ms))
        self.image[block.offset : block.end] = bytes((status, cycle)) + min(errors, 0xFFFF).to_bytes(
            2, "little"
        )

    def _input_blocks(self, start: int, end: int) -> Iterator[tuple[Block, Device]]:
        """The parts of [start, end) that are inputs of a module."""
        for device in self.layout.devices:
            low, high = max(start, device.inputs.offset), min(end, device.inputs.end)
            if low < high:
                yield Block(low, high - low), device

    @staticmethod
    def _copy(block: Block, *, data: bytes, start: int, into: bytearray) -> None:
        """The part of `data` (which begins at `start`) that falls into `block`."""
        low, high = max(block.offset, start), min(block.end, start + len(data))
        if low < high:
            into[low:high] = data[low - start : high - start]

    def _note(self, event: str, handle: Handle | None, t_ns: int | None = None, **fields: Any) -> None:
        if handle is not None:
            fields = {"handle": handle.number, "pid": handle.pid, "program": handle.program, **fields}
        self.trace.add(self.clock() if t_ns is None else t_ns, event, **fields)

    def _note_changes(self, cause: str, handle: Handle | None, offset: int, before: bytes) -> None:
        """An entry in the trace if an output byte changed; the time is that of the change."""
        now, end, changed = self.clock(), offset + len(before), []
        for device in self.layout.devices:
            low, high = max(offset, device.outputs.offset), min(end, device.outputs.end)
            if low < high:
                changed += changes(low, before[low - offset : high - offset], self.image[low:high])
        if changed:
            self._note("outputs", handle, now, cause=cause, changes=changed, zero=self.outputs_zero())
