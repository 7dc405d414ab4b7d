"""The driver's rules in virtual time: no FUSE, no processes, no waiting."""

import errno
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.twin.picontrol import abi, control, example, requests
from tools.twin.picontrol.driver import Driver, Handle
from tools.twin.picontrol.layout import ConfigError, load

MS = 1_000_000
O_1, O_2, AO_1 = 81, 81, 144  # bytes of the example with the Core at offset 0
I_1, STATUS, ERRORS = 11, 0, 2


class Clock:
    def __init__(self) -> None:
        self.now_ns = 10**12

    def __call__(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)

    def leap(self, ms: float) -> None:
        self.now_ns += int(ms * MS)


class Memory:
    """The caller's memory, as far as a request may touch it."""

    def __init__(self, data: bytes, address: int = 0x1000) -> None:
        self.data = bytearray(data)
        self.address = address

    def read(self, length: int, offset: int = 0) -> bytes:
        return bytes(self.data[offset : offset + length])

    def write(self, data: bytes) -> None:
        self.data[: len(data)] = data


class OutOfReach(Memory):
    def read(self, length: int, offset: int = 0) -> bytes:
        raise abi.UnreachableError("not permitted")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rsc(tmp_path: Path) -> Path:
    return example.write(tmp_path / "config.rsc")


@pytest.fixture
def driver(clock: Clock, rsc: Path) -> Driver:
    return Driver(rsc, clock=clock, sleep=clock.sleep)


@pytest.fixture
def handle(driver: Driver) -> Handle:
    return driver.open(100, "plc")


def call(driver: Driver, handle: Handle, request: int, data: bytes = b"") -> tuple[int, bytes]:
    memory = Memory(data)
    result = requests.perform(driver, handle, request, memory)
    return result, bytes(memory.data)


def set_outputs(driver: Driver, handle: Handle) -> None:
    driver.write(handle, b"\xff\x03", O_1)
    driver.write(handle, (5000).to_bytes(2, "little"), AO_1)


@contextmanager
def failed_with(number: int) -> Iterator[None]:
    with pytest.raises(OSError) as raised:
        yield
    assert raised.value.errno == number


# --- image -----------------------------------------------------------------------------------------


def test_image_starts_with_the_pictory_defaults(tmp_path: Path, clock: Clock) -> None:
    rsc = example.write(tmp_path / "config.rsc", defaults={"O_3": 1, "O_9": 1, "OutputValue_1": 513})
    driver = Driver(rsc, clock=clock)
    image = driver.read(driver.open(1), 4096, 0)
    assert len(image) == 4096
    assert image[81:83] == b"\x04\x01"
    assert image[144:148] == b"\x01\x02\0\0"
    assert image[7:9] == (10).to_bytes(2, "little")  # RS485ErrorLimit1


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(4090, 20, 6), (4096, 20, 0), (5000, 1, 0)],
)
def test_read_and_write_end_with_the_image(
    driver: Driver, handle: Handle, offset: int, length: int, expected: int
) -> None:
    assert len(driver.read(handle, length, offset)) == expected
    assert driver.write(handle, bytes(length), offset) == expected


def test_stopped_bridge_answers_eagain_to_everything_but_reset(driver: Driver, handle: Handle) -> None:
    driver.set_running(False)
    with failed_with(errno.EAGAIN):
        driver.read(handle, 1, 0)
    with failed_with(errno.EAGAIN):
        driver.write(handle, b"\1", O_1)
    for request in (*abi.NAMES, 0x5401):
        if request != abi.KB_RESET:
            with failed_with(errno.EAGAIN):
                call(driver, handle, request, bytes(80))
    assert call(driver, handle, abi.KB_RESET)[0] == 0
    assert driver.read(handle, 1, STATUS) == b"\1"


def test_inputs_written_by_a_simulator_do_not_touch_outputs(driver: Driver, handle: Handle) -> None:
    set_outputs(driver, handle)
    before = driver.read(handle, 18, O_1)
    plant = driver.open(200, "twin")
    driver.write(plant, b"\xa5\x3c", I_1)
    assert driver.read(handle, 2, I_1) == b"\xa5\x3c"
    assert driver.read(handle, 18, O_1) == before


def test_status_bytes_of_the_base_belong_to_the_driver(driver: Driver, handle: Handle) -> None:
    driver.write(handle, bytes(4096), 0)
    assert driver.read(handle, 4, 0) == b"\x01\x05\0\0"


