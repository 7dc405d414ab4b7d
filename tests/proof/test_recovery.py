"""Whatever happened: when everything is in order again and somebody acknowledges, the plant runs again.

The invariants say what must never be; this says what must come. A latch that nobody can clear, an alarm that
stays for ever, a budget that never frees itself would show here.
"""

import pytest

from plc.blocks.core import NS_PER_S
from plc.plant.interface import EnergyInputs, MinerInputs
from tests.plant.fuzz import GOOD, Life

PATIENCE_S = 7200
"""The longest memory that is no counter of a day: a manual operation of an hour, then a cool-down."""

MAY_STAND = {"A-013", "A-014", "A-026"}
"""Counters of a day and of a lifetime."""


@pytest.mark.parametrize("seed", range(40, 44))
def test_a_plant_that_is_healed_and_acknowledged_has_no_alarm_and_heats(seed):
    life = Life(seed)
    life.run(900)
    life._heal()
    rig = life.rig
    rig.dt_ns = NS_PER_S
    rig.given(**GOOD, energy=EnergyInputs(), miners=(MinerInputs(), MinerInputs()))
    rig.given(mode_auto=True, mode_maint=False)
    states = set()
    for second in range(PATIENCE_S):
        if second % 60 == 0:
            rig.command("mode_request", "auto", ttl_s=300.0)
            rig.command("power_request", 6400.0, ttl_s=300.0)
        rig.given(ack_pb=second % 60 < 2)
        states.add(rig.scan().status.state)
        if states & {"HEAT_BUFFER", "HEAT_DHW"} and not set(rig.outputs.status.alarms) - MAY_STAND:
            return
    pytest.fail(f"after {PATIENCE_S} s: {rig.outputs.status}; states were {sorted(states)}")
