"""Orders that make the virtual devices of a running twin misbehave."""

import pytest

from tools.twin import scenarios
from tools.twin.devices import Devices
from tools.twin.modbus_devices.faults import Fault
from tools.twin.modbus_devices.plant import INVERTER_LINK
from tools.twin.rig import Rig


@pytest.fixture
def devices(tmp_path):
    with Devices(Rig(scenarios.get("pv-day"))) as found:
        found.serve_rs485(tmp_path, None)
        yield found


def obey(devices, text):
    return devices.obey(text.split())


def test_what_is_no_order_to_a_device_is_left_to_others(devices):
    assert not obey(devices, "grid_block")


@pytest.mark.parametrize("text", ["m1 fault hang", "deye fault nonsense", "deye dance", "deye fault crc x"])
def test_an_order_that_makes_no_sense_is_refused(devices, text):
    with pytest.raises(ValueError):
        obey(devices, text)


def test_the_inverter_gets_its_switches_by_name_and_its_health_back(devices):
    deye = devices.rs485.deye
    for text in ("deye fault no_clamps True", "deye fault blank 0", "deye fault refuses [590,595]"):
        assert obey(devices, text)
    assert (deye.no_clamps, deye.blank, deye.refuses) == (True, 0, (590, 595))
    obey(devices, "deye clear")
    assert (deye.no_clamps, deye.blank, deye.refuses) == (False, None, None)


def test_the_inverter_cannot_be_made_another_device(devices):
    with pytest.raises(ValueError):
        obey(devices, "deye fault family 1p")


def test_lines_get_faults_and_lose_their_adapter(devices):
    obey(devices, "meters fault late 5")
    assert devices.rs485.meters.faults.draw() == (Fault.LATE, 5.0)
    obey(devices, "meters fault late false")
    assert devices.rs485.meters.faults.draw() is None
    link = devices.rs485.inverter.link
    assert link.name == INVERTER_LINK
    obey(devices, "deye unplug")
    assert not link.is_symlink()
    obey(devices, "deye replug")
    assert link.is_symlink()


def test_miners_take_orders_of_their_own(devices):
    devices.serve_miners([0, 0])
    obey(devices, "m2 fault hang true")
    assert devices.miners[1].faults.hang
    assert not devices.miners[0].faults.hang
    obey(devices, "m2 fault slow_response_s 5")
    assert devices.miners[1].faults.slow_response_s == 5.0
    obey(devices, "m2 clear")
    assert not devices.miners[1].faults.hang