# --- output watchdog -------------------------------------------------------------------------------


def arm(driver: Driver, handle: Handle, period_ms: int) -> None:
    assert call(driver, handle, abi.KB_SET_OUTPUT_WATCHDOG, abi.ULONG.pack(period_ms))[0] == 0


def test_unfed_watchdog_clears_the_outputs_of_all_active_devices(
    driver: Driver, handle: Handle, clock: Clock
) -> None:
    arm(driver, handle, 100)
    set_outputs(driver, handle)
    clock.leap(100)
    driver.check_deadlines()
    assert not driver.outputs_zero()  # at the limit, not beyond it
    clock.leap(0.001)
    driver.check_deadlines()
    image = driver.read(handle, 4096, 0)
    assert driver.outputs_zero()
    assert image[6:11] == bytes(5)  # LEDs and error limits of the base as well


def test_expiry_does_not_latch_and_repeats_every_period(driver: Driver, handle: Handle, clock: Clock) -> None:
    arm(driver, handle, 100)
    set_outputs(driver, handle)
    clock.leap(101)
    driver.check_deadlines()
    other = driver.open(200)
    set_outputs(driver, other)  # a second program writes: not a feed for the first one
    clock.leap(99)
    driver.check_deadlines()
    assert not driver.outputs_zero()
    clock.leap(2)
    driver.check_deadlines()
    assert driver.outputs_zero()
    set_outputs(driver, handle)
    clock.leap(99)
    driver.check_deadlines()
    assert not driver.outputs_zero()


@pytest.mark.parametrize("feed", ["write", "set_value", "exported"])
def test_own_writes_feed(tmp_path: Path, clock: Clock, feed: str) -> None:
    driver = Driver(example.write(tmp_path / "config.rsc", exported=("O_1",)), clock=clock)
    handle = driver.open(1)
    arm(driver, handle, 100)
    for _ in range(5):
        clock.leap(80)
        if feed == "write":
            driver.write(handle, b"\x01", O_1)
        elif feed == "set_value":
            call(driver, handle, abi.KB_SET_VALUE, abi.PI_VALUE.pack(O_1, 0, 1))
        else:
            call(driver, handle, abi.KB_SET_EXPORTED_OUTPUTS, bytes(O_1) + b"\1" + bytes(4096 - O_1 - 1))
        driver.check_deadlines()
        assert not driver.outputs_zero()


@pytest.mark.parametrize("no_feed", ["read", "get_value", "write of another handle"])
def test_nothing_else_feeds(driver: Driver, handle: Handle, clock: Clock, no_feed: str) -> None:
    arm(driver, handle, 100)
    set_outputs(driver, handle)
    clock.leap(80)
    if no_feed == "read":
        driver.read(handle, 4096, 0)
    elif no_feed == "get_value":
        call(driver, handle, abi.KB_GET_VALUE, abi.PI_VALUE.pack(O_1, 0, 0))
    else:
        driver.write(driver.open(300), b"\1", O_1)
    clock.leap(21)
    driver.check_deadlines()
    assert driver.outputs_zero()


def test_period_zero_disarms(driver: Driver, handle: Handle, clock: Clock) -> None:
    arm(driver, handle, 100)
    set_outputs(driver, handle)
    arm(driver, handle, 0)
    clock.leap(10_000)
    assert driver.check_deadlines() is None
    driver.release(handle)
    assert not driver.outputs_zero()


@pytest.mark.parametrize(("period_ms", "zero"), [(0, False), (1000, True)])
def test_only_the_release_of_an_armed_handle_clears(
    driver: Driver, handle: Handle, period_ms: int, zero: bool
) -> None:
    arm(driver, handle, period_ms)
    set_outputs(driver, handle)
    driver.release(handle)
    assert driver.outputs_zero() is zero


def test_watchdog_acts_while_the_bridge_is_stopped(driver: Driver, handle: Handle, clock: Clock) -> None:
    arm(driver, handle, 100)
    set_outputs(driver, handle)
    driver.set_running(False)
    clock.leap(101)
    driver.check_deadlines()
    assert driver.outputs_zero()


