"""Deye hybrid inverters: which model answers, and what makes it doubtful.

Facts: Modbus reference, topics model detection, single- and three-phase map. This driver has no write
path, and an unknown device code never falls back to a default: another family's map gives plausible wrong
numbers, so an unknown inverter gives none. A person may force a family in the site file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from plc.blocks.core import NS_PER_S, ns
from plc.field.rs485.device import Device, DeviceState
from plc.field.rs485.devicetype import DeviceType
from plc.field.rs485.known_load import KNOWN_LOAD, MESSAGE, KnownLoad
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.values import SUSPECT_BAD_NS

IDENTITY_COUNT = 23
CONFIRM_NS = 2 * NS_PER_S  # a strange serial number is read again this soon
STRANGE_NS = 30 * NS_PER_S  # and then this often, so that the right unit is found again
STATE_NS = 30 * NS_PER_S  # how long run state and relay count as known
NO_CLAMPS_NS = 300 * NS_PER_S  # a grid power of exactly nothing, for this long, is no measurement
NO_CLAMPS_LOAD_W = 100.0
GRID_VOLTAGES = ("grid_l1_v", "grid_l2_v", "grid_l3_v")
NOT_HYBRID = {0x0002, 0x0004, 0x0400}  # string and micro inverters: no battery, another map


class Family(StrEnum):
    """Register maps; the name of the device file."""

    LV3 = "deye-3p-lv"
    HV3 = "deye-3p-hv"
    P1 = "deye-1p"
    P1_10W = "deye-1p-10w"


CODES: dict[int, Family] = {
    0x0003: Family.P1, 0x0300: Family.P1, 0x0103: Family.P1, 0x0104: Family.P1,
    0x0005: Family.LV3, 0x0500: Family.LV3,
    0x0006: Family.HV3, 0x0007: Family.HV3, 0x0600: Family.HV3, 0x0008: Family.HV3,
    0x0601: Family.HV3, 0x0602: Family.HV3,
}  # fmt: skip
"""Device codes on which the sources agree about the register map."""

WARNED: dict[int, str] = {
    0x0103: "code 0x0103 also stands for an off-grid unit: verify before use",
    0x0104: "code 0x0104 is an energy storage system: verify before use",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What registers 0-22 say. family is None when the code is unknown; message tells the person why."""

    code: int
    family: Family | None
    message: str
    protocol: str
    serial: str
    rated_w: float | None
    strings: int
    phases: int | None
    firmware: str

    def as_texts(self) -> dict[str, str]:
        """For status and commissioning record; the serial number with its last four characters only."""
        return {
            "device_code": f"0x{self.code:04X}",
            "family": self.family.value if self.family else "unknown",
            "protocol": self.protocol,
            "serial_end": self.serial[-4:],
            "rated_w": "unknown" if self.rated_w is None else f"{self.rated_w:.0f}",
            "strings": str(self.strings),
            "firmware": self.firmware,
        }


def identify(words: Sequence[int]) -> Identity:
    """Model facts from registers 0-22. Raises ValueError when they are not 23 words."""
    if len(words) != IDENTITY_COUNT:
        raise ValueError(f"the identity block has {IDENTITY_COUNT} registers, not {len(words)}")
    code = words[0]
    family = CODES.get(code)
    three = family in (Family.LV3, Family.HV3) if family else words[22] > 256
    low, high, mppt_word = (words[20], words[21], words[22]) if three else (words[16], words[17], words[18])
    rated_w = (high << 16 | low) / 10
    strings, phases = _strings(mppt_word)
    order = (13, 14, 15, 11, 16, 17, 18) if three else (13, 12, 11, 14, 10)
    return Identity(
        code=code,
        family=family,
        message=_message(code, family),
        protocol=f"{words[2] >> 8}.{words[2] & 0xFF}",
        serial=_text(words[3:8]),
        rated_w=rated_w if 500 <= rated_w <= 200_000 else None,
        strings=strings,
        phases=phases,
        firmware="-".join(f"{words[place]:04X}" for place in order),
    )


