"""Reads one signal of wiring.yaml: what it may say depends on its kind and on whether it protects.

A protective input cannot be declared away: absent, inverted, substituted and forced are faults there.
"""

from __future__ import annotations

import re
from typing import Any

from plc.blocks.pump import Curve
from plc.image import modules
from plc.image.marked_yaml import Node
from plc.image.problem import Problem, did_you_mean
from plc.image.typed import build
from plc.image.wiring import (
    ENTRY,
    AiEntry,
    AoEntry,
    Channel,
    DiEntry,
    Module,
    Sensor,
    Terminal,
    Wire,
)
from plc.plant.signals import Kind, Signal

IO_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,30}$")
"""What PiCtory, piTest and KB_FIND_VARIABLE all accept: at most 31 characters, no blanks, no umlauts."""

_CHANNEL = re.compile(r"^([A-Za-z0-9_]+)\.([A-Z]+)([0-9]+)$")
_TERMINALS_OF_KIND = {Kind.DI: ("DI",), Kind.DO: ("DO",), Kind.AI: ("RTD", "AI"), Kind.AO: ("AO",)}

_RTD_SENSORS = (Sensor.PT100, Sensor.PT1000)


_HARMLESS: dict[str, object] = {"present": True, "invert": False, "substitute": None, "force": ...}
"""Values that leave a protective input alone; `force` has none."""

_NO_ONLY = ("k10_fb", "k11_fb", "mode_auto", "mode_maint")
"""Inputs whose healthy or active state is a closed contact: the normally closed one would be an inversion."""


