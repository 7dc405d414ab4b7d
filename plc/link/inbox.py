"""From a message under cmd/ to an action and an answer.

Refuses what the envelope, the table or the site forbids; hands the rest to the plant, to the data for the
decision or to the stored parameters. Whatever happens to a command, there is one result and one line in the
audit log; only a flood of refusals is counted instead of answered one by one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from plc.blocks.core import ns
from plc.link.broker import Received
from plc.link.commands import COMMANDS, Goal
from plc.link.envelope import Gate, Refusal, Request
from plc.link.payload import iso, json_of
from plc.link.publish import Message
from plc.link.remote_parameters import RemoteParameters
from plc.plant.changes import COMMAND as PARAMETER
from plc.plant.changes import WrongValueError
from plc.plant.interface import Command, CommandResult

REFUSALS_PER_MINUTE = 60
PENDING_MAX = 256
QUEUE_MAX = 32


class Moment(NamedTuple):
    """Now, on every clock that matters.

    unix_s: the plant's wall clock, None while it is not synchronised. shown_s: what a time stamp says, the
    machine's own idea if there is nothing better.
    """

    monotonic_s: float
    plant_ns: int
    unix_s: int | None
    shown_s: float


class Reply(NamedTuple):
    """A result on its way. correlation: of a sender who asked for a copy on a topic of his own."""

    message: Message
    correlation: bytes = b""


@dataclass(slots=True)
class Ports:
    """Where commands go. plant: False when its queue is full. market: takes data by the name of its command,
    or raises WrongValueError. audit: one line per command. keep_parameters: False when what was changed could
    not be stored.
    """

    plant: Callable[[Command], bool]
    market: Callable[[str, Any], None]
    audit: Callable[[dict[str, Any]], None]
    parameters: RemoteParameters | None = None
    keep_parameters: Callable[[], bool] = lambda: True


class _Asked(NamedTuple):
    """A command that the plant has not answered yet. said: the message; value: what the plant was told."""

    said: Received
    value: Any


class Inbox:
    """take(received, moment) for every message, answer(result, moment) for every result of the plant."""

    def __init__(self, root: str, ports: Ports) -> None:
        self._root, self._ports = root, ports
        self._gate = Gate()
        self._waiting: OrderedDict[tuple[str, str], _Asked] = OrderedDict()
        self._refusals: list[float] = []
        self.replies: list[Reply] = []
        self.unanswered = 0

    def take(self, received: Received, moment: Moment) -> None:
        """One message on a command topic."""
        name = received.topic.rpartition("/")[2]
        if not received.payload:
            return  # a retained command is being removed, by somebody or by us: MQTT 3.1.1 returns our own
        kind = COMMANDS.get(name)
        found, identity, source = self._gate.take(
            name if kind else "unknown",
            received.payload,
            retained=received.retained,
            now_s=moment.monotonic_s,
            unix_s=moment.unix_s,
            data=kind is not None and kind.data,
        )
        if received.retained:
            # Left on the broker it would come back to everyone who subscribes; an empty one deletes it.
            self.replies.append(Reply(Message(received.topic, "")))
        if kind is None:
            found = Refusal("invalid", "unknown command")
            name = "unknown"
        if isinstance(found, Refusal):
            self._refuse(name, found, identity, source, received, moment)
            return
        self._act(name, found, received, moment)

    def answer(self, result: CommandResult, moment: Moment) -> None:
        """The plant has decided about one of its commands."""
        asked = self._waiting.pop((result.source, result.id), None)
        reason, value = result.reason, None if asked is None else asked.value
        if result.name == PARAMETER and result.ok:
            reason = self._store(result.source, value, moment)
        said = None if asked is None else asked.said
        self._reply(result.name, result.id, result.source, result.code, reason, said, moment, value)

    def _act(self, name: str, request: Request, received: Received, moment: Moment) -> None:
        kind = COMMANDS[name]
        parameters = self._ports.parameters
        code, reason = "applied", ""
        try:
            if kind.goal is Goal.PLANT:
                self._to_plant(request, request.value, received, moment)
                return
            if kind.goal is Goal.MARKET:
                self._ports.market(name, request.value)
            elif parameters is not None:
                path, new = parameters.wanted(request.value)
                self._to_plant(request, {"name": path, "value": new}, received, moment)
                return
            else:
                code = "not_allowed"
                reason = "this site does not take parameters from afar (mqtt.remote_parameters)"
        except WrongValueError as error:
            code, reason = "invalid", str(error)
        self._reply(name, request.id, request.source, code, reason, received, moment, request.value)

    def _to_plant(self, request: Request, value: Any, received: Received, moment: Moment) -> None:
        command = Command(
            name=request.name,
            value=value,
            source=request.source,
            received_ns=moment.plant_ns,
            expires_ns=moment.plant_ns + ns(request.ttl_s),
            id=request.id,
            reason=request.reason,
        )
        if not self._ports.plant(command):
            refusal = Refusal("busy", "too many commands are waiting")
            self._refuse(request.name, refusal, request.id, request.source, received, moment)
            return
        self._waiting[(request.source, request.id)] = _Asked(received, value)
        if len(self._waiting) > PENDING_MAX:
            self._waiting.popitem(last=False)

    def _store(self, source: str, value: Any, moment: Moment) -> str:
        """A change that the plant has taken; returns what the sender should know about it."""
        parameters = self._ports.parameters
        if parameters is None or value is None:  # its question was pushed out by hundreds of others
            return "in force until the next start of the program"
        parameters.taken(value["name"], value["value"], source=source, unix_s=moment.unix_s or 0)
        if not self._ports.keep_parameters():
            return "in force until the next start of the program: it could not be stored"
        return "in force and stored"

    def _refuse(
        self, name: str, refusal: Refusal, identity: str, source: str, received: Received, moment: Moment
    ) -> None:
        self._refusals = [t for t in self._refusals if moment.monotonic_s - t < 60.0]
        if len(self._refusals) >= REFUSALS_PER_MINUTE:
            self.unanswered += 1
            return
        self._refusals.append(moment.monotonic_s)
        self._reply(name, identity, source, refusal.code, refusal.reason, received, moment, None)

    def _reply(
        self,
        name: str,
        identity: str,
        source: str,
        code: str,
        reason: str,
        received: Received | None,
        moment: Moment,
        value: Any,
    ) -> None:
        content = {
            "id": identity,
            "ok": code == "applied",
            "code": code,
            "reason": reason,
            "src": source,
            "ts": iso(moment.shown_s),
        }
        payload = json_of(content)
        topic = f"{self._root}/result/{name}"
        self.replies.append(Reply(Message(topic, payload, retain=False)))
        asked = received.response_topic if received is not None else ""
        if received is not None and asked.startswith(f"{self._root}/result/") and asked != topic:
            # Only below our own results: otherwise a client could make us publish anywhere.
            self.replies.append(Reply(Message(asked, payload, retain=False), received.correlation))
        said = received.payload[:512].decode("utf-8", "replace") if received is not None else ""
        self._ports.audit({"command": name, **content, "value": value, "said": said})
