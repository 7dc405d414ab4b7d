"""The reference page of MQTT, made from the catalogue and the command table."""
# ruff: noqa: E501 - a table of Markdown cannot be wrapped

from __future__ import annotations

from collections.abc import Iterable

from plc.link.commands import COMMANDS, Goal
from plc.link.entry import Entry, Type
from plc.link.envelope import DATA_SIZE_MAX, ID_MAX, PER_MINUTE, REMEMBERED_S, SIZE_MAX, TTL_DEFAULT_S
from plc.link.view import QUALITIES

_HEAD = """\
# MQTT topics and commands

Generated from the topic catalogue by `python -m plc export SITE mqtt`; do not edit. `<root>` is `thermiq/<site>`.

## Topics

| Topic | Retained | QoS | Payload |
|---|---|---|---|
| `<root>/status` | yes | 1 | `online` or `offline`; the will is `offline`. `online` comes last after a connection |
| `<root>/meta` | yes | 1 | JSON: versions, files of the site, this catalogue |
| `<root>/state/<group>/<signal>` | yes | 1 | one scalar: `61.4`, `true`, `auto`; `None` = nobody knows; `-` = no text |
| `<root>/quality/<group>/<signal>` | yes | 1 | {qualities} |
| `<root>/alarm/<id>` | yes | 1 | JSON of a standing alarm: id, state (active, acked, shelved), since, severity, text, \
effect, action; empty when it is gone |
| `<root>/heartbeat` | no | 0 | JSON every 10 s: ts, seq, cycle_ms, cycle_max_ms, overruns, uptime_s, boot |
| `<root>/report` | yes | 1 | JSON every minute: scan (histograms, lost cycles and their causes, share per phase), \
health of every thread, bus and connection, version, start |
| `<root>/event/<subject>` | no | 1 | JSON: event_type, ts, subject, before, after, reason; alarms under `event/alarm` |
| `<root>/cmd/<name>` | **never** | 1 | JSON command, below |
| `<root>/result/<name>` | no | 1 | JSON result of a command |
| `<root>/history/<n>` | no | 1 | JSON after an outage of the broker: one point a minute with its own time |

A number is published when it differs from what was published last by the dead-band, and at least once per
heartbeat; never faster than once a second. Everything else is published when it changes.

## State

| Topic below `state/` | Type | Unit | Dead-band | Heartbeat | Meaning |
|---|---|---|---|---|---|
"""

_COMMANDS = """\

## Commands

On `<root>/cmd/<name>`, not retained, QoS 1:

```json
{{"id": "7f3a", "value": 2000, "ts": "2026-11-22T06:00:00Z", "ttl_s": 180, "src": "nodered", "reason": "..."}}
```

`value` is required. `id`: up to {id_max} characters, acts once in {remembered:.0f} min per `src`; without one every
message is a new command. `ts`: judged when the PLC's clock is synchronised. `ttl_s`: lifetime from receipt, default
{ttl:.0f} s; for a lease it is how long the value holds. `src`: letters, digits, - and _. Unknown keys are refused. At
most {size} bytes ({data_size} for data) and {rate} per minute and command. A plain scalar instead of the JSON is its
`value`.

The result: `{{"id", "ok", "code", "reason", "src", "ts"}}`. With the MQTT 5 property ResponseTopic below
`<root>/result/` a copy goes there with the CorrelationData.

| Code | Meaning |
|---|---|
| `applied` | in force |
| `rejected_retained` | the message was retained; it was removed from the broker |
| `expired` | older than its lifetime |
| `duplicate` | this id acted before |
| `invalid` | form, size, range or name |
| `not_allowed` | the site or the key switch does not permit it |
| `interlock`, `mode` | the plant does not permit it now |
| `busy` | too many commands |

| Command | Value | What it does | Lease |
|---|---|---|---|
"""


def reference(entries: Iterable[Entry]) -> str:
    """The page as Markdown."""
    lines = [_HEAD.format(qualities=", ".join(f"`{word}`" for word in QUALITIES))]
    lines += [_row(entry) for entry in entries]
    lines.append(
        _COMMANDS.format(
            id_max=ID_MAX,
            remembered=REMEMBERED_S / 60,
            ttl=TTL_DEFAULT_S,
            size=SIZE_MAX,
            data_size=DATA_SIZE_MAX,
            rate=PER_MINUTE,
        )
    )
    for kind in COMMANDS.values():
        value = kind.value.replace("|", "\\|")
        lease = "yes" if kind.lease else "stored" if kind.goal is Goal.PARAMETER else "no"
        lines.append(f"| `{kind.name}` | {value} | {kind.text_en} | {lease} |\n")
    return "".join(lines)


def _row(entry: Entry) -> str:
    kind = entry.type.value
    if entry.options:
        kind += ": " + ", ".join(entry.options)
    band = f"{entry.dead_band:g}" if entry.type in (Type.NUMBER, Type.COUNTER) else "any change"
    return f"| `{entry.path}` | {kind} | {entry.unit} | {band} | {entry.heartbeat_s:.0f} s | {entry.en} |\n"
