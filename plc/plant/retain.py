"""What must survive a restart, and how a new plant takes it up.

Run hours, starts, strokes, contactor cycles, budgets, energy, latched trips and alarms, the season, an OFF
from afar. Not:
positions of valves (nobody saw them move), timers of minimum off (they run from process start whatever a file
says), requests (they must be fresh). Plain data with a layout number; the file is the store's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plc.blocks.core import NS_PER_S, Block, State, Tick

if TYPE_CHECKING:
    from plc.plant.plant import Plant

LAYOUT = 1
PERIOD_NS = NS_PER_S


class Retained(Block):
    """Builds the data once a second and hands out the same object in between.

    step(tick, plant) -> data. apply(plant, data, clean=) before the first scan.
    """

    __slots__ = ("_elapsed_ns", "data")

    STATE = ("_elapsed_ns",)

    def __init__(self) -> None:
        # The first scan collects in any case; afterwards not in the scan in which the engine decides.
        self._elapsed_ns = PERIOD_NS // 2
        self.data: State = {}

    def step(self, tick: Tick, plant: Plant) -> State:
        self._elapsed_ns += tick.dt_ns
        due = self._elapsed_ns >= PERIOD_NS
        if due:
            self._elapsed_ns = 0
        if due or not self.data:
            self.data = collect(plant)
        return self.data

    def apply(self, plant: Plant, data: State | None, *, clean: bool) -> None:
        """Raises ValueError when the data are of another layout or shape."""
        if data:
            if data.get("layout") != LAYOUT:
                raise ValueError(f"retained data have layout {data.get('layout')}, this program {LAYOUT}")
            try:
                _take(plant, data)
            except (KeyError, TypeError) as error:
                raise ValueError(f"retained data are not complete: {error!r}") from error
        miners = data["miners"] if data else {}
        plant.miners.retain(miners, clean=clean)
        if data:
            plant.hp_block.retain(data["hp_block"], clean=clean)


def collect(plant: Plant) -> State:
    """Everything worth remembering, as plain data."""
    pumps, cooler, routing = plant.pumps, plant.cooler.fan, plant.routing
    return {
        "layout": LAYOUT,
        "miners": plant.miners.retained(),
        "hp_block": plant.hp_block.retained(),
        "pumps": {
            name: {"hours": pump.hours.run_ns, "starts": pump.starts.count}
            for name, pump in (("p3", pumps.p3), ("p4", pumps.p4), ("p5", pumps.p5), ("fan", cooler))
        },
        "strokes": [routing.rv1.strokes, routing.rv2.strokes],
        "exercise": {
            "p3": plant.exercise.p3.idle_ns,
            "fan": plant.exercise.fan.idle_ns,
            "rv1": routing.rv1.idle_ns,
            "rv2": routing.rv2.idle_ns,
        },
        "alarms": plant.alarms.retained(),
        "trips": list(plant.trips.latched),
        "season": plant.season.state(),
        "account": plant.decision.engine.account.state(),
        "counters": plant.counters.retained(),
        **plant.arbitration.retained(),
    }


def _take(plant: Plant, data: State) -> None:
    pumps, cooler, routing = plant.pumps, plant.cooler.fan, plant.routing
    for name, pump in (("p3", pumps.p3), ("p4", pumps.p4), ("p5", pumps.p5), ("fan", cooler)):
        pump.hours.run_ns = int(data["pumps"][name]["hours"])
        pump.starts.count = int(data["pumps"][name]["starts"])
    routing.rv1.strokes, routing.rv2.strokes = (int(count) for count in data["strokes"])
    idle = data["exercise"]
    plant.exercise.p3.idle_ns = int(idle["p3"])
    plant.exercise.fan.idle_ns = int(idle["fan"])
    routing.rv1.idle_ns = int(idle["rv1"])
    routing.rv2.idle_ns = int(idle["rv2"])
    plant.alarms.retain(data["alarms"])
    plant.trips.retain(data["trips"])
    plant.season.restore(data["season"])
    plant.decision.engine.account.restore(data["account"])
    plant.counters.retain(data.get("counters", {}))  # data of a program that did not count yet
    plant.arbitration.retain(data)
