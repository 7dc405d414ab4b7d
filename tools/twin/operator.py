"""The scripted operator: turns the key, presses what a person would press, and nothing else.

He presses the reset of the safety relay when its lamp asks for it, after the time a person needs; a
scenario can take that from him. Acknowledging is always a step of the script: a fault that clears
itself would hide what the program does while nobody comes.
"""

from __future__ import annotations

from tools.twin.cabinet import Cabinet

PRESS_S = 0.5


class Operator:
    """key: "off", "auto", "maint" or "fault" (both contacts). resets: presses reset when asked."""

    __slots__ = ("_ack_s", "_asked_s", "_cabinet", "_reset_s", "pressed_resets", "reaction_s", "resets")

    def __init__(self, cabinet: Cabinet, *, reaction_s: float = 5.0) -> None:
        self._cabinet = cabinet
        self.reaction_s = reaction_s
        self.resets = True
        self.pressed_resets = 0
        self._asked_s = self._ack_s = self._reset_s = 0.0

    def turn_key(self, position: str) -> None:
        """Key switch -S11."""
        cabinet = self._cabinet
        cabinet.mode_auto = position in ("auto", "fault")
        cabinet.mode_maint = position in ("maint", "fault")

    def acknowledge(self) -> None:
        """Presses -S10 for half a second."""
        self._ack_s = PRESS_S

    def press_reset(self) -> None:
        """Presses the safety reset for half a second."""
        self._reset_s = PRESS_S
        self.pressed_resets += 1

    def step(self, dt_s: float) -> None:
        """Moves his hands."""
        cabinet = self._cabinet
        cabinet.ack_pb = self._ack_s > 0.0
        if cabinet.ack_pb:
            self._ack_s -= dt_s
        if cabinet.reset_lamp:
            self._asked_s += dt_s
            if self.resets and self._reset_s <= 0.0 and self._asked_s >= self.reaction_s:
                self.press_reset()
                self._asked_s = 0.0
        else:
            self._asked_s = 0.0
        cabinet.reset_pb = self._reset_s > 0.0
        if cabinet.reset_pb:
            self._reset_s -= dt_s
