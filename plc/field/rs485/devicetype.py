"""What a kind of Modbus device is: lines, blocks, values, checks and roles, as data from one YAML file.

A new meter is a new file in `plc/field/devices`, never code. The fields below are the format; the loader
in `plc.devicefiles` reads limits and texts from their annotations; the rules between fields are in
`devicerules`. Addresses are zero-based wire addresses, as minimalmodbus takes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from plc.blocks.param import Param
from plc.field.rs485.decode import WORDS, WordOrder, WordType


class Parity(StrEnum):
    """Parity of the line; one port has exactly one."""

    NONE = "N"
    EVEN = "E"
    ODD = "O"


class When(StrEnum):
    """For which units of a family a block is read."""

    ALWAYS = "always"
    SMALL = "rated_up_to_20_kw"  # 16 bits hold every power
    LARGE = "rated_above_20_kw"  # both words are needed, from one answer
    MANY_STRINGS = "more_than_4_strings"


class Bound(StrEnum):
    """A limit that is a fact of the site, not of the device type."""

    NONE = "none"
    FUSE = "fuse"  # main fuse of the house
    AC = "ac"  # 1.5 x rated power, at least the main fuse
    BATTERY = "battery"  # 1.2 x rated power
    PV = "pv"  # 1.5 x rated power


class Counter(StrEnum):
    """Whether a value only ever rises."""

    NONE = "none"
    DAY = "day"  # falls to zero at the device's midnight
    TOTAL = "total"


class CheckKind(StrEnum):
    """Physics that must hold between values of one device."""

    BALANCE = "balance"  # the weighted sum of powers is zero within limits
    RATIO = "ratio"  # voltage x current against power
    REPORT = "report"  # a balance that only leaves a message


@dataclass(frozen=True, slots=True)
class LineSpec:
    """Serial line as the device leaves the factory."""

    baud: Annotated[int, Param("Bd", 1200, 115200, "line speed")] = 9600
    parity: Parity = Parity.NONE
    stop_bits: Annotated[int, Param("", 1, 2, "stop bits")] = 1


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """Registers that are read in one request.

    optional: not every unit has them; its failures say nothing about the device.
    blank_ok: all registers equal (0 or 0xFFFF) is a possible content.
    dark_ok: all registers 0 is what PV strings say at night; taken only after several such answers in a row
    and while a balance of the checks holds with these zeros, so that a fault by day is never a night.
    """

    start: Annotated[int, Param("", 0, 65535, "first register, zero-based")]
    count: Annotated[int, Param("", 1, 125, "number of registers")]
    period_s: Annotated[float, Param("s", 0.2, 86400, "time between two reads")] = 2.0
    function: Annotated[int, Param("", 3, 4, "function code")] = 3
    when: When = When.ALWAYS
    optional: bool = False
    blank_ok: bool = False
    dark_ok: bool = False


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """One number of the device.

    address: register, or the addresses of both words in the order of `word_order` when they are apart
    (for split32: low word, high word). value = counts x scale x accepted factor of its group + offset.
    """

    address: int | tuple[int, ...]
    unit: Annotated[str, Param("", None, None, "unit after scaling, as in the name")]
    type: WordType = WordType.U16
    scale: Annotated[float, Param("", -1e6, 1e6, "unit per count")] = 1.0
    offset: Annotated[float, Param("", -1e6, 1e6, "added after scaling")] = 0.0
    low: Annotated[float | None, Param("", None, None, "lowest plausible value")] = None
    high: Annotated[float | None, Param("", None, None, "highest plausible value")] = None
    bound: Bound = Bound.NONE
    group: Annotated[str, Param("", None, None, "values that change scale and sign together")] = ""
    counter: Counter = Counter.NONE
    word_order: WordOrder | None = None
    function: Annotated[int | None, Param("", 3, 4, "function code, where two blocks share addresses")] = None
    zero_from: Annotated[
        float | None, Param("", None, 0, "small negative readings from here to 0 count as 0")
    ] = None
    max_step: Annotated[float | None, Param("", 0, None, "a change up to this is always plausible")] = None
    max_rate_per_s: Annotated[float | None, Param("", 0, None, "fastest plausible change beyond that")] = None
    confirm_zero: Annotated[int, Param("", 0, 10, "reads that must agree before 0 is believed")] = 0
    missing: Annotated[int | None, Param("", 0, 65535, "raw word that means: not available")] = None

    @property
    def words(self) -> int:
        """Registers that make up the value."""
        return WORDS.get(self.type, 2)

    @property
    def addresses(self) -> tuple[int, ...]:
        """Addresses of all words, in the order in which `decode` takes them."""
        if isinstance(self.address, tuple):
            return self.address
        return tuple(range(self.address, self.address + self.words))


@dataclass(frozen=True, slots=True)
class DerivedSpec:
    """A sum of values of one block. strings: only as many terms as the unit has PV strings."""

    sum: tuple[str, ...]
    unit: str = "W"
    strings: bool = False
    low: float | None = None
    high: float | None = None
    bound: Bound = Bound.NONE


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """Physics between values. Violated in one sample: these values are not taken; in 5 of 10: suspect.

    balance, report: sum(weight x value) within [low, high], widened by pct of the largest term.
    ratio: abs(power) over sum(u x i), judged only above `above` watts.
    anchor: judged only in the answer that holds this value, with the newest of the others; a balance gives
    the others some power per second of their lag, because clouds are fast.
    """

    kind: CheckKind
    suspects: tuple[str, ...] = ()
    terms: dict[str, float] = field(default_factory=dict)
    products: tuple[tuple[str, str], ...] = ()
    power: str = ""
    anchor: str = ""
    low: Annotated[float, Param("", None, None, "lowest residual in W, or lowest ratio")] = -50.0
    high: Annotated[float, Param("", None, None, "highest residual in W, or highest ratio")] = 50.0
    low_pct: Annotated[float, Param("pct", 0, 100, "lower limit widens by this share")] = 2.0
    high_pct: Annotated[float, Param("pct", 0, 100, "upper limit widens by this share")] = 2.0
    above: Annotated[float, Param("W", 0, None, "judged only above this power")] = 0.0


@dataclass(frozen=True, slots=True)
class DeviceType:
    """One device file.

    roles: what the device can be on a site; each maps a field of the plant's inputs (`energy.grid_w`,
    `miner.power_metered_w`) to a value. Every value is published as `<device>.<value>` in any case.
    choices: names that the site points at one of several values, the first by default (which register is
    the grid connection depends on where the clamps sit).
    liveness: values whose raw counts never stand still together; unchanged for 60 s means frozen.
    identity: name of the block that holds model, serial number and firmware (inverters only).
    """

    title: str
    blocks: dict[str, BlockSpec]
    values: dict[str, ValueSpec]
    source: str = ""
    line: LineSpec = LineSpec()
    word_order: WordOrder = WordOrder.HIGH_FIRST
    max_registers: Annotated[int, Param("", 1, 125, "largest request that the device answers")] = 125
    turnaround_s: Annotated[float, Param("s", 0.02, 3, "longest time to the first byte")] = 0.5
    derived: dict[str, DerivedSpec] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    checks: dict[str, CheckSpec] = field(default_factory=dict)
    liveness: tuple[str, ...] = ()
    roles: dict[str, dict[str, str]] = field(default_factory=dict)
    identity: str = ""


ENERGY_FIELDS = ("pv_w", "battery_soc_pct", "battery_w", "grid_w", "load_w", "grid_meter_w")
MINER_FIELDS = ("power_metered_w",)
TARGETS = (*(f"energy.{name}" for name in ENERGY_FIELDS), *(f"miner.{name}" for name in MINER_FIELDS))
"""Fields of the plant's inputs that a role may feed."""


def covers(block: BlockSpec, value: ValueSpec) -> bool:
    """Whether one answer of the block contains what the value needs (split32: at least the low word)."""
    if value.function is not None and value.function != block.function:
        return False
    needed = value.addresses[:1] if value.type is WordType.SPLIT32 else value.addresses
    return all(block.start <= address < block.start + block.count for address in needed)
