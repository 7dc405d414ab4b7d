"""Reads wiring.yaml and collects everything that is wrong with it.

Here the file as a whole: modules, completeness, proofs; a single signal is read next door. Whether the
map agrees with PiCtory is a question of its own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from plc.image.marked_yaml import Node, load
from plc.image.modules import BASE_TYPES
from plc.image.problem import Problem, did_you_mean
from plc.image.typed import build
from plc.image.wiring import Module, Wire, Wiring
from plc.image.wiring_entry import EntryReader
from plc.plant.signals import BY_NAME, SIGNALS, Kind


def load_wiring(path: Path) -> tuple[Wiring | None, list[Problem]]:
    """The map of a site, or all problems that prevent it."""
    root, problems = load(path)
    if root is None:
        return None, problems
    wiring = WiringReader(str(path), root, problems).read(_sha256(path))
    return (None if problems else wiring), problems


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class WiringReader:
    """One pass over the file that collects everything wrong with it."""

    def __init__(self, file: str, root: Node, problems: list[Problem]) -> None:
        self.file = file
        self.root = root
        self.problems = problems
        self.modules: dict[str, Module] = {}

    def read(self, sha256: str) -> Wiring | None:
        top = self.root.value
        for key, node in top.items():
            if key not in ("modules", "signals"):
                hint = did_you_mean(key, ("modules", "signals"))
                self._say(
                    node.key_line, f'the unknown key "{key}"', "modules, signals", hint or "remove the key"
                )
        self._read_modules(top.get("modules"))
        wires = self._read_signals(top.get("signals"))
        self._check_proofs(wires)
        if self.problems:
            return None
        ordered = {signal.name: wires[signal.name] for signal in SIGNALS}
        return Wiring(self.file, sha256, tuple(self.modules.values()), ordered)

    def _say(self, line: int, found: str, allowed: str, next_step: str) -> None:
        self.problems.append(Problem(self.file, line, found, allowed, next_step))

    # ---- modules

    def _read_modules(self, node: Node | None) -> None:
        if node is None or not isinstance(node.value, list) or not node.value:
            line = node.line if node else 1
            self._say(
                line,
                'no list "modules"',
                "the modules on the rail",
                "add `modules:` with the base module first",
            )
            return
        positions: dict[int, str] = {}
        for item in node.value:
            module, _ = build(Module, item, self.file, self.problems, where="module")
            if module is None:
                continue
            if module.name in self.modules:
                self._say(
                    item.line, f'a second module "{module.name}"', "every name once", "rename one of them"
                )
            if module.position in positions:
                other = positions[module.position]
                self._say(
                    item.line,
                    f"position {module.position} a second time (module {other})",
                    "every position once",
                    "take the positions from PiCtory",
                )
            if (module.type in BASE_TYPES) != (module.position == 0):
                self._say(
                    item.line,
                    f"{module.type} at position {module.position}",
                    "core or connect at 0, I/O modules at 32 and up (right) or 31 and down (left)",
                    "take the position from PiCtory",
                )
            positions[module.position] = module.name
            self.modules[module.name] = module
        if 0 not in positions:
            self._say(node.line, "no base module", "one core or connect at position 0", "add the base module")

    # ---- signals

    def _read_signals(self, node: Node | None) -> dict[str, Wire]:
        entries: dict[str, Node] = node.value if node is not None and isinstance(node.value, dict) else {}
        reader = EntryReader(self.file, self.problems, self.modules)
        wires: dict[str, Wire] = {}
        for name, item in entries.items():
            signal = BY_NAME.get(name)
            if signal is None:
                hint = did_you_mean(name, BY_NAME)
                self._say(
                    item.key_line,
                    f'the unknown signal "{name}"',
                    "a signal of the catalogue",
                    hint or "remove the entry or take a name of the signal catalogue",
                )
                continue
            wire = reader.read(signal, item)
            if wire is not None:
                wires[name] = wire
        line = node.key_line if node is not None else 1
        for signal in SIGNALS:
            if signal.name not in entries:
                what = "protective, it must be wired" if signal.protective else "wired, or `present: false`"
                self._say(
                    line,
                    f'no signal "{signal.name}"',
                    f"every signal of the catalogue ({what})",
                    f"add an entry {signal.name}",
                )
        return wires

    def _check_proofs(self, wires: dict[str, Wire]) -> None:
        for wire in wires.values():
            if wire.proved_by is None:
                continue
            proof = BY_NAME.get(wire.proved_by.signal)
            if proof is None or proof.kind not in (Kind.DI, Kind.AI):
                hint = did_you_mean(
                    wire.proved_by.signal, [s.name for s in SIGNALS if s.kind in (Kind.DI, Kind.AI)]
                )
                self._say(
                    wire.line,
                    f'{wire.name}: proved_by "{wire.proved_by.signal}"',
                    "an input of the catalogue",
                    hint or "name the input that shows the effect",
                )
