"""The protocol as a page to print and sign: one HTML file without anything from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

from plc.checkout.texts import RESULTS

_STYLE = """
@page { size: A4; margin: 15mm }
body { font: 10pt/1.35 sans-serif; color: #000 }
h1 { font-size: 15pt; margin: 0 0 2mm }
table { border-collapse: collapse; width: 100% }
th, td { border: 0.3mm solid #888; padding: 1mm 1.5mm; text-align: left; vertical-align: top }
thead { display: table-header-group } tr { page-break-inside: avoid }
.pass { background: #e5f5e5 } .fail { background: #fbd9d9; font-weight: bold }
.skip, .open { background: #fff3cd }
.mono { font-family: monospace; font-size: 8pt; word-break: break-all }
.sign { margin-top: 14mm; border-top: 0.3mm solid #000; width: 70mm }
"""

_DE = {
    "title": "Inbetriebnahmeprotokoll E/A",
    "sim": "SIMULATION - kein echter Schaltschrank",
    "head": ("Schritt", "Klemme", "Kanal", "Gerät", "Bedeutung", "Ergebnis", "Befund", "Wer, wann"),
    "sign": "Datum, Unterschrift",
    "open": "offen",
    "ok": "vollständig bestanden",
    "not_ok": "NICHT vollständig bestanden",
    "person": "Person",
    "map": "Verdrahtung (SHA-256)",
    "pictory": "PiCtory (SHA-256)",
    "version": "Programmversion",
    "time": "Beginn, Stand",
}
_EN = {
    "title": "I/O check-out protocol",
    "sim": "SIMULATION - not a real cabinet",
    "head": ("step", "terminal", "channel", "device", "meaning", "result", "found", "who, when"),
    "sign": "date, signature",
    "open": "open",
    "ok": "complete, everything passed",
    "not_ok": "NOT complete or not passed",
    "person": "person",
    "map": "wiring map (SHA-256)",
    "pictory": "PiCtory (SHA-256)",
    "version": "program version",
    "time": "begun, as of",
}


def printout(data: dict[str, Any], *, german: bool) -> str:
    """HTML of a protocol as `Protocol.write` returns it."""
    words: dict[str, Any] = _DE if german else _EN
    head = data["head"]
    facts = (
        (words["person"], data["person"]),
        (words["time"], f"{data['started']}, {data['written']}"),
        (words["version"], head["version"]),
        (words["map"], head["map"]),
        (words["pictory"], head["pictory"]),
    )
    rows = [_row(key, step, german=german) for key, step in data["steps"].items()]
    rows += [
        f'<tr class="open"><td>{escape(key)}</td><td colspan="4"></td><td>{words["open"]}</td>'
        '<td colspan="2"></td></tr>'
        for key in data["open"]
    ]
    sim = f"<p><b>{words['sim']}</b></p>" if head["simulated"] else ""
    table = "".join(
        f"<tr><th>{escape(name)}</th><td class=mono>{escape(str(value))}</td></tr>" for name, value in facts
    )
    titles = "".join(f"<th>{escape(title)}</th>" for title in words["head"])
    return (
        f'<!doctype html><html lang="{"de" if german else "en"}"><meta charset="utf-8">'
        f"<title>{words['title']} {escape(head['site'])}</title><style>{_STYLE}</style>"
        f"<h1>{words['title']}: {escape(head['site_name'])}</h1>{sim}"
        f"<p><b>{words['ok'] if data['ok'] else words['not_ok']}</b></p>"
        f"<table>{table}</table><br><table><thead><tr>{titles}</tr></thead>{''.join(rows)}</table>"
        f'<p class="sign">{words["sign"]}</p></html>\n'
    )


def _row(key: str, step: dict[str, Any], *, german: bool) -> str:
    found = " - ".join([step["found"], *step["comments"]])
    cells = (
        key,
        step["terminal"],
        step["channel"],
        step["device"],
        step["text_de" if german else "text_en"],
        RESULTS[step["result"]].said(german=german),
        found,
        f"{step['person']}, {step['at']}",
    )
    tds = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr class="{escape(step["result"])}">{tds}</tr>'
