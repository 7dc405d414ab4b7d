"""House, cabinet, operator and time line of a scenario, moved together: one `step` per scan.

The same rig is driven by the program in memory (`closed_loop`) and through a process image
(`python -m tools.twin`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plc.blocks.pump import Curve
from plc.plant.interface import ImageOutputs, WallTime
from tools.twin.cabinet import Cabinet
from tools.twin.operator import Operator
from tools.twin.physics.sensors import NAMES, SensorFault
from tools.twin.physics.weather import FixedDay
from tools.twin.plant_model import PlantModel
from tools.twin.scenario import Event, Scenario, unix_start_s, utc_offset_s


class Rig:
    """Everything outside the controller.

    model, cabinet, operator: the parts. api_alive: what still answers on the field buses, by name
    ("deye"). clock_synchronised: what the time service says. t_s: elapsed time.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        p4_curve: Curve = Curve.OFF_0_10,
        p5_curve: Curve = Curve.OFF_0_10,
        unknown: Callable[[Event], None] | None = None,
    ) -> None:
        self.scenario = scenario
        self.model = PlantModel(
            scenario.defaults,
            scenario.initial,
            scenario.weather(),
            start_local_s=scenario.start_local_s,
            seed=scenario.seed,
            tapping=scenario.tapping,
            fixed_load_w=scenario.fixed_load_w,
            p4_curve=p4_curve,
            p5_curve=p5_curve,
        )
        self.cabinet = Cabinet(self.model, flow_latches=scenario.flow_latches)
        self.operator = Operator(self.cabinet)
        self.operator.turn_key(scenario.key)
        self.deye_alive = True
        self.tank_alive = True
        self.clock_synchronised = True
        self.dio_healthy = self.aio_healthy = True
        self.applied: list[tuple[float, Event]] = []
        self.cause_s: float | None = None
        self._unknown = unknown
        self._todo = sorted(scenario.events, key=lambda event: event.at_s)
        self._unix_start_s = unix_start_s(scenario.start)
        self._wall = WallTime()

    @property
    def t_s(self) -> float:
        """Elapsed time."""
        return self.model.t_s

    def script(self, scenario: Scenario) -> None:
        """Goes on with the time line of another scenario that began in the same house and the same way."""
        self.scenario = scenario
        self._todo = sorted(scenario.events, key=lambda event: event.at_s)

    @property
    def next_event_s(self) -> float | None:
        """When the time line goes on."""
        return self._todo[0].at_s if self._todo else None

    def wall(self) -> WallTime:
        """The calendar of the simulated house; a new object once a second."""
        unix_s = self._unix_start_s + int(self.model.t_s)
        if unix_s != self._wall.unix_s or self.clock_synchronised != self._wall.synchronised:
            offset = utc_offset_s(self.scenario.start, self.model.t_s)
            self._wall = WallTime(unix_s, offset, self.clock_synchronised)
        return self._wall

    def step(self, dt_s: float, out: ImageOutputs, p4_v: float, p5_v: float) -> None:
        """The program has written `out`; dt_s later the inputs are as the attributes say."""
        while self._todo and self._todo[0].at_s <= self.model.t_s + 1e-9:
            self.apply(self._todo.pop(0))
        self.cabinet.drive(dt_s, out, p4_v, p5_v)
        self.model.step(dt_s)
        self.cabinet.sense(dt_s)
        self.operator.step(dt_s)

    def apply(self, event: Event) -> None:
        """Makes something happen now; KeyError names what is possible."""
        if event.cause and self.cause_s is None:
            self.cause_s = self.model.t_s
        self.applied.append((self.model.t_s, event))
        action = ACTIONS.get(event.what)
        if action is not None:
            action(self, event.value)
        elif self._unknown is not None:
            self._unknown(event)
        elif event.what not in LOOP_ACTIONS:
            raise KeyError(f"unknown action {event.what!r}; there are {', '.join(sorted(ACTIONS))}")


