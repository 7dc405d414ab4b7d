"""The ioctl requests of the driver, one function each, on the state machine of `driver`.

Each function returns what the system call returns (>= 0) or raises OSError. `argument` reads and
writes the caller's memory and raises `abi.UnreachableError` where the kernel does not allow that.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Protocol

from . import abi
from .driver import Driver, Handle, error
from .layout import IMAGE_LEN, NOT_CONNECTED, SOFTWARE_MODULES_FROM, Device

EVENT_POLL_S = 0.003  # how late an interrupted wait notices; a killed program cannot die before it returns
COUNTING_MODULES = (96, 97)  # DIO and DI: counters at byte 6 of the inputs, 32 bit each
COUNTERS_AT = 6
# Oldest firmware that the driver does not complain about.
FIRMWARE = {96: (1, 4), 97: (1, 4), 98: (1, 4), 103: (1, 3)}

NOT_SIMULATED = frozenset(
    0x4B00 + n for n in (19, 23, 24, 25, 28, 29, 100, 101, 102)
)  # firmware, gateway download, calibration, relay counters, internal telegrams


class Argument(Protocol):
    """The memory that the request's pointer names."""

    address: int

    def read(self, length: int, offset: int = 0) -> bytes: ...

    def write(self, data: bytes) -> None: ...


def perform(
    driver: Driver,
    handle: Handle,
    request: int,
    argument: Argument,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    watchdog_period_ms: int | None = None,
) -> int:
    """One system call. `watchdog_period_ms` stands in for a period that cannot be read."""
    if request == abi.KB_RESET:
        driver.reset(handle)
        return 0
    with driver.lock:
        if not driver.running:
            raise error(errno.EAGAIN)
    if request == abi.KB_WAIT_FOR_EVENT:
        return _wait_for_event(driver, handle, argument, interrupted)
    if request == abi.KB_SET_OUTPUT_WATCHDOG:
        return _set_output_watchdog(driver, handle, argument, watchdog_period_ms)
    function = _REQUESTS.get(request)
    if function is None:
        raise error(
            errno.EOPNOTSUPP if request in NOT_SIMULATED or request == abi.KB_SET_POS else errno.EINVAL
        )
    with driver.lock:
        return function(driver, handle, argument)


def _wait_for_event(
    driver: Driver, handle: Handle, argument: Argument, interrupted: Callable[[], bool]
) -> int:
    with driver.changed:
        while not handle.events:
            driver.changed.wait(EVENT_POLL_S)
            if interrupted():
                raise error(errno.EFAULT)  # what the driver returns when a signal ends the wait
        event = handle.events.pop(0)
    argument.write(abi.U32.pack(event))
    return 0


def _set_output_watchdog(driver: Driver, handle: Handle, argument: Argument, stand_in_ms: int | None) -> int:
    try:
        (period_ms,) = abi.ULONG.unpack(argument.read(abi.ULONG.size))
    except abi.UnreachableError:
        if stand_in_ms is None:
            raise
        period_ms = stand_in_ms
    driver.arm(handle, period_ms)
    return 0


def _get_value(driver: Driver, _handle: Handle, argument: Argument) -> int:
    address, bit, _ = abi.PI_VALUE.unpack(argument.read(abi.PI_VALUE.size))
    if address >= IMAGE_LEN:
        raise error(errno.EINVAL)
    byte = driver.peek(address)
    value = byte if bit >= 8 else byte >> bit & 1
    argument.write(abi.PI_VALUE.pack(address, bit, value))
    return 0


def _set_value(driver: Driver, handle: Handle, argument: Argument) -> int:
    address, bit, value = abi.PI_VALUE.unpack(argument.read(abi.PI_VALUE.size))
    if address >= IMAGE_LEN:
        raise error(errno.EINVAL)
    if bit < 8:
        byte = driver.image[address]
        value = byte | 1 << bit if value else byte & ~(1 << bit)
    driver.store(address, bytes((value & 0xFF,)), "set_value", handle)
    driver.feed(handle)
    return 0


def _find_variable(driver: Driver, _handle: Handle, argument: Argument) -> int:
    name = argument.read(32)[:31].split(b"\0")[0]
    found = driver.layout.find(name.decode("utf-8", "replace"))
    if found is None:
        argument.write(abi.PI_VARIABLE.pack(name, 0xFFFF, 0xFF, 0xFFFF))
        raise error(errno.EFAULT)  # the driver's word for "no such name"
    argument.write(abi.PI_VARIABLE.pack(name, found.offset, found.bit, found.bits))
    return 0


