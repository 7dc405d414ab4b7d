"""The one JSON line at the end of a demo: what the plant saw and what the controller says."""

from __future__ import annotations

from typing import Any

PLANT = (
    "simulated_s",
    "buffer_top_degc_start",
    "buffer_top_degc_end",
    "oil_max_degc",
    "body_max_degc",
    "miner_energy_kwh",
    "energy_residual",
)


def summary(plant: dict[str, Any], status: dict[str, Any], exit_code: int) -> dict[str, Any]:
    """Figures of both; null where a process ended before it said anything."""
    scan = status.get("scan", {})
    result: dict[str, Any] = {name: plant.get(name) for name in PLANT}
    result |= {
        "scans": scan.get("scans"),
        "lost_cycles": scan.get("lost_cycles"),
        "states_visited": status.get("states_visited", []),
        "exit_code": exit_code,
    }
    return result
