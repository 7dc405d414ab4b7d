"""Numbers and structures of the piControl interface, and the way into a caller's memory.

All requests are `_IO('K', n)`: the size in the number is 0, so FUSE hands the pointer over as it came
and copies nothing. The argument is therefore read from and written to `/proc/PID/mem`, which the
kernel allows to root and to the owner of an ordinary process (ptrace rules).
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

KB_RESET = 0x4B00 + 12
KB_GET_DEVICE_INFO_LIST = 0x4B00 + 13
KB_GET_DEVICE_INFO = 0x4B00 + 14
KB_GET_VALUE = 0x4B00 + 15
KB_SET_VALUE = 0x4B00 + 16
KB_FIND_VARIABLE = 0x4B00 + 17
KB_SET_EXPORTED_OUTPUTS = 0x4B00 + 18
KB_DIO_RESET_COUNTER = 0x4B00 + 20
KB_GET_LAST_MESSAGE = 0x4B00 + 21
KB_STOP_IO = 0x4B00 + 22
KB_SET_OUTPUT_WATCHDOG = 0x4B00 + 26
KB_SET_POS = 0x4B00 + 27
KB_RO_GET_COUNTER = 0x4B00 + 29
KB_WAIT_FOR_EVENT = 0x4B00 + 50
EVENT_RESET = 1

NAMES = {value: name for name, value in list(globals().items()) if name.startswith("KB_")}

DEVICE_INFO = struct.Struct("@B3xI4HI9HBB30s2x")  # SDeviceInfo, 72 bytes
PI_VALUE = struct.Struct("@HBB")  # SPIValue: address, bit (>= 8 whole byte), value
PI_VARIABLE = struct.Struct("@32sHBxH")  # SPIVariable: name, address, bit, length in bits
RESET_COUNTER = struct.Struct("@BxH")  # SDIOResetCounter: address, bit field
U32 = struct.Struct("@I")
ULONG = struct.Struct("@L")  # the watchdog period: the driver reads an unsigned long
MESSAGE_LEN = 256


class UnreachableError(OSError):
    """The caller's memory is out of reach: other user, other PID namespace, or forbidden by ptrace rules."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EOPNOTSUPP, f"argument of the call cannot be copied: {why}")


class Caller:
    """Memory at `address` of thread `pid`; one object per request."""

    def __init__(self, pid: int, address: int) -> None:
        self.pid = pid
        self.address = address

    def read(self, length: int, offset: int = 0) -> bytes:
        with self._memory(os.O_RDONLY) as memory:
            try:
                data = os.pread(memory, length, self.address + offset)
            except (OSError, OverflowError) as error:
                raise OSError(errno.EFAULT, os.strerror(errno.EFAULT)) from error
        if len(data) != length:
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
        return data

    def write(self, data: bytes) -> None:
        with self._memory(os.O_RDWR) as memory:
            try:
                written = os.pwrite(memory, data, self.address)
            except (OSError, OverflowError) as error:
                raise OSError(errno.EFAULT, os.strerror(errno.EFAULT)) from error
        if written != len(data):
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))

    @contextmanager
    def _memory(self, flags: int) -> Iterator[int]:
        try:
            memory = os.open(f"/proc/{self.pid}/mem", flags | os.O_CLOEXEC)
        except OSError as error:
            raise UnreachableError(error.strerror or "unknown") from error
        try:
            yield memory
        finally:
            os.close(memory)
