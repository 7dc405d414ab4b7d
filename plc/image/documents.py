"""Lists for the cabinet, made from the wiring map: nobody types a channel twice."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from plc.image.modules import TERMINALS
from plc.image.wiring import Wire, Wiring

_TERMINAL_COLUMNS = (
    "module",
    "position",
    "channel",
    "terminal",
    "device",
    "signal",
    "io_name",
    "kind",
    "contact_or_sensor",
    "relay",
    "text_de",
    "text_en",
    "note",
)


def terminal_list(wiring: Wiring) -> str:
    """CSV, one line per terminal of every module in the order of the modules, free ones included."""
    used = {str(wire.channel): wire for wire in wiring.wired()}
    rows = []
    for module in wiring.modules:
        for name, terminal in TERMINALS.items():
            if terminal.module is not module.type:
                continue
            for number in range(1, terminal.count + 1):
                channel = f"{name}{number}"
                wire = used.get(f"{module.name}.{channel}")
                rows.append([module.name, module.position, channel, *_columns(wire)])
    return _csv(_TERMINAL_COLUMNS, rows)


def labels(wiring: Wiring) -> str:
    """CSV for a label printer: designation, terminal, channel, and the text in both languages."""
    rows = [
        [wire.device, wire.terminal, str(wire.channel), wire.io_name, wire.text_de, wire.text_en]
        for wire in wiring.wired()
    ]
    return _csv(("device", "terminal", "channel", "io_name", "text_de", "text_en"), rows)


def _columns(wire: Wire | None) -> list[str]:
    if wire is None:
        return ["", "", "", "", "", "", "", "frei", "free", ""]
    return [
        wire.terminal,
        wire.device,
        wire.name,
        wire.io_name,
        wire.signal.kind.value,
        str(wire.contact or wire.sensor or ""),
        wire.relay,
        wire.text_de,
        wire.text_en,
        wire.note,
    ]


def _csv(header: tuple[str, ...], rows: Sequence[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
