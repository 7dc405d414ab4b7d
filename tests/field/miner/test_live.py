"""The driver's thread and real gRPC against a virtual miner on loopback, ten times faster than life.

Bounds are in the driver's own seconds; the acceptance numbers are those of the miner reference.
"""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plc.field.miner import api as api_module
from plc.field.miner.api import GrpcMiner
from plc.field.miner.driver import MinerDriver
from plc.field.miner.model import ApiError, Failure, Status
from plc.plant.interface import MinerCondition, MinerState, MinerWish
from tests.field.miner.rig import QUICK, Live, live
from tools.twin.virtual_miner import Machine, Mode, VirtualMiner
from tools.twin.virtual_miner.service import Identity


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    with live(tmp_path, monkeypatch) as rig:
        yield rig


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def native_threads() -> int:
    return len(os.listdir("/proc/self/task"))


# ---- deadlines


WIRE_FAULTS: dict[str, Callable[[VirtualMiner], None]] = {
    "refused": lambda miner: miner.network(Mode.REFUSE),
    "silent": lambda miner: miner.network(Mode.SILENT),
    "hang_tcp": lambda miner: miner.network(Mode.HANG),
    "half_open": lambda miner: miner.network(Mode.HALF_OPEN),
    "garbage_tcp": lambda miner: miner.network(Mode.GARBAGE),
    "hang_server": lambda miner: miner.faults.set("hang"),
    "garbage_payload": lambda miner: miner.faults.set("garbage_payload"),
    "answers_after_5_s": lambda miner: miner.faults.set("slow_response_s", 5.0),
}


@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_no_call_exceeds_its_deadline(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "READ_S", 0.4)
    with VirtualMiner(Machine(QUICK)) as miner:
        miner.advance(300.0)
        client = GrpcMiner(f"{miner.host}:{miner.port}")
        client.use_token(client.login("root", "root"))
        assert client.details().status is Status.NORMAL
        WIRE_FAULTS[fault](miner)
        shortest = 9.0
        for _ in range(3):  # the machine may be busy: the quickest of three counts
            start = time.monotonic()
            with pytest.raises(ApiError) as caught:
                client.details()
            shortest = min(shortest, time.monotonic() - start)
            assert caught.value.failure in (Failure.TIMEOUT, Failure.UNREACHABLE, Failure.FAULT)
            if shortest <= 0.6:
                break
        assert shortest <= 0.4 + 0.2
        client.close()


def test_a_half_open_link_stays_dead_until_the_channel_is_rebuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "READ_S", 0.2)
    with VirtualMiner(Machine(QUICK)) as miner:
        miner.advance(300.0)
        client = GrpcMiner(f"{miner.host}:{miner.port}")
        client.use_token(client.login("root", "root"))
        client.details()
        miner.network(Mode.HALF_OPEN)
        for _ in range(4):
            with pytest.raises(ApiError, match="timeout"):
                client.details()
        client.rebuild()
        assert client.details().status is Status.NORMAL, "the old token is still good"
        client.close()


# ---- outages


@pytest.mark.parametrize("fault", [*WIRE_FAULTS])
def test_a_dead_wire_is_known_within_15_s_and_recovered_within_10_s(rig: Live, fault: str) -> None:
    healthy_answer = rig.driver.snapshot.inputs.answered_ns
    WIRE_FAULTS[fault](rig.miner)
    if fault != "half_open":
        seen = (MinerState.UNKNOWN,)
        rig.wait_for(lambda: rig.driver.snapshot.inputs.state in seen, 15.0, "unknown")
        assert rig.driver.snapshot.inputs.answered_ns is not None
        assert healthy_answer is not None
        rig.miner.faults.clear()
        rig.miner.network(Mode.PASS)
    else:
        rig.wait_for(lambda: rig.driver.snapshot.diagnostics.rebuilds > 0, 20.0, "rebuilt")
    rig.wait_for(lambda: rig.link == "online" and rig.age_s < 6.0, 10.0, "recovered")
    assert rig.driver.snapshot.diagnostics.crashes == 0


