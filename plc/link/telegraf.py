"""Telegraf's configuration, made from the topic catalogue: one input per type, because its parser has one.

The topics are listed one by one: with a wildcard the parser of numbers would complain about every word. All
sites of a fleet are covered (`thermiq/+`), as long as they run the same version of the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plc.link.entry import Entry, Type

INPUTS: tuple[tuple[str, str, tuple[Type, ...]], ...] = (
    ("state", "float", (Type.NUMBER, Type.COUNTER)),
    ("switch", "boolean", (Type.BOOLEAN,)),
    ("text", "string", (Type.ENUM, Type.TEXT)),
)
"""Measurement, Telegraf's data type, our types."""

_HEAD = """\
# Generated from the topic catalogue; made again by `python -m plc export SITE telegraf`.
# Telegraf stamps with the time of arrival. What the broker has retained arrives at every start and becomes a
# point of that moment: look at the measurement `quality` before you trust the first value after a gap.

[agent]
  interval = "10s"
  flush_interval = "10s"
  metric_buffer_limit = 200000
  omit_hostname = true

[[outputs.influxdb]]
  urls = ["http://127.0.0.1:8086"]
  database = "thermiq"
  retention_policy = "raw"
  skip_database_creation = true
"""


def telegraf(entries: Iterable[Entry], base_topic: str) -> str:
    """The configuration as text."""
    known = list(entries)
    parts = [_HEAD]
    for measurement, data_type, types in INPUTS:
        topics = [f"{base_topic}/+/state/{entry.path}" for entry in known if entry.type in types]
        parts.append(_input(measurement, data_type, topics, measurement))
    parts.append(_input("quality", "string", [f"{base_topic}/+/quality/+/+"], "quality"))
    return "\n".join(parts)


def _input(measurement: str, data_type: str, topics: Sequence[str], client: str) -> str:
    listed = "\n".join(f'    "{topic}",' for topic in topics)
    kind = "quality" if measurement == "quality" else "state"
    return f"""\
[[inputs.mqtt_consumer]]
  name_override = "{measurement}"
  servers = ["tcp://127.0.0.1:1883"]
  client_id = "telegraf-{client}"
  username = "${{MQTT_USER}}"
  password = "${{MQTT_PASSWORD}}"
  qos = 1
  persistent_session = false
  topics = [
{listed}
  ]
  data_format = "value"
  data_type = "{data_type}"
  topic_tag = ""
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "+/+/{kind}/+/+"
    tags = "_/site/_/group/signal"
"""
