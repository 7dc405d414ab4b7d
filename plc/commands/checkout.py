"""`checkout`: guided check of every terminal, with a protocol."""

from __future__ import annotations

import argparse
import getpass
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from plc.exits import Exit, ExitError

if TYPE_CHECKING:
    from plc.checkout.dialog import Terminal
    from plc.checkout.protocol import Protocol
    from plc.checkout.talk import Talk
    from plc.image.process_image import ProcessImage
    from plc.opening import Options
    from plc.scan.clock import Clock
    from plc.site import Site

DEFAULT_IMAGE = "/dev/piControl0"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser(
        "checkout",
        help="guided check-out of all terminals, with a protocol",
        description="One signal at a time: what to do, what must be seen. In a real cabinet only with the "
        "key switch at MAINT and the controller stopped. Goes on where it was left. Exit code 0 only when "
        "every step has passed, else 8.",
    )
    command.add_argument("site", type=Path, help="site folder, e.g. io_map/walda")
    command.add_argument("--image", default=DEFAULT_IMAGE, help="process image (default: %(default)s)")
    command.add_argument("--pictory", type=Path, help="PiCtory file (default: the device's, else the site's)")
    command.add_argument("--protocol", type=Path, metavar="DIR", help="folder of the protocol")
    command.add_argument("--person", default="", help="who checks (default: the account's name)")
    command.add_argument("--restart", action="store_true", help="begin anew, the old protocol is put aside")
    command.set_defaults(handler=handle)


def handle(arguments: argparse.Namespace) -> int:
    """Runs the check-out on the terminal it was started on."""
    from plc.blocks.core import NS_PER_MS
    from plc.checkout.dialog import Console
    from plc.opening import Options
    from plc.scan.clock import MonotonicClock
    from plc.site import load_site

    # A lost connection ends like Ctrl-C, and Ctrl-C works where whoever started us had switched it off.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    options = Options(arguments.site, arguments.image, arguments.pictory)
    site = load_site(options.site)
    clock = MonotonicClock(site.parameters.scan.period_ms * NS_PER_MS)
    folder = arguments.protocol or _default_folder(site)
    person = arguments.person or getpass.getuser()
    return check_out(options, site, clock, Console(), folder, person, restart=arguments.restart)


def check_out(
    options: Options,
    site: Site,
    clock: Clock,
    terminal: Terminal,
    folder: Path,
    person: str,
    *,
    restart: bool = False,
) -> int:
    """The check-out; the exit code. Whatever happens, the outputs are 0 when it returns or raises."""
    from plc.checkout.bench import Bench, Interrupted, guarded_by_key
    from plc.checkout.dialog import Quit
    from plc.checkout.protocol import Protocol
    from plc.checkout.session import Session, wait_for_maintenance
    from plc.checkout.talk import speaks_german

    image = _ours(options, site)
    opened = [image]

    def reopen() -> ProcessImage:
        opened.append(_ours(options, site))
        return opened[-1]

    german = speaks_german(site)
    try:
        protocol = Protocol(folder, site, person, image.pictory.sha256, simulated=not image.is_device)
        if restart:
            protocol.put_aside()
        passed = protocol.resume()
        guarded = guarded_by_key(image)
        bench = Bench(image, clock, site.parameters.scan, key_required=guarded)
        holder = [str(options.site), "--image", options.image, "--pictory", image.pictory.file]
        session = Session(site, bench, terminal, protocol, german=german, holder=holder, reopen=reopen)
        _greet(session.talk, image, passed, len(session.order), protocol)
        try:
            if guarded:
                wait_for_maintenance(session.talk)
            session.run()
        except (Quit, KeyboardInterrupt):
            terminal.say("")
        except Interrupted as error:
            session.talk.say(error.cause)
        return _finish(protocol, session.order, session.talk)
    except OSError as error:
        raise ExitError(Exit.INTERNAL, f"{folder}: {error}") from error
    finally:
        _all_off(opened[-1])


def _ours(options: Options, site: Site) -> ProcessImage:
    """The image, compared with PiCtory and locked."""
    from plc.opening import open_image

    image = open_image(options, site)
    if not image.lock():
        image.close()
        raise ExitError(
            Exit.ANOTHER_INSTANCE,
            f"{options.image} is scanned by another instance: stop the controller first",
        )
    return image


def _all_off(image: ProcessImage) -> None:
    """The last thing: a handle that is closed already has left the safe image behind."""
    from plc.image.process_image import ImageFault

    try:
        image.write_safe()
    except (ImageFault, ValueError) as error:
        sys.stderr.write(f"outputs could not be written: {error}\n")
    image.close()


def _greet(talk: Talk, image: ProcessImage, passed: int, steps: int, protocol: Protocol) -> None:
    from plc.checkout import texts

    site = protocol.head["site_name"]
    talk.say(texts.WELCOME.of(site=site, passed=passed, steps=steps, path=protocol.path))
    if not image.is_device:
        talk.say(texts.SIMULATION)


def _finish(protocol: Protocol, order: list[str], talk: Talk) -> int:
    from plc.checkout import texts
    from plc.checkout.printout import printout

    data = protocol.write(order)
    page = protocol.path.with_suffix(".html")
    page.write_text(printout(data, german=talk.german), encoding="utf-8")
    bad = [key for key, step in data["steps"].items() if step["result"] != "pass"]
    talk.terminal.say(f"{protocol.path}\n{page}")
    talk.say(
        texts.PASSED
        if data["ok"]
        else texts.NOT_PASSED.of(names=", ".join(bad) or "-", left=len(data["open"]))
    )
    return Exit.OK if data["ok"] else Exit.CHECKOUT_FAILED


def _default_folder(site: Site) -> Path:
    from plc.store.directories import site_directory

    found = site_directory(os.environ, site.site_id, "checkout")
    if found is None:
        raise ExitError(Exit.USAGE, "no folder for the protocol can be written: give one with --protocol")
    return found