def _set_exported_outputs(driver: Driver, handle: Handle, argument: Argument) -> int:
    """The argument is a whole image; only outputs with the export mark are taken from it."""
    if not argument.address:
        raise error(errno.EINVAL)
    exported = driver.layout.exported_outputs()
    if not exported:
        return 0
    driver.last_exported = (driver.clock(), driver.last_exported[0])
    for variable in exported:
        data = argument.read(variable.length, variable.offset)
        if variable.bits == 1:
            mask = 1 << variable.bit
            data = bytes((driver.image[variable.offset] & ~mask | data[0] & mask,))
        driver.store(variable.offset, data, "exported", handle)
    driver.feed(handle)
    driver.changed.notify_all()
    return 0


def _reset_counter(driver: Driver, _handle: Handle, argument: Argument) -> int:
    address, channels = abi.RESET_COUNTER.unpack(argument.read(abi.RESET_COUNTER.size))
    device = driver.layout.at(address)
    if device is None or device.product_type not in COUNTING_MODULES or channels == 0:
        raise error(errno.EINVAL)
    if not driver.active(device):
        raise error(errno.EINVAL)
    if driver.errors_of(address):
        raise error(errno.EIO)
    for channel in range(16):
        if channels >> channel & 1:
            at = device.inputs.offset + COUNTERS_AT + 4 * channel
            driver.field[at : at + 4] = driver.image[at : at + 4] = bytes(4)
    return 0


def _stop_io(driver: Driver, _handle: Handle, argument: Argument) -> int:
    """0 starts, 1 stops, 2 toggles: modules get zeros, the image keeps its outputs."""
    (wish,) = abi.U32.unpack(argument.read(abi.U32.size))
    driver.set_io_stopped(not driver.io_stopped if wish == 2 else bool(wish))
    return int(driver.io_stopped)


def _device_info(driver: Driver, _handle: Handle, argument: Argument) -> int:
    """By address or by module type, whichever comes first in the list; returns the index."""
    asked = argument.read(abi.DEVICE_INFO.size)
    address, module_type = asked[0], int.from_bytes(asked[8:10], "little")
    for index, device in enumerate(driver.layout.devices):
        if device.address == address or _module_type(driver, device) == module_type:
            argument.write(_info(driver, device))
            return index
    raise error(errno.ENXIO)


def _device_info_list(driver: Driver, _handle: Handle, argument: Argument) -> int:
    argument.write(b"".join(_info(driver, device) for device in driver.layout.devices))
    return len(driver.layout.devices)


def _last_message(_driver: Driver, handle: Handle, argument: Argument) -> int:
    text = handle.message.encode()[: abi.MESSAGE_LEN - 1]
    argument.write(text.ljust(abi.MESSAGE_LEN, b"\0"))
    return 0


def _module_type(driver: Driver, device: Device) -> int:
    missing = not driver.active(device) and device.product_type < SOFTWARE_MODULES_FROM
    return device.product_type | NOT_CONNECTED if missing else device.product_type


def _info(driver: Driver, device: Device) -> bytes:
    major, minor = FIRMWARE.get(device.product_type, (1, 0))
    return abi.DEVICE_INFO.pack(
        device.address,
        device.address,  # serial number: none to invent
        _module_type(driver, device),
        1,  # hardware revision
        major,
        minor,
        0,  # repository revision
        device.inputs.length,
        device.outputs.length,
        device.memory.length,
        device.offset,
        device.inputs.offset,
        device.outputs.offset,
        device.memory.offset,
        device.first_entry,
        len(device.variables),
        driver.module_state(device),
        int(driver.active(device)),
        b"",
    )


_REQUESTS: dict[int, Callable[[Driver, Handle, Argument], int]] = {
    abi.KB_GET_VALUE: _get_value,
    abi.KB_SET_VALUE: _set_value,
    abi.KB_FIND_VARIABLE: _find_variable,
    abi.KB_SET_EXPORTED_OUTPUTS: _set_exported_outputs,
    abi.KB_DIO_RESET_COUNTER: _reset_counter,
    abi.KB_STOP_IO: _stop_io,
    abi.KB_GET_DEVICE_INFO: _device_info,
    abi.KB_GET_DEVICE_INFO_LIST: _device_info_list,
    abi.KB_GET_LAST_MESSAGE: _last_message,
}
