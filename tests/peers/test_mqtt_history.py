"""Broker -> historian -> a real InfluxDB 1.6, and every panel of the dashboards asked against it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.link.house import House, make_site
from tests.peers.mqtt_rig import Broker, need, until
from tools.demo_app.demo_site import free_ports
from tools.historian_app.influx import Influx
from tools.historian_app.lines import Lines

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "deploy/grafana/dashboards"
NOW = 1_795_000_000_000_000_000


class Database:
    """One influxd process in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        program = need(shutil.which("influxd"), "influxdb")
        http, inner = free_ports(2)
        self.url = f"http://127.0.0.1:{http}"
        config = folder / "influxdb.conf"
        config.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{inner}"\n'
            f'[meta]\n dir = "{folder}/meta"\n[data]\n dir = "{folder}/data"\n wal-dir = "{folder}/wal"\n'
            f'[http]\n bind-address = "127.0.0.1:{http}"\n log-enabled = false\n'
            "[continuous_queries]\n enabled = false\n"
        )
        log = (folder / "influxd.log").open("wb")
        self.process = subprocess.Popen([program, "-config", str(config)], stdout=log, stderr=log)
        self.influx = Influx(self.url, "thermiq")
        until(self._answers, "InfluxDB answers")

    def _answers(self) -> bool:
        try:
            return bool(self.influx.query("SHOW DATABASES"))
        except OSError:
            return False

    def rows(self, query: str) -> list[Any]:
        return [
            list(value)
            for result in self.influx.query(query)
            for series in result.get("series", [])
            for value in series["values"]
        ]

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(tmp_path_factory.mktemp("influx"))
    yield made
    made.end()


@pytest.mark.peer
def test_what_the_plant_says_arrives_and_every_panel_finds_its_data(
    database: Database, tmp_path: Path
) -> None:
    broker = Broker(tmp_path / "broker").start()
    where = ["--setup", "--port", str(broker.port), "--influx", database.url]
    historian = subprocess.Popen(
        [sys.executable, "-m", "tools.historian_app", *where],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert historian.stdout is not None
        assert "listening" in historian.stdout.readline()
        site = make_site(tmp_path / "house", port=broker.port, smart_meter={"topic": "tele/meter/SENSOR"})
        with House(site) as house:
            house.unix_s = int(time.time())
            house.wait_online()
            oil = 'SELECT last("value") FROM "raw"."state" WHERE "signal" = \'t_oil_degc\''
            until(lambda: database.rows(oil) and database.rows(oil)[0][1] == 48.0, "a temperature")
            house.oil_degc = 51.5
            until(lambda: database.rows(oil)[0][1] == 51.5, "its change")
            until(
                lambda: database.rows('SELECT "value" FROM "raw"."switch" WHERE "signal" = \'flow_ok\''),
                "contact",
            )
            until(lambda: database.rows('SELECT "value" FROM "raw"."text" WHERE "signal" = \'mode\''), "word")
            downsample(database)
            assert_panels_work(database)
    finally:
        historian.terminate()
        words, _ = historian.communicate(timeout=20)
        broker.kill()
    assert historian.returncode == 0
    last = json.loads(words.splitlines()[-1])
    assert last["written"] > 200
    assert (last["refused"], last["waiting"]) == (0, 0)


def downsample(database: Database) -> None:
    """The statements of the continuous queries, run once by hand: they would take a quarter of an hour."""
    text = (ROOT / "deploy/telegraf/retention.influxql").read_text()
    known = {row[0] for row in database.rows("SHOW CONTINUOUS QUERIES")}
    for name, body in re.findall(r'CREATE CONTINUOUS QUERY "(\w+)" .*? BEGIN (.*?) END', text):
        assert name in known
        database.influx.query(body.replace(" GROUP BY", " AND time > now() - 1h GROUP BY"))
    policies = {row[0]: row[1] for row in database.rows('SHOW RETENTION POLICIES ON "thermiq"')}
    assert policies == {"raw": "2160h0m0s", "minute": "17472h0m0s", "forever": "0s"}


def assert_panels_work(database: Database) -> None:
    empty = []
    for path in DASHBOARDS.glob("*.json"):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                query = target["query"].replace("$timeFilter", "time > now() - 1h and time < now() + 1h")
                query = query.replace("$__interval", "10s").replace("$site", "demo-walda")
                if not database.rows(query):
                    empty.append(panel["title"])
    # No miners, no energy data, no certificate, valves not yet synchronised: the panels of the unknown are
    # rightly empty.
    unknown = ("miner", "energy", "process [pct]", "link [d]")
    assert not [title for title in empty if not title.startswith(unknown)]


def test_lines_have_one_type_per_measurement_and_no_old_values() -> None:
    lines = Lines()
    meta = {"signals": {"state/plc/version": {"type": "text"}, "state/g/n": {"type": "number"}}}
    assert lines.take("thermiq/w/meta", json.dumps(meta).encode(), retained=True, now_ns=NOW) == []

    def of(topic: str, payload: str, retained: bool = False) -> list[str]:
        return lines.take(topic, payload.encode(), retained=retained, now_ns=NOW)

    assert of("thermiq/w/state/plc/version", "0") == [f'text,site=w,group=plc,signal=version value="0" {NOW}']
    assert of("thermiq/w/state/g/n", "5") == [f"state,site=w,group=g,signal=n value=5.0 {NOW}"]
    assert of("thermiq/w/state/g/n", "None") == []
    assert of("thermiq/w/state/g/n", "5", retained=True) == [], "of unknown age"
    assert of("thermiq/w/state/g/n", "broken") == []
    assert of("thermiq/w/state/g/other", "true") == [f"switch,site=w,group=g,signal=other value=true {NOW}"]
    assert of("thermiq/w/quality/g/n", "stale") == [f'quality,site=w,group=g,signal=n value="stale" {NOW}']
    batch = {"schema": 1, "points": [{"ts": 1_794_000_000, "values": {"g/n": 1.5, "g/on": True}}]}
    assert of("thermiq/w/history/1", json.dumps(batch)) == [
        "state,site=w,group=g,signal=n value=1.5 1794000000000000000",
        "switch,site=w,group=g,signal=on value=true 1794000000000000000",
    ]
    for junk in ("{", "[]", '{"points": [{}]}'):
        assert of("thermiq/w/history/1", junk) == []
    assert of("thermiq/w/cmd/ack", "all") == []


def test_a_database_that_is_down_costs_a_bounded_buffer() -> None:
    influx = Influx("http://127.0.0.1:1", "x")
    influx.add([f"state value={n}" for n in range(10)])
    assert not influx.flush()
    assert influx.waiting == 10
    assert "database" in influx.problem
