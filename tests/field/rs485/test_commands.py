"""The commissioning commands against virtual devices, through the real command line."""

import json
from dataclasses import replace

import pytest

from plc.cli import main
from plc.field.rs485 import verify as verification
from plc.field.rs485.values import Values
from tests.field.rs485.kinds import kind
from tests.field.rs485.rig import HOUSE
from tools.twin.modbus_devices import VirtualBus, VirtualDeye, VirtualMeter


@pytest.fixture
def bus(tmp_path):
    inverter = VirtualDeye("3p-lv", lambda: HOUSE)
    with VirtualBus(tmp_path / "tty", {1: inverter}, baud=115200, turnaround_s=0.001, speed=10) as bus:
        bus.inverter = inverter
        yield bus
        assert bus.writes_seen == 0


def run(capsys, *words):
    code = main([str(word) for word in words])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_identify_tells_the_model(bus, capsys):
    code, out, _ = run(capsys, "deye", "identify", "--port", bus.link, "--json")
    assert code == 0
    facts = json.loads(out.splitlines()[-1])
    assert facts["family"] == "deye-3p-lv"
    assert facts["rated_w"] == "12000"
    assert "2207311234" not in out  # the serial number is nobody's business but its end


def test_identify_of_an_unknown_model_says_what_to_do(bus, capsys):
    bus.inverter.device_code = 0x0200
    code, out, _ = run(capsys, "deye", "identify", "--port", bus.link)
    assert code == 1
    assert "type plate" in out


def test_a_silent_slave_ends_with_advice(bus, capsys, monkeypatch):
    import plc.commands.deye as command

    monkeypatch.setattr(command, "FIRST_ANSWER_S", 0.2)
    code, _, err = run(capsys, "deye", "identify", "--port", bus.link, "--slave", 7)
    assert code == 1
    assert "Meter-485" in err
    assert "Traceback" not in err


def test_a_missing_port_ends_with_advice(tmp_path, capsys):
    code, _, err = run(capsys, "deye", "watch", "--port", tmp_path / "none", "--seconds", 0.2)
    assert code == 1
    code, _, err = run(capsys, "deye", "identify", "--port", tmp_path / "none")
    assert code == 2
    assert "Allowed:" in err


def test_watch_shows_values(bus, capsys):
    code, out, _ = run(capsys, "deye", "watch", "--port", bus.link, "--seconds", 2.5, "--every", 1, "--json")
    assert code == 0
    values = json.loads(out.splitlines()[-1])["values"]
    assert values["load_w"] == HOUSE.load_w
    assert "battery_soc_pct" in out


def verdicts(out):
    return {row["group"]: (row["verdict"], row["factor"]) for row in json.loads(out.splitlines()[-1])}


def test_verify_confirms_a_unit_that_counts_as_its_family(bus, capsys):
    code, out, _ = run(capsys, "deye", "verify", "--port", bus.link, "--samples", 10, "--json")
    assert code == 0
    assert verdicts(out)["battery_power"] == ("confirmed", 1.0)
    assert verdicts(out)["pv_power"] == ("confirmed", 1.0)
    assert verdicts(out)["battery_voltage"] == ("confirmed", 1.0)


def test_verify_proposes_a_factor_and_writes_nothing(bus, capsys, tmp_path):
    bus.inverter.scale_battery = 0.1
    code, out, _ = run(capsys, "deye", "verify", "--port", bus.link, "--samples", 10)
    assert code == 8
    assert "scale: {battery_power: 10}" in out
    assert [path.name for path in tmp_path.iterdir()] == ["tty"]


def samples(family, house, count=12, **facts):
    from plc.field.rs485.options import DeviceOptions
    from plc.field.rs485.plausible import Limits

    virtual = VirtualDeye(family, lambda: house, **facts)
    spec = kind(f"deye-{family}")
    values = Values(spec, DeviceOptions(), Limits(25_000, 12_000), 2)
    found = []
    for _ in range(count):
        sample = {}
        for name in ("fast", "pv", "state"):
            if name in spec.blocks:
                block = spec.blocks[name]
                sample |= values.numbers(3, block.start, virtual.read(3, block.start, block.count))
        found.append(sample)
    return spec, found


def result(family, house=HOUSE, **facts):
    spec, found = samples(family, house, **facts)
    return {p.group: p for p in verification.verify(spec, found, "ext_ct_w")}


