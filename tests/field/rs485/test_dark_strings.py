"""Strings that read exactly 0 V at night: a good 0 W, and no way in for a logger that answers zeros."""

from dataclasses import replace

import pytest

from plc.blocks.core import NS_PER_S, Origin, Quality
from plc.field.rs485.device import DARK_READS
from plc.field.rs485.devicerules import faults
from plc.field.rs485.deye import Deye
from plc.field.rs485.options import DeviceOptions
from tests.field.rs485.kinds import all_kinds, kind
from tools.twin.modbus_devices import House, VirtualDeye

NIGHT = House(battery_w=620, battery_soc_pct=48, load_w=900, losses_w=60, backup_load_w=200)
DAY = replace(NIGHT, pv_w=4000, battery_w=-2900)


class Night:
    """One inverter, asked for all its blocks every two seconds."""

    def __init__(self, family="3p-lv", house=NIGHT, **facts):
        self.house, self.now_s = house, 0
        self.unit = VirtualDeye(family, lambda: self.house, dark_strings=True, **facts)
        self.device = Deye("inverter", "deye", all_kinds(), DeviceOptions(role="inverter"))
        self._ask("identity")

    def _ask(self, *names, zeros=()):
        for block in list(self.device.schedule.blocks):
            if block.name in names:
                words = self.unit.read(3, block.spec.start, block.spec.count)
                words = [0] * len(words) if block.name in zeros else words
                self.device.answered(block, words, self.now_s * NS_PER_S, 0.1)

    def poll(self, times=1, zeros=()):
        for _ in range(times):
            self.now_s += 2
            self._ask("pv", "pv_5_to_8", "fast", "state", zeros=zeros)
        return self.snapshot()

    def snapshot(self):
        return self.device.snapshot(self.now_s * NS_PER_S, Origin.SIM)

    def pv(self):
        return self.snapshot().reading("pv_w", self.now_s * NS_PER_S)


@pytest.mark.parametrize(("family", "strings"), [("3p-lv", 2), ("3p-lv", 4), ("3p-hv", 2), ("3p-hv", 6)])
def test_a_start_at_night_gives_good_zero_watts(family, strings):
    night = Night(family, strings=strings)
    assert not any(night.unit.read(3, 661, 24))
    night.poll(DARK_READS + 2)
    assert (night.pv().value, night.pv().quality) == (0.0, Quality.GOOD)
    assert not any("not taken" in text for text in night.snapshot().messages)


def test_at_dusk_the_last_power_becomes_zero_and_stays_fresh_all_night():
    night = Night(house=DAY)
    night.poll(5)
    assert night.pv().value == 4000
    night.house = replace(NIGHT, pv_w=90)
    night.poll(5)
    night.house = NIGHT
    night.poll(DARK_READS + 1)
    assert night.pv().value == 0.0
    night.poll(200)
    assert (night.pv().quality, night.pv().age_ns(night.now_s * NS_PER_S)) == (Quality.GOOD, 0)
    night.house = replace(NIGHT, pv_w=90)
    night.poll(2)
    assert night.pv().value == 90


def test_zeros_by_day_are_contradicted_by_battery_and_grid_however_often_they_come():
    night = Night(house=DAY)
    night.poll(5)
    night.poll(100, zeros=("pv",))
    assert night.pv().value == 4000
    assert night.pv().quality is not Quality.GOOD
    assert any("not taken" in text for text in night.snapshot().messages)
    assert night.snapshot().reading("load_w", night.now_s * NS_PER_S).quality is Quality.GOOD


@pytest.mark.parametrize("reads", range(1, DARK_READS))
def test_a_few_spoilt_frames_at_dawn_are_no_night(reads):
    dawn = Night(house=replace(NIGHT, pv_w=100))
    dawn.poll(5)
    dawn.poll(reads, zeros=("pv",))
    assert dawn.pv().value == 100
    dawn.poll(1)
    dawn.poll(reads, zeros=("pv",))
    assert dawn.pv().value == 100


def test_a_logger_that_has_lost_its_inverter_stays_refused_at_night():
    night = Night()
    night.unit.blank = 0
    night.poll(100)
    assert not night.snapshot().values
    night.unit.blank = None
    night.poll(DARK_READS + 2)
    assert night.pv().value == 0.0
    since_s = night.now_s
    night.unit.blank = 0
    night.poll(100)
    assert night.pv().age_ns(night.now_s * NS_PER_S) <= (night.now_s - since_s + 2) * NS_PER_S
    assert night.pv().quality is Quality.BAD


def test_ones_are_never_the_night():
    night = Night()
    night.poll(3)
    night.unit.overrides = dict.fromkeys(range(661, 685), 65535)
    age_ns = night.pv().age_ns(night.now_s * NS_PER_S)
    night.poll(10)
    assert night.pv().age_ns(night.now_s * NS_PER_S) >= age_ns + 18 * NS_PER_S


def test_a_device_file_cannot_believe_zeros_without_something_that_could_contradict_them():
    lv = kind("deye-3p-lv")
    assert not faults(lv)
    [fault] = faults(replace(lv, checks={}))
    assert fault.path == ("blocks", "pv", "dark_ok")
