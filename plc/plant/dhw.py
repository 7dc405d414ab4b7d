"""Domestic hot water: when the miners heat the tank, and when the heat pump must be free for it.

Miners cannot disinfect: the oil is too cold for that. The heat pump does it, in a weekly window in which K7
stays free. Without a tank sensor nobody knows what the tank needs, and K7 is ended by the time of the block
alone. Plant reference, topic hot water and legionella.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.blocks.signal import Hysteresis
from plc.plant.calendar import in_window
from plc.plant.facts import Facts
from plc.plant.interface import PlantInputs
from plc.plant.parameters import Parameters

SATISFIED_OVER_K = 4.0
"""Charging ends this much above the demand temperature, else every tap would switch the valve."""


class HotWater(Block):
    """Writes dhw_wanted, dhw_blocks and disinfection into the facts.

    step(tick, inputs, facts): dhw_wanted means demand, and the oil is hot enough to help.
    """

    __slots__ = ("_cold", "_p")

    STATE = ("_cold",)

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters.dhw
        self._cold = Hysteresis(parameters.dhw.demand_degc, parameters.dhw.demand_degc + SATISFIED_OVER_K)

    def step(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        p = self._p
        f.disinfection = bool(in_window(inputs.wall, p.disinfect_weekday, p.disinfect_hour, p.disinfect_h))
        reading = inputs.t_dhw_degc
        f.t_dhw = reading.value if p.present and reading.ok else None
        f.dhw_cold = p.present and (f.t_dhw is None or self._cold.step(tick, value=f.t_dhw))
        hot_enough = f.t_oil is not None and f.t_dhw is not None and f.t_oil >= f.t_dhw + p.over_k
        f.dhw_wanted = f.dhw_cold and hot_enough and not f.disinfection
        # A tank that is cold or unknown, and that the miners do not heat, needs the heat pump.
        f.dhw_blocks = f.dhw_cold and not f.route_is_dhw
