"""The live view: one screen, four times a second, read from what both processes say."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from plc.commands.why import CAUSES
from plc.plant.alarm_texts import TEXTS

REFRESH_PER_S = 4
TREND, SHORT_TREND = 32, 9
ROOMY_COLUMNS, ROOMY_LINES = 112, 38
"""A terminal of this size shows everything side by side; a smaller one gets two columns without frames."""

ALARMS_SHOWN = 2
BARS = "▁▂▃▄▅▆▇█"

TEMPERATURES = (
    ("t_oil_degc", "oil"),
    ("t_charge_degc", "charge"),
    ("t_buffer_top_degc", "buffer top"),
    ("t_buffer_bottom_degc", "buffer bottom"),
    ("t_glycol_degc", "glycol"),
    ("t_outdoor_degc", "outdoor"),
)


class Source(Protocol):
    """What the view needs of a demo."""

    plant: Any

    @property
    def instructions(self) -> str: ...

    def status(self) -> dict[str, Any]: ...


class Trends:
    """The last values of each temperature, one per simulated interval."""

    def __init__(self) -> None:
        self._values: dict[str, deque[float]] = {name: deque(maxlen=TREND) for name, _ in TEMPERATURES}
        self._last_ns = -1

    def add(self, status: Mapping[str, Any]) -> None:
        now_ns = status.get("now_ns", -1)
        if now_ns == self._last_ns:
            return
        self._last_ns = now_ns
        for name, values in self._values.items():
            value = _reading(status, name)
            if value is not None:
                values.append(value)

    def bars(self, name: str) -> str:
        values = self._values[name]
        if not values:
            return ""
        low, high = min(values), max(values)
        span = max(high - low, 1.0)  # a flat line stays flat instead of showing noise
        return "".join(BARS[min(int((value - low) / span * 7.99), 7)] for value in values)


def show(house: Source, over: Callable[[], bool], *, svg: Path | None = None, hidden: bool = False) -> None:
    """Draws until it is over. svg: file for the last picture; hidden: nowhere but there."""
    trends = Trends()
    # Without a terminal nothing is drawn on the way: standard output belongs to the line of figures.
    console = Console(stderr=hidden, quiet=hidden)
    status: Mapping[str, Any] = {}
    with Live(console=console, refresh_per_second=REFRESH_PER_S, screen=console.is_terminal) as live:
        while not over():
            status = house.status()
            trends.add(status)
            size = console.size
            roomy = size.width >= ROOMY_COLUMNS and size.height >= ROOMY_LINES
            live.update(screen(status, house.plant.latest, trends, house.instructions, roomy=roomy))
            time.sleep(1 / REFRESH_PER_S)
    if svg is not None:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            page = Console(record=True, width=ROOMY_COLUMNS, file=nowhere)
            page.print(screen(status, house.plant.latest, trends, house.instructions, roomy=True))
            page.save_svg(str(svg), title="tools/demo")


def screen(
    status: Mapping[str, Any], plant: Mapping[str, Any], trends: Trends, instructions: str, *, roomy: bool
) -> RenderableType:
    """The whole picture; parts without data say so."""
    if "outputs" not in status:
        return Panel("waiting for the controller's first scan ...", title="ThermIQ demo")
    head, scan, mqtt = (
        _headline(status, plant, 2 if roomy else 1),
        _scan(status),
        instructions.rstrip().splitlines(),
    )
    if roomy:
        return Group(
            head,
            Columns(
                [
                    Panel(_temperatures(status, trends, TREND), title="temperatures"),
                    Panel(_actuators(status), title="actuators"),
                    Panel(_energy(plant), title="energy flows"),
                ]
            ),
            Panel(Text("   ".join(scan)), title="scan"),
            Panel(Text("\n".join(mqtt)), title="MQTT"),
        )
    columns = Table.grid(padding=(0, 3))
    columns.add_row(
        Group(
            _temperatures(status, trends, SHORT_TREND),
            _title("energy flows"),
            _energy(plant),
        ),
        Group(
            _actuators(status),
            _title("scan"),
            *(Text(line, no_wrap=True) for line in scan),
            Text(mqtt[0].partition(",")[0] if mqtt else "", style="dim", no_wrap=True),
        ),
    )
    return Group(head, columns)


def _title(text: str) -> Text:
    return Text(f"── {text} ", style="dim")


def _headline(status: Mapping[str, Any], plant: Mapping[str, Any], events: int) -> Panel:
    about = status["status"]
    text = Text()
    text.append(
        f" {status['state']} ", style="bold reverse red" if status["state"] == "FAULT" else "bold reverse"
    )
    text.append(f"  mode {status['mode']}   route {about['route']}   simulated {_clock(plant.get('t_s'))}")
    text.append(f"\nasked {about['requested_power_w']:.0f} W, granted {about['granted_power_w']:.0f} W")
    if about["limited_by"]:
        text.append(f", limited by {about['limited_by']}", style="yellow")
    if about["alarms"]:
        shown = [f"{name} {TEXTS[name].cause_en}" for name in about["alarms"][:ALARMS_SHOWN]]
        more = len(about["alarms"]) - len(shown)
        text.append("\n" + ", ".join(shown) + (f" and {more} more" if more > 0 else ""), style="bold red")
    first = {name: cause for name, cause in about["first_out"].items() if name in ("m1", "m2")}
    if first:
        # Both miners wait for the same thing most of the time: once is enough then.
        causes = {CAUSES[cause][1] if cause in CAUSES else cause: name for name, cause in first.items()}
        each = len(causes) > 1 or len(first) == 1
        words = [f"{name.upper()}: {cause}" if each else cause for cause, name in causes.items()]
        text.append("\nminers wait: " + ", ".join(words), style="dim")
    for at_s, what, value in plant.get("events", [])[-events:]:
        text.append(f"\n{_clock(at_s)} {what} {value}", style="magenta")
    return Panel(text, title=f"ThermIQ demo - SIMULATION - site {status['site']}")


def _temperatures(status: Mapping[str, Any], trends: Trends, trend: int) -> Table:
    table = Table.grid(padding=(0, 1))
    for name, label in TEMPERATURES:
        value = _reading(status, name)
        table.add_row(
            label,
            "-" if value is None else f"{value:5.1f} °C",
            Text(trends.bars(name)[-trend:], style="cyan"),
        )
    return table


def _actuators(status: Mapping[str, Any]) -> Table:
    out, image, values = status["outputs"], status["inputs"]["image"], status["status"]["values"]
    table = Table.grid(padding=(0, 1))
    table.add_row("P3 miner loop", _on(out["p3_on"]), "flow" if image["flow_ok"] else "no flow")
    table.add_row("P4 heating water", f"{out['p4_setpoint_pct']:.0f} %")
    table.add_row("P5 glycol", f"{out['p5_setpoint_pct']:.0f} %")
    for valve in ("rv1", "rv2"):
        drive = "→A" if out[f"{valve}_a"] else "→B" if out[f"{valve}_b"] else ""
        position = values.get(f"{valve}_position_pct")
        table.add_row(valve.upper(), "?" if position is None else f"{position:.0f} %", drive)
    table.add_row("dry cooler", _on(out["cooler_on"]))
    table.add_row("K7 heat pump", "blocked" if out["hp_block"] else "free")
    for miner, contactor in (("m1", "k10"), ("m2", "k11")):
        proof = "closed" if image[f"{contactor}_fb"] else "open"
        table.add_row(f"{miner.upper()} enable", _on(out[f"{miner}_enable"]), f"{contactor.upper()} {proof}")
    table.add_row("safety chain", "ok" if image["safety_ok"] else "OPEN")
    return table


def _energy(plant: Mapping[str, Any]) -> Table:
    """Flows as the virtual house measures them; grid > 0 is import, battery > 0 is discharge."""
    table = Table.grid(padding=(0, 1))
    if "heat_w" not in plant:
        return table
    heat, pump = plant["heat_w"], plant["heat_pump"]
    for index, (watts, state) in enumerate(zip(plant["miner_w"], plant["miner_state"], strict=True), 1):
        table.add_row(f"miner {index}", _watts(watts), state)
    table.add_row("heat to water", _watts(heat["w1"]))
    table.add_row("heat to house", _watts(heat["load"]))
    table.add_row("recooled", _watts(heat["air"]))
    running = "blocked" if pump["blocked"] else f"COP {pump['cop']:.1f}" if pump["on"] else "off"
    table.add_row("heat pump", _watts(heat["heat_pump"]), running)
    table.add_row("PV", _watts(plant["pv_w"]))
    table.add_row("battery", _watts(plant["battery_w"]), f"SOC {plant['soc_pct']:.0f} %")
    table.add_row("house load", _watts(plant["load_w"]))
    table.add_row("grid", _watts(plant["grid_w"]), "import" if plant["grid_w"] > 0 else "export")
    return table


def _watts(value: float) -> str:
    return f"{value:6,.0f} W"


def _scan(status: Mapping[str, Any]) -> list[str]:
    """Statistics of the cycle, a short line each."""
    scan = status["scan"]
    execution, share = scan["execution"]["last_1000"], scan["share"]
    return [
        f"{scan['scans']} of {scan['period_ms']:.0f} ms, {scan['lost_cycles']} lost",
        f"one takes {execution['p50_us']:.0f} µs, p99 {execution['p99_us']:.0f} µs",
        f"read {share['read']:.0%} logic {share['logic']:.0%} write {share['write']:.0%}",
    ]


def _reading(status: Mapping[str, Any], name: str) -> float | None:
    reading = status.get("inputs", {}).get("image", {}).get(name)
    return reading["value"] if reading else None


def _on(value: bool) -> Text:
    return Text("on", style="bold green") if value else Text("off", style="dim")


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
