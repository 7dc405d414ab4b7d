"""A real read of registers 586-708 of a SUN-12K-SG04LP3 at night, published by its owner."""

import pytest

from plc.blocks.core import NS_PER_S, Origin, Quality
from plc.field.rs485.device import Device
from plc.field.rs485.options import DeviceOptions
from tests.field.rs485.kinds import FACTS, kind

WORDS = [int(word) for word in (FACTS / "sun-12k-sg04lp3-night.txt").read_text().split()]

EXPECTED = {
    "battery_degc": 15.0, "battery_v": 52.91, "battery_soc_pct": 11, "battery_w": -4, "battery_a": -0.08,
    "grid_l1_v": 233.1, "grid_l2_v": 233.4, "grid_l3_v": 232.6, "grid_hz": 49.95,
    "ext_ct_w": 1096, "grid_side_w": 1096, "inner_ct_w": 582, "inverter_w": -65, "ups_w": 517,
    "load_w": 1031, "pv_w": 0, "battery_total_w": -4, "ext_ct_l1_a": 2.5, "gen_w": 0,
}  # fmt: skip


def device(**options):
    return Device("deye", "deye-3p-lv", kind("deye-3p-lv"), DeviceOptions(role="inverter", **options))


def take(device, words, start=586, now_ns=NS_PER_S):
    assert device.accept(3, start, words, now_ns)
    return device.snapshot(now_ns, Origin.MEASURED)


def test_frame_decodes_exactly():
    assert len(WORDS) == 123
    values = take(device(), WORDS).values
    for name, expected in EXPECTED.items():
        assert values[name].value == pytest.approx(expected, abs=1e-9), name
        assert values[name].quality is Quality.GOOD
        assert values[name].taken_ns == NS_PER_S


def test_both_identities_hold_in_the_frame():
    values = take(device(), WORDS).values
    assert values["load_w"].value == values["ext_ct_w"].value + values["inverter_w"].value
    assert values["ups_w"].value == values["inner_ct_w"].value + values["inverter_w"].value


def test_the_two_blocks_of_the_plan_give_the_same_values_as_the_long_frame():
    split = device()
    take(split, WORDS[:70])
    values = take(split, WORDS[661 - 586 : 685 - 586], start=661).values
    for name, expected in EXPECTED.items():
        assert values[name].value == pytest.approx(expected, abs=1e-9), name


def test_a_unit_above_20_kw_uses_both_words_of_the_long_frame():
    values = take(device(rated_w=50_000.0), WORDS).values
    assert values["inverter_w"].value == -65
    assert values["ext_ct_w"].value == 1096


def test_per_phase_powers_are_not_offered_because_some_units_report_them_wrong():
    assert not [name for name in kind("deye-3p-lv").values if name.endswith("_w") and "_l1" in name]


def test_the_inverter_role_feeds_every_energy_field_of_the_plant():
    snapshot = take(device(), WORDS)
    fed = {target: snapshot.values[name].value for target, name in snapshot.feeds.items()}
    assert fed == {
        "energy.pv_w": 0,
        "energy.battery_soc_pct": 11,
        "energy.battery_w": -4,
        "energy.grid_w": 1096,
        "energy.load_w": 1031,
    }


def test_the_grid_register_is_the_choice_of_the_site():
    words = list(WORDS)
    words[607 - 586] = 582
    chosen = take(device(choose={"grid_w": "inner"}, report_only=("load",)), words)
    assert chosen.values[chosen.feeds["energy.grid_w"]].value == 582
