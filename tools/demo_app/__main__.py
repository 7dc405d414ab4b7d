"""`tools/demo`: sets up a house in a temporary folder, starts plant and controller, shows or sums up.

    --headless prints one JSON line at the end, nothing else on standard output.
    --speed N  simulated seconds per second, or max.   --for S  ends after S seconds of wall time.

Exit status: 0 when plant and controller ended in order, 1 when not (their last words go to standard error).
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tools.demo_app import demo_site
from tools.demo_app.broker import DemoBroker, instructions
from tools.demo_app.processes import Child, JsonLines, wait_for
from tools.demo_app.settled import Settled
from tools.demo_app.summary import summary
from tools.twin import scenarios

ROOT = Path(__file__).resolve().parents[2]
IMAGE_BYTES = 4096
MINERS = 2
START_S = 120.0  # a loaded machine imports slowly
SUM_UP_S = 3.0
STOP_S = 15.0
SAMPLE_S = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # one way out for all of them


class House:
    """One demo: a folder, a virtual plant, a controller."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        scenario = scenarios.get(options.scenario)
        self.folder = folder
        self.image = folder / "piControl0"
        self.image.write_bytes(bytes(IMAGE_BYTES))
        self.clock = folder / "clock"
        self.ports = demo_site.free_ports(MINERS)
        self.broker = DemoBroker(folder)
        devices = demo_site.virtual_miners(folder, self.ports) | demo_site.virtual_lines(folder)
        devices |= self.broker.section
        self.site = demo_site.make(options.site, folder / "site", scenario, devices)
        self.pictory = self.site / "config.rsc"
        self._environment = {
            "THERMIQ_RUNTIME_DIR": str(folder / "run"),
            "THERMIQ_STATE_DIR": str(folder / "state"),
        }
        self._settled = Settled()
        self.twin = self._start_twin(options)
        assert self.twin.process.stdout is not None
        self.controller = self._start_controller()
        self.plant = JsonLines(self.twin.process.stdout)

    def _start_twin(self, options: argparse.Namespace) -> Child:
        arguments = ["-m", "tools.twin", "--image", str(self.image), "--pictory", str(self.pictory)]
        arguments += ["--miner-port", *map(str, self.ports), "--rs485-link", str(self.folder)]
        arguments += ["--clock", str(self.clock), "--scenario", options.scenario, "--speed", options.speed]
        if options.seconds is not None and options.speed != "max":
            arguments += ["--for-s", str(options.seconds * float(options.speed))]
        twin = Child("virtual plant", arguments, self.folder / "twin.log", environment={}, pipe=True)
        if not wait_for(lambda: self.clock.exists() or not twin.running, START_S) or not twin.running:
            twin.end(1.0)
            raise SystemExit(f"the virtual plant did not start:\n{twin.last_words()}")
        return twin

    def _start_controller(self) -> Child:
        arguments = ["-m", "plc", "run", str(self.site), "--image", str(self.image)]
        arguments += ["--pictory", str(self.pictory), "--clock", str(self.clock)]
        log = self.folder / "controller.log"
        return Child("controller", arguments, log, environment=self._environment)

    @property
    def instructions(self) -> str:
        """What else can be done while it runs."""
        return instructions(self.broker, self.site_id)

    @property
    def site_id(self) -> str:
        return demo_site.site_id(self.site)

    @property
    def running(self) -> bool:
        return self.twin.running and self.controller.running

    def status(self) -> dict[str, Any]:
        """What the controller says about itself; empty before its first word."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "run/status.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        self._settled.add(found)
        return found

    def end(self) -> dict[str, Any]:
        """Ends time first: the controller then leaves by itself, as at the end of every simulation."""
        if not self.controller.running:  # the plant notices that by itself; give it the time to sum up
            wait_for(lambda: not self.twin.running, SUM_UP_S)
        twin_code = self.twin.end(STOP_S)
        controller_code = self.controller.wait(STOP_S)
        self.broker.end(STOP_S)  # last: the controller says goodbye to it
        result = summary(self.plant.finish(), self.status(), self._settled, controller_code)
        for child, code in ((self.twin, twin_code), (self.controller, controller_code)):
            if code != 0:
                print(f"{child.name} ended with {code}:\n{child.last_words()}", file=sys.stderr)
        result["ok"] = twin_code == 0 and controller_code == 0
        return result


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/demo", description="The controller and a virtual plant.")
    parser.add_argument("--scenario", default="winter-day", help="name, or list (default: %(default)s)")
    parser.add_argument("--speed", default="20", help="simulated seconds per second, or max (default: 20)")
    parser.add_argument("--for", dest="seconds", type=float, help="end after so many seconds of wall time")
    parser.add_argument("--headless", action="store_true", help="no view, one JSON line at the end")
    parser.add_argument(
        "--svg", type=Path, metavar="PATH", help="keep the last picture of the view, for a page"
    )
    parser.add_argument("--site", type=Path, default=ROOT / "io_map/walda", help="site folder to copy")
    found = parser.parse_args()
    if found.scenario == "list":
        for name, scenario in sorted(scenarios.SCENARIOS.items()):
            print(f"{name:24} {scenario.text}")
        raise SystemExit(0)
    if found.scenario not in scenarios.SCENARIOS:
        parser.error(f"unknown scenario {found.scenario}; --scenario list shows what there is")
    if found.speed != "max":
        try:
            if not float(found.speed) > 0:
                raise ValueError
        except ValueError:
            parser.error(f"--speed {found.speed}: a number above 0, or max")
    if found.seconds is None and found.headless:
        found.seconds = 60.0
    return found


def main() -> int:
    chosen = options()
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)  # nothing to end in order yet
    with tempfile.TemporaryDirectory(prefix="thermiq-demo-") as folder:
        house = House(Path(folder), chosen)
        asked = threading.Event()
        for number in SIGNALS:
            # An exception might surface inside a wait for a child and leave its lock taken for ever.
            signal.signal(number, lambda *_: asked.set())
        try:
            watch(house, chosen, asked)
        finally:
            result = house.end()
    print(json.dumps(result), flush=True)
    return 0 if result["ok"] else 1


def watch(house: House, chosen: argparse.Namespace, asked: threading.Event) -> None:
    """Until the time is over, somebody presses Ctrl-C, or a process ends."""
    end = time.monotonic() + chosen.seconds if chosen.seconds is not None else None
    # With a fixed speed the plant ends by itself, at the exact simulated second; this is the margin.
    margin_s = 0.0 if chosen.speed == "max" else START_S + (chosen.seconds or 0.0)

    def over() -> bool:
        return asked.is_set() or not house.running or (end is not None and time.monotonic() > end + margin_s)

    if chosen.headless and chosen.svg is None:
        while not over():
            house.status()  # what it says on the way is part of the summary
            time.sleep(SAMPLE_S)
        return
    from tools.demo_app.view import show

    show(house, over, svg=chosen.svg, hidden=chosen.headless)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, BrokenPipeError):  # before the house stands, or nobody reads any more
        sys.exit(130)
