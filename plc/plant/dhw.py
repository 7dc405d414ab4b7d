"""Domestic hot water: when the miners heat the tank, and when the heat pump must be free for it.

Miners cannot disinfect: the oil is too cold for that. The heat pump does it, in a weekly window in which K7
stays free. A tank whose temperature nobody knows may be cold: then the heat pump is free, and the miners
leave the tank alone. Plant reference, topic hot water and legionella.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick
from plc.blocks.signal import Hysteresis
from plc.blocks.timers import TON
from plc.plant.calendar import in_window
from plc.plant.facts import Facts
from plc.plant.interface import PlantInputs
from plc.plant.parameters import Parameters

SATISFIED_OVER_K = 4.0
"""Charging ends this much above the demand temperature, else every tap would switch the valve."""
STAY_OVER = 0.5
"""Charging goes on down to this share of `over_k`: the cold return of the coil cools the oil at once, and RV2
would be turned to and fro."""


RISE_K = 1.0
RISE_S = 2700.0
"""A tank that is charged gains this much in this time, also a large one, with little power and small taps."""
TAP_K = 0.5
"""A fall of this much is somebody who taps: the proof begins anew."""


class ChargeProof(Block):
    """Does the tank get the heat? RV2 has no feedback, so the tank itself is the witness (A-027).

    step(tick, facts, min_power_w=) -> True once the tank has not gained for too long although it is charged:
    RV2 jams, the coil is scaled, or the sensor has stopped. min_power_w: below it heat proves nothing.
    """

    __slots__ = ("_from_degc", "_still")

    STATE = ("_from_degc", "_still")

    def __init__(self) -> None:
        self._from_degc: float | None = None
        self._still = TON(RISE_S)

    def step(self, tick: Tick, f: Facts, *, min_power_w: float) -> bool:
        tank = f.t_dhw
        charged = f.route_is_dhw and f.route_ready and f.power_known and f.power_w > min_power_w
        begun = self._from_degc
        if tank is None or not charged or begun is None or not begun - TAP_K < tank < begun + RISE_K:
            self._from_degc = tank if charged else None
            return self._still.step(tick, in_=False)
        return self._still.step(tick, in_=True)


class HotWater(Block):
    """Writes dhw_wanted, dhw_blocks, dhw_unknown, dhw_in_vain and disinfection into the facts.

    step(tick, inputs, facts): dhw_wanted means demand, a way to the tank, and oil hot enough to help.
    heated: the site has the route to the tank. Without it a sensor still keeps the heat pump free in time.
    """

    __slots__ = ("_cold", "_heated", "_hot", "_min_power_w", "_p", "_proof")

    STATE = ("_cold", "_hot", "_proof")

    def __init__(self, parameters: Parameters, *, heated: bool = True) -> None:
        p = self._p = parameters.dhw
        self._heated = heated
        self._min_power_w = parameters.heat_proof.min_power_w
        self._proof = ChargeProof()
        self._cold = Hysteresis(p.demand_degc, p.demand_degc + SATISFIED_OVER_K)
        self._hot = Hysteresis(p.over_k, STAY_OVER * p.over_k)

    def step(self, tick: Tick, inputs: PlantInputs, f: Facts) -> None:
        p = self._p
        f.disinfection = bool(in_window(inputs.wall, p.disinfect_weekday, p.disinfect_hour, p.disinfect_h))
        f.t_dhw = inputs.t_dhw_degc.usable if p.present else None
        f.dhw_unknown = p.present and f.t_dhw is None
        f.dhw_cold = f.t_dhw is not None and self._cold.step(tick, value=f.t_dhw)
        hot_enough = (
            f.t_oil is not None and f.t_dhw is not None and self._hot.step(tick, value=f.t_oil - f.t_dhw)
        )
        f.dhw_in_vain = self._proof.step(tick, f, min_power_w=self._min_power_w)
        forbidden = f.disinfection or f.dhw_in_vain or f.dhw_in_vain_latched
        f.dhw_wanted = f.dhw_cold and hot_enough and self._heated and not forbidden
        # A tank that is cold or unknown, and that the miners do not heat, needs the heat pump.
        f.dhw_blocks = (f.dhw_cold or f.dhw_unknown) and not f.route_is_dhw
