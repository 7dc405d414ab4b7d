"""An image that fails in every way a driver can: the program must notice at once and never hang.

The access library keeps a lock after some of these faults; a second use of the same object would wait
for ever. Each test therefore also asks for the safe image and for a second read after the fault.
"""

from __future__ import annotations

import errno
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plc.image.image_file import KB_GET_DEVICE_INFO, KB_SET_OUTPUT_WATCHDOG, DeviceInfo, ImageFile
from plc.image.process_image import ImageFault
from plc.plant.interface import SAFE_OUTPUTS, ImageOutputs
from tests.image.cabinet import Bench


class Driver:
    """Stands between our file and the kernel and fails on demand."""

    def __init__(self, bench: Bench) -> None:
        self.read: Callable[[bytes | None], bytes | None] | None = None
        self.write: Callable[[Any], int | None] | None = None
        self.seek: Callable[[int], int] | None = None
        driver = self

        class File(ImageFile):
            def _raw_read(self, size: int) -> bytes | None:
                data = super()._raw_read(size)
                return data if driver.read is None else driver.read(data)

            def _raw_write(self, data: Any) -> int | None:
                return super()._raw_write(data) if driver.write is None else driver.write(data)

            def _raw_seek(self, position: int, whence: int) -> int:
                return super()._raw_seek(position, whence) if driver.seek is None else driver.seek(position)

        self.image = bench.open(opener=File)
        self.image.write_safe()
        self.image.read(1)


def raising(code: int) -> Callable[[Any], Any]:
    def outcome(_: Any) -> Any:
        raise OSError(code, "driver says no")

    return outcome


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


READ_FAULTS = {
    "EAGAIN as an error": raising(errno.EAGAIN),
    "EAGAIN as no data": lambda data: None,
    "I/O error": raising(errno.EIO),
    "device gone": raising(errno.ENODEV),
    "half an image": lambda data: data[:50],
    "nothing": lambda data: b"",
}


@pytest.mark.parametrize("fault", READ_FAULTS.values(), ids=READ_FAULTS.keys())
def test_a_failed_read_is_fatal_and_leaves_nothing_hanging(bench: Bench, fault: Callable[[Any], Any]) -> None:
    driver = Driver(bench)
    driver.image.write(ImageOutputs(m1_enable=True, p4_setpoint_pct=100.0))
    driver.read = fault
    with pytest.raises(ImageFault) as raised:
        driver.image.read(2)
    assert raised.value.code == 5
    driver.read = None
    with pytest.raises(ImageFault, match="failed before"):
        driver.image.read(3)
    with pytest.raises(ImageFault, match="failed before"):
        driver.image.write(ImageOutputs(m1_enable=True))
    driver.image.write_safe()
    assert bench.discrete_outputs() == 0
    assert bench.millivolts() == (0, 0)
    driver.image.close()


WRITE_FAULTS = {
    "EAGAIN as an error": raising(errno.EAGAIN),
    "EAGAIN as no count": lambda data: None,
    "I/O error": raising(errno.EIO),
    "half a block": lambda data: len(data) // 2,
}


@pytest.mark.parametrize("fault", WRITE_FAULTS.values(), ids=WRITE_FAULTS.keys())
def test_a_failed_write_is_fatal_and_leaves_nothing_hanging(
    bench: Bench, fault: Callable[[Any], Any]
) -> None:
    driver = Driver(bench)
    driver.image.write(ImageOutputs(m1_enable=True))
    driver.write = fault
    with pytest.raises(ImageFault):
        driver.image.write(SAFE_OUTPUTS)
    with pytest.raises(ImageFault):
        driver.image.write_safe()
    driver.write = None
    with pytest.raises(ImageFault, match="failed before"):
        driver.image.read(3)
    driver.image.write_safe()
    assert bench.discrete_outputs() == 0


def test_a_failed_seek_is_fatal(bench: Bench) -> None:
    driver = Driver(bench)
    driver.seek = raising(errno.EAGAIN)
    with pytest.raises(ImageFault, match="EAGAIN"):
        driver.image.read(2)


