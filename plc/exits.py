"""Exit codes of every command: one number per class of failure, so that a supervisor or a script can tell.

A supervisor that zeroes the outputs on a non-zero exit must never see one from a second instance: that
is why a second instance without a terminal waits instead of leaving with ANOTHER_INSTANCE.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process says when it leaves."""

    OK = 0
    INTERNAL = 1  # a fault of the program; outputs were made safe if the image still took them
    USAGE = 2  # wrong command line
    SITE_INVALID = 3  # the site folder cannot be used
    WIRING_DIFFERS = 4  # wiring.yaml and the PiCtory file do not describe the same cabinet
    IMAGE_FAULT = 5  # the process image cannot be opened, read, written or guarded
    ANOTHER_INSTANCE = 6  # somebody else scans this image (only on a terminal)
    REPLAY_DIFFERS = 7  # this version decides differently from the recording
    CHECKOUT_FAILED = 8  # a signal did not do what the map says


class ExitError(Exception):
    """A failure that a person can act on: shown as it is, without a traceback."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code
