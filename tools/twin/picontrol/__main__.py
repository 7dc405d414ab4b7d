"""Mount a virtual piControl: `python -m tools.twin.picontrol MOUNTPOINT CONFIG_RSC`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .driver import Driver
from .layout import ConfigError

OK, FAILED, USAGE = 0, 1, 2


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.twin.picontrol",
        description="A virtual piControl0 with the driver's behaviour: output watchdog, reset, events, "
        "lost modules. Not connected to any hardware. Ends and unmounts on SIGINT or SIGTERM.",
    )
    parser.add_argument("mountpoint", type=Path, help="empty folder; gets piControl0, control, state, trace")
    parser.add_argument("config_rsc", type=Path, help="PiCtory export; read again at every driver reset")
    parser.add_argument("--cycle-ms", type=float, default=5.0, help="bridge cycle time (default %(default)s)")
    parser.add_argument(
        "--reset-ms", type=float, default=200.0, help="time a reset takes (default %(default)s)"
    )
    parser.add_argument("--mode", default="660", help="file mode in octal (default %(default)s)")
    parser.add_argument("--allow-other", action="store_true", help="other users may open it as well")
    parser.add_argument(
        "--watchdog-period-ms",
        type=int,
        help="period to use when the caller's memory cannot be read; without it the call fails then",
    )
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="real-time priority, as the driver's thread has; for measurements on a busy machine",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = arguments(argv)
    if not args.mountpoint.is_dir():
        print(f"{args.mountpoint}: is not a folder", file=sys.stderr)
        return USAGE
    try:
        driver = Driver(args.config_rsc, cycle_ms=args.cycle_ms, reset_s=args.reset_ms / 1000)
    except ConfigError as problem:
        print(problem, file=sys.stderr)
        return USAGE
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("/dev/fuse cannot be opened: FUSE is not available here", file=sys.stderr)
        return FAILED
    try:
        from .filesystem import mount  # needs libfuse, which a machine may lack
    except (ImportError, OSError) as problem:
        print(f"FUSE is not available here: {problem}", file=sys.stderr)
        return FAILED
    if args.realtime:
        _take_realtime_priority()
    print(f"virtual piControl (simulation): {args.mountpoint}/piControl0", flush=True)
    try:
        mount(
            driver,
            str(args.mountpoint),
            mode=int(args.mode, 8),
            allow_other=args.allow_other,
            watchdog_period_ms=args.watchdog_period_ms,
        )
    except RuntimeError as problem:
        print(f"{args.mountpoint}: mount failed ({problem})", file=sys.stderr)
        return FAILED
    return OK


def _take_realtime_priority() -> None:
    """Lowest real-time priority: enough to pass every ordinary process, and the kernel still limits it."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        print("no right to real-time priority: running without", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