Action = Callable[[Rig, Any], None]

LOOP_ACTIONS = ("request_w", "controller")
"""Actions on the controller itself; only the closed loop in memory can do them."""


def _sensor(name: str) -> Action:
    def act(rig: Rig, value: Any) -> None:
        rig.model.sensors[name].fault = SensorFault(value)

    return act


def _offset(name: str) -> Action:
    """A sensor that shows so many kelvin more than it should, or a calibrator in its place."""

    def act(rig: Rig, value: Any) -> None:
        rig.model.sensors[name].offset_k = float(value)

    return act


def _outdoor(rig: Rig, value: Any) -> None:
    rig.model.weather = FixedDay(float(value))


def _attribute(find: Callable[[Rig], Any], name: str) -> Action:
    def act(rig: Rig, value: Any) -> None:
        setattr(find(rig), name, value)

    return act


def _miner(index: int) -> Callable[[Rig], Any]:
    return lambda rig: rig.model.miners[index]


ACTIONS: dict[str, Action] = {
    "p3_stopped": _attribute(lambda rig: rig.model.p3, "stopped"),
    "p4_stopped": _attribute(lambda rig: rig.model.p4, "stopped"),
    "p4_blocked": _attribute(lambda rig: rig.model.p4, "blocked"),
    "p5_blocked": _attribute(lambda rig: rig.model.p5, "blocked"),
    "p5_stopped": _attribute(lambda rig: rig.model.p5, "stopped"),
    "rv1_jammed": _attribute(lambda rig: rig.model.rv1, "jammed"),
    "rv2_jammed": _attribute(lambda rig: rig.model.rv2, "jammed"),
    "flow_stuck_closed": _attribute(lambda rig: rig.cabinet, "flow_stuck_closed"),
    "flow_stuck_open": _attribute(lambda rig: rig.cabinet, "flow_stuck_open"),
    "cooler_fault": _attribute(lambda rig: rig.cabinet, "cooler_fault"),
    "k10_welded": _attribute(lambda rig: rig.cabinet, "k10_welded"),
    "k11_welded": _attribute(lambda rig: rig.cabinet, "k11_welded"),
    "grid_block": _attribute(lambda rig: rig.cabinet, "grid_block"),
    "estop1": lambda rig, pressed: setattr(rig.cabinet, "estop1_ok", not pressed),
    "estop2": lambda rig, pressed: setattr(rig.cabinet, "estop2_ok", not pressed),
    "key": lambda rig, position: rig.operator.turn_key(position),
    "ack": lambda rig, _: rig.operator.acknowledge(),
    "reset": lambda rig, _: rig.operator.press_reset(),
    "operator_resets": lambda rig, willing: setattr(rig.operator, "resets", willing),
    "trip_temp_max": lambda rig, _: setattr(rig.cabinet, "temp_max_ok", False),
    "reset_temp_max": lambda rig, _: rig.cabinet.reset_temp_max(),
    "t_outdoor_degc": _outdoor,
    "deye_alive": _attribute(lambda rig: rig, "deye_alive"),
    "tank_alive": _attribute(lambda rig: rig, "tank_alive"),
    "clock_synchronised": _attribute(lambda rig: rig, "clock_synchronised"),
    "dio_healthy": _attribute(lambda rig: rig, "dio_healthy"),
    "aio_healthy": _attribute(lambda rig: rig, "aio_healthy"),
    **{f"sensor.{name}": _sensor(name) for name in NAMES},
    **{f"offset.{name}": _offset(name) for name in NAMES},
    **{
        f"m{index + 1}.{name}": _attribute(_miner(index), name)
        for index in (0, 1)
        for name in ("silent", "ignores_pause", "ignores_target", "lost_share", "no_work")
    },
}  # fmt: skip
"""Everything that can be done to the rig by name, in a scenario or at run time."""
