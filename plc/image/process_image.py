"""The process image as the plant sees it: signals by name, in engineering units, with quality.

One read and one write per scan. Every fault of the image raises ImageFault and ends the program:
inputs would be stale, addresses may have moved, and the access library may have left a lock behind.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from enum import IntEnum
from operator import attrgetter
from pathlib import Path
from typing import Any

from plc.blocks.core import NS_PER_MS, NS_PER_S, Origin, ns
from plc.blocks.pump import volts
from plc.exits import Exit
from plc.image.access import Access
from plc.image.analogue import Fault
from plc.image.binding import AIO_RECORD, AO_STATUS, bind, used_modules
from plc.image.check import compare
from plc.image.health import Health, bridge_faults, output_faults
from plc.image.image_file import DeviceInfo, ImageFault, ImageFile
from plc.image.modules import BASE_TYPES, Section
from plc.image.pictory import Pictory, load_pictory
from plc.image.problem import Problem
from plc.image.wiring import Wiring
from plc.plant.interface import ImageInputs, ImageOutputs
from plc.plant.signals import Kind

__all__ = ["DEVICE", "ImageFault", "Led", "ProcessImage", "WiringDiffers", "default_pictory", "too_short"]

DEVICE = "/dev/piControl0"
PICTORY_PLACES = (Path("/etc/revpi/config.rsc"), Path("/opt/KUNBUS/config.rsc"))

_AIO = struct.Struct(AIO_RECORD)
_ASK_DRIVER_EVERY_NS = NS_PER_S
_SHORTEST_RESET_NS = 150 * NS_PER_MS  # the driver alone sleeps 210 ms in a reset
_MAX_MV = 10_000


class Led(IntEnum):
    """Colour of a front LED."""

    OFF = 0
    GREEN = 1
    RED = 2
    ORANGE = 3  # both; on a module with RGB lamps the same code shows as yellow or orange


class WiringDiffers(ImageFault):
    """The map and the PiCtory file do not describe the same cabinet: every output would be a guess."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems), Exit.WIRING_DIFFERS)
        self.problems = tuple(problems)


