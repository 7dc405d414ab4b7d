"""The one JSON line at the end of a demo: what the plant saw and what the controller says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.demo_app.settled import Settled

PLANT = (
    "simulated_s",
    "buffer_top_degc_start",
    "buffer_top_degc_end",
    "oil_max_degc",
    "body_max_degc",
    "miner_energy_kwh",
    "energy_residual",
)


def summary(
    plant: dict[str, Any], status: dict[str, Any], settled: Settled, exit_code: int
) -> dict[str, Any]:
    """Figures of both; null where a process ended before it said anything."""
    scan = status.get("scan", {})
    link = status.get("services", {}).get("mqtt", {})
    result: dict[str, Any] = {name: plant.get(name) for name in PLANT}
    result |= {
        "scans": scan.get("scans"),
        "lost_cycles": scan.get("lost_cycles"),
        "states_visited": status.get("states_visited", []),
        **_devices(status.get("services", {})),
        "mqtt_published": link.get("published"),
        "mqtt_problem": link.get("problem"),
        **settled.figures(),
        "exit_code": exit_code,
    }
    return result


def _devices(services: Mapping[str, Any]) -> dict[str, Any]:
    """Transactions with the virtual devices, as the controller's own drivers count them."""
    serial = list(_serial(services))
    deye = [device for device in serial if device["type"].startswith("deye")]
    meters = [device for device in serial if not device["type"].startswith("deye")]
    calls = [
        (kind, count)
        for name, service in services.items()
        if name.startswith("miner")
        for kind, count in service.get("calls", {}).items()
    ]
    return {
        "deye_reads_ok": sum(device["ok"] for device in deye),
        "deye_read_errors": sum(device["requests"] - device["ok"] for device in deye),
        "meter_reads_ok": sum(device["ok"] for device in meters),
        "meter_read_errors": sum(device["requests"] - device["ok"] for device in meters),
        "grpc_calls_ok": sum(count for kind, count in calls if kind == "ok"),
        "grpc_call_errors": sum(count for kind, count in calls if kind != "ok"),
    }


def _serial(services: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for port in services.get("rs485", {}).get("ports", ()):
        yield from port["devices"]
