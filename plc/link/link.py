"""The link as a service: one thread between the last scan and the broker.

The scan leaves its result with one assignment and appends what must not be lost (events, results) to bounded
lists. This thread looks five times a second, publishes what is news, hands commands over and keeps the
connection. It may hang, be slow or die: the scan does not notice, and `mqtt_ok` tells the plant.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping

from plc.blocks.core import NS_PER_S, Tick
from plc.link.alarm_topics import AlarmTopics
from plc.link.attempts import Attempts
from plc.link.broker import End, Line, LineState, Received
from plc.link.certificates import WARN_DAYS, first_of
from plc.link.history import OutageRing
from plc.link.inbox import Inbox, Moment
from plc.link.messages import event_message, heartbeat_message, report_message
from plc.link.number_reader import Numbers
from plc.link.publish import Message, Publisher
from plc.link.site_facts import Site
from plc.link.view import View
from plc.plant.interface import CommandResult, Event, PlantInputs, PlantOutputs

log = logging.getLogger(__name__)

LOOK_S = 0.2
TURN_S = 0.1
HEARTBEAT_S = 10.0
REPORT_S = 60.0
EVENTS_MAX = 200
RESULTS_MAX = 256
HOME_ASSISTANT_PAUSE_S = 2.0


class Link:
    """Service and hand-over of the MQTT link."""

    name = "mqtt"

    def __init__(self, site: Site, numbers: Numbers | None = None) -> None:
        self._site, self._numbers = site, numbers or Numbers()
        root, settings = site.root, site.settings
        self._publisher = Publisher(site.entries, root)
        self._alarms = AlarmTopics(root, german=site.german)
        self._inbox = Inbox(root, site.ports)
        self._ring = OutageRing(site.entries, settings.history_h)
        will = Message(f"{root}/status", "offline")
        self._line = Line(settings, f"thermiq-{site.site_id}-plc", will, site.password, self._received)
        self._attempts = Attempts(self._line, settings)
        self._last: tuple[Tick, PlantInputs, PlantOutputs] | None = None
        self._events: deque[Event] = deque(site.notices, maxlen=EVENTS_MAX)
        self._results: deque[CommandResult] = deque(maxlen=RESULTS_MAX)
        self._greeting: Iterator[Message] | None = None
        self._waiting: Message | None = None
        self._online = False
        self._resend_at_s: float | None = None
        self._looked_s = self._beat_s = 0.0
        self._sequence = 0
        self._sent = 0
        self._connects = 0
        self._certificate: tuple[str, float | None] = ("", None)
        self._reported_s = -REPORT_S
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    # --- called by the scan: assignments and appends only

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Leaves one scan."""
        self._last = (tick, inputs, outputs)
        if outputs.events:
            self._events.extend(outputs.events)
        if outputs.results:
            self._results.extend(outputs.results)

    def restarted(self, now_ns: int, cause: str) -> None:
        """The new plant reports its start itself."""

    def ok(self) -> bool:
        """Connected, and everything said that there is to say."""
        return self._online

    def account_ok(self) -> bool | None:
        """False: the broker refuses the account, or another program uses our name. A person has to act."""
        if self._online:
            return True
        return False if self._attempts.unwelcome else None

    def certificates_ok(self) -> bool | None:
        """False when one of them ends within a month; None without any, or without a clock to tell."""
        days = self._certificate[1]
        return None if days is None else days > WARN_DAYS

    # --- service

    def start(self) -> None:
        """Begins to connect; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Asks to end: says goodbye if there is somebody to say it to."""
        self._ended.set()

    def join(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def health(self) -> Mapping[str, object]:
        """The connection in words and figures."""
        line = self._line
        return {
            "state": "online" if self._online else line.state.value,
            "problem": self._attempts.problem,
            "protocol": "5" if line.five else "3.1.1",
            "commands": self._attempts.takes_commands,
            "connects": self._connects,
            "published": self._sent,
            "denied": line.denied,
            "unacknowledged": line.unacknowledged,
            "outage_minutes": len(self._ring),
            "unanswered_refusals": self._inbox.unanswered,
            "certificate": self._certificate[0],
            "certificate_days": self._certificate[1],
            "too_large": line.too_large,
            **self._numbers.problems(),
        }

    # --- the thread

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._pass()
            except Exception:  # whatever a broker or a library does, this thread goes on
                log.exception("mqtt: fault in the link, connecting anew")
                self._line.drop(End.LOST, "fault in the link")
                self._ended.wait(1.0)
        try:
            self._farewell()
        except Exception:
            log.exception("mqtt: no orderly end")

    def _pass(self) -> None:
        now_s = time.monotonic()
        line = self._line
        if line.state is LineState.DOWN:
            self._offline(now_s)
        else:
            line.turn(TURN_S)
            if line.state is LineState.UP:
                self._connected(now_s)
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._look()

    def _offline(self, now_s: float) -> None:
        """Between two connections: remember why, wait, try again."""
        if self._online or self._greeting is not None or self._line.end is not End.NONE:
            self._online, self._greeting, self._waiting = False, None, None
            self._attempts.ended(now_s)
        if not self._attempts.tried(now_s):
            self._ended.wait(TURN_S)

    def _connected(self, now_s: float) -> None:
        if self._last is None:  # the first scan is not through: nothing to say yet
            return
        if self._greeting is None:
            self._begin(now_s)
        assert self._greeting is not None
        while self._line.room:
            message = self._waiting or next(self._greeting, None)
            if message is None:
                break
            self._waiting = None if self._publish(message) else message
            if self._waiting is not None:
                return
        if self._online:
            self._routine(now_s)

    def _begin(self, now_s: float) -> None:
        """A fresh connection: subscriptions, then everything there is to say."""
        self._connects += 1
        self._attempts.answered()
        self._publisher.forget()
        self._reported_s = now_s - REPORT_S
        self._alarms.forget()
        topics = [f"{self._site.root}/cmd/+"] if self._attempts.takes_commands else []
        if self._site.settings.discovery:
            topics.append(f"{self._site.settings.discovery_prefix}/status")
        self._line.subscribe(topics)
        self._line.subscribe(self._numbers.topics, numbers=True)
        self._look()
        self._greeting = self._everything(now_s)

    def _everything(self, now_s: float) -> Iterator[Message]:
        """One complete greeting; `status online` is its last message."""
        yield from self._site.greeting.messages()
        for message in self._alarm_messages():
            yield message
            self._alarms.sent(message)
        for change in self._publisher.changes(now_s):
            yield change.message
            self._publisher.sent(change)
        yield Message(f"{self._site.root}/status", "online")
        self._online = True
        self._attempts.came_up(now_s)
        self._site.keep("published", self._site.greeting.kept())

    def _routine(self, now_s: float) -> None:
        """What a running connection says: answers first, then news, then signs of life."""
        while self._inbox.replies and self._line.room:
            reply = self._inbox.replies.pop(0)
            self._publish(reply.message, reply.correlation)
        while self._events and self._line.room:
            self._publish(self._event(self._events.popleft()))
        for message in self._alarm_messages():
            if not self._publish(message):
                return
            self._alarms.sent(message)
        for change in self._publisher.changes(now_s):
            if not self._publish(change.message):
                return
            self._publisher.sent(change)
        self._signs_of_life(now_s)

    def _signs_of_life(self, now_s: float) -> None:
        if now_s - self._beat_s >= HEARTBEAT_S:
            self._beat_s = now_s
            self._publish(self._heartbeat())
        if now_s - self._reported_s >= REPORT_S:
            self._reported_s = now_s
            self._publish(report_message(self._site.root, self._moment().shown_s, self._site.self_report()))
        if self._resend_at_s is not None and now_s >= self._resend_at_s:
            self._resend_at_s = None
            message = self._site.greeting.discovery()
            if message is not None:
                self._publish(message)
        batch = self._ring.batch()
        if batch is not None and self._publish(
            Message(f"{self._site.root}/history/{self._sequence}", batch, retain=False)
        ):
            self._ring.sent()

    def _publish(self, message: Message, correlation: bytes = b"") -> bool:
        done = self._line.publish(message, correlation)
        self._sent += done
        return done

    def _look(self) -> None:
        """The newest scan into the tables; the outage ring goes on without a broker."""
        last = self._last
        if last is None:
            return
        tick, inputs, outputs = last
        found = first_of(self._line.certificates, self._moment().unix_s)
        self._certificate = found if found is not None else ("", None)
        view = View(
            tick,
            inputs,
            outputs,
            self._site.scan_report(),
            self._site.extra(),
            self._site.simulated,
            self.health(),
        )
        self._publisher.look(view)
        if not self._online:
            self._ring.look(view)
        while self._results:
            self._inbox.answer(self._results.popleft(), self._moment())

    def _moment(self) -> Moment:
        last = self._last
        if last is None:
            return Moment(time.monotonic(), 0, None, time.time())
        wall = last[1].wall
        unix_s = wall.unix_s if wall.synchronised else None
        return Moment(time.monotonic(), last[0].now_ns, unix_s, time.time() if unix_s is None else unix_s)

    def _received(self, received: Received) -> None:
        """In `turn`, so in this thread."""
        if received.topic.startswith(f"{self._site.root}/cmd/"):
            self._inbox.take(received, self._moment())
        elif received.topic in self._numbers.topics:
            if not received.retained:  # of unknown age
                self._numbers.take(received.topic, received.payload, self._moment().plant_ns)
        elif received.payload == b"online":
            self._resend_at_s = time.monotonic() + HOME_ASSISTANT_PAUSE_S

    def _alarm_messages(self) -> list[Message]:
        if self._last is None:
            return []
        return self._alarms.messages(self._last[2].status, self._moment().shown_s)

    def _event(self, event: Event) -> Message:
        last = self._last
        behind_s = (last[0].now_ns - event.now_ns) / NS_PER_S if last is not None and event.now_ns else 0.0
        return event_message(self._site.root, event, self._moment().shown_s - behind_s)

    def _heartbeat(self) -> Message:
        self._sequence += 1
        shown_s, report = self._moment().shown_s, self._site.scan_report()
        return heartbeat_message(self._site.root, self._site.boot, self._sequence, shown_s, report)

    def _farewell(self) -> None:
        if self._line.state is LineState.UP:
            self._line.publish(Message(f"{self._site.root}/status", "offline"))
        self._line.leave(0.5)
        self._online = False
