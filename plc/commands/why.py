"""`why`: why is it so, and since when? Answered from the files of the running program.

The record holds codes; the sentences are put together here, in the language of the site.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plc.exits import Exit, ExitError
from plc.plant.alarm_texts import TEXTS
from plc.plant.interlocks import TABLES
from plc.plant.transitions import TRANSITIONS
from plc.site import load_site
from plc.store.decision_log import Entry, newest_first
from plc.store.directories import state_directories
from plc.store.status import FILE, runtime_directory

DEAD_AFTER_S = 10.0
"""The status is written once a second; ten missing ones are no hiccup."""

SUBJECTS: dict[str, tuple[str, str, str]] = {
    # output -> actuator of its interlocks, German, English
    "m1_enable": ("m1", "Miner 1", "miner 1"),
    "m2_enable": ("m2", "Miner 2", "miner 2"),
    "p3_on": ("p3", "P3 Minerkreis", "P3 miner loop"),
    "p4_setpoint_pct": ("p4", "P4 Ladekreis", "P4 charging loop"),
    "p5_setpoint_pct": ("p5", "P5 Glykol", "P5 glycol"),
    "cooler_on": ("cooler", "Rückkühler", "dry cooler"),
    "hp_block": ("hp_block", "EVU-Sperre K7", "heat pump block K7"),
}

CAUSES = {
    condition.name: (condition.de, condition.en)
    for rules in TABLES
    for conditions in (rules.trip, rules.start, rules.protect)
    for condition in conditions
}

REASONS = {(arrow.reason, arrow.target.value): (arrow.de, arrow.en) for arrow in TRANSITIONS}
"""Of the changes of state: reason and the state it led to, because one reason may lead to several."""

_WORDS = (
    ("on", "ein", "on"),
    ("off", "aus", "off"),
    ("since", "seit", "since"),
    ("because", "weil", "because"),
    ("blocked", "verhindert durch", "prevented by"),
    ("protected", "erzwungen zum Schutz:", "forced on for protection:"),
    ("state", "Zustand", "state"),
    ("mode", "Betriebsart", "mode"),
    ("power", "Leistung", "power"),
    ("asked", "verlangt", "asked"),
    ("granted", "gewährt", "granted"),
    ("limited", "begrenzt durch", "limited by"),
    ("alarms", "Meldungen", "alarms"),
    ("none", "keine", "none"),
    ("dead", "Das Programm läuft nicht", "The program is not running"),
    ("unknown", "unbekannt", "unknown"),
)
WORDS = {
    "de": {key: german for key, german, _ in _WORDS},
    "en": {key: english for key, _, english in _WORDS},
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser(
        "why",
        help="why is it so, since when",
        description="Explains state, miners, pumps and heat pump block of the running program: what keeps "
        "an actuator off, what was asked and granted, since when. Exit code 1 when no program runs.",
    )
    command.add_argument("site", type=Path, help="site folder, e.g. io_map/walda")
    command.add_argument("signal", nargs="?", choices=sorted(SUBJECTS), metavar="SIGNAL",
                         help=f"one of {', '.join(sorted(SUBJECTS))}")  # fmt: skip
    command.add_argument("--history", type=int, default=5, metavar="N", help="last transitions to show")
    command.add_argument("--json", action="store_true", help="one JSON object")
    command.set_defaults(handler=handle)


def handle(arguments: argparse.Namespace) -> int:
    """Prints the explanation."""
    site = load_site(arguments.site)
    status = read_status(runtime_directory(os.environ) / FILE, site.site_id)
    entries = history(site.site_id)
    answer = explain(status, entries, arguments.signal, language=str(site.language), limit=arguments.history)
    if arguments.json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, sort_keys=True) + "\n")
    else:
        sys.stdout.write("\n".join(answer["text"]) + "\n")
    return Exit.OK if answer["alive"] else Exit.INTERNAL


def read_status(path: Path, site_id: str) -> dict[str, Any]:
    """The status that the running program wrote. Raises ExitError when there is none of this site."""
    try:
        status: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        float(status["written_unix_s"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ExitError(
            Exit.INTERNAL, f"{path}: no status of a running program ({error}); is it running on this machine?"
        ) from error
    if status.get("site") != site_id:
        raise ExitError(Exit.INTERNAL, f"{path}: written by site {status.get('site')!r}, not {site_id!r}")
    return status


def history(site_id: str) -> list[Entry]:
    """All decisions on this machine, newest first, wherever the supervisor keeps its state."""
    found: list[Entry] = []
    for directory in state_directories(os.environ):
        found += newest_first(directory / site_id)
    return found


def explain(
    status: Mapping[str, Any], entries: list[Entry], signal: str | None, *, language: str, limit: int
) -> dict[str, Any]:
    """The answer as data and as lines of text.

    status: content of status.json. entries: decisions, newest first. Pure apart from the age of the status.
    """
    q = _Question(status, entries, language)
    age_s = time.time() - float(status.get("written_unix_s", 0.0))
    lines = [f"! {q.words['dead']} ({_span(age_s)})"] if age_s > DEAD_AFTER_S else []
    if signal is None:
        lines += _overview(q)
    actuators = {}
    for name in [signal] if signal else SUBJECTS:
        text, facts = _actuator(name, q)
        lines += text
        actuators[name] = facts
    wanted = [entry for entry in entries if signal is None or entry.get("subject") == signal]
    lines += [_line(entry, language) for entry in wanted[:limit]]
    return {"text": lines, "actuators": actuators, "alive": age_s <= DEAD_AFTER_S, "status": dict(q.plant)}


class _Question:
    """What every part of an answer looks at."""

    def __init__(self, status: Mapping[str, Any], entries: list[Entry], language: str) -> None:
        self.status, self.language = status, language
        self.plant: Mapping[str, Any] = status.get("status", {})
        self.words = WORDS.get(language, WORDS["en"])
        self._entries = entries

    def last(self, subject: str) -> Entry | None:
        """The newest transition of a subject."""
        return next((entry for entry in self._entries if entry.get("subject") == subject), None)

    def since(self, subject: str) -> str:
        """How long ago that was; only entries of this run have a comparable time."""
        last = self.last(subject)
        ago_ns = int(self.status.get("now_ns", 0)) - int(last.get("now_ns", 0)) if last else -1
        return f"{self.words['since']} {_span(ago_ns / 1e9)}" if ago_ns >= 0 else ""

    def text(self, german: str, english: str) -> str:
        """The one in the site's language."""
        return german if self.language == "de" else english

    def cause(self, code: str, state: str = "") -> str:
        """The sentence of a code; state: where it led to, if it is the reason of a change of state."""
        return _cause(code, self.language, state)


