"""How far a simulated step may go: scan steps around changes, seconds while anything moves, more at rest.

    pace = Pace()
    while loop.t_s < end_s:
        loop.step(pace.next_s(loop))

A year at the full rate is 315 million scans. Nearly all of them would find what the last one found: a plant
at rest, or one that heats steadily. The pace looks at the outputs of the last scan and at the contacts of the
cabinet, never at what is going to happen.
"""

from __future__ import annotations

from typing import Any

from tools.twin.closed_loop import ClosedLoop

SCAN_S = 0.1
MOVING_S = 1.0
STEADY_S = 10.0
REST_S = 20.0

SCANS_FOR_S = 3.0
"""After a contactor or the safety chain switched: feedback and debounce of the flow take up to 2 s."""

SECONDS_FOR_S = 45.0
"""After any other change: P5 runs 15 s before the fan, the second contactor follows 30 s after the first."""

STEADY = frozenset({"HEAT_BUFFER", "HEAT_DHW", "RECOOL"})
REST = frozenset({"STANDBY", "OFF", "FROST"})
SETPOINT_STEP_PCT = 10.0


class Pace:
    """Chooses the next step. One object per run: it remembers the last picture of the plant."""

    def __init__(self) -> None:
        self._contacts: tuple[Any, ...] = ()
        self._picture: tuple[Any, ...] = ()
        self._setpoints = (0.0, 0.0)
        self._scans_until_s = 0.0
        self._seconds_until_s = 0.0

    def next_s(self, loop: ClosedLoop) -> float:
        """Seconds that the next step may take."""
        t = loop.t_s
        image, cabinet = loop.image, loop.rig.cabinet
        contacts = (
            image.p3_on, image.m1_enable, image.m2_enable, cabinet.k10_fb, cabinet.k11_fb,
            cabinet.flow_ok, cabinet.safety_ok, image.reset_lamp,
        )  # fmt: skip
        if contacts != self._contacts:
            self._contacts = contacts
            self._scans_until_s = t + SCANS_FOR_S
        picture = (
            loop.state, contacts, image.cooler_on, image.hp_block, cabinet.grid_block, image.horn,
            image.rv1_a, image.rv1_b, image.rv2_a, image.rv2_b,
        )  # fmt: skip
        if picture != self._picture or self._jumped(image.p4_setpoint_pct, image.p5_setpoint_pct):
            self._picture = picture
            self._seconds_until_s = t + SECONDS_FOR_S
        if t < self._scans_until_s:
            return SCAN_S
        drives = image.rv1_a or image.rv1_b or image.rv2_a or image.rv2_b
        if drives or t < self._seconds_until_s:
            return MOVING_S
        return STEADY_S if loop.state in STEADY else REST_S if loop.state in REST else MOVING_S

    def _jumped(self, p4_pct: float, p5_pct: float) -> bool:
        """A controller that creeps is steady; one that starts, stops or jumps is not."""
        before = self._setpoints
        if abs(p4_pct - before[0]) <= SETPOINT_STEP_PCT and abs(p5_pct - before[1]) <= SETPOINT_STEP_PCT:
            return False
        self._setpoints = (p4_pct, p5_pct)
        return True
