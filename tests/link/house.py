"""A plant that is scanned by the test, and the link beside it: everything but the process around them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from plc.blocks.core import Origin, Reading, Tick
from plc.exchange import Exchange
from plc.hot_water import HotWaterSensor
from plc.link.link import Link
from plc.linking import Linking
from plc.plant.interface import EnergyInputs, ImageInputs, PlantInputs, PlantOutputs, ScanInputs, WallTime
from plc.plant.plant import Plant
from plc.scan.clock import Turn
from plc.scan.statistics import ScanStatistics
from plc.site import Site, load_site
from tools.demo_app import demo_site
from tools.twin import scenarios

WALDA = Path(__file__).parents[2] / "io_map/walda"
PERIOD_NS = 100_000_000
UNIX_S = 1_795_000_000


def make_site(folder: Path, *, name: str = "", **mqtt: Any) -> Site:
    """The demo's copy of the example site with a broker."""
    devices = {"mqtt": {"host": "127.0.0.1", "user": "", **mqtt}} if mqtt else {}
    made = demo_site.make(WALDA, folder / "site", scenarios.get("winter-day"), devices)
    if name:
        path = made / "site.yaml"
        text = path.read_text(encoding="utf-8").replace("id: demo-walda", f"id: {name}")
        path.write_text(text, encoding="utf-8")
    return load_site(made)


def with_tank(site: Site, **sensor: Any) -> Site:
    """The same site with a hot water tank whose sensor is given."""
    parameters = replace(site.parameters, dhw=replace(site.parameters.dhw, present=True))
    sections = {**site.sections, "devices.hot_water": HotWaterSensor(**sensor)}
    return replace(site, parameters=parameters, sections=sections)


def image(now_ns: int, oil_degc: float = 48.0) -> ImageInputs:
    """A healthy cabinet with the key at AUTO."""

    def at(value: float) -> Reading:
        return Reading.good(value, now_ns, Origin.MEASURED)

    return ImageInputs(
        dio_healthy=True, aio_healthy=True, safety_ok=True, estop1_ok=True, estop2_ok=True, flow_ok=True,
        temp_max_ok=True, cooler_ok=True, p4_ssm_ok=True, p5_ssm_ok=True, mode_auto=True,
        t_oil_degc=at(oil_degc), t_buffer_top_degc=at(41.0), t_charge_degc=at(42.0),
        t_buffer_bottom_degc=at(36.0), t_glycol_degc=at(18.0), t_outdoor_degc=at(5.0),
    )  # fmt: skip


class House:
    """scan(count) runs the plant; `running` does so in a thread until closed."""

    def __init__(self, site: Site, folder: Path | None = None) -> None:
        self.exchange = Exchange()
        self.linking = Linking(site, folder)
        self.site = self.linking.site
        found = self.linking.services(self.exchange, self._report, simulated=False)
        self.link: Link = found[0]
        self.root = f"thermiq/{site.site_id}"
        self.plant = Plant(self.site.parameters, self.site.routes)
        self.oil_degc = 48.0
        self.unix_s: int | None = None  # None: the plant's own time from UNIX_S on
        self.real_time = False  # the wall clock of the machine instead, for peers that have no other
        self.energy = EnergyInputs()
        self.now_ns = 1_000_000_000
        self.last: tuple[PlantInputs, PlantOutputs] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _report(self) -> dict[str, Any]:
        statistics = ScanStatistics(PERIOD_NS)
        statistics.began(Turn(0, 50_000, 0))
        statistics.finished(20_000, 200_000, 20_000, 60_000)
        return {**statistics.report(), "scans": self.now_ns // PERIOD_NS}

    def scan(self, count: int = 1) -> None:
        for _ in range(count):
            self.now_ns += PERIOD_NS
            tick = Tick(self.now_ns, PERIOD_NS)
            unix_s = UNIX_S + self.now_ns // 1_000_000_000 if self.unix_s is None else self.unix_s
            unix_s = int(time.time()) if self.real_time else unix_s
            wall = WallTime(unix_s, 3600, synchronised=True)
            inputs = self.exchange.gather(self.now_ns, image(self.now_ns, self.oil_degc), wall, ScanInputs())
            outputs = self.plant.step(inputs, tick)
            self.last = inputs, outputs
            self.exchange.scanned(tick, inputs, outputs)

    def _run(self) -> None:
        while not self._ended.wait(0.03):
            self.scan()

    def __enter__(self) -> House:
        self.scan(120)  # past INIT: the tests are about a plant that is there
        self.link.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(5)
        self.link.stop()
        assert self.link.join(5), "the link did not end"

    def health(self) -> dict[str, Any]:
        return dict(self.link.health())

    def wait_online(self, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not self.link.ok():
            assert time.monotonic() < deadline, self.health()
            time.sleep(0.02)
