"""The mounted virtual piControl, used by real processes: the kernel's part of the dead-man chain.

What these tests do not prove: bridge timing and module time-outs of real hardware.
"""

import errno
import fcntl
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import revpimodio2

from tools.twin.picontrol import abi, example
from tools.twin.picontrol.process import VirtualPiControl, why_not_available

pytestmark = pytest.mark.peer

O_1, I_1, DIO = 81, 11, "module 32"
GENEROUS_S = 1.0  # these tests prove order and cause; times are measured by tools/bench crash

CLIENT = """
import fcntl, os, struct, sys, threading, time
image, period_ms, behaviour = sys.argv[1], int(sys.argv[2]), sys.argv[3]
device = open(image, "r+b", buffering=0)
fcntl.ioctl(device, 19226, struct.pack("@L", period_ms))
if behaviour == "waits":
    def wait():
        with open(image, "r+b", buffering=0) as events:
            fcntl.ioctl(events, 19250, bytearray(4))
    threading.Thread(target=wait, daemon=True).start()
n = 0
while True:
    device.seek(81)
    device.write(b"\\xff\\x03")
    n += 1
    if n == 3:
        print("ready", flush=True)
    if n >= 3 and behaviour == "hangs":
        while True:
            pass
    if n >= 3 and behaviour == "raises":
        raise RuntimeError("on purpose")
    time.sleep(0.02)
"""


@pytest.fixture(scope="module", autouse=True)
def _fuse() -> None:
    reason = why_not_available()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"FUSE is required in CI: {reason}")
        pytest.skip(f"FUSE is not available here: {reason}")


@pytest.fixture
def rsc(tmp_path: Path) -> Path:
    return example.write(tmp_path / "config.rsc")


@pytest.fixture
def picontrol(rsc: Path) -> Iterator[VirtualPiControl]:
    with VirtualPiControl.start(rsc, "--reset-ms", "50") as started:
        yield started


@contextmanager
def client(
    picontrol: VirtualPiControl, period_ms: int, behaviour: str = "runs"
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(picontrol.image), str(period_ms), behaviour],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def device(picontrol: VirtualPiControl) -> int:
    return os.open(picontrol.image, os.O_RDWR)


def arm(fd: int, period_ms: int) -> None:
    fcntl.ioctl(fd, abi.KB_SET_OUTPUT_WATCHDOG, abi.ULONG.pack(period_ms))


# --- death and hang --------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["runs", "waits"])
def test_killed_program_leaves_zero_outputs(picontrol: VirtualPiControl, behaviour: str) -> None:
    """Also while one of its threads waits for an event: the wait must end, or the handle stays open."""
    with client(picontrol, 60_000, behaviour) as process:
        assert not picontrol.state()["outputs_zero"]
        killed_ns = time.monotonic_ns()
        process.kill()
        zero = picontrol.wait_for("outputs", cause="close", zero=True)
        assert (zero["t_ns"] - killed_ns) / 1e9 < GENEROUS_S
        picontrol.wait_for("release", pid=process.pid, armed=True)


def test_exception_closes_the_handle(picontrol: VirtualPiControl) -> None:
    with client(picontrol, 60_000, "raises"):
        picontrol.wait_for("outputs", cause="close", zero=True)


def test_endless_loop_is_caught_by_the_period(picontrol: VirtualPiControl) -> None:
    with client(picontrol, 200, "hangs") as process:
        zero = picontrol.wait_for("outputs", cause="watchdog", zero=True)
        assert process.poll() is None
        last_write = [e for e in picontrol.trace() if e["event"] == "outputs" and e["cause"] == "write"][-1]
        assert 0.2 < (zero["t_ns"] - last_write["t_ns"]) / 1e9 < 0.2 + GENEROUS_S


