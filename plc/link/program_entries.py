"""Entries of the catalogue about the program itself: its scan and its connection to the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from plc.link.entry import Entry, Type, a_number, a_word
from plc.link.view import UNKNOWN, Sample, View

PHASES = ("read", "logic", "write", "handover")


def scan_entries() -> Iterable[Entry]:
    """How long the scans take, and what was lost of them."""
    for name in ("lost_cycles", "late_scans", "restarts"):
        yield a_number("scan", name, _scan_reader(name), decimals=0, diagnostic=True)
    yield a_word("scan", "late_cause", Type.TEXT, _scan_reader("last_cause"), diagnostic=True)
    yield a_number("scan", "period_ms", _scan_reader("period_ms"), diagnostic=True)
    for name in ("execution", "lateness"):
        for figure in ("p50", "p99", "max"):
            yield a_number("scan", f"{name}_{figure}_ms", _time_reader(name, figure), diagnostic=True)
    for phase in PHASES:
        yield a_number("scan", f"share_{phase}_pct", _share_reader(phase), diagnostic=True)


def _share_reader(phase: str) -> Callable[[View], Sample]:
    def read(view: View) -> Sample:
        share = view.scan.get("share", {}).get(phase)
        return UNKNOWN if share is None else Sample(share * 100.0)

    return read


def connection_entries() -> Iterable[Entry]:
    """What the link says about itself; `<root>/status` says whether it lives."""
    for name in ("connects", "denied", "unacknowledged"):
        yield a_number("link", name, _link_reader(name), decimals=0, diagnostic=True)
    yield a_number("link", "certificate_days", _link_reader("certificate_days"), unit="d", diagnostic=True)
    yield a_word("link", "certificate", Type.TEXT, _link_reader("certificate"), diagnostic=True)
    # While connected, what is left to say is what cannot be sent.
    yield a_word("link", "problem", Type.TEXT, _link_reader("too_large"), diagnostic=True)


def _link_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: _sample(view.link.get(name))


def _scan_reader(name: str) -> Callable[[View], Sample]:
    return lambda view: _sample(view.scan.get(name))


def _sample(value: str | float | None) -> Sample:
    """A figure or a word of a report, as it is."""
    if value is None:
        return UNKNOWN
    return Sample(value if isinstance(value, str) else float(value))


def _time_reader(name: str, figure: str) -> Callable[[View], Sample]:
    """Of the last thousand scans: an old spike must not hide what is so today."""

    def read(view: View) -> Sample:
        time_us = view.scan.get(name, {}).get("last_1000", {}).get(f"{figure}_us")
        return UNKNOWN if time_us is None else Sample(time_us / 1000.0)

    return read
