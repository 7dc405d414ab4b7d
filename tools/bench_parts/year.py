"""A year of weather in closed loop: the real plant against the virtual house, months in parallel.

The step of the simulation follows `tools.twin.pace`; for an hour of every season the same hour is run again
at the full scan rate and must show the same transitions. Judged are the invariants of every scan, comfort,
alarms, contactor cycles, the heat pump block and the honesty of the physics. The short form takes some days
of each season.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from plc.plant.interface import Event, PlantOutputs
from plc.plant.parameters import Parameters
from tests.plant.invariants import BrokenError, Invariants
from tools.bench_parts.result import budget, result
from tools.twin import scenarios
from tools.twin.closed_loop import ClosedLoop
from tools.twin.pace import SCAN_S, Pace
from tools.twin.physics.defaults import JOULE_PER_KWH

DAY_S = 86_400.0
HOUR_S = 3600.0
YEAR = 2026
LEAD_IN_DAYS = 1.0
"""Not judged: the house, the season and the buffer find their level."""

SEASONS = (1, 4, 7, 10)
SHORT_DAYS = 2
SAME_WITHIN_S = 60.0
"""Two runs of an hour count as equal when no transition differs by more: three steps at rest. Weather and
noise are the same at the same instant; what remains is when a step looks. A condition that must hold for
minutes is found a step later, and begins anew when a step falls on a moment that the other run did not see.
"""

BUDGET_MINUTES = 30.0
COLD_MINUTES = 60.0
RESIDUAL = 1e-4


@dataclass(slots=True)
class Piece:
    """What one stretch of the year left behind."""

    days: float = 0.0
    scans: int = 0
    broken: str = ""
    alarms: Counter[str] = field(default_factory=Counter)
    states_h: Counter[str] = field(default_factory=Counter)
    trips: Counter[str] = field(default_factory=Counter)
    cold_min: float = 0.0  # longest time below the comfort minimum
    closings: tuple[int, int] = (0, 0)
    most_closings: int = 0  # of one miner in any 24 h
    blocked_h_per_day: float = 0.0  # most in any 24 h
    kwh: Counter[str] = field(default_factory=Counter)
    residual: float = 0.0
    oil_max_degc: float = 0.0
    body_max_degc: float = 0.0
    simulated_days: float = 0.0  # with the lead-in
    cpu_s: float = 0.0


class Judge:
    """Looks at every scan of a piece; what it finds is in `piece`."""

    def __init__(self, loop: ClosedLoop, from_s: float, *, tell: bool = False) -> None:
        self.piece = Piece()
        self._tell = tell
        self._loop = loop
        self._from_s = from_s
        self._invariants = Invariants(loop.parameters)
        self._cold_s = 0.0
        self._closed = (False, False)
        self._closings: tuple[list[float], list[float]] = ([], [])
        self._blocked: list[tuple[float, float]] = []
        self._events = 0
        self._kwh: dict[str, float] = {}

    def scan(self, dt_s: float) -> None:
        """After each step. Raises BrokenError when an invariant does not hold."""
        loop, piece = self._loop, self.piece
        out = loop.out
        assert out is not None
        assert loop.inputs is not None
        self._invariants(loop.inputs, out, loop.now_ns)
        piece.scans += 1
        if loop.t_s < self._from_s:
            self._events = len(loop.events)
            self._kwh = _kwh(loop)
            return
        piece.days += dt_s / DAY_S
        piece.states_h[out.status.state] += dt_s / HOUR_S  # type: ignore[assignment]
        self._comfort(dt_s)
        self._contactors()
        self._block(out, dt_s)
        for event in loop.events[self._events :]:
            self._event(event)
        self._events = len(loop.events)

    def _comfort(self, dt_s: float) -> None:
        cold = self._loop.rig.model.buffer.t_degc[0] < self._loop.parameters.buffer.comfort_min_degc
        self._cold_s = self._cold_s + dt_s if cold else 0.0
        self.piece.cold_min = max(self.piece.cold_min, self._cold_s / 60.0)

    def _contactors(self) -> None:
        cabinet = self._loop.rig.cabinet
        closed = (cabinet.k10_fb, cabinet.k11_fb)
        now = self._loop.t_s
        for index in (0, 1):
            if closed[index] and not self._closed[index]:
                times = self._closings[index]
                times.append(now)
                recent = sum(1 for at_s in times if at_s > now - DAY_S)
                self.piece.most_closings = max(self.piece.most_closings, recent)
        self._closed = closed
        self.piece.closings = (len(self._closings[0]), len(self._closings[1]))

    def _block(self, out: PlantOutputs, dt_s: float) -> None:
        if not out.image.hp_block:
            return
        now = self._loop.t_s
        self._blocked.append((now, dt_s))
        while self._blocked[0][0] < now - DAY_S:
            self._blocked.pop(0)
        if len(self._blocked) % 50 == 0:  # a sum over a day in every scan would cost more than the plant
            hours = sum(part for _, part in self._blocked) / HOUR_S
            self.piece.blocked_h_per_day = max(self.piece.blocked_h_per_day, hours)

    def _event(self, event: Event) -> None:
        if event.subject.startswith("A-") and event.code == "raised":
            self.piece.alarms[event.subject] += 1
        elif event.subject == "trip" and event.code == "tripped":
            self.piece.trips[event.reason] += 1
        if self._tell and event.code not in ("gone", "cleared", "acknowledged"):
            print(self._line(event), flush=True)

    def _line(self, event: Event) -> str:
        """One event with the temperatures that explain it."""
        model = self._loop.rig.model
        when = datetime.fromtimestamp(model.local_s, UTC)
        change = f"{event.before} -> {event.after}" if event.before or event.after else event.code
        return (
            f"{when:%m-%d %H:%M:%S} {event.subject:11} {change:28} {event.reason:20}"
            f" oil {model.oil.t_oil_degc:5.1f} top {model.buffer.t_degc[0]:5.1f}"
            f" bottom {model.buffer.t_degc[-1]:5.1f} out {model.sky.t_out_degc:5.1f}"
        )

    def finish(self) -> Piece:
        """Closes the books."""
        loop, piece = self._loop, self.piece
        piece.kwh = Counter({name: value - self._kwh.get(name, 0.0) for name, value in _kwh(loop).items()})  # type: ignore[arg-type]
        piece.residual = loop.rig.model.residual()
        piece.oil_max_degc = loop.metrics.oil_max_degc
        piece.body_max_degc = loop.metrics.body_max_degc
        return piece


def _kwh(loop: ClosedLoop) -> dict[str, float]:
    book = loop.rig.model.book
    return {
        "miners": book.miners / JOULE_PER_KWH,
        "heat_pump": (book.hp_buffer + book.hp_dhw) / JOULE_PER_KWH,
        "load": book.load / JOULE_PER_KWH,
        "hot_water": book.draw / JOULE_PER_KWH,
        "dumped": book.dumped / JOULE_PER_KWH,
    }


def closed_loop(start: datetime, days: float) -> ClosedLoop:
    """The house of the synthetic year, from a local time on, with full power asked for at all times."""
    scenario = replace(scenarios.get("year"), start=start, duration_s=days * DAY_S)
    return ClosedLoop(Parameters(), scenario)


Job = tuple[datetime, float, bool]
"""First judged instant, days, and whether every event is told."""


def run_piece(job: Job) -> Piece:
    """One stretch of the year: lead-in, then judged days."""
    start, days, tell = job
    began_s = time.process_time()
    loop = closed_loop(start - timedelta(days=LEAD_IN_DAYS), days + LEAD_IN_DAYS)
    judge, pace = Judge(loop, LEAD_IN_DAYS * DAY_S, tell=tell), Pace()
    end_s = (days + LEAD_IN_DAYS) * DAY_S
    try:
        while loop.t_s < end_s - 1e-6:
            dt_s = min(pace.next_s(loop), end_s - loop.t_s)
            loop.step(dt_s)
            judge.scan(dt_s)
    except BrokenError as broken:
        piece = judge.finish()
        when = start + timedelta(seconds=loop.t_s - LEAD_IN_DAYS * DAY_S)
        piece.broken = f"{when:%Y-%m-%d %H:%M:%S}: {broken}; {loop.out and loop.out.status}"
        return piece
    piece = judge.finish()
    piece.simulated_days, piece.cpu_s = days + LEAD_IN_DAYS, time.process_time() - began_s
    return piece


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour run twice."""

    month: int
    transitions: int
    same: bool
    differs: str
    apart_s: float = 0.0  # most between the two times of a transition