def test_period_that_cannot_be_read_is_refused_or_replaced(driver: Driver, handle: Handle) -> None:
    with failed_with(errno.EOPNOTSUPP):
        requests.perform(driver, handle, abi.KB_SET_OUTPUT_WATCHDOG, OutOfReach(b""))
    assert not handle.armed
    requests.perform(driver, handle, abi.KB_SET_OUTPUT_WATCHDOG, OutOfReach(b""), watchdog_period_ms=700)
    assert handle.period_ms == 700


# --- reset -----------------------------------------------------------------------------------------


def test_reset_reads_the_file_again_and_tells_the_others(driver: Driver, handle: Handle, rsc: Path) -> None:
    set_outputs(driver, handle)
    other = driver.open(200)
    example.write(rsc, dio_first=True, defaults={"O_1": 1})
    assert call(driver, handle, abi.KB_RESET)[0] == 0
    image = driver.read(handle, 4096, 0)
    assert image[113 + O_1] == 1  # everything moved by the module left of the base
    assert not any(image[O_1 : O_1 + 2])
    assert handle.events == []
    assert other.events == [abi.EVENT_RESET]
    call(driver, handle, abi.KB_RESET)
    assert other.events == [abi.EVENT_RESET]  # queued once
    assert call(driver, other, abi.KB_WAIT_FOR_EVENT, bytes(4)) == (0, b"\1\0\0\0")


def test_reset_keeps_what_the_plant_drives_at_the_new_addresses(
    driver: Driver, handle: Handle, rsc: Path
) -> None:
    driver.drive_terminals(I_1, b"\x55")
    example.write(rsc, dio_first=True)
    driver.reset(handle)
    assert driver.read(handle, 1, 113 + I_1) == b"\x55"


def test_reset_with_an_unusable_file_leaves_the_bridge_stopped(
    driver: Driver, handle: Handle, rsc: Path
) -> None:
    rsc.write_text("{}")
    with failed_with(errno.ETIMEDOUT):
        call(driver, handle, abi.KB_RESET)
    with failed_with(errno.EAGAIN):
        driver.read(handle, 1, 0)


def test_interrupted_wait_for_an_event_ends_as_in_the_driver(driver: Driver, handle: Handle) -> None:
    with failed_with(errno.EFAULT):
        requests.perform(driver, handle, abi.KB_WAIT_FOR_EVENT, Memory(bytes(4)), interrupted=lambda: True)


# --- lost modules ----------------------------------------------------------------------------------


def test_silent_module_freezes_its_inputs_and_counts_errors(
    driver: Driver, handle: Handle, clock: Clock
) -> None:
    driver.write(driver.open(2), b"\x0f", I_1)
    control.execute(driver, "cycle 10\nmodule 32 offline")
    driver.write(driver.open(3), b"\xff", I_1)
    assert driver.read(handle, 1, I_1) == b"\x0f"
    clock.leap(10)
    assert driver.read(handle, 2, ERRORS) == b"\0\0"  # one lost telegram is ignored
    clock.leap(40)
    assert driver.read(handle, 2, ERRORS) == b"\5\0"
    assert info(driver, handle, 32)[-3:-1] == (1, 1)  # still "cyclic" and active
    clock.leap(2600)
    assert driver.read(handle, 2, ERRORS) == b"\xff\0"
    assert info(driver, handle, 32)[-3:-1] == (0, 1)
    assert driver.read(handle, 1, STATUS) == b"\1"  # "missing" is only found out at a start
    control.execute(driver, "module 32 online")
    assert driver.read(handle, 1, I_1) == b"\xff"
    assert driver.read(handle, 2, ERRORS) == b"\0\0"


def test_silent_module_drops_its_own_outputs_but_not_the_image(driver: Driver, handle: Handle) -> None:
    set_outputs(driver, handle)
    assert driver.terminals()[O_1] == 0xFF
    driver.set_offline(32, True)
    assert driver.terminals()[O_1] == 0
    assert driver.terminals()[AO_1 : AO_1 + 2] == (5000).to_bytes(2, "little")
    assert driver.read(handle, 1, O_1) == b"\xff"


def test_absent_module_shows_after_the_next_reset(driver: Driver, handle: Handle) -> None:
    control.execute(driver, "module 33 absent")
    assert driver.read(handle, 1, STATUS) == b"\1"
    driver.reset(None)
    assert driver.read(handle, 1, STATUS) == b"\5"
    assert info(driver, handle, 33)[2] == 103 | 0x8000
    assert info(driver, handle, 33)[-3:-1] == (0, 0)
    set_outputs(driver, handle)
    arm(driver, handle, 50)
    driver.release(handle)
    assert driver.read(driver.open(9), 2, AO_1) == (5000).to_bytes(2, "little")  # inactive: not cleared


