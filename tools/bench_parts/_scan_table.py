"""The table of `tools/bench scan --table`: three periods, four loads, ours beside cycleloop.

idle: no device in the site, so no driver and no thread of one. live: two miners, an inverter and three meters
polling. faulty: the adapter of the inverter unplugged, one miner hangs, the other answers after 5 s. busy:
live, while other programs want every core. Each cell is a process of its own, one after the other; ours and
cycleloop of a cell follow each other directly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench_parts import _scan_runs as runs
from tools.bench_parts._scan_runs import LOADS
from tools.bench_parts.result import budget, result
from tools.bench_parts.surroundings import quietest

PERIODS_MS = (20, 50, 100)
COMPARED = (20, "busy")
"""The cell for which the budget speaks."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One period under one load; times in microseconds after the deadline."""

    period_ms: int
    load: str
    ours: dict[str, float]
    peer: dict[str, float]
    lost: int
    lost_with_machine: int
    peer_lost: int
    stop_us: float

    @property
    def ratio(self) -> float:
        """p99 of cycleloop over ours."""
        return self.peer["p99_us"] / max(self.ours["p99_us"], 1.0)


def run_table(
    folder: Path,
    seconds: float,
    ports: list[int],
    floor: Callable[[float, int], dict[str, Any]],
    noisy_us: float,
) -> dict[str, Any]:
    """Every cell, again while the machine stops for a period in it; prints the table of the documentation."""
    floors = {period: floor(seconds, period) for period in PERIODS_MS}

    def cell_of(period: int, load: str) -> Cell:
        def measure(attempt: int) -> Cell:
            return _cell(folder / f"{period}-{load}-{attempt}", period, load, seconds, ports)

        return quietest(measure, lambda cell: cell.stop_us, period * 1000.0)[0]

    cells = [cell_of(period, load) for period in PERIODS_MS for load in LOADS]
    print(markdown(cells, {period: found["p99_us"] for period, found in floors.items()}), flush=True)
    figures: dict[str, Any] = {"seconds_per_cell": seconds}
    figures |= {f"{period} ms, floor p99_us": found["p99_us"] for period, found in floors.items()}
    for cell in cells:
        name = f"{cell.period_ms} ms, {cell.load}"
        figures |= {f"{name}: ours {key}": value for key, value in cell.ours.items()}
        figures |= {f"{name}: cycleloop {key}": value for key, value in cell.peer.items()}
        figures |= {f"{name}: ours lost": cell.lost, f"{name}: cycleloop lost": cell.peer_lost}
        figures |= {f"{name}: ours lost with the machine": cell.lost_with_machine}
        figures |= {f"{name}: ratio": round(cell.ratio, 1), f"{name}: machine stop_us": cell.stop_us}
    figures["machine_longest_stop_in_periods"] = round(
        max(cell.stop_us / cell.period_ms for cell in cells) / 1000.0, 2
    )
    return result(
        "scan",
        figures,
        {
            "machine_too_noisy_floor_us": budget(noisy_us, max(f["p99_us"] for f in floors.values())),
            "lost_cycles_of_all_cells": budget(0, sum(cell.lost - cell.lost_with_machine for cell in cells)),
            "ours_to_cycleloop_busy_20_ms": budget(
                0.25, round(next(1 / c.ratio for c in cells if (c.period_ms, c.load) == COMPARED), 3)
            ),
        },
    )


def _cell(folder: Path, period_ms: int, load: str, seconds: float, ports: list[int]) -> Cell:
    folder.mkdir()
    found = runs.ours(folder / "ours", LOADS[load], period_ms, ports, seconds)
    peer = runs.cycleloop(folder / "peer", LOADS[load], period_ms, ports, seconds)
    lateness = found["lateness"]["since_start"]
    keys = ("p50_us", "p99_us", "max_us")
    expected = round(seconds * 1000.0 / period_ms)
    return Cell(
        period_ms,
        load,
        {key: lateness[key] for key in keys},
        {key: peer[key] for key in keys},
        found["lost_cycles"],
        found["lost_with_the_machine"],
        max(0, expected - peer["cycles"]),
        max(found["machine_longest_stop_us"], peer["machine_longest_stop_us"]),
    )


def markdown(cells: Sequence[Cell], floor_us: dict[int, float]) -> str:
    """The table as it stands in docs/explanation/determinism.md."""
    lines = [
        "| Period | Load | Floor p99, ms | Ours: p50 / p99 / max, ms | lost "
        "| cycleloop: p50 / p99 / max, ms | lost | Ratio |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        lines.append(
            f"| {cell.period_ms} ms | {cell.load} | {_ms(floor_us[cell.period_ms])} | {_three(cell.ours)} | "
            f"{_lost(cell)} | {_three(cell.peer)} | {cell.peer_lost} | {cell.ratio:.0f} |"
        )
    return "\n".join(lines)


def _lost(cell: Cell) -> str:
    """The part for which the machine itself was away in brackets."""
    return f"{cell.lost} ({cell.lost_with_machine})" if cell.lost_with_machine else str(cell.lost)


def _three(found: dict[str, float]) -> str:
    return " / ".join(_ms(found[key]) for key in ("p50_us", "p99_us", "max_us"))


def _ms(us: float) -> str:
    return f"{us / 1000:.3g}"
