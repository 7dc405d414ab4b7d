"""Small drawings: boxes in a row with arrows, as SVG. One per subsystem, so that each fits on its sheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT, GAP, PER_ROW, ROW = 118, 54, 22, 5, 74


class Box(NamedTuple):
    """A box with its designation, and where it is connected."""

    name: str
    place: str = ""
    text: str = ""
    dashed: bool = False


def chain(boxes: Sequence[Box]) -> str:
    """Boxes from left to right, wrapped like text; an arrow to the next of each."""
    rows = (len(boxes) + PER_ROW - 1) // PER_ROW
    width = min(len(boxes), PER_ROW) * (WIDTH + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {rows * ROW}" '
        f'width="{width}" height="{rows * ROW}" font-family="sans-serif">'
    ]
    for index, box in enumerate(boxes):
        x, y = index % PER_ROW * (WIDTH + GAP), index // PER_ROW * ROW + 4
        parts.append(_box(box, x, y))
        if index + 1 < len(boxes):
            parts.append(_arrow(x + WIDTH, y + HEIGHT // 2))
    return "".join(parts) + "</svg>\n"


def _box(box: Box, x: int, y: int) -> str:
    dash = ' stroke-dasharray="4 3"' if box.dashed else ""
    lines = ((box.name, 11, "bold"), (box.place, 8.5, "normal"), (box.text, 8.5, "normal"))
    texts = "".join(
        f'<text x="{x + WIDTH // 2}" y="{y + 17 + 14 * row}" text-anchor="middle" font-size="{size}" '
        f'font-weight="{weight}">{escape(_short(text))}</text>'
        for row, (text, size, weight) in enumerate(lines)
    )
    rect = f'<rect x="{x + 1}" y="{y}" width="{WIDTH - 2}" height="{HEIGHT}" rx="3" '
    return f'{rect}fill="#fff" stroke="#222"{dash}/>{texts}'


def _arrow(x: int, y: int) -> str:
    end = x + GAP - 1
    return (
        f'<path d="M{x} {y} H{end} M{end - 6} {y - 4} L{end} {y} L{end - 6} {y + 4}" '
        'fill="none" stroke="#222"/>'
    )


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
