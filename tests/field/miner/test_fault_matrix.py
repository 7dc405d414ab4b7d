"""Every switch of the virtual miner for an hour, alone, while mining and while paused: nothing storms,
nothing crashes, no value is invented, and when the fault goes the wish is fulfilled again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plc.field.miner.settings import Limits
from plc.plant.interface import MinerCondition, MinerState
from tests.field.miner.rig import Rig

FAULTS: dict[str, object] = {
    "wrong_password": True,
    "tokens_useless": True,
    "garbage_payload": True,
    "target_error": "INTERNAL",
    "write_error": "UNKNOWN",
    "stuck_after_resume": True,
    "pause_ignored": True,
    "target_ignored": True,
    "active_ignored": True,
    "dps_steps": 3,
    "sensor_missing": True,
    "sensors_all_missing": True,
    "sensor_frozen": True,
    "hashboard_lost": True,
    "fan_missing": True,
    "overheat_k": 60.0,
    "pool_dead": True,
    "stuck_after_pool": True,
    "no_work_holds_power": True,
    "no_work_status_normal": True,
    "restricted": True,
    "clock_2015": True,
    "status_unknown": 99,
    "tuner_unknown": 99,
    "power_stats_missing": True,
    "profile_missing": True,
}
EXPECTED = {
    "wrong_password": MinerCondition.AUTH_REJECTED,
    "tokens_useless": MinerCondition.AUTH_REJECTED,
    "dps_steps": MinerCondition.THROTTLED,
    "sensors_all_missing": MinerCondition.NO_BOARD_SENSOR,
    "hashboard_lost": MinerCondition.POWER_OFF_TARGET,
    "fan_missing": MinerCondition.THERMAL_STOP,
    "overheat_k": MinerCondition.THERMAL_STOP,
}


def well(rig: Rig, power_w: float) -> bool:
    inputs = rig.now.inputs
    settled = inputs.state is MinerState.MINING and inputs.power_active_w.value == power_w
    return settled and inputs.conditions == () and abs(rig.machine.power_w - power_w) < 0.05 * power_w


@pytest.mark.parametrize("fault", FAULTS)
def test_an_hour_of_a_fault_while_mining(tmp_path: Path, fault: str) -> None:
    rig = Rig(tmp_path, limits=Limits(poll_s=30.0))
    rig.want(2700.0)
    rig.run(1500)
    assert rig.now.inputs.state is MinerState.MINING
    rig.writes.clear()
    rig.machine.faults.set(fault, FAULTS[fault])
    if fault in ("wrong_password", "tokens_useless"):
        rig.service.revoke_tokens()
    seen: set[MinerCondition] = set()
    for _ in range(12):
        rig.run(300)
        seen |= set(rig.now.inputs.conditions)
    assert EXPECTED.get(fault, MinerCondition.THROTTLED) in seen or fault not in EXPECTED
    assert len(rig.writes) <= 12, "a fault is not a reason to write often"
    assert all(
        reading != 0.0 for reading in (rig.now.inputs.power_active_w.value, rig.now.inputs.t_chip_degc.value)
    )
    rig.machine.faults.clear()
    rig.run(5400, until=lambda: well(rig, 2700.0))
    rig.run(120)
    assert rig.now.diagnostics.crashes == 0
    assert rig.now.inputs.state is MinerState.MINING
    assert abs(rig.machine.power_w - 2700.0) < 0.05 * 2700.0
    assert rig.now.inputs.conditions == ()
    assert len(rig.service.journal.logins) <= 65


@pytest.mark.parametrize("fault", FAULTS)
def test_an_hour_of_a_fault_while_paused_and_then_a_start(tmp_path: Path, fault: str) -> None:
    rig = Rig(tmp_path, limits=Limits(poll_s=30.0))
    rig.stop(urgent=True)
    rig.run(900)
    assert rig.now.inputs.ready_to_open
    rig.writes.clear()
    rig.machine.faults.set(fault, FAULTS[fault])
    rig.run(3600)
    assert len(rig.writes) <= 5
    assert rig.machine.power_w < 100.0
    rig.machine.faults.clear()
    rig.want(1700.0)
    rig.run(5400, until=lambda: well(rig, 1700.0))
    assert rig.now.diagnostics.crashes == 0
    assert rig.now.inputs.state is MinerState.MINING
    assert rig.now.inputs.power_active_w.value == 1700.0


def test_a_garbled_answer_never_counts_as_an_answer(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(60)
    answered, chip = rig.now.inputs.answered_ns, rig.now.inputs.t_chip_degc
    rig.machine.faults.garbage_payload = True
    rig.run(60)
    assert rig.now.inputs.answered_ns == answered
    assert rig.now.inputs.t_chip_degc == chip
    assert rig.now.inputs.state is MinerState.UNKNOWN
