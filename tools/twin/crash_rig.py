"""A controller on a virtual piControl, and what became of the outputs when it died.

Used by the tests of the dead-man chain and by `tools/bench crash`. The plant behind the terminals is a
still picture (a healthy cabinet at rest): what is observed here needs no physics.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from plc.image.wiring import Sensor
from plc.image.wiring_file import load_wiring

from .picontrol.layout import load
from .picontrol.process import ROOT, VirtualPiControl

WALDA = ROOT / "io_map" / "walda"
HEALTHY_INPUTS = (
    *("safety_ok", "estop1_ok", "estop2_ok", "flow_ok", "temp_max_ok"),
    *("cooler_ok", "p4_ssm_ok", "p5_ssm_ok", "mode_auto"),
)
TEMPERATURES_DEGC = {"t_oil_degc": 30, "t_glycol_degc": 20, "t_outdoor_degc": 5}
OTHER_DEGC = 35
RESET_MS = "200"  # the driver itself needs longer; a reset between two scans would be no reset at all


class Cabinet:
    """Terminals of a site, driven by signal name."""

    def __init__(self, site: Path, terminals: Path) -> None:
        self._terminals = terminals
        self._layout = load(site / "config.rsc")
        wiring, problems = load_wiring(site / "wiring.yaml")
        if wiring is None or problems:
            raise ValueError("\n".join(str(problem) for problem in problems))
        self.wires = {wire.name: wire for wire in wiring.wired()}

    def place(self, signal: str) -> tuple[int, int]:
        """(byte, bit) of a signal in the image."""
        variable = self._layout.find(self.wires[signal].io_name)
        assert variable is not None, signal
        return variable.offset, variable.bit

    def drive(self, **signals: bool) -> None:
        """Drive discrete inputs; the others keep their level."""
        image = bytearray(self._terminals.read_bytes())
        for name, value in signals.items():
            byte, bit = self.place(name)
            on = bool(value) != self.wires[name].invert
            image[byte] = image[byte] | 1 << bit if on else image[byte] & ~(1 << bit)
        self._write(image)

    def drive_healthy(self) -> None:
        """A cabinet at rest in which nothing is wrong."""
        image = bytearray(self._terminals.read_bytes())
        for name, wire in self.wires.items():
            if name.startswith("t_"):
                byte, _ = self.place(name)
                raw = _raw(TEMPERATURES_DEGC.get(name, OTHER_DEGC), wire.sensor, wire.span)
                image[byte : byte + 2] = raw.to_bytes(2, "little", signed=True)
        self._write(image)
        self.drive(**{name: True for name in HEALTHY_INPUTS if name in self.wires})

    def _write(self, image: bytearray) -> None:
        with open(self._terminals, "r+b", buffering=0) as terminals:
            terminals.write(image)


def _raw(degc: float, sensor: Sensor | None, span: Any) -> int:
    """What the module shows for a temperature: 0.1 K, or microampere / millivolt over the span."""
    if sensor in (Sensor.PT100, Sensor.PT1000):
        return round(degc * 10)
    low, high = span
    share = (degc - low) / (high - low)
    return round(4000 + 16000 * share) if sensor is Sensor.MA_4_20 else round(10000 * share)


def copy_site(source: Path, target: Path, serial_port: str, parameters: dict[str, Any]) -> Path:
    """A copy of a site that can only reach this machine; the original would be refused on a file image."""
    target.mkdir(parents=True)
    for name in ("wiring.yaml", "config.rsc"):
        (target / name).write_bytes((source / name).read_bytes())
    text = (source / "site.yaml").read_text(encoding="utf-8")
    text = re.sub(r"host: [\d.]+", "host: 127.0.0.1", text)
    text = re.sub(r"port: /dev/\S+", f"port: {serial_port}", text)
    text = re.sub(r"port: 8883\b", "port: 9", text)  # discard: nothing answers there
    for name, value in parameters.items():
        text, found = re.subn(rf"(\n +{name}:) \S+", rf"\g<1> {value}", text, count=1)
        if not found:
            raise KeyError(name)
    (target / "site.yaml").write_text(text, encoding="utf-8")
    return target


class Program:
    """A running program under test."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, announcements: int) -> None:
        self.process = process
        self.pid = process.pid
        self._log = log
        self._announcements = announcements

    def announcement(self, timeout_s: float = 20.0) -> dict[str, Any]:
        """The fault that the program is about to commit; TimeoutError with its log if none comes."""
        deadline = time.monotonic() + timeout_s
        os.set_blocking(self._announcements, False)
        while time.monotonic() < deadline:
            try:
                line = os.read(self._announcements, 4096)
            except BlockingIOError:
                time.sleep(0.005)
                continue
            if not line:
                break
            loaded: dict[str, Any] = json.loads(line)
            return loaded
        raise TimeoutError(f"no fault announced; the program said:\n{self.log()}")

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_log(self, text: str, timeout_s: float = 20.0) -> None:
        """Wait until the program has said this; TimeoutError with its log if it does not."""
        deadline = time.monotonic() + timeout_s
        while text not in self.log():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} was not said; the program said:\n{self.log()}")
            time.sleep(0.02)

    def exit_code(self, timeout_s: float = 15.0) -> int:
        """Negative for a signal."""
        return self.process.wait(timeout_s)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._announcements)


