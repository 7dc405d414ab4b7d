"""The driver on a miner of the virtual plant: the same wire, the plant's own physics behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from plc.plant.interface import MinerState
from tests.field.miner.rig import Rig
from tools.twin.physics.defaults import Defaults
from tools.twin.physics.miner import Miner
from tools.twin.virtual_miner.service import Service
from tools.twin.virtual_miner.unit import PlantUnit


class PlantRig(Rig):
    """As Rig, with the contactor of the plant: `powered`."""

    def __init__(self, folder: Path) -> None:
        self.miner = Miner(Defaults(), 45.0)
        self.unit = PlantUnit(self.miner)
        self.powered = True
        super().__init__(folder, booted=False)
        self.machine = self.unit  # type: ignore[assignment]
        self.service = Service(self.unit)

    def _catch_up(self) -> None:
        while self._stepped_s < self.clock.s - 1e-9:
            dt_s = min(1.0, self.clock.s - self._stepped_s)
            self.miner.step(dt_s, self.powered)
            self.unit.step(dt_s)
            self.service.now_s += dt_s
            self._stepped_s += dt_s


@pytest.fixture
def rig(tmp_path: Path) -> PlantRig:
    return PlantRig(tmp_path)


def test_requested_and_real_power_agree_within_five_percent(rig: PlantRig) -> None:
    for power_w in (1200.0, 2700.0):
        rig.want(power_w)
        rig.run(1500)
        assert rig.now.inputs.power_requested_w.value == power_w
        assert abs(rig.miner.power_w - power_w) <= 0.05 * power_w
    assert rig.now.inputs.state is MinerState.MINING


def test_a_start_by_contactor_from_the_parked_target(rig: PlantRig) -> None:
    rig.want(3200.0)
    rig.run(1500)
    rig.stop()
    rig.run(60, until=lambda: rig.now.inputs.ready_to_open)
    assert rig.miner.power_w < 100.0
    assert rig.miner.target_w == 1200.0
    rig.powered = False
    rig.run(1200)
    assert rig.now.inputs.state is MinerState.UNKNOWN
    assert rig.now.inputs.saved_target_w.value == 1200.0
    rig.powered = True
    rig.want(2200.0)
    rig.run(1500)
    assert abs(rig.miner.power_w - 2200.0) <= 110.0
    assert rig.now.diagnostics.reboots >= 1
    assert rig.now.inputs.conditions == ()


def test_a_start_against_the_wish_is_paused_before_it_mines(rig: PlantRig) -> None:
    rig.stop()
    rig.run(600)
    assert rig.miner.power_w < 100.0
    assert rig.now.inputs.state is MinerState.PAUSED
    assert rig.now.inputs.ready_to_open


def test_faults_reach_the_plants_miner(rig: PlantRig) -> None:
    rig.want(2200.0)
    rig.run(1500)
    rig.unit.faults.pool_dead = True
    rig.run(600)
    assert rig.now.inputs.state is MinerState.NO_WORK
    rig.unit.faults.pool_dead = False
    rig.unit.faults.hashboard_lost = True
    rig.run(600)
    assert rig.miner.power_w < 0.7 * 2200.0
