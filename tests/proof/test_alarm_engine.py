"""The horn starts again for a new alarm of priority 1, and for no other."""

import pytest

from plc.blocks.core import Tick
from plc.plant.alarm_table import Alarm, Latch
from plc.plant.alarms import Alarms
from plc.plant.facts import Facts


@pytest.mark.parametrize("priority", [1, 2, 3, 4])
def test_only_a_new_alarm_of_priority_1_sounds_and_only_once(priority):
    engine = Alarms((Alarm("X", priority, Latch.AUTO, lambda f: f.oil_trip),))
    facts = Facts(oil_trip=True)
    heard = []
    for _ in range(3):
        engine.step(Tick(0, 10**8), facts)
        heard.append(engine.new_horn)
    assert sum(heard) == (priority == 1)
