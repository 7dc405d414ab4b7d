"""Child processes that cannot outlive the demo, however it dies.

Each child is in a process group of its own, so that Ctrl-C reaches the demo alone and it ends them in the
right order; and each asks the kernel for SIGTERM when the demo dies without doing so.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with(parent: int) -> Callable[[], None]:
    def in_the_child() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return in_the_child


class Child:
    """One process of the demo; standard error goes to a file, standard output there too or to a pipe."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str],
        pipe: bool = False,
    ) -> None:
        self.name = name
        self.log = log
        self.killed = False
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe else errors,
                stderr=errors,
                env={**os.environ, **environment},
                process_group=0,
                preexec_fn=_die_with(os.getpid()),
            )

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def end(self, patience_s: float) -> int:
        """SIGTERM, patience, SIGKILL; returns the exit code."""
        if self.running:
            self.process.terminate()
        return self.wait(patience_s)

    def wait(self, patience_s: float) -> int:
        """Waits for the end; a process that does not come to one is killed with its group."""
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for the person who has to find out why it ended."""
        text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in text[-lines:])


class JsonLines:
    """Reads JSON lines from a pipe in a thread; `latest` is the last one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.latest: dict[str, Any] = {}
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            with contextlib.suppress(ValueError):
                self.latest = json.loads(line)

    def finish(self) -> dict[str, Any]:
        """The last line of a process that has ended."""
        self._thread.join(5)
        return self.latest


def wait_for(condition: Callable[[], bool], seconds: float, step_s: float = 0.02) -> bool:
    """Polls a condition; False when it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_s)
    return True