def test_stopped_program_loses_its_outputs_and_gets_them_back_with_its_next_write(
    picontrol: VirtualPiControl,
) -> None:
    """The driver does not latch: the program itself must notice the gap."""
    with client(picontrol, 200) as process:
        os.kill(process.pid, signal.SIGSTOP)
        zero = picontrol.wait_for("outputs", cause="watchdog", zero=True)
        os.kill(process.pid, signal.SIGCONT)
        restored = picontrol.wait_for("outputs", since_n=zero["n"], cause="write", zero=False)
        assert restored["handle"] == zero["handle"]


def test_unarmed_program_leaves_its_outputs_on(picontrol: VirtualPiControl) -> None:
    with client(picontrol, 0) as process:
        process.kill()
        picontrol.wait_for("release", pid=process.pid, armed=False)
        assert not picontrol.state()["outputs_zero"]


# --- handles ---------------------------------------------------------------------------------------


def test_watchdog_belongs_to_one_open_file(picontrol: VirtualPiControl) -> None:
    armed, other = device(picontrol), device(picontrol)
    try:
        arm(armed, 150)
        os.pwrite(armed, b"\1", O_1)
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:  # the other handle's writes do not feed
            os.pwrite(other, b"\2", O_1 + 1)
            time.sleep(0.02)
        cleared = picontrol.wait_for("outputs", cause="watchdog")
        assert cleared["changes"][-2:] == [[O_1, 1, 0], [O_1 + 1, 2, 0]]
    finally:
        os.close(armed)
        os.close(other)


def test_duplicate_descriptor_keeps_the_handle_open(picontrol: VirtualPiControl) -> None:
    fd = device(picontrol)
    copy = os.dup(fd)
    arm(fd, 60_000)
    os.pwrite(fd, b"\1", O_1)
    os.close(fd)
    time.sleep(0.1)
    assert not picontrol.state()["outputs_zero"]
    os.close(copy)
    picontrol.wait_for("outputs", cause="close", zero=True)


def test_trace_names_the_process_and_not_the_calling_thread(picontrol: VirtualPiControl) -> None:
    opened: list[int] = []
    thread = threading.Thread(target=lambda: opened.append(device(picontrol)))
    thread.start()
    thread.join()
    assert picontrol.state()["handles"][0]["pid"] == os.getpid()
    os.close(opened[0])


def test_flock_works_between_processes_and_ends_with_them(picontrol: VirtualPiControl) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl,sys,time; f=open(sys.argv[1],'r+b',0); fcntl.flock(f, fcntl.LOCK_EX); "
            "print('held', flush=True); time.sleep(60)",
            str(picontrol.image),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    fd = device(picontrol)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder.kill()
        holder.wait()
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        holder.kill()
        holder.communicate()
        os.close(fd)


def test_no_handle_is_left_behind(picontrol: VirtualPiControl) -> None:
    for _ in range(50):
        os.close(device(picontrol))
    picontrol.wait_for("release", handle=50)
    assert picontrol.state()["handles"] == []
    server = Path(f"/proc/{picontrol.process.pid}/fd")
    before = len(list(server.iterdir()))
    fd = device(picontrol)
    for _ in range(50):
        arm(fd, 0)
    os.close(fd)
    assert len(list(server.iterdir())) <= before + 1


# --- driver states ---------------------------------------------------------------------------------


def test_stopped_bridge_is_eagain_for_read_and_write(picontrol: VirtualPiControl) -> None:
    fd = device(picontrol)
    try:
        picontrol.command("stop")
        for call in (lambda: os.read(fd, 4096), lambda: os.pwrite(fd, b"\1", O_1)):
            with pytest.raises(BlockingIOError):
                call()
        picontrol.command("run")
        assert len(os.pread(fd, 4096, 0)) == 4096
    finally:
        os.close(fd)


