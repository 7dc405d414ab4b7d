"""Requests from outside as leases: they count for a while, then the local rule returns.

A remote request can only choose inside what protection, key switch and grid operator leave. It never
outlives its sender: without refreshing it expires, and it dies with a hard trip, so that nothing starts
again unasked.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick, ns
from plc.plant.interface import Command
from plc.plant.parameters import Parameters


class Requests(Block):
    """Power request and remote OFF.

    step(tick, commands) takes this scan's commands. Outputs: power_w (what is asked for now), source
    ("parameter" or the sender), remote_off, ack (an acknowledge command came in this scan).
    """

    __slots__ = ("_lease_until_ns", "_lease_w", "_off_until_ns", "_p", "_ttl_ns", "ack", "source")

    STATE = ("_lease_until_ns", "_lease_w", "_off_until_ns", "ack", "source")

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        self._ttl_ns = ns(parameters.fallback.request_ttl_s)
        self._lease_w = 0.0
        self._lease_until_ns = -1
        self._off_until_ns = -1
        self.source = "parameter"
        self.ack = False

    def step(self, tick: Tick, commands: tuple[Command, ...]) -> float:
        self.ack = False
        for command in commands:
            self._take(tick, command)
        if tick.now_ns < self._lease_until_ns:
            return self._lease_w
        self.source = "parameter"
        return self._p.request.power_w

    def remote_off(self, tick: Tick) -> bool:
        return tick.now_ns < self._off_until_ns

    def drop(self) -> None:
        """Forgets the lease: after a hard trip only a fresh request counts."""
        self._lease_until_ns = -1

    def _take(self, tick: Tick, command: Command) -> None:
        if command.expires_ns is not None and command.expires_ns <= tick.now_ns:
            return
        longest = tick.now_ns + self._ttl_ns
        until = longest if command.expires_ns is None else min(command.expires_ns, longest)
        value = command.value
        if command.name == "power_request" and isinstance(value, (int, float)) and value >= 0:
            self._lease_w = float(value)
            self._lease_until_ns = until
            self.source = command.source
        elif command.name == "mode_request" and value in ("off", "auto"):
            self._off_until_ns = until if value == "off" else -1
        elif command.name == "ack":
            self.ack = True
