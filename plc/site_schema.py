"""JSON Schemas of wiring.yaml and site.yaml, so that an editor completes and checks while typing.

Made from the same annotations that the loader validates with; order rules and everything between two
files stay with the command `check`.
"""

from __future__ import annotations

import json
from typing import Any

from plc.image.typed import model_of
from plc.image.wiring import ENTRY, Module
from plc.plant.parameters import Parameters
from plc.plant.routes import Route
from plc.plant.signals import SIGNALS, Signal
from plc.site_reader import Identity
from plc.site_sections import SECTIONS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """File name -> text of the schema."""
    return {
        "site.schema.json": json.dumps(site_schema(), indent=2, ensure_ascii=False) + "\n",
        "wiring.schema.json": json.dumps(wiring_schema(), indent=2, ensure_ascii=False) + "\n",
    }


def wiring_schema() -> dict[str, Any]:
    """Schema of wiring.yaml: every signal of the catalogue with the keys of its kind."""
    definitions: dict[str, Any] = {}
    entries = {kind: _place(cls, definitions) for kind, cls in ENTRY.items()}
    signals = {signal.name: _signal(signal, entries[signal.kind]) for signal in SIGNALS}
    return {
        "$schema": _DIALECT,
        "title": "Wiring of a ThermIQ cabinet",
        "type": "object",
        "required": ["modules", "signals"],
        "additionalProperties": False,
        "properties": {
            "modules": {"type": "array", "minItems": 1, "items": _place(Module, definitions)},
            "signals": _object(signals, required=list(signals)),
        },
        "$defs": definitions,
    }


def site_schema() -> dict[str, Any]:
    """Schema of site.yaml."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {
        "site": _place(Identity, definitions),
        "parameters": _place(Parameters, definitions, Parameters()),
        "routes": {"type": "array", "items": _place(Route, definitions)},
        "confirmed": {"type": "array", "items": {"type": "string"}},
    }
    for section in SECTIONS:
        entry = _place(section.kind, definitions)
        if section.many:
            entry = {"type": "array", "items": entry}
        parent = properties
        for key in section.place[:-1]:
            parent = parent.setdefault(key, _object({}))["properties"]
        parent[section.place[-1]] = entry
    return {
        "$schema": _DIALECT,
        "title": "ThermIQ site",
        **_object(properties, required=["site"]),
        "$defs": definitions,
    }


def _signal(signal: Signal, entry: dict[str, Any]) -> dict[str, Any]:
    if not signal.protective:
        return entry
    kept = {"present": {"const": True}, "invert": {"const": False}, "substitute": {"type": "null"}}
    return {"allOf": [entry, {"properties": kept}], "description": "protective: cannot be absent or inverted"}


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    result: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    if required:
        result["required"] = required
    return result


def _place(cls: type, definitions: dict[str, Any], default: object | None = None) -> dict[str, Any]:
    """Puts the schema of a dataclass and of everything inside it into the definitions, returns the reference.

    Parts that share a class but not their defaults (P4 and P5) get names of their own.
    """
    schema = model_of(cls, default).model_json_schema()
    inner = schema.pop("$defs", {})
    names = {name: _free_name(name, body, definitions) for name, body in inner.items()}
    for name, body in inner.items():
        definitions[names[name]] = _renamed(body, names)
    own = _free_name(cls.__name__, schema, definitions)
    definitions[own] = _renamed(schema, names)
    return {"$ref": f"#/$defs/{own}"}


def _free_name(name: str, body: Any, definitions: dict[str, Any]) -> str:
    candidate, number = name, 1
    while candidate in definitions and definitions[candidate] != body:
        number += 1
        candidate = f"{name}{number}"
    return candidate


def _renamed(body: Any, names: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {
            key: f"#/$defs/{names[value.removeprefix('#/$defs/')]}"
            if key == "$ref"
            else _renamed(value, names)
            for key, value in body.items()
        }
    if isinstance(body, list):
        return [_renamed(item, names) for item in body]
    return body
