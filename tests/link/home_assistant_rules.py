"""What Home Assistant 2024.11 to 2026.11 refuses, drops or misreads in a device discovery message.

Each rule was found with a real Home Assistant; what it does with a fault is the worst of these versions: the
whole message lost, an entity lost, or an entity that shows nonsense. `faults` returns sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TOP = {
    "device", "origin", "components", "availability", "availability_mode", "availability_topic",
    "payload_available", "payload_not_available", "state_topic", "command_topic", "qos", "encoding",
}  # fmt: skip
"""Newer versions know more; with any of these an older one loses the whole message."""

DEVICE = {
    "identifiers", "connections", "name", "manufacturer", "model", "model_id", "hw_version", "sw_version",
    "serial_number", "suggested_area", "configuration_url", "via_device",
}  # fmt: skip
ANY = {
    "platform", "unique_id", "name", "availability", "availability_mode", "entity_category", "icon", "qos",
    "enabled_by_default", "default_entity_id", "encoding", "device_class",
}  # fmt: skip
KEYS = {
    "sensor": {"state_topic", "unit_of_measurement", "state_class", "suggested_display_precision",
               "expire_after", "options", "value_template", "last_reset_value_template", "force_update"},
    "binary_sensor": {"state_topic", "payload_on", "payload_off", "expire_after", "off_delay",
                      "value_template"},
    "event": {"state_topic", "event_types", "value_template"},
    "select": {"state_topic", "command_topic", "command_template", "options", "optimistic", "retain",
               "value_template"},
    "number": {"state_topic", "command_topic", "command_template", "min", "max", "step", "mode", "optimistic",
               "retain", "unit_of_measurement", "value_template"},
    "switch": {"state_topic", "command_topic", "command_template", "payload_on", "payload_off", "state_on",
               "state_off", "optimistic", "retain", "value_template"},
    "button": {"command_topic", "command_template", "payload_press", "retain"},
}  # fmt: skip
REQUIRED = {
    "sensor": {"state_topic"}, "binary_sensor": {"state_topic"}, "event": {"state_topic", "event_types"},
    "select": {"command_topic", "options"}, "number": {"command_topic"}, "switch": {"command_topic"},
    "button": {"command_topic"},
}  # fmt: skip
UNITS = {
    "temperature": {"°C", "°F", "K"}, "power": {"W", "kW", "MW"}, "energy": {"Wh", "kWh", "MWh"},
    "battery": {"%"}, "duration": {"d", "h", "min", "s", "ms"}, "volume_flow_rate": {"L/min", "m³/h"},
    "pressure": {"bar", "mbar", "Pa", "hPa"}, "voltage": {"V", "mV"}, "current": {"A", "mA"},
    "frequency": {"Hz", "kHz"},
}  # fmt: skip
BINARY_CLASSES = {
    "safety",
    "problem",
    "connectivity",
    "running",
    "power",
    "heat",
    "cold",
    "moving",
    "opening",
}
COMMANDING = {"select", "number", "switch", "button"}


def faults(topic: str, body: dict[str, Any], *, commands: bool) -> Iterator[str]:
    """Everything wrong with one message. commands: whether this site wants entities that command."""
    if not re.fullmatch(r"[a-z0-9_]+/device/[A-Za-z0-9_-]+/config", topic):
        yield f"topic {topic}"
    yield from (f"unknown top-level key {key}: the whole message is lost" for key in body.keys() - TOP)
    if "name" not in body.get("origin", {}):
        yield "origin without name: the whole message is lost"
    device = body.get("device", {})
    if not device.get("identifiers") and not device.get("connections"):
        yield "device without identifiers"
    yield from (f"unknown device key {key}" for key in device.keys() - DEVICE)
    identities = [component.get("unique_id") for component in body.get("components", {}).values()]
    if None in identities:
        yield "a component without unique_id: the whole message is lost"
    if len(identities) != len(set(identities)):
        yield "a unique_id twice"
    names = [component.get("name") for component in body["components"].values()]
    yield from (f"the name {name!r} twice" for name in {n for n in names if names.count(n) > 1})
    for key, component in body["components"].items():
        for fault in of_component(component, commands=commands):
            yield f"{key}: {fault}"


def of_component(body: dict[str, Any], *, commands: bool) -> Iterator[str]:
    platform = body.get("platform", "")
    if platform not in KEYS:
        yield f"platform {platform!r}"
        return
    if platform in COMMANDING and not commands:
        yield "commands although the site is read-only"
    unknown = body.keys() - KEYS[platform] - ANY
    yield from (f"unknown key {key}: silently dropped" for key in unknown)
    yield from (f"no {key}" for key in REQUIRED[platform] - body.keys())
    if not body.get("name"):
        yield "no name"
    if "object_id" in body or "~" in body:
        yield "object_id and ~ are gone"
    category = body.get("entity_category")
    if category not in (
        (None, "diagnostic")
        if platform in ("sensor", "binary_sensor", "event")
        else (None, "diagnostic", "config")
    ):
        yield f"entity_category {category} is refused"
    if body.get("retain"):
        yield "a retained command comes back after every restart"
    if body.get("optimistic"):
        yield "shows what was asked, not what is"
    yield from {"sensor": _sensor, "binary_sensor": _binary, "number": _number}.get(platform, _nothing)(body)


def _nothing(body: dict[str, Any]) -> Iterator[str]:
    del body
    yield from ()


def _sensor(body: dict[str, Any]) -> Iterator[str]:
    kind, unit, state = body.get("device_class"), body.get("unit_of_measurement"), body.get("state_class")
    if kind == "enum":
        if not body.get("options") or unit or state:
            yield "enum needs options, and neither unit nor state_class"
    elif "options" in body:
        yield "options without enum"
    elif kind is not None and unit not in UNITS.get(kind, set()):
        yield f"{kind} in {unit}: refused"
    if kind == "energy" and state not in ("total", "total_increasing"):
        yield "energy without a total: no statistics"
    if kind in ("power", "temperature") and state != "measurement":
        yield "no statistics"
    precision = body.get("suggested_display_precision", 0)
    if not isinstance(precision, int) or precision < 0:
        yield "precision"
    if not isinstance(body.get("expire_after"), int) or body["expire_after"] < 60:
        yield "never expires, or with every heartbeat"


def _binary(body: dict[str, Any]) -> Iterator[str]:
    if {body.get("payload_on"), body.get("payload_off")} != {"true", "false"}:
        yield "payloads other than what is published"
    kind = body.get("device_class")
    if kind is not None and kind not in BINARY_CLASSES:
        yield f"device class {kind}"
    if kind in ("safety", "problem") and body.get("payload_on") != "false":
        yield f"{kind}: `on` would show a healthy plant as bad"


def _number(body: dict[str, Any]) -> Iterator[str]:
    if not body.get("min", 1) < body.get("max", 100):
        yield "no range"
    if body.get("step", 1) < 0.001:
        yield "step below 0.001"
