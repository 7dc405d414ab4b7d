"""Start a virtual piControl beside a test, a bench or a demo, and talk to it.

with VirtualPiControl.start(config_rsc) as picontrol:
    run_a_program(image=picontrol.image)
    picontrol.command("module 32 offline")
    print(picontrol.trace())
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[3]
START_S, STOP_S = 10.0, 5.0


class NotAvailableError(RuntimeError):
    """This machine cannot mount it; the text says what is missing."""


def why_not_available() -> str | None:
    """None if FUSE can be used here, else the reason in words for a skipped test."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse cannot be opened"
    if os.geteuid() != 0 and shutil.which("fusermount3") is None:
        return "fusermount3 is not installed"
    try:
        import mfusepy  # noqa: F401 - loads libfuse
    except (ImportError, OSError) as problem:
        return f"mfusepy: {problem}"
    return None


class VirtualPiControl:
    """A mounted virtual piControl in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, errors: BinaryIO) -> None:
        self.process = process
        self._errors = errors
        self.folder = folder
        self.image = folder / "piControl0"
        self.terminals = folder / "terminals"

    @classmethod
    def start(cls, config_rsc: Path, *options: str) -> VirtualPiControl:
        """Mount in a fresh temporary folder; returns when the image can be opened."""
        reason = why_not_available()
        if reason is not None:
            raise NotAvailableError(reason)
        folder = Path(tempfile.mkdtemp(prefix="picontrol-"))
        # Not a pipe: nobody reads while it runs, and a full pipe would block the server.
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.twin.picontrol", str(folder), str(config_rsc), *options],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        started = cls(process, folder, errors)
        deadline = time.monotonic() + START_S
        while not started.image.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                said = started.errors()
                started.stop()
                raise NotAvailableError(f"did not start: {said}")
            time.sleep(0.01)
        return started

    def stop(self) -> int:
        """Unmount; returns the exit code. A mount that a client keeps busy is detached."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if os.path.ismount(self.folder):
            subprocess.run(["fusermount3", "-u", "-z", str(self.folder)], check=False, capture_output=True)
        self.folder.rmdir()
        self._errors.close()
        return self.process.returncode

    def errors(self) -> str:
        """What the server said on standard error; empty if all is well."""
        fd = self._errors.fileno()
        return (
            os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace").strip()
        )  # position is the server's

    def command(self, *lines: str) -> None:
        (self.folder / "control").write_text("\n".join(lines) + "\n")

    def state(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "state").read_bytes())
        return loaded

    def trace(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "trace").read_bytes().splitlines()]

    def wait_for(
        self, event: str, *, since_n: int = -1, timeout_s: float = 5.0, **fields: Any
    ) -> dict[str, Any]:
        """The first entry of the trace with this event and these fields; TimeoutError if it does not come."""
        deadline = time.monotonic() + timeout_s
        while True:
            for entry in self.trace():
                wanted = entry["n"] > since_n and entry["event"] == event
                if wanted and all(entry.get(key) == value for key, value in fields.items()):
                    return entry
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {event} {fields} in the trace after {timeout_s} s")
            time.sleep(0.005)

    def __enter__(self) -> VirtualPiControl:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()
