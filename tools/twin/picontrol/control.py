"""The text commands of the file `control`: what a test or a curious developer can do to the device.

One command per line; a line that is not understood makes the whole write fail with EINVAL, so that a
test with a typing error does not pass because nothing happened.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from .driver import Driver, Fault, error

HELP = """\
stop                                bridge stops: EAGAIN until `run` or a reset
run                                 bridge runs again, without a reset (image kept)
reset                               as KB_RESET by another program: reads config.rsc again
module ADDRESS offline|online       module stops answering: inputs freeze, error counters grow
module ADDRESS absent|present       missing from the next reset on (status bit, inactive)
stop-io 0|1                         as KB_STOP_IO
cycle MS                            cycle time of the bridge
fault read|write ERRNO [COUNT]      next COUNT calls fail, e.g. `fault read EAGAIN 1`
fault read short BYTES [COUNT]      next COUNT reads return at most BYTES
fault read|write delay MS [COUNT]   next COUNT calls take MS longer
fault clear                         no more faults
clear-trace                         forget the trace
"""


def execute(driver: Driver, text: str) -> None:
    """Run all lines. Raises OSError(EINVAL) at the first one that is not understood."""
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        command = _COMMANDS.get(words[0])
        try:
            if command is None:
                raise ValueError(words[0])
            command(driver, words[1:])
        except (ValueError, IndexError, KeyError) as problem:
            raise error(errno.EINVAL) from problem


def _module(driver: Driver, words: list[str]) -> None:
    address, state = int(words[0]), words[1]
    if driver.layout.at(address) is None and address not in driver.absent:
        raise ValueError(address)
    if state in ("offline", "online"):
        driver.set_offline(address, state == "offline")
    elif state == "absent":
        driver.absent.add(address)
    elif state == "present":
        driver.absent.discard(address)
    else:
        raise ValueError(state)


def _cycle(driver: Driver, words: list[str]) -> None:
    cycle_ms = float(words[0])
    if not 0.5 <= cycle_ms <= 45:  # the driver's own limits
        raise ValueError(cycle_ms)
    with driver.lock:
        driver.cycle_ms = cycle_ms


def _fault(driver: Driver, words: list[str]) -> None:
    with driver.lock:
        if words == ["clear"]:
            driver.faults.clear()
            return
        call, kind = words[0], words[1]
        if call not in ("read", "write"):
            raise ValueError(call)
        if kind == "short" and call == "read":
            fault = Fault(_count(words, 3), length=int(words[2]))
        elif kind == "delay":
            fault = Fault(_count(words, 3), delay_s=float(words[2]) / 1000)
        else:
            fault = Fault(_count(words, 2), errno=int(getattr(errno, kind, 0)) or int(kind))
        driver.faults[call] = fault


def _count(words: list[str], at: int) -> int:
    return int(words[at]) if len(words) > at else 1


def _clear_trace(driver: Driver, _words: list[str]) -> None:
    with driver.lock:
        driver.trace.clear()


_COMMANDS: dict[str, Callable[[Driver, list[str]], None]] = {
    "stop": lambda driver, _: driver.set_running(False),
    "run": lambda driver, _: driver.set_running(True),
    "reset": lambda driver, _: driver.reset(None),
    "stop-io": lambda driver, words: driver.set_io_stopped(bool(int(words[0]))),
    "module": _module,
    "cycle": _cycle,
    "fault": _fault,
    "clear-trace": _clear_trace,
}