def test_after_an_outage_of_40_s_it_is_back_within_5_s(rig: Live) -> None:
    rig.miner.network(Mode.REFUSE)
    rig.wait_for(lambda: rig.age_s > 40.0, 60.0)
    rig.miner.network(Mode.PASS)
    rig.wait_for(lambda: rig.age_s < 5.0, 5.0, "recovered")


def test_a_reset_in_flight_loses_no_wish(rig: Live) -> None:
    rig.wish = MinerWish(run=False, urgent=True)
    rig.miner.reset_in_flight()
    rig.wait_for(lambda: rig.driver.snapshot.inputs.state is MinerState.PAUSED, 30.0, "paused")


def test_an_urgent_stop_does_not_wait_for_the_next_poll(rig: Live) -> None:
    rig.wait_for(lambda: rig.driver.snapshot.diagnostics.waiting_for == "agrees", 60.0)
    start = rig.miner.now_s
    rig.wish = MinerWish(run=False, urgent=True)
    rig.wait_for(lambda: "PauseMining" in rig.miner.service.journal.calls, 4.0, "paused")
    assert rig.miner.now_s - start < 4.0, "a poll period is 5 s"


def test_a_revoked_token_costs_exactly_one_login(rig: Live) -> None:
    logins = len(rig.miner.service.journal.logins)
    rig.miner.revoke_tokens()
    rig.wish = MinerWish(run=False, urgent=True)
    rig.wait_for(lambda: rig.driver.snapshot.inputs.state is MinerState.PAUSED, 30.0, "paused")
    assert len(rig.miner.service.journal.logins) == logins + 1


def test_a_reboot_asserts_the_wish_within_10_s_of_the_interface(rig: Live) -> None:
    rig.wish = MinerWish(run=False, urgent=True)
    rig.wait_for(lambda: rig.driver.snapshot.inputs.ready_to_open, 60.0, "paused")
    rig.miner.service.journal.writes.clear()
    rig.miner.reboot_spontaneously()
    rig.wait_for(lambda: rig.miner.unit.api_up, 60.0)
    rig.wait_for(lambda: bool(rig.miner.service.journal.writes), 10.0, "asserted")
    assert rig.miner.service.journal.writes[0][1] == "PauseMining"
    rig.wait_for(lambda: rig.driver.snapshot.inputs.state is MinerState.PAUSED, 120.0)
    assert rig.driver.snapshot.diagnostics.reboots == 1


def test_a_firmware_upgrade_is_an_outage_and_a_new_version(rig: Live) -> None:
    rig.miner.firmware_upgrade((1, 12, 0), offline_s=20.0)
    rig.wait_for(lambda: rig.link == "offline", 20.0)
    rig.wait_for(lambda: rig.driver.snapshot.diagnostics.api_version == "1.12.0", 90.0, "new version")


# ---- stopping


def test_stopping_sends_a_pause(rig: Live) -> None:
    rig.driver.stop()
    assert rig.driver.join(2.0)
    assert rig.miner.service.journal.calls["PauseMining"] == 1


@pytest.mark.parametrize("fault", ["hang_server", "hang_tcp", "silent", "answers_after_5_s"])
def test_a_hanging_miner_does_not_delay_the_end(
    rig: Live, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_module, "READ_S", 30.0)
    WIRE_FAULTS[fault](rig.miner)
    time.sleep(0.6)  # a poll period later a call hangs
    rig.driver.stop()
    assert rig.driver.join(2.0), "two seconds whatever the miner does"


def test_a_driver_that_never_reached_its_miner_ends_at_once(tmp_path: Path) -> None:
    secret = tmp_path / "s"
    secret.write_text("x")
    secret.chmod(0o600)
    with VirtualMiner(Machine(QUICK)) as miner:
        miner.advance(300.0)
        miner.network(Mode.SILENT)
        rig = Live(miner, tmp_path)
        rig.driver.start()
        time.sleep(0.2)
        rig.driver.stop()
        assert rig.driver.join(2.0)


def test_a_driver_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    with VirtualMiner(Machine(QUICK)) as miner:
        rig = Live(miner, tmp_path)
        rig.driver.stop()
        assert rig.driver.join(0.1)


# ---- resources