def compare_hour(month: int) -> Hour:
    """Runs an hour with transitions of that month again at the full rate.

    Where the plant heats for days without one it is the hour of its start.
    """
    start = closed_loop(datetime(YEAR, month, 10, tzinfo=UTC), 4.0)
    before, loop = _eventful_hour(start.copy()) or (start, _hour_after(start))
    events = len(before.events)
    paced = _transitions(loop.events[events:])
    before.run(HOUR_S, dt_s=SCAN_S)
    full = _transitions(before.events[events:])
    differs = _difference(paced, full)
    apart_s = max((abs(one[0] - other[0]) for one, other in zip(paced, full, strict=False)), default=0.0)
    return Hour(month, len(full), not differs, differs, apart_s)


def _hour_after(loop: ClosedLoop) -> ClosedLoop:
    after = loop.copy()
    _run(after, Pace(), HOUR_S)
    return after


def _eventful_hour(loop: ClosedLoop) -> tuple[ClosedLoop, ClosedLoop] | None:
    """The plant before and after the first hour with two transitions, None when three days have none."""
    while loop.t_s < 3 * DAY_S:
        after = _hour_after(loop)
        if after.t_s > 6 * HOUR_S and len(_transitions(after.events[len(loop.events) :])) >= 2:
            return loop, after
        loop = after
    return None


