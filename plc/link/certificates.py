"""When certificates end: the broker's, our own, and the authority's that signs both.

An ended certificate cuts the remote view from one second to the next, so somebody has to know a month before.
The end of a certificate stands at a fixed place in it (RFC 5280, section 4.1), which is all that is read
here; whether it can be trusted is for TLS to say.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

WARN_DAYS = 30.0
DAY_S = 86400.0

BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _VERSION, _UTC_TIME, _TIME = 0x30, 0xA0, 0x17, 0x18


class Ending(NamedTuple):
    """whose: authority, own or broker. unix_s: when it ends."""

    whose: str
    unix_s: float


def of_file(whose: str, path: str) -> list[Ending]:
    """Every certificate in a PEM file; none for one that cannot be read, which the connection will tell."""
    if not path:
        return []
    try:
        text = Path(path).read_text(encoding="ascii", errors="replace")
        return [Ending(whose, ends_of(der)) for der in _ders(text)]
    except (OSError, ValueError):
        return []


def last_of_file(whose: str, path: str) -> list[Ending]:
    """The one that ends last: a bundle that holds old authorities beside the new one serves until then."""
    return sorted(of_file(whose, path))[-1:]


def _ders(text: str) -> list[bytes]:
    blocks = text.split(BEGIN)[1:]
    return [ssl.PEM_cert_to_DER_cert(f"{BEGIN}{block.partition(END)[0]}{END}\n") for block in blocks]


def ends_of(der: bytes) -> float:
    """The end of validity of one certificate in seconds since 1970. Raises ValueError for anything else."""
    try:
        _, body, _ = _element(der, 0, _SEQUENCE)
        _, at, _ = _element(der, body, _SEQUENCE)
        if der[at] == _VERSION:  # version 1 has none
            _, _, at = _element(der, at)
        for _ in range(3):  # serial number, algorithm, issuer
            _, _, at = _element(der, at)
        _, at, _ = _element(der, at, _SEQUENCE)
        _, _, at = _element(der, at)  # not before
        kind, begin, end = _element(der, at)
        return _seconds(kind, der[begin:end].decode("ascii"))
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("no certificate") from error


def _element(der: bytes, at: int, expected: int | None = None) -> tuple[int, int, int]:
    """Kind, begin and end of the content of the element at this place."""
    kind, length, begin = der[at], der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[begin : begin + count], "big")
        begin += count
    if begin + length > len(der) or (expected is not None and kind != expected):
        raise ValueError("no certificate")
    return kind, begin, begin + length


def _seconds(kind: int, text: str) -> float:
    """YYMMDDHHMMSSZ before 2050, YYYYMMDDHHMMSSZ from then on."""
    if kind == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif kind != _TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def first_of(endings: list[Ending], unix_s: float | None) -> tuple[str, float] | None:
    """Whose certificate ends first and the days until then; None without one or without a clock."""
    if not endings or unix_s is None:
        return None
    first = min(endings, key=lambda ending: ending.unix_s)
    return first.whose, (first.unix_s - unix_s) / DAY_S
