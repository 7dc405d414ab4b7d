"""A reading that is bad or missing acts as missing, whatever number stands in it - and never as a zero.

Two plants live the same random life. Wherever a reading is not to be trusted, the second one gets another
number in it. If the two ever differ in what they do, somebody has looked at that number.
"""

import dataclasses
import random

import pytest

from plc.blocks.core import NEVER, Quality, Reading
from plc.plant.interface import EnergyInputs
from plc.plant.plant import Plant
from tests.plant import fuzz
from tests.plant.rigs import heating_rig, standby_rig

NUMBERS = (0.0, -60.0, 20.0, 45.0, 61.0, 300.0, 1e9, -1e9)
NOT_A_MEASUREMENT = {"saved_target_w"}
"""What a miner has stored and will start with stays true however old it is."""

DOUBTS = (Quality.STALE, Quality.BAD, Quality.NEVER)


def garbled(thing, draw):
    """The same inputs with other numbers in what nobody may trust."""
    changes = {}
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, Reading):
            if not value.ok and field.name not in NOT_A_MEASUREMENT:
                quality = value.quality if value.value is not None else Quality.NEVER
                changes[field.name] = value._replace(value=draw.choice(NUMBERS), quality=quality)
        elif dataclasses.is_dataclass(value):
            changes[field.name] = garbled(value, draw)
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            changes[field.name] = tuple(garbled(part, draw) for part in value)
    return dataclasses.replace(thing, **changes)


class Pair:
    """Two plants in the place of one; the second is shown other numbers."""

    draw = random.Random(0)

    def __init__(self, *args, **kwargs):
        self.first, self.second = Plant(*args, **kwargs), Plant(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.first, name)

    def step(self, inputs, tick):
        ours = self.first.step(inputs, tick)
        theirs = self.second.step(garbled(inputs, self.draw), tick)
        assert ours.image == theirs.image
        assert (ours.miners, ours.events) == (theirs.miners, theirs.events)
        assert (ours.status.state, ours.status.alarms) == (theirs.status.state, theirs.status.alarms)
        return ours


class Life(fuzz.Life):
    """A random life in which the inverter is as unreliable as everything else."""

    def _event(self):
        super()._event()
        names = [field.name for field in dataclasses.fields(EnergyInputs) if field.type == "Reading"]
        if names and self.random.random() < 0.3:
            name, quality = self.random.choice(names), self.random.choice(list(Quality))
            reading = Reading(self.random.uniform(-9000.0, 9000.0), quality, taken_ns=self.rig.now_ns)
            self.rig.given(energy=dataclasses.replace(self.rig.energy, **{name: reading}))


@pytest.mark.parametrize("seed", range(4))
def test_nobody_ever_looks_at_the_number_in_a_bad_reading(seed, monkeypatch):
    monkeypatch.setattr(fuzz, "Plant", Pair)
    life = Life(seed)
    life.rig.plant = Pair(life.parameters)
    life.run(1000)


READINGS = ("t_oil_degc", "t_buffer_top_degc", "t_charge_degc", "t_buffer_bottom_degc", "t_glycol_degc")


@pytest.mark.parametrize("name", [*READINGS, "t_outdoor_degc"])
@pytest.mark.parametrize("rig_of", [standby_rig, heating_rig], ids=["standby", "heating"])
def test_a_zero_in_a_bad_reading_is_the_same_as_no_reading(name, rig_of):
    bad, none = rig_of(), rig_of()
    bad.given(**{name: Reading(0.0, Quality.BAD)})
    none.given(**{name: NEVER})
    for _ in range(150):
        assert bad.scan().image == none.scan().image
        assert bad.outputs.status == none.outputs.status


def test_the_numbers_are_really_different():
    rig = standby_rig()
    rig.given(t_oil_degc=Reading(40.0, Quality.BAD)).scan()
    shown = garbled(rig.last_inputs, random.Random(1))
    assert shown.image.t_oil_degc.value != 40.0
    assert shown.image.t_oil_degc.quality is Quality.BAD
    assert shown.image.t_glycol_degc == rig.last_inputs.image.t_glycol_degc
    assert {reading.value for reading in (shown.t_dhw_degc, shown.miners[0].power_metered_w)} <= set(NUMBERS)