def test_too_many_errors_stop_the_bridge(tmp_path: Path, clock: Clock) -> None:
    driver = Driver(example.write(tmp_path / "config.rsc", extra_dios=3), clock=clock)
    handle = driver.open(1)
    for address in (32, 33, 34, 35):
        driver.set_offline(address, True)
    clock.leap(255 * driver.cycle_ms)
    driver.read(handle, 1, STATUS)
    with failed_with(errno.EAGAIN):
        driver.read(handle, 1, STATUS)


def test_terminals_drive_inputs_and_show_outputs_only(driver: Driver, handle: Handle) -> None:
    set_outputs(driver, handle)
    driver.drive_terminals(0, b"\x77" * 4096)
    assert driver.read(handle, 2, I_1) == b"\x77\x77"
    assert driver.read(handle, 2, O_1) == b"\xff\x03"
    assert driver.read(handle, 1, STATUS) == b"\1"
    driver.write(handle, bytes(4096), 0)  # RevPiPyLoad zeroes everything: the next telegram restores inputs
    assert driver.read(handle, 2, I_1) == b"\x77\x77"
    assert driver.outputs_zero()


# --- other requests --------------------------------------------------------------------------------


def info(driver: Driver, handle: Handle, address: int) -> tuple[int, ...]:
    asked = abi.DEVICE_INFO.pack(address, *(0,) * 17, b"")
    _, answer = call(driver, handle, abi.KB_GET_DEVICE_INFO, asked)
    return abi.DEVICE_INFO.unpack(answer)


@pytest.mark.parametrize("bit", range(8))
def test_set_value_changes_one_bit(driver: Driver, handle: Handle, bit: int) -> None:
    driver.write(handle, b"\xaa", O_1)
    call(driver, handle, abi.KB_SET_VALUE, abi.PI_VALUE.pack(O_1, bit, 1))
    assert driver.read(handle, 1, O_1)[0] == 0xAA | 1 << bit
    assert call(driver, handle, abi.KB_GET_VALUE, abi.PI_VALUE.pack(O_1, bit, 0))[1][3] == 1
    call(driver, handle, abi.KB_SET_VALUE, abi.PI_VALUE.pack(O_1, bit, 0))
    assert driver.read(handle, 1, O_1)[0] == 0xAA & ~(1 << bit)


def test_values_as_whole_bytes_and_outside_the_image(driver: Driver, handle: Handle) -> None:
    call(driver, handle, abi.KB_SET_VALUE, abi.PI_VALUE.pack(O_1, 8, 0x5A))
    assert call(driver, handle, abi.KB_GET_VALUE, abi.PI_VALUE.pack(O_1, 8, 0))[1][3] == 0x5A
    for request in (abi.KB_SET_VALUE, abi.KB_GET_VALUE):
        with failed_with(errno.EINVAL):
            call(driver, handle, request, abi.PI_VALUE.pack(4096, 0, 1))


@pytest.mark.parametrize(
    ("name", "found"),
    [("I_9", (12, 0, 1)), ("O_3", (81, 2, 1)), ("OutputValue_2", (146, 0, 16)), ("Counter_2", (21, 0, 32))],
)
def test_find_variable(driver: Driver, handle: Handle, name: str, found: tuple[int, int, int]) -> None:
    result, answer = call(driver, handle, abi.KB_FIND_VARIABLE, name.encode().ljust(38, b"\0"))
    assert result == 0
    assert abi.PI_VARIABLE.unpack(answer)[1:] == found


def test_find_variable_without_success(driver: Driver, handle: Handle) -> None:
    with failed_with(errno.EFAULT):
        call(driver, handle, abi.KB_FIND_VARIABLE, b"nothing".ljust(38, b"\0"))


def test_device_list_has_the_base_first_and_correct_blocks(driver: Driver, handle: Handle) -> None:
    count, answer = call(driver, handle, abi.KB_GET_DEVICE_INFO_LIST, bytes(72 * 3))
    assert abi.DEVICE_INFO.size == 72
    assert count == 3
    rows = list(abi.DEVICE_INFO.iter_unpack(answer))
    assert [row[0] for row in rows] == [0, 32, 33]
    assert [row[7:9] for row in rows] == [(6, 5), (70, 18), (20, 4)]
    assert answer[72 + 38] == 1  # module state of the DIO, where the platform reference puts it
    with failed_with(errno.ENXIO):
        info(driver, handle, 50)


