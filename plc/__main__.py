"""`python -m plc`."""

from __future__ import annotations

import sys

from plc.cli import main

if __name__ == "__main__":
    sys.exit(main())
