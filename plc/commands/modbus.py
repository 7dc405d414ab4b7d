"""`modbus`: listen on a bus that another master owns, or look for addresses on our own."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from plc.commands.deye import open_or_explain
from plc.exits import Exit, ExitError

if TYPE_CHECKING:
    from plc.field.rs485.device import Device
    from plc.field.rs485.devicetype import LineSpec
    from plc.field.rs485.port import Line
    from plc.field.rs485.sniff import Registers, Sighting

SCAN_TIMEOUT_S = 0.25
SPACING_S = 0.05


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser("modbus", help="look at an RS485 bus", description=__doc__)
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION")
    sniff = actions.add_parser("sniff", help="listen without sending; decode frames, live or recorded")
    source = sniff.add_mutually_exclusive_group(required=True)
    source.add_argument("--port", help="port to listen on")
    source.add_argument("--file", type=Path, help="decode a recording instead")
    _line_arguments(sniff)
    sniff.add_argument("--seconds", type=float, help="end after this time (default: Ctrl-C)")
    sniff.add_argument("--record", type=Path, help="write raw bytes as CSV: microseconds, index, hex bytes")
    sniff.add_argument("--type", help="device file to decode values with, e.g. eastron-sdm630")
    sniff.add_argument("--slave", type=int, default=1, help="address that --type belongs to (default 1)")
    sniff.add_argument("--quiet", action="store_true", help="values and the summary only")
    sniff.set_defaults(handler=sniff_command)
    scan = actions.add_parser("scan", help="ask every address for one register; we must be the only master")
    scan.add_argument("--port", required=True)
    _line_arguments(scan)
    scan.add_argument("--first", type=int, default=1)
    scan.add_argument("--last", type=int, default=247)
    scan.add_argument("--register", type=int, default=0, help="register to ask for (default 0)")
    scan.set_defaults(handler=scan_command)


def _line_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--baud", type=int, default=9600)
    command.add_argument("--parity", choices=("N", "E", "O"), default="N")


def sniff_command(arguments: argparse.Namespace) -> int:
    """Exit 0: frames were seen. 1: none."""
    from plc.field.rs485.sniff import Matcher, Splitter

    device = _device(arguments.type, arguments.slave) if arguments.type else None
    splitter, matcher = Splitter(), Matcher()
    frames = junk = 0
    start_us: int | None = None
    try:
        for us, data in _chunks(arguments):
            start_us = us if start_us is None else start_us
            found = splitter.feed(us, data) if data else splitter.flush()
            for sighting in found:
                frames += sighting.frame is not None
                junk += len(sighting.junk)
                registers = matcher.take(sighting)
                if not arguments.quiet:
                    print(_frame_line(sighting, registers, start_us))
                if device is not None and registers is not None:
                    _values(device, registers, arguments.slave)
    except KeyboardInterrupt:
        pass
    print(f"{frames} frames, {junk} bytes of junk, {matcher.unmatched} answers without their request")
    return Exit.OK if frames else Exit.INTERNAL


def scan_command(arguments: argparse.Namespace) -> int:
    """Exit 0: somebody answered. 1: nobody."""
    from plc.field.rs485.port import PORT_ERRORS, Line

    line = Line(arguments.port, _line_spec(arguments))
    open_or_explain(line.open, arguments.port)
    found = 0
    try:
        for slave in range(arguments.first, arguments.last + 1):
            text = _ask_slave(line, slave, arguments.register)
            if text:
                print(f"slave {slave}: {text}")
                found += 1
    except PORT_ERRORS as error:
        raise ExitError(Exit.INTERNAL, f"{arguments.port}: the port is gone ({error})") from error
    finally:
        line.close()
    print(f"{found} of {arguments.last - arguments.first + 1} addresses answered")
    return Exit.OK if found else Exit.INTERNAL


def _ask_slave(line: Line, slave: int, register: int) -> str:
    """What one address says; empty when nobody is there."""
    from plc.field.rs485.stats import Failure

    text = ""
    for function in (3, 4):
        answer = line.read_registers(slave, function, register, 1, SCAN_TIMEOUT_S)
        time.sleep(SPACING_S)
        if answer.words is not None:
            return f"function {function}, register {register} = {answer.words[0]}"
        if answer.failure is Failure.NO_ANSWER:
            break
        if answer.failure is Failure.EXCEPTION:
            text = f"function {function}, exception {answer.code}"
        else:
            line.drain(threading.Event())
            return f"something that is no valid answer ({answer.text})"
    return text


def _line_spec(arguments: argparse.Namespace) -> LineSpec:
    from plc.field.rs485.devicetype import LineSpec, Parity

    return LineSpec(arguments.baud, Parity(arguments.parity))


def _device(kind_name: str, slave: int) -> Device:
    from plc.devicefiles import device_paths, load_kinds
    from plc.field.rs485.device import Device
    from plc.field.rs485.options import DeviceOptions

    kinds, problems = load_kinds([kind_name])
    if problems or kind_name not in kinds:
        text = "\n".join(map(str, problems)) or f"--type {kind_name}: allowed are " + ", ".join(
            device_paths()
        )
        raise ExitError(Exit.USAGE, text)
    return Device(kind_name, kind_name, kinds[kind_name], DeviceOptions(slave=slave))


def _chunks(arguments: argparse.Namespace) -> Iterator[tuple[int, bytes]]:
    """Bytes with their time; an empty chunk at the end."""
    from plc.field.rs485.sniff import read_recording

    if arguments.file:
        try:
            yield from read_recording(arguments.file)
        except (OSError, ValueError) as error:
            raise ExitError(Exit.USAGE, str(error)) from error
        yield 0, b""
        return
    yield from _recorded(_live(arguments), arguments.record)
    yield 0, b""


def _live(arguments: argparse.Namespace) -> Iterator[tuple[int, bytes]]:
    from plc.field.rs485.listen import ListenLine
    from plc.field.rs485.port import PORT_ERRORS

    line = ListenLine(arguments.port, _line_spec(arguments))
    open_or_explain(line.open, arguments.port)
    end = time.monotonic() + arguments.seconds if arguments.seconds else float("inf")
    try:
        while time.monotonic() < end:
            data = line.hear()
            if data:
                yield time.monotonic_ns() // 1000, data
    except PORT_ERRORS as error:
        raise ExitError(Exit.INTERNAL, f"{arguments.port}: the port is gone ({error})") from error
    finally:
        line.close()


def _recorded(chunks: Iterable[tuple[int, bytes]], path: Path | None) -> Iterator[tuple[int, bytes]]:
    from plc.field.rs485.sniff import Recorder

    if path is None:
        yield from chunks
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        recorder = Recorder(stream)
        for us, data in chunks:
            recorder.write(us, data)
            yield us, data


def _frame_line(sighting: Sighting, registers: Registers | None, start_us: int) -> str:
    time_s = f"{(sighting.us - start_us) / 1e6:10.4f}"
    frame = sighting.frame
    if frame is None:
        return f"{time_s}  junk {sighting.junk.hex(' ')}"
    text = f"{time_s}  slave {frame.slave:3} function {frame.function:2} {frame.kind.value:14}"
    if frame.start is not None:
        text += f" {frame.start}+{frame.count}"
    if registers is not None:
        text += f" {registers.start}: {' '.join(map(str, registers.words))}"
    if frame.code:
        text += f" code {frame.code}"
    return text


def _values(device: Device, registers: Registers, slave: int) -> None:
    if registers.slave not in (slave, 0):
        return
    numbers = device.values.numbers(registers.function, registers.start, registers.words)
    for name, number in numbers.items():
        sys.stdout.write(f"            {name} = {number:g} {device.values.units.get(name, '')}\n")
