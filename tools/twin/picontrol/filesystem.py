"""The FUSE side: five files in one folder, and the thread that looks at the watchdogs.

`piControl0` is a regular file, because a FUSE server cannot own a character device; it is opened with
direct I/O, else the kernel would serve old pages to readers after the driver itself changed the image.
"""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import stat
import threading
from pathlib import Path
from typing import Any

import mfusepy

from . import abi, control, libfuse, requests
from .driver import Driver, Handle, error
from .layout import IMAGE_LEN

PICONTROL, TERMINALS, CONTROL, STATE, TRACE = "piControl0", "terminals", "control", "state", "trace"
FILES = (PICONTROL, TERMINALS, CONTROL, STATE, TRACE)
THREADS = 64  # each program that waits for an event holds one
IDLE_THREADS = 4
IDLE_S = 0.5  # how often the watchdog thread looks when nothing is armed


class PiControlFileSystem(mfusepy.Operations):  # type: ignore[misc]
    """The operations that libfuse calls, in its own threads."""

    use_ns = True

    def __init__(self, driver: Driver, *, mode: int = 0o660, watchdog_period_ms: int | None = None) -> None:
        self.driver = driver
        self.mode = mode
        self.watchdog_period_ms = watchdog_period_ms
        self.mounted = False
        self._lock = threading.Lock()
        self._next_fh = 1
        self._handles: dict[int, Handle] = {}
        self._texts: dict[int, bytes] = {}

    def init(self, path: str) -> None:  # noqa: ARG002 - libfuse's signature
        """Called after the mount, in the process that serves it: only now may a thread be started."""
        self.mounted = True
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    # --- names ---------------------------------------------------------------------------------

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:  # noqa: ARG002
        common = {"st_uid": os.getuid(), "st_gid": os.getgid()}
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, **common}
        name = path[1:]
        if name not in FILES:
            raise error(errno.ENOENT)
        size = IMAGE_LEN if name in (PICONTROL, TERMINALS) else 0
        mode = self.mode & 0o444 if name in (STATE, TRACE) else self.mode
        return {"st_mode": stat.S_IFREG | mode, "st_nlink": 1, "st_size": size, **common}

    def readdir(self, path: str, fh: int) -> list[str]:  # noqa: ARG002
        return [".", "..", *FILES]

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        """Ignored, as on a character device: RevPiPyLoad opens the image with truncation."""

    def chmod(self, path: str, mode: int) -> None:  # noqa: ARG002
        raise error(errno.EPERM)

    def chown(self, path: str, uid: int, gid: int) -> None:  # noqa: ARG002
        raise error(errno.EPERM)

    # --- open files ----------------------------------------------------------------------------

    def open(self, path: str, flags: int) -> int:  # noqa: ARG002
        name = path[1:]
        if name not in FILES:
            raise error(errno.ENOENT)
        with self._lock:
            number = self._next_fh
            self._next_fh += 1
        if name == PICONTROL:
            self._handles[number] = self.driver.open(*_process(mfusepy.fuse_get_context()[2]))
        elif name not in (TERMINALS,):
            self._texts[number] = self._text(name)  # one consistent view per open
        return number

    def release(self, path: str, fh: int) -> int:  # noqa: ARG002
        self._texts.pop(fh, None)
        handle = self._handles.pop(fh, None)
        if handle is not None:
            self.driver.release(handle)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        handle = self._handles.get(fh)
        if handle is not None:
            return self.driver.read(handle, size, offset)
        if path == f"/{TERMINALS}":
            return self.driver.terminals()[offset : offset + size]
        return self._texts[fh][offset : offset + size]

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        handle = self._handles.get(fh)
        if handle is not None:
            return self.driver.write(handle, data, offset)
        if path == f"/{TERMINALS}":
            return self.driver.drive_terminals(offset, data)
        if path == f"/{CONTROL}":
            control.execute(self.driver, data.decode("utf-8", "replace"))
            return len(data)
        raise error(errno.EACCES)

    def fsync(self, path: str, datasync: int, fh: int) -> int:  # noqa: ARG002
        return 0

    def ioctl(self, path: str, cmd: int, arg: int | None, fh: int, flags: int, data: object) -> int:  # noqa: ARG002
        handle = self._handles.get(fh)
        if handle is None:
            raise error(errno.ENOTTY)
        pid = mfusepy.fuse_get_context()[2]
        return requests.perform(
            self.driver,
            handle,
            cmd & 0xFFFFFFFF,
            abi.Caller(pid, arg or 0),
            interrupted=libfuse.interruption(),
            watchdog_period_ms=self.watchdog_period_ms,
        )

    # --- inside --------------------------------------------------------------------------------

    def _text(self, name: str) -> bytes:
        if name == CONTROL:
            return control.HELP.encode()
        if name == STATE:
            return json.dumps(self.driver.state()).encode() + b"\n"
        with self.driver.lock:
            return self.driver.trace.as_lines()

    def _watch(self) -> None:
        """Look at the deadlines once per bridge cycle, but wake only for the cycles that matter."""
        # Signals belong to the main thread: libfuse ends its loop there and unmounts.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        driver = self.driver
        while True:
            deadline_ns = driver.check_deadlines()
            with driver.changed:
                driver.changed.wait(_pause_s(deadline_ns, driver.clock(), driver.cycle_ms))


def _pause_s(deadline_ns: int | None, now_ns: int, cycle_ms: float) -> float:
    """Until the first bridge cycle after the deadline."""
    if deadline_ns is None:
        return IDLE_S
    cycle_ns = cycle_ms * 1e6
    cycles = math.floor(max(0, deadline_ns - now_ns) / cycle_ns) + 1
    return min(IDLE_S, cycles * cycle_ns / 1e9)


def _process(thread: int) -> tuple[int, str]:
    """Id and name of the process that a thread belongs to: FUSE names the thread that calls."""
    try:
        status = Path(f"/proc/{thread}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        process = int(fields["Tgid"])
        return process, Path(f"/proc/{process}/comm").read_text().strip()
    except (OSError, KeyError, ValueError):
        return thread, ""


def mount(
    driver: Driver,
    mountpoint: str,
    *,
    mode: int = 0o660,
    allow_other: bool = False,
    watchdog_period_ms: int | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or an unmount; returns after the clean unmount."""
    options: dict[str, Any] = (
        {"max_threads": THREADS, "max_idle_threads": IDLE_THREADS} if libfuse.has_max_threads() else {}
    )
    if allow_other:
        options["allow_other"] = True
    filesystem = PiControlFileSystem(driver, mode=mode, watchdog_period_ms=watchdog_period_ms)
    try:
        mfusepy.FUSE(
            filesystem,
            mountpoint,
            foreground=True,
            direct_io=True,
            attr_timeout=0,
            default_permissions=True,
            fsname="picontrol",
            subtype="virtual",
            **options,
        )
    except RuntimeError:
        # libfuse also reports the signal that ended its loop; after a mount that is the ordinary end.
        if not filesystem.mounted:
            raise
