"""Two independent encoders of one wire: the hand-written codec of the virtual miner and the stubs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.pb import bos_v1_pb2 as pb
from tools.twin.virtual_miner import Machine, wire
from tools.twin.virtual_miner.service import Identity, Refused, Service


@given(st.integers(0, 2**64 - 1))
def test_varints_agree(number: int) -> None:
    raw = wire.uint(1, number, keep=True)
    assert pb.Power.FromString(raw).watt == number
    assert wire.as_int(wire.parse(pb.Power(watt=number).SerializeToString()), 1) == number


@given(st.floats(allow_nan=False))
def test_doubles_agree(number: float) -> None:
    assert pb.Temperature.FromString(wire.double(1, number, keep=True)).degree_c == number


@given(st.text())
def test_strings_agree(text: str) -> None:
    raw = wire.text(1, text) + wire.text(2, text)
    assert pb.LoginRequest.FromString(raw) == pb.LoginRequest(username=text, password=text)


@given(st.binary(max_size=60))
def test_whatever_arrives_the_hand_written_parser_ends(data: bytes) -> None:
    try:
        wire.parse(data)
    except ValueError:
        return


def test_every_answer_of_the_virtual_miner_is_complete_for_the_stubs() -> None:
    """No byte of an answer lands in an unknown field: numbers and types agree on both sides."""
    machine = Machine()
    for _ in range(400):
        machine.step(1.0)
    service = Service(machine)
    login, _ = service.call(
        "/braiins.bos.v1.AuthenticationService/Login", wire.text(1, "root") + wire.text(2, "root"), ""
    )
    token = pb.LoginResponse.FromString(login).token
    checked = 0
    for descriptor in pb.DESCRIPTOR.services_by_name.values():
        for method in descriptor.methods:
            if method.name in ("Login", "SetPowerTarget", "Reboot", "Restart"):
                continue
            raw, _ = service.call(f"/{descriptor.full_name}/{method.name}", b"", token)
            kind = getattr(pb, method.output_type.name)
            parsed = kind.FromString(raw)
            assert kind.FromString(parsed.SerializeToString()) == parsed
            again = kind.FromString(raw)
            again.DiscardUnknownFields()
            assert len(again.SerializeToString()) == len(raw), method.name
            checked += 1
    assert checked == 12


def test_force_apply_restarts_a_virtual_miner_so_that_nobody_uses_it_unnoticed() -> None:
    machine = Machine()
    service = Service(machine)
    _, token = service.call(
        "/braiins.bos.v1.AuthenticationService/Login", wire.text(1, "root") + wire.text(2, "root"), ""
    )
    request = wire.uint(1, 3) + wire.message(2, wire.uint(1, 2000))
    service.call("/braiins.bos.v1.PerformanceService/SetPowerTarget", request, token)
    assert machine.restarts == 1


def test_a_target_out_of_range_is_refused_in_the_documented_words() -> None:
    service = Service(Machine(), Identity(min_w=1700, max_w=6500))
    _, token = service.call(
        "/braiins.bos.v1.AuthenticationService/Login", wire.text(1, "root") + wire.text(2, "root"), ""
    )
    with pytest.raises(
        Refused, match="power target \\[0W\\] is not in allowed range \\[Some\\(1700\\), Some\\(6500\\)\\]"
    ):
        service.call(
            "/braiins.bos.v1.PerformanceService/SetPowerTarget", wire.uint(1, 2) + wire.message(2), token
        )
    assert math.isclose(service.unit.saved_target_w, 3050.0)
