"""The driver cannot write: there is no function for it, and the port would refuse."""

import ast
import os
import tty
from pathlib import Path

import minimalmodbus
import pytest

from plc.field.rs485.port import ReadOnlySerial, WriteRefusedError, open_port
from tests.field.rs485.rig import spec

SOURCES = sorted((Path(__file__).parents[3] / "plc" / "field" / "rs485").glob("*.py"))
COMMANDS = [Path(__file__).parents[3] / "plc" / "commands" / name for name in ("deye.py", "modbus.py")]
WRITES = {"write_register", "write_registers", "write_bit", "write_bits", "write_long", "write_float",
          "write_string", "_perform_command", "_generic_command", "_communicate"}  # fmt: skip


@pytest.fixture
def port():
    master, slave = os.openpty()
    tty.setraw(slave)
    port = open_port(ReadOnlySerial, os.ttyname(slave), spec())
    port.timeout = 0.01
    yield port, master
    port.close()
    os.close(master)
    os.close(slave)


def sent(master):
    os.set_blocking(master, False)
    try:
        return os.read(master, 512)
    except BlockingIOError:
        return b""


@pytest.mark.parametrize("source", [*SOURCES, *COMMANDS], ids=lambda path: path.name)
def test_no_source_names_a_write_of_the_library(source):
    names = {
        node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
    }
    assert not names & WRITES


def test_the_only_place_that_sends_is_the_guarded_port():
    senders = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "write"
            ):
                senders.append(source.name)
    assert senders == ["port.py"]  # super().write inside ReadOnlySerial


@pytest.mark.parametrize(
    "attempt",
    [
        lambda i: i.write_register(60, 1),
        lambda i: i.write_register(60, 1, functioncode=6),
        lambda i: i.write_registers(60, [1, 2]),
        lambda i: i.write_bit(1, 1),
        lambda i: i.write_bits(1, [1, 0]),
        lambda i: i.write_float(60, 1.0),
        lambda i: i.write_long(60, 1),
        lambda i: i.write_string(60, "x", 1),
    ],
)
def test_every_write_of_the_library_stops_before_the_wire(port, attempt):
    serial_port, master = port
    instrument = minimalmodbus.Instrument(serial_port, 1)
    with pytest.raises(WriteRefusedError):
        attempt(instrument)
    assert sent(master) == b""


@pytest.mark.parametrize("function", sorted(set(range(256)) - {3, 4}))
def test_no_other_function_code_leaves_the_port(port, function):
    serial_port, master = port
    with pytest.raises(WriteRefusedError):
        serial_port.write(bytes([1, function, 0, 0, 0, 1, 0, 0]))
    with pytest.raises(WriteRefusedError):
        serial_port.write(bytes([0, 3, 0, 0, 0, 1, 0, 0]))  # a broadcast
    assert sent(master) == b""


def test_reads_pass(port):
    serial_port, master = port
    with pytest.raises(minimalmodbus.NoResponseError):
        minimalmodbus.Instrument(serial_port, 1).read_registers(586, 70)
    assert sent(master)[:2] == b"\x01\x03"
