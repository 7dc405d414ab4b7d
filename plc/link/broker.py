"""The line to the broker: the only module that knows paho, used by one thread only.

No thread of paho's own, no queue of paho's that could grow: what is unacknowledged is counted and bounded,
and nothing is handed over without a CONNACK. A broker that is absent, frozen, slow or full costs at most the
time of this thread. Every way a connection ends comes out as a word and a sentence in `state` and `problem`.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from plc.link.certificates import Ending, ends_of, last_of_file, of_file
from plc.link.publish import Message
from plc.link.settings import Mqtt, Protocol

log = logging.getLogger(__name__)

WINDOW = 100
"""Unacknowledged messages at most: a frozen broker costs this much memory and not more."""

PACKET_TOLD_MAX = 268_435_455
"""Size of a message that MQTT itself allows: a broker that tells nothing takes this."""

PACKET_MAX = 65536  # nobody needs to send us more; the broker drops it before it reaches our memory
CONNECT_S = 1.8
ANSWER_S = 5.0
"""A broker that lives answers a greeting in milliseconds; the keep-alive would wait half a minute for it."""

BROKER = "broker"
HEADER_MAX = 64  # fixed header, lengths, id and properties of a message, generously
UNSUPPORTED, BAD_PASSWORD, NOT_AUTHORISED, TAKEN_OVER = 132, 134, 135, 142


class LineState(StrEnum):
    """Where the connection stands."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"


class End(StrEnum):
    """How a connection ended, or why none came about."""

    NONE = ""
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # wrong password, account unknown
    SILENT = "silent"  # the connection stands and nobody says anything: full, frozen, or another protocol
    UNSUPPORTED = "unsupported"  # the broker does not know this version of MQTT
    TLS = "tls"
    TAKEN_OVER = "taken_over"  # somebody else uses our client id
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Received:
    """One message from the broker."""

    topic: str
    payload: bytes
    retained: bool
    response_topic: str = ""
    correlation: bytes = b""


