"""`tools/historian`: writes what the plants say on MQTT into InfluxDB 1.x.

    tools/historian --setup                 makes the database with its retention, then runs
    tools/historian --broker HOST --user history --password-file FILE --influx http://127.0.0.1:8086

Ends with SIGTERM or Ctrl-C, exit status 0. One line a minute says what it does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from tools.historian_app.influx import Influx
from tools.historian_app.lines import Lines

RETENTION = Path(__file__).resolve().parents[2] / "deploy/telegraf/retention.influxql"
TOPICS = ("meta", "state/#", "quality/#", "event/#", "history/#")
FLUSH_S = 1.0
REPORT_S = 60.0
QUEUE_MAX = 100_000


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/historian", description="MQTT to InfluxDB 1.x.")
    parser.add_argument("--broker", default="127.0.0.1", help="host (default: %(default)s)")
    parser.add_argument("--port", type=int, default=1883, help="port (default: %(default)s)")
    parser.add_argument("--user", default="", help="account of the broker")
    parser.add_argument("--password-file", type=Path, help="file with its password")
    parser.add_argument("--ca-file", help="certificate of our own authority, for TLS")
    parser.add_argument("--base-topic", default="thermiq", help="first level of the topics")
    parser.add_argument("--influx", default="http://127.0.0.1:8086", help="database (default: %(default)s)")
    parser.add_argument("--database", default="thermiq", help="its name (default: %(default)s)")
    parser.add_argument(
        "--setup", action="store_true", help="make database, retention and downsampling first"
    )
    return parser.parse_args()


def connect(chosen: argparse.Namespace, arrived: queue.Queue[tuple[str, bytes, bool, int]]) -> paho.Client:
    """A client without a session: what the broker kept for us would come with the time of our return."""
    client = paho.Client(
        CallbackAPIVersion.VERSION2, "thermiq-historian", protocol=MQTTProtocolVersion.MQTTv5
    )
    if chosen.user:
        password = chosen.password_file.read_text(encoding="utf-8").strip() if chosen.password_file else None
        client.username_pw_set(chosen.user, password)
    if chosen.ca_file:
        client.tls_set(ca_certs=chosen.ca_file)

    def on_connect(client: Any, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if reason.is_failure:
            print(f"broker: {reason}", file=sys.stderr, flush=True)
            return
        flags = SubscribeOptions(
            qos=1, retainAsPublished=False
        )  # the flag then means: it was there before us
        client.subscribe([(f"{chosen.base_topic}/+/{topic}", flags) for topic in TOPICS])
        print(f"listening to {chosen.broker}:{chosen.port}", flush=True)

    def on_message(_client: Any, _data: Any, message: Any) -> None:
        with contextlib.suppress(queue.Full):  # the database is slower than a day of messages: drop
            arrived.put_nowait((message.topic, message.payload, message.retain, time.time_ns()))

    client.on_connect, client.on_message = on_connect, on_message
    client.reconnect_delay_set(1, 60)
    client.connect_async(chosen.broker, chosen.port, 20, clean_start=True)
    client.loop_start()
    return client


def main() -> int:
    chosen = options()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    influx, lines = Influx(chosen.influx, chosen.database), Lines()
    if chosen.setup:
        setup(influx, chosen.database)
    arrived: queue.Queue[tuple[str, bytes, bool, int]] = queue.Queue(QUEUE_MAX)
    client = connect(chosen, arrived)
    report_s = time.monotonic() + REPORT_S
    while not ended.wait(FLUSH_S):
        drain(arrived, lines, influx)
        influx.flush()
        if time.monotonic() >= report_s:
            report_s += REPORT_S
            print(report(influx), flush=True)
    client.disconnect()
    client.loop_stop()
    drain(arrived, lines, influx)
    influx.flush()
    print(report(influx), flush=True)
    return 0


def drain(arrived: queue.Queue[tuple[str, bytes, bool, int]], lines: Lines, influx: Influx) -> None:
    while True:
        try:
            topic, payload, retained, now_ns = arrived.get_nowait()
        except queue.Empty:
            return
        influx.add(lines.take(topic, payload, retained=retained, now_ns=now_ns))


def setup(influx: Influx, database: str) -> None:
    """Each statement by itself; what exists already in the same form is no error for the database."""
    for statement in RETENTION.read_text(encoding="utf-8").split(";"):
        if statement.strip():
            influx.query(statement.replace('"thermiq"', f'"{database}"'))


def report(influx: Influx) -> str:
    return json.dumps(
        {
            "written": influx.written,
            "waiting": influx.waiting,
            "refused": influx.refused,
            "problem": influx.problem,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