def test_a_fault_is_an_exception_and_not_a_warning(bench: Bench) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        driver = Driver(bench)
        driver.read = raising(errno.EIO)
        with pytest.raises(ImageFault):
            driver.image.read(2)


def test_the_access_library_does_not_change_the_warnings_of_the_program(bench: Bench) -> None:
    before = list(warnings.filters)
    Driver(bench)
    assert list(warnings.filters) == before


# ---- the driver's special calls


class Kernel:
    """Answers ioctls the way the driver does, or refuses them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[int, bytes]] = []
        self.error: int | None = None
        self.modules: dict[int, tuple[int, int]] = {}  # position -> (state, active)
        self.output_offset = 7
        monkeypatch.setattr("plc.image.image_file.fcntl.ioctl", self.ioctl)

    def ioctl(self, handle: int, number: int, argument: Any) -> int:
        self.calls.append((number, bytes(argument)))
        if self.error is not None:
            raise OSError(self.error, "refused")
        if number == KB_GET_DEVICE_INFO:
            if argument[0] not in self.modules:
                raise OSError(errno.ENXIO, "no such module")
            argument[30] = self.output_offset
            argument[38], argument[39] = self.modules[argument[0]]
        return 0


def test_the_watchdog_period_is_an_unsigned_long(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import struct

    kernel = Kernel(monkeypatch)
    image = bench.open()
    assert image.arm_watchdog(1500) is True
    assert kernel.calls == [(KB_SET_OUTPUT_WATCHDOG, struct.pack("@L", 1500))]
    assert KB_SET_OUTPUT_WATCHDOG == 19226


@pytest.mark.parametrize("code", [errno.ENOTTY, errno.EINVAL, errno.EAGAIN, errno.EPERM])
def test_a_device_without_its_watchdog_is_fatal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    kernel = Kernel(monkeypatch)
    kernel.error = code
    image = bench.open()
    monkeypatch.setattr(ImageFile, "is_device", property(lambda self: True))
    with pytest.raises(ImageFault, match="64-bit"):
        image.arm_watchdog(1000)


def test_a_file_image_that_has_a_watchdog_but_refuses_it_is_fatal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(monkeypatch)
    kernel.error = errno.EIO
    with pytest.raises(ImageFault, match="EIO"):
        bench.open().arm_watchdog(1000)


def test_a_module_that_the_driver_calls_offline_is_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(monkeypatch)
    kernel.modules = {0: (1, 1), 32: (1, 1), 33: (1, 1)}
    bench.inputs(0x3FFF)
    image = bench.open()
    assert image.read(0).dio_healthy
    kernel.modules[32] = (0, 1)
    assert image.read(900_000_000).dio_healthy  # asked once a second only
    inputs = image.read(1_000_000_000)
    assert not inputs.dio_healthy
    assert not inputs.safety_ok
    assert inputs.aio_healthy
    assert image.health.dio == ("dio01: offline",)
    kernel.modules[32] = (1, 1)
    assert image.read(2_000_000_000).dio_healthy


def test_a_file_is_asked_about_its_modules_only_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(monkeypatch)
    kernel.error = errno.ENOTTY
    image = bench.open()
    for second in range(10):
        image.read(second * 1_000_000_000)
    assert len(kernel.calls) == 2


def test_device_info_is_decoded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import struct

    record = struct.pack("@B3xI4HI9HBB30s2x", 32, 4711, 96, 1, 1, 6, 0, *range(9), 1, 1, b"")

    def ioctl(handle: int, number: int, argument: Any) -> int:
        assert number == 19214
        argument[:] = record
        return 0

    monkeypatch.setattr("plc.image.image_file.fcntl.ioctl", ioctl)
    info = bench.open().device_info()[0]
    assert info == DeviceInfo(32, 96, 4711, "1.6", active=True, online=True, output_offset=5)


def test_a_module_that_moved_in_the_image_is_a_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(monkeypatch)
    kernel.modules = {0: (1, 1), 32: (1, 1), 33: (1, 1)}
    image = bench.open()
    image.read(0)
    image.read(1_000_000_000)
    kernel.output_offset = 9
    with pytest.raises(ImageFault, match="driver was reset"):
        image.read(2_000_000_000)
