"""A miner that shall mine and does not; reboots, no work, heat: what the driver does and leaves alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from plc.field.miner.settings import Limits
from plc.plant.interface import MinerCondition, MinerState
from tests.field.miner.rig import Rig
from tools.twin.virtual_miner import MachineState


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Mining at 3200 W, as wished."""
    rig = Rig(tmp_path, limits=Limits(poll_s=6.0))
    rig.want(3200.0)
    rig.run(900)
    rig.writes.clear()
    return rig


def paused(rig: Rig) -> None:
    rig.stop(urgent=True)
    rig.run(900)
    rig.writes.clear()


def times(rig: Rig, method: str) -> list[float]:
    return [at for at, name, _ in rig.writes if name == method]


def test_a_resume_without_effect_climbs_to_restart_and_the_restart_brings_it_back(rig: Rig) -> None:
    paused(rig)
    rig.machine.faults.stuck_after_resume = True
    rig.want(3200.0)
    rig.run(3600)
    assert rig.methods()[:2] == ["SetPowerTarget", "ResumeMining"]
    (restarted,) = times(rig, "Restart")
    assert restarted - times(rig, "ResumeMining")[0] >= 300.0
    assert times(rig, "Reboot") == []
    assert rig.now.inputs.state is MinerState.MINING
    assert rig.now.diagnostics.recovery == ""


def test_a_miner_that_nothing_brings_back_gets_one_reboot_a_day_and_an_alarm(rig: Rig) -> None:
    paused(rig)
    rig.machine.faults.stuck_after_resume = True
    rig.machine.settings = rig.machine.settings.__class__(preheat_degc=20.0, init_s=1e9)  # never gets ready
    rig.want(3200.0)
    rig.run(6 * 3600)
    assert len(times(rig, "Reboot")) == 1
    restarts = times(rig, "Restart")
    assert 2 <= len(restarts) <= 6
    assert min(b - a for a, b in pairwise(restarts)) >= 3600.0
    assert MinerCondition.RECOVERY_EXHAUSTED in rig.now.inputs.conditions


def test_a_wish_to_stop_ends_the_ladder(rig: Rig) -> None:
    paused(rig)
    rig.machine.faults.stuck_after_resume = True
    rig.want(3200.0)
    rig.run(700)
    rig.stop(urgent=True)
    rig.run(2400)
    assert times(rig, "Restart") == []
    assert rig.now.inputs.state is MinerState.PAUSED


def test_an_unclean_start_of_the_program_counts_as_a_restart_and_a_reboot(tmp_path: Path) -> None:
    rig = Rig(tmp_path, clean_start=False)
    rig.machine.state = MachineState.STUCK
    rig.want(3200.0)
    rig.run(2400)
    assert times(rig, "Restart") == []
    rig.run(3000)
    assert len(times(rig, "Restart")) == 1


def test_dead_pools_mean_no_work_and_nothing_is_tried(rig: Rig) -> None:
    rig.machine.faults.pool_dead = True
    rig.run(600)
    assert rig.now.inputs.state is MinerState.NO_WORK
    assert (rig.now.diagnostics.pools_enabled, rig.now.diagnostics.pools_alive) == (2, 0)
    rig.run(2 * 3600)
    assert rig.writes == []
    rig.machine.faults.pool_dead = False
    rig.run(300)
    assert rig.now.inputs.state is MinerState.MINING
    assert rig.writes == []


def test_no_work_is_seen_even_while_the_miner_says_normal_and_heats_on(rig: Rig) -> None:
    rig.machine.faults.no_work_status_normal = rig.machine.faults.no_work_holds_power = True
    rig.machine.faults.pool_dead = True
    rig.run(290)
    rig.run(200)
    assert rig.now.inputs.state is MinerState.NO_WORK


def test_stuck_after_a_dead_pool_is_resumed_and_then_restarted(rig: Rig) -> None:
    rig.machine.faults.pool_dead = rig.machine.faults.stuck_after_pool = True
    rig.run(900)
    rig.machine.faults.pool_dead = False
    rig.run(3600)
    assert rig.methods() == ["ResumeMining", "Restart"]
    assert rig.now.inputs.state is MinerState.MINING


def test_a_stop_because_of_heat_is_left_to_the_firmware(rig: Rig) -> None:
    rig.machine.faults.overheat_k = 60.0
    rig.run(300)
    assert rig.machine.state is MachineState.THERMAL_STOP
    rig.run(2400)
    assert rig.writes == []
    assert rig.now.inputs.state is MinerState.FAULT
    assert MinerCondition.THERMAL_STOP in rig.now.inputs.conditions
    rig.machine.faults.overheat_k = 0.0
    rig.run(3600)
    assert rig.now.inputs.state is MinerState.MINING
    assert times(rig, "Restart") == []


