"""`run`: the controller."""

from __future__ import annotations

import argparse
from pathlib import Path

from plc.exits import Exit, ExitError

DEFAULT_IMAGE = "/dev/piControl0"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser(
        "run",
        help="the controller",
        description="Scans the process image and runs the plant until SIGTERM or the end of simulated time.",
    )
    command.add_argument("site", type=Path, help="site folder, e.g. io_map/walda")
    command.add_argument("--image", default=DEFAULT_IMAGE, help="process image (default: %(default)s)")
    command.add_argument("--pictory", type=Path, help="PiCtory file (default: the device's, else the site's)")
    command.add_argument("--clock", metavar="SOCKET", help="take time in turns from a virtual plant")
    command.add_argument(
        "--live-devices",
        action="store_true",
        help="with a file as image: allow real devices and addresses all the same",
    )
    command.set_defaults(handler=handle)


def handle(arguments: argparse.Namespace) -> int:
    """Runs until the end; returns only when the start was refused, else leaves the process itself."""
    if arguments.clock and arguments.live_devices:
        raise ExitError(
            Exit.USAGE,
            "--clock and --live-devices exclude each other: real devices do not live in virtual time",
        )
    from plc.app import run
    from plc.opening import Options

    return run(
        Options(
            site=arguments.site,
            image=arguments.image,
            pictory=arguments.pictory,
            clock=arguments.clock,
            live_devices=arguments.live_devices,
        )
    )