def _overview(q: _Question) -> list[str]:
    plant, words = q.plant, q.words
    since = q.since("sequence")
    because = f"{words['because']} {q.cause(plant.get('reason', ''), q.status.get('state', ''))}"
    lines = [
        f"{words['state']}: {q.status.get('state', '?')} {since}, {because}",
        f"{words['mode']}: {q.status.get('mode', '?')}",
        f"{words['power']}: {plant.get('requested_power_w', 0):.0f} W {words['asked']}, "
        f"{plant.get('granted_power_w', 0):.0f} W {words['granted']}",
    ]
    if plant.get("limited_by"):
        lines.append(f"  {words['limited']} {q.cause(plant['limited_by'])}")
    alarms = plant.get("alarms", [])
    lines.append(f"{words['alarms']}: {', '.join(alarms) or words['none']}")
    for alarm in alarms:
        text = TEXTS.get(alarm)
        if text:
            cause, action = q.text(text.cause_de, text.cause_en), q.text(text.action_de, text.action_en)
            lines.append(f"  {alarm} {cause} -> {action}")
    return lines


def _actuator(name: str, q: _Question) -> tuple[list[str], dict[str, Any]]:
    plant, words = q.plant, q.words
    actuator, german, english = SUBJECTS[name]
    value = q.status.get("outputs", {}).get(name)
    causes = list(plant.get("blocked_by", {}).get(actuator, []))
    first = plant.get("first_out", {}).get(actuator, "")
    protection = plant.get("protected_by", {}).get(actuator, "")
    last = q.last(name)
    shown = words["unknown"] if value is None else words["on"] if value else words["off"]
    if isinstance(value, float) and value:
        shown = f"{value:.0f} %"
    reason = first if not value and first else (last or {}).get("reason", "")
    line = f"{q.text(german, english)}: {shown} {q.since(name)}".rstrip()
    if reason:
        line += f", {words['because']} {q.cause(reason)}"
    lines = [line]
    if not value:
        lines += [f"  {words['blocked']} {q.cause(cause)}" for cause in causes]
    if value and protection:
        lines.append(f"  {words['protected']} {q.cause(protection)}")
    facts = {
        "value": value,
        "first_out": first,
        "blocked_by": causes,
        "protected_by": protection,
        "reason": reason,
        "last": last,
    }
    return lines, facts


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _cause(code: str, language: str, state: str = "") -> str:
    """The sentence of a code, with the code itself: that is what logs and MQTT show."""
    texts = REASONS.get((code, state)) or CAUSES.get(code)
    if not texts:  # the reason of a change of state that has led on since
        others = {words for (reason, _), words in REASONS.items() if reason == code}
        texts = others.pop() if len(others) == 1 else None
    if not texts:
        return code or "-"
    return f"{texts[0] if language == 'de' else texts[1]} [{code}]"


def _line(entry: Entry, language: str) -> str:
    unix_s = entry.get("unix_s")
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(unix_s)) + " UTC" if unix_s else "(clock not set)"
    change = (
        f"{entry.get('before', '')} -> {entry['after']}" if entry.get("before") else entry.get("code", "")
    )
    reason = _cause(entry.get("reason", ""), language, entry.get("after", ""))
    return f"  {when}  {entry.get('subject', '?')}: {change}  ({reason})"