class ProcessImage:
    """The image of one cabinet; made by `open`, used by one thread.

    Order of use: open, lock (or another lock on the same file), connect, write_safe, arm_watchdog, then
    one read and one write per scan, write_safe, close. `health` is the judgement of the last read.
    """

    def __init__(
        self, wiring: Wiring, pictory: Pictory, file: ImageFile, hold_s: float, simulated: bool
    ) -> None:
        self.wiring = wiring
        self.pictory = pictory
        self.health = Health(bridge=("not read yet",))
        self._file = file
        self._binding = bind(wiring, ns(hold_s), Origin.SIM if simulated else Origin.MEASURED)
        self._access: Access | None = None
        self._faulted = False
        self._written: tuple[bool | float, ...] | None = None
        self._ask_driver_ns: int | None = 0
        self._placed: dict[int, int] = {}  # position -> where the driver put its outputs when first asked
        self._watchdog_ns = 0  # 0 = not armed
        self._write_began_ns = 0
        self._offline: frozenset[int] = frozenset()
        self._safe_blocks = [
            _output_block(pictory, m.position) for m in used_modules(wiring) if m.type not in BASE_TYPES
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

        pictory_path: default is the file that the driver of this machine uses. hold_s: a bad analogue
        value is held for so long (parameter fallback.sensor_hold_s). simulated: readings carry the
        origin "sim". opener: for tests with a broken image.
        Raises WiringDiffers (exit 4) and ImageFault (exit 5).
        """
        pictory, problems = load_pictory(
            Path(pictory_path) if pictory_path is not None else default_pictory()
        )
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
        may run on the image at this point. The first read or write does it when it was not done before.
        """
        access = Access(self._file, self.pictory, tuple(m.position for m in used_modules(self.wiring)))
        self._check_addresses(access)
        self._base = access.device[self.wiring.base.position]
        self._dio = [(module, access.device[module.position]) for module in self._binding.dio]
        self._aio = [(module, access.device[module.position]) for module in self._binding.aio]
        self._outputs = [access.io[wire.io_name] for wire in self.wiring.wired(Kind.DO)]
        self._setpoints = [(access.io[wire.io_name], wire.curve) for wire in self.wiring.wired(Kind.AO)]
        self._discrete_of = attrgetter(*(wire.name for wire in self.wiring.wired(Kind.DO)))
        self._setpoints_of = attrgetter(*(wire.name for wire in self.wiring.wired(Kind.AO)))
        self._access = access

    def arm_watchdog(self, period_ms: int) -> bool:
        """Arms the output watchdog on the handle that writes; False where the image has none (a file).

        Call it after the safe image has been written. Closing the armed handle, also by the death of
        the process, makes the driver zero all outputs.
        """
        armed = self._file.set_watchdog(period_ms)
        self._watchdog_ns = period_ms * NS_PER_MS if armed else 0
        self._file.write_until_ns = time.monotonic_ns() + self._watchdog_ns if armed else None
        return armed

    def has_watchdog(self) -> bool:
        """Whether this image has an output watchdog; leaves it disarmed."""
        return self._file.set_watchdog(0)

    def device_info(self) -> tuple[DeviceInfo, ...]:
        """What the driver knows about our modules; empty where it cannot be asked."""
        infos = (self._file.device_info(module.position) for module in used_modules(self.wiring))
        return tuple(info for info in infos if info is not None)

    def close(self) -> None:
        """Gives the handle back. An armed watchdog stays armed on purpose: the driver zeroes the outputs."""
        self._access = None
        self._file.close()

    # ---- the scan

    def read(self, now_ns: int) -> ImageInputs:
        """All inputs as of now."""
        self._transfer("readprocimg")
        if self._ask_driver_ns is not None and now_ns >= self._ask_driver_ns:
            self._ask_driver(now_ns)
        base = bytes(self._base)
        bridge = bridge_faults(base[0], base[2] | base[3] << 8)
        words, dio_faults = self._read_dio()
        records, aio_faults, ao_faults = self._read_aio()
        self.health = Health(bridge, dio_faults, aio_faults + ao_faults)
        inputs_ok = not bridge and not aio_faults
        if bridge or dio_faults:
            discrete: Any = self._binding.discrete_lost
        else:
            discrete = [words[slot] & mask == wanted for slot, mask, wanted in self._binding.discrete]
        readings = [
            channel.step(records[slot][value], status=records[slot][status], healthy=inputs_ok, now_ns=now_ns)
            for slot, value, status, channel in self._binding.readings
        ]
        return ImageInputs(not bridge and not dio_faults, inputs_ok and not ao_faults, *discrete, *readings)

    def write(self, outputs: ImageOutputs) -> None:
        """All outputs at once; feeds the output watchdog.

        After a gap long enough for a reset of the driver it is asked first whether our modules still lie
        where we write: a reset that ended meanwhile shows no EAGAIN. What is late becomes zeros.
        """
        if self._access is None:
            self.connect()
        discrete, setpoints = self._discrete_of(outputs), self._setpoints_of(outputs)
        if (wanted := discrete + setpoints) != self._written:  # the library's buffer is ours alone
            for io, value in zip(self._outputs, discrete, strict=True):
                io.value = value
            for (io, curve), percent in zip(self._setpoints, setpoints, strict=True):
                io.value = min(max(round(volts(percent, curve) * 1000), 0), _MAX_MV)
            self._written = wanted
        begin_ns = time.monotonic_ns()
        if self._watchdog_ns and begin_ns - self._write_began_ns > _SHORTEST_RESET_NS:
            self._ask_driver(begin_ns)
        self._write_began_ns = begin_ns
        self._transfer("writeprocimg")
        if self._watchdog_ns:
            self._file.write_until_ns = begin_ns + self._watchdog_ns

    def write_safe(self) -> None:
        """Zero on every output of our modules, whatever a pump makes of 0 V: the state of a dead controller.

        Works after a fault too, because it goes around the access library, whose locks may be stuck
        then; raises ImageFault when even that fails.
        """
        if self._access is not None and not self._faulted:
            for io in self._outputs:
                io.value = False
            for io, _ in self._setpoints:
                io.value = 0
        self._written = None
        for start, length in self._safe_blocks:
            self._file.seek(start)
            self._file.write(bytes(length))

    def led(self, a1: Led, a2: Led) -> None:
        """Front LEDs, shown with the next write: A1 the scan, A2 field devices and link."""
        if self._access is None:
            self.connect()
        core = self._access.core  # type: ignore[union-attr]
        if core is not None:  # a base module that the library does not know has no lamps for us
            core.A1 = int(a1)
            core.A2 = int(a2)

    def faults(self) -> dict[str, Fault]:
        """Analogue inputs that are not good now, with the reason."""
        channels = self._binding.channels.items()
        return {name: channel.fault for name, channel in channels if channel.fault is not Fault.NONE}

    # ---- inside

    def _transfer(self, action: str) -> None:
        """One call of the access library. Whatever goes wrong in it, the object is not used again."""
        if self._faulted:
            raise ImageFault("the process image has failed before")
        if self._access is None:
            self.connect()
        self._faulted = True  # stays so unless the call comes back well
        try:
            complete = getattr(self._access, action)()
        except ImageFault:
            raise
        except Exception as error:  # any surprise of the library is a fault of the image
            raise ImageFault(f"{action}: {type(error).__name__}: {error}") from error
        if not complete:
            raise ImageFault(f"{action} failed")
        self._faulted = False

    def _read_dio(self) -> tuple[list[int], tuple[str, ...]]:
        words: list[int] = []
        faults: tuple[str, ...] = ()
        for module, device in self._dio:
            data = bytes(device)
            words.append(data[0] | data[1] << 8)
            if data[4] or data[5]:
                faults += (f"{module.name}: status 0x{data[4] | data[5] << 8:04x}",)
            if module.position in self._offline:
                faults += (f"{module.name}: offline",)
        words.append(0)  # where substitutes are read from
        return words, faults

    def _read_aio(self) -> tuple[list[tuple[int, ...]], tuple[str, ...], tuple[str, ...]]:
        records: list[tuple[int, ...]] = []
        faults: tuple[str, ...] = ()
        outputs: tuple[str, ...] = ()
        for (module, device), used in zip(self._aio, self._binding.used_outputs, strict=True):
            record = _AIO.unpack_from(bytes(device))
            records.append(record)
            if module.position in self._offline:
                faults += (f"{module.name}: offline",)
            for number in used:
                outputs += output_faults(f"{module.name}.AO{number}", record[AO_STATUS + number - 1])
        return records, faults, outputs

    def _ask_driver(self, now_ns: int) -> None:
        """Once a second: does every module take part in the exchange? A plain file is asked only once."""
        infos = {
            module.position: self._file.device_info(module.position) for module, _ in self._dio + self._aio
        }
        for position, info in infos.items():
            if (
                info is not None
                and self._placed.setdefault(position, info.output_offset) != info.output_offset
            ):
                raise ImageFault(f"module {position} moved in the process image: the driver was reset")
        self._offline = frozenset(position for position, info in infos.items() if info and not info.online)
        silent = all(info is None for info in infos.values())
        self._ask_driver_ns = None if silent and not self.is_device else now_ns + _ASK_DRIVER_EVERY_NS

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
    allowed = f"at least {pictory.length} bytes for the modules of {pictory.file}"
    return Problem(
        path, 0, f"{size} bytes", allowed, f"make the file 4096 bytes long: truncate -s 4096 {path}"
    )


def _output_block(pictory: Pictory, position: int) -> tuple[int, int]:
    device = pictory.at(position)
    if device is None:
        raise ImageFault(f"no module at position {position} in {pictory.file}")
    return device.span(Section.OUT)
