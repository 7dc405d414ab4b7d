"""Home Assistant device discovery: one retained message that describes the plant, made from the catalogue.

Valid from 2024.11 on, so nothing that only newer versions know and no shortcut that some refuse. Home
Assistant shows; it holds no logic. Entities that command exist only where the site asks for them, and then
they send what every other sender sends: an envelope with id, source and lifetime.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from plc import __version__
from plc.link.entry import Entry, Type
from plc.plant.arbitration import BLOCK_WISHES

UNITS: dict[str, tuple[str, str | None]] = {
    "degC": ("°C", "temperature"),
    "W": ("W", "power"),
    "kWh": ("kWh", "energy"),
    "s": ("s", "duration"),
    "h": ("h", "duration"),
    "d": ("d", "duration"),
    "ms": ("ms", "duration"),
    "pct": ("%", None),
    "TH/s": ("TH/s", None),
    "K": ("K", None),
    "ct/kWh": ("ct/kWh", None),
    "EUR/h": ("EUR/h", None),
    "EUR": ("EUR", None),
    "EUR/kWh": ("EUR/kWh", None),
}
"""Our unit -> theirs, and the device class that goes with it. A unit without its class is a plain number."""

SAFETY_SIGNALS = {"safety_ok", "estop1_ok", "estop2_ok", "flow_ok", "temp_max_ok"}
PROBLEM_SIGNALS = {"cooler_ok", "p4_ssm_ok", "p5_ssm_ok", "dio_ok", "aio_ok"}
EXPIRES_AFTER_HEARTBEATS = 3
LEASE_S = 300

COMMAND_NAMES = {
    "power_request": ("Leistung vorgeben", "Request power"),
    "hp_block_request": ("Wärmepumpe vorgeben", "Request heat pump"),
    "mode_request": ("Betriebsart vorgeben", "Request mode"),
    "season": ("Jahreszeit vorgeben", "Override season"),
    "ack": ("Alarme quittieren", "Acknowledge alarms"),
}

EVENT_TYPES = ("raised", "cleared", "acknowledged", "gone", "shelved", "unshelved")
SEASONS = ("winter", "transition", "summer", "auto")


@dataclass(frozen=True, slots=True)
class About:
    """The site as a device. commands: command entities too. parameters: those that may be changed."""

    site_id: str
    name: str
    root: str
    prefix: str
    german: bool
    commands: bool = False
    parameters: bool = False
    power_max_w: float = 7200.0
    power_min_w: float = 1200.0


def discovery(entries: Iterable[Entry], about: About) -> tuple[str, dict[str, Any]]:
    """Topic and content of the one message."""
    identity = identity_of(about.site_id)
    components: dict[str, Any] = {}
    for entry in entries:
        key = entry.path.replace("/", "_")
        if entry.group == "parameter":
            if about.commands and about.parameters:
                components[key] = _parameter(entry, about, identity)
            continue
        components[key] = _shown(entry, about, identity)
    components["alarm_event"] = _alarm_event(about, identity)
    if about.commands:
        components |= _commands(about, identity)
    for key, component in components.items():
        # Counts at the first registration only, from 2025.10 on; older versions make the id from the names.
        component["default_entity_id"] = entity_id(identity, key, component["platform"])
    body = {
        "device": {
            "identifiers": [identity],
            "name": about.name,
            "manufacturer": "ThermIQ",
            "model": "ThermIQ PLC (RevolutionPi)",
            "sw_version": __version__,
        },
        "origin": {"name": "ThermIQ PLC", "sw_version": __version__},
        "availability": [_available(f"{about.root}/status", "online", "offline")],
        "availability_mode": "all",
        "qos": 1,
        "components": components,
    }
    return f"{about.prefix}/device/{identity}/config", body


def identity_of(site_id: str) -> str:
    """The device's permanent name; unique ids of entities begin with it."""
    return f"thermiq_{site_id.replace('-', '_')}"


def entity_id(identity: str, key: str, platform: str) -> str:
    """`sensor.thermiq_walda_temperature_t_oil_degc`: the same in every language."""
    return f"{platform}.{identity}_{key}"


def _available(topic: str, good: str, bad: str) -> dict[str, str]:
    return {"topic": topic, "payload_available": good, "payload_not_available": bad}


def _name(entry: Entry, about: About) -> str:
    name = entry.de if about.german else entry.en
    return name[:1].upper() + name[1:]


def _common(entry: Entry, about: About, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "unique_id": f"{identity}_{entry.path.replace('/', '_')}",
        "name": _name(entry, about),
        "state_topic": f"{about.root}/state/{entry.path}",
    }
    if entry.source:
        # Both: the plant may be there while its inverter or miner is not.
        found["availability"] = [
            _available(f"{about.root}/status", "online", "offline"),
            _available(f"{about.root}/state/{entry.source}/online", "true", "false"),
        ]
        found["availability_mode"] = "all"
    if entry.diagnostic:
        found["entity_category"] = "diagnostic"
    return found


