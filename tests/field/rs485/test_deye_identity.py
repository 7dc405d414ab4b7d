import random

import pytest

from plc.blocks.core import NS_PER_S, Origin, Quality
from plc.field.rs485.device import DeviceState
from plc.field.rs485.deye import Deye, Family, identify
from plc.field.rs485.options import DeviceOptions
from tests.field.rs485.kinds import all_kinds
from tests.field.rs485.rig import HOUSE
from tools.twin.modbus_devices import VirtualDeye


def words(family="3p-lv", **facts):
    return VirtualDeye(family, lambda: HOUSE, **facts).read(3, 0, 23)


def deye(kind="deye", **options):
    return Deye("inverter", kind, all_kinds(), DeviceOptions(role="inverter", **options))


def identity_block(device):
    return next(b for b in device.schedule.blocks if b.name == "identity")


def read_identity(device, content, now_s=1):
    device.answered(identity_block(device), content, now_s * NS_PER_S, 0.1)


# Codes on which the sources agree, and those on which they do not.
CODES = [
    (0x0003, Family.P1), (0x0300, Family.P1), (0x0103, Family.P1), (0x0104, Family.P1),
    (0x0005, Family.LV3), (0x0500, Family.LV3),
    (0x0006, Family.HV3), (0x0007, Family.HV3), (0x0600, Family.HV3), (0x0008, Family.HV3),
    (0x0601, Family.HV3), (0x0602, Family.HV3),
    (0x0200, None), (0x0002, None), (0x0004, None), (0x0400, None), (0x0009, None), (0x1234, None),
]  # fmt: skip


@pytest.mark.parametrize(("code", "family"), CODES)
def test_device_code_chooses_the_family_and_an_unknown_one_none(code, family):
    found = identify(words(device_code=code))
    assert found.family is family
    if family is None:
        assert found.message


def test_model_facts_of_a_three_phase_unit():
    found = identify(words(serial="2207311234", rated_w=12_000, strings=2, firmware=0x1098))
    assert found.serial == "2207311234"
    assert found.rated_w == 12_000
    assert (found.strings, found.phases) == (2, 3)
    assert found.protocol == "1.4"
    assert found.firmware.startswith("1098-1098")


def test_rated_power_above_6553_watts_needs_both_words():
    assert identify(words(rated_w=50_000)).rated_w == 50_000
    assert identify(words("1p", rated_w=8_000)).rated_w == 8_000


@pytest.mark.parametrize(
    ("strings", "expected"), [(1, 1), (2, 2), (4, 4), (8, 8), (12, 12), (13, 2), (15, 2)]
)
def test_number_of_strings_is_clamped(strings, expected):
    assert identify(words(strings=strings)).strings == expected


def test_without_information_on_strings_all_four_are_read():
    content = words()
    content[22] = 256
    assert identify(content).strings == 4


def test_an_unknown_model_gives_no_value_and_a_message():
    device = deye()
    read_identity(device, words(device_code=0x0200))
    assert device.state() is DeviceState.UNKNOWN_MODEL
    snapshot = device.snapshot(NS_PER_S, Origin.MEASURED)
    assert not snapshot.values
    assert "type plate" in snapshot.messages[0]
    assert {block.name for block in snapshot.blocks} == {"identity"}


def test_a_forced_family_reads_an_unknown_model_and_says_so():
    device = deye("deye-1p-10w")
    read_identity(device, words("1p-10w", device_code=0x0200))
    assert device.state() is DeviceState.ANSWERING
    assert device.kind_name == "deye-1p-10w"
    assert "0x0200" in device.snapshot(NS_PER_S, Origin.MEASURED).messages[0]


def test_a_forced_family_that_the_unit_contradicts_is_reported():
    device = deye("deye-1p")
    read_identity(device, words("3p-lv"))
    assert "the unit says deye-3p-lv" in device.snapshot(NS_PER_S, Origin.MEASURED).messages[0]


@pytest.mark.parametrize(
    ("family", "rated_w", "strings", "blocks"),
    [
        ("3p-lv", 12_000, 2, {"identity", "fast", "pv", "state", "bms"}),
        ("3p-hv", 15_000, 2, {"identity", "fast", "pv", "state", "bms"}),
        ("3p-hv", 30_000, 4, {"identity", "wide", "state", "bms"}),
        ("3p-hv", 50_000, 8, {"identity", "wide", "pv_5_to_8", "state", "bms"}),
        ("1p", 8_000, 2, {"identity", "fast", "state", "bms"}),
    ],
)
def test_block_plan_follows_the_unit(family, rated_w, strings, blocks):
    device = deye()
    read_identity(device, words(family, rated_w=rated_w, strings=strings))
    assert {block.name for block in device.schedule.blocks} == blocks


def test_identity_is_not_read_again_at_once():
    device = deye()
    read_identity(device, words(), now_s=1)
    assert identity_block(device).due_ns > 500 * NS_PER_S


def feed(device, family, now_s, **facts):
    virtual = VirtualDeye(family, lambda: HOUSE, noise=random.Random(now_s), **facts)
    for block in device.schedule.blocks:
        if block.name != "identity":
            device.answered(block, virtual.read(3, block.spec.start, block.spec.count), now_s * NS_PER_S)


