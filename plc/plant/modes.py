"""Operating mode: the key switch rules, remote may only choose OFF or AUTO inside key position AUTO."""

from __future__ import annotations

from enum import StrEnum

from plc.blocks.core import Block


class Mode(StrEnum):
    """What the plant is allowed to do."""

    OFF = "off"
    AUTO = "auto"
    MAINT = "maint"
    KEY_FAULT = "key_fault"  # both contacts closed: nobody knows what the person wants


class ModeSelect(Block):
    """Mode from the key switch and the remote wish.

    step(auto=, maint=, healthy=, remote_off=) -> Mode. With the input module not healthy the last
    position stands: a broken cable to the module is not an order of a person.
    """

    __slots__ = ("key", "mode")

    STATE = ("key", "mode")

    def __init__(self) -> None:
        self.key = Mode.OFF
        self.mode = Mode.OFF

    def step(self, *, auto: bool, maint: bool, healthy: bool, remote_off: bool) -> Mode:
        if healthy:
            if auto and maint:
                self.key = Mode.KEY_FAULT
            elif maint:
                self.key = Mode.MAINT
            elif auto:
                self.key = Mode.AUTO
            else:
                self.key = Mode.OFF
        self.mode = Mode.OFF if self.key is Mode.AUTO and remote_off else self.key
        return self.mode