def test_200_lost_connections_leak_no_descriptor_and_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "READ_S", 0.05)
    with VirtualMiner(Machine(QUICK)) as miner:
        miner.advance(300.0)
        client = GrpcMiner(f"{miner.host}:{miner.port}")

        def round_trip(mode: Mode) -> None:
            miner.network(mode)
            with contextlib.suppress(ApiError):
                client.version()
            client.rebuild()

        modes = [Mode.PASS, Mode.REFUSE, Mode.GARBAGE, Mode.HANG]
        for mode in modes * 2:
            round_trip(mode)
        miner.network(Mode.PASS)
        before = settled()
        for turn in range(200):
            round_trip(modes[turn % len(modes)])
        miner.network(Mode.PASS)
        after = settled(before)
        assert after[0] <= before[0] + 2, "descriptors"
        assert after[1] <= before[1] + 1, "threads"
        client.close()


def settled(goal: tuple[int, int] | None = None) -> tuple[int, int]:
    """Descriptors and threads once gRPC has tidied up behind itself."""
    found = (descriptors(), native_threads())
    for _ in range(60 if goal else 10):
        gc.collect()
        time.sleep(0.05)
        found = (descriptors(), native_threads())
        if goal is not None and found[0] <= goal[0] and found[1] <= goal[1]:
            break
    return found


def test_drivers_come_and_go_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with live(tmp_path, monkeypatch):
        pass  # gRPC's own threads exist from now on
    names = {thread.name for thread in threading.enumerate()}
    before = settled()
    for _ in range(6):
        with live(tmp_path, monkeypatch):
            pass
    after = settled(before)
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 1
    assert {thread.name for thread in threading.enumerate()} <= names


# ---- the adapter


def test_the_token_of_an_old_interface_comes_from_the_initial_metadata() -> None:
    with VirtualMiner(Machine(QUICK), Identity(api=(1, 0, 0))) as miner:
        miner.advance(300.0)
        client = GrpcMiner(f"{miner.host}:{miner.port}")
        token = client.login("root", "root")
        client.use_token(token)
        assert token.timeout_s is None
        assert client.details().status is Status.NORMAL
        client.close()


def test_a_closed_client_opens_again_by_itself() -> None:
    with VirtualMiner(Machine(QUICK)) as miner:
        miner.advance(300.0)
        client = GrpcMiner(f"{miner.host}:{miner.port}")
        assert client.version().supported
        client.close()
        client.close()
        assert client.version().supported
        client.close()


def test_a_call_in_flight_ends_when_the_client_is_cut() -> None:
    with VirtualMiner(Machine(QUICK)) as miner:
        miner.advance(300.0)
        client = GrpcMiner(f"{miner.host}:{miner.port}")
        client.version()
        miner.faults.hang = True
        timer = threading.Timer(0.3, client.cut)
        timer.start()
        start = time.monotonic()
        with pytest.raises(ApiError) as caught:
            client.version()
        assert caught.value.failure is Failure.CLOSED
        assert time.monotonic() - start < 1.5, "not the deadline of two seconds"
        timer.join()
        miner.faults.hang = False


def test_a_cut_client_refuses_calls_until_it_is_rebuilt() -> None:
    with VirtualMiner(Machine(QUICK)) as miner:
        miner.advance(300.0)
        client = GrpcMiner(f"{miner.host}:{miner.port}")
        client.version()
        client.cut()
        with pytest.raises(ApiError, match="closed"):
            client.version()
        client.rebuild()
        assert client.version().supported
        client.close()


def test_wrong_password_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with live(tmp_path, monkeypatch) as rig:
        logins = len(rig.miner.service.journal.logins)
        rig.miner.faults.wrong_password = True
        rig.miner.revoke_tokens()
        rig.wait_for(lambda: rig.link == "auth_fault", 20.0)
        start = rig.clock.now_ns()
        rig.wait_for(lambda: rig.clock.now_ns() - start > 20e9, 60.0)
        assert len(rig.miner.service.journal.logins) == logins + 1
        assert MinerCondition.AUTH_REJECTED in rig.driver.snapshot.inputs.conditions


def test_health_is_plain_data(rig: Live) -> None:
    health = rig.driver.health()
    assert health["alive"] is True
    assert health["link"] == "online"
    assert isinstance(rig.driver, MinerDriver)
