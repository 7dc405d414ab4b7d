"""Levels, books, secrets, the start gate: the small parts by themselves."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.blocks.core import ns
from plc.field.miner import secret
from plc.field.miner.ledger import Ledger
from plc.field.miner.levels import GRID_W, build
from plc.field.miner.model import Constraints, Token, Version
from plc.field.miner.settings import Limits, MinerSettings
from plc.field.miner.writer import StartGate

# ---- levels


@pytest.mark.parametrize(
    ("firmware", "site", "named", "expected"),
    [
        ((900, 5000), (1200, 3200), (), (1200, 1700, 2200, 2700, 3200)),
        ((771, 6435), (0, 3300), (), (800, 1400, 2050, 2650, 3300)),
        ((1700, 6500), (1200, 3200), (), (1700, 2050, 2450, 2800, 3200)),
        ((900, 2000), (1200, 3200), (), (1200, 1600, 2000)),
        ((900, 1400), (1200, 3200), (), (1200,)),
        ((3300, 6500), (1200, 3200), (), ()),
        ((None, None), (1200, 3200), (), (1200, 1700, 2200, 2700, 3200)),
        ((900, 5000), (1200, 3200), (800, 1500, 2400, 3200, 3600), (1500, 2400, 3200)),
        ((900, 5000), (1200, 3200), (500,), ()),
        ((1210, 1240), (1200, 3200), (), (1210,)),
    ],
)  # fmt: skip
def test_levels(firmware: tuple, site: tuple, named: tuple, expected: tuple) -> None:
    ladder = build(Constraints(None, *firmware), *site, named)
    assert ladder.watts == expected


@given(
    low=st.floats(0, 5000),
    high=st.floats(0, 7000),
    site_low=st.floats(500, 3000),
    site_high=st.floats(900, 3300),
)
def test_levels_never_leave_either_limit(low: float, high: float, site_low: float, site_high: float) -> None:
    watts = build(Constraints(None, low, high), site_low, site_high, ()).watts
    assert len(watts) <= 5
    assert list(watts) == sorted(set(watts))
    for watt in watts:
        assert max(low, site_low) - 1.0 <= watt <= min(high, site_high)
    assert all(b - a >= GRID_W - 50.0 for a, b in pairwise(watts))


def test_at_most_never_exceeds_the_grant() -> None:
    ladder = build(Constraints(None, 900, 5000), 1200, 3200, ())
    assert [ladder.at_most(watt) for watt in (0, 1199, 1200, 1699, 3199.7, 9000)] == [
        None, None, 1200, 1200, 3200, 3200,
    ]  # fmt: skip


# ---- books


def test_a_write_leaves_the_window_after_a_day() -> None:
    ledger = Ledger(Limits(), 0)
    for hour in range(24):
        ledger.target(ns(3600 * hour))
    assert ledger.writes_left(ns(3600 * 23)) == 0
    assert not ledger.may_lower(ns(3600 * 23 + 400))
    assert ledger.writes_left(ns(3600 * 24)) == 1
    assert ledger.may_lower(ns(3600 * 24))


def test_protection_is_neither_counted_nor_limited_by_the_budget() -> None:
    ledger = Ledger(Limits(), 0)
    for minute in range(100):
        assert ledger.may_protect(ns(60 * minute))
        ledger.target(ns(60 * minute), protection=True)
        assert not ledger.may_protect(ns(60 * minute + 59))
    assert ledger.writes_24h(ns(6000)) == 0
    assert not ledger.may_raise(ns(6000)), "but the tuner rests after it"


def test_restart_and_reboot_have_their_own_windows() -> None:
    ledger = Ledger(Limits(), 0)
    assert ledger.may_restart(0)
    assert ledger.may_reboot(0)
    ledger.restart(0)
    ledger.reboot(0)
    assert not ledger.may_restart(ns(3599))
    assert ledger.may_restart(ns(3600))
    assert not ledger.may_reboot(ns(86_399))
    assert ledger.may_reboot(ns(86_400))


def test_only_one_of_two_simultaneous_starts_passes_the_gate() -> None:
    gate = StartGate(60.0)
    assert gate.take("m1", 0)
    assert gate.take("m1", ns(1)), "a repeat of its own start"
    assert not gate.may("m2", ns(30))
    assert not gate.take("m2", ns(30))
    assert gate.take("m2", ns(61))


# ---- secrets


def write(path: Path, data: bytes, mode: int = 0o600) -> str:
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(("data", "password"), [(b"pa ss\n", "pa ss"), (b"", ""), ("ö".encode(), "ö")])
def test_a_secret_is_one_line(tmp_path: Path, data: bytes, password: str) -> None:
    assert secret.load(write(tmp_path / "s", data)).reveal() == password


@pytest.mark.parametrize(
    ("data", "mode", "words"),
    [(b"x", 0o640, "chmod 600"), (b"x", 0o604, "chmod 600"), (b"a\nb\n", 0o600, "one line"),
     (b"\xff\xfe", 0o600, "not a text"), (b"x" * 5000, 0o600, "one line")],
)  # fmt: skip
def test_a_doubtful_secret_is_refused_with_the_next_step(
    tmp_path: Path, data: bytes, mode: int, words: str
) -> None:
    with pytest.raises(secret.SecretError, match=words):
        secret.load(write(tmp_path / "s", data, mode))


def test_a_missing_secret_says_so(tmp_path: Path) -> None:
    with pytest.raises(secret.SecretError, match="No such file"):
        secret.load(str(tmp_path / "none"))
    with pytest.raises(secret.SecretError, match="no secret named"):
        secret.load("")
    with pytest.raises(secret.SecretError, match="Is a directory"):
        secret.load(str(tmp_path))


def test_credentials_come_from_the_launcher_where_no_service_manager_has_any(tmp_path: Path) -> None:
    (tmp_path / "miner1").write_text("pw\n")
    (tmp_path / "miner1").chmod(0o600)
    environ = {"THERMIQ_SECRETS_DIR": str(tmp_path)}
    assert secret.load("credential:miner1", environ).reveal() == "pw"
    (tmp_path / "miner1").chmod(0o644)
    with pytest.raises(secret.SecretError, match="others could read it"):
        secret.load("credential:miner1", environ)


def test_credentials_come_from_the_service_manager(tmp_path: Path) -> None:
    write(tmp_path / "miner1", b"pw", 0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert secret.load("credential:miner1", environ).reveal() == "pw"
    for name in ("", "../x", ".x", "a/b"):
        with pytest.raises(secret.SecretError):
            secret.load(f"credential:{name}", environ)
    with pytest.raises(secret.SecretError, match="service manager"):
        secret.load("credential:miner1", {})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_secret_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "s", b"x")
    os.chown(path, 12345, 12345)
    with pytest.raises(secret.SecretError, match="belongs to user 12345"):
        secret.load(path)


def test_secrets_and_tokens_do_not_print_themselves() -> None:
    hidden = secret.Secret("hunter2")
    assert "hunter2" not in f"{hidden} {hidden!r} {Token('hunter2')!r} {Token('hunter2')}"


# ---- small things


@pytest.mark.parametrize(
    ("version", "supported"),
    [(Version(1, 0, 0), True), (Version(1, 11, 0), True), (Version(1, 0, 0, "beta.2"), False),
     (Version(0, 9, 0), False), (Version(2, 0, 0), False)],
)  # fmt: skip
def test_supported_versions(version: Version, supported: bool) -> None:
    assert version.supported is supported


def test_addresses_are_literal() -> None:
    assert MinerSettings(host="10.0.0.1", secret="").address == "10.0.0.1:50051"
    assert MinerSettings(host="fd00::1", secret="").address == "[fd00::1]:50051"
