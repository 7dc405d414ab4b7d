"""Start program of the bundle: what RevPiPyLoad runs, with nothing but the standard library.

    program.py                 the controller with the site folder of this bundle
    program.py COMMAND ...     any command of `python -m plc`; `@site` stands for the site folder

All work is in the `launcher` package beside this file; see its `start` module for the order of events.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

if sys.version_info < (3, 11):  # noqa: UP036 - an old image is the case it exists for
    found = sys.version.split()[0]
    sys.exit(f"ThermIQ needs Python 3.11 or newer, this is {found}: install the current RevPi image")

from launcher.start import main  # noqa: E402 - the version check must come first

if __name__ == "__main__":
    main(HERE, sys.argv[1:])
