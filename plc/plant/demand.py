"""What the sequence waits for: requests, room in the buffer, the recooling question, cool-down.

Every delay of the state machine is here, behind a named condition, so that the transitions stay readable
and a timer can be tested without walking through the plant.
"""

from __future__ import annotations

from plc.blocks.core import NS_PER_S, Block, Tick
from plc.blocks.timers import TON
from plc.plant.calendar import hour_of_day, in_hours
from plc.plant.facts import Facts
from plc.plant.interface import WallTime
from plc.plant.parameters import Parameters
from plc.plant.season import WATER_WH_PER_LK
from plc.plant.states import HEATING, RUN_STATES, WAITING, SequenceState

EMPTIED = 4.0
"""A buffer gives the house about this many times what lies between full and resume before its top falls to
resume: its bottom is down at the return by then."""
HELD = 2.0 * EMPTIED
"""The estimate of the house load knows neither sun nor stove: only a clear excess is worth a word."""


class Demand(Block):
    """Writes the delayed conditions into the facts.

    step(tick, facts, state=, state_ns=, wall=): state and its age as of the last scan.
    """

    __slots__ = (
        "_cool",
        "_drawn_wh",
        "_full",
        "_gone",
        "_oil_hot",
        "_p",
        "_ran",
        "_room",
        "_spent",
        "_stands",
    )

    STATE = ("_stands", "_gone", "_full", "_room", "_oil_hot", "_cool", "_drawn_wh", "_ran", "_spent")

    def __init__(self, parameters: Parameters) -> None:
        p = parameters
        self._p = p
        self._stands = TON(p.miners.request_on_s)
        self._gone = TON(p.miners.request_off_s)
        self._full = TON(p.buffer.full_for_s)
        self._room = TON(p.buffer.resume_for_s)
        self._oil_hot = TON(p.cooler.recool_oil_s)
        self._cool = TON(p.miners.overrun_s)
        self._ran = False
        self._spent = False
        self._drawn_wh = 0.0

    def step(self, tick: Tick, f: Facts, *, state: SequenceState, state_ns: int, wall: WallTime) -> None:
        p = self._p
        # A request counts as present only while the plant could act on it: after a trip it has to stand for
        # its full time again, which makes it a fresh one.
        f.request_stands = self._stands.step(tick, in_=f.request_w > 0.0 and state in WAITING)
        f.request_gone = self._gone.step(tick, in_=f.request_w <= 0.0 and state in RUN_STATES)
        known = self._buffer(tick, f)
        self._recool(tick, f, wall)
        self._remember(tick, f, state, known=known)
        f.sink_available = f.buffer_takes_heat or f.recool_allowed
        f.start_timeout = state is SequenceState.PRECIRC and state_ns >= p.miners.start_timeout_s * NS_PER_S
        f.heat_flows = state is SequenceState.RAMP and (
            state_ns >= p.miners.ramp_timeout_s * NS_PER_S
            or (
                f.contactor_closed
                and f.power_known
                and f.granted_w > 0.0
                and f.power_w >= p.miners.ramp_done_fraction * f.granted_w
            )
        )
        f.recool_min_over = state is SequenceState.RECOOL and state_ns >= p.cooler.min_recool_s * NS_PER_S
        self._cool_down(tick, f)
        latching = p.safety.flow_latches and state in WAITING
        f.p3_needed = (
            latching
            or state in HEATING
            or state
            in (
                SequenceState.PRECIRC,
                SequenceState.RAMP,
                SequenceState.COOLDOWN,
            )
        )

    def _cool_down(self, tick: Tick, f: Facts) -> None:
        """Done when oil and water have come together, but not before the chips have given off their heat to
        the oil, and after the longest time in any case. A start that never closed a contactor needs none.
        """
        if not f.miners_stopped:
            self._ran = True
        longest = self._cool.step(tick, in_=f.miners_stopped)
        least = self._cool.et_ns >= self._p.miners.overrun_min_s * NS_PER_S
        together = (
            f.t_oil is not None and f.t_charge is not None and f.t_oil - f.t_charge < self._p.miners.overrun_k
        )
        if longest or (least and together):
            self._ran = False
        f.cooled_down = not self._ran

    def _buffer(self, tick: Tick, f: Facts) -> bool:
        """Full and room again. A lost sensor is replaced by the other one with the typical spread; False
        when nothing is known of the buffer.
        """
        b = self._p.buffer
        top = f.t_top
        bottom = f.t_bottom
        less_k = 0.0  # with one sensor lost the buffer is used less far: the spread is a guess
        if top is None and bottom is not None:
            top = bottom + b.spread_k
            less_k = b.lost_sensor_k
        elif bottom is None and top is not None:
            bottom = top - b.spread_k
            less_k = b.lost_sensor_k
        if top is None or bottom is None:
            # Nobody knows: neither full (that would start recooling) nor room (that would heat).
            self._full.step(tick, in_=False)
            f.buffer_room = self._room.step(tick, in_=False)
            f.buffer_full = True
            return False
        full = top >= b.full_degc - less_k and bottom >= b.full_bottom_degc - less_k
        f.buffer_full = self._full.step(tick, in_=full) or top >= b.max_degc
        # Below what the house needs now there is always room: on a very cold day that is more than resume.
        f.buffer_room = self._room.step(tick, in_=top < b.resume_degc - less_k or f.top_below_curve)
        return True

    def _remember(self, tick: Tick, f: Facts, state: SequenceState, *, known: bool) -> None:
        """A buffer that was full, or on which the oil got too hot, takes no heat until it has room again.

        Without this memory the plant would start again for every tenth of a kelvin, and protection would be a
        sink by the back door: ten minutes of recooling, the oil is calm, ten minutes on the same hot buffer,
        and so on all summer.
        """
        b = self._p.buffer
        step_wh = (b.full_degc - b.resume_degc) * b.volume_l * WATER_WH_PER_LK
        emptied = self._drawn_wh >= EMPTIED * step_wh
        heating = state is SequenceState.HEAT_BUFFER
        too_hot = heating and f.oil_wants_recool and f.oil_above_limit
        if (known and f.buffer_full) or too_hot:
            self._spent, self._drawn_wh = True, 0.0
        elif f.buffer_room or (emptied and heating):
            self._spent, self._drawn_wh = False, 0.0
        elif self._spent and known:
            self._drawn_wh += (f.load_w or 0.0) * tick.dt_s / 3600.0
        # A full buffer empties into the house. When the house by its estimate has drawn all that was in it
        # and the top is still warm, something else heats it. The memory is void then: a heat pump that holds
        # the top above resume would keep the miners' heat out for a whole winter.
        f.buffer_takes_heat = known and (self._drawn_wh >= EMPTIED * step_wh or not self._spent)
        f.buffer_held = self._drawn_wh >= HELD * step_wh

    def _recool(self, tick: Tick, f: Facts, wall: WallTime) -> None:
        """Possible (devices and glycol), wanted for protection, allowed for revenue."""
        c = self._p.cooler
        quiet = c.quiet and in_hours(hour_of_day(wall), c.quiet_from_h, c.quiet_to_h)
        warm_enough = f.t_glycol is not None or (
            f.t_outdoor is not None and f.t_outdoor >= c.blind_outdoor_degc
        )
        # Glycol that W2 must not see stops P5, so recooling would be lost in the scan it began: without the
        # margin at the start the valve would be turned to and fro as long as the oil is hot.
        frost = self._p.frost
        edge = frost.glycol_min_degc + (0.0 if f.route_is_recool else frost.clear_k)
        glycol_cold = f.t_glycol is not None and f.t_glycol < edge
        f.recool_possible = (
            f.cooler_ok
            and f.p5_ssm_ok
            and warm_enough
            and not glycol_cold
            and not f.frost_guard
            and not f.route_implausible_latched
        )
        f.oil_wants_recool = self._oil_hot.step(tick, in_=f.t_oil is not None and f.t_oil > c.recool_oil_degc)
        f.oil_calm = f.t_oil is not None and f.t_oil < c.on_degc
        f.recool_allowed = f.recool_possible and c.economic and not f.winter and not quiet
        # Where nobody wants heat outside (winter, quiet hours, no revenue), protection reduces the miners
        # first and keeps all their heat in the house; the fan follows when that was not enough.
        f.recool_for_protection = f.recool_allowed or (f.recool_possible and f.oil_above_limit)
