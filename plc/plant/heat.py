"""Does the heat leave the oil? Two detectors, independent of the flow switch, and the run-on condition.

Loss of P3 leaves the chips alone with their heat: they pass 100 degC after about two minutes while the oil
sensor has moved by one kelvin. The oil sensor does not see it, the water does: nothing arrives any more
(A-008). Loss of P4 is seen by the oil: it heats up at the rate of a tank without cooling (A-007).
Both only judge when the oil is so much hotter than the sink that heat has to flow: cold oil warms up at
nearly the adiabatic rate although everything works. Plant reference, topic loss of cooling.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick, ns
from plc.blocks.timers import TON
from plc.plant.facts import Facts
from plc.plant.interface import MinerInputs
from plc.plant.parameters import Parameters
from plc.plant.trend import Slope

WATER_J_PER_LK = 4186.0
WATER_W_PER_M3H_K = 1163.0
"""Heat capacity of water: per litre, and of a flow of 1 m3/h."""


class HeatProof(Block):
    """Heat balance of the water side.

    Writes heat_w, heat_expected, heat_missing, cooling_lost, chips_hot into the facts.

    heat_w = flow of P4 x (B3 - return) + heat that the water between exchanger and sensor takes up. The
    second term makes the answer quick: without it the water of the pipe hides a stopped P3 for minutes.
    On the routes to the cooler and to the hot water nothing measures the return; there it is estimated from
    glycol and tank.
    """

    __slots__ = ("_charge", "_fresh_ns", "_oil", "_p")

    STATE = ("_charge", "_oil")

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self._fresh_ns = ns(parameters.miners.api_stale_s)
        self._charge = Slope(window_s=30.0)
        self._oil = Slope(window_s=60.0)

    def step(self, tick: Tick, f: Facts, miners: tuple[MinerInputs, MinerInputs]) -> None:
        proof = self._p.heat_proof
        charge_slope = self._charge.step(tick, value=f.t_charge)
        oil_slope = self._oil.step(tick, value=f.t_oil if f.b1_valid else None)
        sink = f.t_glycol if f.route_is_recool else f.t_dhw if f.route_is_dhw else f.t_bottom
        capacity_w_per_k = f.p4_pct / 100.0 * self._p.p4.flow_nominal_m3_per_h * WATER_W_PER_M3H_K
        f.heat_w = None
        expected_w = 0.0
        # During a stroke of RV1 nobody knows which return temperature counts.
        if sink is not None and f.t_oil is not None and f.route_ready:
            able_w = capacity_w_per_k * proof.effectiveness * (f.t_oil - sink)
            expected_w = min(f.power_w, able_w)
        if sink is not None and f.t_charge is not None and charge_slope is not None:
            share = proof.effectiveness if f.route_is_recool or f.route_is_dhw else 1.0
            carried_w = capacity_w_per_k * share * (f.t_charge - sink)
            f.heat_w = carried_w + proof.water_l * WATER_J_PER_LK * charge_slope
        checked = f.contactor_on_s >= proof.after_s and expected_w >= proof.min_power_w
        f.heat_expected = checked and expected_w >= proof.armed_fraction * f.power_w
        f.heat_missing = checked and f.heat_w is not None and f.heat_w < proof.fraction * expected_w
        adiabatic_k_per_s = f.power_w / (self._p.oil.capacity_kj_per_k * 1000.0)
        f.cooling_lost = (
            f.heat_expected
            and oil_slope is not None
            and oil_slope > self._p.oil.cooling_lost_fraction * adiabatic_k_per_s
        )
        f.chips_hot = f.contactor_closed and self._chips_hot(tick.now_ns, f, miners)

    def _chips_hot(self, now_ns: int, f: Facts, miners: tuple[MinerInputs, MinerInputs]) -> bool:
        """Second proof from the miners themselves: hottest chip, or an outlet far above the oil."""
        proof = self._p.heat_proof
        for miner in miners:
            chip = miner.t_chip_degc.fresh(now_ns, self._fresh_ns)
            if chip is not None and chip >= proof.chip_trip_degc:
                return True
            outlet = miner.t_outlet_degc.fresh(now_ns, self._fresh_ns)
            if (
                outlet is not None
                and f.b1_valid
                and f.t_oil is not None
                and outlet - f.t_oil >= proof.outlet_over_oil_k
            ):
                return True
        return False


class HotOil(Block):
    """Protection: oil hot enough that its heat must be carried away, whatever state the plant is in.

    step(tick, facts) -> True while P3 and P4 have to run. Begins above protect_degc; ends when the oil is
    clearly below it, or when oil and water have come together although both pumps ran: circulating hot
    oil against a hot buffer for days would protect nothing. It begins again with a closed contactor,
    with the warning temperature, or when the oil rises by another kelvin.
    """

    __slots__ = ("_done_at", "_p", "_together", "active")

    STATE = ("active", "_together", "_done_at")

    HYSTERESIS_K = 2.0
    REARM_K = 1.0

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self._together = TON(parameters.p4.min_on_s)
        self._done_at: float | None = None
        self.active = False

    def step(self, tick: Tick, f: Facts) -> bool:
        oil = f.t_oil
        if oil is None:
            return self.active  # hot before the sensor failed stays hot
        p = self._p
        if (
            f.contactor_closed
            or f.oil_warn
            or (self._done_at is not None and oil > self._done_at + self.REARM_K)
        ):
            self._done_at = None
        together = self._together.step(
            tick,
            in_=f.p3_on and f.p4_at_minimum and f.t_charge is not None and _close(f, p.miners.overrun_k),
        )
        if oil < p.oil.protect_degc - self.HYSTERESIS_K:
            self.active = False
        elif self.active and together and not f.contactor_closed and not f.oil_warn:
            self.active = False
            self._done_at = oil
        elif oil > p.oil.protect_degc and self._done_at is None:
            self.active = True
        return self.active


def _close(f: Facts, within_k: float) -> bool:
    return f.t_oil is not None and f.t_charge is not None and f.t_oil - f.t_charge < within_k
