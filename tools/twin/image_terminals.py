"""The terminals of the virtual cabinet as bytes of a process image, through real revpimodio2.

The twin opens the same file as the controller with `simulator=True`: what PiCtory calls inputs it
writes, what PiCtory calls outputs it reads. Channels, spans and curves come from wiring.yaml of the
site, so that nothing is wired twice. A character device is refused: behind it stands a real cabinet.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import revpimodio2

from plc.blocks.pump import Curve
from plc.exits import Exit, ExitError
from plc.image.modules import Section
from plc.image.wiring import Wire, Wiring
from plc.image.wiring_file import load_wiring
from plc.plant.interface import ImageOutputs
from plc.plant.signals import Kind
from tools.twin.rig import Rig
from tools.twin.terminals import raw_value

IMAGE_BYTES = 4096
CORE_RUNNING = 0x01  # RevPiStatus: bridge running, nothing missing
DIO_LOST, AIO_LOST = 0x0001, 0x80  # no communication with the input chip; bridge time-out


def prepare_image(path: Path) -> None:
    """Makes a zeroed image when there is none; refuses anything but a regular file of full size."""
    try:
        status = path.stat()
    except FileNotFoundError:
        path.write_bytes(bytes(IMAGE_BYTES))
        return
    if not stat.S_ISREG(status.st_mode):
        raise ExitError(
            Exit.IMAGE_FAULT,
            f"{path} is not a regular file: the virtual plant never writes into a real process image",
        )
    if status.st_size < IMAGE_BYTES:
        raise ExitError(Exit.IMAGE_FAULT, f"{path} has {status.st_size} bytes, a process image has 4096")


def read_wiring(path: Path) -> Wiring:
    """The map of the site; every problem in one message."""
    wiring, problems = load_wiring(path)
    if wiring is None:
        raise ExitError(Exit.SITE_INVALID, "\n".join(str(problem) for problem in problems))
    return wiring


class ImageTerminals:
    """Reads the controller's outputs from the image and writes the cabinet's inputs into it.

    p4_curve, p5_curve: what the pumps' menus are set to, the same fact as in wiring.yaml.
    """

    def __init__(self, image: Path, pictory: Path, wiring: Wiring) -> None:
        prepare_image(image)
        self._revpi = revpimodio2.RevPiModIO(
            autorefresh=False, procimg=str(image), configrsc=str(pictory), simulator=True
        )
        if self._revpi.length > os.path.getsize(image):
            raise ExitError(Exit.IMAGE_FAULT, f"{image} is shorter than the process image of {pictory}")
        wires = wiring.signals
        self.p4_curve: Curve = wires["p4_setpoint_pct"].curve
        self.p5_curve: Curve = wires["p5_setpoint_pct"].curve
        self._modules = {module.name: module.position for module in wiring.modules}
        self._inputs = [(wire.name, wire.invert, self._io(wire)) for wire in wiring.wired(Kind.DI)]
        self._outputs = [(wire.name, self._io(wire)) for wire in wiring.wired(Kind.DO)]
        self._volts = tuple(self._io(wires[name]) for name in ("p4_setpoint_pct", "p5_setpoint_pct"))
        self._sensors = [
            (
                wire.name,
                wire.span if wire.channel.terminal == "AI" else None,
                self._io(wire),
                self._status(wire),
            )
            for wire in wiring.wired(Kind.AI)
            if wire.channel is not None
        ]
        dio = {w.channel.module for w in wiring.wired(Kind.DI, Kind.DO) if w.channel is not None}
        self._dio_status = [self._find(name, Section.INP, 4) for name in sorted(dio)]
        self._cycle_counter = self._find(wiring.base.name, Section.INP, 1)
        self._find(wiring.base.name, Section.INP, 0).value = CORE_RUNNING

    def _find(self, module: str, section: Section, offset: int, bit: int | None = None) -> Any:
        """The io object at this place of a module; names may have been changed in PiCtory, places not."""
        position = self._modules[module]
        try:
            device = self._revpi.device[position]
        except (IndexError, KeyError) as error:
            raise ExitError(
                Exit.WIRING_DIFFERS, f"no module at position {position} ({module}) in the PiCtory file"
            ) from error
        # In simulator mode the library swaps the roles: what PiCtory calls an input is its output.
        ios = device.get_outputs() if section is Section.INP else device.get_inputs()
        for io in ios:
            here = io.address - device.offset
            if bit is None and here == offset:
                return io
            if bit is not None and here == offset + bit // 8 and io._bitaddress == bit % 8:
                return io
        raise ExitError(Exit.WIRING_DIFFERS, f"{module}: nothing at byte {offset} in the PiCtory file")

    def _io(self, wire: Wire) -> Any:
        assert wire.channel is not None
        place = wire.channel.io
        return self._find(wire.channel.module, place.section, place.offset, place.bit)

    def _status(self, wire: Wire) -> Any:
        """The status byte that belongs to an analogue input."""
        assert wire.channel is not None
        first = 8 if wire.channel.terminal == "AI" else 16
        return self._find(wire.channel.module, Section.INP, first + wire.channel.number - 1)

    def read_outputs(self) -> tuple[ImageOutputs, float, float]:
        """Discrete outputs, volts of P4, volts of P5 as the controller left them in the image."""
        if not self._revpi.readprocimg():
            raise ExitError(Exit.IMAGE_FAULT, "the process image could not be read")
        out = ImageOutputs(**{name: bool(io.value) for name, io in self._outputs})
        p4, p5 = self._volts
        return out, p4.value / 1000.0, p5.value / 1000.0

    def write_inputs(self, rig: Rig, turn: int) -> None:
        """Contacts and temperatures into the image; lost modules keep their old bytes."""
        cabinet = rig.cabinet
        if rig.dio_healthy:
            for name, invert, io in self._inputs:
                io.value = getattr(cabinet, name) is not invert
        for io in self._dio_status:
            io.value = 0 if rig.dio_healthy else DIO_LOST
        sensors = rig.model.sensors
        for name, span, io, status in self._sensors:
            if rig.aio_healthy:
                io.value, status.value = raw_value(sensors[name], span)
            else:
                status.value = AIO_LOST
        self._cycle_counter.value = turn & 0xFF
        if not self._revpi.writeprocimg():
            raise ExitError(Exit.IMAGE_FAULT, "the process image could not be written")

    def close(self) -> None:
        """Lets go of the file; the image keeps its last bytes."""
        self._revpi.cleanup()