def test_reset_wakes_the_waiting_program_but_not_the_caller(picontrol: VirtualPiControl, rsc: Path) -> None:
    waiting, caller = device(picontrol), device(picontrol)
    answers: list[bytes] = []

    def wait() -> None:
        buffer = bytearray(4)
        fcntl.ioctl(waiting, abi.KB_WAIT_FOR_EVENT, buffer)
        answers.append(bytes(buffer))

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        time.sleep(0.05)
        assert len(os.pread(caller, 16, 0)) == 16  # the wait does not block the file system
        example.write(rsc, defaults={"O_2": 1})
        fcntl.ioctl(caller, abi.KB_RESET)
        thread.join(5)
        assert answers == [b"\1\0\0\0"]
        assert os.pread(caller, 1, O_1) == b"\2"
        assert [h["events"] for h in picontrol.state()["handles"]] == [0, 0]
    finally:
        os.close(waiting)
        os.close(caller)


def test_arguments_travel_through_the_callers_memory(picontrol: VirtualPiControl) -> None:
    fd = device(picontrol)
    try:
        fcntl.ioctl(fd, abi.KB_SET_VALUE, abi.PI_VALUE.pack(O_1, 3, 1))
        assert os.pread(fd, 1, O_1) == b"\x08"
        answer = fcntl.ioctl(fd, abi.KB_GET_VALUE, abi.PI_VALUE.pack(O_1, 3, 0))
        assert abi.PI_VALUE.unpack(answer) == (O_1, 3, 1)
        answer = fcntl.ioctl(fd, abi.KB_FIND_VARIABLE, b"O_3".ljust(38, b"\0"))
        assert abi.PI_VARIABLE.unpack(answer)[1:] == (O_1, 2, 1)
        devices = bytearray(72 * 3)
        assert fcntl.ioctl(fd, abi.KB_GET_DEVICE_INFO_LIST, devices) == 3
        assert [row[0] for row in abi.DEVICE_INFO.iter_unpack(devices)] == [0, 32, 33]
        with pytest.raises(OSError) as raised:
            fcntl.ioctl(fd, abi.KB_SET_OUTPUT_WATCHDOG, 0)  # a null pointer
        assert raised.value.errno == errno.EFAULT
    finally:
        os.close(fd)


def test_truncating_open_and_whole_image_zeroing_work_as_revpipyload_does_it(
    picontrol: VirtualPiControl,
) -> None:
    with open(picontrol.image, "r+b", buffering=0) as program:
        program.seek(O_1)
        program.write(b"\xff")
        with open(picontrol.image, "wb") as zeroing:
            zeroing.write(bytes(4096))
        program.seek(0)
        image = program.read(4096)
        assert len(image) == 4096
        assert image[O_1] == 0
        assert image[0] == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program as another user")
