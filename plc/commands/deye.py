"""`deye`: commissioning of the inverter. Reads only; nothing is ever written to it."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from plc.exits import Exit, ExitError

if TYPE_CHECKING:
    from plc.field.rs485.bus import BusSnapshot
    from plc.field.rs485.deye import Deye
    from plc.field.rs485.port import Line
    from plc.field.rs485.verify import Proposal, Sample

FIRST_ANSWER_S = 8.0
PAUSE_S = 0.1  # between two requests


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser("deye", help="commissioning of the inverter", description=__doc__)
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION")
    for name, handler, text in (
        ("identify", identify_command, "model, serial number, firmware"),
        ("watch", watch_command, "all values, live"),
        ("verify", verify_command, "scales and signs by physics; proposes lines for the site file"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("--port", required=True, help="e.g. /dev/serial/by-id/...")
        action.add_argument("--slave", type=int, default=1, help="Modbus SN of the inverter (default 1)")
        action.add_argument("--baud", type=int, default=9600)
        action.add_argument("--type", default="deye", help="force a family, e.g. deye-3p-lv")
        action.add_argument("--json", action="store_true", help="one JSON object as the last line")
        action.set_defaults(handler=handler)
        if name == "watch":
            action.add_argument("--seconds", type=float, help="end after this time (default: Ctrl-C)")
            action.add_argument("--every", type=float, default=2.0, help="seconds between two tables")
        if name == "verify":
            action.add_argument("--samples", type=int, default=30, help="number of samples (default 30)")
            action.add_argument("--grid", default="", help="which register is the grid, e.g. grid_side")
            action.add_argument("--load-step", type=float, metavar="W", help="switch a load of this power")


def identify_command(arguments: argparse.Namespace) -> int:
    """Exit 0: a known hybrid inverter. 1: no answer, or a model that we do not know."""
    with _Session(arguments) as session:
        identity = session.identify()
    for name, text in identity.as_texts().items():
        print(f"{name:12} {text}")
    if identity.message:
        print(identity.message)
    if arguments.json:
        print(json.dumps({**identity.as_texts(), "message": identity.message}, sort_keys=True))
    return Exit.OK if identity.family else Exit.INTERNAL


def watch_command(arguments: argparse.Namespace) -> int:
    """Exit 0: values came. 1: none."""
    from plc.field.rs485.bus import Bus

    session = _Session(arguments)
    bus = Bus("watch", session.line, [session.device], _WallClock())
    bus.start()
    end = time.monotonic() + arguments.seconds if arguments.seconds else float("inf")
    try:
        while time.monotonic() < end and bus.alive:
            time.sleep(min(arguments.every, max(0.0, end - time.monotonic())))
            _show(bus.snapshot)
    finally:
        bus.stop()
    if arguments.json:
        print(json.dumps(_values(bus.snapshot), sort_keys=True))
    return Exit.OK if bus.snapshot.devices[0].values else Exit.INTERNAL


def verify_command(arguments: argparse.Namespace) -> int:
    """Exit 0: nothing contradicts the present scales. 8: something does."""
    from plc.field.rs485.verify import Verdict, known_load, load_step, verify

    with _Session(arguments) as session:
        identity = session.identify()
        if identity.family is None and arguments.type == "deye":
            raise ExitError(Exit.INTERNAL, identity.message)
        kind, options = session.device.kind, session.device.kind.choices.get("grid_w", {})
        if arguments.grid and arguments.grid not in options:
            raise ExitError(Exit.USAGE, f"--grid {arguments.grid}: allowed are {', '.join(options)}")
        grid = options.get(arguments.grid) or next(iter(options.values()))
        samples = list(session.samples(arguments.samples))
        proposals = verify(kind, samples, grid)
        if arguments.load_step:
            _ask(f"Switch a load of {arguments.load_step:.0f} W on, wait 30 s, then press Enter ")
            before, after = samples[-5:], list(session.samples(5))
            proposals.append(load_step(before, after, grid, arguments.load_step))
            proposals.append(known_load(before, after, arguments.load_step))
    _report(proposals)
    if arguments.json:
        print(json.dumps([_plain(proposal) for proposal in proposals]))
    wrong = any(proposal.verdict is Verdict.CONTRADICTED for proposal in proposals)
    return Exit.CHECKOUT_FAILED if wrong else Exit.OK


class _WallClock:
    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class _Session:
    """Port and device of one command."""

    line: Line
    device: Deye

    def __init__(self, arguments: argparse.Namespace) -> None:
        from plc.devicefiles import load_kinds
        from plc.field.rs485.devicetype import LineSpec
        from plc.field.rs485.deye import Deye, Family
        from plc.field.rs485.options import DeviceOptions
        from plc.field.rs485.port import Line

        kinds, problems = load_kinds(["deye"])
        if problems:
            raise ExitError(Exit.SITE_INVALID, "\n".join(map(str, problems)))
        if arguments.type not in {"deye", *Family}:
            raise ExitError(Exit.USAGE, f"--type {arguments.type}: allowed are deye, {', '.join(Family)}")
        self.line = Line(arguments.port, LineSpec(arguments.baud))
        options = DeviceOptions(slave=arguments.slave, role="inverter")
        self.device = Deye("inverter", arguments.type, kinds, options)
        self._baud = arguments.baud

    def __enter__(self) -> _Session:
        open_or_explain(self.line.open, self.line.path)
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def identify(self) -> Any:
        """Reads the identity block until it answers; the device then knows its family."""
        from plc.field.rs485.deye import IDENTITY_COUNT, identify

        words = self._read(3, 0, IDENTITY_COUNT, FIRST_ANSWER_S)
        self.device.accept(3, 0, words, time.monotonic_ns())
        return identify(words)

    def samples(self, count: int) -> Iterator[Sample]:
        """Reads all power blocks, one right after the other, `count` times."""
        identity = self.device.kind.identity
        blocks = [b.spec for b in self.device.schedule.blocks if not b.spec.optional and b.name != identity]
        for number in range(count):
            sample: dict[str, float] = {}
            for spec in blocks:
                words = self._read(spec.function, spec.start, spec.count, 3.0)
                sample |= self.device.values.numbers(spec.function, spec.start, words)
            sys.stderr.write(f"\rsample {number + 1} of {count} ")
            yield sample
        sys.stderr.write("\n")

    def _read(self, function: int, start: int, count: int, patience_s: float) -> Sequence[int]:
        from plc.field.rs485.device import line_time_s
        from plc.field.rs485.port import PORT_ERRORS

        end, text = time.monotonic() + patience_s, "no answer"
        while time.monotonic() < end:
            try:
                answer = self.line.read_registers(
                    self.device.options.slave, function, start, count, 1.0 + line_time_s(count, self._baud)
                )
                if answer.words is not None:
                    time.sleep(PAUSE_S)
                    return answer.words
                text = answer.text
                self.line.drain(threading.Event())
            except PORT_ERRORS as error:
                raise ExitError(Exit.INTERNAL, f"{self.line.path}: the port is gone ({error})") from error
        raise ExitError(
            Exit.INTERNAL,
            f"{self.line.path}: slave {self.device.options.slave} gives no data ({text}). Check the socket "
            "(Modbus, not Meter-485), A/B, GND, the menu value Modbus SN (not 0), no terminator; "
            "`python -m plc modbus scan` looks for other addresses",
        )


def open_or_explain(open_port: Callable[[], object], path: str) -> None:
    """Opens a port; a failure becomes a message with the next step."""
    from plc.field.rs485.port import PORT_ERRORS

    try:
        open_port()
    except PORT_ERRORS as error:
        raise ExitError(
            Exit.USAGE,
            f"{path}: {error}. Allowed: an existing port that nobody else holds; stop the controller or give "
            "this account the group dialout",
        ) from error


def _ask(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
    sys.stdin.readline()


def _show(snapshot: BusSnapshot) -> None:
    device = snapshot.devices[0]
    now_ns = time.monotonic_ns()
    print(f"--- {device.kind}, {device.state}, port {snapshot.state} {snapshot.error}")
    for name, reading in device.values.items():
        age_s = reading.age_ns(now_ns) / 1e9
        unit = device.units.get(name, "")
        print(f"{name:28} {reading.value:12g} {unit:5} {reading.quality.name.lower():6} {age_s:5.1f} s")
    for message in device.messages:
        print(f"! {message}")


def _values(snapshot: BusSnapshot) -> dict[str, Any]:
    device = snapshot.devices[0]
    return {
        "kind": device.kind,
        "state": device.state.value,
        "values": {name: reading.value for name, reading in device.values.items()},
        "messages": list(device.messages),
        "ok": device.stats.ok,
        "requests": device.stats.requests,
    }


def _plain(proposal: Proposal) -> dict[str, Any]:
    return {
        "group": proposal.group,
        "verdict": proposal.verdict.name.lower(),
        "factor": proposal.factor,
        "samples": proposal.samples,
        "evidence": proposal.evidence,
    }


def _report(proposals: Sequence[Proposal]) -> None:
    for found in proposals:
        print(f"{found.group:16} {found.verdict:18} {found.samples:4} samples  {found.evidence}")
    changes: dict[str, float] = {}
    for found in proposals:
        if found.factor not in (None, 1.0, -1.0) and found.factor is not None:
            changes[found.group] = found.factor
    if changes:
        lines = ", ".join(f"{group}: {factor:g}" for group, factor in changes.items())
        print("If the type plate agrees, write into the site file, at this device:")
        print(f"  scale: {{{lines}}}")
