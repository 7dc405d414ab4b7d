"""Our driver against foreign slaves, our virtual devices against foreign masters: nobody shares code."""

import asyncio
import ctypes.util
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plc.blocks.core import NS_PER_S, Origin
from plc.field.rs485.device import Device
from plc.field.rs485.devicetype import LineSpec
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.port import Line
from plc.field.rs485.stats import Failure
from tests.field.rs485.kinds import FACTS, kind
from tests.field.rs485.rig import HOUSE
from tools.twin.modbus_devices import House, VirtualBus, VirtualDeye, VirtualMeter

WORDS = [int(word) for word in (FACTS / "sun-12k-sg04lp3-night.txt").read_text().split()]
HERE = Path(__file__).parent


def need(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"missing peer: {', '.join(missing)}")
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture
def cable(tmp_path):
    """Two named ends of one line."""
    need("socat")
    ends = [tmp_path / "ours", tmp_path / "theirs"]
    process = subprocess.Popen(["socat", *(f"pty,raw,echo=0,link={end}" for end in ends)])
    deadline = time.monotonic() + 5
    while not all(end.exists() for end in ends):
        assert time.monotonic() < deadline, "socat did not make its terminals"
        time.sleep(0.01)
    yield tuple(str(end) for end in ends)
    process.terminate()
    process.wait(5)


class PymodbusSlave:
    """A slave in its own event loop."""

    def __init__(self, port, start, words):
        self._port = port
        self._device = SimDevice(1, [SimData(start, values=list(words), datatype=DataType.REGISTERS)])
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._server = ModbusSerialServer(self._device, framer=FramerType.RTU, port=self._port, baudrate=9600)
        await self._server.serve_forever(background=True)
        self._done = asyncio.Event()
        self._ready.set()
        await self._done.wait()
        await self._server.shutdown()

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(5)


@pytest.fixture
def line(cable):
    line = Line(cable[0], LineSpec())
    line.open()
    yield line
    line.close()


@pytest.mark.peer
def test_our_driver_reads_a_pymodbus_slave_with_both_functions(line, cable):
    with PymodbusSlave(cable[1], 586, WORDS):
        for function in (3, 4):
            answer = line.read_registers(1, function, 586, 123, 2.0)
            assert answer.words == tuple(WORDS)


@pytest.mark.peer
def test_our_driver_names_the_exception_of_a_pymodbus_slave(line, cable):
    with PymodbusSlave(cable[1], 586, WORDS):
        answer = line.read_registers(1, 3, 100, 4, 2.0)
    assert (answer.failure, answer.code) == (Failure.EXCEPTION, 2)
    assert answer.duration_s < 1.5  # ends with the answer, not with the time-out


@pytest.mark.peer
def test_our_driver_decodes_the_golden_frame_from_a_libmodbus_slave(line, cable):
    if ctypes.util.find_library("modbus") is None:
        need("a program that does not exist: libmodbus")
    slave = subprocess.Popen(
        [sys.executable, str(HERE / "libmodbus_slave.py"), cable[1], "1", "586", *map(str, WORDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert slave.stdout.readline() == "ready\n"
        inverter = Device("deye", "deye-3p-lv", kind("deye-3p-lv"), DeviceOptions(role="inverter"))
        for name in ("fast", "pv"):
            block = kind("deye-3p-lv").blocks[name]
            answer = line.read_registers(1, 3, block.start, block.count, 2.0)
            assert inverter.accept(3, block.start, answer.words, NS_PER_S)
        values = inverter.snapshot(NS_PER_S, Origin.MEASURED).values
        assert (values["ext_ct_w"].value, values["inverter_w"].value, values["load_w"].value) == (
            1096,
            -65,
            1031,
        )
        refused = line.read_registers(1, 3, 100, 4, 2.0)
        assert (refused.failure, refused.code) == (Failure.EXCEPTION, 2)
    finally:
        slave.stdin.close()
        slave.wait(5)
        slave.stdout.close()


@pytest.fixture
def deye(tmp_path):
    with VirtualBus(tmp_path / "deye", {1: VirtualDeye("3p-lv", lambda: HOUSE)}) as bus:
        yield bus


@pytest.fixture
def client(deye):
    client = ModbusSerialClient(str(deye.link), framer=FramerType.RTU, baudrate=9600, timeout=2, retries=0)
    assert client.connect()
    yield client
    client.close()


@pytest.mark.peer
def test_a_pymodbus_master_reads_our_virtual_inverter(client):
    answer = client.read_holding_registers(586, count=123, device_id=1)
    assert answer.registers[653 - 586] == HOUSE.load_w
    assert answer.registers[588 - 586] == HOUSE.battery_soc_pct
    raw = struct.pack(">HH", answer.registers[694 - 586], answer.registers[636 - 586])
    assert struct.unpack(">i", raw)[0] == HOUSE.inverter_w


@pytest.mark.peer
def test_a_pymodbus_master_is_refused_what_the_inverter_does_not_have(client):
    assert client.read_input_registers(586, count=4, device_id=1).exception_code == 1


@pytest.mark.peer
@pytest.mark.parametrize("model", ["eastron-sdm630", "carlo-gavazzi-em340"])
def test_a_pymodbus_master_reads_our_virtual_meters(tmp_path, model):
    with VirtualBus(tmp_path / "meter", {7: VirtualMeter(model, lambda: -1234.0)}) as bus:
        client = ModbusSerialClient(str(bus.link), framer=FramerType.RTU, baudrate=9600, timeout=2)
        assert client.connect()
        address = 52 if model.startswith("eastron") else 40
        words = client.read_input_registers(address, count=2, device_id=7).registers
        client.close()
    if model.startswith("eastron"):
        assert client.convert_from_registers(words, client.DATATYPE.FLOAT32) == -1234.0
    else:
        assert client.convert_from_registers(words, client.DATATYPE.INT32, word_order="little") == -12340


@pytest.mark.peer
def test_mbpoll_reads_our_virtual_inverter(tmp_path):
    need("mbpoll")
    house = House(pv_w=0, battery_w=0, losses_w=65, battery_soc_pct=11, load_w=1031)
    with VirtualBus(tmp_path / "deye", {1: VirtualDeye("3p-lv", lambda: house)}) as bus:
        options = "-m rtu -a 1 -b 9600 -P none -t 4 -0 -1 -o 2 -r 586 -c 70"
        words = ["mbpoll", *options.split()]
        result = subprocess.run(
            [*words, str(bus.link)], capture_output=True, text=True, timeout=20, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
    rows = {}
    for row in result.stdout.splitlines():
        if row.startswith("["):
            address, _, value = row.partition("]:")
            rows[int(address[1:])] = int(value.split()[0])
    assert rows[588] == 11
    assert rows[653] == 1031
    assert rows[619] == 1096
    assert rows[636] == 65471  # -65 W
    assert bus.writes_seen == 0
