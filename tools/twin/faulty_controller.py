"""Run the real controller with one fault in it, so that what follows can be measured from outside.

    python -m tools.twin.faulty_controller --fault hang@step --after 20 -- run SITE --image IMAGE

The program has no switches for tests. This launcher wraps single functions of it in its own process and
then calls the ordinary command line. A fault is KIND@PHASE; it happens once, in the first such phase
after the given number of scans, and is announced with a monotonic time stamp before it happens.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from plc import cli
from plc.app import Controller
from plc.blocks.panel import Heartbeat
from plc.exchange import Exchange
from plc.image.image_file import ImageFile
from plc.image.process_image import ProcessImage
from plc.plant.plant import Plant
from plc.scan.clock import MonotonicClock
from plc.scan.loop import ScanLoop


def raise_error() -> NoReturn:
    raise RuntimeError("fault on purpose")


def run_out_of_memory() -> NoReturn:
    raise MemoryError


def hang() -> NoReturn:
    """A loop that keeps the interpreter: no other thread of this process helps."""
    while True:
        pass


def stop() -> None:
    """As a debugger, a job control signal or a swap storm: the process stands, the kernel does not."""
    os.kill(os.getpid(), signal.SIGSTOP)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def thread_raises() -> None:
    threading.Thread(target=raise_error, name="faulty").start()


def thread_stays() -> NoReturn:
    """A worker that nobody can end, and then an exception in the scan."""
    threading.Thread(target=lambda: time.sleep(3600), name="stays").start()
    raise_error()


KINDS: dict[str, Callable[[], None]] = {
    "raise": raise_error,
    "memory": run_out_of_memory,
    "hang": hang,
    "stop": stop,
    "die": die,
    "thread_raises": thread_raises,
    "thread_stays": thread_stays,
}

# Where a phase begins: the function that the scan calls next. `device` is inside the write, between two
# modules; `block` is a function block deep in the plant.
PHASES: dict[str, tuple[type, str]] = {
    "idle": (MonotonicClock, "next_turn"),
    "read": (ProcessImage, "read"),
    "step": (Plant, "step"),
    "block": (Heartbeat, "step"),
    "write": (ProcessImage, "write"),
    "device": (ImageFile, "write"),
    "handover": (Exchange, "scanned"),
}


class FaultOnce:
    """Announces and commits the fault, once."""

    def __init__(self, kind: str, after: int, announce: int) -> None:
        self._kind = kind
        self._after = after
        self._announce = announce
        self._done = False
        self.scans = 0

    def maybe(self) -> None:
        if self._done or self.scans < self._after:
            return
        self._done = True
        line = {"fault": self._kind, "t_ns": time.monotonic_ns(), "pid": os.getpid()}
        os.write(self._announce, (json.dumps(line) + "\n").encode())
        KINDS[self._kind]()


def inject(kind: str, phase: str, after: int, announce: int) -> None:
    """Put the fault in front of a phase; `device` acts before the second write of a scan."""
    fault = FaultOnce(kind, after, announce)
    owner, name = PHASES[phase]
    original = getattr(owner, name)
    writes = [0]

    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        if phase == "device":
            writes[0] += 1
            if writes[0] == 2:
                fault.maybe()
        else:
            fault.maybe()
        return original(self, *args, **kwargs)

    setattr(owner, name, wrapped)

    count_scans = Exchange.gather

    def gather(self: Exchange, *args: Any) -> Any:
        fault.scans += 1
        writes[0] = 0
        return count_scans(self, *args)

    Exchange.gather = gather  # type: ignore[method-assign]


def force(names: list[str]) -> None:
    """Outputs that the first plant of the scan holds on: a decision under way, lost with that plant."""
    first: list[Plant] = []
    build, step = Controller._build_plant, Plant.step

    def built(self: Controller, cause: str) -> Plant:
        plant = build(self, cause)
        first.append(plant)
        return plant

    def forced(self: Plant, *args: Any) -> Any:
        outputs = step(self, *args)
        if not first or first[0] is not self:
            return outputs
        return replace(outputs, image=outputs.image._replace(**dict.fromkeys(names, True)))

    Plant.step = forced  # type: ignore[method-assign]
    Controller._build_plant = built  # type: ignore[method-assign]


def remove(layer: str) -> None:
    """Take one layer of the dead-man chain out, to see that its test notices."""
    if layer == "watchdog":
        ProcessImage.arm_watchdog = lambda *_: True  # type: ignore[method-assign]
    elif layer == "gap_rule":
        ScanLoop._gap = lambda *_: False  # type: ignore[method-assign]
        init = ScanLoop.__init__

        def without(self: ScanLoop, **kwargs: Any) -> None:
            init(self, **kwargs | {"watchdog_ns": 10**18})

        ScanLoop.__init__ = without  # type: ignore[method-assign, assignment]
    elif layer == "heartbeat":
        Heartbeat.step = lambda *_, **__: True  # type: ignore[method-assign]
    elif layer == "leave":
        import plc.app

        plc.app.leave = sys.exit
    elif layer == "sole_writer":
        ProcessImage.lock = lambda *_: True  # type: ignore[method-assign]
    else:
        raise ValueError(layer)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.twin.faulty_controller")
    parser.add_argument("--fault", help="KIND@PHASE: " + " ".join(KINDS) + " @ " + " ".join(PHASES))
    parser.add_argument("--after", type=int, default=10, help="scans before the fault")
    parser.add_argument("--announce", type=int, default=1, help="file descriptor for the announcement")
    parser.add_argument("--force", default="", help="outputs that are held on, comma separated")
    parser.add_argument("--without", default="", help="layers to remove, comma separated")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args(argv)
    if args.fault:
        kind, phase = args.fault.split("@")
        inject(kind, phase, args.after, args.announce)
    if args.force:
        force(args.force.split(","))
    for layer in filter(None, args.without.split(",")):
        remove(layer)
    return cli.main(args.command[1:] if args.command[:1] == ["--"] else args.command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
