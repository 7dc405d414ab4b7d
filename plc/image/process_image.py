"""The process image as the plant sees it: signals by name, in engineering units, with quality.

One read and one write per scan. Every fault of the image raises ImageFault and ends the program:
inputs would be stale, addresses may have moved, and the access library may have left a lock behind.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from operator import attrgetter
from pathlib import Path
from typing import Any

from plc.blocks.core import NEVER, NS_PER_S, Origin, Reading, ns
from plc.blocks.pump import Curve, volts
from plc.exits import Exit
from plc.image.access import Access
from plc.image.analogue import AnalogueInput, Conversion, Fault, current_4_20_ma, rtd, voltage_0_10_v
from plc.image.check import compare
from plc.image.health import Health, bridge_faults, output_faults
from plc.image.image_file import DeviceInfo, ImageFault, ImageFile
from plc.image.modules import BASE_TYPES, ModuleType, Section
from plc.image.pictory import Pictory, load_pictory
from plc.image.problem import Problem
from plc.image.wiring import Sensor, Wire, Wiring
from plc.plant.interface import ImageInputs, ImageOutputs
from plc.plant.signals import Kind

log = logging.getLogger(__name__)

DEVICE = "/dev/piControl0"
PICTORY_PLACES = (Path("/etc/revpi/config.rsc"), Path("/opt/KUNBUS/config.rsc"))

_AIO = struct.Struct("<4h4B2h2B2B")  # inputs, their status, RTDs, their status, status of the outputs
_RTD, _AI_STATUS, _RTD_STATUS, _AO_STATUS = 8, 4, 10, 12  # places of the groups in the unpacked record
_ASK_DRIVER_EVERY_NS = NS_PER_S
_MAX_MV = 10_000


class Led(IntEnum):
    """Colour of a front LED."""

    OFF = 0
    GREEN = 1
    RED = 2


class WiringDiffers(ImageFault):
    """The map and the PiCtory file do not describe the same cabinet: every output would be a guess."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems), Exit.WIRING_DIFFERS)
        self.problems = tuple(problems)


@dataclass(slots=True)
class _Module:
    """One module while the program runs."""

    name: str
    position: int
    device: Any
    online: bool = True


@dataclass(frozen=True, slots=True)
class _DiscreteIn:
    """Where a discrete input comes from: bit of a DIO, or a substitute when it is not wired."""

    slot: int
    mask: int
    wanted: int  # value of the masked bit that means True
    substitute: bool = False


@dataclass(frozen=True, slots=True)
class _AnalogueIn:
    """Where an analogue input comes from: places in the record of an AIO."""

    slot: int
    value: int
    status: int
    channel: AnalogueInput