def test_a_rest_of_three_hours_after_heat_is_not_cut_short(rig: Rig) -> None:
    rig.machine.settings = replace(rig.machine.settings, shutdown_s=3 * 3600.0)
    rig.machine.faults.overheat_k = 60.0
    rig.run(300)
    rig.machine.faults.overheat_k = 0.0
    rig.machine.faults.tuner_unknown = 99  # nothing but the status tells
    rig.run(2.5 * 3600)
    assert rig.writes == []
    assert MinerCondition.THERMAL_STOP in rig.now.inputs.conditions
    rig.machine.faults.tuner_unknown = 0
    rig.run(3600)
    assert rig.now.inputs.state is MinerState.MINING


@pytest.mark.parametrize("wanted", [True, False])
def test_after_a_reboot_the_wish_is_asserted_again_within_ten_seconds(rig: Rig, wanted: bool) -> None:
    if not wanted:
        paused(rig)
    rig.machine.saved_target_w = 3050.0  # somebody changed it and rebooted
    rig.machine.reboot()
    rig.writes.clear()
    rig.run(600, until=lambda: rig.machine.api_up)
    up = rig.clock.s
    rig.run(60, until=lambda: bool(rig.writes))
    assert rig.clock.s - up <= 10.0
    assert rig.methods()[0] == ("SetPowerTarget" if wanted else "PauseMining")
    rig.run(400)
    assert rig.now.inputs.state is (MinerState.MINING if wanted else MinerState.PAUSED)
    assert rig.now.inputs.saved_target_w.value == (3200.0 if wanted else 1200.0)


def test_a_short_reboot_between_two_polls_is_seen_by_the_uptime(rig: Rig) -> None:
    rig.machine.restart()
    rig.run(30)
    assert rig.now.diagnostics.reboots == 1


def test_supply_back_the_miner_starts_by_itself_and_is_paused_when_not_wanted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, booted=False)
    rig.machine.supply = False
    rig.stop()
    rig.run(60)
    assert rig.now.inputs.state is MinerState.UNKNOWN
    rig.machine.supply = True
    rig.run(120)
    assert rig.methods()[0] == "PauseMining", "before it mines"
    rig.run(120)
    assert rig.now.inputs.ready_to_open
    assert max(rig.machine.power_w, 0.0) < 100.0


def test_without_supply_the_saved_target_stays_known_and_keeps_its_age(rig: Rig) -> None:
    rig.stop(urgent=True)
    rig.run(60)
    seen_ns = rig.now.inputs.saved_target_w.taken_ns
    rig.machine.supply = False
    rig.run(600)
    saved = rig.now.inputs.saved_target_w
    assert saved.value == 1200.0
    assert saved.taken_ns - seen_ns < 30e9
    assert rig.now.inputs.state is MinerState.UNKNOWN
    assert not rig.now.inputs.ready_to_open


def test_drift_is_reported_and_never_written_back(rig: Rig) -> None:
    rig.service.identity.hot_degc = 90.0
    rig.run(120)
    assert MinerCondition.CONFIG_DRIFT in rig.now.inputs.conditions
    assert rig.now.diagnostics.drift == (
        "hot_degc was 75.0, is 90.0", "dangerous_degc was 85.0, is 100.0", "target_degc was 55.0, is 70.0",
    )  # fmt: skip
    assert rig.writes == []


def test_air_cooling_in_an_oil_bath_is_reported(tmp_path: Path) -> None:
    from tools.twin.virtual_miner.service import AIR, Identity

    rig = Rig(tmp_path, identity=Identity(cooling=AIR))
    rig.run(10)
    assert rig.now.diagnostics.drift == ("cooling is auto, expected immersion",)


def test_the_error_history_is_counted_only_when_it_grows(rig: Rig) -> None:
    assert rig.now.diagnostics.new_errors == 0
    assert [error.message for error in rig.now.diagnostics.errors] == [
        "Fan speed dropped", "Failed to resolve pool host",
    ]  # fmt: skip
    rig.machine.faults.clock_2015 = True  # the same text with a date nobody had seen
    rig.run(120)
    assert rig.now.diagnostics.new_errors == 1


def test_lost_boards_and_missing_sensors_do_not_become_numbers(rig: Rig) -> None:
    rig.machine.faults.sensor_missing = True
    rig.run(30)
    assert rig.now.inputs.t_chip_degc.ok
    before = rig.now.inputs.t_chip_degc
    rig.machine.faults.sensors_all_missing = True
    rig.run(120)
    assert rig.now.inputs.t_chip_degc == before, "the old value with its old time: the scan sees it age"
    assert MinerCondition.NO_BOARD_SENSOR in rig.now.inputs.conditions


def test_two_miners_do_not_start_within_a_minute(tmp_path: Path) -> None:
    from plc.field.miner.writer import StartGate
    from tests.field.miner.rig import VirtualClock

    gate, clock = StartGate(60.0), VirtualClock()
    rigs = [Rig(tmp_path, gate=gate, clock=clock, name=name) for name in ("m1", "m2")]
    for rig in rigs:
        rig.stop(urgent=True)
    for _ in range(200):
        for rig in rigs:
            rig.run(5)
    for rig in rigs:
        rig.writes.clear()
        rig.want(1200.0)
    for _ in range(60):
        for rig in rigs:
            rig.run(5)
    first, second = (times(rig, "ResumeMining")[0] + rig.t0 for rig in rigs)
    assert abs(second - first) >= 60.0
