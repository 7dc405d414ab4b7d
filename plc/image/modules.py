"""What the modules look like inside the process image: data tables, no logic.

Layouts after the RevPi reference, topics base device, DIO and AIO (PiCtory catalogue files and the
driver's headers agree on them). Offsets are relative to the device; where a device begins depends on
everything left of it and is computed elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

IMAGE_BYTES = 4096
"""Size of the driver's process image."""


class Section(StrEnum):
    """Part of a device in PiCtory: inputs, outputs, configuration of the module."""

    INP = "inp"
    OUT = "out"
    MEM = "mem"


class ModuleType(StrEnum):
    """Modules that the wiring map may name, in the words of the cabinet."""

    CORE = "core"
    CONNECT = "connect"
    CONNECT_4 = "connect4"
    CONNECT_5 = "connect5"
    DIO = "dio"
    AIO = "aio"


@dataclass(frozen=True, slots=True)
class Io:
    """One entry of a device in PiCtory.

    bits: length. offset: byte inside the device. bit: number for 1-bit entries, counted from the
    offset (bit 9 lies in the next byte), else None. default: for `mem` the parameter itself.
    """

    section: Section
    name: str
    bits: int
    offset: int
    bit: int | None = None
    default: str = "0"
    exported: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One product of the PiCtory catalogue."""

    product_type: int
    catalogue_id: str
    device_type: str
    title: str
    ios: tuple[Io, ...]

    @property
    def length(self) -> int:
        """Bytes that the device takes in the image."""
        return max(
            io.offset + (io.bits + 7) // 8 if io.bit is None else io.offset + io.bit // 8 + 1
            for io in self.ios
        )


BASE_TYPES = (ModuleType.CORE, ModuleType.CONNECT, ModuleType.CONNECT_4, ModuleType.CONNECT_5)

PRODUCT_NAMES = {
    95: "Core",
    105: "Connect",
    136: "Connect 4",
    138: "Connect 5",
    104: "Compact",
    135: "Flat",
    96: "DIO",
    97: "DI",
    98: "DO",
    103: "AIO",
    118: "MIO",
    137: "RO",
    109: "Con CAN",
    110: "Con M-Bus",
    111: "Con BT",
    32768: "virtual device",
}

DEBOUNCE = {"off": 0, "25_us": 1, "750_us": 2, "3_ms": 3}
"""InputDebounce of a DIO."""

AIO_OUTPUT_0_10_V = 2
AIO_OUTPUT_RANGES = {
    0: "off",
    1: "0-5 V",
    2: "0-10 V",
    3: "+-5 V",
    4: "+-10 V",
    5: "0-5.5 V",
    6: "0-11 V",
    7: "+-5.5 V",
    8: "+-11 V",
    9: "4-20 mA",
    10: "0-20 mA",
    11: "0-24 mA",
}
AIO_INPUT_0_10_V = 2
AIO_INPUT_0_24_MA = 6
AIO_INPUT_RANGES = {
    1: "+-10 V",
    2: "0-10 V",
    3: "0-5 V",
    4: "+-5 V",
    5: "0-20 mA",
    6: "0-24 mA",
    7: "4-20 mA",
    8: "+-25 mA",
}
RTD_TYPES = {0: "Pt100", 1: "Pt1000"}
RTD_WIRING = {0: "3-wire", 1: "4-wire", 2: "2-wire"}
RTD_WIRING_OF_WIRES = {3: 0, 4: 1, 2: 2}


def _inp(name: str, bits: int, offset: int, *, exported: bool = False) -> Io:
    return Io(Section.INP, name, bits, offset, exported=exported)


def _out(name: str, bits: int, offset: int, default: str = "0", *, exported: bool = False) -> Io:
    return Io(Section.OUT, name, bits, offset, default=default, exported=exported)


def _mem(name: str, bits: int, offset: int, default: str = "0") -> Io:
    return Io(Section.MEM, name, bits, offset, default=default)


_BASE_INPUTS = (
    _inp("RevPiStatus", 8, 0, exported=True),
    _inp("RevPiIOCycle", 8, 1, exported=True),
    _inp("RS485ErrorCnt", 16, 2),
    _inp("Core_Temperature", 8, 4),
    _inp("Core_Frequency", 8, 5),
)
_LIMITS = (_out("RS485ErrorLimit1", 16, 7, "10"), _out("RS485ErrorLimit2", 16, 9, "1000"))
_BASE = (*_BASE_INPUTS, _out("RevPiLED", 8, 6, exported=True), *_LIMITS)
_BASE_4 = (
    *_BASE_INPUTS,
    _out("RevPiOutput", 8, 6, exported=True),
    *_LIMITS,
    _out("RevPiLED", 16, 11, exported=True),
)
_BASE_5 = (
    *_BASE_INPUTS,
    _out("RevPiReservedByte", 8, 6, ""),
    *_LIMITS,
    _out("RevPiLED", 16, 11, exported=True),
)

_DIO = (
    *(Io(Section.INP, f"I_{n}", 1, 0, bit=n - 1, exported=True) for n in range(1, 17)),
    _inp("Output_Status", 16, 2),
    _inp("Status", 16, 4),
    *(_inp(f"Counter_{n}", 32, 2 + 4 * n) for n in range(1, 17)),
    *(Io(Section.OUT, f"O_{n}", 1, 70, bit=n - 1, exported=True) for n in range(1, 17)),
    *(_out(f"PWM_{n}", 8, 71 + n) for n in range(1, 17)),
    *(_mem(f"InputMode_{n}", 8, 87 + n) for n in range(1, 17)),
    _mem("InputDebounce", 16, 104),
    _mem("OutputPushPull", 16, 106),
    _mem("OutputOpenLoadDetect", 16, 108),
    _mem("OutputPWMActive", 16, 110),
    _mem("OutputPWMFrequency", 8, 112, "1"),
)


def _scaling(name: str, offset: int) -> tuple[Io, ...]:
    return (
        _mem(f"{name}Multiplier", 16, offset, "1"),
        _mem(f"{name}Divisor", 16, offset + 2, "1"),
        _mem(f"{name}Offset", 16, offset + 4),
    )


def _aio_input(n: int) -> tuple[Io, ...]:
    start = 17 + 7 * n
    return (_mem(f"Input{n}Range", 8, start, "1"), *_scaling(f"Input{n}", start + 1))


def _aio_rtd(n: int) -> tuple[Io, ...]:
    start = 45 + 8 * n
    return (
        _mem(f"RTD{n}Type", 8, start),
        _mem(f"RTD{n}Wiring", 8, start + 1),
        *_scaling(f"RTD{n}", start + 2),
    )


def _aio_output(n: int) -> tuple[Io, ...]:
    start = 59 + 10 * n
    return (
        _mem(f"Output{n}Range", 8, start),
        _mem(f"Output{n}EnableSlew", 8, start + 1),
        _mem(f"Output{n}SlewStepSize", 8, start + 2),
        _mem(f"Output{n}SlewClock", 8, start + 3),
        *_scaling(f"Output{n}", start + 4),
    )


_AIO = (
    *(_inp(f"InputValue_{n}", 16, 2 * n - 2, exported=True) for n in range(1, 5)),
    *(_inp(f"InputStatus_{n}", 8, 7 + n) for n in range(1, 5)),
    *(_inp(f"RTDValue_{n}", 16, 10 + 2 * n, exported=True) for n in range(1, 3)),
    *(_inp(f"RTDStatus_{n}", 8, 15 + n) for n in range(1, 3)),
    *(_inp(f"OutputStatus_{n}", 8, 17 + n) for n in range(1, 3)),
    *(_out(f"OutputValue_{n}", 16, 18 + 2 * n, exported=True) for n in range(1, 3)),
    *(io for n in range(1, 5) for io in _aio_input(n)),
    _mem("ADC_DataRate", 8, 52),
    *(io for n in range(1, 3) for io in _aio_rtd(n)),
    *(io for n in range(1, 3) for io in _aio_output(n)),
)

CATALOGUE: dict[ModuleType, Catalogue] = {
    ModuleType.CORE: Catalogue(95, "RevPiCore_20170404_1_2", "BASE", "RevPi Core V1.2", _BASE),
    ModuleType.CONNECT: Catalogue(105, "RevPiConnect_20171023_1_0", "BASE", "RevPi Connect V1.0", _BASE),
    ModuleType.CONNECT_4: Catalogue(136, "RevPiConnect4_20230101_1_0", "BASE", "RevPi Connect 4", _BASE_4),
    ModuleType.CONNECT_5: Catalogue(138, "RevPiConnect5_20240315_1_0", "BASE", "RevPi Connect 5", _BASE_5),
    ModuleType.DIO: Catalogue(96, "RevPiDIO_20160818_1_0", "LEFT_RIGHT", "RevPi DIO", _DIO),
    ModuleType.AIO: Catalogue(103, "RevPiAIO_20170301_1_0", "LEFT_RIGHT", "RevPi AIO", _AIO),
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """A kind of terminal on a module: how many there are and where they lie in the image."""

    module: ModuleType
    count: int
    section: Section
    io_name: str  # default name in PiCtory, {n} = number of the terminal


TERMINALS: dict[str, Terminal] = {
    "DI": Terminal(ModuleType.DIO, 14, Section.INP, "I_{n}"),
    "DO": Terminal(ModuleType.DIO, 14, Section.OUT, "O_{n}"),
    "AI": Terminal(ModuleType.AIO, 4, Section.INP, "InputValue_{n}"),
    "RTD": Terminal(ModuleType.AIO, 2, Section.INP, "RTDValue_{n}"),
    "AO": Terminal(ModuleType.AIO, 2, Section.OUT, "OutputValue_{n}"),
}
"""Terminals as printed on the modules. A DIO has 16 bits in the image but 14 terminals."""


def io_of(terminal: str, number: int) -> Io:
    """The catalogue entry behind a terminal; KeyError when the module does not have it."""
    kind = TERMINALS[terminal]
    if not 1 <= number <= kind.count:
        raise KeyError(f"{terminal}{number}")
    name = kind.io_name.format(n=number)
    return next(io for io in CATALOGUE[kind.module].ios if io.name == name and io.section is kind.section)


def suffixed(ios: tuple[Io, ...], suffix: str) -> tuple[Io, ...]:
    """The same entries as PiCtory names them on a second module of a kind: `I_1_i03`."""
    return tuple(replace(io, name=io.name + suffix) for io in ios) if suffix else ios
