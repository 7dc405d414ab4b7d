"""Both miners together: power, stagger, daily cycles, proof test, and what their drivers shall do."""

from __future__ import annotations

from plc.blocks.budget import EventBudget
from plc.blocks.core import NS_PER_S, Block, State, Tick
from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interface import MinerInputs, MinerWish, PlantInputs
from plc.plant.miners import MinerUnit
from plc.plant.parameters import Parameters
from plc.plant.power import PowerControl
from plc.plant.proof_test import ProofTest
from plc.plant.states import RUN_STATES, SequenceState

DAY_S = 86400.0
NO_WISH = MinerWish()


class MinerPair(Block):
    """Miners 1 and 2.

    proofs(facts) at the top of the scan writes what is known of them; step(...) decides at its end.
    Outputs: units, power, test, wishes.
    """

    __slots__ = ("_cycles", "_p", "_since_close_ns", "power", "test", "units", "wishes")

    STATE = ("_cycles", "_since_close_ns", "power", "test", "units")

    def __init__(self, parameters: Parameters) -> None:
        p = parameters
        self._p = p
        self.units = (MinerUnit(p, interlocks.M1), MinerUnit(p, interlocks.M2))
        self.power = PowerControl(p)
        self.test = ProofTest(p)
        self._cycles = (
            EventBudget(DAY_S, p.miners.max_cycles_per_day),
            EventBudget(DAY_S, p.miners.max_cycles_per_day),
        )
        self._since_close_ns = 0
        self.wishes: tuple[MinerWish, MinerWish] = (NO_WISH, NO_WISH)

    def proofs(self, f: Facts) -> None:
        """What the contactors of the last scan say about themselves."""
        first, second = self.units
        f.enable_on = first.enable or second.enable
        f.miners_stopped = not f.enable_on and not f.contactor_closed
        # Right after a start a contactor may still be falling from the last run, and flow is not proven
        # yet; one that stays closed is found by its feedback supervision.
        f.miner_powered = f.enable_on or (f.contactor_closed and f.io_settled)
        f.contactor_fault = first.contactor.no_feedback or second.contactor.no_feedback
        f.contactor_welded = first.welded or second.welded
        f.m1_ready = first.ready and (first.enable or self._cycles[0].ok)
        f.m2_ready = second.ready and (second.enable or self._cycles[1].ok)
        f.min_off_over = f.m1_ready or f.m2_ready
        f.cycles_of_day_used = not (self._cycles[0].ok and self._cycles[1].ok)
        service = self._p.miners.service_cycles
        f.cycles_service = max(first.contactor.cycles.count, second.contactor.cycles.count) > service
        f.min_on_over = not f.contactor_closed or max(first.on_s, second.on_s) >= self._p.miners.min_on_s
        f.miner_available = not f.k12_failed and (
            not (first.failed or f.miner1_dead or f.miner1_unfit)
            or not (second.failed or f.miner2_dead or f.miner2_unfit)
        )

    def step(
        self,
        tick: Tick,
        inputs: PlantInputs,
        f: Facts,
        *,
        state: SequenceState,
        stale: bool,
        acknowledge: bool,
    ) -> None:
        first, second = self.units
        self.power.step(
            tick,
            f,
            running=state in RUN_STATES and f.auto,
            api_stale=stale or f.energy_stale,
            available=(
                f.m1_ready and not (f.miner1_dead or f.miner1_unfit),
                f.m2_ready and not (f.miner2_dead or f.miner2_unfit),
            ),
            first=0 if first.contactor.hours.run_ns <= second.contactor.hours.run_ns else 1,
        )
        f.granted_w = self.power.granted_w
        room_w, target_w = self.power.thermal_w, self.power.target_w
        f.m1_saved_high = first.starts_with_w + (target_w[1] if second.enable else 0.0) > room_w
        f.m2_saved_high = second.starts_with_w + (target_w[0] if first.enable else 0.0) > room_w
        testing = self.test.step(
            tick, f, may_test=self._may_test(f, state, inputs.miners), acknowledge=acknowledge
        )
        feedback = (inputs.image.k10_fb, inputs.image.k11_fb)
        # Only for a request that may come back. Whatever ends the run takes the supply as well, and so do hot
        # oil and a miner that nobody can command.
        may_wait = (
            state in RUN_STATES
            and f.auto
            and self.power.limited_by != "oil_limit"
            and not (f.miner1_unfit or f.miner2_unfit)
        )
        self._since_close_ns += tick.dt_ns
        for index, unit in enumerate(self.units):
            self._step_unit(
                tick, f, index, unit, inputs.miners[index], feedback[index], testing, acknowledge, may_wait
            )
        self.wishes = self._wishes(f)

    def _step_unit(
        self,
        tick: Tick,
        f: Facts,
        index: int,
        unit: MinerUnit,
        miner: MinerInputs,
        feedback: bool,
        testing: bool,
        acknowledge: bool,
        may_wait: bool,
    ) -> None:
        was_on, was_closed = unit.enable, unit.contactor.closed
        unit.step(
            tick,
            f,
            wanted=self.power.run[index] or (testing and was_on),
            may_close=self._since_close_ns >= self._p.miners.stagger_s * NS_PER_S,
            feedback=feedback,
            miner=miner,
            acknowledge=acknowledge,
            may_wait=may_wait,
        )
        if unit.enable and not was_on:
            self._since_close_ns = 0
        self._cycles[index].step(tick, event=unit.contactor.closed and not was_closed)

    def _may_test(self, f: Facts, state: SequenceState, miners: tuple[MinerInputs, MinerInputs]) -> bool:
        """A planned stop with every closed contactor carrying a known, small power."""
        if state is not SequenceState.COOLDOWN or not f.enable_on:
            return False
        for unit, miner in zip(self.units, miners, strict=True):
            if unit.enable and not unit.is_idle(miner):
                return False
        return True

    def _wishes(self, f: Facts) -> tuple[MinerWish, MinerWish]:
        tripped = f.hard_trip or f.hard_latched or not f.auto
        run = self.power.run
        if not (run[0] or run[1]):
            idle = MinerWish(urgent=True) if tripped else NO_WISH
            return idle, idle
        target = self.power.target_w
        urgent = tripped or self.power.limited_by == "oil_limit"  # heat has to go: no waiting for quiet steps
        return (
            MinerWish(run[0], target[0], urgent),
            MinerWish(run[1], target[1], urgent),
        )

    def retained(self) -> State:
        return {
            "units": [unit.retained() for unit in self.units],
            "cycles": [budget.state() for budget in self._cycles],
            "test": self.test.state(),
        }

    def retain(self, data: State, *, clean: bool) -> None:
        """Takes `retained` back. An unclean end books one contactor cycle per miner: nobody knows."""
        for unit, saved in zip(self.units, data.get("units", ()), strict=False):
            unit.retain(saved)
        for budget, saved in zip(self._cycles, data.get("cycles", ()), strict=False):
            budget.restore(saved)
        if "test" in data:
            self.test.restore(data["test"])
            self.test.running = False
        if not clean:
            for unit, budget in zip(self.units, self._cycles, strict=True):
                budget.book()
                unit.contactor.cycles.count += 1
