"""Settings of the MQTT link, as the site file states them. Secrets never stand here, only where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar

from plc.blocks.param import Ordered, Param


class Protocol(StrEnum):
    """Version on the wire. Remote commands want MQTT 5: only there a retained command shows as one."""

    AUTO = "auto"  # 5, and 3.1.1 without commands where the broker does not know 5
    V5 = "5"
    V311 = (
        "3.1.1"  # with commands: a retained one is then recognised when it is replayed, not when it is sent
    )


@dataclass(frozen=True, slots=True)
class SmartMeter:
    """A reader of the house meter on the same broker, Tasmota style: JSON on a topic of its own.

    Without a topic there is none. Its power is a source for `grid_meter_w`, import positive.
    """

    topic: Annotated[str, Param("", None, None, "e.g. tele/stromzaehler/SENSOR; empty = no reader")] = ""
    power: Annotated[str, Param("", None, None, "path of the power in the JSON, in W, import positive")] = (
        "SML.Power_curr"
    )
    reverse: Annotated[bool, Param("", None, None, "the reader counts export as positive")] = False
    stale_s: Annotated[float, Param("s", 5, 600, "older than this is not used")] = 30.0
    limit_w: Annotated[float, Param("W", 1000, 100000, "beyond the fuses of the house is no reading")] = (
        30000.0
    )
    step_w: Annotated[
        float, Param("W", 1000, 100000, "a larger jump counts when the next reading confirms it")
    ] = 12000.0


@dataclass(frozen=True, slots=True)
class Mqtt:
    """The MQTT broker on the site server, and what is said and heard there."""

    host: Annotated[str, Param("", None, None, "fixed IP address")]
    port: Annotated[int, Param("", 1, 65535, "8883 with TLS, 1883 without")] = 8883
    user: Annotated[str, Param("", None, None, "account of the controller, empty = anonymous")] = "plc"
    secret: Annotated[str, Param("", None, None, "file with the password (mode 0600) or credential:NAME")] = (
        ""
    )
    ca_file: Annotated[str, Param("", None, None, "certificate of our own authority; empty = no TLS")] = ""
    certificate: Annotated[str, Param("", None, None, "client certificate instead of a password")] = ""
    certificate_key: Annotated[str, Param("", None, None, "its key (mode 0600)")] = ""
    base_topic: Annotated[str, Param("", None, None, "first level of all topics")] = "thermiq"
    protocol: Annotated[Protocol, Param("", None, None, "version of MQTT")] = Protocol.AUTO
    keepalive_s: Annotated[int, Param("s", 5, 120, "a dead line shows after 1.5 times this")] = 15
    commands: Annotated[bool, Param("", None, None, "commands under cmd/ are listened to at all")] = True
    remote_parameters: Annotated[
        bool, Param("", None, None, "parameters declared remote may be changed by command")
    ] = False
    discovery: Annotated[bool, Param("", None, None, "describe the plant to Home Assistant")] = True
    discovery_prefix: Annotated[str, Param("", None, None, "topic prefix of Home Assistant")] = (
        "homeassistant"
    )
    command_entities: Annotated[
        bool, Param("", None, None, "Home Assistant also gets entities that command; needs the second ACL")
    ] = False
    history_h: Annotated[int, Param("h", 0, 72, "minutes of an outage kept for a replay, 0 = none")] = 24
    smart_meter: SmartMeter = field(default_factory=SmartMeter)

    RULES: ClassVar[tuple[Ordered, ...]] = ()