class ProcessImage:
    """The image of one cabinet; made by `open`, used by one thread."""

    def __init__(
        self, wiring: Wiring, pictory: Pictory, file: ImageFile, hold_s: float, simulated: bool
    ) -> None:
        self.wiring = wiring
        self.pictory = pictory
        self.simulated = simulated
        self.health = Health(bridge=("not read yet",))
        self._file = file
        self._hold_ns = ns(hold_s)
        self._origin = Origin.SIM if simulated else Origin.MEASURED
        self._access: Access | None = None
        self._faulted = False
        self._ask_driver_ns: int | None = 0
        self._analogue: dict[str, AnalogueInput] = {}
        self._blocks = [
            span
            for position in _positions(wiring)
            if (device := pictory.at(position)) is not None
            for span in [device.span(Section.OUT)]
            if position != wiring.base.position
        ]

    @classmethod
    def open(
        cls,
        wiring: Wiring,
        image_path: str | Path = DEVICE,
        pictory_path: str | Path | None = None,
        *,
        hold_s: float = 3.0,
        simulated: bool = False,
        opener: Callable[[str], ImageFile] = ImageFile,
    ) -> ProcessImage:
        """Opens the image and compares the map with PiCtory; writes nothing yet.

        hold_s: a bad analogue value is held for so long (parameter fallback.sensor_hold_s).
        simulated: readings carry the origin "sim". opener: for tests with a broken image.
        Raises WiringDiffers (exit 4) and ImageFault (exit 5).
        """
        path = Path(pictory_path) if pictory_path is not None else default_pictory()
        pictory, problems = load_pictory(path)
        if pictory is not None:
            problems += compare(wiring, pictory)
        if problems or pictory is None:
            raise WiringDiffers(problems)
        file = opener(str(image_path))
        if file.size is not None and file.size < pictory.length:
            short = too_short(str(image_path), file.size, pictory)
            file.close()
            raise WiringDiffers([short])
        return cls(wiring, pictory, file, hold_s, simulated)

    # ---- life

    @property
    def is_device(self) -> bool:
        """True on the driver's device, False on a file (simulation)."""
        return self._file.is_device

    def lock(self) -> bool:
        """Tries to become the only user of the image through this handle; False when somebody else is."""
        return self._file.lock()

    def connect(self) -> None:
        """Hands the image to the access library and checks its addresses against ours.

        The library writes the base module's LED and error limits while it is constructed: nobody else
        may run on the image at this point. Called by the first read or write when not called before.
        """
        access = Access(self._file, self.pictory, _positions(self.wiring))
        dio = [_Module(m.name, m.position, access.device[m.position]) for m in self._of(ModuleType.DIO)]
        aio = [_Module(m.name, m.position, access.device[m.position]) for m in self._of(ModuleType.AIO)]
        self._base, self._dio, self._aio = access.device[self.wiring.base.position], dio, aio
        self._inputs = self._bind_inputs()
        self._outputs = [(access.io[w.io_name], w.name) for w in self.wiring.wired(Kind.DO)]
        self._setpoints = [(access.io[w.io_name], w.name, Curve(w.curve)) for w in self.wiring.wired(Kind.AO)]
        self._take_outputs = attrgetter(*(name for _, name in self._outputs))
        self._check_addresses(access)
        self._access = access

    def arm_watchdog(self, period_ms: int) -> bool:
        """Arms the output watchdog on the handle that writes; False where the image has none (a file).

        Call it after the safe image has been written. Closing the armed handle, also by the death of
        the process, makes the driver zero all outputs.
        """
        return self._file.set_watchdog(period_ms)

    def has_watchdog(self) -> bool:
        """Whether this image has an output watchdog; leaves it disarmed."""
        return self._file.set_watchdog(0)

    def device_info(self) -> tuple[DeviceInfo, ...]:
        """What the driver knows about our modules; empty where it cannot be asked."""
        infos = (self._file.device_info(position) for position in _positions(self.wiring))
        return tuple(info for info in infos if info is not None)

    def close(self) -> None:
        """Gives the handle back. An armed watchdog stays armed on purpose: the driver zeroes the outputs."""
        self._access = None
        self._file.close()

    # ---- the scan

    def read(self, now_ns: int) -> ImageInputs:
        """All inputs as of now."""
        if self._access is None:
            self.connect()
        self._transfer(self._access.readprocimg)  # type: ignore[union-attr]
        base = bytes(self._base)
        if self._ask_driver_ns is not None and now_ns >= self._ask_driver_ns:
            self._ask_driver(now_ns)
        bridge = bridge_faults(base[0], base[2] | base[3] << 8)
        dio_words, dio_faults = self._read_dio()
        aio_records, aio_faults, output_faults_ = self._read_aio()
        self.health = Health(bridge, dio_faults, aio_faults + output_faults_)
        dio_ok = not bridge and not dio_faults
        aio_inputs_ok = not bridge and not aio_faults
        values: list[Any] = [dio_ok, aio_inputs_ok and not output_faults_]
        for item in self._inputs:
            if isinstance(item, _DiscreteIn):
                if item.slot < 0:
                    values.append(item.substitute)
                else:
                    values.append(dio_ok and dio_words[item.slot] & item.mask == item.wanted)
            elif isinstance(item, _AnalogueIn):
                record = aio_records[item.slot]
                values.append(
                    item.channel.step(
                        record[item.value], status=record[item.status], healthy=aio_inputs_ok, now_ns=now_ns
                    )
                )
            else:
                values.append(item if item is NEVER else item._replace(taken_ns=now_ns))
        return ImageInputs(*values)

    def write(self, outputs: ImageOutputs) -> None:
        """All outputs at once; feeds the output watchdog."""
        if self._access is None:
            self.connect()
        for (io, _), value in zip(self._outputs, self._take_outputs(outputs), strict=True):
            io.value = value
        for io, name, curve in self._setpoints:
            millivolt = round(volts(getattr(outputs, name), curve) * 1000)
            io.value = min(max(millivolt, 0), _MAX_MV)
        self._transfer(self._access.writeprocimg)  # type: ignore[union-attr]

    def write_safe(self) -> None:
        """Zero on every output of our modules, whatever a pump makes of 0 V: the state of a dead controller.

        After a fault it goes around the access library, whose locks may be stuck, and raises again if
        even that fails.
        """
        if self._access is None and not self._faulted:
            self.connect()
        if not self._faulted:
            for io, _ in self._outputs:
                io.value = False
            for io, _, _ in self._setpoints:
                io.value = 0
        for start, length in self._blocks:
            self._file.seek(start)
            self._file.write(bytes(length))

    def led(self, a1: Led, a2: Led) -> None:
        """Front LEDs, shown with the next write: A1 the scan, A2 field devices and link."""
        if self._access is None:
            self.connect()
        core = self._access.core  # type: ignore[union-attr]
        core.A1 = int(a1)
        core.A2 = int(a2)

    def faults(self) -> dict[str, Fault]:
        """Analogue inputs that are not good now, with the reason."""
        return {
            name: channel.fault for name, channel in self._analogue.items() if channel.fault is not Fault.NONE
        }

    # ---- inside

    def _transfer(self, action: Callable[[], bool]) -> None:
        if self._faulted:
            raise ImageFault("the process image has failed before")
        self._faulted = True  # stays so when the call does not come back well
        try:
            complete = action()
        except ImageFault:
            raise
        except Exception as error:  # any surprise of the library is a fault of the image
            raise ImageFault(f"process image: {type(error).__name__}: {error}") from error
        if not complete:
            raise ImageFault("process image: transfer failed")
        self._faulted = False

    def _read_dio(self) -> tuple[list[int], tuple[str, ...]]:
        words: list[int] = []
        faults: tuple[str, ...] = ()
        for module in self._dio:
            data = bytes(module.device)
            words.append(data[0] | data[1] << 8)
            status = data[4] | data[5] << 8
            if status:
                faults += (f"{module.name}: status 0x{status:04x}",)
            if not module.online:
                faults += (f"{module.name}: offline",)
        return words, faults

    def _read_aio(self) -> tuple[list[tuple[int, ...]], tuple[str, ...], tuple[str, ...]]:
        records: list[tuple[int, ...]] = []
        faults: tuple[str, ...] = ()
        outputs: tuple[str, ...] = ()
        for slot, module in enumerate(self._aio):
            record = _AIO.unpack_from(bytes(module.device))
            records.append(record)
            if not module.online:
                faults += (f"{module.name}: offline",)
            for number in self._used_outputs[slot]:
                outputs += output_faults(f"{module.name}.AO{number}", record[_AO_STATUS + number - 1])
        return records, faults, outputs

    def _ask_driver(self, now_ns: int) -> None:
        """Once a second: does every module take part in the exchange? Silent where nobody can be asked."""
        known = False
        for module in (*self._dio, *self._aio):
            info = self._file.device_info(module.position)
            if info is not None:
                known = True
                module.online = info.online
        self._ask_driver_ns = now_ns + _ASK_DRIVER_EVERY_NS if known or self.is_device else None

    def _of(self, kind: ModuleType) -> list[Any]:
        return [module for module in self.wiring.modules if module.type is kind]

    def _bind_inputs(self) -> list[_DiscreteIn | _AnalogueIn | Reading]:
        slots = {module.name: slot for group in (self._dio, self._aio) for slot, module in enumerate(group)}
        self._used_outputs = [
            tuple(
                w.channel.number
                for w in self.wiring.wired(Kind.AO)
                if w.channel and w.channel.module == m.name
            )
            for m in self._aio
        ]
        names = [item.name for item in fields(ImageInputs)][2:]
        return [self._bind_input(self.wiring.signals[name], slots) for name in names]

    def _bind_input(self, wire: Wire, slots: dict[str, int]) -> _DiscreteIn | _AnalogueIn | Reading:
        if wire.signal.kind is Kind.DI:
            if not wire.present or wire.channel is None:
                return _DiscreteIn(-1, 0, 0, bool(wire.substitute))
            mask = 1 << (wire.channel.number - 1)
            return _DiscreteIn(slots[wire.channel.module], mask, 0 if wire.invert else mask)
        if not wire.present or wire.channel is None:
            return (
                NEVER
                if wire.substitute is None
                else Reading.good(float(wire.substitute), 0, Origin.SUBSTITUTE)
            )
        channel = self._channel(wire)
        self._analogue[wire.name] = channel
        number = wire.channel.number - 1
        if wire.channel.terminal == "RTD":
            return _AnalogueIn(slots[wire.channel.module], _RTD + number, _RTD_STATUS + number, channel)
        return _AnalogueIn(slots[wire.channel.module], number, _AI_STATUS + number, channel)

    def _channel(self, wire: Wire) -> AnalogueInput:
        return AnalogueInput(
            _conversion(wire),
            minimum=wire.signal.minimum,
            maximum=wire.signal.maximum,
            max_rate_per_s=wire.signal.max_rate_per_s,
            hold_ns=self._hold_ns,
            frozen_ns=ns(wire.frozen_after_s),
            origin=self._origin,
        )

    def _check_addresses(self, access: Access) -> None:
        """The library and we must mean the same byte; a difference would switch somebody else's relay."""
        for wire in self.wiring.wired():
            if wire.channel is None:
                continue
            device = self.pictory.at(self.wiring.module(wire.channel.module).position)
            place = wire.channel.io
            ours = (device.offset if device else 0) + place.offset + (place.bit or 0) // 8
            theirs = access.io[wire.io_name].address
            if theirs != ours:
                raise ImageFault(f"{wire.name}: byte {theirs} in revpimodio2, byte {ours} by our own count")


def default_pictory() -> Path:
    """Where PiCtory leaves its file on a RevPi."""
    return next((path for path in PICTORY_PLACES if path.exists()), PICTORY_PLACES[0])


def too_short(path: str, size: int, pictory: Pictory) -> Problem:
    """A file image that ends before the last module: everything behind its end would read as nothing."""
    return Problem(
        path,
        0,
        f"{size} bytes",
        f"at least {pictory.length} bytes for the modules of {pictory.file}",
        "make the file 4096 bytes long: truncate -s 4096 FILE",
    )


def _positions(wiring: Wiring) -> tuple[int, ...]:
    """Positions of the base and of every module that a signal is connected to."""
    used = {wire.channel.module for wire in wiring.wired() if wire.channel is not None}
    return tuple(m.position for m in wiring.modules if m.type in BASE_TYPES or m.name in used)


def _conversion(wire: Wire) -> Conversion:
    if wire.sensor in (Sensor.PT100, Sensor.PT1000):
        return rtd
    low, high = wire.span or (0.0, 0.0)
    return current_4_20_ma(low, high) if wire.sensor is Sensor.MA_4_20 else voltage_0_10_v(low, high)