class EntryReader:
    """Reads signals one after the other and remembers what is taken already."""

    def __init__(self, file: str, problems: list[Problem], modules: dict[str, Module]) -> None:
        self.file = file
        self.problems = problems
        self.modules = modules
        self.channels: dict[str, str] = {}
        self.io_names: dict[str, str] = {}
        self.terminals: dict[str, str] = {}

    def _say(self, line: int, found: str, allowed: str, next_step: str) -> None:
        self.problems.append(Problem(self.file, line, found, allowed, next_step))

    def read(self, signal: Signal, node: Node) -> Wire | None:
        """One signal; None when too little of it can be read."""
        if node.value is None:
            node = Node({}, node.line, node.key_line)  # a key without anything behind it
        if signal.protective and isinstance(node.value, dict):
            node = self._check_protective(signal, node)
        entry, refused = build(ENTRY[signal.kind], node, self.file, self.problems, where=signal.name)
        if entry is None:
            return None
        present = getattr(entry, "present", True)
        channel = self._read_channel(signal, node, entry.channel, present, ("channel",) in refused)
        self._check_names(signal, node, entry, present, refused)
        if isinstance(entry, DiEntry):
            self._check_di(signal, node, entry)
        if isinstance(entry, AiEntry):
            self._check_ai(signal, node, entry, channel)
        if isinstance(entry, AoEntry):
            self._check_ao(signal, node, entry)
        return _wire(signal, node, entry, channel, present)

    def _check_protective(self, signal: Signal, node: Node) -> Node:
        """Reports what takes the protection away, and reads the rest of the entry as if it were not there."""
        why = "wired, healthy = 1, measured: it protects the plant"
        rest = dict(node.value)
        for key, harmless in _HARMLESS.items():
            if key in rest and rest[key].value is not harmless:
                found = f"{signal.name}: {key} = {str(rest[key].value).lower()}"
                self._say(
                    rest[key].key_line,
                    found,
                    why,
                    f"remove {key} and wire the signal so that 1 means healthy",
                )
                del rest[key]
        if signal.name in _NO_ONLY and "contact" in rest and rest["contact"].value == "NC":
            self._say(
                rest["contact"].line,
                f"{signal.name}: contact = NC",
                "NO: 1 means closed",
                "wire the normally open contact; a mirror contact reads the wrong way round",
            )
        return Node(rest, node.line, node.key_line)

    def _read_channel(
        self, signal: Signal, node: Node, text: str | None, present: bool, refused: bool
    ) -> Channel | None:
        line = _line(node, "channel")
        if text is None:
            if present and not refused:
                self._say(
                    line, f"{signal.name} without a channel", "channel: module.terminal", "add the channel"
                )
            return None
        match = _CHANNEL.match(text)
        if match is None:
            self._say(
                line, f'channel = "{text}"', "module.terminal as printed, dio01.DI4", "repair the channel"
            )
            return None
        channel = Channel(match[1], match[2], int(match[3]))
        if not self._channel_exists(signal, channel, line):
            return None
        if str(channel) in self.channels:
            self._say(
                line,
                f"{channel} a second time (also {self.channels[str(channel)]})",
                "every channel once",
                "look at the drawing which of the two is connected there",
            )
        self.channels[str(channel)] = signal.name
        return channel

    def _channel_exists(self, signal: Signal, channel: Channel, line: int) -> bool:
        module = self.modules.get(channel.module)
        if module is None:
            hint = did_you_mean(channel.module, self.modules)
            names = ", ".join(self.modules) or "none is listed"
            self._say(
                line,
                f'the unknown module "{channel.module}"',
                names,
                hint or "add the module or take a listed one",
            )
            return False
        kinds = _TERMINALS_OF_KIND[signal.kind]
        if channel.terminal not in kinds:
            self._say(
                line,
                f"{channel} for {signal.name}",
                f"a terminal {' or '.join(kinds)}",
                f"{signal.name} is of kind {signal.kind.value}: connect it to such a terminal",
            )
            return False
        terminal = modules.TERMINALS[channel.terminal]
        if terminal.module is not module.type or not 1 <= channel.number <= terminal.count:
            count = terminal.count if terminal.module is module.type else 0
            have = (
                f"{channel.terminal}1 to {channel.terminal}{count}"
                if count
                else f"no {channel.terminal} on a {module.type}"
            )
            self._say(
                line,
                f"{channel}, which the module does not have",
                have,
                "take the number printed on the module",
            )
            return False
        return True

    def _check_names(
        self,
        signal: Signal,
        node: Node,
        entry: Terminal,
        present: bool,
        refused: frozenset[tuple[str | int, ...]],
    ) -> None:
        line = _line(node, "io_name")
        if entry.io_name is None:
            if present and ("io_name",) not in refused:
                self._say(
                    line,
                    f"{signal.name} without io_name",
                    "the name in PiCtory",
                    f"add io_name: {signal.name.upper()}",
                )
        elif not IO_NAME.match(entry.io_name):
            self._say(
                line,
                f'io_name = "{entry.io_name}"',
                "1 to 31 letters, digits or _, a letter first",
                "rename it here and in PiCtory",
            )
        elif entry.io_name in self.io_names:
            self._say(
                line,
                f'io_name "{entry.io_name}" a second time (also {self.io_names[entry.io_name]})',
                "every name once",
                "give each its own name",
            )
        else:
            self.io_names[entry.io_name] = signal.name
        if entry.terminal and entry.terminal in self.terminals:
            self._say(
                _line(node, "terminal"),
                f"terminal {entry.terminal} a second time (also {self.terminals[entry.terminal]})",
                "every terminal once",
                "look at the drawing",
            )
        elif entry.terminal:
            self.terminals[entry.terminal] = signal.name

    def _check_ao(self, signal: Signal, node: Node, entry: AoEntry) -> None:
        if signal.name == "p5_setpoint_pct" and entry.curve is Curve.SOLAR_10_0:
            self._say(
                _line(node, "curve"),
                "curve = solar_10_0 on P5",
                "off_0_10, no_off, cb_2_10",
                "choose a curve that stops at 0 V: glycol at full speed after a crash freezes exchanger W2",
            )

    def _check_substitute(self, signal: Signal, node: Node, present: bool, allowed: str) -> None:
        """An absent input needs a substitute; beside a wired one it would do nothing."""
        given = "substitute" in node.value
        if not present and not given:
            found = f"{signal.name}: present = false without a substitute"
            self._say(_line(node, "present"), found, allowed, "say which value counts while it is not wired")
        if present and given and not signal.protective and node.value["substitute"].value is not None:
            found = f"{signal.name}: a substitute for an input that is wired"
            self._say(_line(node, "substitute"), found, "a substitute only with present: false", "remove it")

    def _check_di(self, signal: Signal, node: Node, entry: DiEntry) -> None:
        self._check_substitute(signal, node, entry.present, "substitute: true or false")
        if not entry.present and "substitute" in node.value and entry.substitute is None:
            found = f"{signal.name}: substitute = nothing"
            self._say(_line(node, "substitute"), found, "true or false", "say which value counts")

    def _check_ai(self, signal: Signal, node: Node, entry: AiEntry, channel: Channel | None) -> None:
        if entry.substitute is not None and not _inside(signal, entry.substitute):
            self._say(
                _line(node, "substitute"),
                f"{signal.name}: substitute = {entry.substitute:g}",
                _range_of(signal),
                "take a plausible value, or none",
            )
        self._check_substitute(signal, node, entry.present, "substitute: a number, or ~ for no value")
        if channel is None:
            return
        wanted = _RTD_SENSORS if channel.terminal == "RTD" else (Sensor.MA_4_20, Sensor.V_0_10)
        if entry.sensor not in wanted:
            found = f"{signal.name}: sensor = {entry.sensor or 'nothing'} on {channel}"
            self._say(_line(node, "sensor"), found, " or ".join(wanted), "name the sensor that is connected")
        if channel.terminal == "AI" and (entry.span is None or entry.span[0] >= entry.span[1]):
            self._say(
                _line(node, "span"),
                f"{signal.name}: span = {entry.span or 'nothing'}",
                "[low, high] with low below high",
                "take both ends from the transmitter's label",
            )


def _line(node: Node, key: str) -> int:
    child = node.value.get(key) if isinstance(node.value, dict) else None
    return child.line if child is not None else node.key_line


def _inside(signal: Signal, value: float) -> bool:
    return (signal.minimum is None or value >= signal.minimum) and (
        signal.maximum is None or value <= signal.maximum
    )


def _range_of(signal: Signal) -> str:
    return f"from {signal.minimum:g} to {signal.maximum:g} {signal.unit}"


def _wire(signal: Signal, node: Node, entry: Terminal, channel: Channel | None, present: bool) -> Wire:
    facts: dict[str, Any] = {name: getattr(entry, name) for name in _FACTS if hasattr(entry, name)}
    return Wire(
        signal=signal,
        line=node.key_line,
        channel=channel,
        io_name=entry.io_name or "",
        device=entry.device,
        terminal=entry.terminal,
        text_de=entry.text.de,
        text_en=entry.text.en,
        note=entry.note,
        present=present,
        **facts,
    )


_FACTS = (
    "substitute",
    "contact",
    "invert",
    "relay",
    "proved_by",
    "sensor",
    "wires",
    "span",
    "frozen_after_s",
    "curve",
)