def test_counters_reset_on_the_named_channels_only(driver: Driver, handle: Handle) -> None:
    driver.write(driver.open(2), struct.pack("<4I", 1, 2, 3, 4), I_1 + 6)
    call(driver, handle, abi.KB_DIO_RESET_COUNTER, abi.RESET_COUNTER.pack(32, 0b0110))
    assert struct.unpack("<4I", driver.read(handle, 16, I_1 + 6)) == (1, 0, 0, 4)
    for address, channels in ((33, 1), (32, 0), (77, 1)):
        with failed_with(errno.EINVAL):
            call(driver, handle, abi.KB_DIO_RESET_COUNTER, abi.RESET_COUNTER.pack(address, channels))


def test_stop_io_gives_the_modules_zeros_and_keeps_the_image(driver: Driver, handle: Handle) -> None:
    set_outputs(driver, handle)
    assert call(driver, handle, abi.KB_STOP_IO, abi.U32.pack(1))[0] == 1
    assert driver.terminals()[O_1] == 0
    assert driver.read(handle, 1, O_1) == b"\xff"
    assert call(driver, handle, abi.KB_STOP_IO, abi.U32.pack(2))[0] == 0
    assert driver.terminals()[O_1] == 0xFF


def test_exported_outputs_stop_when_their_writer_stops(tmp_path: Path, clock: Clock) -> None:
    driver = Driver(example.write(tmp_path / "config.rsc", exported=("O_1",)), clock=clock)
    handle = driver.open(1)
    image = bytes(O_1) + b"\xff" + bytes(4096 - O_1 - 1)
    for _ in range(3):
        clock.leap(10)
        call(driver, handle, abi.KB_SET_EXPORTED_OUTPUTS, image)
    driver.write(handle, b"\x03", O_1)
    clock.leap(21)
    driver.check_deadlines()
    assert driver.read(handle, 1, O_1) == b"\x02"  # only the exported bit


def test_unknown_and_unsimulated_requests_are_told_apart(driver: Driver, handle: Handle) -> None:
    with failed_with(errno.EINVAL):
        call(driver, handle, 0x4B00 + 77)
    for request in (abi.KB_SET_POS, abi.KB_RO_GET_COUNTER):
        with failed_with(errno.EOPNOTSUPP):
            call(driver, handle, request)


# --- control, trace, config.rsc --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["nonsense", "module 99 offline", "module 32 gone", "cycle 99", "fault read NOPE"]
)
def test_misspelt_command_is_an_error(driver: Driver, text: str) -> None:
    with failed_with(errno.EINVAL):
        control.execute(driver, text)


def test_faults_hit_the_next_calls_only(driver: Driver, handle: Handle, clock: Clock) -> None:
    control.execute(driver, "fault read EAGAIN 2\nfault write delay 300")
    for _ in range(2):
        with failed_with(errno.EAGAIN):
            driver.read(handle, 10, 0)
    assert len(driver.read(handle, 10, 0)) == 10
    before = clock.now_ns
    driver.write(handle, b"\1", O_1)
    driver.write(handle, b"\1", O_1)
    assert clock.now_ns - before == 300 * MS
    control.execute(driver, "fault read short 4")
    assert len(driver.read(handle, 10, 0)) == 4


def test_trace_names_cause_change_and_time(driver: Driver, handle: Handle, clock: Clock) -> None:
    arm(driver, handle, 100)
    driver.write(handle, b"\1", O_1)
    driver.write(handle, b"\1", O_1)  # no change, no entry
    clock.leap(101)
    driver.check_deadlines()
    entries = [entry for entry in driver.trace if entry["event"] == "outputs"]
    assert [(entry["cause"], entry["zero"]) for entry in entries] == [("write", False), ("watchdog", True)]
    assert entries[0]["changes"] == [[O_1, 0, 1]]
    assert [O_1, 1, 0] in entries[1]["changes"]
    assert entries[1]["t_ns"] - entries[0]["t_ns"] == 101 * MS
    assert entries[1]["handle"] == handle.number


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Devices": []}', '{"Devices": [{"offset": 1}]}'])
def test_file_that_is_no_pictory_export_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.rsc"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.rsc"):
        load(path)