def _run(loop: ClosedLoop, pace: Pace, for_s: float) -> None:
    end_s = loop.t_s + for_s
    while loop.t_s < end_s - 1e-6:
        loop.step(min(pace.next_s(loop), end_s - loop.t_s))


def _transitions(events: Sequence[Event]) -> list[tuple[float, str]]:
    """Changes of state and of both enables, with their time."""
    return [
        (event.now_ns / 1e9, f"{event.subject} {event.before}->{event.after} {event.code}")
        for event in events
        if event.subject in ("sequence", "m1_enable", "m2_enable", "trip")
    ]


def _difference(paced: list[tuple[float, str]], full: list[tuple[float, str]]) -> str:
    """The first difference, "" without one. The end of the hour may cut either list."""
    for (at_s, what), (other_s, other) in zip(paced, full, strict=False):
        if what != other:
            return f"{what} at {at_s:.0f} s, at the full rate {other} at {other_s:.0f} s"
        if abs(at_s - other_s) > SAME_WITHIN_S:
            return f"{what} at {at_s:.0f} s, at the full rate at {other_s:.0f} s"
    if abs(len(paced) - len(full)) > 1:
        return f"{len(paced)} transitions, at the full rate {len(full)}"
    return ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=float, help="so many days of each season instead of the whole year")
    parser.add_argument("--month", type=int, action="append", help="only this month; may be repeated")
    parser.add_argument("--tell", action="store_true", help="print every transition and alarm")
    parser.add_argument("--one-pace", action="store_true", help="no hour is run again at the full rate")
    parser.add_argument(
        "--economics", action="store_true", help="money instead of proof: `tools/bench economics`"
    )
    parser.add_argument("--worlds", nargs="*", help="with --economics: only these price worlds")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")


def jobs(days: float | None, months: Sequence[int] | None = None, *, tell: bool = False) -> list[Job]:
    """The stretches to simulate: twelve months, or some days of each season; or of the given months."""
    if days is not None:
        return [(datetime(YEAR, month, 10, tzinfo=UTC), days, tell) for month in months or SEASONS]
    starts = [datetime(YEAR, month, 1, tzinfo=UTC) for month in range(1, 13)]
    ends = [*starts[1:], datetime(YEAR + 1, 1, 1, tzinfo=UTC)]
    return [
        (start, (end - start).total_seconds() / DAY_S, tell)
        for start, end in zip(starts, ends, strict=True)
        if not months or start.month in months
    ]