class Line:
    """One client. Call `connect`, then `turn` again and again from the same thread.

    password: reads the secret at every connect, so that a new one needs no restart; raises OSError-like
    exceptions that are shown, never the secret. received: called inside `turn`.
    """

    def __init__(
        self,
        settings: Mqtt,
        client_id: str,
        will: Message,
        password: Callable[[], str],
        received: Callable[[Received], None],
    ) -> None:
        self._settings, self._client_id, self._will = settings, client_id, will
        self._password, self._received = password, received
        self._client: paho.Client | None = None
        self._asked_s = 0.0
        self._waiting: set[int] = set()
        self._ended = False
        self.five = settings.protocol is not Protocol.V311
        self.state = LineState.DOWN
        self.end = End.NONE
        self.problem = ""
        self.denied = 0
        self.certificates: list[Ending] = []  # read anew at every connect: they may have been renewed
        self.packet_max = PACKET_TOLD_MAX
        self.too_large = ""

    @property
    def room(self) -> bool:
        """Whether another message may be handed over."""
        return self.state is LineState.UP and len(self._waiting) < WINDOW

    @property
    def unacknowledged(self) -> int:
        return len(self._waiting)

    def connect(self) -> None:
        """One attempt; ends in CONNECTING or, with a reason, in DOWN. Takes CONNECT_S at most."""
        self._waiting.clear()
        self.end, self.problem, self._ended = End.NONE, "", False
        self._read_certificates()
        try:
            client = self._make()
            self._client = client
            self.state = LineState.CONNECTING
            self._asked_s = time.monotonic()
            if self.five:
                properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                properties.MaximumPacketSize = PACKET_MAX
                client.connect(
                    self._settings.host,
                    self._settings.port,
                    self._settings.keepalive_s,
                    clean_start=True,
                    properties=properties,
                )
            else:
                client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)
        except ssl.SSLError as error:
            self._down(End.TLS, f"TLS: {error.reason or error}")
        except (OSError, ValueError) as error:
            self._down(End.UNREACHABLE, f"{self._settings.host}:{self._settings.port}: {error}")

    def _read_certificates(self) -> None:
        s = self._settings
        broker = [found for found in self.certificates if found.whose == BROKER]
        self.certificates = [
            *last_of_file("authority", s.ca_file),
            *of_file("own", s.certificate),
            *broker,
        ]

    def _make(self) -> paho.Client:
        s = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self.five else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self.five else True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.suppress_exceptions = True  # one bad message must not end the line
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(WINDOW)
        # Registered before connecting: otherwise the first connection has no will.
        client.will_set(self._will.topic, self._will.payload, self._will.qos, self._will.retain)
        if s.user:
            client.username_pw_set(s.user, self._password() if s.secret else None)
        if s.ca_file:
            client.tls_set(
                ca_certs=s.ca_file,
                certfile=s.certificate or None,
                keyfile=s.certificate_key or None,
            )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def turn(self, seconds: float) -> None:
        """Reads, writes and keeps alive for at most this long."""
        client = self._client
        if client is None or self.state is LineState.DOWN:
            return
        code = client.loop(seconds)
        connecting = self.state is LineState.CONNECTING
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._ended:
            if connecting and self.end is End.LOST:  # whatever the words are, it never was a connection
                self.end, self.problem = End.SILENT, "the broker ended the connection without an answer"
            self._down(End.LOST, paho.error_string(code))
        elif connecting and time.monotonic() - self._asked_s > ANSWER_S:
            self._down(End.SILENT, f"no answer from the broker within {ANSWER_S:.0f} s")

    def subscribe(self, topics: list[str], *, numbers: bool = False) -> None:
        """Old retained messages are not wanted; a new command must be recognisable as retained.

        numbers: of other devices, many of which retain what they publish. To MQTT 5 a new one is as good as
        any; with 3.1.1 only an old one is marked.
        """
        if self._client is None or not topics:
            return
        if self.five:
            options = SubscribeOptions(qos=1, noLocal=True, retainAsPublished=not numbers, retainHandling=2)
            self._client.subscribe([(topic, options) for topic in topics])
        else:
            self._client.subscribe([(topic, 1) for topic in topics])

    def publish(self, message: Message, correlation: bytes = b"") -> bool:
        """Hands a message over; False when it has to wait."""
        if not self.room or self._client is None:
            return False
        if len(message.topic) + len(message.payload.encode()) + HEADER_MAX > self.packet_max:
            # The broker would end the connection for it, again after every reconnect.
            self.too_large = f"{message.topic}: larger than the {self.packet_max} bytes that the broker takes"
            return True
        properties = None
        if correlation and self.five:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.CorrelationData = correlation
        info = self._client.publish(
            message.topic, message.payload, message.qos, message.retain, properties=properties
        )
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        if message.qos and not info.is_published():
            self._waiting.add(info.mid)
        return True

    def leave(self, seconds: float) -> None:
        """Disconnects in order, after what is unacknowledged has had its time."""
        client = self._client
        if client is not None and self.state is LineState.UP:
            for _ in range(max(1, int(seconds / 0.05))):
                if not self._waiting or self.state is not LineState.UP:
                    break
                self.turn(0.05)
            client.disconnect()
            client.loop(0.05)
        self._down(End.NONE, "")

    def drop(self, end: End, problem: str) -> None:
        """Gives the connection up."""
        self._down(end, problem)

    def _down(self, end: End, problem: str) -> None:
        self.state = LineState.DOWN
        if end is not End.NONE and self.end is End.NONE:
            self.end, self.problem = end, problem
        client, self._client = self._client, None
        self._waiting.clear()
        if client is not None:
            client.on_disconnect = None
            sock = client.socket()
            if sock is not None:
                sock.close()

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, props: Any) -> None:
        if not reason.is_failure:
            self.state = LineState.UP
            self.packet_max = getattr(props, "MaximumPacketSize", PACKET_TOLD_MAX)
            self.too_large = ""
            self._look_at_certificate(client)
            return
        end = End.REFUSED if reason.value in (BAD_PASSWORD, NOT_AUTHORISED) else End.UNREACHABLE
        if reason.value == UNSUPPORTED:
            end = End.UNSUPPORTED
        self.end, self.problem = end, f"broker refused the connection: {reason}"

    def _look_at_certificate(self, client: paho.Client) -> None:
        sock = client.socket()
        der = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
        if der:
            kept = [found for found in self.certificates if found.whose != BROKER]
            with contextlib.suppress(ValueError):  # TLS has accepted it; an odd date must not end the line
                kept.append(Ending(BROKER, ends_of(der)))
            self.certificates = kept

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
        """May come twice for one end, and after a refusal: the first cause counts."""
        if self.end is End.NONE and reason.value == TAKEN_OVER:
            self.end, self.problem = End.TAKEN_OVER, f"another client uses the id {self._client_id}"
        elif self.end is End.NONE:
            self.end, self.problem = End.LOST, str(reason)
        self._ended = True

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _props: Any) -> None:
        self._waiting.discard(mid)
        if reason.is_failure:
            self.denied += 1
            if self.denied in (1, 10, 100, 1000):
                log.warning(
                    "mqtt: broker refused a message (%s), %d so far: check the ACL", reason, self.denied
                )

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        response, correlation = "", b""
        if self.five and message.properties is not None:
            response = str(getattr(message.properties, "ResponseTopic", ""))
            correlation = bytes(getattr(message.properties, "CorrelationData", b""))[:64]
        self._received(
            Received(message.topic, bytes(message.payload), bool(message.retain), response, correlation)
        )