@pytest.mark.parametrize("family", ["3p-lv", "3p-hv", "1p"])
def test_every_family_gives_the_energy_fields_of_the_house(family):
    device = deye()
    read_identity(device, words(family))
    feed(device, family, 2)
    snapshot = device.snapshot(2 * NS_PER_S, Origin.SIM)
    fed = {target: snapshot.values[name] for target, name in snapshot.feeds.items()}
    step = 10 if family == "3p-hv" else 1
    assert fed["energy.pv_w"].value == pytest.approx(HOUSE.pv_w, abs=2 * step)
    assert fed["energy.battery_w"].value == pytest.approx(HOUSE.battery_w, abs=step)
    assert fed["energy.grid_w"].value == HOUSE.grid_w
    assert fed["energy.load_w"].value == HOUSE.load_w
    assert fed["energy.battery_soc_pct"].value == HOUSE.battery_soc_pct
    assert all(reading.quality is Quality.GOOD for reading in fed.values())
    assert all(reading.origin is Origin.SIM for reading in fed.values())


def test_a_unit_with_eight_strings_sums_both_blocks():
    device = deye()
    read_identity(device, words("3p-hv", rated_w=50_000, strings=8))
    feed(device, "3p-hv", 2, rated_w=50_000, strings=8)
    snapshot = device.snapshot(2 * NS_PER_S, Origin.SIM)
    assert snapshot.values["pv_w"].value == pytest.approx(HOUSE.pv_w, abs=80)


def test_ten_watt_units_are_never_believed_under_the_one_watt_map():
    device = deye()
    read_identity(device, words("1p-10w", device_code=0x0003))
    for second in range(2, 20):
        feed(device, "1p-10w", second)
    snapshot = device.snapshot(20 * NS_PER_S, Origin.SIM)
    assert device.kind_name == "deye-1p"
    for name in ("load_w", "ext_ct_w"):
        assert name not in snapshot.values or snapshot.values[name].quality > Quality.GOOD
    assert any('check "load"' in text for text in snapshot.messages)


def test_one_strange_serial_number_holds_the_second_one_condemns_the_old_one_clears():
    device = deye()
    read_identity(device, words(), 1)
    feed(device, "3p-lv", 2)
    read_identity(device, words(serial="9999999999"), 3)
    held = device.snapshot(3 * NS_PER_S, Origin.MEASURED)
    assert {r.quality for r in held.values.values()} == {Quality.HELD}
    read_identity(device, words(serial="9999999999"), 5)
    bad = device.snapshot(5 * NS_PER_S, Origin.MEASURED)
    assert {r.quality for r in bad.values.values()} <= {Quality.BAD}
    assert bad.state is DeviceState.NOT_COMMISSIONED
    assert identity_block(device).period_ns == 30 * NS_PER_S
    read_identity(device, words(), 7)
    assert identity_block(device).period_ns == 600 * NS_PER_S
    feed(device, "3p-lv", 8)
    good = device.snapshot(8 * NS_PER_S, Origin.MEASURED)
    assert good.values["load_w"].quality is Quality.GOOD


def test_a_unit_that_is_not_the_commissioned_one_is_never_believed():
    device = deye(serial="1111111111")
    read_identity(device, words(), 1)
    read_identity(device, words(), 3)
    feed(device, "3p-lv", 4)
    snapshot = device.snapshot(4 * NS_PER_S, Origin.MEASURED)
    assert snapshot.state is DeviceState.NOT_COMMISSIONED
    assert all(reading.quality is Quality.BAD for reading in snapshot.values.values())


def test_changed_firmware_leaves_a_message_that_the_scales_are_unverified():
    device = deye()
    read_identity(device, words(firmware=0x1097), 1)
    read_identity(device, words(firmware=0x1098), 601)
    assert any("firmware changed" in t for t in device.snapshot(601 * NS_PER_S, Origin.MEASURED).messages)


def test_an_identity_of_zeros_identifies_nothing():
    device = deye()
    read_identity(device, [5, 1] + [0] * 21)
    assert device.state() is DeviceState.CONNECTING
    assert device.counters.failures["blank"] == 1


def test_no_voltage_behind_a_closed_grid_relay_is_refused_but_a_blackout_is_not():
    device = deye()
    read_identity(device, words(), 1)
    feed(device, "3p-lv", 2)
    dead = {598: 0, 599: 0, 600: 0}
    feed(device, "3p-lv", 3, overrides=dead)
    assert device.snapshot(3 * NS_PER_S, Origin.MEASURED).values["grid_l1_v"].value > 200
    feed(device, "3p-lv", 4, overrides={**dead, 552: 1})
    feed(device, "3p-lv", 5, overrides={**dead, 552: 1})
    assert device.snapshot(5 * NS_PER_S, Origin.MEASURED).values["grid_l1_v"].value == 0


def house_without_clamps(grid=0):
    """A unit without clamps computes its load from a grid power of 0: everything agrees, and is wrong."""
    inverter = round(HOUSE.inverter_w)
    return {619: grid, 708: 0, 653: grid + inverter, 659: 0, 607: grid, 703: 0, 643: grid + inverter}


def test_a_grid_power_of_exactly_nothing_for_minutes_is_not_believed():
    device = deye()
    read_identity(device, words(), 1)
    qualities = {}
    for second in range(2, 400, 2):
        feed(device, "3p-lv", second, overrides=house_without_clamps())
        snapshot = device.snapshot(second * NS_PER_S, Origin.MEASURED)
        qualities[second] = snapshot.values["ext_ct_w"].quality
    assert qualities[280] is Quality.GOOD
    assert qualities[310] is Quality.HELD
    assert qualities[380] is Quality.BAD
    assert snapshot.values["battery_soc_pct"].quality is Quality.GOOD
    assert any("are there clamps" in text for text in snapshot.messages)
    feed(device, "3p-lv", 402, overrides=house_without_clamps(grid=12))
    assert device.snapshot(402 * NS_PER_S, Origin.MEASURED).values["ext_ct_w"].quality is Quality.GOOD