def run(args: argparse.Namespace) -> dict[str, Any]:
    if getattr(args, "economics", False):
        return _economics(args)
    days = args.days if args.days is not None else float(SHORT_DAYS) if args.short else None
    begin = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(args.workers, maxtasksperchild=1) as pool:
        compared = [] if args.one_pace else args.month or SEASONS
        hours = pool.map_async(compare_hour, compared, chunksize=1)
        pieces = []
        for piece in pool.imap(run_piece, jobs(days, args.month, tell=args.tell)):
            pieces.append(piece)
            days_done = sum(done.days for done in pieces)
            print(f"{days_done:5.0f} days, last {piece.alarms} {piece.broken}", file=sys.stderr, flush=True)
        return judge(pieces, hours.get(), (time.monotonic() - begin) / 60.0)


def _economics(args: argparse.Namespace) -> dict[str, Any]:
    """`tools/bench economics` with its usual arguments: the same year, judged in money."""
    from tools.bench_parts import economics

    usual = argparse.ArgumentParser()
    economics.add_arguments(usual)
    asked = argparse.Namespace(short=args.short, json=getattr(args, "json", False))
    chosen = ["--worlds", *args.worlds] if args.worlds else []
    found: dict[str, Any] = economics.run(usual.parse_args(chosen, namespace=asked))
    return found


def judge(pieces: Sequence[Piece], hours: Sequence[Hour], minutes: float) -> dict[str, Any]:
    """The figures of all pieces together, against their limits."""
    days = sum(piece.days for piece in pieces)
    alarms, states, trips, kwh = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for piece in pieces:
        alarms += piece.alarms
        states += piece.states_h
        trips += piece.trips
        kwh.update(piece.kwh)
        if piece.broken:
            print(f"broken: {piece.broken}")
    for hour in hours:
        if not hour.same:
            print(f"month {hour.month}: {hour.differs}")
    limits = Parameters()
    figures: dict[str, Any] = {
        "days": round(days, 3),
        "scans": sum(piece.scans for piece in pieces),
        "oil_max_degc": max(piece.oil_max_degc for piece in pieces),
        "body_max_degc": max(piece.body_max_degc for piece in pieces),
        "closings_m1": sum(piece.closings[0] for piece in pieces),
        "closings_m2": sum(piece.closings[1] for piece in pieces),
        "compared_transitions": sum(hour.transitions for hour in hours),
        "compared_apart_s": max((hour.apart_s for hour in hours), default=0.0),
        **{f"alarms_{name}": count for name, count in sorted(alarms.items())},
        **{f"trips_{name}": count for name, count in sorted(trips.items())},
        **{f"hours_{name.lower()}": round(value, 1) for name, value in sorted(states.items())},
        **{f"{name}_kwh": round(value) for name, value in sorted(kwh.items())},
    }
    simulated_days = sum(piece.simulated_days for piece in pieces)
    if simulated_days:
        # What a whole year takes where nothing else runs; also of some days, and on a busy machine.
        figures["cpu_s_per_day"] = round(sum(piece.cpu_s for piece in pieces) / simulated_days, 2)
        year_s = figures["cpu_s_per_day"] * (365.0 + 12.0 * LEAD_IN_DAYS) / (os.cpu_count() or 1)
        figures["year_minutes"] = round(year_s / 60.0, 2)
    budgets = {
        "invariants_broken": budget(0, sum(1 for piece in pieces if piece.broken)),
        "seasons_that_differ_at_the_full_rate": budget(0, sum(1 for hour in hours if not hour.same)),
        "cold_minutes": budget(COLD_MINUTES, max(piece.cold_min for piece in pieces)),
        "alarms_per_day": budget(1.0, alarms.total() / max(days, 1e-9)),
        "closings_in_24_h": budget(
            limits.miners.max_cycles_per_day, max(piece.most_closings for piece in pieces)
        ),
        "blocked_h_in_24_h": budget(
            limits.hp_block.max_s_per_day / HOUR_S + 0.1, max(piece.blocked_h_per_day for piece in pieces)
        ),
        "energy_residual": budget(RESIDUAL, max(piece.residual for piece in pieces)),
        "minutes": budget(BUDGET_MINUTES, round(minutes, 2)),
        "year_minutes": budget(BUDGET_MINUTES, figures.get("year_minutes", 0.0)),
    }
    return result("year", figures, budgets)
