"""From 16-bit registers to numbers: the only place that knows about signs, word order and torn reads.

Everything here is a pure function of the words of one answer. A number that cannot be trusted is None,
never zero.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class WordType(StrEnum):
    """How the words of one value are put together."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    F32 = "f32"
    SPLIT32 = "split32"  # low word here, high word far away and not updated together with it


class WordOrder(StrEnum):
    """Which word of a 32-bit value comes first."""

    HIGH_FIRST = "high_first"
    LOW_FIRST = "low_first"


WORDS = {WordType.U16: 1, WordType.S16: 1, WordType.SPLIT32: 2}
"""Registers per type; two for every type that is not listed."""


class Number(NamedTuple):
    """A decoded number in counts of the device; torn = the high word contradicted the low one."""

    value: float | None
    torn: bool = False


def signed16(word: int) -> int:
    """Two's complement of one word, -32768..32767."""
    return word - 0x10000 if word & 0x8000 else word


def signed32(high: int, low: int) -> int:
    """Two's complement of two words."""
    value = high << 16 | low
    return value - 0x1_0000_0000 if value & 0x8000_0000 else value


def decode(kind: WordType, words: Sequence[int], order: WordOrder = WordOrder.HIGH_FIRST) -> float | None:
    """The number in counts, or None for a float that is none (NaN, infinity).

    words: one or two registers in the order of their addresses, 0..65535 each.
    """
    if kind is WordType.U16:
        return float(words[0])
    if kind is WordType.S16:
        return float(signed16(words[0]))
    high, low = (words[0], words[1]) if order is WordOrder.HIGH_FIRST else (words[1], words[0])
    if kind is WordType.U32:
        return float(high << 16 | low)
    if kind is WordType.F32:
        (number,) = struct.unpack(">f", struct.pack(">HH", high, low))
        return number if math.isfinite(number) else None
    return float(signed32(high, low))


def decode_split(low: int, high: int | None, limit: float) -> Number:
    """A signed power whose high word lives 60-80 registers away and is not updated together with the low one.

    limit: largest possible amount in counts (1.5 x rated power, at least the main fuse). Rule and vectors:
    Modbus reference, topic split 32-bit powers. Up to 32767 the high word is not needed and only does harm:
    it turns -2 W into +65534 W when it is late. high is None where the block does not contain it.
    """
    short = signed16(low)
    if high is not None and signed32(high, low) == short and abs(short) <= limit:
        return Number(float(short))
    if limit <= 0x7FFF:
        return Number(float(short) if abs(short) <= limit else None)
    if high is None:
        return Number(None)  # a large unit needs both words: half a number is no number
    long = signed32(high, low)
    if abs(long) <= limit:
        return Number(float(long))
    return Number(float(short) if abs(short) <= limit else None, torn=True)
