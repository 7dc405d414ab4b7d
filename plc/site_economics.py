"""What can be wrong between the numbers of the tariff, the miners' curve and the file of spot prices.

Nothing here looks at the price file itself: whether the program may start must not depend on what some other
program has written, or has not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from plc.blocks.param import Param, Path
from plc.energy.parameters import Economics, FeedInKind, FeeWindow, ImportKind, Tariff, Window
from plc.energy.revenue import Curve
from plc.energy.tariff import never
from plc.image.marked_yaml import Node
from plc.image.problem import Problem

PRICES = "prices"
OWN_FILES = ("site.yaml", "wiring.yaml", "config.rsc")

_TARIFF = ("economics", "tariff")
_QUARTERS_PER_H = 4

Fault = tuple[Path, str, str, str]
"""Path below `parameters`, found, allowed, next step."""


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where spot prices come from beside the command `prices` on the broker."""

    file: Annotated[str, Param("", None, None, "CSV with time and net spot price, relative to this folder")]


def problems(economics: Economics, node: Node, file: str, refused: frozenset[Path]) -> Iterator[Problem]:
    """Rules of the economics that are no order of two numbers. node: of `parameters`."""
    for path, found, allowed, next_step in (*_curve(economics), *_tariff(economics.tariff, refused)):
        yield Problem(file, node.at(path).line, found, allowed, next_step)


def _curve(economics: Economics) -> Iterator[Fault]:
    try:
        Curve(economics.mining.curve_w, economics.mining.curve_ths)
    except ValueError:
        found, allowed = "curve_w, curve_ths", "a rising hash rate for each of two powers or more"
        path = ("economics", "mining", "curve_ths")
        yield path, f"economics.mining.{found}", allowed, "make both lists as long"


def _tariff(tariff: Tariff, refused: frozenset[Path]) -> Iterator[Fault]:
    """Windows: none that never holds, and none for a kind of contract that has no use for it."""
    said = {path[: len(_TARIFF) + 1] for path in refused}
    if (*_TARIFF, "kind") not in said:
        if (*_TARIFF, "windows") not in said:
            yield from _windows_of_kind(tariff)
        if tariff.fee_windows and tariff.kind is not ImportKind.DYNAMIC:
            yield (
                (*_TARIFF, "fee_windows"),
                f"fee_windows with kind: {tariff.kind.value}",
                "kind: dynamic, the only one whose prices have no grid fee in them",
                "remove them, or write whole prices as windows with kind: windows",
            )
    yield from _hours("windows", tariff.windows)
    yield from _hours("fee_windows", tariff.fee_windows)
    for index, window in enumerate(tariff.fee_windows):
        yield from _fee(tariff, index, window)


def _windows_of_kind(tariff: Tariff) -> Iterator[Fault]:
    path = (*_TARIFF, "windows")
    if tariff.windows and tariff.kind is ImportKind.DYNAMIC:
        yield (
            path,
            "windows with kind: dynamic, whose price comes from the exchange",
            "fee_windows for what the grid fee adds at a time of day, or kind: windows",
            "write {from_h, to_h, add_net_eur_per_kwh} under fee_windows, and remove windows",
        )
    elif tariff.windows and tariff.kind is ImportKind.FIXED:
        yield (
            path,
            "windows with kind: fixed",
            "kind: windows, or none",
            "write kind: windows, or remove them",
        )
    elif tariff.kind is ImportKind.WINDOWS and not tariff.windows:
        yield path, "kind: windows without a window", "one window or more", "add one, or write kind: fixed"


def _hours(name: str, windows: Sequence[Window | FeeWindow]) -> Iterator[Fault]:
    for index, window in enumerate(windows):
        if never(window.from_h, window.to_h):
            yield (
                (*_TARIFF, name, index, "to_h"),
                f"economics.tariff.{name}[{index}] from {window.from_h:g} to {window.to_h:g}: it never holds",
                "an end that is not the beginning",
                "write the hours, or from 0 to 24 for the whole day",
            )


def _fee(tariff: Tariff, index: int, window: FeeWindow) -> Iterator[Fault]:
    for name in ("from_h", "to_h"):
        hour: float = getattr(window, name)
        if hour * _QUARTERS_PER_H % 1:
            yield (
                (*_TARIFF, "fee_windows", index, name),
                f"economics.tariff.fee_windows[{index}].{name} = {hour:g}",
                "a full quarter hour, as every price of the exchange has",
                "write 17.25 for 17:15",
            )
    if tariff.fees_net_eur_per_kwh + window.add_net_eur_per_kwh < 0:
        yield (
            (*_TARIFF, "fee_windows", index, "add_net_eur_per_kwh"),
            f"economics.tariff.fee_windows[{index}] takes more off than there are fees",
            f"at least {-tariff.fees_net_eur_per_kwh:g} EUR/kWh",
            "write the difference to the grid fee that is part of fees_net_eur_per_kwh",
        )


def price_file_problems(
    root: Node, file: str, *, tariff: Tariff, sections: Mapping[str, Any]
) -> Iterator[Problem]:
    """The section `prices` against the tariff."""
    source: PriceSource | None = sections[PRICES]
    if source is None:
        return
    name, line = source.file, root.at((PRICES, "file")).line
    if not name or name.endswith("/") or name in (".", ".."):
        yield Problem(file, line, f'prices.file: "{name}"', "a file", "name the CSV file")
    elif "://" in name or name.startswith("~") or not name.isprintable():
        yield Problem(
            file,
            line,
            f'prices.file: "{name[:60]!s}"',
            "a path, from the root or from the site folder",
            "let another program fetch the prices, and name the file that it writes",
        )
    elif name.removeprefix("./") in OWN_FILES:
        yield Problem(
            file, line, f'prices.file: "{name}"', "a file of its own", "name the CSV file with the prices"
        )
    spot_counts = tariff.feed_in is FeedInKind.FIXED and tariff.zero_at_negative_spot
    if tariff.kind is not ImportKind.DYNAMIC and tariff.feed_in is not FeedInKind.MARKET and not spot_counts:
        yield Problem(
            file,
            root.at((PRICES,)).line,
            "prices that this tariff has no use for",
            "economics.tariff with kind: dynamic, feed_in: market or zero_at_negative_spot: true",
            "remove the section, or write the tariff that the contract says",
        )
