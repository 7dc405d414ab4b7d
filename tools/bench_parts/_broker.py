"""The scan with the link at work on a broker that misbehaves: absent, frozen, slow. No cycle may be lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tools.bench_parts.result import budget, result
from tools.bench_parts.surroundings import Controller, make_image, make_site, virtual_devices
from tools.demo_app.broker import mosquitto
from tools.demo_app.demo_site import free_ports

KINDS = ("down", "frozen", "slow")
WAIT_S = 20.0

SLOW = """
import asyncio, sys
listen, target = int(sys.argv[1]), int(sys.argv[2])
async def pump(reader, writer):
    while data := await reader.read(64):  # 64 bytes every 100 ms: a line of 5 kbit/s
        await asyncio.sleep(0.1)
        writer.write(data)
        await writer.drain()
    writer.close()
async def serve(reader, writer):
    there, back = await asyncio.open_connection("127.0.0.1", target, limit=64)
    await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", listen, limit=64)
    await server.serve_forever()
asyncio.run(main())
"""


class BadBroker:
    """port: where the controller shall look. `spoil` is called once the controller runs."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.port, self._inner = free_ports(2)
        self._processes: list[subprocess.Popen[bytes]] = []
        if kind == "down":
            return
        program = mosquitto()
        if program is None:
            raise SystemExit("mosquitto is needed for --broker frozen and slow (apt install mosquitto)")
        behind = self._inner if kind == "slow" else self.port
        config = folder / "mosquitto.conf"
        config.write_text(f"user root\nlistener {behind} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
        self._start(program, "-c", str(config))
        if kind == "slow":
            self._start(sys.executable, "-c", SLOW, str(self.port), str(behind))

    def _start(self, *command: str) -> None:
        quiet = subprocess.DEVNULL
        self._processes.append(subprocess.Popen(command, stdout=quiet, stderr=quiet))

    def spoil(self, state: Callable[[], str]) -> None:
        """Freezes once everything was said, so that the link has a connection to lose."""
        if self.kind != "frozen":
            return
        deadline = time.monotonic() + WAIT_S
        while state() != "online":
            if time.monotonic() > deadline:
                raise SystemExit("the controller did not reach the broker")
            time.sleep(0.1)
        self._processes[0].send_signal(signal.SIGSTOP)

    def end(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait()


def run_with_broker(kind: str, seconds: float, period_ms: int, miners: int) -> dict[str, Any]:
    """The whole program for some seconds with one of KINDS."""
    with tempfile.TemporaryDirectory(prefix="thermiq-bench-") as name:
        folder = Path(name)
        broker = BadBroker(kind, folder)
        try:
            ports = free_ports(miners)
            site = make_site(folder, ports, period_ms)
            add_broker(site / "site.yaml", broker.port)
            found = _measure(folder, site, ports, seconds, broker)
        finally:
            broker.end()
    scan, link = found["scan"], found["services"]["mqtt"]
    lateness = scan["lateness"]["since_start"]
    figures = {
        "period_ms": period_ms,
        "seconds": seconds,
        "scans": scan["scans"],
        "lost_cycles": scan["lost_cycles"],
        "lateness_p99_us": lateness["p99_us"],
        "lateness_max_us": lateness["max_us"],
        "execution_p99_us": scan["execution"]["since_start"]["p99_us"],
        "published": link["published"],
        "unacknowledged": link["unacknowledged"],
    }
    return result(f"scan with broker {kind}", figures, {"lost_cycles": budget(0, scan["lost_cycles"])})


def _measure(folder: Path, site: Path, ports: list[int], seconds: float, broker: BadBroker) -> dict[str, Any]:
    """The last status of a controller that ran for so long."""
    image = make_image(folder, "ours")
    with virtual_devices(folder, ports), Controller(site, image, folder, folder / "state") as controller:
        broker.spoil(lambda: str(controller.status().get("services", {}).get("mqtt", {}).get("state", "")))
        time.sleep(seconds)
        return controller.status()


def add_broker(path: Path, port: int) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["devices"]["mqtt"] = {"host": "127.0.0.1", "port": port, "user": ""}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