def _shown(entry: Entry, about: About, identity: str) -> dict[str, Any]:
    """A read-only entity."""
    body = _common(entry, about, identity)
    body["expire_after"] = round(EXPIRES_AFTER_HEARTBEATS * entry.heartbeat_s)
    if entry.type is Type.BOOLEAN:
        return {"platform": "binary_sensor", **body, **_contact(entry)}
    body = {"platform": "sensor", **body}
    if entry.type is Type.ENUM:
        return {**body, "device_class": "enum", "options": list(entry.options)}
    if entry.type is Type.TEXT:
        return body
    unit, device_class = UNITS.get(entry.unit, (entry.unit, None))
    if entry.name == "battery_soc_pct":
        device_class = "battery"
    if device_class == "energy" and entry.type is not Type.COUNTER:
        device_class = None  # theirs only rises; the energy of a day begins anew
    if unit:
        body["unit_of_measurement"] = unit
    if device_class:
        body["device_class"] = device_class
    body["suggested_display_precision"] = min(entry.decimals, 2)
    body["state_class"] = "total_increasing" if entry.type is Type.COUNTER else "measurement"
    return body


def _contact(entry: Entry) -> dict[str, str]:
    """Payloads of a binary sensor; for Home Assistant `on` is the bad state of safety and problem."""
    if entry.name in SAFETY_SIGNALS:
        return {"device_class": "safety", "payload_on": "false", "payload_off": "true"}
    if entry.name in PROBLEM_SIGNALS:
        return {"device_class": "problem", "payload_on": "false", "payload_off": "true"}
    plain = {"payload_on": "true", "payload_off": "false"}
    if entry.name == "online":
        return {"device_class": "connectivity", **plain}
    return plain


def _alarm_event(about: About, identity: str) -> dict[str, Any]:
    return {
        "platform": "event",
        "unique_id": f"{identity}_alarm_event",
        "name": "Alarmereignis" if about.german else "Alarm event",
        "state_topic": f"{about.root}/event/alarm",
        "event_types": list(EVENT_TYPES),
    }


def _template(value: str, *, ttl_s: int | None = None) -> str:
    """The envelope as Home Assistant fills it in; its clock makes the id."""
    lifetime = f',"ttl_s":{ttl_s}' if ttl_s else ""
    return f'{{"id":"{{{{ now().timestamp() }}}}","src":"ha"{lifetime},"value":{value}}}'


def _commanding(
    about: About, identity: str, name: str, platform: str, template: str, **more: Any
) -> dict[str, Any]:
    return {
        "platform": platform,
        "unique_id": f"{identity}_cmd_{name}",
        "name": COMMAND_NAMES[name][0 if about.german else 1],
        "command_topic": f"{about.root}/cmd/{name}",
        "command_template": template,
        "retain": False,
        **more,
    }


def _commands(about: About, identity: str) -> dict[str, Any]:
    """Entities that command. None of them is optimistic: what shows is what the plant says."""
    state = f"{about.root}/state/plc"
    return {
        "cmd_power_request": _commanding(
            about,
            identity,
            "power_request",
            "number",
            _template("{{ value }}", ttl_s=LEASE_S),
            state_topic=f"{state}/requested_power_w",
            unit_of_measurement="W",
            device_class="power",
            min=0,
            max=about.power_max_w,
            step=100,
            mode="box",
            optimistic=False,
        ),
        "cmd_mode_request": _commanding(
            about,
            identity,
            "mode_request",
            "select",
            _template('"{{ value }}"', ttl_s=LEASE_S),
            state_topic=f"{state}/mode",
            options=["off", "auto"],
            value_template="{{ value if value == 'auto' else 'off' }}",
            optimistic=False,
        ),
        "cmd_hp_block_request": _commanding(
            about,
            identity,
            "hp_block_request",
            "select",
            _template('"{{ value }}"', ttl_s=LEASE_S),
            # What stands, not what was asked: a refused or ended wish falls back to auto.
            state_topic=f"{state}/hp_block_wish",
            options=list(BLOCK_WISHES),
            optimistic=False,
        ),
        "cmd_season": _commanding(
            about,
            identity,
            "season",
            "select",
            _template('{"season":"{{ value }}","hours":24}'),
            state_topic=f"{state}/season",
            options=list(SEASONS),
            optimistic=False,
        ),
        "cmd_ack": _commanding(about, identity, "ack", "button", _template('"all"')),
    }


def _parameter(entry: Entry, about: About, identity: str) -> dict[str, Any]:
    """A parameter that may be changed: number, switch or selection among the settings."""
    value = "{{ value }}" if entry.type is not Type.ENUM else '"{{ value }}"'
    body = {
        **_common(entry, about, identity),
        "command_topic": f"{about.root}/cmd/parameter",
        "command_template": _template(f'{{"name":"{entry.writable}","value":{value}}}'),
        "entity_category": "config",
        "retain": False,
        "optimistic": False,
    }
    if entry.type is Type.BOOLEAN:
        return {
            "platform": "switch",
            **body,
            "payload_on": "true",
            "payload_off": "false",
            "state_on": "true",
            "state_off": "false",
        }
    if entry.type is Type.ENUM:
        return {"platform": "select", **body, "options": list(entry.options)}
    span = (entry.maximum or 0.0) - (entry.minimum or 0.0)
    number = {
        "platform": "number",
        **body,
        "min": entry.minimum if entry.minimum is not None else -1e6,
        "max": entry.maximum if entry.maximum is not None else 1e6,
        "step": 1 if entry.decimals == 0 else 0.001 if span <= 2.0 else 0.1,
        "mode": "box",
    }
    unit = UNITS.get(entry.unit, ("", None))[0]
    if unit:
        number["unit_of_measurement"] = unit
    return number
