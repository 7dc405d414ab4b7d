"""Reading a miner: what is asked how often, and what happens when one part is missing.

The bundle of every poll (details, statistics, tuner) is the proof of life. A part that the firmware
refuses or garbles is left as it was and ages; a lost connection ends the poll at once, because each
further call would only wait for its deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from plc.blocks.core import ns
from plc.field.miner import efficiency
from plc.field.miner.model import ApiError, ErrorEntry, Failure, MinerApi
from plc.field.miner.observe import SAME_W, View
from plc.field.miner.session import LOST, Session

Answer = TypeVar("Answer")

BOARDS_EVERY_NS = ns(15)
SLOW_EVERY_NS = ns(60)
CURVE_EVERY_NS = ns(3600)
ERRORS_REMEMBERED = 200


class Poller:
    """Fills a `View`. errors: newest five of the history; new_errors: entries first seen since start."""

    def __init__(self, api: MinerApi, session: Session, view: View, now_ns: Callable[[], int]) -> None:
        self.errors: tuple[ErrorEntry, ...] = ()
        self.new_errors = 0
        self.efficiency = efficiency.Efficiency()
        self._api, self._session, self._view, self._now_ns = api, session, view, now_ns
        self._due: dict[str, int] = {}
        self._seen: dict[tuple[str, str], None] = {}
        self._history_known = False

    def connect(self) -> None:
        """What is asked once per connection. Raises ApiError; `session.link` says what is wrong."""
        self._due.clear()
        self.configuration()
        self.constraints()

    def core(self) -> None:
        """The proof of life. Raises ApiError when there is none."""
        view = self._view
        view.details = self._session.call("details", self._api.details)
        view.details_ns = self._now_ns()
        if self.efficiency.belongs_to(view.details.serial):
            self._due.pop("efficiency", None)
        if (stats := self._optional("stats", self._api.stats)) is not None:
            view.stats, view.stats_ns = stats, self._now_ns()
        if (tuner := self._optional("tuner", self._api.tuner)) is not None:
            view.tuner, view.tuner_ns = tuner, self._now_ns()
        differs = view.active_w is not None and view.saved_w is not None
        differs = differs and abs((view.active_w or 0.0) - (view.saved_w or 0.0)) > SAME_W
        if not view.read_back or differs or self._is_due("configuration", SLOW_EVERY_NS):
            self.configuration()

    def slow(self) -> None:
        """What changes slowly. Raises ApiError only when the connection is lost."""
        view = self._view
        boards = (
            self._optional("boards", self._api.boards) if self._is_due("boards", BOARDS_EVERY_NS) else None
        )
        if boards is not None:
            view.boards, view.boards_ns = boards, self._now_ns()
        pools = self._optional("pools", self._api.pools) if self._is_due("pools", SLOW_EVERY_NS) else None
        if pools is not None:
            view.pools, view.pools_ns = pools, self._now_ns()
        if self._is_due("errors", SLOW_EVERY_NS):
            self._history(self._optional("errors", self._api.errors) or ())

    def curve(self) -> None:
        """The efficiency curve, once per connection and once an hour; for a turn that writes nothing.

        Nothing waits for it and nothing follows from its failure but that the curve of before counts on.
        """
        session, view = self._session, self._view
        if session.version is None or not self._is_due("efficiency", CURVE_EVERY_NS):
            return
        if not session.version.at_least(*efficiency.SINCE):
            session.missing.add("efficiency")
        points = session.spare("efficiency", self._api.efficiency)
        if points is not None:
            self.efficiency.take(points, view.constraints, view.details)
        elif "efficiency" in session.missing:
            self.efficiency.not_read("not offered by this firmware")
        else:
            self.efficiency.not_read("no answer")

    def configuration(self) -> None:
        """Reads the saved target; with the tuner state it is the read-back of a write."""
        view = self._view
        if (configuration := self._optional("configuration", self._api.configuration)) is not None:
            view.configuration, view.configuration_ns = configuration, self._now_ns()
            view.read_back = True

    def constraints(self) -> None:
        """Reads the firmware's limits."""
        if (constraints := self._optional("constraints", self._api.constraints)) is not None:
            self._view.constraints, self._view.constraints_ns = constraints, self._now_ns()

    def _optional(self, name: str, make: Callable[[], Answer]) -> Answer | None:
        try:
            return self._session.call(name, make)
        except ApiError as error:
            if error.failure in LOST or error.failure is Failure.AUTH:
                raise
            return None

    def _is_due(self, name: str, every_ns: int) -> bool:
        now_ns = self._now_ns()
        if now_ns < self._due.get(name, now_ns):
            return False
        self._due[name] = now_ns + every_ns
        return True

    def _history(self, entries: tuple[ErrorEntry, ...]) -> None:
        """Counts entries not seen before; the first list is history, whatever it holds."""
        for entry in entries:
            key = (entry.timestamp, entry.message)
            if key not in self._seen:
                self._seen[key] = None
                self.new_errors += self._history_known
        while len(self._seen) > ERRORS_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._history_known = True
        self.errors = tuple(sorted(entries, key=lambda entry: entry.timestamp)[-5:])
