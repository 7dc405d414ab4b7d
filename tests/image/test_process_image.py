"""The real access library on an image file: right bytes, right units, right refusal."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from plc.blocks.core import NEVER, Origin, Quality, Reading
from plc.image.process_image import ImageFault, Led, ProcessImage
from plc.plant.interface import SAFE_OUTPUTS, ImageInputs, ImageOutputs
from plc.plant.signals import SIGNALS, Kind
from tests.image.cabinet import WIRING_TEXT, Bench, in_entry, wiring_of

DISCRETE_IN = [signal.name for signal in SIGNALS if signal.kind is Kind.DI]
DISCRETE_OUT = [signal.name for signal in SIGNALS if signal.kind is Kind.DO]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def image(bench: Bench) -> ProcessImage:
    opened = bench.open()
    opened.write_safe()
    return opened


@pytest.mark.parametrize("number", range(1, 15))
def test_every_discrete_input_arrives_under_its_name(bench: Bench, image: ProcessImage, number: int) -> None:
    bench.inputs(1 << (number - 1))
    inputs = image.read(1)
    assert [name for name in DISCRETE_IN if getattr(inputs, name)] == [DISCRETE_IN[number - 1]]


@pytest.mark.parametrize("number", range(1, 15))
def test_every_discrete_output_reaches_its_terminal(bench: Bench, image: ProcessImage, number: int) -> None:
    image.write(ImageOutputs(**{DISCRETE_OUT[number - 1]: True}))  # type: ignore[arg-type]
    assert bench.discrete_outputs() == 1 << (number - 1)
    image.write(SAFE_OUTPUTS)
    assert bench.discrete_outputs() == 0


def test_readings_are_in_engineering_units(bench: Bench, image: ProcessImage) -> None:
    bench.analogue(ai=(12000, 5600, 4000, 20000), rtd=(521, -123))
    inputs = image.read(7)
    assert inputs.t_oil_degc == Reading(52.1, Quality.GOOD, Origin.MEASURED, 7)
    assert inputs.t_buffer_top_degc.value == -12.3
    assert inputs.t_charge_degc.value == 50.0
    assert inputs.t_buffer_bottom_degc.value == 10.0
    assert inputs.t_glycol_degc.value == -40.0
    assert inputs.t_outdoor_degc.value == 60.0


@pytest.mark.parametrize(
    ("percent", "millivolt"), [(0.0, 0), (1.0, 3070), (50.0, 6500), (100.0, 10000), (400.0, 10000), (-5.0, 0)]
)
def test_pump_setpoints_become_millivolts(
    bench: Bench, image: ProcessImage, percent: float, millivolt: int
) -> None:
    image.write(ImageOutputs(p4_setpoint_pct=percent))
    assert bench.millivolts() == (millivolt, 0)
    image.write(ImageOutputs(p5_setpoint_pct=percent))
    assert bench.millivolts() == (0, millivolt)


def test_a_setpoint_that_is_no_number_stops_the_pump(bench: Bench, image: ProcessImage) -> None:
    image.write(ImageOutputs(p4_setpoint_pct=float("nan"), p3_on=True))
    assert bench.millivolts() == (0, 0)


@pytest.mark.parametrize(
    ("curve", "stop_mv", "full_mv"),
    [("off_0_10", 0, 10000), ("no_off", 0, 10000), ("cb_2_10", 1700, 10000), ("solar_10_0", 10000, 500)],
)
def test_the_pump_gets_the_curve_of_the_map(tmp_path: Path, curve: str, stop_mv: int, full_mv: int) -> None:
    text = in_entry(WIRING_TEXT, "p4_setpoint_pct", "curve: off_0_10", f"curve: {curve}")
    bench = Bench(tmp_path, wiring_of(text, tmp_path))
    image = bench.open()
    image.write(SAFE_OUTPUTS)
    assert bench.millivolts()[0] == stop_mv
    image.write(ImageOutputs(p4_setpoint_pct=100.0))
    assert bench.millivolts()[0] == full_mv
    image.write_safe()
    assert bench.millivolts() == (0, 0)


def test_nothing_is_written_before_the_first_order(bench: Bench) -> None:
    bench.poke(bench.offset["dio01"] + 70, b"\xff\xff")
    before = bench.path.read_bytes()
    image = bench.open()
    assert image.lock()
    assert bench.path.read_bytes() == before
    image.write_safe()
    assert bench.discrete_outputs() == 0


def test_outputs_of_a_dead_predecessor_are_not_adopted(bench: Bench) -> None:
    bench.poke(bench.offset["dio01"] + 70, b"\xff\xff")
    image = bench.open()
    image.write(ImageOutputs(lamp_run=True))
    assert bench.discrete_outputs() == 1 << DISCRETE_OUT.index("lamp_run")


def test_a_safe_image_in_between_does_not_confuse_the_next_write(bench: Bench, image: ProcessImage) -> None:
    outputs = ImageOutputs(p3_on=True, p4_setpoint_pct=50.0)
    image.write(outputs)
    image.write_safe()
    assert (bench.discrete_outputs(), bench.millivolts()) == (0, (0, 0))
    image.write(outputs)
    assert (bench.discrete_outputs(), bench.millivolts()) == (1, (6500, 0))


def test_bytes_of_inputs_and_parameters_are_never_written(bench: Bench, image: ProcessImage) -> None:
    bench.inputs(0x1234)
    before = bench.path.read_bytes()
    image.write(ImageOutputs(**dict.fromkeys(DISCRETE_OUT, True)))  # type: ignore[arg-type]
    after = bench.path.read_bytes()
    changed = {at for at in range(4096) if before[at] != after[at]}
    dio, aio = bench.offset["dio01"], bench.offset["aio01"]
    assert changed <= {*range(6, 11), *range(dio + 70, dio + 88), *range(aio + 20, aio + 24)}


# ---- lost modules


@pytest.mark.parametrize(
    ("broken", "dio", "aio", "reason"),
    [
        ({"status": 0}, False, False, "bridge not running"),
        ({"status": 3}, False, False, "module without configuration"),
        ({"status": 5}, False, False, "configured module missing"),
        ({"status": 9}, False, False, "module of wrong size or type"),
        ({"errors": 11}, False, False, "11 telegram errors"),
        ({"errors": 255}, False, False, "255 telegram errors"),
        ({"errors": 10}, True, True, ""),
        ({"status": 0x11}, True, True, ""),  # a gateway on the left
        ({"dio_status": 0x0100}, False, True, "dio01: status 0x0100"),
    ],
)
def test_a_lost_module_takes_its_inputs_with_it(
    bench: Bench, image: ProcessImage, broken: dict[str, int], dio: bool, aio: bool, reason: str
) -> None:
    bench.inputs(0x3FFF)
    assert image.read(1).safety_ok
    bench.inputs(0x3FFF, **broken)
    inputs = image.read(2)
    assert (inputs.dio_healthy, inputs.aio_healthy) == (dio, aio)
    assert all(getattr(inputs, name) is dio for name in DISCRETE_IN)
    assert inputs.t_oil_degc.quality is (Quality.GOOD if aio else Quality.HELD)
    assert image.health.all == ((reason,) if reason else ())
    bench.inputs(0x3FFF)
    assert image.read(3).safety_ok
    assert image.health.all == ()


def test_temperatures_of_a_lost_module_are_gone_after_the_hold_time(bench: Bench) -> None:
    image = bench.open(hold_s=3.0)
    image.read(0)
    bench.inputs(status=0)
    assert image.read(3_000_000_000).t_oil_degc == Reading(50.0, Quality.HELD, Origin.MEASURED, 0)
    assert image.read(3_100_000_000).t_oil_degc == Reading(None, Quality.BAD, Origin.MEASURED, 0)


@pytest.mark.parametrize("bit", [2, 5, 6, 7])
def test_an_output_that_the_module_holds_back_makes_the_module_unhealthy(
    bench: Bench, image: ProcessImage, bit: int
) -> None:
    bench.analogue(ao_status=(0, 1 << bit))
    inputs = image.read(1)
    assert not inputs.aio_healthy
    assert inputs.t_oil_degc.quality is Quality.GOOD  # the inputs of the module still work
    assert f"aio01.AO2: output status 0x{1 << bit:02x}" in image.health.aio


def test_a_channel_with_its_own_fault_does_not_take_the_others_along(
    bench: Bench, image: ProcessImage
) -> None:
    image.read(0)
    bench.analogue(ai=(12000, 0, 12000, 12000), rtd_status=(2, 0))
    inputs = image.read(1)
    assert inputs.aio_healthy
    assert image.faults().keys() == {"t_oil_degc", "t_buffer_bottom_degc"}
    assert inputs.t_charge_degc.quality is Quality.GOOD


# ---- absent and inverted inputs


def test_absent_inputs_have_their_substitutes_even_when_the_modules_are_lost(tmp_path: Path) -> None:
    text = in_entry(WIRING_TEXT, "cooler_ok", "    contact: NC", "    present: false\n    substitute: true")
    text = in_entry(text, "estop1_ok", "    contact: NC", "    present: false\n    substitute: false")
    text = in_entry(
        text, "t_outdoor_degc", "    sensor:", "    present: false\n    substitute: 5\n    sensor:"
    )
    text = in_entry(
        text, "t_glycol_degc", "    sensor:", "    present: false\n    substitute: ~\n    sensor:"
    )
    bench = Bench(tmp_path, wiring_of(text, tmp_path))
    image = bench.open()
    for status in (1, 0):
        bench.inputs(0b10, status=status)
        inputs = image.read(9)
        assert inputs.cooler_ok
        assert not inputs.estop1_ok
        assert inputs.t_outdoor_degc == Reading(5.0, Quality.GOOD, Origin.SUBSTITUTE, 9)
        assert inputs.t_glycol_degc == NEVER


def test_an_inverted_input_still_reads_false_while_its_module_is_lost(tmp_path: Path) -> None:
    text = in_entry(WIRING_TEXT, "grid_block", "    contact: NO", "    contact: NC\n    invert: true")
    bench = Bench(tmp_path, wiring_of(text, tmp_path))
    image = bench.open()
    bench.inputs(0)
    assert image.read(1).grid_block
    bench.inputs(1 << 13)
    assert not image.read(2).grid_block
    bench.inputs(0, status=0)
    assert not image.read(3).grid_block


def test_simulated_readings_say_so(bench: Bench) -> None:
    assert bench.open(simulated=True).read(1).t_oil_degc.origin is Origin.SIM


# ---- LEDs, watchdog, lock


def test_leds_are_shown_with_the_next_write(bench: Bench, image: ProcessImage) -> None:
    image.led(Led.GREEN, Led.RED)
    image.write(SAFE_OUTPUTS)
    assert bench.peek(6, 1)[0] & 0x0F == 0b1001
    image.led(Led.RED, Led.OFF)
    image.write(SAFE_OUTPUTS)
    assert bench.peek(6, 1)[0] & 0x0F == 0b0010


def test_the_error_limits_of_the_base_are_kept(bench: Bench, image: ProcessImage) -> None:
    """Zero would mean: no limit."""
    image.write(SAFE_OUTPUTS)
    assert bench.peek(7, 4) == (10).to_bytes(2, "little") + (1000).to_bytes(2, "little")


def test_a_plain_file_has_no_output_watchdog(image: ProcessImage) -> None:
    assert not image.is_device
    assert image.arm_watchdog(1000) is False
    assert image.has_watchdog() is False
    assert image.device_info() == ()


def test_only_one_handle_holds_the_lock(bench: Bench) -> None:
    first, second = bench.open(), bench.open()
    assert first.lock()
    assert first.lock()
    assert not second.lock()
    first.close()
    assert second.lock()


def test_the_lock_of_another_process_counts_and_ends_with_it(bench: Bench) -> None:
    script = textwrap.dedent(
        """
        import fcntl, sys
        file = open(sys.argv[1], "rb")
        fcntl.flock(file, fcntl.LOCK_EX)
        print("locked", flush=True)
        sys.stdin.read()
        """
    )
    command = [sys.executable, "-c", script, str(bench.path)]
    image = bench.open()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        assert not image.lock()
        other.kill()
    assert image.lock()


def test_an_image_that_is_not_there_is_a_fault(bench: Bench) -> None:
    bench.path.unlink()
    with pytest.raises(ImageFault, match="No such file") as fault:
        bench.open()
    assert fault.value.code == 5


def test_the_inputs_are_complete(image: ProcessImage) -> None:
    inputs = image.read(1)
    assert {field.name for field in dataclasses.fields(ImageInputs)} == {
        "dio_healthy",
        "aio_healthy",
        *(signal.name for signal in SIGNALS if signal.kind in (Kind.DI, Kind.AI)),
    }
    assert all(type(getattr(inputs, name)) is bool for name in DISCRETE_IN)
