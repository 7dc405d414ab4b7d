"""Alarms on MQTT: one retained JSON per standing alarm, and nothing where there is none."""

from __future__ import annotations

from plc.link.payload import iso, json_of
from plc.link.publish import Message
from plc.plant.alarm_table import ALARMS
from plc.plant.alarm_texts import TEXTS
from plc.plant.interface import PlantStatus

PRIORITY = {alarm.id: alarm.priority for alarm in ALARMS}


class AlarmTopics:
    """messages(status, unix_s) gives what differs from what was published; `sent` remembers.

    At the start of the program every alarm may still stand on the broker from the run before, so each one
    that does not stand is deleted once.
    """

    def __init__(self, root: str, *, german: bool) -> None:
        self._root, self._german = root, german
        self._published: dict[str, str | None] = dict.fromkeys(PRIORITY)
        self._since: dict[str, float] = {}

    def messages(self, status: PlantStatus, unix_s: float) -> list[Message]:
        """Deletions and news, in the order of the alarm table."""
        found = []
        standing = set(status.alarms)
        for name in [name for name in self._since if name not in standing]:
            del self._since[name]
        for name in status.alarms:
            self._since.setdefault(name, unix_s)
        for name in PRIORITY:
            payload = self._payload(name, status) if name in standing else ""
            if self._published[name] != payload:
                found.append(Message(f"{self._root}/alarm/{name.lower().replace('-', '_')}", payload))
        return found

    def sent(self, message: Message) -> None:
        """A message is on its way."""
        name = message.topic.rpartition("/")[2].upper().replace("_", "-")
        self._published[name] = message.payload

    def forget(self) -> None:
        """After a new connection everything that stands is said again; what is gone stays deleted."""
        for name, payload in self._published.items():
            if payload:
                self._published[name] = None

    def _payload(self, name: str, status: PlantStatus) -> str:
        text = TEXTS[name]
        shelved, acknowledged = name in status.alarms_shelved, name not in status.alarms_unacked
        return json_of(
            {
                "id": name,
                "state": "shelved" if shelved else "acked" if acknowledged else "active",
                "since": iso(self._since[name]),
                "severity": PRIORITY[name],
                "text": text.cause_de if self._german else text.cause_en,
                "effect": text.effect_de if self._german else text.effect_en,
                "action": text.action_de if self._german else text.action_en,
            }
        )