def _message(code: int, family: Family | None) -> str:
    if family is not None:
        return WARNED.get(code, "")
    if code in NOT_HYBRID:
        return f"device code 0x{code:04X} is no hybrid inverter: its registers are not read"
    if code == 0x0200:
        return (
            "device code 0x0200 is a string inverter in one source and a single-phase hybrid with three "
            "strings in another: read the type plate, set `kind: deye-1p` or `deye-1p-10w`, then verify"
        )
    return f"unknown device code 0x{code:04X}: read the type plate, set `kind` to a family, then verify"


def _strings(word: int) -> tuple[int, int | None]:
    """Number of PV strings and of phases; without information all four common strings are read."""
    if word < 257:
        return 4, None
    count = word >> 8 & 0x0F
    return (2 if count > 12 else max(1, count)), word & 0x0F


def _text(words: Sequence[int]) -> str:
    """Ten ASCII characters, high byte first; anything unprintable becomes a question mark."""
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    return "".join(chr(byte) if 32 < byte < 127 else "?" for byte in raw)


class Deye(Device):
    """The inverter on the bus.

    kinds: the device files of all families and of `deye` (identity only). kind_name `deye` waits for the
    identification; the name of a family is a person's decision and is only compared with what answers.
    """

    def __init__(
        self, name: str, kind_name: str, kinds: Mapping[str, DeviceType], options: DeviceOptions
    ) -> None:
        self._kinds = kinds
        self._forced = None if kind_name == "deye" else kind_name
        self._seen: Identity | None = None
        self._serial = options.serial  # the unit that is believed; the first one seen where nothing stands
        self._strange_reads = 0
        self._strange_ns = 0
        self._zero_grid_ns: int | None = None
        self._known_load = KnownLoad()
        self.known_load_w: Callable[[], float | None] = lambda: None  # what surely runs in this house, W
        super().__init__(name, kind_name, kinds[kind_name], options)

    def accept(
        self, function: int, start: int, words: Sequence[int], taken_ns: int, *, blank_ok: bool = False
    ) -> bool:
        if function == 3 and start == 0 and len(words) == IDENTITY_COUNT:
            nameless = not any(words[3:8])
            self.note("blank 0", "identity without a serial number, not taken" if nameless else None)
            if nameless:
                return False
            self._take_identity(identify(words), taken_ns)
            return True
        taken = super().accept(function, start, words, taken_ns, blank_ok=blank_ok)
        if taken and self.kind.choices:
            self._watch_clamps(taken_ns)
            self._watch_known_load(taken_ns)
        return taken

    def _take_identity(self, identity: Identity, now_ns: int) -> None:
        self._serial = self._serial or identity.serial
        if identity.serial != self._serial:
            self._distrust(identity, now_ns)
        elif self._strange_reads:
            self._strange_reads = 0
            self.note("serial", None)
            self._identity_every(None, now_ns)
        if self._strange_reads == 1:
            return  # perhaps one bad frame: believe neither it nor, for the moment, the values
        before, self._seen = self._seen, identity
        self.identity = identity.as_texts()
        if before is not None and before.firmware != identity.firmware:
            self.note(
                "firmware",
                f"firmware changed from {before.firmware} to {identity.firmware}: the scales are unverified, "
                "run `python -m plc deye verify`",
            )
        self._choose_family(identity, before, now_ns)

    def _distrust(self, identity: Identity, now_ns: int) -> None:
        """Another unit in the place of the known one: its scales mean nothing until a person says so."""
        self._strange_reads += 1
        if self._strange_reads == 1:
            self._strange_ns = now_ns
        self._identity_every(CONFIRM_NS if self._strange_reads == 1 else STRANGE_NS, now_ns)
        self.note(
            "serial",
            f"another inverter answers (serial number ends with {identity.serial[-4:]}): nothing of it is "
            "believed; verify it, write its serial number into the site file and restart",
        )

    def _choose_family(self, identity: Identity, before: Identity | None, now_ns: int) -> None:
        family = self._forced or identity.family
        text = identity.message
        if self._forced and identity.family not in (None, self._forced):
            text = f"the site file says {self._forced}, the unit says {identity.family}"
        self.note("family", text or None)
        facts = (identity.family, identity.rated_w, identity.strings)
        if before is not None and facts == (before.family, before.rated_w, before.strings):
            return
        if family is None:
            self.use("deye", self._kinds["deye"])
        else:
            self.use(family, self._kinds[family], identity.rated_w, identity.strings)
        self._identity_every(None, now_ns)  # it was just read under the plan before

    def _identity_every(self, period_ns: int | None, now_ns: int) -> None:
        """How often the identity is read; None = as the device file says."""
        for block in self.schedule.blocks:
            if block.name == self.kind.identity:
                block.period_ns = period_ns or ns(block.spec.period_s)
                block.due_ns = now_ns + block.period_ns
                block.ok_ns = now_ns

    def _watch_clamps(self, now_ns: int) -> None:
        """Without clamps the external value is 0 for ever, and the load that is computed from it agrees."""
        grid = self.values.latest("grid_w", {}, now_ns)
        load = self.values.latest("load_w", {}, now_ns)
        if grid is None or load is None:
            return
        if grid != 0.0 or load < NO_CLAMPS_LOAD_W or not self._relay_closed({}, now_ns):
            self._zero_grid_ns = None
            self.values.accuse("clamps", "grid_w", None)
            self.note("clamps", None)
            return
        if self._zero_grid_ns is None:
            self._zero_grid_ns = now_ns
        if now_ns - self._zero_grid_ns >= NO_CLAMPS_NS:
            self.values.accuse("clamps", "grid_w", self._zero_grid_ns + NO_CLAMPS_NS)
            self.note(
                "clamps",
                "grid power is exactly 0 for minutes: are there clamps? Another register is taken with "
                "`choose: {grid_w: ...}` in the site file",
            )

    def _watch_known_load(self, now_ns: int) -> None:
        """Miners that surely run and are not in the load of the house: the grid value is somebody else's."""
        load, known = self.values.latest("load_w", {}, now_ns), self.known_load_w()
        if load is None:
            return
        self._known_load.judge(load, known, now_ns)
        since_ns = self._known_load.suspect_since_ns
        if KNOWN_LOAD not in self.options.report_only:
            for name in ("load_w", "grid_w"):
                self.values.accuse(KNOWN_LOAD, name, since_ns)
        self.note(KNOWN_LOAD, MESSAGE if self._known_load.missing else None)

    def _relay_closed(self, fresh: Mapping[str, float], now_ns: int) -> bool:
        relay = self.values.latest("relay_status", fresh, now_ns, STATE_NS)
        if relay is not None:
            return bool(int(relay) & 0b100)
        return self.values.latest("grid_relay", fresh, now_ns, STATE_NS) == 1

    def objection(self, fresh: Mapping[str, float], taken_ns: int) -> str | None:
        """Some firmware answers valid frames of zeros: a closed grid relay with no voltage behind it."""
        volts = [fresh[name] for name in GRID_VOLTAGES if name in fresh]
        if not volts or any(volts):
            return None
        running = self.values.latest("run_state", fresh, taken_ns, STATE_NS) == 2
        if running and self._relay_closed(fresh, taken_ns):
            return "no grid voltage although the unit runs on the grid: block not taken"
        return None

    def state(self) -> DeviceState:
        if not self.schedule.silent:
            if self._strange_reads:
                return DeviceState.NOT_COMMISSIONED
            if self._seen is not None and self.kind_name == "deye":
                return DeviceState.UNKNOWN_MODEL
        return super().state()

    def distrusted_since_ns(self) -> int | None:
        if self._strange_reads == 0:
            return None
        # Confirmed by a second read: bad at once instead of held for a minute.
        return self._strange_ns if self._strange_reads == 1 else self._strange_ns - SUSPECT_BAD_NS
