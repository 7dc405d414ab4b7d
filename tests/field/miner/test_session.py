"""Login, tokens, versions, lost links: virtual time, real codec."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from plc.plant.interface import MinerCondition, MinerState
from tests.field.miner.rig import Rig
from tools.twin.virtual_miner.service import Identity


def test_a_revoked_token_costs_one_login_and_no_command(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.want(3200.0)
    rig.run(900)
    rig.stop(urgent=True)
    rig.service.revoke_tokens()
    logins = len(rig.service.journal.logins)
    rig.run(10)
    assert len(rig.service.journal.logins) == logins + 1
    assert "PauseMining" in rig.methods()


def test_polling_keeps_a_sliding_token_of_a_minute_alive(tmp_path: Path) -> None:
    rig = Rig(tmp_path, identity=Identity(token_ttl_s=60.0))
    rig.run(3600)
    assert len(rig.service.journal.logins) == 1


def test_an_expired_token_after_an_outage_is_renewed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, identity=Identity(token_ttl_s=60.0))
    rig.run(60)
    rig.net = "refuse"
    rig.run(300)
    rig.net = "ok"
    rig.run(10)
    assert rig.now.diagnostics.link == "online"
    assert len(rig.service.journal.logins) == 2


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "PERMISSION_DENIED", "INVALID_ARGUMENT", "INTERNAL"])
def test_a_wrong_password_is_tried_once_a_minute_and_said(tmp_path: Path, code: str) -> None:
    rig = Rig(tmp_path)
    rig.machine.faults.wrong_password = True
    rig.machine.faults.refuse_login_code = code
    rig.want(3200.0)
    rig.run(600)
    assert len(rig.service.journal.logins) <= 11
    assert rig.now.inputs.conditions == (MinerCondition.AUTH_REJECTED,)
    assert rig.now.inputs.state is MinerState.UNKNOWN
    assert rig.writes == []
    rig.machine.faults.wrong_password = False
    rig.run(70)
    assert rig.now.diagnostics.link == "online"
    assert rig.now.inputs.conditions == ()


def test_a_token_that_is_refused_although_fresh_is_an_auth_fault(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(30)
    rig.machine.faults.tokens_useless = True
    rig.service.revoke_tokens()
    rig.run(600)
    assert len(rig.service.journal.logins) <= 12
    assert MinerCondition.AUTH_REJECTED in rig.now.inputs.conditions


def test_without_a_secret_nothing_is_sent_and_the_condition_says_why(tmp_path: Path) -> None:
    rig = Rig(tmp_path, secret=str(tmp_path / "nowhere"))
    rig.want(3200.0)
    rig.run(300)
    assert rig.service.journal.logins == []
    assert rig.now.inputs.conditions == (MinerCondition.SECRET_MISSING,)
    assert "nowhere" in rig.now.diagnostics.error
    (tmp_path / "nowhere").write_text("root\n")
    (tmp_path / "nowhere").chmod(0o600)
    rig.run(70)
    assert rig.now.diagnostics.link == "online", "put right without a restart"


def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "m1.secret").chmod(0o644)
    rig.run(60)
    assert rig.service.journal.logins == []
    assert "chmod 600" in rig.now.diagnostics.error


def test_password_and_token_are_never_in_logs_or_snapshots(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = tmp_path / "m1.secret"
    secret.write_text("correct horse battery")
    secret.chmod(0o600)
    rig = Rig(tmp_path, identity=Identity(password="correct horse battery"))
    rig.want(1200.0)
    rig.run(600)
    rig.machine.faults.wrong_password = True
    rig.service.revoke_tokens()
    rig.run(120)
    everything = caplog.text + repr(rig.published) + repr(rig.driver.health()) + repr(vars(rig.driver))
    assert "correct horse" not in everything
    assert "virtual-token" not in everything


@pytest.mark.parametrize("api", [(1, 0, 0), (1, 1, 0), (1, 4, 0), (1, 11, 0), (1, 99, 3)])
def test_versions_from_the_first_supported_to_future_ones_work(
    tmp_path: Path, api: tuple[int, int, int]
) -> None:
    rig = Rig(tmp_path, identity=Identity(api=api))
    rig.want(1200.0)
    rig.run(600)
    assert rig.now.diagnostics.link == "online"
    assert rig.now.inputs.saved_target_w.value == 1200.0
    assert rig.now.inputs.t_outlet_degc.ok
    assert ("efficiency" in rig.now.diagnostics.missing) == (api < (1, 11))
    calls = rig.service.journal.calls
    assert calls["GetErrors"] <= (1 if api < (1, 2) else 20), "a missing method is asked for once"


@pytest.mark.parametrize(("api", "pre"), [((1, 0, 0), "beta.4"), ((0, 9, 0), ""), ((2, 0, 0), "")])
def test_unsupported_firmware_is_said_and_left_alone(
    tmp_path: Path, api: tuple[int, int, int], pre: str
) -> None:
    rig = Rig(tmp_path, identity=Identity(api=api, pre=pre))
    rig.want(3200.0)
    rig.run(600)
    assert rig.now.inputs.conditions == (MinerCondition.FIRMWARE_UNSUPPORTED,)
    assert rig.service.journal.logins == []
    assert rig.service.journal.calls["GetApiVersion"] <= 11


def test_a_firmware_upgrade_overnight_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(tmp_path)
    rig.run(30)
    rig.net = "refuse"
    rig.service.identity.api = (1, 12, 0)
    rig.run(300)
    rig.net = "ok"
    rig.run(30)
    assert rig.now.diagnostics.api_version == "1.12.0"
    assert "was 1.11.0" in caplog.text


@pytest.mark.parametrize("net", ["refuse", "timeout"])
def test_an_outage_is_unknown_within_fifteen_seconds_and_over_within_five(tmp_path: Path, net: str) -> None:
    rig = Rig(tmp_path)
    rig.want(3200.0)
    rig.run(600)
    rig.net = net
    rig.run(15)
    assert rig.now.inputs.state is MinerState.UNKNOWN
    assert rig.now.diagnostics.link == "offline"
    rig.run(40)
    assert max(rig.waits[-5:]) <= 3.0
    kept = rig.now.inputs.power_active_w
    assert kept.value is not None, "the last value stays, with its age"
    rig.net = "ok"
    assert rig.run(30, until=lambda: rig.now.diagnostics.link == "online") <= 5.0


def test_three_timeouts_in_a_row_rebuild_the_channel(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(30)
    opened = rig.channels_opened
    rig.net = "timeout"
    rig.run(9)
    assert rig.now.diagnostics.rebuilds >= 1
    rig.net = "ok"
    rig.run(10)
    assert rig.channels_opened > opened


@pytest.mark.parametrize("net", ["timeout", "refuse"])
def test_a_dead_miner_costs_a_bounded_number_of_connections(tmp_path: Path, net: str) -> None:
    """A new channel is processor time under the interpreter lock, which the scan waits for."""
    rig = Rig(tmp_path)
    rig.want(3200.0)
    rig.run(60)
    rig.net, opened = net, rig.channels_opened
    rig.run(600)
    assert rig.channels_opened - opened <= 10 * 20
    assert rig.channels_closed >= rig.channels_opened - 1, "none is left behind"


def test_a_garbled_answer_is_no_answer(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.want(3200.0)
    rig.run(60)
    before = rig.now.inputs
    rig.machine.faults.status_unknown = 99
    rig.machine.faults.tuner_unknown = 99
    rig.run(60)
    assert rig.now.inputs.state is MinerState.UNKNOWN
    assert rig.now.diagnostics.status_raw == 99
    rig.stop(urgent=True)
    rig.run(60)
    assert "PauseMining" in rig.methods(), "an unknown state is treated as running"
    assert rig.now.diagnostics.crashes == 0
    assert before.answered_ns is not None


def test_missing_fields_become_old_values_never_zero(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(60)
    power = rig.now.inputs.power_estimated_w
    assert power.value is not None
    assert power.value > 2000.0
    rig.machine.faults.power_stats_missing = rig.machine.faults.profile_missing = True
    rig.run(120)
    assert rig.now.inputs.power_estimated_w == power


def test_a_bug_in_a_turn_is_counted_logged_and_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(tmp_path)
    rig.run(30)
    monkeypatch.setattr(rig.driver._poller, "core", lambda: 1 / 0)
    rig.run(20)
    assert rig.now.diagnostics.crashes > 1
    assert "fault of the driver" in caplog.text
    monkeypatch.undo()
    rig.run(20)
    assert rig.now.diagnostics.link == "online"
