"""HTML pages to print: one style, tables, a page break per sheet. Nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from plc import __version__
from plc.site import PICTORY, WIRING, Site

_STYLE = """
@page { size: A4; margin: 14mm }
body { font: 9.5pt/1.35 sans-serif; color: #000; max-width: 190mm; margin: auto }
h1 { font-size: 15pt } h2 { font-size: 13pt; margin: 0 0 2mm } h3 { font-size: 10.5pt; margin: 4mm 0 1mm }
table { border-collapse: collapse; width: 100%; margin-bottom: 3mm }
th, td { border: 0.25mm solid #999; padding: 0.8mm 1.4mm; text-align: left; vertical-align: top }
th { background: #eee } thead { display: table-header-group } tr { page-break-inside: avoid }
section { page-break-before: always } footer { font-size: 7.5pt; color: #555; word-break: break-all }
svg { max-width: 100%; height: auto }
"""


def origin_of(site: Site) -> str:
    """What a page was made from: version and hashes, for its foot."""
    return (
        f"ThermIQ PLC {__version__}; {site.site_id}; {WIRING} SHA-256 {site.files[WIRING]}; "
        f"{PICTORY} SHA-256 {site.files.get(PICTORY, '-')}"
    )


def root_of(site: Site) -> str:
    """What stands before every topic of this site."""
    settings = site.section("devices.mqtt")
    return f"{settings.base_topic if settings is not None else 'thermiq'}/{site.site_id}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; the header is repeated on every printed page."""
    head = "".join(f"<th>{escape(title)}</th>" for title in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>\n"


def page(title: str, body: str, *, language: str, origin: str) -> str:
    """A complete page. origin: what it was made from, printed at its end."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}<footer>{escape(origin)}</footer></body></html>\n"
    )