def test_a_ten_watt_unit_under_the_one_watt_map_is_found_by_the_balance():
    spec = kind("deye-1p")
    _, found = samples("1p-10w", replace(HOUSE, load_w=2500))
    tenth = [
        {**s, "load_w": s["load_w"] / 10, "ext_ct_w": s["ext_ct_w"] / 10} for s in found
    ]  # what the 1 W map makes of the registers
    proposals = [p for p in verification.verify(spec, tenth, "ext_ct_w") if p.evidence.startswith("load")]
    assert proposals[0].verdict is verification.Verdict.CONTRADICTED
    assert proposals[0].factor == 10.0


def test_nothing_is_concluded_from_a_house_at_rest():
    quiet = replace(HOUSE, pv_w=0, battery_w=20, load_w=100)
    found = result("3p-lv", quiet)
    assert {found[name].verdict for name in ("battery_power", "pv_power")} == {verification.Verdict.OPEN}


def test_nothing_is_concluded_from_too_few_samples():
    spec, found = samples("3p-lv", HOUSE, count=9)
    assert all(p.factor in (None, 1.0) for p in verification.verify(spec, found, "ext_ct_w"))
    battery = next(p for p in verification.verify(spec, found, "ext_ct_w") if p.group == "battery_power")
    assert battery.verdict is verification.Verdict.OPEN


@pytest.mark.parametrize(
    ("rise", "verdict", "factor"),
    [
        (3000, "CONFIRMED", 1.0),
        (2200, "CONFIRMED", 1.0),
        (-3000, "CONTRADICTED", -1.0),
        (300, "CONTRADICTED", None),
    ],
)
def test_a_load_step_tells_the_sign_of_the_clamps(rise, verdict, factor):
    found = verification.load_step([{"g": 100.0}] * 5, [{"g": 100.0 + rise}] * 5, "g", 3000)
    assert (found.verdict.name, found.factor) == (verdict, factor)


@pytest.mark.parametrize("name", ["battery_total_w", "battery_w"])
def test_a_battery_that_takes_the_step_over_proves_nothing_about_the_clamps(name):
    before, after = [{"g": 0.0, name: 0.0, "load_w": 500.0}], [{"g": 20.0, name: 2950.0, "load_w": 3480.0}]
    found = verification.load_step(before, after, "g", 3000)
    assert found.verdict is verification.Verdict.OPEN
    assert "battery" in found.evidence
    load = verification.known_load(before, after, 3000)
    assert (load.verdict, load.factor) == (verification.Verdict.CONFIRMED, 1.0)


@pytest.mark.parametrize(
    ("rise", "verdict", "factor"),
    [
        (3000, "CONFIRMED", 1.0),
        (300, "CONTRADICTED", 10.0),
        (-3000, "CONTRADICTED", None),
        (0, "CONTRADICTED", None),
    ],
)
def test_the_load_of_the_house_shows_the_step_whoever_delivers_it(rise, verdict, factor):
    found = verification.known_load([{"load_w": 400.0}] * 5, [{"load_w": 400.0 + rise}] * 5, 3000)
    assert (found.verdict.name, found.factor) == (verdict, factor)


def test_verify_asks_for_the_load_and_judges_grid_and_house(bus, capsys, monkeypatch):
    import plc.commands.deye as command

    def switch(text):
        assert "3000 W" in text
        bus.inverter.provider = lambda: replace(HOUSE, load_w=HOUSE.load_w + 3000)

    monkeypatch.setattr(command, "_ask", switch)
    words = ("deye", "verify", "--port", bus.link, "--samples", 12, "--load-step", 3000)
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "import rose by 3000 W" in out
    assert "load rose by 3000 W" in out


def test_scan_finds_the_addresses_that_answer(tmp_path, capsys):
    slaves = {1: VirtualDeye("3p-lv", lambda: HOUSE), 4: VirtualMeter("eastron-sdm630", lambda: 1.0)}
    with VirtualBus(tmp_path / "tty", slaves, baud=115200, turnaround_s=0.001, speed=10) as bus:
        code, out, _ = run(capsys, "modbus", "scan", "--port", bus.link, "--last", 5, "--register", 0)
    assert code == 0
    assert "slave 1: function 3" in out
    assert "slave 4: function 4" in out
    assert "2 of 5 addresses answered" in out


def test_sniff_on_a_quiet_port_says_so(bus, capsys):
    code, out, _ = run(capsys, "modbus", "sniff", "--port", bus.link, "--seconds", 0.3)
    assert code == 1
    assert "0 frames" in out
