"""The image on a device with the driver's semantics: watchdog, module states, errors of the bridge."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest

from plc.blocks.core import Quality
from plc.image.process_image import ImageFault, ProcessImage
from plc.plant.interface import ImageOutputs
from tests.image.cabinet import WALDA, walda
from tools.twin.picontrol.process import VirtualPiControl, why_not_available

pytestmark = pytest.mark.peer

ON = ImageOutputs(m1_enable=True, p4_setpoint_pct=100.0)
OUTPUTS = slice(11 + 70, 11 + 72)


@pytest.fixture
def device() -> Iterator[VirtualPiControl]:
    missing = why_not_available()
    if missing is not None:
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with VirtualPiControl.start(WALDA / "config.rsc") as running:
        yield running


@pytest.fixture
def image(device: VirtualPiControl) -> Iterator[ProcessImage]:
    opened = ProcessImage.open(walda(), device.image, WALDA / "config.rsc")
    opened.write_safe()
    yield opened
    opened.close()


def outputs(device: VirtualPiControl) -> bytes:
    with open(device.image, "rb", buffering=0) as file:
        return file.read(4096)[OUTPUTS]


def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.01)


def test_the_output_watchdog_is_armed_on_the_handle_that_writes(
    device: VirtualPiControl, image: ProcessImage
) -> None:
    assert image.has_watchdog()
    assert image.arm_watchdog(200)
    image.write(ON)
    assert outputs(device) != bytes(2)
    until(lambda: outputs(device) == bytes(2))  # nobody writes any more
    image.write(ON)
    assert outputs(device) == bytes(2)  # late: an old decision never reaches the terminals
    image.write(ON)
    assert outputs(device) != bytes(2)
    image.close()
    until(lambda: outputs(device) == bytes(2))


def test_a_module_that_stops_answering_is_noticed_although_its_inputs_freeze(
    device: VirtualPiControl, image: ProcessImage
) -> None:
    first = image.read(0)
    assert first.dio_healthy
    assert first.aio_healthy
    device.command("module 32 offline")
    until(lambda: not image.read(1).dio_healthy)
    device.command("module 32 online")
    until(lambda: image.read(10**9).dio_healthy)


def test_a_bridge_that_stops_is_a_fault_of_the_image(device: VirtualPiControl, image: ProcessImage) -> None:
    image.read(0)
    device.command("stop")
    with pytest.raises(ImageFault, match="EAGAIN"):
        image.read(1)


def test_what_the_driver_knows_about_the_modules(image: ProcessImage) -> None:
    assert [(info.address, info.module_type) for info in image.device_info()] == [
        (0, 95),
        (32, 96),
        (33, 103),
    ]
    assert image.read(0).t_oil_degc.quality in (Quality.GOOD, Quality.HELD, Quality.NEVER)
