"""The virtual plant as a process: `python -m tools.twin --image I --pictory R --scenario NAME`.

With `--clock SOCKET` it serves time in turns (one period per scan of the controller); without, it runs
in real time at its own step. It prints JSON lines about itself on stdout, the last one with the
summary. Orders come on stdin, one a line: `do NAME [VALUE]` (an action of a scenario), an order to a
virtual device (tools.twin.devices: `m1 fault NAME VALUE`, `deye fault NAME VALUE`), `end`.
Everything it writes is simulated, and it refuses an image that is not a regular file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plc.blocks.core import NS_PER_S
from plc.exits import Exit, ExitError
from plc.plant.interface import ImageOutputs
from tools.twin import scenarios
from tools.twin.devices import Devices
from tools.twin.image_terminals import ImageTerminals, read_wiring
from tools.twin.report import Reporter
from tools.twin.rig import ACTIONS, Rig
from tools.twin.scenario import Event
from tools.twin.turns import Pacer, TurnServer

BANNER = "SIMULATED PLANT - no real device is connected to this image"


class Twin:
    """Rig, image and virtual devices of one run."""

    def __init__(self, options: argparse.Namespace) -> None:
        wiring_path = options.wiring or options.pictory.parent / "wiring.yaml"
        self.terminals = ImageTerminals(options.image, options.pictory, read_wiring(wiring_path))
        scenario = scenarios.get(options.scenario, flow_latches=not options.flow_restarts)
        self.rig = Rig(scenario, p4_curve=self.terminals.p4_curve, p5_curve=self.terminals.p5_curve)
        self.reporter = Reporter(self.rig)
        self.devices = Devices(self.rig)
        self.period_s = options.period_ms / 1000.0
        self.end_s = min(scenario.duration_s, options.for_s or scenario.duration_s)
        self.stop = False
        self._now_ns = 0
        self._orders = _Orders() if options.orders else None

    def turn(self) -> int:
        """The controller has written: one period passes, its next inputs are written. Returns the time."""
        if self._orders is not None and self.reporter.turns % 16 == 0:
            for words in self._orders.read():
                self._obey(words)
        out, p4_v, p5_v = self.terminals.read_outputs()
        self._advance(out, p4_v, p5_v)
        self.terminals.write_inputs(self.rig, self.reporter.turns)
        self.reporter.turn()
        return self._now_ns

    def _advance(self, out: ImageOutputs, p4_v: float, p5_v: float) -> None:
        self.rig.step(self.period_s, out, p4_v, p5_v)
        self._now_ns += round(self.period_s * NS_PER_S)
        self.devices.advance(self.period_s)

    @property
    def over(self) -> bool:
        """The scenario has ended, or somebody asked for the end."""
        return self.stop or self.rig.t_s >= self.end_s - 1e-9

    def _obey(self, words: list[str]) -> None:
        if words[0] == "end":
            self.stop = True
        elif words[0] == "do" and len(words) > 1 and words[1] in ACTIONS:
            value = _value(words[2]) if len(words) > 2 else True
            self.rig.apply(Event(self.rig.t_s, words[1], value))
        else:
            try:
                known, why = self.devices.obey(words), "no such order"
            except (ValueError, IndexError, TypeError) as error:
                known, why = False, str(error)
            if not known:
                print(f"not understood: {' '.join(words)}: {why}", file=sys.stderr, flush=True)


class _Orders:
    """Lines from stdin without ever waiting for one."""

    def __init__(self) -> None:
        self._rest = b""
        self._open = True

    def read(self) -> Iterator[list[str]]:
        if not self._open or not select.select([0], [], [], 0.0)[0]:
            return
        chunk = os.read(0, 4096)
        self._open = bool(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if words := line.decode("utf-8", "replace").split():
                yield words


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def serve_turns(twin: Twin, socket_path: Path, speed: float | None, *, persist: bool) -> None:
    """Time in turns until the scenario, the controller or somebody ends it.

    persist: time stands still when the controller goes, and moves on when the next one comes.
    """
    server = TurnServer(socket_path)
    pacer = Pacer(speed, twin.period_s)
    try:
        while server.accept(lambda: twin.stop):
            while server.request(lambda: twin.stop):
                if twin.over:
                    server.end()
                    return
                pacer.wait()
                now_ns = twin.turn()
                if not server.answer(now_ns, twin.rig.wall()):
                    break
            if not persist:
                return
    finally:
        server.close()


def run_in_real_time(twin: Twin) -> None:
    """Own step, one second a second; the controller beside us has its own clock."""
    pacer = Pacer(1.0, twin.period_s)
    while not twin.over:
        pacer.wait()
        twin.turn()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.twin", description=__doc__)
    add = parser.add_argument
    add("--image", type=Path, required=True, help="process image, a regular file; made when missing")
    add("--pictory", type=Path, required=True, help="config.rsc of the site")
    add("--wiring", type=Path, help="wiring.yaml; default: beside the PiCtory file")
    add("--clock", type=Path, help="Unix socket on which time is served in turns; default: real time")
    add("--persist", action="store_true", help="with --clock: wait for the next controller when one has gone")
    add("--scenario", default="winter-day", choices=sorted(scenarios.SCENARIOS), metavar="NAME")
    add("--flow-restarts", action="store_true", help="chain variant: loss of flow needs no manual reset")
    add("--speed", default="max", help="simulated seconds per second, or max; with --clock only")
    add("--period-ms", type=int, default=100, help="scan period of the controller")
    add("--for-s", type=float, help="end after so many simulated seconds")
    add("--miner-port", type=int, nargs=2, metavar="PORT", help="serve both miners by gRPC on loopback")
    add(
        "--rs485-link",
        type=Path,
        metavar="DIR",
        help="inverter and meters on pseudo-terminals, links in here",
    )
    add("--orders", action="store_true", help="take orders from stdin")
    add("--list", action="store_true", help="list the scenarios and leave")
    return parser.parse_args(arguments)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if speed <= 0.0:
        raise ExitError(Exit.USAGE, f"--speed {text}: a number above 0, or max")
    return speed


def main(arguments: list[str] | None = None) -> int:
    """Runs the virtual plant; returns an exit code of the project."""
    if "--list" in (sys.argv[1:] if arguments is None else arguments):
        for scenario in scenarios.SCENARIOS.values():
            print(f"{scenario.name:24} {scenario.text}")
        return Exit.OK
    options = _options(arguments)
    try:
        speed = _speed(options.speed)
        twin = Twin(options)
        print(BANNER, file=sys.stderr, flush=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(twin, "stop", True))
        with contextlib.closing(twin.terminals), twin.devices as devices:
            if options.miner_port:
                devices.serve_miners(options.miner_port)
            if options.rs485_link:
                devices.serve_rs485(options.rs485_link, speed if options.clock else 1.0)
            if options.clock is not None:
                serve_turns(twin, options.clock, speed, persist=options.persist)
            else:
                run_in_real_time(twin)
            twin.reporter.final()
    except ExitError as error:
        print(error, file=sys.stderr)
        return error.code
    except BrokenPipeError:
        return Exit.OK  # whoever read our lines has gone
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