class CrashRig:
    """A virtual piControl with a healthy cabinet behind it, and a folder for everything a program leaves."""

    def __init__(self, site: Path = WALDA, *, realtime: bool = False, **parameters: Any) -> None:
        """`parameters` replace values of site.yaml, by their bare name."""
        self._folder = tempfile.TemporaryDirectory(prefix="crash-rig-")
        self.folder = Path(self._folder.name)
        self._serial, self._slave = pty.openpty()  # a wire with nobody at the other end
        self.site = copy_site(site, self.folder / "site", os.ttyname(self._slave), parameters)
        self.config_rsc = self.site / "config.rsc"
        self._pictory = self.config_rsc.read_bytes()
        self.picontrol = VirtualPiControl.start(
            self.config_rsc, "--reset-ms", RESET_MS, *(["--realtime"] if realtime else [])
        )
        self.cabinet = Cabinet(self.site, self.picontrol.terminals)
        self.cabinet.drive_healthy()
        self._programs: list[Program] = []

    def fresh(self) -> None:
        """As after the start: no program, no retained data, original configuration, healthy cabinet."""
        for program in self._programs:
            program.end()
        self._programs.clear()
        deadline = time.monotonic() + 5.0
        while self.picontrol.state()["handles"]:
            if time.monotonic() > deadline:
                raise TimeoutError("handles of a dead program are still open")
            time.sleep(0.01)
        self.config_rsc.write_bytes(self._pictory)
        for left_behind in ("state", "runtime"):
            shutil.rmtree(self.folder / left_behind, ignore_errors=True)
        modules = [module["address"] for module in self.picontrol.state()["modules"] if module["address"]]
        healthy = [f"module {address} {state}" for address in modules for state in ("online", "present")]
        self.picontrol.command("fault clear", *healthy, "reset", "clear-trace")
        self.cabinet.drive_healthy()

    def controller(self, *options: str, wait: bool = True, env: dict[str, str] | None = None) -> Program:
        """The real controller; options are those of `faulty_controller`. Waits until it drives outputs."""
        command = [
            *(sys.executable, "-m", "tools.twin.faulty_controller", "--announce", "{announce}", *options),
            *("--", "run", str(self.site), "--image", str(self.picontrol.image)),
            *("--pictory", str(self.config_rsc)),
        ]
        return self.program(command, wait=wait, env=env)

    def program(
        self, command: Iterable[str], *, wait: bool = True, env: dict[str, str] | None = None
    ) -> Program:
        """Any program; `{announce}` in its command becomes the file descriptor for announcements."""
        number = len(self._programs)
        log = self.folder / f"program{number}.log"
        reader, writer = os.pipe()
        state = self.folder / "state"
        runtime = self.folder / "runtime" / str(number)  # a second instance reports in a place of its own
        for folder in (state, runtime):
            folder.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [word.replace("{announce}", str(writer)) for word in command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(writer,),
                env={
                    **os.environ,
                    "STATE_DIRECTORY": str(state),
                    "THERMIQ_RUNTIME_DIR": str(runtime),
                    **(env or {}),
                },
            )
        os.close(writer)
        program = Program(process, log, reader)
        self._programs.append(program)
        if wait:
            self.wait_for_outputs(program)
        return program

    def wait_for_outputs(self, program: Program, timeout_s: float = 20.0) -> dict[str, Any]:
        """The first entry in which this program has switched something on."""
        deadline = time.monotonic() + timeout_s
        while program.process.poll() is None and time.monotonic() < deadline:
            try:
                return self.picontrol.wait_for("outputs", pid=program.pid, zero=False, timeout_s=0.25)
            except TimeoutError:
                continue
        raise TimeoutError(f"no output went on; the program said:\n{program.log()}")

    def last_before(self, t_ns: int) -> int:
        """Number of the last entry of the trace before this time, -1 if there is none."""
        return max((entry["n"] for entry in self.picontrol.trace() if entry["t_ns"] < t_ns), default=-1)

    def zero_after(self, n: int, timeout_s: float = 10.0) -> dict[str, Any]:
        """The first entry after number `n` with all outputs 0."""
        return self.picontrol.wait_for("outputs", since_n=n, zero=True, timeout_s=timeout_s)

    def outputs(self, *, since_n: int = -1, pid: int | None = None) -> list[dict[str, Any]]:
        """Changes of outputs in the trace, of one program or of everybody."""
        return [
            entry
            for entry in self.picontrol.trace()
            if entry["event"] == "outputs" and entry["n"] > since_n and pid in (None, entry.get("pid"))
        ]

    def edges(self, signal: str, *, since_n: int = -1) -> list[dict[str, Any]]:
        """Entries in which this output changed."""
        return [entry for entry in self.outputs(since_n=since_n) if self.level(entry, signal) is not None]

    def level(self, entry: dict[str, Any], signal: str) -> bool | None:
        """The new level of an output in an entry, None if it did not change."""
        byte, bit = self.cabinet.place(signal)
        for address, old, new in entry["changes"]:
            if address == byte and (old ^ new) >> bit & 1:
                return bool(new >> bit & 1)
        return None

    def end(self) -> None:
        """Kill what still runs, unmount, delete."""
        for program in self._programs:
            program.end()
        self.picontrol.stop()
        os.close(self._serial)
        os.close(self._slave)
        self._folder.cleanup()

    def __enter__(self) -> CrashRig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self.end()