def test_program_of_another_user_arms_and_is_zeroed(rsc: Path) -> None:
    """As RevPiPyLoad runs a program: the driver is root's, the program is not."""
    program = (
        "import fcntl, struct, sys; f = open(sys.argv[1], 'r+b', 0); "
        "fcntl.ioctl(f, 19226, struct.pack('@L', 60000)); f.seek(81); f.write(b'\\1')"
    )
    with VirtualPiControl.start(rsc, "--allow-other", "--mode", "666") as picontrol:
        done = subprocess.run(
            ["/usr/bin/env", "-i", "python3", "-c", program, str(picontrol.image)],
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        picontrol.wait_for("outputs", cause="close", zero=True)


def test_zero_length_write_does_not_reach_the_server(picontrol: VirtualPiControl) -> None:
    """A difference from the real driver, where it feeds the watchdog: the kernel ends it before FUSE."""
    fd = device(picontrol)
    try:
        arm(fd, 100)
        os.pwrite(fd, b"\1", O_1)
        for _ in range(10):
            os.write(fd, b"")
            time.sleep(0.02)
        picontrol.wait_for("outputs", cause="watchdog", zero=True)
    finally:
        os.close(fd)


# --- revpimodio2 -----------------------------------------------------------------------------------


Modio = Callable[..., revpimodio2.RevPiModIO]


@pytest.fixture
def modio(picontrol: VirtualPiControl, rsc: Path) -> Iterator[Modio]:
    """Closes what it opened before the unmount: the library's destructor does not forgive a lost image."""
    opened: list[revpimodio2.RevPiModIO] = []

    def open_image(image: Path | None = None, **options: bool) -> revpimodio2.RevPiModIO:
        path = str(image or picontrol.image)
        opened.append(revpimodio2.RevPiModIO(procimg=path, configrsc=str(rsc), **options))
        return opened[-1]

    yield open_image
    for one in opened:
        one.cleanup()


def test_revpimodio2_controls_and_a_second_one_simulates(picontrol: VirtualPiControl, modio: Modio) -> None:
    controller = modio(syncoutputs=False)
    plant = modio(simulator=True)
    controller.io.O_1.value = True
    controller.io.OutputValue_1.value = 5000
    assert controller.writeprocimg()
    assert plant.readprocimg()
    assert plant.io.O_1.value is True
    assert plant.io.OutputValue_1.value == 5000
    plant.io.I_9.value = True
    plant.io.RTDValue_1.value = -123
    assert plant.writeprocimg()
    assert controller.readprocimg()
    assert controller.io.I_9.value is True
    assert controller.io.RTDValue_1.value == -123
    assert controller.core.picontrolrunning
    assert os.pread(controller._myfh.fileno(), 1, O_1) == b"\1"  # the plant's write left the outputs alone


def test_plant_on_the_terminals_survives_a_stopped_bridge(picontrol: VirtualPiControl, modio: Modio) -> None:
    plant = modio(picontrol.terminals, simulator=True)
    controller = modio(syncoutputs=False)
    controller.io.O_1.value = True
    controller.writeprocimg()
    picontrol.command("stop")
    plant.io.I_1.value = True
    assert plant.writeprocimg()
    assert plant.readprocimg()
    assert plant.io.O_1.value is False  # without the bridge the module lets go by itself
    picontrol.command("run")
    assert controller.readprocimg()
    assert controller.io.I_1.value is True


def test_lost_module_shows_in_the_error_counter_only(picontrol: VirtualPiControl, modio: Modio) -> None:
    controller = modio(syncoutputs=False)
    plant = modio(simulator=True)
    plant.io.I_1.value = True
    plant.writeprocimg()
    picontrol.command(f"{DIO} offline")
    plant.io.I_1.value = False
    plant.writeprocimg()
    time.sleep(0.1)
    assert controller.readprocimg()
    assert controller.io.I_1.value is True  # frozen
    assert controller.core.ioerrorcount > 3
    assert not controller.core.missingdeviceorgate


def test_read_between_seek_and_eagain_gives_what_the_library_cannot_handle(
    picontrol: VirtualPiControl, modio: Modio
) -> None:
    controller = modio(syncoutputs=False)
    picontrol.command("fault read EAGAIN 1")
    with pytest.raises(TypeError):  # read() of an unbuffered file returns None
        controller.readprocimg()


# --- the tool itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_unmounts_even_while_a_program_waits(rsc: Path, number: signal.Signals) -> None:
    picontrol = VirtualPiControl.start(rsc, "--realtime")
    with client(picontrol, 1000, "waits"):
        picontrol.process.send_signal(number)
        assert picontrol.process.wait(5) == 0
        assert not os.path.ismount(picontrol.folder)
        assert picontrol.errors() == ""
    picontrol.stop()


def test_unusable_config_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tools.twin.picontrol", str(tmp_path / "mount"), str(tmp_path / "none.rsc")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "none.rsc" in done.stderr


def test_misspelt_command_fails_the_write(picontrol: VirtualPiControl) -> None:
    with pytest.raises(OSError):
        picontrol.command("modul 32 offline")
    assert struct.calcsize("@L") == 8  # what the watchdog request carries on this machine
