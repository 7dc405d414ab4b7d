"""The RS485 lines of a virtual house by themselves, in real time: `python -m tools.twin.modbus_devices DIR`.

Links to the pseudo-terminals appear in DIR. Orders come on stdin, one a line (tools.twin.devices: `deye
unplug`, `deye fault late 5` ...); ends with the end of the input.
"""

from __future__ import annotations

import argparse
import select
import sys
import time
from pathlib import Path

from plc.plant.interface import ImageOutputs
from tools.twin import scenarios
from tools.twin.devices import Devices
from tools.twin.rig import Rig

STEP_S = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.twin.modbus_devices", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the links appear")
    options = parser.parse_args()
    rig = Rig(scenarios.get("pv-day"))
    with Devices(rig) as devices:
        devices.serve_rs485(options.folder, 1.0)
        print(f"SIMULATED inverter and meters in {options.folder}", flush=True)
        due_s = time.monotonic()
        while True:
            if select.select([sys.stdin], [], [], max(0.0, due_s - time.monotonic()))[0]:
                line = sys.stdin.readline()
                if not line:
                    return 0
                _obey(devices, line.split())
            else:
                due_s += STEP_S
                rig.step(STEP_S, ImageOutputs(), 0.0, 0.0)


def _obey(devices: Devices, words: list[str]) -> None:
    try:
        known = not words or devices.obey(words)
    except ValueError as error:
        known = False
        print(error, file=sys.stderr)
    if not known:
        print(f"not understood: {' '.join(words)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
