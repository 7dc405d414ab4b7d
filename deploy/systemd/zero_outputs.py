"""Writes zeros to all outputs of the process image; run by systemd after every end of the controller.

Needs nothing but the standard library, so that it still works when the program's own libraries are
the reason for the end. Leaves the outputs alone when another instance holds the image: a supervisor
that zeroes after its own failed start must never stop a plant that somebody else runs.

    zero_outputs.py [--image /dev/piControl0] [--pictory /etc/revpi/config.rsc]
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import os
import sys
from pathlib import Path

PICTORY = (Path("/etc/revpi/config.rsc"), Path("/opt/KUNBUS/config.rsc"))
IMAGE_SIZE = 4096


def output_blocks(config: dict) -> list[tuple[int, int]]:
    """(first byte, length) of the output block of every module, from a PiCtory file."""
    blocks = []
    for device in config.get("Devices", []):
        ends, starts = [], []
        for entry in device.get("out", {}).values():
            bits, offset = int(entry[2]), int(entry[3])
            bit = int(entry[7]) if str(entry[7]).strip() else 0
            starts.append(offset)
            ends.append(offset + math.ceil((bit + bits) / 8))
        if starts:
            base = int(device["offset"])
            blocks.append((base + min(starts), max(ends) - min(starts)))
    return blocks


def zero(image: Path, blocks: list[tuple[int, int]]) -> str:
    """Zeroes the blocks; returns what was done. Raises OSError when the image cannot be written."""
    descriptor = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return "another instance holds the process image: outputs left alone"
        for first, length in blocks:
            os.pwrite(descriptor, bytes(length), first)
        return f"{len(blocks)} output blocks set to 0"
    finally:
        os.close(descriptor)


def main() -> int:
    """Exit status 0 when the outputs are 0 or somebody else's, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, default=Path("/dev/piControl0"))
    parser.add_argument("--pictory", type=Path)
    options = parser.parse_args()
    found = options.pictory or next((path for path in PICTORY if path.exists()), None)
    try:
        blocks = output_blocks(json.loads(found.read_text(encoding="utf-8"))) if found else []
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        print(f"zero_outputs: {found}: {error}; zeroing the whole image")
        blocks = []
    try:
        print(f"zero_outputs: {zero(options.image, blocks or [(0, IMAGE_SIZE)])}")
    except OSError as error:
        print(f"zero_outputs: {options.image}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
