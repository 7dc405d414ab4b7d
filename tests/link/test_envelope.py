"""What is refused before anybody looks at the command itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.link.envelope import PER_MINUTE, SOURCES_MAX, Gate, Refusal, Request, seconds_of

UNIX_S = 1_795_000_000.0


def take(gate: Gate, payload: Any, now_s: float = 0.0, **more: Any) -> Request | Refusal:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    settled = {"retained": False, "unix_s": UNIX_S, **more}
    return gate.take("power_request", data, now_s=now_s, **settled)[0]


def code(found: Request | Refusal) -> str:
    return found.code if isinstance(found, Refusal) else "taken"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"id": "1", "value": 1}, "taken"),
        ({"id": 7, "value": 1, "ts": "2026-11-18T11:06:40+01:00"}, "expired"),
        ({"id": "1", "value": 1, "ts": UNIX_S - 14}, "taken"),
        ({"id": "1", "value": 1, "ts": UNIX_S - 16}, "expired"),
        ({"id": "1", "value": 1, "ts": UNIX_S + 61}, "invalid"),
        ({"id": "1", "value": 1, "ts": "yesterday"}, "invalid"),
        ({"id": "1", "value": 1, "ts": "2026-11-18T13:06:40"}, "invalid"),
        ({"id": "x" * 65, "value": 1}, "invalid"),
        ({"id": None, "value": 1}, "invalid"),
        ({"id": "1"}, "invalid"),
        ({"id": "1", "value": 1, "src": "a b"}, "invalid"),
        ({"id": "1", "value": 1, "src": ""}, "invalid"),
        ({"id": "1", "value": 1, "ttl_s": 0}, "invalid"),
        ({"id": "1", "value": 1, "ttl_s": True}, "invalid"),
        ({"id": "1", "value": 1, "ttl_s": 1e9}, "invalid"),
        ({"id": "1", "value": 1, "retain": True}, "invalid"),
        (b"\xff\xfe", "invalid"),
        (b"[" * 1000, "invalid"),
        (b"Infinity", "invalid"),
        (b"1" + b"0" * 400, "invalid"),
        (b"1e400", "invalid"),
        (b'{"value": 1, "ttl_s": 1' + b"0" * 400 + b"}", "invalid"),
        (b'{"value": 1, "ts": 1' + b"0" * 400 + b"}", "invalid"),
        (b'{"value": {"season": "winter", "hours": 1' + b"0" * 400 + b"}}", "invalid"),
        (b" " * 1025, "invalid"),
        (b"2000", "taken"),
    ],
)
def test_an_envelope_is_judged(payload: Any, expected: str) -> None:
    assert code(take(Gate(), payload)) == expected


def test_a_stamp_is_not_judged_by_a_clock_that_is_wrong() -> None:
    assert code(take(Gate(), {"id": "1", "value": 1, "ts": 5}, unix_s=None)) == "taken"


def test_an_id_acts_once_in_ten_minutes_per_source() -> None:
    gate = Gate()
    command = {"id": "1", "value": 1, "src": "a"}
    assert [code(take(gate, command, now_s)) for now_s in (0.0, 300.0, 599.0, 601.0)] == [
        "taken", "duplicate", "duplicate", "taken",
    ]  # fmt: skip
    assert code(take(gate, {**command, "src": "b"}, 602.0)) == "taken"


def test_a_scalar_gets_an_id_of_its_own_each_time() -> None:
    gate = Gate()
    found = [take(gate, b"1500"), take(gate, b"1500")]
    assert len({request.id for request in found if isinstance(request, Request)}) == 2


def test_floods_and_masquerades_are_bounded() -> None:
    gate = Gate()
    codes = [code(take(gate, {"id": str(n), "value": 1}, n * 0.1)) for n in range(PER_MINUTE + 5)]
    assert codes == ["taken"] * PER_MINUTE + ["busy"] * 5
    assert code(take(gate, {"id": "later", "value": 1}, 63.0)) == "taken"
    gate = Gate()
    codes = [
        code(take(gate, {"id": "1", "value": 1, "src": f"s{n}"}, n * 3.0)) for n in range(SOURCES_MAX + 3)
    ]
    assert codes == ["taken"] * SOURCES_MAX + ["not_allowed"] * 3


@given(st.binary(max_size=200), st.booleans())
def test_no_payload_raises(payload: bytes, retained: bool) -> None:
    found = take(Gate(), payload, retained=retained)
    assert isinstance(found, (Request, Refusal))
    if retained:
        assert code(found) == "rejected_retained"


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [("1970-01-02T00:00:00Z", 86400.0), (12.5, 12.5), (-1, -1.0), (True, -1.0), ([], -1.0), ("", -1.0)],
)
def test_time_stamps(stamp: Any, expected: float) -> None:
    assert seconds_of(stamp) == expected
