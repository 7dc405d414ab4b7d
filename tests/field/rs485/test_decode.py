import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.field.rs485.decode import WordOrder, WordType, decode, decode_split, signed16, signed32

word = st.integers(0, 0xFFFF)

# Low word, high word, limit -> value; vectors of the Modbus reference, topic split 32-bit powers.
VECTORS = [
    (0x014A, 0, 15000, 330),
    (0xFFF8, 0xFFFF, 15000, -8),
    (2, 0xFFFF, 15000, 2),  # high word late
    (0xFFFE, 0, 15000, -2),  # high word late the other way
    (0x9C40, 0, 60000, 40000),
    (0x63C0, 0xFFFF, 60000, -40000),
    (5, 1, 60000, 5),
    (0xFFFF, 0, 60000, -1),
    (0x7530, 0, 15000, None),  # 30 kW on a 10 kW unit
]


@pytest.mark.parametrize(("low", "high", "limit", "value"), VECTORS)
def test_split_power_vectors(low, high, limit, value):
    assert decode_split(low, high, limit).value == value


def test_the_high_word_of_a_large_unit_contradicting_the_low_one_is_counted_as_torn():
    assert decode_split(5, 1, 60000).torn
    assert not decode_split(0x9C40, 0, 60000).torn


def test_a_large_unit_without_its_high_word_has_no_value():
    assert decode_split(0x9C40, None, 60000).value is None


@given(word, word, st.floats(1, 32767))
def test_a_small_unit_never_yields_more_than_its_limit_whatever_the_high_word_says(low, high, limit):
    value = decode_split(low, high, limit).value
    assert value is None or (abs(value) <= limit and value == signed16(low))


@given(word, word, st.floats(1, 200_000))
def test_no_split_value_exceeds_its_limit(low, high, limit):
    value = decode_split(low, high, limit).value
    assert value is None or abs(value) <= limit


@given(st.integers(-60_000, 60_000))
def test_every_consistent_power_of_a_large_unit_decodes_to_itself(watts):
    raw = struct.unpack(">HH", struct.pack(">i", watts))
    assert decode_split(raw[1], raw[0], 60_000).value == watts


@given(word, word)
def test_word_orders_are_mirror_images(first, second):
    for kind in (WordType.U32, WordType.S32):
        straight = decode(kind, (first, second), WordOrder.HIGH_FIRST)
        assert straight == decode(kind, (second, first), WordOrder.LOW_FIRST)
    assert signed32(first, second) == struct.unpack(">i", struct.pack(">HH", first, second))[0]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_decode_exactly(number):
    words = struct.unpack(">HH", struct.pack(">f", number))
    assert decode(WordType.F32, words) == number
    assert decode(WordType.F32, words[::-1], WordOrder.LOW_FIRST) == number


@pytest.mark.parametrize("words", [(0x7FC0, 0), (0x7F80, 0), (0xFF80, 0)])
def test_a_float_that_is_no_number_is_no_value(words):
    assert decode(WordType.F32, words) is None
