"""Miners that run must be in the load of the house; reversed clamps are found in operation, not in spring."""

from types import SimpleNamespace

import pytest

from plc.blocks.core import NS_PER_S, Origin, Quality, Reading
from plc.devices import running_miners_w
from plc.exchange import Exchange
from plc.field.rs485.deye import Deye
from plc.field.rs485.known_load import KnownLoad
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.service import Rs485Service
from plc.field.rs485.settings import SerialDevice, SerialPort
from plc.plant.interface import ImageInputs, MinerInputs
from tests.field.rs485.kinds import all_kinds
from tools.twin.modbus_devices import House, VirtualDeye

MINERS_W = 6000.0
WITH_MINERS = House(load_w=6500, battery_soc_pct=40)
REVERSED = House(load_w=-6500, battery_soc_pct=40)  # what reversed clamps make of it: load = grid + inverter


def run(judge, load_w, known_w, seconds, start_s=0):
    for second in range(start_s, start_s + seconds, 2):
        judge.judge(load_w, known_w, second * NS_PER_S)
    return judge.suspect_since_ns


@pytest.mark.parametrize(
    ("load_w", "known_w", "missing", "suspect"),
    [
        (6500, MINERS_W, False, False),
        (3700, MINERS_W, False, False),
        (3500, MINERS_W, True, False),
        (400, MINERS_W, True, False),  # miners before the clamps: the rest of the house alone
        (-500, MINERS_W, True, False),
        (-700, MINERS_W, True, True),
        (-6000, MINERS_W, True, True),
        (-6000, None, False, False),
        (0, 900, False, False),
    ],
)
def test_a_minute_below_sixty_percent_is_told_and_a_minute_far_below_zero_is_a_contradiction(
    load_w, known_w, missing, suspect
):
    judge = KnownLoad()
    assert run(judge, load_w, known_w, 58) is None
    assert not judge.missing
    assert (run(judge, load_w, known_w, 8, start_s=58) is not None) == suspect
    assert judge.missing == missing


def test_a_start_of_the_miners_is_no_contradiction():
    judge = KnownLoad()
    run(judge, -500, MINERS_W, 40)
    run(judge, 6500, MINERS_W, 10, start_s=40)
    assert run(judge, -900, MINERS_W, 40, start_s=50) is None
    assert not judge.missing


def test_a_look_before_and_one_after_a_gap_are_no_minute():
    judge = KnownLoad()
    run(judge, -6000, MINERS_W, 4)
    assert run(judge, -6000, MINERS_W, 58, start_s=600) is None
    assert run(judge, -6000, MINERS_W, 8, start_s=658) is not None


def test_the_suspicion_outlives_the_miners_that_it_stops_and_ends_with_the_next_proof():
    judge = KnownLoad()
    assert run(judge, -6000, MINERS_W, 70) is not None
    assert run(judge, 500, None, 4000, start_s=70) is not None
    assert run(judge, 500, MINERS_W, 100, start_s=4100) is not None
    assert run(judge, 6400, MINERS_W, 4, start_s=5000) is None
    assert not judge.missing


class Plant:
    """An inverter that is read every two seconds."""

    def __init__(self, **options):
        self.house, self.known_w, self.now_s = WITH_MINERS, MINERS_W, 0
        self.unit = VirtualDeye("3p-lv", lambda: self.house)
        self.device = Deye("deye", "deye-3p-lv", all_kinds(), DeviceOptions(role="inverter", **options))
        self.device.known_load_w = lambda: self.known_w

    def run(self, seconds):
        for _ in range(0, seconds, 2):
            self.now_s += 2
            for block in list(self.device.schedule.blocks):
                if block.name in ("pv", "fast", "state"):
                    words = self.unit.read(3, block.spec.start, block.spec.count)
                    self.device.answered(block, words, self.now_s * NS_PER_S, 0.1)
        return self.device.snapshot(self.now_s * NS_PER_S, Origin.SIM)


def test_reversed_clamps_cost_grid_and_load_their_credit_and_nothing_else():
    plant = Plant()
    assert plant.run(120).values["ext_ct_w"].quality is Quality.GOOD
    plant.house = REVERSED
    found = plant.run(140)
    assert found.values["load_w"].quality is Quality.BAD
    assert found.values["ext_ct_w"].quality is Quality.BAD
    assert found.values["battery_soc_pct"].quality is Quality.GOOD
    assert any("clamps" in text for text in found.messages)
    plant.house = WITH_MINERS
    assert plant.run(10).values["load_w"].quality is Quality.GOOD


def test_a_site_with_its_miners_before_the_clamps_gets_the_message_alone():
    plant = Plant()
    plant.house = House(load_w=500, battery_soc_pct=40)
    found = plant.run(200)
    assert found.values["load_w"].quality is Quality.GOOD
    assert found.values["ext_ct_w"].quality is Quality.GOOD
    assert any("clamps" in text for text in found.messages)


def test_report_only_leaves_even_a_negative_load_its_credit():
    plant = Plant(report_only=("known_load",))
    plant.house = REVERSED
    found = plant.run(200)
    assert found.values["load_w"].quality is Quality.GOOD
    assert any("clamps" in text for text in found.messages)


def exchange(k10, k11, *powers, now_ns=100 * NS_PER_S):
    found = Exchange()
    for mailbox, (metered, estimated) in zip(found.miners, powers, strict=True):
        readings = [Reading() if w is None else Reading.good(w, now_ns) for w in (metered, estimated)]
        mailbox.put(MinerInputs(power_metered_w=readings[0], power_estimated_w=readings[1]))
    image = ImageInputs(dio_healthy=True, aio_healthy=True, k10_fb=k10, k11_fb=k11)
    found.last.put(SimpleNamespace(inputs=SimpleNamespace(image=image)))
    return found


@pytest.mark.parametrize(
    ("k10", "k11", "powers", "expected"),
    [
        (True, True, [(3100, 3000), (None, 3200)], 6300),
        (True, False, [(3100, 3000), (None, 3200)], 3100),
        (False, False, [(3100, 3000), (3200, None)], None),
        (True, True, [(3100, 3000), (None, None)], None),
    ],
)
def test_what_surely_runs_are_miners_behind_closed_contactors_that_tell_their_power(
    k10, k11, powers, expected
):
    assert running_miners_w(exchange(k10, k11, *powers), 101 * NS_PER_S) == expected


def test_old_powers_and_a_plant_that_has_not_scanned_know_nothing():
    assert running_miners_w(exchange(True, True, (3100, None), (3200, None)), 200 * NS_PER_S) is None
    assert running_miners_w(Exchange(), 0) is None


def test_the_service_hands_the_question_to_every_inverter():
    port = SerialPort(port="/dev/null", devices=(SerialDevice(name="deye", type="deye", slave_id=1),))
    clock = SimpleNamespace(now_ns=lambda: 0)
    service = Rs485Service([port], all_kinds(), clock)
    service.expect_load(lambda: 42.0)
    [bus] = service._buses
    assert bus.devices[0].known_load_w() == 42.0
