"""The attempts to reach the broker: when the next one is made and how, and why the last one ended."""

from __future__ import annotations

import logging

from plc.link.backoff import Backoff
from plc.link.broker import End, Line
from plc.link.settings import Mqtt, Protocol

log = logging.getLogger(__name__)


class Attempts:
    """Of one line. problem: why there is no connection, "" while there is one."""

    def __init__(self, line: Line, settings: Mqtt) -> None:
        self._line, self._settings = line, settings
        self._backoff = Backoff()
        self._refused = False
        self._knows_five = False
        self.problem = ""

    @property
    def unwelcome(self) -> bool:
        """The broker refuses the account, or another program uses our name."""
        return self._refused or self._backoff.contested

    @property
    def takes_commands(self) -> bool:
        """Not after a fallback: without MQTT 5 a retained command looks like a fresh one."""
        return self._settings.commands and (self._line.five or self._settings.protocol is Protocol.V311)

    def tried(self, now_s: float) -> bool:
        """Connects if it is time to; False when it is not."""
        if now_s < self._backoff.next_s:
            return False
        self._line.connect()
        self._backoff.tried(now_s)
        return True

    def answered(self) -> None:
        """The broker has taken this connection, in its version."""
        self._knows_five = self._knows_five or self._line.five

    def came_up(self, now_s: float) -> None:
        """Everything is said that there was to say."""
        self.problem, self._refused = "", False
        self._backoff.came_up(now_s)

    def ended(self, now_s: float) -> None:
        """A connection or an attempt is over: remembers why, and plans the next one."""
        end, problem = self._line.end, self._line.problem
        if self._settings.protocol is Protocol.AUTO and self._other_protocol(end):
            self._backoff.soon(now_s)
        else:
            self._backoff.ended(end, now_s)
        self._refused = end is End.REFUSED or (self._refused and end is End.UNREACHABLE)
        if self._backoff.contested:
            problem = f"thrown out again and again ({problem}): does another program use this client id?"
        if problem and problem != self.problem:
            log.warning("mqtt: %s", problem)
        self.problem = problem or self.problem
        self._line.end = End.NONE

    def _other_protocol(self, end: End) -> bool:
        """Chooses the version of the next attempt; True when it is worth making at once.

        Some old brokers say that they do not know MQTT 5, some say nothing. One that has spoken it in this
        run and says nothing is full or frozen, and commands must not be lost over that.
        """
        line = self._line
        if end is End.UNSUPPORTED and line.five:
            log.warning("mqtt: the broker does not know MQTT 5; 3.1.1 from now on, without commands")
            line.five = False
            return True
        if end is End.SILENT and not self._knows_five:
            line.five = not line.five
            return not line.five
        return False
