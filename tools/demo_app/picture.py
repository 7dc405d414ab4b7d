"""A picture of the live view for the README: `python -m tools.demo_app.picture docs/images/demo.svg`.

Runs the demo as fast as it goes until the house is heated, and draws the view once.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tools.demo_app.__main__ import ROOT, House
from tools.demo_app.view import Trends, screen

PATIENCE_S = 300.0


def main() -> int:
    """Returns 1 when the plant did not come to heating in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("svg", type=Path)
    parser.add_argument("--at-s", type=float, default=2300.0, help="simulated time of the picture")
    chosen = parser.parse_args()
    options = argparse.Namespace(
        scenario="winter-day", speed="60", seconds=None, site=ROOT / "io_map/walda", headless=True
    )
    with tempfile.TemporaryDirectory(prefix="thermiq-picture-") as folder:
        house, trends = House(Path(folder), options), Trends()
        end = time.monotonic() + PATIENCE_S
        try:
            while house.running and time.monotonic() < end:
                status = house.status()
                trends.add(status)
                if house.plant.latest.get("t_s", 0.0) >= chosen.at_s:
                    break
                time.sleep(0.25)
            else:
                return 1
            _draw(screen(house.status(), house.plant.latest, trends), chosen.svg)
        finally:
            house.end()
    return 0


def _draw(view: object, path: Path) -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(width=112, record=True, file=nowhere)
        console.print(view)
    path.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title="tools/demo")
    # Fonts of the reader's machine: a picture in a repository loads nothing from elsewhere.
    path.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
