"""Three-way ball valve on a motor that holds its position without power (RV1, RV2).

Nothing reports where the valve stands. The position is therefore a model: it counts drive time, it is
unknown after every start and after every loss of the actuator's supply, and it is made true again by
driving against an end stop. Only the ends A and B are ever requested; power is controlled with pump
speed, a ball valve does not modulate (plant reference, topic valves RV1 and RV2).
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from plc.blocks.core import Block, Tick, ns


class Drive(StrEnum):
    """How the two relays of a valve act."""

    THREE_POINT = "three_point"  # one relay per direction
    ONE_WIRE = "one_wire"  # first relay is power, second is direction


class ValveStatus(StrEnum):
    """What the valve does."""

    UNKNOWN = "unknown"  # position not known, nothing requested
    SYNC = "sync"  # drives to the end stop of A to learn where it is
    DEAD_TIME = "dead_time"  # both relays off before the other direction
    TO_A = "to_a"
    TO_B = "to_b"
    AT_A = "at_a"
    AT_B = "at_b"
    HOLD = "hold"  # between the ends or next to one, nothing requested
    NO_SUPPLY = "no_supply"  # actuator without supply: position lost
    FAULT = "fault"  # both directions requested: error in the program


class ThreePointValve(Block):
    """Valve with position model, dead time, overdrive and re-synchronisation.

    request_a, request_b: wanted end; neither = hold, relays off; both = status FAULT and relays off.
    supply_ok: the actuator has its supply; False makes the position unknown.
    resync_ok: a stroke to A and back does no harm now. A due re-synchronisation is otherwise done with
               the next stroke to A, or in place when the valve rests at A; it never moves a valve that
               is wanted at B on its own account.

    a, b: the relays in the order of the terminals. three_point: direction A, direction B, never both.
          one_wire: a is power, b is direction (on = B); the direction only changes while power is off.
    position_pct: model, 0 = A, 100 = B, None while unknown (position_valid False).
    at_a, at_b: the valve stands against that stop.
    strokes: travels begun. resync_due. idle_ns: time since the motor last ran (for exercise strokes).

    An end is reached after the modelled travel plus (overdrive - 1) * run_s, after which the relays go
    off: a relay that stays energised for ever only gets hot. With an unknown position, or when a
    re-synchronisation is due, a drive to A lasts overdrive * run_s in full. It goes to A first, also
    when B is wanted.
    """

    __slots__ = (
        "_dead_ns",
        "_direction",
        "_drive",
        "_goal",
        "_last",
        "_left_ns",
        "_off_ns",
        "_over_ns",
        "_position_ns",
        "_resync_ns",
        "_resync_strokes",
        "_run_ns",
        "_since_sync_ns",
        "_since_sync_strokes",
        "_sync",
        "a",
        "at_a",
        "at_b",
        "b",
        "idle_ns",
        "position_valid",
        "status",
        "strokes",
    )

    STATE: ClassVar[tuple[str, ...]] = (
        "_direction",
        "_goal",
        "_last",
        "_left_ns",
        "_off_ns",
        "_position_ns",
        "_since_sync_ns",
        "_since_sync_strokes",
        "_sync",
        "a",
        "b",
        "at_a",
        "at_b",
        "idle_ns",
        "position_valid",
        "status",
        "strokes",
    )

    def __init__(
        self,
        *,
        drive: Drive = Drive.THREE_POINT,
        run_s: float = 75.0,
        overdrive: float = 1.2,
        dead_s: float = 1.0,
        resync_strokes: int = 20,
        resync_h: float = 24.0,
    ) -> None:
        """run_s above 0, overdrive at least 1, dead_s >= 0; ValueError otherwise."""
        if not run_s > 0 or not overdrive >= 1 or not dead_s >= 0:
            raise ValueError(f"ThreePointValve: run_s {run_s}, overdrive {overdrive}, dead_s {dead_s}")
        self._drive = drive
        self._run_ns = ns(run_s)
        self._over_ns = ns(run_s * overdrive) - self._run_ns
        self._dead_ns = ns(dead_s)
        self._resync_strokes = resync_strokes
        self._resync_ns = ns(resync_h * 3600.0)
        self.a = self.b = False
        self.at_a = self.at_b = False
        self.position_valid = False
        self.status = ValveStatus.UNKNOWN
        self.strokes = 0
        self.idle_ns = 0
        self._direction = ""  # "A" or "B" while the motor runs, else ""
        self._goal = ""  # end that the drive time left belongs to
        self._last = ""  # direction of the last run; unknown at start: it may have been any
        self._sync = False  # the drive under way makes the position true
        self._left_ns = 0  # drive time left to the end of _goal
        self._off_ns = 0  # time since the motor stopped
        self._position_ns = 0  # modelled travel from A, 0.._run_ns
        self._since_sync_ns = 0
        self._since_sync_strokes = 0

    @property
    def position_pct(self) -> float | None:
        """Modelled position, 0 = A, 100 = B; None while it is unknown."""
        return 100.0 * self._position_ns / self._run_ns if self.position_valid else None

    @property
    def moving(self) -> bool:
        return self._direction != ""

    @property
    def resync_due(self) -> bool:
        return (
            not self.position_valid
            or self._since_sync_ns >= self._resync_ns
            or self._since_sync_strokes >= self._resync_strokes
        )

    def step(
        self,
        tick: Tick,
        *,
        request_a: bool,
        request_b: bool,
        supply_ok: bool = True,
        resync_ok: bool = False,
    ) -> ValveStatus:
        self._travel(tick.dt_ns)
        if not supply_ok:
            self.position_valid = self.at_a = self.at_b = False
            self._goal = ""
            return self._rest(ValveStatus.NO_SUPPLY)
        if request_a and request_b:
            return self._rest(ValveStatus.FAULT)
        if not request_a and not request_b:
            return self._rest(self._place())
        goal = self._choose("A" if request_a else "B", resync_ok)
        if goal != self._goal or (goal == "A" and self._left_ns <= 0 and self.resync_due):
            self._plan(goal)
        if self._left_ns <= 0:
            return self._rest(self._place())
        return self._run(goal)

    def _travel(self, dt_ns: int) -> None:
        """Books the time since the last scan to the motor or to its rest."""
        self._since_sync_ns += dt_ns
        if not self._direction:
            self._off_ns += dt_ns
            self.idle_ns += dt_ns
            return
        self._off_ns = self.idle_ns = 0
        self._left_ns -= dt_ns
        if self._direction == "A":
            self._position_ns = max(0, self._position_ns - dt_ns)
        else:
            self._position_ns = min(self._run_ns, self._position_ns + dt_ns)
        if self._left_ns <= 0:
            self._arrive()

    def _arrive(self) -> None:
        """The drive time is over: the valve stands against the stop of its goal."""
        if self._goal == "B":
            self._position_ns = self._run_ns
            self.at_b = True
            return
        self._position_ns = 0
        self.at_a = True
        if self._sync:
            self._sync = False
            self.position_valid = True
            self._since_sync_ns = 0
            self._since_sync_strokes = 0

    def _choose(self, want: str, resync_ok: bool) -> str:
        """The end to drive to now: home first while the position is unknown or may be made true."""
        if not self.position_valid or (resync_ok and self.resync_due):
            return "A"
        return want

    def _plan(self, goal: str) -> None:
        """Drive time to the stop of the goal, from where the model says the valve is."""
        self._goal = goal
        self._sync = goal == "A" and self.resync_due
        if self._sync:
            self._left_ns = self._run_ns + self._over_ns
        elif self.at_a if goal == "A" else self.at_b:
            self._left_ns = 0
        else:
            travel_ns = self._position_ns if goal == "A" else self._run_ns - self._position_ns
            self._left_ns = travel_ns + self._over_ns

    def _run(self, goal: str) -> ValveStatus:
        """Motor towards the goal, after the dead time when it last ran the other way."""
        if not self._direction:
            if self._last != goal and self._off_ns < self._dead_ns:
                return self._rest(ValveStatus.DEAD_TIME)
            if self._drive is Drive.ONE_WIRE and self.b != (goal == "B"):
                self.b = (
                    goal == "B"
                )  # the direction relay switches one scan before power: no arc, no wrong way
                self.status = ValveStatus.DEAD_TIME
                return self.status
            self._count_start(goal)
        elif self._direction != goal:
            return self._rest(ValveStatus.DEAD_TIME)
        self._direction = goal
        if goal == "A":
            self.at_b = False
        else:
            self.at_a = False
        self.b = goal == "B"
        self.a = goal == "A" or self._drive is Drive.ONE_WIRE
        self.status = (
            ValveStatus.SYNC if self._sync else ValveStatus.TO_A if goal == "A" else ValveStatus.TO_B
        )
        return self.status

    def _count_start(self, goal: str) -> None:
        """A start of the motor wears the valve and adds to the error of the model, in place it does not."""
        if not (self.at_a and goal == "A"):
            self.strokes += 1
            self._since_sync_strokes += 1

    def _rest(self, status: ValveStatus) -> ValveStatus:
        """Motor off. With one wire the direction relay falls one scan after power, never with it."""
        if self._direction:
            self._last = self._direction
            self._direction = ""
        self.b = self.b and self.a and self._drive is Drive.ONE_WIRE
        self.a = False
        self.status = status
        return status

    def _place(self) -> ValveStatus:
        if not self.position_valid:
            return ValveStatus.UNKNOWN
        if self.at_a:
            return ValveStatus.AT_A
        return ValveStatus.AT_B if self.at_b else ValveStatus.HOLD
