"""Before the first write: site folder read, image opened and compared with PiCtory, nobody else on it.

Everything here may still be refused without a trace: no output has been touched.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from plc.exits import Exit, ExitError
from plc.image.process_image import ProcessImage, default_pictory
from plc.loopback import strangers
from plc.scan.lifecycle import StopFlag
from plc.scan.sole_writer import become_sole_writer
from plc.site import Site, load_site


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `run`."""

    site: Path
    image: str
    pictory: Path | None = None
    clock: str | None = None
    live_devices: bool = False


def open_as_sole_writer(options: Options, stop: StopFlag) -> tuple[Site, ProcessImage] | None:
    """Site and image, validated, and ours alone; None when asked to stop while waiting for it."""
    while True:
        site = load_site(options.site)
        image = open_image(options, site)
        refuse_wrong_company(site, options, image)
        if image.lock():
            return site, image
        if sys.stdin is not None and sys.stdin.isatty():
            raise ExitError(Exit.ANOTHER_INSTANCE, f"{options.image} is scanned by another instance")
        if not become_sole_writer(image.lock, options.image, stop):
            return None
        # Days may have passed: what was read before the wait may describe another cabinet. Once more.
        image.close()


def open_image(options: Options, site: Site) -> ProcessImage:
    """The image, compared with PiCtory; nothing is written. Raises ImageFault."""
    device = is_device(options.image)
    return ProcessImage.open(
        site.wiring,
        options.image,
        options.pictory or (default_pictory() if device else site.pictory_path),
        hold_s=site.parameters.fallback.sensor_hold_s,
        simulated=not device,
    )


def is_device(image: str) -> bool:
    """Whether this is the driver's device; a missing image is reported when it is opened."""
    try:
        return stat.S_ISCHR(os.stat(image).st_mode)
    except OSError:
        return False


def refuse_wrong_company(site: Site, options: Options, image: ProcessImage) -> None:
    """A simulation never reaches a real house, and a real house never lives in virtual time."""
    if options.clock and (image.is_device or image.has_watchdog()):
        raise ExitError(
            Exit.USAGE, f"--clock needs a plain file as image; {options.image} has an output watchdog"
        )
    if not image.is_device and not options.live_devices:
        found = strangers(site.hosts(), site.serial_ports())
        if found:
            rule = "with a file as process image only loopback addresses and pseudo-terminals are allowed"
            raise ExitError(Exit.SITE_INVALID, "\n".join([*found, f"{rule} (--live-devices lifts this)"]))
