"""The process image as a file: strict reads and writes, and the driver's special calls.

The access library forgives too much: a short read shrinks its buffers and shifts every address, a
short write is not noticed at all, and an error after it has taken a lock leaves the lock behind. So
the handle it works on is ours: anything but a complete transfer raises before the library can go on.

Numbers of the calls and the structure of a device entry: RevPi reference, topic ioctl numbers.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import stat
import struct
import time
from dataclasses import dataclass
from typing import Any

from plc.exits import Exit, ExitError

KB_GET_DEVICE_INFO = 0x4B00 + 14
KB_SET_OUTPUT_WATCHDOG = 0x4B00 + 26

_DEVICE_INFO = struct.Struct("@B3xI4HI9HBB30s2x")
_NO_SUCH_CALL = (errno.ENOTTY, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


class ImageFault(ExitError):  # noqa: N818 - the word of the design
    """The process image cannot be trusted any more. Never retry on the same object: leave, restart."""

    def __init__(self, message: str, code: Exit = Exit.IMAGE_FAULT) -> None:
        super().__init__(code, message)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What the driver knows about one module at run time.

    online: takes part in the cyclic exchange now; False while its inputs in the image are frozen.
    output_offset: byte in the image where its outputs begin.
    """

    address: int
    module_type: int
    serial: int
    firmware: str
    active: bool
    online: bool
    output_offset: int = 0


class ImageFile(io.FileIO):
    """The opened image. Raises ImageFault for everything but a complete transfer."""

    def __init__(self, path: str) -> None:
        try:
            super().__init__(path, "r+")
        except OSError as error:
            raise ImageFault(f"process image {path} cannot be opened: {_reason(error)}") from error
        self.path = path
        self.write_until_ns: int | None = None  # monotonic; None = no output watchdog to compare with

    @property
    def is_device(self) -> bool:
        """True for the driver's character device, False for a file (simulation)."""
        return stat.S_ISCHR(os.fstat(self.fileno()).st_mode)

    @property
    def size(self) -> int | None:
        """Bytes of a file; None for a device, whose size is fixed by the driver."""
        return None if self.is_device else os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Exactly `size` bytes."""
        try:
            data = self._raw_read(-1 if size is None else size)
        except OSError as error:
            raise ImageFault(f"read of the process image failed: {_reason(error)}") from error
        if data is None:
            raise ImageFault("read of the process image failed: the driver is not running (EAGAIN)")
        if size is not None and 0 <= size != len(data):
            raise ImageFault(f"the process image gave {len(data)} of {size} bytes")
        return data

    def write(self, data: Any, /) -> int:
        """All bytes; zeros in their place when the write comes after `write_until_ns`.

        The last look at the clock before an old decision could reach the terminals: the process may have
        stood still after every check above this line.
        """
        if self.write_until_ns is not None and time.monotonic_ns() > self.write_until_ns:
            data = bytes(len(data))
        try:
            written = self._raw_write(data)
        except OSError as error:
            raise ImageFault(f"write of the process image failed: {_reason(error)}") from error
        if written != len(data):
            raise ImageFault(f"the process image took {written} of {len(data)} bytes")
        return len(data)

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        """As a file does; the driver refuses it while it is not running."""
        try:
            return self._raw_seek(position, whence)
        except OSError as error:
            raise ImageFault(f"seek in the process image failed: {_reason(error)}") from error

    def _raw_read(self, size: int) -> bytes | None:
        return super().read(size)

    def _raw_write(self, data: Any) -> int | None:
        return super().write(data)

    def _raw_seek(self, position: int, whence: int) -> int:
        return super().seek(position, whence)

    def lock(self) -> bool:
        """True when no other open handle of this image holds the lock; it ends with the handle."""
        try:
            fcntl.flock(self.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def set_watchdog(self, period_ms: int) -> bool:
        """Arms the driver's output watchdog on this handle, 0 disarms; False where it does not exist.

        The driver reads an unsigned long. A device that refuses is fatal: the program would run
        without the layer that zeroes the outputs when it hangs.
        """
        try:
            fcntl.ioctl(self.fileno(), KB_SET_OUTPUT_WATCHDOG, struct.pack("@L", period_ms))
        except OSError as error:
            if self.is_device:
                raise ImageFault(
                    f"the output watchdog cannot be armed: {_reason(error)}. Use the 64-bit RevPi image"
                ) from error
            if error.errno in _NO_SUCH_CALL:
                return False
            raise ImageFault(f"the output watchdog cannot be armed: {_reason(error)}") from error
        return True

    def device_info(self, position: int) -> DeviceInfo | None:
        """What the driver says about the module at a position; None when it cannot say."""
        request = bytearray(_DEVICE_INFO.size)
        request[0] = position
        try:
            fcntl.ioctl(self.fileno(), KB_GET_DEVICE_INFO, request)
        except OSError:
            return None
        fields = _DEVICE_INFO.unpack(request)
        address, serial, module_type, _hardware, major, minor = fields[:6]
        state, active = fields[16], fields[17]
        return DeviceInfo(
            address, module_type, serial, f"{major}.{minor}", bool(active), bool(active and state), fields[12]
        )


def _reason(error: OSError) -> str:
    return f"{error.strerror or error} ({errno.errorcode.get(error.errno or 0, '?')})"
